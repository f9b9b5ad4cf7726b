package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
)

// result is one comparison, ready to be printed. The first contender is the one
// that the others are compared with.
type result struct {
	title      string
	contenders []*contender
	verdicts   []verdict
	notes      []string
}

// verdict says whether a limit that the project set itself was kept.
type verdict struct {
	limit string // what must hold
	got   string
	held  bool
}

// The limits of the project, for a library of 20,000 assets.
const (
	limitRatio  = 2.0         // first export with sidecars, times cp -a with its sync
	limitBare   = 1.3         // the same without sidecars
	limitPeak   = 200_000_000 // bytes of memory
	limitSecond = 2.0         // seconds, second export
)

// usualSidecar is how long a sidecar is, in bytes, where nobody wrote anything about a picture.
const usualSidecar = 1300

// measure measures many small files, as they are exported and listed.
func (b *bench) measure(ctx context.Context, m maker) ([]result, error) {
	many, err := b.make(ctx, m, "Many", b.assets)
	if err != nil {
		return nil, err
	}
	first, dests, err := b.firstExport(ctx, many)
	if err != nil {
		return nil, err
	}
	results := []result{first}
	for _, next := range []func() (result, error){
		func() (result, error) { return b.secondExport(ctx, many, dests) },
		func() (result, error) { return b.list(ctx, many) },
		func() (result, error) { return b.jobs(ctx, many, first.contenders[0]) },
	} {
		r, err := next()
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// exported is where a run of photogo put what, so that it can be run again.
type exported struct {
	home, dest string
}

// firstExport measures a copy of everything into a new folder. It leaves the
// exports with sidecars, and the copies, to the measure of the second run.
func (b *bench) firstExport(ctx context.Context, l library) (result, []exported, error) {
	if err := warm(ctx, l.path); err != nil {
		return result{}, nil, err
	}
	dests := make([]exported, b.runs)
	copied := &contender{name: copyName, files: l.files, bytes: l.bytes, run: func(run int) (sample, error) {
		return b.copyAll(ctx, l, b.copyOf(l, run))
	}}
	with := &contender{name: "photogo export, with XMP sidecars"}
	with.run = func(run int) (sample, error) {
		dests[run] = b.fresh(l, "sidecars", run)
		return b.export(ctx, with, l, dests[run])
	}
	without := &contender{name: "photogo export --sidecar none"}
	without.run = func(run int) (sample, error) {
		return b.export(ctx, without, l, b.fresh(l, "none", run), "--sidecar", "none")
	}
	self, err := os.Executable()
	if err != nil {
		return result{}, nil, err
	}
	least := func(name string, beside int) *contender {
		c := &contender{name: name, files: l.files, bytes: l.bytes}
		if beside > 0 {
			c.files, c.bytes = 2*l.files, l.bytes+int64(l.files*beside)
		}
		c.run = func(run int) (sample, error) {
			into := filepath.Join(b.dir, fmt.Sprintf("%s-placed-%d-%d", l.name(), beside, run))
			return b.time(ctx, exec.CommandContext(ctx, self, "-place", l.originals(), "-into", into, "-beside", strconv.Itoa(beside)))
		}
		return c
	}
	bare := least("the same files, as an export places them, and nothing else", 0)
	beside := least("the same files, each with a small one beside it, and nothing else", usualSidecar)
	if err := b.compete(b.runs, copied, bare, beside, with, without); err != nil {
		return result{}, nil, err
	}
	return result{
		title:      fmt.Sprintf("First export of %s assets", thousands(l.assets)),
		contenders: []*contender{copied, bare, beside, with, without},
		verdicts:   []verdict{ratioVerdict(with, copied, limitRatio), ratioVerdict(without, copied, limitBare), peakVerdict(with)},
		notes: []string{
			"Library: `" + l.describe + "`.",
			"cp copies the folder `originals` alone; photogo also reads the database and exports edited versions and their .AAE files, leaves out what is in the trash, hashes every byte twice (BLAKE3, Apple's fingerprint), writes the sidecars and a record of all files. Both end when everything is on the disk.",
			"The second and the third row are what no export can go below: the originals alone are read, hashed twice, written under temporary names, made durable a batch at a time and renamed, by four goroutines, in the third row with a file of 1,300 bytes beside each. They read no database, plan nothing, and keep no record.",
		},
	}, dests, nil
}

// secondExport measures a run that finds nothing to do.
func (b *bench) secondExport(ctx context.Context, l library, dests []exported) (result, error) {
	again := &contender{name: "photogo export, again"}
	again.run = func(run int) (sample, error) {
		s, summary, err := b.runExport(ctx, l, dests[run])
		if err == nil && (summary.Placed != 0 || summary.Unchanged == 0) {
			err = fmt.Errorf("the second run placed %d files and found %d unchanged", summary.Placed, summary.Unchanged)
		}
		again.files, again.bytes = summary.Unchanged, 0
		return s, err
	}
	look := &contender{name: "photogo export --report FILE.csv, which looks at every file"}
	look.run = func(run int) (sample, error) {
		s, summary, err := b.runExport(ctx, l, dests[run], "--report", filepath.Join(b.dir, fmt.Sprintf("report-%d.csv", run)))
		if err == nil && (summary.Placed != 0 || summary.Unchanged == 0) {
			err = fmt.Errorf("the look at every file placed %d files and found %d unchanged", summary.Placed, summary.Unchanged)
		}
		look.files = summary.Unchanged
		return s, err
	}
	contenders := []*contender{look, again}
	var notes []string
	if runtime.GOOS == "linux" { // elsewhere cp has no -u
		contenders = []*contender{{name: "`cp -a -u originals COPY`, again", files: l.files, run: func(run int) (sample, error) {
			return b.time(ctx, exec.CommandContext(ctx, "cp", "-a", "-u", l.originals(), b.copyOf(l, run)))
		}}, look, again}
		notes = append(notes, "cp -u compares times alone; photogo with a report compares the whole library with its record and looks at every file in the destination; without, it looks at the folders, and finds that neither they nor the database have changed.")
	}
	if err := b.compete(b.runs, contenders...); err != nil {
		return result{}, err
	}
	return result{
		title:      "Second export, nothing changed",
		contenders: contenders,
		verdicts:   []verdict{secondVerdict(again), secondVerdict(look), peakVerdict(look)},
		notes:      notes,
	}, nil
}

// list measures how long it takes to tell all that is known of all assets.
func (b *bench) list(ctx context.Context, l library) (result, error) {
	listed := &contender{name: "`photogo list assets --json > /dev/null`", run: func(int) (sample, error) {
		c := b.program(ctx, filepath.Join(b.dir, "list"), "list", "assets", "--json", "--library", l.path)
		return b.time(ctx, c) // without Stdout, exec gives it the null device
	}}
	contenders, notes := []*contender{listed}, []string(nil)
	if _, err := exec.LookPath("sqlite3"); err != nil {
		notes = append(notes, "sqlite3 is not installed here, so there is nothing to compare with.")
	} else {
		// immutable: without it sqlite3 would put files beside the database.
		db := url.URL{Scheme: "file", Path: l.database(), RawQuery: "immutable=1"}
		contenders = []*contender{{name: "`sqlite3 Photos.sqlite \"" + selectAll + "\" > /dev/null`", run: func(int) (sample, error) {
			return b.time(ctx, exec.CommandContext(ctx, "sqlite3", "-readonly", db.String(), selectAll))
		}}, listed}
		notes = append(notes, "sqlite3 prints the columns of two tables, as they are; photogo takes a private copy of the database first, joins some twenty tables, looks for every file in the library, and gives names, times and places their meaning.")
	}
	if err := b.compete(b.runs, contenders...); err != nil {
		return result{}, err
	}
	return result{title: fmt.Sprintf("The facts of %s assets", thousands(l.assets)), contenders: contenders, notes: notes}, nil
}

const selectAll = "select * from ZASSET a join ZADDITIONALASSETATTRIBUTES b on b.ZASSET=a.Z_PK"

// jobs measures the first export with more and fewer workers, once each, beside
// the copies that were measured before.
func (b *bench) jobs(ctx context.Context, l library, copied *contender) (result, error) {
	r := result{
		title:      "Workers",
		contenders: []*contender{copied},
		notes:      []string{"The first export with sidecars, one run of each; cp from the first table. 4 is the default."},
	}
	for _, n := range []int{1, 2, 4, 8} {
		jobs := strconv.Itoa(n)
		c := &contender{name: "photogo export --jobs " + jobs}
		c.run = func(run int) (sample, error) {
			return b.export(ctx, c, l, b.fresh(l, "jobs-"+jobs, run), "--jobs", jobs)
		}
		if err := b.compete(1, c); err != nil {
			return result{}, err
		}
		r.contenders = append(r.contenders, c)
	}
	return r, nil
}

// copyName is what copyAll does.
const copyName = "`cp -a originals COPY && sync -f COPY`"

// copyAll copies the originals as everybody can, and waits until they are on the
// disk. COPY does not exist before.
func (b *bench) copyAll(ctx context.Context, l library, to string) (sample, error) {
	durable := exec.CommandContext(ctx, "sync")
	if runtime.GOOS == "linux" {
		durable = exec.CommandContext(ctx, "sync", "-f", to)
	}
	return b.time(ctx, exec.CommandContext(ctx, "cp", "-a", l.originals(), to), durable)
}

// copyOf is the copy of a library in one run.
func (b *bench) copyOf(l library, run int) string {
	return filepath.Join(b.dir, fmt.Sprintf("%s-copy-%d", l.name(), run))
}

// fresh names a place for an export that knows of no other.
func (b *bench) fresh(l library, kind string, run int) exported {
	dir := filepath.Join(b.dir, fmt.Sprintf("%s-%s-%d", l.name(), kind, run))
	return exported{home: filepath.Join(dir, "home"), dest: filepath.Join(dir, "dest")}
}

// export measures a first export, and notes what it made.
func (b *bench) export(ctx context.Context, c *contender, l library, to exported, options ...string) (sample, error) {
	s, summary, err := b.runExport(ctx, l, to, options...)
	if err == nil && (summary.Placed == 0 || summary.Failed+summary.Altered > 0) {
		err = fmt.Errorf("the export placed %d files, %d failed, %d are altered", summary.Placed, summary.Failed, summary.Altered)
	}
	c.files, c.bytes = summary.Placed, summary.Bytes
	return s, err
}

// summary is the last line that photogo prints with --json.
type summary struct {
	Type                                      string
	Placed, Moved, Unchanged, Altered, Failed int
	Bytes                                     int64
}

func (b *bench) runExport(ctx context.Context, l library, to exported, options ...string) (s sample, sum summary, err error) {
	if err := os.MkdirAll(to.dest, 0o755); err != nil {
		return s, sum, err
	}
	c := b.program(ctx, to.home, append([]string{"export", to.dest, "--library", l.path, "--json"}, options...)...)
	var out, words bytes.Buffer
	c.Stdout, c.Stderr = &out, &words
	if s, err = b.time(ctx, c); err != nil {
		return s, sum, fmt.Errorf("%w\n%s", err, bytes.TrimSpace(words.Bytes()))
	}
	sum, err = lastSummary(out.Bytes())
	return s, sum, err
}

func lastSummary(out []byte) (s summary, err error) {
	out = bytes.TrimSpace(out)
	last := out[bytes.LastIndexByte(out, '\n')+1:]
	if err := json.Unmarshal(last, &s); err != nil || s.Type != "summary" {
		return s, fmt.Errorf("photogo's last line is no summary: %q", last)
	}
	return s, nil
}

// program is a photogo with a memory of its own.
func (b *bench) program(ctx context.Context, home string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, b.photogo, args...)
	c.Env = append(os.Environ(), "PHOTOGO_HOME="+home)
	return c
}

func ratioVerdict(c, than *contender, limit float64) verdict {
	got := c.runs.median() / than.runs.median()
	return verdict{fmt.Sprintf("%s takes at most %.1f times as long as cp", c.name, limit), fmt.Sprintf("%.2f times", got), got <= limit}
}

func peakVerdict(c *contender) verdict {
	got := c.runs.peak()
	return verdict{c.name + " needs at most 200 MB of memory", megabytes(got) + " MB", 0 < got && got <= limitPeak}
}

func secondVerdict(c *contender) verdict {
	got := c.runs.median()
	return verdict{fmt.Sprintf("%s takes at most %.0f s", c.name, limitSecond), fmt.Sprintf("%.2f s", got), got <= limitSecond}
}
