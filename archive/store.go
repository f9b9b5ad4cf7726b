package archive

import (
	"context"
	"fmt"
	"path"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// Folder is a destination folder whose files the record knows.
type Folder struct {
	Path   string      // a whole path
	FS     safefile.FS // the same folder
	Record *manifest.Manifest
}

// Store makes an archive of all files that the record of a folder knows, and
// proves it against the record. The archive also holds the folder's list of
// sums, by which it proves itself when the record is lost. Root and Files of the
// plan are not used. Errors: those of Create and Prove; after ErrNotProven and
// ErrDamaged there is an archive that must not be relied on.
func (r *Repo) Store(ctx context.Context, name string, f Folder, p Plan) (Created, Proof, error) {
	if err := f.Record.WriteSums(ctx, f.FS); err != nil {
		return Created{}, Proof{}, fmt.Errorf("write the list of sums: %w", err)
	}
	p.Root = f.Path
	p.Files = func(yield func(string, error) bool) {
		empty, err := f.Record.Empty()
		if err != nil || empty {
			if err != nil {
				yield("", err)
			}
			return // a list of nothing is refused
		}
		for _, own := range []string{manifest.SumsName, path.Join(manifest.Folder, "id")} {
			if !yield(own, nil) {
				return
			}
		}
		for e, err := range f.Record.All() {
			if !yield(e.Path, err) || err != nil {
				return
			}
		}
	}
	made, err := r.Create(ctx, name, p)
	if err != nil {
		return made, Proof{}, err
	}
	proof, err := r.Prove(ctx, name, f.Record.All())
	return made, proof, err
}
