package export

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/photogo/photogo/photokit"
)

// DownloadOptions say how a run fetches what only iCloud has. State and Library are
// needed, and one of Helper and Program.
type DownloadOptions struct {
	Helper  string // path of the helper program; "": the one beside Program
	Program string // path of photogo
	State   string // photogo's state folder, which holds the parking list
	Library string // path of the library, whose disk is guarded, too
	// Photos says how Photos is asked. Of it Command, Dir and Parking are filled in.
	Photos photokit.Options
	// Progress is Fetching.Progress.
	Progress func(bytes, of int64)
}

// Downloads fetches files from iCloud straight into a destination. It starts nothing
// before there is something to fetch.
type Downloads struct {
	dest *Destination
	opt  DownloadOptions

	client  *photokit.Client
	parking *photokit.Parking
	err     error
}

// NewDownloads makes one for a destination that is open for writing. Close must be
// called after the run, and before the destination is closed.
func NewDownloads(dest *Destination, opt DownloadOptions) *Downloads {
	return &Downloads{dest: dest, opt: opt}
}

// Fetching is what a Job needs.
func (d *Downloads) Fetching() *Fetching {
	workers := 0
	if d.opt.Photos.Jobs > 0 {
		workers = d.opt.Photos.Jobs + 2
	}
	return &Fetching{Open: d.open, Workers: workers, Progress: d.opt.Progress}
}

func (d *Downloads) open(ctx context.Context, probe []string) (Fetcher, error) {
	d.err = d.start(ctx, probe)
	if d.err != nil {
		return nil, d.err
	}
	return d.client, nil
}

func (d *Downloads) start(ctx context.Context, probe []string) error {
	helper, err := photokit.Find(d.opt.Helper, d.opt.Program)
	if err != nil {
		return err
	}
	library, err := d.dest.Record.Meta(metaLibrary)
	if err != nil {
		return err
	}
	if d.parking, err = photokit.OpenParkingOf(d.opt.State, library); err != nil {
		return err
	}
	opt := d.opt.Photos
	opt.Command, opt.Parking = []string{helper}, d.parking
	opt.Dir = filepath.Join(d.dest.Path, filepath.FromSlash(IncomingFolder))
	opt.Reserve.Folders = append(opt.Reserve.Folders[:len(opt.Reserve.Folders):len(opt.Reserve.Folders)], d.opt.Library)
	if d.client, err = photokit.New(opt); err != nil {
		return err
	}
	return d.client.Ready(ctx, probe...)
}

// Err returns why nothing more was fetched, although more was to be: nil, or one
// of photokit's errors that stop a client.
func (d *Downloads) Err() error {
	if d.err == nil && d.client != nil {
		if err := d.client.Stopped(); !errors.Is(err, photokit.ErrClosed) {
			return err
		}
	}
	return d.err
}

// Close ends the helper and leaves nothing of what was on its way.
func (d *Downloads) Close() error {
	d.err = d.Err()
	var errs []error
	if d.client != nil {
		errs = append(errs, d.client.Close())
		d.dest.FS.Remove(IncomingFolder) // stays if somebody put something there
	}
	if d.parking != nil {
		errs = append(errs, d.parking.Close())
	}
	return errors.Join(errs...)
}
