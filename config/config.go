package config

// Config is what a configuration file says, with defaults where it says nothing.
// Default returns the defaults, Load reads a file. Paths are absolute: ~ has been
// replaced.
type Config struct {
	Library string // absolute path of the Photos library; Load never leaves it ""
	Name    string // beginning of the names of archives; "": see Prefix
	Staging string // absolute path of the folder that pictures are exported into; never ""

	Export   Export
	Download Download
	Vault    Vault
	Archive  Archive
	Notify   Notify
	Log      Log

	lines map[string]int // of the keys that the file has
}

// Export says how pictures get into the staging folder.
type Export struct {
	Directory string   // template of the folders; default "{created.year}/{created.mm}/{created.dd}"
	Filename  string   // template of the names without extension; default "{original_name}"
	Sidecar   []string // of "xmp" and "json"; empty: none. Default: xmp
	Skip      []string // of "edited", "live", "raw", "bursts" and "aae". Default: none

	DownloadMissing   bool // ask Photos for what is only in iCloud; default true
	IncludeReferenced bool // files that were left outside the library, too; default false
	PortableNames     bool // names that Windows, SMB and exFAT can hold; default false
	Jobs              int  // files copied at a time, 1 to 64; default 4
}

// Download says how much may be fetched from iCloud. A limit of 0 is none.
type Download struct {
	Helper     string  // absolute path of the helper program; "": the one that comes with photogo
	Reserve    Reserve // what stays free on the disk; default 10 GB, or 10 % where that is less
	MaxAssets  int     // assets a cycle; default 0
	MaxBytes   Size    // bytes a cycle; default 0
	MaxMinutes int     // minutes a cycle; default 0
	AtOnce     int     // files at a time, 1 to 8; default 3
}

// Vault is the encrypted mirror on another machine. Without Host there is none.
type Vault struct {
	Host, User string // User "": ssh's choice
	Port       int    // 0: what SSHConfig says, or 22
	Dir        string // the folder on the other machine: a whole path, or below the user's home
	Identity   string // absolute path of the private key; "": what ssh finds, and the agent
	KnownHosts string // absolute path; "": the user's and the system's
	SSHConfig  string // absolute path; "": none
	Passphrase string // where it is kept, as package secret parses it
}

// Archive is the borg repository. Without Repository there is none.
type Archive struct {
	Repository  string // as package archive takes it
	Passphrase  string // where it is kept, as package secret parses it
	Period      Period // what one archive holds; default Month
	Budget      Size   // bytes that the staging folder may hold until an archive is made early; default 0: no limit
	Compression string // as borg writes it; default "none", as pictures are compressed already
	Borg        string // program; "": the one in PATH
	RemoteBorg  string // program on the other machine; "": the one there
	Identity    string // as in Vault
	KnownHosts  string // as in Vault
	SSHConfig   string // as in Vault
	Port        int    // as in Vault
}

// Notify says when a person is told that something is wrong.
type Notify struct {
	AfterDays int      // days without a completed cycle; default 7; 0: never
	Command   []string // program and arguments that tell; empty: the system's notifications
}

// Log is the log file of unattended runs.
type Log struct {
	File    string // absolute path; "": the usual place, which the command knows
	MaxSize Size   // bytes after which a new file is begun; default 10 MB
	Keep    int    // older files that are kept, 0 to 100; default 5
}

// Default returns the configuration of an empty file. It lacks Library and Staging.
func Default() Config {
	return Config{
		Export: Export{
			Directory: "{created.year}/{created.mm}/{created.dd}", Filename: "{original_name}",
			Sidecar: []string{"xmp"}, Skip: []string{}, DownloadMissing: true, Jobs: 4,
		},
		Download: Download{Reserve: Reserve{Bytes: 10e9, Percent: 10}, AtOnce: 3},
		Archive:  Archive{Period: Month, Compression: "none"},
		Notify:   Notify{AfterDays: 7, Command: []string{}},
		Log:      Log{MaxSize: 10e6, Keep: 5},
	}
}

// Has reports whether the file says something of a key.
func (c Config) Has(key string) bool { return c.lines[key] > 0 }

// Prefix returns the beginning of the names of archives: Name, or else the name of
// the library in letters that are safe everywhere, or else "photos".
func (c Config) Prefix() string {
	if c.Name != "" {
		return c.Name
	}
	if name := safeName(c.Library); name != "" {
		return name
	}
	return "photos"
}
