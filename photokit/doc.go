// Package photokit asks Photos for what is only in iCloud, and proves that what
// came is the original.
//
// PhotoKit is spoken to by a helper program (see docs/HELPER_PROTOCOL.md), which
// a Client starts, watches, recycles and replaces. Client.Fetch returns an open
// file whose bytes were compared with what the library recorded of them: Photos
// sometimes hands out a reduced copy, or a part of a file, and calls it a success.
// Such a file is ErrNotOriginal and is never returned.
//
// What fails for a reason that may pass is tried again after a pause that grows;
// what fails for good is parked: noted in a Parking with the reason and a time
// before which nobody asks again. What concerns all files (no permission, no
// network, another library) stops the client: every Fetch from then on returns
// the same error at once, so that a run ends.
//
// It does not know what an asset is, where files belong, or what they are called.
package photokit
