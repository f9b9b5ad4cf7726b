package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Question asks for the value of one key.
type Question struct {
	Key     string
	Text    string // ends with a question mark
	Default string // what an empty answer means; "" where an answer may stay empty or is needed
	Problem string // what was wrong with the answer before; "": it is asked for the first time
}

// Interview asks for the keys that a person has to think about, and sets them in
// c, whose values are the answers that it proposes. An answer that cannot be is
// asked for again, until ask returns an error, which Interview returns. "-" as an
// answer empties a key.
func Interview(c *Config, opt Options, ask func(Question) (string, error)) error {
	known := map[string]key{}
	for _, k := range c.keys() {
		known[k.name] = k
	}
	r := reader{known: known, opt: opt}
	for _, q := range questions {
		if q.only != nil && !q.only(c) {
			continue
		}
		k := known[q.key]
		question := Question{Key: q.key, Text: q.text, Default: plain(k.setting)}
		if question.Default == "" && q.proposal != nil {
			question.Default = q.proposal(c, opt)
		}
		for {
			answer, err := ask(question)
			if err != nil {
				return err
			}
			if err = r.answer(c, k, strings.TrimSpace(answer), question.Default, q.needed); err == nil {
				break
			}
			question.Problem = err.Error()
		}
	}
	return nil
}

// answer takes an answer.
func (r *reader) answer(c *Config, k key, answer, otherwise string, needed bool) error {
	switch answer {
	case "":
		answer = otherwise
	case "-":
		answer = ""
	}
	if answer == "" && needed {
		return fmt.Errorf("it is needed")
	}
	if err := r.value(k, typed(k.setting, answer)); err != nil {
		return err
	}
	if k.name == "staging" {
		if why := unfit(c.Staging, c.Library, r.opt.Home); why != "" {
			return fmt.Errorf("%q %s", c.Staging, why)
		}
	}
	return nil
}

// typed turns an answer into what a file would have.
func typed(s setting, answer string) any {
	switch s.(type) {
	case boolean:
		switch strings.ToLower(answer) {
		case "y", "yes", "true":
			return true
		case "n", "no", "false":
			return false
		}
	case integer:
		if n, err := strconv.ParseInt(answer, 10, 64); err == nil {
			return n
		}
	}
	return answer
}

// plain is the value of a setting as a person would answer.
func plain(s setting) string {
	switch v := s.json().(type) {
	case string:
		return v
	case bool:
		if v {
			return "yes"
		}
		return "no"
	default:
		return fmt.Sprint(v)
	}
}

func hasVault(c *Config) bool   { return c.Vault.Host != "" }
func hasArchive(c *Config) bool { return c.Archive.Repository != "" }

// questions are what Interview asks, in this order.
var questions = []struct {
	key, text string
	needed    bool
	only      func(*Config) bool
	proposal  func(*Config, Options) string
}{
	{key: "library", text: "Which Photos library?", needed: true,
		proposal: func(_ *Config, o Options) string { return o.Library }},
	{key: "staging", text: "Which folder on this machine do pictures wait in until they are archived?", needed: true,
		proposal: func(*Config, Options) string { return "~/Pictures/photogo" }},
	{key: "export.download_missing", text: "Ask Photos for originals that are only in iCloud?"},

	{key: "archive.repository", text: "Which borg repository keeps the archives, as ssh://anna@pi/srv/borg? Empty: none."},
	{key: "archive.passphrase", text: "Where is its passphrase kept?", needed: true, only: hasArchive,
		proposal: func(*Config, Options) string { return "keychain:photogo-borg" }},
	{key: "archive.period", text: "An archive for each month, week or day?", only: hasArchive},
	{key: "name", text: "What do the names of its archives begin with?", only: hasArchive,
		proposal: func(c *Config, o Options) string {
			if c.Library == "" {
				return safeName(o.Library)
			}
			return safeName(c.Library)
		}},

	{key: "vault.host", text: "Which machine keeps an encrypted mirror of what is not archived yet? Empty: none."},
	{key: "vault.user", text: "As which user there? Empty: as ssh's configuration says.", only: hasVault},
	{key: "vault.dir", text: "In which folder there?", needed: true, only: hasVault},
	{key: "vault.identity", text: "With which private key? Empty: what ssh finds.", only: hasVault},
	{key: "vault.passphrase", text: "Where is its passphrase kept?", needed: true, only: hasVault,
		proposal: func(*Config, Options) string { return "keychain:photogo-vault" }},

	{key: "notify.after_days", text: "After how many days without a completed cycle are you told?"},
}

// Set sets a key whose value is a text, as if the file had it.
func (c *Config) Set(name, value string, opt Options) error {
	for _, k := range c.keys() {
		if k.name == name {
			return (&reader{opt: opt}).value(k, value)
		}
	}
	return fmt.Errorf("there is no key %s", name)
}
