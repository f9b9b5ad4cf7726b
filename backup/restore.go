package backup

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/photogo/photogo/archive"
	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
)

// Errors of restoring that a caller can test for with errors.Is.
var (
	// ErrOccupied says that a folder holds something else than an earlier restore of
	// the same.
	ErrOccupied = errors.New("the folder is not empty, and holds no restore of the same")
	// ErrFolder says that nothing more can be written into the folder.
	ErrFolder = errors.New("the folder cannot be written")
)

// Restore brings back files from the archives of a library, by nothing but the
// repository. Each file is written under a temporary name, hashed while it is, and
// gets its name only if it has the sum that the archive's explanation tells. Of a file
// with several versions the newest is meant, and a version that is damaged in one
// archive is taken from another that has it. Where two pictures had one path, or two
// paths that some file system takes for one, the newer one gets it, and the other the
// name of its archive in parentheses.
type Restore struct {
	Repo    *archive.Repo
	Library string // "": the only one that the repository has archives of
	To      string // a folder that is empty, or does not exist, or holds a restore of the same that was not finished
	Selection
	DryRun bool               // plan, and write nothing
	Temp   string             // folder for what is worked out, some 500 bytes a file; "": that of the system
	Event  func(RestoreEvent) // told of each file; may be nil
}

// RestoreOutcome is what became of a file.
type RestoreOutcome string

// The outcomes of a file.
const (
	RestoreReading  RestoreOutcome = "reading"  // an archive is about to be read; no file
	RestorePlanned  RestoreOutcome = "planned"  // it would be restored; with DryRun
	RestoreRestored RestoreOutcome = "restored" // it is there, with the right bytes
	RestoreKept     RestoreOutcome = "kept"     // it was there before, with the right bytes
	RestoreMissing  RestoreOutcome = "missing"  // no archive that can be read holds it
	RestoreDamaged  RestoreOutcome = "damaged"  // all archives that hold it hold other bytes, or cannot be read there
	RestoreFailed   RestoreOutcome = "failed"   // the folder does not take it
)

// RestoreEvent tells the fate of one file.
type RestoreEvent struct {
	Outcome RestoreOutcome
	Path    string // in the folder; in the archive, if it got none
	Archive string // from which it was taken, or last tried
	Owner   string // "" for none
	Role    string
	Size    int64 // bytes; 0 where it is not known
	Err     error // of what was not restored
}

// RestoreSummary counts what was done.
type RestoreSummary struct {
	Library  string `json:"library"`
	Archives int    `json:"archives"` // whose explanations were read
	Files    int    `json:"files"`    // that are meant
	Restored int    `json:"restored"`
	Kept     int    `json:"kept"`
	Missing  int    `json:"missing"`
	Damaged  int    `json:"damaged"`
	Failed   int    `json:"failed"`
	Healed   int    `json:"healed"` // of those restored, from another archive than the newest
	Bytes    int64  `json:"bytes"`  // of those restored; with DryRun of those meant, as far as it is known
	// Unmet are names in the selection that nothing goes by.
	Unmet []string `json:"unmet"`
	// Problems are archives that could not be read as a whole, so that something
	// may be missing of which nothing is known.
	Problems []Problem `json:"-"`
}

// Complete reports whether all that was meant is there.
func (s RestoreSummary) Complete() bool {
	return s.Missing+s.Damaged+s.Failed+len(s.Unmet)+len(s.Problems) == 0
}

// restorer is a running Restore.
type restorer struct {
	Restore
	c     *Catalogue // of the archives that were read; temporary
	dir   *safefile.Dir
	s     RestoreSummary
	known map[string]archive.Archive // whose explanations were read, by name
	rest  []archive.Archive          // whose were not
	batch []restored
	bytes int64  // of batch
	made  string // the folder that was made last
	later bool   // a file was met whose content stands under a name that is not meant
}

// Run restores. What cannot be had is told and counted, and is no error. Errors:
// ErrLibraries, ErrOccupied, ErrFolder; those of the repository, after which what was
// restored is whole and the same Restore goes on from there.
func (r Restore) Run(ctx context.Context) (_ RestoreSummary, err error) {
	run := &restorer{Restore: r, known: map[string]archive.Archive{}}
	if run.Event == nil {
		run.Event = func(RestoreEvent) {}
	}
	list, library, err := archivesOf(ctx, r.Repo, r.Library)
	if err != nil {
		return run.s, err
	}
	run.s.Library = library
	resumes, err := run.openFolder(library, list)
	if err != nil {
		return run.s, err
	}
	if run.dir != nil {
		defer run.dir.Close()
	}
	temp, err := os.MkdirTemp(r.Temp, "photogo-restore-*.tmp")
	if err != nil {
		return run.s, err
	}
	defer os.RemoveAll(temp)
	if run.c, err = OpenCatalogue(ctx, filepath.Join(temp, "catalogue.sqlite"), "restore"); err != nil {
		return run.s, err
	}
	defer run.c.Close()
	if err := run.plan(ctx, list); err != nil {
		return run.s, err
	}
	if r.DryRun {
		return run.s, run.rehearse(ctx)
	}
	if resumes {
		if err := run.keep(ctx); err != nil {
			return run.s, err
		}
	}
	if err := run.fetch(ctx); err != nil {
		return run.s, err
	}
	return run.s, run.finish()
}

// restoreMark is what a folder says of the restore that it holds.
type restoreMark struct {
	Library    string    `json:"library"`
	Repository string    `json:"repository"` // the id of the library's first archive
	Selection  Selection `json:"selection"`
}

const markName = manifest.Folder + "/restore.json"

// finderName is what the Finder puts into every folder that somebody looks into.
const finderName = ".DS_Store"

// openFolder makes sure that the folder is empty, or holds a restore of the same. With
// DryRun it only looks.
func (r *restorer) openFolder(library string, list []archive.Archive) (resumes bool, err error) {
	if !filepath.IsAbs(r.To) {
		return false, fmt.Errorf("%w: it needs a whole path", ErrFolder)
	}
	want := restoreMark{Library: library, Selection: r.Selection}
	if len(list) > 0 {
		want.Repository = list[0].ID
	}
	text, err := json.Marshal(want)
	if err != nil {
		return false, err
	}
	names, err := os.ReadDir(r.To)
	names = slices.DeleteFunc(names, func(e fs.DirEntry) bool { return e.Name() == finderName })
	if errors.Is(err, fs.ErrNotExist) && r.DryRun {
		return false, nil
	} else if errors.Is(err, fs.ErrNotExist) {
		err = os.MkdirAll(r.To, 0o755)
	}
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	dir, err := safefile.OpenDir(r.To)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	defer func() {
		if err != nil || r.DryRun {
			dir.Close()
		} else {
			r.dir = dir
		}
	}()
	begun := len(names) == 1 && names[0].Name() == manifest.Folder && onlyTemps(dir, manifest.Folder)
	if len(names) > 0 && !begun {
		have, err := readSmall(dir, markName)
		if err != nil || have != string(text)+"\n" {
			return false, fmt.Errorf("%w: %s", ErrOccupied, r.To)
		}
	}
	switch {
	case r.DryRun:
		return false, nil
	case len(names) > 0 && !begun:
		return true, sweepTemps(dir, ".", 0)
	}
	if err := mkdirAll(dir, manifest.Folder); err != nil {
		return false, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if err := safefile.WriteFile(dir, markName, append(text, '\n')); err != nil {
		return false, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	return false, nil
}

// onlyTemps reports whether a folder holds nothing but what a crash left behind.
func onlyTemps(dir *safefile.Dir, name string) bool {
	list, err := dir.ReadDir(name)
	for _, e := range list {
		if !safefile.IsTemp(e.Name()) {
			return false
		}
	}
	return err == nil
}

func readSmall(dir *safefile.Dir, name string) (string, error) {
	f, err := dir.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 1<<20))
	return string(b), err
}

// sweepTemps removes the temporary files that a restore left behind.
func sweepTemps(dir *safefile.Dir, name string, depth int) error {
	list, err := dir.ReadDir(name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	for _, e := range list {
		below := path.Join(name, e.Name())
		switch {
		case e.IsDir() && depth < 100:
			err = sweepTemps(dir, below, depth+1)
		case e.Type().IsRegular() && safefile.IsTemp(e.Name()):
			err = dir.Remove(below)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rehearse tells what would be done.
func (r *restorer) rehearse(ctx context.Context) error {
	return r.wants(ctx, `w.state = ? ORDER BY w.target`, func(w want) error {
		r.s.Bytes += w.size
		r.tell(w, RestorePlanned, nil)
		return nil
	}, wantTodo)
}

// tell tells the fate of a file.
func (r *restorer) tell(w want, outcome RestoreOutcome, err error) {
	name := w.target
	if name == "" {
		name = w.path
	}
	switch outcome {
	case RestoreRestored:
		r.s.Restored++
	case RestoreKept:
		r.s.Kept++
	case RestoreMissing:
		r.s.Missing++
	case RestoreDamaged:
		r.s.Damaged++
	case RestoreFailed:
		r.s.Failed++
	}
	r.Event(RestoreEvent{Outcome: outcome, Path: name, Archive: w.archive, Owner: w.owner, Role: w.role, Size: w.size, Err: err})
}

// finish writes the list of sums of what is there, so that the folder proves itself.
func (r *restorer) finish() error {
	err := safefile.Write(r.dir, manifest.SumsName, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		err := r.c.each(`SELECT target, sum FROM want WHERE state = ? ORDER BY target`, func(s *sqlite.Stmt) error {
			e := manifest.Entry{Path: s.ColumnText(0)}
			s.ColumnBytes(1, e.Sum[:])
			return manifest.WriteSum(b, e)
		}, int(wantDone))
		return errors.Join(err, b.Flush())
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	return nil
}

// modified is the time that a file gets: the one that was recorded, else the
// archive's.
func (w want) modified(m archive.Member) time.Time {
	if w.stamp != 0 {
		return time.UnixMicro(w.stamp)
	}
	return m.Modified
}
