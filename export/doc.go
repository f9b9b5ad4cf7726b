// Package export compares what a destination folder should hold with the record
// of what it holds, and then makes the folder match.
//
// NewPlan turns assets into Items, each with an action and a reason; it changes
// nothing, so that a dry run is printing them. Plan.Run carries them out with
// several workers, in one streaming pass a file: the bytes are copied, or cloned
// where the file system can, and hashed twice on the way, with BLAKE3 and with
// Apple's fingerprint. The order is always bytes, sync, name, record.
//
// It has never heard of backups. It removes nothing but what it placed itself,
// where it was asked to and the library no longer holds it; that goes into
// quarantine first.
package export
