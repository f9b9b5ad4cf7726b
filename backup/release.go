package backup

import (
	"iter"

	"github.com/photogo/photogo/manifest"
)

// staged yields the files that are in the folder of a record.
func staged(record *manifest.Manifest) iter.Seq2[manifest.Entry, error] { return record.All() }

// isStaged reports whether the file of an entry is in the folder.
func isStaged(e manifest.Entry) bool { return e.Released == 0 }

// release notes in the record that files are not in the folder any more, because
// they are proven elsewhere.
func (p *purge) release(gone []string) error {
	return p.record.Commit(manifest.Change{LetGo: gone, At: p.c.now()})
}
