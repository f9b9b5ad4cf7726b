package backup

import (
	"context"
	"errors"
	"fmt"

	"github.com/photogo/photogo/archive"
)

// ProveAgain reads an archive back, every byte of it, and compares it with the catalogue
// in a file, if that has this very archive, and with the archive's own list of sums. What
// came of it is noted there: the archive counts as proven, or as proven no more. The
// catalogue is held for that moment alone. Errors: those of archive.Repo.Prove;
// ErrCatalogueBusy and the like, after which nothing was noted.
func ProveAgain(ctx context.Context, repo *archive.Repo, file, name string) (archive.Proof, error) {
	library, err := knownAs(ctx, repo, file, name)
	if err != nil {
		return archive.Proof{}, err
	}
	if library == "" {
		return repo.Prove(ctx, name, nil)
	}
	look, err := PeekCatalogue(ctx, file)
	if err != nil {
		return archive.Proof{}, err
	}
	defer look.Close()
	proof, failed := repo.Prove(ctx, name, look.Entries(ctx, name))
	if failed != nil && !unproven(failed) {
		return proof, failed // it could not be read just now
	}
	c, err := OpenCatalogue(ctx, file, library)
	if err != nil {
		return proof, errors.Join(failed, fmt.Errorf("note what came of %s: %w", name, err))
	}
	defer c.Close()
	if failed != nil {
		return proof, errors.Join(failed, c.Distrust(name))
	}
	return proof, c.SetProven(name, proof.ID, proof.At)
}

// knownAs returns the library of a catalogue, if that has the archive of a name that the
// repository has; "" otherwise.
func knownAs(ctx context.Context, repo *archive.Repo, file, name string) (library string, err error) {
	c, err := PeekCatalogue(ctx, file)
	if err != nil {
		return "", err
	}
	defer c.Close()
	known, ok, err := c.Archive(name)
	if err != nil || !ok || known.State == Intended {
		return "", err
	}
	shown, err := repo.List(ctx)
	if err != nil {
		return "", err
	}
	if a, there := find(shown, name); !there || a.ID != known.ID {
		return "", nil
	}
	return c.Library()
}
