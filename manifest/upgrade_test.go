package manifest

import (
	"path/filepath"
	"slices"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// downgrades undo upgrades, from the version of the key to the one before.
var downgrades = map[int]string{
	4: `DROP TABLE vacated; PRAGMA user_version = 3;`,
	3: `ALTER TABLE owner DROP COLUMN identity; PRAGMA user_version = 2;`,
	2: `ALTER TABLE entry DROP COLUMN released; PRAGMA user_version = 1;`,
}

// A record that an older photogo wrote keeps all it has, and takes what is new.
func TestRecordsOfOlderVersions(t *testing.T) {
	for oldest := 1; oldest < schemaVersion; oldest++ {
		p := newPlace(t)
		m := p.open(t)
		commit(t, m, Change{Placed: []Entry{entry("a.jpg", "A", "original")}, Names: []Name{{Owner: "A", Base: "a"}}})
		want := all(t, m)
		file := filepath.Join(p.state, "destinations", m.ID(), databaseName)
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		conn, err := sqlite.OpenConn(file, sqlite.OpenReadWrite)
		if err != nil {
			t.Fatal(err)
		}
		for version := schemaVersion; version > oldest; version-- {
			if err := sqlitex.ExecuteScript(conn, downgrades[version], nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		m = p.open(t)
		if got := all(t, m); !slices.Equal(got, want) {
			t.Errorf("version %d: %+v, want %+v", oldest, got, want)
		}
		commit(t, m, Change{Vacated: []string{"2020/01", "2020/02"}, Owners: []Rename{{From: "A", To: "B"}}})
		commit(t, m, Change{Tidied: []string{"2020/01"}, LetGo: []string{"a.jpg"}})
		if left, err := m.Vacated(); err != nil || !slices.Equal(left, []string{"2020/02"}) {
			t.Errorf("version %d: vacated are %q, %v", oldest, left, err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}
