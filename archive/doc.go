// Package archive keeps archives in one borg repository.
//
// An archive is made once and never changed. What proves it is not borg's word:
// borg ends with 0 for an archive of nothing, for one whose chunks are rotten in
// the repository, and for one whose content was replaced with zeros by a repair.
// Repo.Prove reads every byte back through Repo.Read and compares it with hashes
// that were known before.
//
// The borg program does the work. photogo speaks to borg 1.2 and 1.4, in JSON,
// and tells its failures apart by borg's message ids. A warning of borg's is an
// error here, as the archive is not what was planned then.
//
//	repo, err := archive.Open(ctx, "ssh://me@pi/srv/photos", options)
//	made, err := repo.Create(ctx, "2025-05", archive.Plan{Root: staging, Files: files})
//	proof, err := repo.Prove(ctx, "2025-05", entries)
//
// Not done here: nothing is ever deleted from a repository, nor repaired, and no
// lock of somebody else is broken.
package archive
