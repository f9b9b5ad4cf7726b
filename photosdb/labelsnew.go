package photosdb

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// The search index of macOS 27, leo.sqlite: lexicon has the words, each with a number,
// and items the things that can be found, each with the numbers of its words.
const (
	lexiconCanonical = 1    // lexicon.type: the word itself; 2 is a synonym
	lexiconLabel     = 4000 // lexicon.category
	itemAsset        = 1    // items.type, whose identifier is then the asset's UUID
	maxLexemes       = 1 << 20
)

// prepareNew reads the labels and makes the statement, unless the index has none.
func (x *searchIndex) prepareNew() error {
	s, err := x.tables()
	if err != nil || !s.has("lexicon", "lexeme_id", "type", "category", "content") || !s.has("items", "identifier", "type", "lexeme_ids") {
		return err
	}
	lexicon := map[uint32]string{}
	err = each(x.conn, "SELECT lexeme_id, content FROM lexicon WHERE type = ?1 AND category = ?2", func(stmt *sqlite.Stmt) error {
		if id := stmt.ColumnInt64(0); id >= 0 && id < 1<<32 && len(lexicon) < maxLexemes {
			name, _, _ := strings.Cut(text(stmt, 1), "\x00")
			lexicon[uint32(id)] = norm.NFC.String(name)
		}
		return nil
	}, lexiconCanonical, lexiconLabel)
	if err != nil {
		return err
	}
	// In the copy, which is ours: whether Photos has an index of its own is not known.
	const index = "CREATE INDEX photogo_items ON items(identifier COLLATE NOCASE)"
	if err := sqlitex.ExecuteTransient(x.conn, index, nil); err != nil {
		return err
	}
	x.stmt, _, err = x.conn.PrepareTransient("SELECT j.key, " + boundedBlob("i.lexeme_ids") + ` FROM json_each(?1) j
		CROSS JOIN items i ON i.identifier = j.value COLLATE NOCASE WHERE i.type = ` + strconv.Itoa(itemAsset))
	if err == nil {
		x.lexicon = lexicon
	}
	return err
}

// readNewChunk is readChunk for this form.
func (x *searchIndex) readNewChunk(rows []*row) error {
	uuids := make([]UUID, len(rows))
	for i, row := range rows {
		uuids[i] = row.UUID
	}
	list, err := json.Marshal(uuids)
	if err != nil {
		return err
	}
	x.stmt.BindText(1, string(list))
	defer x.stmt.Reset()
	for {
		more, err := x.stmt.Step()
		if err != nil || !more {
			return err
		}
		d := rows[x.stmt.ColumnInt(0)].Details
		d.Labels = append(d.Labels, x.lexemes(x.stmt, 1)...)
	}
}

// eachNew is each for this form.
func (x *searchIndex) eachNew(do func(uuid UUID, label string) error) error {
	query := "SELECT i.identifier, " + boundedBlob("i.lexeme_ids") + " FROM items i WHERE i.type = ?1 ORDER BY i.identifier COLLATE NOCASE"
	return each(x.conn, query, func(stmt *sqlite.Stmt) error {
		uuid := UUID(strings.ToUpper(stmt.ColumnText(0)))
		for _, label := range x.lexemes(stmt, 1) {
			if err := do(uuid, label); err != nil {
				return err
			}
		}
		return nil
	}, itemAsset)
}

// lexemes are the labels among the words whose numbers a column holds, each in four
// bytes, the lowest first.
func (x *searchIndex) lexemes(stmt *sqlite.Stmt, column int) (labels []string) {
	packed := make([]byte, stmt.ColumnLen(column))
	stmt.ColumnBytes(column, packed)
	for part := range slices.Chunk(packed, 4) {
		if len(part) == 4 {
			if label := x.lexicon[binary.LittleEndian.Uint32(part)]; label != "" {
				labels = append(labels, label)
			}
		}
	}
	return labels
}
