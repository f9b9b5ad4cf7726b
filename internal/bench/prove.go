package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// limitProve is what proving an archive may cost, times what borg needs to read it and
// b3sum to hash what it holds.
const limitProve = 1.2

// prove measures how long it takes to read an archive back, and to compare every byte.
func (b *bench) prove(ctx context.Context, m maker) ([]result, error) {
	r := result{title: "Proving an archive"}
	for _, program := range []string{"borg", "b3sum"} {
		if _, err := exec.LookPath(program); err != nil {
			r.notes = []string{"Not measured: " + program + " is not installed here."}
			return []result{r}, nil
		}
	}
	l, err := b.make(ctx, m, "Prove", 300, "--file-size", "16M")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(l.path)
	to := b.fresh(l, "prove", 0)
	defer os.RemoveAll(filepath.Dir(to.dest))
	if _, _, err := b.runExport(ctx, l, to, "--sidecar", "none"); err != nil {
		return nil, err
	}
	repo, key := filepath.Join(b.dir, "repo"), filepath.Join(b.dir, "passphrase")
	defer os.RemoveAll(repo)
	if err := os.WriteFile(key, []byte("of this run alone\n"), 0o600); err != nil {
		return nil, err
	}
	archive := func(args ...string) *exec.Cmd {
		return b.program(ctx, to.home, append([]string{"archive"}, append(args, "--repo", repo, "--passphrase", "file:"+key)...)...)
	}
	for _, c := range []*exec.Cmd{archive("init"), archive("run", to.dest, "--name", "measured")} {
		if err := b.quietly(c); err != nil {
			return nil, err
		}
	}
	borg := func() *exec.Cmd {
		c := exec.CommandContext(ctx, "borg", "extract", "--dry-run", repo+"::measured")
		c.Env = append(os.Environ(), "BORG_BASE_DIR="+filepath.Join(b.dir, "borg"), "BORG_PASSCOMMAND=cat "+key)
		return c
	}
	hash := func() *exec.Cmd {
		c := exec.CommandContext(ctx, "b3sum", "--check", "--quiet", filepath.Join(".photogo", "manifest.b3"))
		c.Dir = to.dest
		return c
	}
	if err := b.quietly(borg()); err != nil { // its caches are there then
		return nil, err
	}
	files, bytes, err := count(to.dest)
	if err != nil {
		return nil, err
	}
	both := &contender{name: "`borg extract --dry-run`, then `b3sum --check` of the folder", files: files, bytes: bytes, run: func(int) (sample, error) {
		return b.time(ctx, borg(), hash())
	}}
	proven := &contender{name: "`photogo archive prove`", files: files, bytes: bytes, run: func(int) (sample, error) {
		return b.time(ctx, archive("prove", "measured"))
	}}
	if err := b.compete(b.runs, both, proven); err != nil {
		return nil, err
	}
	version, _ := exec.CommandContext(ctx, "borg", "--version").Output()
	got := proven.runs.median() / both.runs.median()
	r.contenders = []*contender{both, proven}
	r.verdicts = []verdict{{fmt.Sprintf("proving takes at most %.1f times as long as both", limitProve), fmt.Sprintf("%.2f times", got), got <= limitProve}}
	r.notes = []string{"Library: `" + l.describe + "`, exported without sidecars; the repository is encrypted (repokey) and on the same disk. " + strings.TrimSpace(string(version)) + "."}
	return []result{r}, nil
}
