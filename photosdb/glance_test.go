package photosdb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/photogo/photogo/internal/fixture"
)

func TestAGlanceIsWhatTheLibraryTells(t *testing.T) {
	ctx := context.Background()
	for _, name := range []string{"5", "8", "27"} {
		path := build(t, fixture.Options{Generation: generation(t, name), Assets: 3}).Path
		settle(t, path)
		l, err := Open(ctx, path, Options{TempDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		info, err := l.Info(ctx)
		if err != nil {
			t.Fatal(err)
		}
		trashed := map[UUID]bool{}
		for a, err := range l.Assets(ctx, Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			trashed[a.UUID] = a.Flags.Trashed
		}
		l.Close()
		g, err := GlanceAt(ctx, path, 5)
		if err != nil {
			t.Fatal(err)
		}
		if g.UUID != info.UUID || g.Photos != info.Photos || g.MacOS != info.MacOS || g.ModelVersion != info.ModelVersion || g.Assets != info.Assets || len(g.Sample) != 5 {
			t.Errorf("Photos %s: %+v, the library tells %+v", name, g, info)
		}
		for _, u := range g.Sample {
			if in, ok := trashed[u]; !ok || in {
				t.Errorf("Photos %s: %s is in the trash, or nowhere", name, u)
			}
		}
	}
}

func TestAGlanceAtWhatCannotBeRead(t *testing.T) {
	if _, err := GlanceAt(context.Background(), t.TempDir(), 1); !errors.Is(err, ErrNotLibrary) {
		t.Error(err)
	}
	path := build(t, fixture.Options{}).Path
	if err := os.Truncate(filepath.Join(path, databasePath), 5000); err != nil {
		t.Fatal(err)
	}
	settle(t, path)
	if _, err := GlanceAt(context.Background(), path, 1); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
}
