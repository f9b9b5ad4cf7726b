// Package naming says what a file is called and where it goes: templates, the
// rules for safe names, and who gets a name that two want. It touches no disk.
//
// All files of one asset share one stem. Names are in Unicode NFC; two names
// that a file system could take for one, because it ignores case or Unicode
// forms, are one name here too.
package naming
