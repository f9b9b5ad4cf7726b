package main

import (
	"errors"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/photogo/photogo/config"
	"github.com/photogo/photogo/export"
	"github.com/photogo/photogo/photokit"
)

// downloadFlags say how what is only in iCloud is fetched.
func downloadFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "download-missing", Usage: "fetch what is only in iCloud, through Photos (the system's library alone)"},
		&cli.StringFlag{Name: "helper", TakesFile: true, Usage: "the `PROGRAM` that asks Photos (default: the one that lies beside photogo)"},
		&cli.StringFlag{Name: "reserve", Value: config.Default().Download.Reserve.String(), Usage: "what downloads leave free on each disk: a `SIZE`, a part such as 10%, or the smaller of both"},
		&cli.IntFlag{Name: "max-assets", Usage: "fetch files of `N` assets at most"},
		&cli.StringFlag{Name: "max-bytes", Usage: "fetch so much at most, a `SIZE` such as 50GB"},
		&cli.IntFlag{Name: "max-minutes", Usage: "ask for nothing more after `N` minutes"},
		&cli.IntFlag{Name: "at-once", Value: config.Default().Download.AtOnce, Usage: "ask for `N` files at a time, 1 to 8"},
		&cli.BoolFlag{Name: "try-parked", Usage: "ask again for what Photos did not deliver lately"},
		&cli.BoolFlag{Name: "use-photokit", Hidden: true}, // osxphotos' word for the only way that there is here
	}
}

// downloads reads the flags; nil where nothing is to be fetched.
func (e environment) downloads(c *cli.Context, state string) (*export.DownloadOptions, error) {
	d := config.Default().Download
	d.Helper, d.MaxAssets, d.MaxMinutes, d.AtOnce = c.String("helper"), c.Int("max-assets"), c.Int("max-minutes"), c.Int("at-once")
	var err error
	if d.Reserve, err = config.ParseReserve(c.String("reserve")); err != nil {
		return nil, usagef("--reserve: %w", err)
	}
	if text := c.String("max-bytes"); text != "" {
		if d.MaxBytes, err = config.ParseSize(text); err != nil {
			return nil, usagef("--max-bytes: %w", err)
		}
	}
	switch {
	case d.AtOnce < 1 || d.AtOnce > 8:
		return nil, usagef("--at-once %d: from 1 to 8 files can be asked for at a time", d.AtOnce)
	case d.MaxAssets < 0 || d.MaxMinutes < 0:
		return nil, usagef("a limit is a number from 0, which is none")
	case !c.Bool("download-missing"):
		return nil, nil
	}
	opt := e.downloadOptions(d, state, e.libraryPath(c))
	opt.Photos.TryParked = c.Bool("try-parked")
	return &opt, nil
}

// downloadOptions is the section [download] of a configuration in the words of export.
func (e environment) downloadOptions(d config.Download, state, library string) export.DownloadOptions {
	reserve := photokit.Reserve{Bytes: int64(d.Reserve.Bytes), Percent: d.Reserve.Percent}
	if d.Reserve == (config.Reserve{}) {
		reserve.Bytes = -1 // "0": not guarded
	}
	return export.DownloadOptions{
		Helper: d.Helper, Program: e.program, State: state, Library: library,
		Photos: photokit.Options{
			Jobs: d.AtOnce, Reserve: reserve, Now: e.now, Ask: e.terminal,
			Budget: photokit.Budget{Assets: d.MaxAssets, Bytes: int64(d.MaxBytes), Time: time.Duration(d.MaxMinutes) * time.Minute},
		},
	}
}

// fetching is what a job needs to fetch; both are nil where nothing is to be.
func fetching(p *printer, dest *export.Destination, opt *export.DownloadOptions) (*export.Downloads, *export.Fetching) {
	if opt == nil {
		return nil, nil
	}
	o := *opt
	o.Progress = p.fetching
	d := export.NewDownloads(dest, o)
	return d, d.Fetching()
}

// isUnavailable reports whether an error is one that has exit code 16.
func isUnavailable(err error) bool { return exitCode(err) == exitCloud }

// endDownloads closes what fetched with opt and says whether it could not. d may be nil.
func endDownloads(p *printer, d *export.Downloads, opt *export.DownloadOptions, s export.Summary, failed error) error {
	if d == nil {
		return failed
	}
	err := errors.Join(failed, d.Close())
	why := d.Err()
	if why == nil {
		return err
	}
	p.warn(jsonWarning{Type: "warning", Code: "icloud", Message: "iCloud: " + why.Error()})
	if hint := hintOf(why); hint != "" && !p.quiet {
		p.line("%s", hint)
	}
	// Where there simply is no helper, as on Linux, what it would fetch is missing.
	none := opt.Helper == "" && errors.Is(why, photokit.ErrNoHelper)
	if err == nil && isUnavailable(why) && !none && !s.Complete() {
		p.unavailable = told{why} // iCloud, or the way to it, is of no use now
	}
	return err
}
