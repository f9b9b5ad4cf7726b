package photosdb

// Role says which of an asset's files a resource is.
type Role string

// The roles, in the order in which an asset lists them. The numbers name the
// row of ZINTERNALRESOURCE: ZRESOURCETYPE/ZDATASTORESUBTYPE/ZVERSION.
const (
	RoleOriginal    Role = "original"    // 0|1 / 1 / 0: as it came from the camera; in shared albums a reduced copy
	RoleRaw         Role = "raw"         // 4/17/0: the RAW half of a RAW+JPEG pair
	RoleLive        Role = "live"        // 3/18/0: the movie of a Live Photo
	RolePoster      Role = "poster"      // 0/5: the poster frame of a shared album's movie
	RoleEdited      Role = "edited"      // 0/2/2 or 1/16/2: the current rendering
	RoleEditedLive  Role = "edited_live" // 3/19/2: the movie of an edited Live Photo
	RoleEditBase    Role = "edit_base"   // 0|1 / 15 / 1: the input of the last of several edits
	RoleAdjustments Role = "adjustments" // no row: the edit itself, the property list that Photos exports as .AAE
	RoleAAE         Role = "aae"         // 5/22/0: the camera's own adjustments (portrait, cinematic, filters)
	RoleXMP         Role = "xmp"         // 5/9/0: a sidecar that was imported with the file
	RolePreview     Role = "preview"     // the largest picture below resources/derivatives; see IncludePreviews
)

// Resource is one file of an asset (ZINTERNALRESOURCE).
type Resource struct {
	Role        Role
	Path        string     // relative to the library, slashes; where the file is or would be; "" for a file outside
	Reference   *Reference // of a file outside the library; nil otherwise
	UTI         string     // its type: ZCOMPACTUTI, up to Photos 6 ZUNIFORMTYPEIDENTIFIER
	Size        int64      // bytes as the library recorded them (ZDATALENGTH); 0 unknown; the file can differ
	Width       int        // stored pixels (ZUNORIENTEDWIDTH); 0 unknown
	Height      int        // stored pixels (ZUNORIENTEDHEIGHT); 0 unknown
	Fingerprint string     // Apple's fingerprint of the file: ZSTABLEHASH, else ZFINGERPRINT; "" unknown
	Local       bool       // the database says that the file is here (ZLOCALAVAILABILITY is 1)
	Remote      bool       // the database says that iCloud has it (ZREMOTEAVAILABILITY is 1)
	Unrecorded  bool       // the file has no row: Local is then OnDisk, and Remote false

	OnDisk  bool  // a regular file was there when the asset was read
	Found   int64 // its size then, bytes
	ModTime int64 // its modification time then, nanoseconds since 1970 UTC

	// Problem is why the file could not be looked at, where it is not simply
	// absent: no permission, or a link that leads out of the library.
	Problem error
}

// Reference says where a file outside the library lies.
type Reference struct {
	Path       string // absolute: ZDIRECTORY and ZFILENAME of the asset; "" for other roles than the original
	Volume     string // ZFILESYSTEMVOLUME.ZNAME
	VolumePath string // relative to the volume: ZFILESYSTEMBOOKMARK.ZPATHRELATIVETOVOLUME
}
