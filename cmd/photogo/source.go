package main

import (
	"fmt"
	"strings"

	"github.com/photogo/photogo/config"
	"github.com/photogo/photogo/export"
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photokit"
	"github.com/photogo/photogo/source"
)

// canDownload reports whether there is a helper, or somebody said that there should be
// one. Otherwise what is only in iCloud is told as missing, and nothing more is said.
func (e environment) canDownload(cfg config.Config) bool {
	_, err := photokit.Find(cfg.Download.Helper, e.program)
	return err == nil || cfg.Download.Helper != "" || cfg.Has("export.download_missing")
}

// librarySource is the library as the configuration wants it exported.
func (e environment) librarySource(cfg config.Config, state string, p *syncPrinter) (*source.Library, error) {
	x := cfg.Export
	opt := export.Options{
		Details: export.DetailsOf, Portable: x.PortableNames, IncludeReferenced: x.IncludeReferenced, NoSidecars: true,
	}
	var err error
	if opt.Directory, err = naming.Parse(x.Directory); err != nil {
		return nil, usagef("export.directory: %w", err)
	}
	if opt.Filename, err = naming.Parse(x.Filename); err != nil {
		return nil, usagef("export.filename: %w", err)
	}
	if len(x.Sidecar) > 0 {
		if err := sidecars(x.Sidecar, &opt); err != nil {
			return nil, err
		}
	}
	for _, what := range x.Skip {
		switch what {
		case "edited":
			opt.Skip.Edited = true
		case "live":
			opt.Skip.Live = true
		case "raw":
			opt.Skip.Raw = true
		case "bursts":
			opt.Skip.Bursts = true
		case "aae":
			opt.Skip.AAE = true
		default:
			return nil, usagef("export.skip: %q cannot be left out", what)
		}
	}
	if err := opt.Check(); err != nil {
		return nil, err
	}
	v, commit := builtFrom()
	wish := []string{"sync", v, commit, cfg.Library}
	for _, value := range []any{x.Directory, x.Filename, x.Sidecar, x.Skip, x.IncludeReferenced, x.PortableNames} {
		wish = append(wish, fmt.Sprint(value))
	}
	var download *export.DownloadOptions
	if x.DownloadMissing && e.canDownload(cfg) {
		d := e.downloadOptions(cfg.Download, state, cfg.Library)
		d.Photos.Ask = d.Photos.Ask && !p.agent
		download = &d
	}
	wish = append(wish, fmt.Sprint(download != nil))
	return &source.Library{
		Path: cfg.Library, State: state, Staging: cfg.Staging, Options: opt, Workers: x.Jobs, Download: download,
		Wish: strings.Join(wish, "\n"), Now: e.now, Event: p.file, Warn: p.warn,
	}, nil
}
