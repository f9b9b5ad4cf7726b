package naming

import "path"

// folderID counts the folders; 0 is the destination itself.
type folderID uint32

// folders are those that files go to, each as it was spelled first. A folder
// stays for the whole run, even if the last file is given another.
type folders struct {
	paths []string // by folderID, relative to the destination
	ids   map[place]folderID
	// ground are the hashes of the stems of files that would be called as a folder
	// is. Folders share them: they bar files only.
	ground map[uint64]struct{}
}

// place is a Key in a folder.
type place struct {
	parent folderID
	key    string
}

func newFolders() folders {
	return folders{paths: []string{""}, ids: map[place]folderID{}, ground: map[uint64]struct{}{}}
}

func (f *folders) path(id folderID) string { return f.paths[id] }

func (f *folders) find(parent folderID, name string) (folderID, bool) {
	id, ok := f.ids[place{parent, Key(name)}]
	return id, ok
}

func (f *folders) add(parent folderID, name string) folderID {
	id := folderID(len(f.paths))
	f.paths = append(f.paths, path.Join(f.paths[parent], name))
	key := Key(name)
	f.ids[place{parent, key}] = id
	for _, stem := range groundOf(key) {
		f.ground[hash(parent, stem)] = struct{}{}
	}
	return id
}

// standsOn reports whether a file of the stem of a hash could be called as a
// folder is.
func (f *folders) standsOn(h uint64) bool {
	_, ok := f.ground[h]
	return ok
}
