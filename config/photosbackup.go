package config

import (
	"fmt"
)

// FromPhotosBackup reads photos_backup.conf, the configuration of the shell
// scripts apple_photos_backup, without running it. Notes say what became of keys
// that have no counterpart, and what is different from now on. Errors:
// ErrInvalid, which is an *Error.
//
// The scripts' date_threshold is not taken over. It is a window on dates, which
// never sees a picture that comes late; photogo asks instead what is not in a
// proven archive yet, and begins with everything.
func FromPhotosBackup(file string, data []byte, opt Options) (c Config, notes []string, err error) {
	c = Default()
	c.lines = map[string]int{}
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if len(data) > maxFile {
		return c, nil, &Error{file, []Problem{{Message: "it is larger than 64 KiB"}}}
	}
	list, problems := parseShell(data, opt.Home)
	r := reader{known: map[string]key{}, opt: opt}
	for _, k := range c.keys() {
		r.known[k.name] = k
	}
	exported := assignment{}
	for _, a := range list {
		key, value := counterparts[a.key], a.value
		switch {
		case key != "" && value == "":
			note("line %d: %s is empty, and %s is left as it is.", a.line, a.key, key)
			continue
		case a.key == "LOCAL_EXPORT_DIR" || a.key == "EXPORT_DIR":
			if exported.key != "" && exported.key != a.key && exported.value != value {
				problems = append(problems, Problem{a.line, a.key, fmt.Sprintf("it is another folder than %s in line %d", exported.key, exported.line), "leave one of them"})
				continue
			}
			exported = a
			note("%s is the staging folder now. What osxphotos exported there is found by its bytes and not copied again; what photogo did not place is never removed.", value)
		case a.key == "GOCRYPTFS_KEYCHAIN" || a.key == "BORG_KEYCHAIN":
			value = "keychain:" + value
			note("The passphrase stays where it is, %s; an item of this name with _1 at its end is joined to it as before.", value)
		case a.key == "MOUNT_POINT" || a.key == "DECRYPTED_MOUNT":
			note("%s (%s) is no longer needed: photogo makes a mount point of its own each time, so that nothing is ever written to an empty one in clear.", a.key, value)
			continue
		case a.key == "DATE_THRESHOLD":
			note("DATE_THRESHOLD (%s) is not taken over: photogo has no window of dates, which never sees pictures that come late. Everything in the library will be exported and archived again once; nothing is skipped.", value)
			continue
		case key == "":
			note("line %d: %s means nothing to photogo and is left out.", a.line, a.key)
			continue
		}
		if err := r.value(r.known[key], value); err != nil {
			problems = append(problems, Problem{a.line, a.key, err.Error(), ""})
		}
		c.lines[key] = a.line
	}
	if len(list) == 0 && len(problems) == 0 {
		problems = append(problems, Problem{Message: "it sets nothing"})
	}
	if len(problems) > 0 {
		return c, notes, &Error{file, problems}
	}
	if c.Vault.Host != "" {
		note("The scripts made the vault on %s. Let photogo take it, once: photogo mount --adopt.", c.Vault.Host)
		if c.Vault.Identity != "" {
			note("The key %s is for the vault, as before; borg goes on using what ssh finds. archive.identity names one for borg.", c.Vault.Identity)
		}
	}
	return c, notes, nil
}

// counterparts are the keys of photos_backup.conf that live on.
var counterparts = map[string]string{
	"SSH_USER": "vault.user", "SSH_HOST": "vault.host", "IDENTITY_FILE": "vault.identity", "REMOTE_DIR": "vault.dir",
	"GOCRYPTFS_KEYCHAIN": "vault.passphrase", "BORG_KEYCHAIN": "archive.passphrase", "BORG_REPO": "archive.repository",
	"LOCAL_EXPORT_DIR": "staging", "EXPORT_DIR": "staging",
}
