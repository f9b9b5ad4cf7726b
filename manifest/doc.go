// Package manifest keeps the record of what a destination folder holds, and
// what proves it.
//
// The record is an SQLite database in photogo's state folder, one for each
// destination and used by one process at a time. A random id in the folder
// (DEST/.photogo/id) ties the two together, so that the folder can be moved or
// mounted elsewhere. Beside the id lies manifest.b3, a projection of the record
// that `b3sum --check` reads without photogo.
//
// An Entry is written after its file has its name, never before. What is about
// to get its name is written down as intended first, so that a crash between
// the two leaves nothing whose origin is unknown.
//
// The manifest knows files, owners and roles, and nothing of photos: owners and
// roles are texts that the caller chooses.
package manifest
