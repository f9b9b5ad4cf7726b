package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

// Rest is what a run leaves behind that came to its end without a failure: a
// library, a destination and a wish that fit each other. As long as none of them
// changes the next run has nothing to do, and need not look at every asset and
// every file to know.
type Rest struct {
	Cursor  string  `json:"cursor"` // of the library; photosdb.Library.Cursor
	Wish    string  `json:"wish"`   // what was asked for; opaque here
	Root    string  `json:"root"`   // the destination: a copy of it may be less
	Full    int64   `json:"full"`   // when every file was looked at last: seconds since 1970 UTC
	Summary Summary `json:"summary"`
	Past    string  `json:"past"`            // the seal of the past that goes with it; "" for none
	Fetch   int     `json:"fetch,omitempty"` // files that are still to be fetched: there is always something to do
	Open    string  `json:"open"`            // the seal of what is missing or altered, and told by every run; "" for nothing
	Lacks   int     `json:"lacks"`           // how many files are missing

	Warnings []string `json:"warnings,omitempty"` // of the library

	// What follows is kept apart: it may be long, and is read when it is needed.
	Folders []folderState `json:"-"` // those that hold files
	open    *openReader   // what Open seals
}

// folderState is a folder and when a name in it came, went or changed: every
// file that is replaced by another program shows there.
type folderState struct {
	Path    string `json:"p"`
	ModTime int64  `json:"m"` // nanoseconds since 1970 UTC
}

// FullLook is how long a rest is believed. Then every file is looked at again:
// one that was overwritten where it lies does not show in its folder.
const FullLook = 24 * time.Hour

// restWatch gathers a Rest while a run goes on.
type restWatch struct {
	open    openFiles
	folders map[string]bool
	touched map[string]bool // those in which the run did something, and those above
	fetch   int             // files that are still to be fetched
}

func newRestWatch() restWatch {
	return restWatch{folders: map[string]bool{}, touched: map[string]bool{}}
}

// touch notes that something was done in a folder.
func (w *restWatch) touch(dir string) {
	for !w.touched[dir] {
		w.touched[dir] = true
		dir = path.Dir(dir)
	}
}

func (w *restWatch) add(e Event) {
	if e.Entry != nil && e.Outcome != Unchanged {
		w.touch(path.Dir(e.Entry.Path))
		if e.Item.known != nil {
			w.touch(path.Dir(e.Item.known.Path))
		}
	}
	switch {
	case e.Entry != nil && e.Outcome != Removed && e.Outcome != Adopted:
		if e.Entry.Released == 0 {
			w.folders[path.Dir(e.Entry.Path)] = true
		}
		if e.Altered() {
			w.open.add(openOf(e))
		}
	case e.Outcome == Absent:
		w.open.add(openOf(e))
	}
	if e.Outcome == Absent && e.Fetch != "" {
		w.fetch++
	}
}

func openOf(e Event) openFile {
	f := openFile{UUID: e.Item.UUID, Role: e.Item.Role, Path: e.Item.Path, Reason: e.Item.Reason, Entry: e.Entry, Size: e.Item.Size}
	if e.Entry != nil {
		f.Reason = ReasonSame // when it is told again
	}
	if s := e.Item.Source; s != nil {
		f.Recorded, f.Size = true, s.Size
	}
	return f
}

func (f openFile) event() Event {
	e := Event{Item: &Item{UUID: f.UUID, Role: f.Role, Path: f.Path, Reason: f.Reason, Size: f.Size}, Outcome: Absent, Entry: f.Entry}
	if f.Entry != nil {
		e.Outcome, e.Item.known = Unchanged, f.Entry
	}
	if f.Recorded {
		e.Item.Source = &photosdb.Resource{Role: f.Role, Size: f.Size}
	}
	return e
}

// The record keeps the Rest under metaRest, as JSON, and its list of folders under the
// other. Without the first the other means nothing.
const (
	metaRest    = "rest"
	metaFolders = "rest: folders"
)

// keepRest writes down that all fits, if it does. A failure to do so costs the
// next run its time, and nothing else.
func (r *run) keepRest() error {
	if r.job.Cursor == "" || r.plan.damaged != nil || r.summary.Failed > 0 {
		return nil
	}
	s := r.summary
	rest := Rest{
		Cursor: r.job.Cursor, Wish: r.job.Wish, Full: r.job.Now.Unix(),
		Summary: Summary{Assets: s.Assets, Files: s.Files, Unchanged: s.Placed + s.Moved + s.Unchanged, Missing: s.Missing, Altered: s.Altered, ToCome: s.ToCome},
		Fetch:   r.rest.fetch, Lacks: r.rest.open.lacks,
	}
	if r.job.Warnings != nil {
		rest.Warnings = r.job.Warnings()
	}
	if c := r.plan.carried; c != nil {
		rest.Full = c.rest.Full
	}
	at, err := r.job.Record.Meta(manifest.MetaPath)
	if err != nil {
		return err
	}
	if rest.Root, err = rootOf(r.job.Dest, at); err != nil {
		return nil
	}
	var ok bool
	if rest.Folders, ok = r.foldersLeft(); !ok {
		return nil
	}
	if rest.Past, err = r.keepPast(); err != nil {
		return err
	}
	if rest.Open, err = r.rest.open.keep(r.job.Record); err != nil {
		return err
	}
	for _, part := range []struct {
		key   string
		value any
	}{{metaFolders, rest.Folders}, {metaRest, rest}} { // the Rest last: it makes them count
		text, err := json.Marshal(part.value)
		if err == nil {
			err = r.job.Record.SetMeta(part.key, string(text))
		}
		if err != nil {
			return fmt.Errorf("note that all is there: %w", err)
		}
	}
	return nil
}

// rootOf tells a destination from copies of it.
func rootOf(dest Folder, path string) (string, error) {
	info, err := dest.Lstat(".")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %s", safefile.Inode(info), path), nil
}

// foldersLeft describes the folders as the run leaves them. Those that it did not
// touch are as they were told: if somebody else changed one meanwhile, that shows the
// next time. ok is false where a folder was taken away.
func (r *run) foldersLeft() (list []folderState, ok bool) {
	told := map[string]int64{}
	if c := r.plan.carried; c != nil {
		for _, f := range c.rest.Folders {
			told[f.Path] = f.ModTime
			r.rest.folders[f.Path] = true
		}
	}
	for dir := range r.rest.folders {
		at, known := told[dir]
		if !known || r.rest.touched[dir] {
			info, err := r.job.Dest.Lstat(dir)
			if known && errors.Is(err, fs.ErrNotExist) {
				continue // nothing is left in it
			} else if err != nil {
				return nil, false
			}
			at = info.ModTime().UnixNano()
		}
		list = append(list, folderState{dir, at})
	}
	slices.SortFunc(list, func(a, b folderState) int { return strings.Compare(a.Path, b.Path) })
	return list, true
}

// rest returns what the last run left, nil if that tells nothing of a wish: it did not
// come to its end, or it is too old.
func (d *Destination) rest(wish string, now time.Time) (*Rest, error) {
	if d.FS == nil || wish == "" {
		return nil, nil
	}
	running, err := d.Record.Meta(metaRunning)
	if err != nil || running != "" {
		return nil, err
	}
	text, err := d.Record.Meta(metaRest)
	if err != nil || text == "" {
		return nil, err
	}
	var rest Rest
	if err := json.Unmarshal([]byte(text), &rest); err != nil || rest.Wish != wish {
		return nil, nil
	}
	if rest.Open == "" && rest.Summary.Missing+rest.Summary.Altered > 0 {
		return nil, nil // an earlier photogo kept the list elsewhere
	}
	if root, err := rootOf(d.FS, d.Path); err != nil || root != rest.Root {
		return nil, nil
	}
	if age := now.Unix() - rest.Full; age < 0 || age >= int64(FullLook/time.Second) { // a clock that was set back says nothing
		return nil, nil
	}
	return &rest, nil
}

// asLeft reports whether the folders of the destination are as a run left them, and
// reads what is kept apart of its Rest, which must be closed then.
func (d *Destination) asLeft(rest *Rest) (_ bool, err error) {
	text, err := d.Record.Meta(metaFolders)
	if err != nil || json.Unmarshal([]byte(text), &rest.Folders) != nil {
		return false, err
	}
	for _, f := range rest.Folders {
		info, err := d.FS.Lstat(f.Path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && (!info.IsDir() || info.ModTime().UnixNano() != f.ModTime) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	if _, err := d.FS.Lstat(manifest.SumsName); err != nil {
		return false, nil
	}
	if behind, err := d.Record.SumsBehind(); err != nil || behind {
		return false, err
	}
	open, ok, err := sealedOpen(d.Record, rest.Open)
	rest.open = open
	return ok, err
}

// close lets go of what asLeft opened.
func (r *Rest) close() error {
	if r.open == nil {
		return nil
	}
	return r.open.Close()
}

// AtRest reports whether nothing has changed since a run that came to its end:
// neither the library (photosdb.Changed), nor what is wished for, nor any folder
// of the destination. Then it tells what the library lacks (warn) and what is missing
// or altered as that run did, and returns its summary; an error then is one of event,
// or means that not all was told.
func (d *Destination) AtRest(ctx context.Context, library, wish string, now time.Time, warn func(string), event func(Event) error) (_ Summary, rests bool, _ error) {
	rest, err := d.rest(wish, now)
	if err != nil || rest == nil || rest.Fetch > 0 {
		return Summary{}, false, err
	}
	changed, err := photosdb.Changed(ctx, library, rest.Cursor)
	if err != nil || changed {
		return Summary{}, false, err
	}
	if ok, err := d.asLeft(rest); err != nil || !ok {
		return Summary{}, false, err
	}
	defer rest.close()
	for _, w := range rest.Warnings {
		warn(w)
	}
	for f, err := range rest.open.all() {
		if err != nil {
			return Summary{}, true, err
		}
		e := f.event()
		e.Assets = rest.Summary.Assets
		if err := event(e); err != nil {
			return Summary{}, true, err
		}
	}
	return rest.Summary, true, nil
}
