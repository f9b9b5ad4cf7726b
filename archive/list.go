package archive

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Archive is an archive in the repository.
type Archive struct {
	Name    string
	ID      string    // 64 hexadecimal digits; another archive of the same name has another
	Start   time.Time // UTC, to the second; zero where borg tells none
	Comment string
	Host    string // the machine that made it
	// Checkpoint tells an archive that was not finished. It is no archive to rely
	// on; a later borg of the same name does not need it.
	Checkpoint bool
}

// List returns the archives of the repository, those that were not finished,
// too, in borg's order: oldest first.
func (r *Repo) List(ctx context.Context) ([]Archive, error) {
	l := &log{}
	// The format decides which keys there are.
	out, err := r.run(ctx, "list the archives", l, r.borg(l, "list", "--json", "--consider-checkpoints", "--format", "{name}{id}{start}{comment}{hostname}"))
	if err != nil {
		return nil, err
	}
	var j struct {
		Archives []struct {
			Name, ID, Start, Comment, Hostname string
		}
	}
	if err := json.Unmarshal(out, &j); err != nil {
		return nil, fmt.Errorf("list the archives: read borg's answer: %w", err)
	}
	list := make([]Archive, 0, len(j.Archives))
	for _, a := range j.Archives {
		list = append(list, Archive{a.Name, a.ID, parseTime(a.Start), a.Comment, a.Hostname, checkpoint.MatchString(a.Name)})
	}
	return list, nil
}

// find returns an archive by name. Errors: ErrNoArchive.
func (r *Repo) find(ctx context.Context, name string) (Archive, error) {
	list, err := r.List(ctx)
	if err != nil {
		return Archive{}, err
	}
	for _, a := range list {
		if a.Name == name {
			return a, nil
		}
	}
	return Archive{}, fmt.Errorf("%w: %q", ErrNoArchive, name)
}

// CheckOptions say what Check looks at.
type CheckOptions struct {
	Data     bool           // every byte, which takes as long as reading all archives; otherwise their structure
	Progress func(Progress) // may be nil
}

// Check lets borg look for damage in the repository. That it finds none does not
// prove an archive: content that was replaced by a repair passes. Errors:
// ErrDamaged.
func (r *Repo) Check(ctx context.Context, o CheckOptions) error {
	args := []string{"check"}
	if o.Data {
		args = append(args, "--verify-data")
	}
	l := &log{progress: o.Progress}
	_, err := r.run(ctx, "check the repository", l, r.borg(l, args...))
	if e, ok := err.(*Error); ok && e.Err == ErrIncomplete {
		e.Err = ErrDamaged // a check that ends with a warning has found something
	}
	return err
}
