package config

// Key describes one key of the file.
type Key struct {
	Name     string // "staging", "export.directory"
	Kind     string // what its value is, in words
	Default  string // as TOML; what holds where the file says nothing
	Doc      string // what it means, one or more sentences
	Required bool
}

// key binds a Key to its field of a Config.
type key struct {
	name, doc string
	setting   setting
	// checked is set where Options.Check has a word on texts that are not empty.
	checked bool
}

// keys lists every key, in the order of files and of docs/CONFIG.md.
func (c *Config) keys() []key {
	return []key{
		{"library", "The Photos library, something.photoslibrary. Empty: the system's.", path{&c.Library}, false},
		{"name", "What the names of archives begin with: NAME-2025-05. Empty: made from the library's name. It must not change, once there are archives.", label{&c.Name}, false},
		{"staging", "The folder that pictures are exported into, and wait in until they are in a proven archive. It has to be on a disk of this machine.", path{&c.Staging}, false},

		{"export.directory", "Template of the folders.", text{&c.Export.Directory}, true},
		{"export.filename", "Template of the names without extension.", text{&c.Export.Filename}, true},
		{"export.sidecar", "Kinds of sidecars that are written beside each picture. [] writes none.", choices{&c.Export.Sidecar, []string{"xmp", "json"}}, false},
		{"export.skip", "What is left out. Left out is not backed up.", choices{&c.Export.Skip, []string{"edited", "live", "raw", "bursts", "aae"}}, false},
		{"export.download_missing", "Ask Photos for originals that are only in iCloud.", boolean{&c.Export.DownloadMissing}, false},
		{"export.include_referenced", "Files that were left outside the library, too.", boolean{&c.Export.IncludeReferenced}, false},
		{"export.portable_names", "Names that Windows, SMB and exFAT can hold.", boolean{&c.Export.PortableNames}, false},
		{"export.jobs", "How many files are copied at a time.", integer{&c.Export.Jobs, 1, 64}, false},

		{"download.helper", "The program that asks Photos. Empty: the one that comes with photogo.", path{&c.Download.Helper}, false},
		{"download.reserve", "What downloads leave free on the disk: a size, a part of the disk such as \"10%\", or the smaller of both. \"0\": they may fill it.", reserve{&c.Download.Reserve}, false},
		{"download.max_assets", "How many pictures one cycle fetches at most. 0: no limit.", integer{&c.Download.MaxAssets, 0, 1e9}, false},
		{"download.max_bytes", "How much one cycle fetches at most. \"0\": no limit.", size{&c.Download.MaxBytes}, false},
		{"download.max_minutes", "How many minutes one cycle fetches at most. 0: no limit.", integer{&c.Download.MaxMinutes, 0, 1e6}, false},
		{"download.at_once", "How many files are asked for at a time.", integer{&c.Download.AtOnce, 1, 8}, false},

		{"vault.host", "The machine that keeps the encrypted mirror. Empty: no mirror.", word{&c.Vault.Host}, false},
		{"vault.user", "The user there. Empty: what ssh's configuration says.", word{&c.Vault.User}, false},
		{"vault.port", "The port of ssh. 0: what ssh's configuration says, or 22.", integer{&c.Vault.Port, 0, 65535}, false},
		{"vault.dir", "The folder there that gocryptfs keeps the encrypted files in.", text{&c.Vault.Dir}, false},
		{"vault.identity", "The private key. Empty: what ssh finds, and ssh-agent.", path{&c.Vault.Identity}, false},
		{"vault.known_hosts", "The file with the keys of known machines. Empty: the user's.", path{&c.Vault.KnownHosts}, false},
		{"vault.ssh_config", "A configuration of ssh that is read, too. Empty: ~/.ssh/config.", path{&c.Vault.SSHConfig}, false},
		{"vault.passphrase", "Where the passphrase of the vault is kept, never the passphrase itself.", source{&c.Vault.Passphrase}, true},

		{"archive.repository", "The borg repository: /PATH, ssh://USER@HOST[:PORT]/PATH or USER@HOST:PATH. Empty: no archives, and nothing ever leaves the staging folder.", place{&c.Archive.Repository}, true},
		{"archive.passphrase", "Where the passphrase of the repository is kept, never the passphrase itself.", source{&c.Archive.Passphrase}, true},
		{"archive.period", "What one archive holds.", period{&c.Archive.Period}, false},
		{"archive.budget", "How much may wait in the staging folder until an archive is made early, for small disks. \"0\": no limit.", size{&c.Archive.Budget}, false},
		{"archive.compression", "How borg compresses: none, lz4, zstd,3. Pictures are compressed already.", text{&c.Archive.Compression}, true},
		{"archive.borg", "The borg to run. Empty: the one in PATH.", place{&c.Archive.Borg}, false},
		{"archive.remote_borg", "The borg to run on the other machine. Empty: the one there.", text{&c.Archive.RemoteBorg}, false},
		{"archive.identity", "As in [vault].", path{&c.Archive.Identity}, false},
		{"archive.known_hosts", "As in [vault].", path{&c.Archive.KnownHosts}, false},
		{"archive.ssh_config", "As in [vault].", path{&c.Archive.SSHConfig}, false},
		{"archive.port", "As in [vault].", integer{&c.Archive.Port, 0, 65535}, false},

		{"notify.after_days", "After how many days without a completed cycle you are told. 0: never.", integer{&c.Notify.AfterDays, 0, 3650}, false},
		{"notify.command", "A program and its arguments that tell you, in place of the system's notifications. It finds the words on its stdin and in PHOTOGO_TITLE and PHOTOGO_TEXT. No shell sees them.", list{&c.Notify.Command}, false},

		{"log.file", "The log of unattended runs. Empty: ~/Library/Logs/photogo/photogo.log on macOS, else photogo.log in the state folder.", path{&c.Log.File}, false},
		{"log.max_size", "The size at which a new log is begun.", size{&c.Log.MaxSize}, false},
		{"log.keep", "How many older logs are kept.", integer{&c.Log.Keep, 0, 100}, false},
	}
}

// Keys describes all keys, in the order in which Write writes them.
func Keys() []Key {
	c := Default()
	all := make([]Key, 0, 50)
	for _, k := range c.keys() {
		all = append(all, Key{Name: k.name, Kind: k.setting.kind(), Default: k.setting.toml(), Doc: k.doc, Required: k.name == "staging"})
	}
	return all
}

// Value is the value of one key.
type Value struct {
	Key  string
	Text string // as TOML
	JSON any    // as encoding/json writes it
	Line int    // of the file; 0: it is the default
}

// Values returns the values of all keys, fit to be shown: of commands, which may
// hold what others must not see, there is only the program.
func (c Config) Values() []Value {
	all := make([]Value, 0, 50)
	for _, k := range c.keys() {
		s := k.setting
		if h, ok := s.(interface{ shown() setting }); ok {
			s = h.shown()
		}
		all = append(all, Value{k.name, s.toml(), s.json(), c.lines[k.name]})
	}
	return all
}
