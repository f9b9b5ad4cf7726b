package export

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
	"github.com/photogo/photogo/sidecar"
)

// found is a file that lies in the destination and that the record does not know.
type found struct {
	path    string
	info    fs.FileInfo
	size    int64
	modTime int64
	sum     manifest.Sum
	apple   string
	taken   bool
}

// adoption finds out which files of a destination without a record are those of
// the library: by their bytes first, and among equal ones by their names. So a
// lost record comes back, and a folder that another program exported becomes a
// destination without a byte being copied.
type adoption struct {
	*run
	byApple map[string][]*found
	byKey   map[string]*found // by naming.Key of the path
	sizes   map[int64]bool
	replace bool // put files aside that are in the way of what photogo makes itself
	change  manifest.Change
	folders map[string]bool // that files were put aside from or into, and not synced since
}

// Adopt takes the files that are in the destination already into an empty
// record, and places nothing. Summary.Adopted counts them.
func (p *Plan) Adopt(ctx context.Context, job Job) (Summary, error) {
	r := newRun(p, job)
	if err := r.begin(ctx); err != nil {
		return r.summary, err
	}
	err := r.adopt(ctx, false)
	if end := r.end(ctx, err); err == nil {
		err = end
	}
	return r.summary, err
}

// metaAdopting marks a record that is being filled by an adoption: one that was
// interrupted goes on.
const metaAdopting = "adopting"

// adopt is for a record that is empty, or was left by an adoption that did not come to
// its end.
func (r *run) adopt(ctx context.Context, replace bool) error {
	recorded, err := r.adopted()
	if err != nil {
		return err
	}
	files, err := r.unrecorded(ctx, ".", nil)
	if err != nil {
		return err
	}
	files = slices.DeleteFunc(files, func(name string) bool { return recorded[name] })
	if len(files) > 0 {
		if err := r.job.Record.SetMeta(metaAdopting, "1"); err != nil {
			return err
		}
		if err := r.adoptAll(ctx, files, len(recorded) > 0, replace); err != nil {
			return err
		}
	}
	return r.job.Record.SetMeta(metaAdopting, "")
}

// adopted are the files that an interrupted adoption recorded.
func (r *run) adopted() (map[string]bool, error) {
	recorded := map[string]bool{}
	for e, err := range r.job.Record.All() {
		if err != nil {
			return nil, err
		}
		recorded[e.Path] = true
	}
	return recorded, nil
}

// adoptFiles is how many files are recorded at a time.
const adoptFiles = 256

// adoptAll adopts files. further: some assets are on record.
func (r *run) adoptAll(ctx context.Context, files []string, further, replace bool) error {
	a := &adoption{run: r, replace: replace, byApple: map[string][]*found{}, byKey: map[string]*found{}, sizes: map[int64]bool{}, folders: map[string]bool{}}
	if err := a.hashAll(ctx, files); err != nil {
		return err
	}
	w := newWorker(r)
	for asset, err := range r.plan.assets {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if is, err := r.plan.wanted(asset); err != nil {
			return err
		} else if !is {
			continue
		}
		if further {
			owner := naming.Owner(asset.UUID, 0)
			if held, err := r.job.Record.Of([]string{owner}); err != nil {
				return err
			} else if len(held[owner].Entries) > 0 {
				continue
			}
		}
		if err := a.asset(ctx, w, asset); err != nil {
			return err
		}
		if len(a.change.Placed) >= adoptFiles {
			if err := a.commit(); err != nil {
				return err
			}
		}
	}
	return a.commit()
}

func (a *adoption) commit() error {
	// An asset that is on record is not looked at again: what was in its way must be
	// gone for good.
	if len(a.folders) > 0 {
		if err := a.job.Dest.Sync(append(a.takeFresh(), slices.Collect(maps.Keys(a.folders))...)...); err != nil {
			return fmt.Errorf("put files aside: %w", err)
		}
		clear(a.folders)
	}
	err := a.job.Record.Commit(a.change)
	for i := range a.change.Placed {
		e := &a.change.Placed[i]
		a.report(Event{Item: &Item{UUID: ownerOf(e), Role: photosdb.Role(e.Role), Path: e.Path, Size: e.Size, Reason: ReasonFound}, Outcome: Adopted, Entry: e})
	}
	a.change = manifest.Change{}
	return err
}

func ownerOf(e *manifest.Entry) photosdb.UUID {
	owner, _ := naming.ParseOwner(e.Owner)
	return photosdb.UUID(owner)
}

// unrecorded lists the files below a folder. Left out are photogo's own folder, what
// belongs to another destination, and libraries: they are not ours to take from.
func (r *run) unrecorded(ctx context.Context, dir string, files []string) ([]string, error) {
	list, err := r.job.Dest.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("look for files that are there already: %w", err)
	}
	for _, entry := range list {
		name := path.Join(dir, entry.Name())
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case name == manifest.Folder:
		case entry.IsDir():
			if is, err := anothers(r.job.Dest, name); err != nil {
				return nil, fmt.Errorf("look for files that are there already: %w", err)
			} else if is {
				continue
			}
			if files, err = r.unrecorded(ctx, name, files); err != nil {
				return nil, err
			}
		case entry.Type().IsRegular() && !safefile.IsTemp(name):
			files = append(files, name)
		}
	}
	return files, nil
}

// anothers reports whether a folder of the destination is a library, or another
// destination.
func anothers(dest Folder, dir string) (bool, error) {
	lstat := func(name string) error { _, err := dest.Lstat(name); return err }
	if is, err := isLibrary(dir, lstat); is || err != nil {
		return is, err
	}
	err := lstat(path.Join(dir, manifest.Folder))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// hashAll hashes all the files. One that cannot be read cannot be adopted.
func (a *adoption) hashAll(ctx context.Context, files []string) error {
	var mu sync.Mutex
	all, ctx := errgroup.WithContext(ctx)
	names := make(chan string)
	all.Go(func() error {
		defer close(names)
		for _, name := range files {
			select {
			case names <- name:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range max(a.job.Workers, 1) {
		all.Go(func() error {
			w := newWorker(a.run)
			for name := range names {
				f, err := w.look(ctx, name)
				if err != nil {
					if ctx.Err() != nil {
						return ctx.Err()
					}
					continue
				}
				mu.Lock()
				a.byApple[f.apple] = append(a.byApple[f.apple], f)
				a.byKey[naming.Key(name)] = f
				a.sizes[f.size] = true
				mu.Unlock()
			}
			return nil
		})
	}
	return all.Wait()
}

// look hashes a file of the destination both ways.
func (w *worker) look(ctx context.Context, name string) (*found, error) {
	file, err := w.job.Dest.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	n, err := w.stream(ctx, io.Discard, file)
	if err != nil {
		return nil, err
	}
	return &found{path: name, info: info, size: n, modTime: info.ModTime().UnixNano(), sum: sumOf(w.sum), apple: w.apple.Text()}, nil
}

// asset adopts the files of one asset.
func (a *adoption) asset(ctx context.Context, w *worker, asset *photosdb.Asset) error {
	p := a.plan
	apple := map[photosdb.Role]string{}
	for i := range asset.Resources {
		r := &asset.Resources[i]
		if p.skips(asset, r.Role) {
			continue
		}
		text, err := a.identity(ctx, w, asset, r)
		if err != nil {
			return err
		}
		apple[r.Role] = text
	}
	name, named, err := a.name(asset, apple[photosdb.RoleOriginal])
	if err != nil {
		return err
	}
	files := naming.Files(name, asset)
	if named {
		owner := naming.Owner(asset.UUID, 0)
		p.namer.Keep(owner, name)
		a.change.Names = append(a.change.Names, manifest.Name{Owner: owner, Wish: name.Wish, Dir: name.Dir, Base: name.Base})
	}
	for i := range asset.Resources {
		r := &asset.Resources[i]
		if p.skips(asset, r.Role) {
			continue
		}
		wanted := path.Join(name.Dir, files[r.Role])
		f := a.match(wanted, apple[r.Role], r)
		if f == nil {
			if named && (r.Role == photosdb.RoleAdjustments || r.Role == photosdb.RoleAAE) && r.OnDisk {
				a.putAside(wanted)
			}
			continue
		}
		item := Item{UUID: asset.UUID, Role: r.Role, Path: f.path, Source: r, want: fingerprintOf(asset, r)}
		if w.linked(&item, f.info) {
			continue
		}
		item.Version = version(asset, r, item.want)
		a.take(&item, f, f.apple)
		if r.Role == photosdb.RoleOriginal || r.Role == photosdb.RoleEdited {
			a.sidecars(asset, r.Role, f)
		}
	}
	return nil
}

// identity is Apple's fingerprint of the bytes to look for: as the library has it,
// or where no file has that (the original was altered) or it has none, that of
// the file in the library, if one of its size is in the destination at all.
func (a *adoption) identity(ctx context.Context, w *worker, asset *photosdb.Asset, r *photosdb.Resource) (string, error) {
	want := fingerprintOf(asset, r)
	if want != "" && a.byApple[want] != nil {
		return want, nil
	}
	if !r.OnDisk || !a.sizes[r.Found] || r.Reference != nil && !a.plan.opt.IncludeReferenced {
		return want, nil
	}
	e, err := w.hashSource(ctx, &Item{UUID: asset.UUID, Role: r.Role, Source: r})
	if err != nil {
		return "", ctx.Err() // the export itself will tell what is wrong with it
	}
	return e.Apple, nil
}

// number is what a name that was taken already got behind it.
var number = regexp.MustCompile(`^ \([0-9]{1,7}\)$`)

// name finds the name that an asset was given when its original was exported:
// the one that it wishes, or that with a number. named is false where the
// original lies elsewhere, or nowhere.
func (a *adoption) name(asset *photosdb.Asset, apple string) (name naming.Name, named bool, err error) {
	var details naming.Details
	if a.plan.details {
		if details, err = a.plan.opt.Details(asset); err != nil {
			return name, false, err
		}
	}
	wish := a.plan.namer.Wish(asset, &details)
	original := naming.Files(wish, asset)[photosdb.RoleOriginal]
	ext := strings.TrimPrefix(original, wish.Base)
	for _, f := range a.byApple[apple] {
		dir, file := path.Split(f.path)
		base, ok := strings.CutSuffix(file, ext)
		if f.taken || !ok || naming.Key(path.Clean(dir)) != naming.Key(path.Clean(wish.Dir)) || !strings.HasPrefix(base, wish.Base) {
			continue
		}
		if rest := base[len(wish.Base):]; rest == "" || number.MatchString(rest) && !named {
			name, named = naming.Name{Wish: wish.Wish, Dir: wish.Dir, Base: base}, true
			if rest == "" {
				break
			}
		}
	}
	if !named {
		return wish, false, nil
	}
	return name, true, nil
}

// match finds the file of a resource: the one of its name, if that has its
// bytes, else any that has. Where the library has neither the file nor its
// fingerprint, name and size must do.
func (a *adoption) match(wanted, apple string, r *photosdb.Resource) *found {
	f := a.byKey[naming.Key(wanted)]
	if f != nil && f.taken {
		f = nil
	}
	if apple == "" {
		if f != nil && !r.OnDisk && r.Size > 0 && f.size == r.Size {
			return f
		}
		return nil
	}
	if f != nil && f.apple == apple {
		return f
	}
	for _, other := range a.byApple[apple] {
		if !other.taken {
			return other
		}
	}
	return nil
}

// take records a file as one that photogo placed.
func (a *adoption) take(item *Item, f *found, apple string) {
	f.taken = true
	a.change.Placed = append(a.change.Placed, manifest.Entry{
		Path: f.path, Owner: item.owner(), Role: string(item.Role), Version: item.Version, Size: f.size, ModTime: f.modTime,
		Sum: f.sum, Apple: apple, Proof: proof(item, f.size, f.apple),
	})
}

// sidecars adopts those beside a picture that photogo wrote. Another program's
// is in the way of photogo's own, and put aside.
func (a *adoption) sidecars(asset *photosdb.Asset, of photosdb.Role, picture *found) {
	for _, kind := range []sidecarKind{xmpSidecar, jsonSidecar} {
		if kind.extension == xmpSidecar.extension && a.plan.opt.NoSidecars || kind.extension == jsonSidecar.extension && !a.plan.opt.JSONSidecars {
			continue
		}
		name := naming.Sidecar(picture.path, kind.extension)
		f := a.byKey[naming.Key(name)]
		if f == nil || f.taken {
			continue
		}
		role := kind.original
		if of == photosdb.RoleEdited {
			role = kind.edited
		}
		content, err := kind.content(nil, asset, of)
		if err == nil && f.sum.String() == contentVersion(content) || a.ours(f.path, asset.UUID) {
			a.take(&Item{UUID: asset.UUID, Role: role, Path: f.path, Version: f.sum.String()}, f, "")
			continue
		}
		a.putAside(name)
	}
}

// ours reports whether photogo wrote a sidecar, in whatever release.
func (r *run) ours(name string, asset photosdb.UUID) bool {
	file, err := r.job.Dest.Open(name)
	if err != nil {
		return false
	}
	defer file.Close()
	head, err := io.ReadAll(io.LimitReader(file, 1<<10))
	return err == nil && (bytes.Contains(head, []byte(sidecar.Toolkit)) || bytes.HasPrefix(head, []byte(`{"uuid":"`+string(asset)+`"`)))
}

// putAside puts a file into quarantine that is in the way of one that photogo
// makes itself, from the same facts.
func (a *adoption) putAside(name string) {
	f := a.byKey[naming.Key(name)]
	if f == nil || f.taken || !a.replace {
		return
	}
	f.taken = true
	item := &Item{Path: f.path, Size: f.size, Reason: ReasonReplaced}
	aside, err := a.freeAside(f.path)
	if err == nil {
		err = a.job.Dest.Rename(f.path, aside)
	}
	if err != nil {
		a.report(Event{Item: item, Outcome: Failed, Err: fmt.Errorf("put %s aside: %w", f.path, err)})
		return
	}
	a.folders[path.Dir(f.path)], a.folders[path.Dir(aside)] = true, true
	a.report(Event{Item: item, Outcome: Removed, Entry: &manifest.Entry{Path: f.path, Size: f.size, Sum: f.sum}})
}
