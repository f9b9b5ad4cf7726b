package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/photogo/photogo/internal/command"
	"github.com/photogo/photogo/mount"
)

// vault is the mounted vault as the steps use it: through workers alone.
type vault struct {
	mounted *mount.Mounted
	worker  []string // program and arguments
	env     []string
	silence time.Duration // how long a worker may say nothing
}

// A batch is done by one worker. What it did is believed, and recorded, when the
// vault has proven itself once more.
const (
	opsFiles = 256
	opsBytes = 256 << 20
)

// do lets a worker do a batch, and returns what became of each op. After an error
// nothing of the batch is to be believed. Errors: mount.ErrDead and the like; see
// mount.Mounted.Check.
func (v *vault) do(ctx context.Context, batch []op) ([]result, error) {
	if err := v.mounted.Check(ctx); err != nil {
		return nil, err
	}
	var in bytes.Buffer
	lines := json.NewEncoder(&in)
	if err := lines.Encode(hello{v.mounted.Path(), v.mounted.Sentinel()}); err != nil {
		return nil, err
	}
	for _, o := range batch {
		if err := lines.Encode(o); err != nil {
			return nil, err
		}
	}
	var results []result
	out := &command.Lines{Max: 64 << 10, Line: func(line []byte) error {
		var r result
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("the worker's words: %w", err)
		}
		if !r.Beat {
			results = append(results, r)
		}
		return nil
	}}
	cmd := command.Cmd{
		Name: v.worker[0], Args: v.worker[1:], Env: command.Environment(v.env), Stdin: &in, Stdout: out,
		Silence: v.silence, Grace: time.Second,
	}
	err := cmd.Run(ctx)
	if err == nil {
		err = out.Flush()
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	// A mount that is gone is the better reason.
	if dead := v.mounted.Check(ctx); dead != nil {
		return nil, errors.Join(dead, err)
	}
	switch {
	case err != nil && len(results) > 0 && results[len(results)-1].Outcome == full:
		return nil, fmt.Errorf("%w: %w", ErrFull, err)
	case err != nil && len(results) > 0 && results[len(results)-1].Outcome == broken:
		return nil, fmt.Errorf("%w: a folder of it has lost its gocryptfs.diriv, which its names are encrypted with: %w", ErrVault, err)
	case errors.Is(err, command.ErrSilent), errors.Is(err, command.ErrStuck):
		return nil, fmt.Errorf("%w: %w", mount.ErrDead, err)
	case err != nil:
		return nil, fmt.Errorf("work in the vault: %w", err)
	case len(results) != len(batch):
		return nil, fmt.Errorf("work in the vault: the worker told of %d of %d files", len(results), len(batch))
	}
	for i, r := range results {
		if r.Path != batch[i].Path {
			return nil, fmt.Errorf("work in the vault: the worker told of %q instead of %q", r.Path, batch[i].Path)
		}
	}
	return results, nil
}
