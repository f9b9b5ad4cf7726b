package photosdb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"zombiezen.com/go/sqlite"
)

// resourceRow is a row of ZINTERNALRESOURCE.
type resourceRow struct {
	pk, kind, subtype, version int64 // ZRESOURCETYPE, ZDATASTORESUBTYPE, ZVERSION
	recipe, class              int64 // ZRECIPEID, ZDATASTORECLASSID
	uti                        string
	size, width, height        int64
	fingerprint                string
	local, remote              bool
	volume, volumePath         string
}

// classShared is the ZDATASTORECLASSID of the files of shared albums.
const classShared = 2

// resourceQuery yields the rows of the assets in a JSON array of Z_PKs, with
// their place in the array.
func (s *schema) resourceQuery() string {
	const table = "ZINTERNALRESOURCE"
	query := "SELECT j.key, r.Z_PK, r.ZRESOURCETYPE, r.ZDATASTORESUBTYPE, r.ZVERSION, r.ZRECIPEID, r.ZDATASTORECLASSID, " +
		s.optional("types of files", "r", table, "ZCOMPACTUTI", "ZUNIFORMTYPEIDENTIFIER") + ", " +
		s.optional("sizes of files", "r", table, "ZDATALENGTH") + ", " +
		s.column("r", table, "ZUNORIENTEDWIDTH") + ", " + s.column("r", table, "ZUNORIENTEDHEIGHT") + ", " +
		s.find("r", table, "ZSTABLEHASH") + ", " + s.column("r", table, "ZFINGERPRINT") + ", " +
		s.optional("what is local", "r", table, "ZLOCALAVAILABILITY") + ", " +
		s.optional("what is in iCloud", "r", table, "ZREMOTEAVAILABILITY") + ", " +
		s.column("r", table, "ZFILESYSTEMVOLUME")
	bookmarks := s.has("ZFILESYSTEMBOOKMARK", "Z_PK", "ZPATHRELATIVETOVOLUME") && s.has(table, "ZFILESYSTEMBOOKMARK")
	if bookmarks {
		query += ", k.ZPATHRELATIVETOVOLUME"
	} else {
		s.lacksColumn("ZFILESYSTEMBOOKMARK", "ZPATHRELATIVETOVOLUME")
		query += ", NULL"
	}
	query += " FROM json_each(?1) j CROSS JOIN " + table + " r ON r.ZASSET = j.value"
	if bookmarks {
		query += " LEFT JOIN ZFILESYSTEMBOOKMARK k ON k.Z_PK = r.ZFILESYSTEMBOOKMARK"
	}
	return query + s.heldResources()
}

// heldResources leaves out the rows r of files that Photos is about to delete.
func (s *schema) heldResources() string {
	if !s.has("ZINTERNALRESOURCE", "ZTRASHEDSTATE") {
		return ""
	}
	return " WHERE IFNULL(r.ZTRASHEDSTATE, 0) = 0"
}

func (l *Library) readResource(stmt *sqlite.Stmt) resourceRow {
	r := resourceRow{
		pk: stmt.ColumnInt64(1), kind: stmt.ColumnInt64(2), subtype: stmt.ColumnInt64(3), version: stmt.ColumnInt64(4),
		recipe: stmt.ColumnInt64(5), class: stmt.ColumnInt64(6),
		size: stmt.ColumnInt64(8), width: stmt.ColumnInt64(9), height: stmt.ColumnInt64(10),
		fingerprint: stmt.ColumnText(11), local: stmt.ColumnInt64(13) == 1, remote: stmt.ColumnInt64(14) == 1,
		volume: l.catalog.volumes[stmt.ColumnInt64(15)], volumePath: stmt.ColumnText(16),
	}
	if r.fingerprint == "" {
		r.fingerprint = stmt.ColumnText(12)
	}
	if l.schema.tables["ZINTERNALRESOURCE"]["ZCOMPACTUTI"] {
		r.uti = typeOf(stmt.ColumnText(7))
	} else {
		r.uti = l.catalog.types[stmt.ColumnInt64(7)]
	}
	return r
}

// roleOf says which of an asset's files a row stands for; "" for those that are
// no role: previews, posters of edits, thumbnails.
func roleOf(kind Kind, r resourceRow) Role {
	main := int64(0) // ZRESOURCETYPE of the asset's own kind
	if kind == Movie {
		main = 1
	}
	own := r.kind == main || kind == Unknown && r.kind <= 1
	if r.class == classShared {
		switch {
		case own && r.kind == 0 && r.subtype == 3, own && r.kind == 1 && r.subtype == 8:
			return RoleOriginal
		case r.kind == 0 && r.subtype == 5:
			return RolePoster
		}
	}
	switch [3]int64{r.kind, r.subtype, r.version} {
	case [3]int64{4, 17, 0}:
		return RoleRaw
	case [3]int64{3, 18, 0}:
		return RoleLive
	case [3]int64{3, 19, 2}:
		return RoleEditedLive
	case [3]int64{5, 22, 0}:
		return RoleAAE
	case [3]int64{5, 9, 0}:
		return RoleXMP
	}
	switch {
	case own && r.subtype == 1 && r.version == 0 && r.recipe == 0 && r.class != classShared:
		return RoleOriginal
	case own && r.version == 2 && (r.kind == 0 && r.subtype == 2 || r.kind == 1 && r.subtype == 16):
		return RoleEdited
	case r.kind <= 1 && r.subtype == 15 && r.version == 1:
		return RoleEditBase
	}
	return ""
}

// fromSharedAlbum reports whether a file lies among those of shared albums: by
// its row, or without one by what the asset is.
func (a *row) fromSharedAlbum(r resourceRow) bool {
	return r.class == classShared ||
		r.pk == 0 && (a.saved == savedShared || a.scope == scopeShared || a.Origin.SharedAlbum)
}

// roles is the order in which an asset lists its files.
var roles = []Role{RoleOriginal, RoleRaw, RoleLive, RolePoster, RoleEdited, RoleEditedLive,
	RoleEditBase, RoleAdjustments, RoleAAE, RoleXMP}

// addResources turns an asset's rows into its resources and looks for each file.
func (l *Library) addResources(a *row, rows []resourceRow) {
	byRole := map[Role]resourceRow{}
	for _, r := range rows {
		role := roleOf(a.Kind, r)
		if had, ok := byRole[role]; role != "" && (!ok || r.pk < had.pk) {
			byRole[role] = r
		}
	}
	for _, role := range roles {
		r, ok := byRole[role]
		switch {
		case ok:
			a.Resources = append(a.Resources, l.resource(a, role, r))
		case role == RoleAdjustments && a.Edited():
			a.Resources = append(a.Resources, l.unrecorded(a, role, "com.apple.property-list"))
		case role == RoleOriginal && a.Name.Library != "":
			// No row, but the asset itself names its file.
			a.Resources = append(a.Resources, l.unrecorded(a, role, a.Current.UTI))
		case role == RoleLive && a.Kind == Photo && a.fromSharedAlbum(resourceRow{}):
			// What a shared album sends is not always in a row.
			if live := l.unrecorded(a, role, "com.apple.quicktime-movie"); live.OnDisk {
				a.Resources = append(a.Resources, live)
			}
		}
	}
	a.Original.UTI = a.Current.UTI
	if r := a.Resource(RoleOriginal); r != nil {
		a.Original.UTI = r.UTI
	}
}

// unrecorded describes a file that no row tells of.
func (l *Library) unrecorded(a *row, role Role, uti string) Resource {
	res := l.resource(a, role, resourceRow{uti: uti})
	res.Local, res.Unrecorded = res.OnDisk, true
	return res
}

// addPreview adds the largest picture that Photos keeps of an asset whose original is
// not here. Nothing is recorded of such a file that it could be compared with.
func (l *Library) addPreview(a *row, rows []resourceRow) {
	original := a.Resource(RoleOriginal)
	if original == nil || original.OnDisk || a.UUID == "" {
		return
	}
	best := Resource{Role: RolePreview}
	consider := func(r resourceRow, name string) {
		one := Resource{Role: RolePreview, UTI: r.uti, Width: int(r.width), Height: int(r.height)}
		if l.look(&one, name) && one.Found > best.Found {
			one.Size, one.Local = one.Found, true
			best = one
		}
	}
	below := func(scope, folder string) string {
		return scope + "resources/derivatives/" + folder + strings.ToUpper(string(a.UUID[:1])) + "/" + string(a.UUID)
	}
	for _, scope := range l.scopes(a, resourceRow{}) {
		for _, r := range rows {
			if r.kind == 0 && r.recipe&1 == 1 && r.class != classShared && 0 <= r.version && r.version < 4 && extensions[r.uti] != "" {
				consider(r, fmt.Sprintf("%s_%d_%d_%c.%s", below(scope, ""), r.recipe>>16, r.recipe&0xffff>>1, "opac"[r.version], extensions[r.uti]))
			}
		}
		// A small one is made of every asset, and has no row.
		consider(resourceRow{uti: "public.jpeg"}, below(scope, "masters/")+"_4_5005_c.jpeg")
	}
	if best.OnDisk {
		a.Resources = append(a.Resources, best)
	}
}

// resource describes the file of a row.
func (l *Library) resource(a *row, role Role, r resourceRow) Resource {
	if a.Origin.Referenced && (role == RoleOriginal || role == RoleRaw || role == RoleLive || role == RoleAAE || role == RoleXMP) {
		return l.referenced(a, role, r)
	}
	return l.locate(a, role, r)
}

func (l *Library) referenced(a *row, role Role, r resourceRow) Resource {
	res := describe(role, r)
	res.Reference = &Reference{Volume: r.volume, VolumePath: r.volumePath}
	if role == RoleOriginal {
		res.Reference.Path = a.directory + "/" + a.Name.Library
	}
	if res.Reference.Path != "" || res.Reference.VolumePath != "" {
		if info, err := regularInfo(res.Reference.find()); err == nil {
			res.OnDisk, res.Found, res.ModTime = true, info.Size(), info.ModTime().UnixNano()
		}
	}
	return res
}

func describe(role Role, r resourceRow) Resource {
	return Resource{
		Role: role, UTI: r.uti, Size: r.size, Width: int(r.width), Height: int(r.height),
		Fingerprint: r.fingerprint, Local: r.local, Remote: r.remote,
	}
}

// locate finds the file of a resource inside the library: in the folders of the
// asset's own scope first, then in the others. Where it is nowhere, the path is
// where it would be.
func (l *Library) locate(a *row, role Role, r resourceRow) Resource {
	res := describe(role, r)
	for i, scope := range l.scopes(a, r) {
		name := l.pathIn(scope, a, role, r)
		if i == 0 {
			res.Path = name
		}
		if l.look(&res, name) {
			return res
		}
	}
	if role == RoleOriginal && a.Kind == Movie && a.fromSharedAlbum(r) {
		for _, scope := range l.scopes(a, r) { // not reduced after all
			if l.look(&res, scope+"cloudsharing/data/"+a.directory+"/"+a.Name.Library) {
				return res
			}
		}
	}
	// A type that is not known, or a file that was written with another
	// extension than the database says: the stem decides.
	if _, known := extensions[r.uti]; (r.local || !known) && role != RoleAdjustments && filepath.IsLocal(res.Path) {
		dir, base := path.Split(res.Path)
		if name := l.tree.withStem(path.Clean(dir), strings.TrimSuffix(base, path.Ext(base))); name != "" && l.look(&res, dir+name) {
			return res
		}
	}
	return res
}

// look fills in what is found under a name, and reports whether a file is.
func (l *Library) look(res *Resource, name string) bool {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		res.Problem = &fs.PathError{Op: "open", Path: name, Err: ErrOutside}
		return false
	}
	info, err := l.tree.stat(name)
	switch {
	case err == nil && info.Mode().IsRegular():
		res.Path, res.OnDisk, res.Found, res.ModTime = name, true, info.Size(), info.ModTime().UnixNano()
		res.Problem = nil
	case err == nil:
		res.Problem = &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("not a regular file: %s", info.Mode())}
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) && !errors.Is(err, syscall.ENAMETOOLONG):
		_, res.Problem = regular(name, func() (*os.File, error) { return nil, err })
	}
	return res.OnDisk
}

// scopes are the prefixes below which an asset's files may lie, likeliest first.
func (l *Library) scopes(a *row, r resourceRow) []string {
	const plain, syndicated, momentShared = "", "scopes/syndication/", "scopes/momentshared/"
	switch {
	case a.fromSharedAlbum(r):
		if l.sharedScope() == "scopes/" {
			return []string{"scopes/", "resources/"}
		}
		return []string{"resources/", "scopes/"}
	case a.scope == scopeSyndicated || isTrue(a.Origin.Syndicated) && !isTrue(a.Origin.SavedToLibrary):
		return []string{syndicated, plain, momentShared}
	case a.Origin.SharedMoment:
		return []string{plain, momentShared, syndicated}
	}
	return []string{plain, syndicated, momentShared}
}

func isTrue(b *bool) bool { return b != nil && *b }

// sharedScope is where shared albums lie: below scopes from Photos 8 on.
func (l *Library) sharedScope() string {
	if l.schema.model >= 16000 {
		return "scopes/"
	}
	return "resources/"
}

// pathIn spells the path of a file below a scope.
func (l *Library) pathIn(scope string, a *row, role Role, r resourceRow) string {
	uuid := string(a.UUID)
	letter := "_"
	if uuid != "" {
		letter = strings.ToUpper(uuid[:1])
	}
	stem := strings.TrimSuffix(a.Name.Library, path.Ext(a.Name.Library))
	ext := extensions[r.uti]
	if a.fromSharedAlbum(r) {
		dir := scope + "cloudsharing/data/" + a.directory + "/"
		switch {
		case role == RolePoster:
			return dir + stem + ".poster.JPG"
		case role == RoleLive:
			return dir + stem + ".MOV"
		case a.Kind == Movie:
			return dir + stem + ".medium.MP4"
		}
		return dir + a.Name.Library
	}
	originals := scope + "originals/" + a.directory + "/"
	if a.directory == "" || scope != "" {
		originals = scope + "originals/" + letter + "/"
	}
	renders := scope + "resources/renders/" + letter + "/" + uuid
	switch role {
	case RoleOriginal:
		return originals + a.Name.Library
	case RoleRaw:
		return originals + stem + "_4." + ext
	case RoleLive:
		return originals + stem + "_3.mov"
	case RoleAAE:
		return originals + stem + "_5.aae"
	case RoleXMP:
		return originals + stem + "_5.xmp"
	case RoleAdjustments:
		return renders + ".plist"
	case RoleEditBase:
		return renders + "_p." + ext
	}
	return fmt.Sprintf("%s_%d_%d_a.%s", renders, r.recipe>>16, r.recipe&0xffff>>1, ext)
}
