package photokit

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestTheHelperIsFound(t *testing.T) {
	t.Parallel()
	const inApp = "PhotogoHelper.app/Contents/MacOS/photogo-helper"
	for name, c := range map[string]struct {
		programs []string // that are there
		plain    []string // files that cannot be run
		link     string   // a link to bin/photogo
		path     string
		beside   string
		want     string // "": none
	}{
		"beside the binary":             {programs: []string{"bin/" + inApp}, beside: "bin/photogo", want: "bin/" + inApp},
		"in libexec":                    {programs: []string{"libexec/photogo-helper"}, beside: "bin/photogo", want: "libexec/photogo-helper"},
		"a bundle in libexec":           {programs: []string{"libexec/" + inApp}, beside: "bin/photogo", want: "libexec/" + inApp},
		"beside what a link leads to":   {programs: []string{"bin/" + inApp}, link: "local/photogo", beside: "local/photogo", want: "bin/" + inApp},
		"the one that is named":         {programs: []string{"bin/" + inApp, "other"}, path: "other", beside: "bin/photogo", want: "other"},
		"a bundle that is named":        {programs: []string{"x/" + inApp}, path: "x/PhotogoHelper.app", want: "x/" + inApp},
		"none":                          {beside: "bin/photogo"},
		"not the one that is named":     {programs: []string{"bin/" + inApp}, path: "other", beside: "bin/photogo"},
		"nothing that is no program":    {plain: []string{"bin/" + inApp}, beside: "bin/photogo"},
		"a program behind a plain file": {plain: []string{"bin/" + inApp}, programs: []string{"libexec/photogo-helper"}, beside: "bin/photogo", want: "libexec/photogo-helper"},
		"nowhere to look":               {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			at := func(s string) string {
				if s == "" {
					return ""
				}
				return filepath.Join(dir, s)
			}
			write := func(name string, mode os.FileMode) {
				if err := os.MkdirAll(filepath.Dir(at(name)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(at(name), nil, mode); err != nil {
					t.Fatal(err)
				}
			}
			write("bin/photogo", 0o755)
			for _, p := range c.programs {
				write(p, 0o755)
			}
			for _, p := range c.plain {
				write(p, 0o644)
			}
			if c.link != "" {
				if err := os.MkdirAll(filepath.Dir(at(c.link)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(at("bin/photogo"), at(c.link)); err != nil {
					t.Fatal(err)
				}
			}
			got, err := Find(at(c.path), at(c.beside))
			if got != at(c.want) || (err == nil) != (c.want != "") {
				t.Errorf("got %q, %v; want %q", got, err, at(c.want))
			}
			if err != nil && (!errors.Is(err, ErrNoHelper) || !errors.Is(err, ErrHelper)) {
				t.Errorf("%v is no ErrNoHelper", err)
			}
		})
	}
}
