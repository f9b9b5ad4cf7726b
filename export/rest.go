package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

// Rest is what a run leaves behind that came to its end without a failure: a
// library, a destination and a wish that fit each other. As long as none of them
// changes the next run has nothing to do, and need not look at every asset and
// every file to know.
type Rest struct {
	Cursor  string        `json:"cursor"` // of the library; photosdb.Library.Cursor
	Wish    string        `json:"wish"`   // what was asked for; opaque here
	Full    int64         `json:"full"`   // when every file was looked at last: seconds since 1970 UTC
	Summary Summary       `json:"summary"`
	Open    []openFile    `json:"open"`    // what is missing or altered, and told by every run
	Folders []folderState `json:"folders"` // those that hold files
}

// openFile is a file that is not as it should be.
type openFile struct {
	UUID     photosdb.UUID   `json:"u"`
	Role     photosdb.Role   `json:"r"`
	Path     string          `json:"p"`
	Reason   string          `json:"w,omitempty"`
	Size     int64           `json:"s,omitempty"` // as the library recorded it
	Entry    *manifest.Entry `json:"e,omitempty"` // of an altered one
	Recorded bool            `json:"f,omitempty"` // the library has the file in its database
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
	open    []openFile
	folders map[string]bool
}

// mostOpen bounds what is remembered of a library most of which is elsewhere.
const mostOpen = 200_000

func (w *restWatch) add(e Event) {
	switch {
	case e.Entry != nil && e.Outcome != Removed && e.Outcome != Adopted:
		if e.Entry.Released == 0 {
			w.folders[path.Dir(e.Entry.Path)] = true
		}
		if e.Altered() {
			w.open = append(w.open, openOf(e))
		}
	case e.Outcome == Absent && len(w.open) <= mostOpen:
		w.open = append(w.open, openOf(e))
	}
}

func openOf(e Event) openFile {
	f := openFile{UUID: e.Item.UUID, Role: e.Item.Role, Path: e.Item.Path, Reason: e.Item.Reason, Entry: e.Entry, Size: e.Item.Size}
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

// metaRest is where the record keeps the Rest, as JSON.
const metaRest = "rest"

// keepRest writes down that all fits, if it does. A failure to do so costs the
// next run its time, and nothing else.
func (r *run) keepRest() error {
	if r.job.Cursor == "" || r.plan.damaged != nil || r.summary.Failed > 0 || len(r.rest.open) > mostOpen {
		return nil
	}
	s := r.summary
	rest := Rest{
		Cursor: r.job.Cursor, Wish: r.job.Wish, Full: r.job.Now.Unix(), Open: r.rest.open,
		Summary: Summary{Assets: s.Assets, Files: s.Files, Unchanged: s.Placed + s.Moved + s.Unchanged, Missing: s.Missing, Altered: s.Altered},
	}
	for dir := range r.rest.folders {
		info, err := r.job.Dest.Lstat(dir)
		if err != nil {
			return nil // it was taken away meanwhile
		}
		rest.Folders = append(rest.Folders, folderState{dir, info.ModTime().UnixNano()})
	}
	slices.SortFunc(rest.Folders, func(a, b folderState) int {
		if a.Path < b.Path {
			return -1
		}
		return 1
	})
	text, err := json.Marshal(rest)
	if err != nil {
		return fmt.Errorf("note that all is there: %w", err)
	}
	return r.job.Record.SetMeta(metaRest, string(text))
}

// AtRest reports whether nothing has changed since a run that came to its end:
// neither the library (photosdb.Changed), nor what is wished for, nor any folder
// of the destination. Then it tells what is missing or altered as that run did,
// and returns its summary.
func (d *Destination) AtRest(ctx context.Context, library, wish string, now time.Time, event func(Event)) (Summary, bool, error) {
	if d.FS == nil {
		return Summary{}, false, nil
	}
	running, err := d.Record.Meta(metaRunning)
	if err != nil || running != "" {
		return Summary{}, false, err
	}
	text, err := d.Record.Meta(metaRest)
	if err != nil || text == "" {
		return Summary{}, false, err
	}
	var rest Rest
	if err := json.Unmarshal([]byte(text), &rest); err != nil || rest.Wish != wish {
		return Summary{}, false, nil
	}
	if age := now.Unix() - rest.Full; age < 0 || age >= int64(FullLook/time.Second) { // a clock that was set back says nothing
		return Summary{}, false, nil
	}
	changed, err := photosdb.Changed(ctx, library, rest.Cursor)
	if err != nil || changed {
		return Summary{}, false, err
	}
	for _, f := range rest.Folders {
		info, err := d.FS.Lstat(f.Path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && (!info.IsDir() || info.ModTime().UnixNano() != f.ModTime) {
			return Summary{}, false, nil
		} else if err != nil {
			return Summary{}, false, err
		}
	}
	if _, err := d.FS.Lstat(manifest.SumsName); err != nil {
		return Summary{}, false, nil
	}
	for _, f := range rest.Open {
		e := f.event()
		e.Assets = rest.Summary.Assets
		event(e)
	}
	return rest.Summary, true, nil
}
