// Package config says what a person wants photogo to do unattended: one TOML file,
// read strictly.
//
// Load reads the file. A key that photogo does not know is an error that names the
// nearest known one, since a slip in "passphrase" must not mean "no passphrase".
// All problems are told at once, each with its line and what to do about it.
//
// Keys describes each key: it is the one list from which files are read, shown and
// written, and docs/CONFIG.md is held equal to it.
//
// It runs no program, fetches no passphrase, and does not look whether folders and
// machines exist. What only other packages can judge, as templates and where a
// passphrase is kept, is asked of Options.Check.
package config
