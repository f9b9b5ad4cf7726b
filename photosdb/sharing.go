package photosdb

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"
)

// commentQuery yields comments and likes: a like is tied by ZLIKEDASSET, and by
// ZCOMMENTEDASSET where that is not there.
func (s *schema) commentQuery() string {
	const table = "ZCLOUDSHAREDCOMMENT"
	if !s.has(table, "Z_PK", "ZISLIKE", "ZCOMMENTEDASSET") {
		s.lacks("comments")
		return ""
	}
	column := func(name string) string { return s.column("k", table, name) }
	from := func(tie, where string) string {
		return "SELECT j.key, k.Z_PK, k.ZISLIKE, " + column("ZCOMMENTDATE") + ", " + column("ZCOMMENTERHASHEDPERSONID") + ", " +
			column("ZISMYCOMMENT") + ", " + column("ZCOMMENTTEXT") +
			" FROM json_each(?1) j CROSS JOIN " + table + " k ON k." + tie + " = j.value WHERE " + where
	}
	if !s.has(table, "ZLIKEDASSET") {
		s.lacksColumn(table, "ZLIKEDASSET")
		return from("ZCOMMENTEDASSET", "k.ZISLIKE IN (0, 1)")
	}
	return from("ZCOMMENTEDASSET", "k.ZISLIKE = 0 OR k.ZISLIKE = 1 AND k.ZLIKEDASSET IS NULL") +
		" UNION ALL " + from("ZLIKEDASSET", "k.ZISLIKE = 1")
}

// comment is a comment with what it is sorted by.
type comment struct {
	Comment
	date float64
	pk   int64
}

func (d *detailReader) readComments(keys []int64, details []*detail) error {
	found := map[int][2][]comment{} // by asset: comments, likes
	err := d.each(d.comments, keys, func(i int, stmt *sqlite.Stmt) {
		like := stmt.ColumnInt64(2)
		c := comment{pk: stmt.ColumnInt64(1), date: math.Inf(-1), Comment: Comment{
			Date: cell{stmt, 3}.time(), Person: personOf(cell{stmt, 4}), Mine: stmt.ColumnInt64(5) != 0}}
		if f := (cell{stmt, 3}).float(); f != nil {
			c.date = *f
		}
		if like == 0 {
			if c.Text = text(stmt, 6); c.Text == "" {
				return
			}
		}
		lists := found[i]
		lists[like] = append(lists[like], c)
		found[i] = lists
	})
	for i, lists := range found {
		details[i].Sharing.Comments, details[i].Sharing.Likes = d.sorted(lists[0]), d.sorted(lists[1])
	}
	return err
}

// sorted puts comments into the order of their dates and names who made them.
func (d *detailReader) sorted(list []comment) (out []Comment) {
	slices.SortFunc(list, func(a, b comment) int { return cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(a.pk, b.pk)) })
	for _, c := range list {
		d.name(c.Person)
		out = append(out, c.Comment)
	}
	return out
}

func (d *detailReader) nameOwner(details *Details) { d.name(details.Sharing.Owner) }

// name fills in the name of somebody known by hashed id.
func (d *detailReader) name(p *Person) {
	if p != nil {
		p.Name = d.names[p.ID]
		p.KnownAs = p.Name
	}
}

// participantQuery yields who put assets into a shared library, by the Z_PKs of
// the assets' attributes.
func (s *schema) participantQuery() string {
	const tie, table = "ZASSETCONTRIBUTOR", "ZSHAREPARTICIPANT"
	owner := s.matching(tie, `^Z_?\d+LIBRARYSCOPEASSETCONTRIBUTORS$`)
	if owner == "" || !s.has(tie, "ZPARTICIPANT") || !s.has(table, "Z_PK", "ZUUID") {
		if s.expects(tie) {
			s.lacks("participants")
		}
		return "" // as before Photos 8
	}
	column := func(name string) string { return s.column("p", table, name) }
	return "SELECT j.key, p.ZUUID, " + column("ZEMAILADDRESS") + ", " + column("ZPHONENUMBER") + ", " + column("ZISCURRENTUSER") + ", " +
		boundedBlob(column("ZNAMECOMPONENTS")) + ", p.Z_PK" +
		" FROM json_each(?1) j CROSS JOIN " + tie + " t ON t." + owner + " = j.value CROSS JOIN " + table + " p ON p.Z_PK = t.ZPARTICIPANT WHERE j.value <> 0"
}

func (d *detailReader) readParticipants(attributes []int64, details []*detail) error {
	err := d.each(d.participants, attributes, func(i int, stmt *sqlite.Stmt) {
		p := Participant{
			UUID: UUID(stmt.ColumnText(1)), Email: text(stmt, 2), Phone: text(stmt, 3), CurrentUser: stmt.ColumnInt64(4) != 0,
		}
		if !(cell{stmt, 5}).null() {
			var err error
			p.Name, err = decodeName(d.blob(stmt, 5))
			details[i].fail("ZSHAREPARTICIPANT", stmt.ColumnInt64(6), err)
		}
		details[i].Sharing.Participants = append(details[i].Sharing.Participants, p)
	})
	for _, detail := range details {
		slices.SortStableFunc(detail.Sharing.Participants, func(a, b Participant) int { return strings.Compare(string(a.UUID), string(b.UUID)) })
	}
	return err
}

// decodeName reads given and family name of archived NSPersonNameComponents.
func decodeName(data []byte) (string, error) {
	a, root, err := openArchive(data)
	if err != nil {
		return "", fmt.Errorf("name of a participant: %w", err)
	}
	if inner := a.dict(root["NS.nameComponentsPrivate"]); inner != nil {
		root = inner
	}
	name := strings.TrimSpace(a.text(root["NS.givenName"]) + " " + a.text(root["NS.familyName"]))
	if err := a.err(); err != nil {
		return "", fmt.Errorf("name of a participant: %w", err)
	}
	return name, nil
}
