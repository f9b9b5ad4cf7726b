package contract

import "github.com/photogo/photogo/photosdb"

// fileRecord is what is told of an asset of which no details were read.
type fileRecord struct {
	assetRecord
	Faces     []faceRecord     `json:"faces"`
	Resources []resourceRecord `json:"resources"`
}

type faceRecord struct {
	UUID         photosdb.UUID `json:"uuid"`
	Person       *personRecord `json:"person"`
	Center       point         `json:"center"`
	Size         *float64      `json:"size"`
	SourceWidth  *whole        `json:"source_width"`
	SourceHeight *whole        `json:"source_height"`
	MWG          *areaRecord   `json:"mwg_region"`
	Quality      *float64      `json:"quality"`
	Roll         *float64      `json:"roll"`
	Manual       bool          `json:"manual"`
	Hidden       bool          `json:"hidden"`
	Trashed      bool          `json:"trashed"`
	Detection    *int          `json:"detection_type"`
}

type personRecord struct {
	UUID string  `json:"uuid"`
	Name *string `json:"name"`
}

type point struct {
	X *float64 `json:"x"`
	Y *float64 `json:"y"`
}

type areaRecord struct {
	X *float64 `json:"x"`
	Y *float64 `json:"y"`
	W *float64 `json:"w"`
	H *float64 `json:"h"`
}

type resourceRecord struct {
	Role        photosdb.Role    `json:"role"`
	Path        *string          `json:"path"`
	Reference   *referenceRecord `json:"reference"`
	UTI         *string          `json:"uti"`
	Size        *int64           `json:"size"`
	Width       *int             `json:"width"`
	Height      *int             `json:"height"`
	Fingerprint *string          `json:"fingerprint"`
	Local       bool             `json:"local"`
	Remote      bool             `json:"remote"`
	OnDisk      bool             `json:"on_disk"`
}

type referenceRecord struct {
	Path       *string `json:"path"`
	Volume     *string `json:"volume"`
	VolumePath *string `json:"volume_path"`
}

func faces(a *photosdb.Asset) []faceRecord {
	out := []faceRecord{}
	for _, f := range a.Faces {
		r := faceRecord{
			UUID: f.UUID, Manual: f.Manual, Hidden: f.Hidden, Trashed: f.Trashed, Detection: f.Detection,
			Center: point{unless(f.X, f.Unknown&photosdb.FaceX), unless(f.Y, f.Unknown&photosdb.FaceY)},
			Size:   unless(f.Size, f.Unknown&photosdb.FaceSize), Quality: unless(f.Quality, f.Unknown&photosdb.FaceQuality),
			Roll:         unless(f.Roll, f.Unknown&photosdb.FaceRoll),
			SourceWidth:  told(f.SourceWidth, f.Unknown&photosdb.FaceSourceWidth),
			SourceHeight: told(f.SourceHeight, f.Unknown&photosdb.FaceSourceHeight),
		}
		if f.Person != nil {
			r.Person = &personRecord{f.Person.ID, some(f.Person.Name)}
		}
		if x, y, w, h, ok := Region(f, a.Current.Width, a.Current.Height, a.Current.Orientation); ok {
			r.MWG = &areaRecord{number(x), number(y), number(w), number(h)}
		}
		out = append(out, r)
	}
	return out
}

func resources(a *photosdb.Asset) []resourceRecord {
	out := []resourceRecord{}
	for _, f := range a.Resources {
		r := resourceRecord{
			Role: f.Role, Path: some(f.Path), UTI: some(f.UTI), Size: positive(f.Size), Width: positive(f.Width), Height: positive(f.Height),
			Fingerprint: some(f.Fingerprint), Local: f.Local, Remote: f.Remote, OnDisk: f.OnDisk,
		}
		if ref := f.Reference; ref != nil {
			r.Reference = &referenceRecord{some(ref.Path), some(ref.Volume), some(ref.VolumePath)}
		}
		out = append(out, r)
	}
	return out
}
