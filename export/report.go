package export

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/photogo/photogo/internal/safefile"
	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/photosdb"
)

// Row is what a report tells of one file.
type Row struct {
	UUID   photosdb.UUID  `json:"uuid"`
	Role   photosdb.Role  `json:"role"`
	Path   string         `json:"path"`    // relative to the destination
	Source string         `json:"source"`  // relative to the library, absolute for referenced files, "" for sidecars
	Action Outcome        `json:"outcome"` // what became of the file
	Reason string         `json:"reason"`  // why
	Size   int64          `json:"size"`    // bytes
	BLAKE3 string         `json:"blake3"`  // hexadecimal
	Proof  manifest.Proof `json:"proof"`
	Error  string         `json:"error"`
	Fetch  FetchState     `json:"fetch"` // what became of a file that was to be fetched from iCloud; "" for all others
}

// NewRow describes an event.
func NewRow(e Event) Row {
	row := Row{UUID: e.Item.UUID, Role: e.Item.Role, Path: e.Item.Path, Action: e.Outcome, Reason: e.Item.Reason, Size: e.Item.Size, Fetch: e.Fetch}
	if s := e.Item.Source; s != nil {
		if row.Source = s.Path; s.Reference != nil {
			row.Source = s.Reference.Path
		}
	}
	if e.Entry != nil {
		row.Size, row.Proof = e.Entry.Size, e.Entry.Proof
		if e.Entry.Sum != (manifest.Sum{}) { // a dry run reads no bytes
			row.BLAKE3 = e.Entry.Sum.String()
		}
	}
	if e.Err != nil {
		row.Error = e.Err.Error()
	}
	return row
}

// Report writes one row a file into a CSV or JSON file, which appears whole
// when the report is closed.
type Report struct {
	write func(Row) error
	done  chan error
	pipe  *io.PipeWriter
	dir   *safefile.Dir
}

// NewReport starts a report; the name ends in .csv or .json. JSON is an array
// of rows. A library is no place for it.
func NewReport(name string) (*Report, error) {
	ext := strings.ToLower(filepath.Ext(name))
	if ext != ".csv" && ext != ".json" {
		return nil, fmt.Errorf("report %s: the name must end in .csv or .json", name)
	}
	folder, err := resolve(filepath.Dir(name))
	if err == nil {
		err = inNoLibrary(folder)
	}
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	dir, err := safefile.OpenDir(folder)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	in, out := io.Pipe()
	r := &Report{done: make(chan error, 1), pipe: out, dir: dir}
	go func() {
		err := safefile.Write(dir, filepath.Base(name), func(w io.Writer) error {
			_, err := io.Copy(w, in)
			return err
		})
		in.CloseWithError(errors.Join(err, os.ErrClosed))
		r.done <- err
	}()
	if ext == ".csv" {
		r.write = csvWriter(out)
	} else {
		r.write = jsonWriter(out)
	}
	return r, nil
}

// Add adds a row.
func (r *Report) Add(e Event) error { return r.write(NewRow(e)) }

// Close finishes the report and gives it its name.
func (r *Report) Close() error {
	err := r.write(Row{})
	r.pipe.CloseWithError(err)
	return errors.Join(err, <-r.done, r.dir.Close())
}

// The writers take an empty row as the end.

func csvWriter(w io.Writer) func(Row) error {
	c := csv.NewWriter(w)
	c.Write([]string{"uuid", "role", "path", "source", "outcome", "reason", "size", "blake3", "proof", "error", "fetch"})
	return func(r Row) error {
		if r == (Row{}) {
			c.Flush()
			return c.Error()
		}
		return c.Write([]string{string(r.UUID), string(r.Role), r.Path, r.Source, string(r.Action), r.Reason,
			strconv.FormatInt(r.Size, 10), r.BLAKE3, string(r.Proof), r.Error, string(r.Fetch)})
	}
}

func jsonWriter(w io.Writer) func(Row) error {
	before := "[\n"
	return func(r Row) error {
		if r == (Row{}) {
			if before == "[\n" {
				before = "[]\n"
			} else {
				before = "\n]\n"
			}
			_, err := io.WriteString(w, before)
			return err
		}
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, before+string(line))
		before = ",\n"
		return err
	}
}
