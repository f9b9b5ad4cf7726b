package photosdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/photogo/photogo/internal/fixture"
)

// silent are the columns whose absence loses nothing that a warning could speak of.
var silent = []string{
	"ZINTERNALRESOURCE.ZTRASHEDSTATE",           // files that Photos is about to delete are told, too
	"Z_PRIMARYKEY.Z_ENT", "Z_PRIMARYKEY.Z_NAME", // joins are found by their shape
}

// In each generation every table and column may go, one at a time: either the library is
// refused by the name of what is missing, or all assets are read, and where a fact has
// gone with it a warning tells so.
func TestAnythingMayGo(t *testing.T) {
	generations := fixture.Generations()
	step := len(generations) // each column goes in one of them, and each in some
	if testing.Short() || raceEnabled {
		step = 15 * len(generations)
	}
	at := 0
	for _, g := range generations {
		lib := build(t, fixture.Options{Generation: g})
		intact, known, err := everything(t, cloneDatabase(t, lib.Path))
		if err != nil {
			t.Fatal(err)
		}
		tables := strings.Split(ask(t, lib.Path, "SELECT group_concat(name) FROM sqlite_master WHERE type = 'table' AND name GLOB '[ZA]*'"), ",")
		for _, table := range tables {
			names := []string{table}
			for _, column := range strings.Split(ask(t, lib.Path, "SELECT group_concat(name) FROM pragma_table_info('"+table+"')"), ",") {
				names = append(names, table+"."+column)
			}
			for _, name := range names {
				if at++; at%step != 0 {
					continue
				}
				t.Run(g.Name+" "+name, func(t *testing.T) {
					path := cloneDatabase(t, lib.Path)
					column, isColumn := strings.CutPrefix(name, table+".")
					if isColumn {
						edit(t, path, "ALTER TABLE "+table+" RENAME COLUMN "+column+" TO ZELSEWHERE")
					} else {
						edit(t, path, "DROP TABLE "+table)
					}
					assets, warnings, err := everything(t, path)
					if err != nil {
						if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), column) {
							t.Errorf("%v does not name it", err)
						}
						return
					}
					if len(assets) != len(intact) {
						t.Errorf("%d assets, want %d", len(assets), len(intact))
					}
					var lost []string
					for uuid, a := range assets {
						lost = append(lost, differences(*intact[uuid], *a)...)
						lost = append(lost, differences(*intact[uuid].Details, *a.Details)...)
					}
					slices.Sort(lost)
					lost = slices.Compact(lost)
					if new := len(warnings) - len(known); new == 0 && len(lost) > 0 && !slices.Contains(silent, name) {
						t.Errorf("no warning, and %v differ", lost)
					} else if new > 2 { // albums and import sessions are in one table
						t.Errorf("warnings %q", warnings)
					}
				})
			}
		}
	}
}

// everything reads all assets with all details, their warnings, and then each list.
func everything(t *testing.T, path string) (all map[UUID]*Asset, warnings []string, err error) {
	t.Helper()
	ctx := context.Background()
	l, err := Open(ctx, path, Options{TempDir: t.TempDir()})
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	all = map[UUID]*Asset{}
	for a, err := range l.Assets(ctx, Query{Include: IncludeAll}) {
		if err != nil {
			return nil, nil, err
		}
		all[a.UUID] = a
	}
	warnings = l.Warnings()
	var errs []error
	for name, read := range map[string]func() error{
		"albums":   func() error { _, err := l.Albums(ctx); return err },
		"folders":  func() error { _, err := l.Folders(ctx); return err },
		"persons":  func() error { _, err := l.Persons(ctx); return err },
		"keywords": func() error { _, err := l.Keywords(ctx); return err },
		"places":   func() error { _, err := l.Places(ctx); return err },
		"imports":  func() error { _, err := l.Imports(ctx); return err },
		"moments":  func() error { _, err := l.Moments(ctx); return err },
		"shares":   func() error { _, err := l.Shares(ctx); return err },
		"roles":    func() error { _, err := l.Roles(ctx); return err },
		"info":     func() error { _, err := l.Info(ctx); return err },
		"changes":  func() error { _, err := l.Changes(ctx, nil); return err },
	} {
		if err := read(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return all, warnings, errors.Join(errs...)
}
