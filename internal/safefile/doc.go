// Package safefile writes files so that no name ever stands for half a file.
//
// The order is always the same: the bytes go to a temporary file in the target's
// own folder, they are made durable, and only then the file gets its name by a
// rename, which replaces what was there in one step. After a crash there are
// whole files and temporary files (IsTemp), nothing between.
//
//	openat(dir, ".photogo-….tmp", O_CREAT|O_EXCL)   Create
//	write …, utimensat, close
//	syncfs, or fsync of each                        Sync
//	renameat(dir, ".photogo-….tmp", dir, "name")    Rename
//	syncfs, or fsync of the folder                  Sync
//
// Many small files are made durable together: a batch costs one Sync where the
// file system can sync as a whole. Large ones go past the system's memory where that is
// less work (Direct).
//
// Not promised: that a network file system keeps what it acknowledged, and
// anything about two programs that write the same names at the same time.
package safefile
