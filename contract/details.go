package contract

import "github.com/photogo/photogo/photosdb"

// fullRecord is the whole of what is told of an asset.
type fullRecord struct {
	assetRecord
	Labels          []string            `json:"labels"`
	Projects        []projectRecord     `json:"projects"`
	Faces           []faceRecord        `json:"faces"`
	Place           *mapRecord          `json:"place"`
	Accuracy        *float64            `json:"location_accuracy"`
	Accessibility   *string             `json:"accessibility_description"`
	Adjustments     *editRecord         `json:"adjustments"`
	FingerprintEdit *string             `json:"fingerprint_edited"`
	RecordModified  *instant            `json:"date_record_modified"`
	ExifTimestamp   *string             `json:"exif_timestamp"`
	Exif            *exifRecord         `json:"exif"`
	Import          importRecord        `json:"import"`
	Moment          *momentRecord       `json:"moment"`
	Scores          scoreRecord         `json:"scores"`
	Owner           *ownerRecord        `json:"owner"`
	Comments        []commentRecord     `json:"comments"`
	Likes           []likeRecord        `json:"likes"`
	Scope           *projectRecord      `json:"library_scope"`
	Participants    []participantRecord `json:"participants"`
	MediaGroup      *string             `json:"media_group_uuid"`
	HDRType         *int                `json:"hdr_type"`
	DepthType       *int                `json:"depth_type"`
	SpatialType     *int                `json:"spatial_type"`
	Resources       []resourceRecord    `json:"resources"`
}

type projectRecord struct {
	UUID  photosdb.UUID `json:"uuid"`
	Title *string       `json:"title"`
}

type placeRecord struct {
	Latitude  *float64 `json:"latitude"`
	Longitude *float64 `json:"longitude"`
}

type mapRecord struct {
	Name        *string        `json:"name"`
	CountryCode *string        `json:"country_code"`
	Home        bool           `json:"is_home"`
	Text        *string        `json:"address_text"`
	Names       namesRecord    `json:"names"`
	Address     *addressRecord `json:"address"`
}

type namesRecord struct {
	Country               []string `json:"country"`
	AdministrativeArea    []string `json:"administrative_area"`
	SubAdministrativeArea []string `json:"sub_administrative_area"`
	Locality              []string `json:"locality"`
	SubLocality           []string `json:"sub_locality"`
	Ocean                 []string `json:"ocean"`
	AreaOfInterest        []string `json:"area_of_interest"`
	InlandWater           []string `json:"inland_water"`
	Region                []string `json:"region"`
	SubThoroughfare       []string `json:"sub_thoroughfare"`
	PostalCode            []string `json:"postal_code"`
	Thoroughfare          []string `json:"thoroughfare"`
}

type addressRecord struct {
	Street                *string `json:"street"`
	SubLocality           *string `json:"sub_locality"`
	City                  *string `json:"city"`
	SubAdministrativeArea *string `json:"sub_administrative_area"`
	State                 *string `json:"state"`
	PostalCode            *string `json:"postal_code"`
	Country               *string `json:"country"`
	CountryCode           *string `json:"country_code"`
}

type editRecord struct {
	Format      *string  `json:"format_id"`
	Version     *string  `json:"format_version"`
	Editor      *string  `json:"editor_bundle_id"`
	EditorName  *string  `json:"editor_name"`
	Timestamp   *instant `json:"timestamp"`
	RenderTypes *int     `json:"render_types"`
	State       *int     `json:"state"`
	External    bool     `json:"external"`
}

type exifRecord struct {
	Make            *string          `json:"camera_make"`
	Model           *string          `json:"camera_model"`
	Lens            *string          `json:"lens_model"`
	ISO             *int             `json:"iso"`
	Aperture        *float64         `json:"aperture"`
	ShutterSpeed    *float64         `json:"shutter_speed"`
	ExposureBias    *float64         `json:"exposure_bias"`
	FocalLength     *float64         `json:"focal_length"`
	FocalLength35mm *float64         `json:"focal_length_35mm"`
	DigitalZoom     *float64         `json:"digital_zoom_ratio"`
	FlashFired      *bool            `json:"flash_fired"`
	MeteringMode    *int             `json:"metering_mode"`
	WhiteBalance    *int             `json:"white_balance"`
	Codec           *string          `json:"codec"`
	FPS             *float64         `json:"fps"`
	BitRate         *float64         `json:"bit_rate"`
	SampleRate      *float64         `json:"sample_rate"`
	TrackFormat     *int             `json:"track_format"`
	Duration        *float64         `json:"duration"`
	Location        *placeRecord     `json:"location"`
	Date            *instant         `json:"date"`
	Timezone        cameraZoneRecord `json:"timezone"`
}

type cameraZoneRecord struct {
	Name   *string `json:"name"`
	Offset *int    `json:"offset_seconds"`
}

type importRecord struct {
	Session     *sessionRecord `json:"session"`
	CreatorID   *string        `json:"creator_bundle_id"`
	CreatorName *string        `json:"creator_name"`
	By          *int           `json:"imported_by"`
}

type sessionRecord struct {
	UUID    photosdb.UUID `json:"uuid"`
	Title   *string       `json:"title"`
	Created *instant      `json:"creation_date"`
	Start   *instant      `json:"start_date"`
	End     *instant      `json:"end_date"`
}

type momentRecord struct {
	UUID           photosdb.UUID `json:"uuid"`
	Title          *string       `json:"title"`
	Subtitle       *string       `json:"subtitle"`
	Start          *instant      `json:"start_date"`
	End            *instant      `json:"end_date"`
	Representative *instant      `json:"representative_date"`
	Location       *placeRecord  `json:"location"`
}

type commentRecord struct {
	likeRecord
	Text *string `json:"text"`
}

type likeRecord struct {
	Date   *instant     `json:"date"`
	Person *ownerRecord `json:"person"`
	Mine   bool         `json:"mine"`
}

type participantRecord struct {
	UUID        photosdb.UUID `json:"uuid"`
	Name        *string       `json:"name"`
	Email       *string       `json:"email"`
	Phone       *string       `json:"phone"`
	CurrentUser bool          `json:"current_user"`
}

// scoreRecord has the scores of photosdb.ScoreNames, in their order.
type scoreRecord struct {
	OverallAesthetic        *float64 `json:"overall_aesthetic"`
	Curation                *float64 `json:"curation"`
	Promotion               *float64 `json:"promotion"`
	HighlightVisibility     *float64 `json:"highlight_visibility"`
	Iconic                  *float64 `json:"iconic"`
	Behavioral              *float64 `json:"behavioral"`
	Failure                 *float64 `json:"failure"`
	HarmoniousColor         *float64 `json:"harmonious_color"`
	Immersiveness           *float64 `json:"immersiveness"`
	Interaction             *float64 `json:"interaction"`
	InterestingSubject      *float64 `json:"interesting_subject"`
	IntrusiveObjectPresence *float64 `json:"intrusive_object_presence"`
	LivelyColor             *float64 `json:"lively_color"`
	LowLight                *float64 `json:"low_light"`
	Noise                   *float64 `json:"noise"`
	PleasantCameraTilt      *float64 `json:"pleasant_camera_tilt"`
	PleasantComposition     *float64 `json:"pleasant_composition"`
	PleasantLighting        *float64 `json:"pleasant_lighting"`
	PleasantPattern         *float64 `json:"pleasant_pattern"`
	PleasantPerspective     *float64 `json:"pleasant_perspective"`
	PleasantPostProcessing  *float64 `json:"pleasant_post_processing"`
	PleasantReflection      *float64 `json:"pleasant_reflection"`
	PleasantSymmetry        *float64 `json:"pleasant_symmetry"`
	SharplyFocusedSubject   *float64 `json:"sharply_focused_subject"`
	TastefullyBlurred       *float64 `json:"tastefully_blurred"`
	WellChosenSubject       *float64 `json:"well_chosen_subject"`
	WellFramedSubject       *float64 `json:"well_framed_subject"`
	WellTimedShot           *float64 `json:"well_timed_shot"`
}

func scores(m map[string]float64) scoreRecord {
	of := func(name string) *float64 {
		if f, ok := m[name]; ok {
			return number(f)
		}
		return nil
	}
	return scoreRecord{
		OverallAesthetic:        of("overall_aesthetic"),
		Curation:                of("curation"),
		Promotion:               of("promotion"),
		HighlightVisibility:     of("highlight_visibility"),
		Iconic:                  of("iconic"),
		Behavioral:              of("behavioral"),
		Failure:                 of("failure"),
		HarmoniousColor:         of("harmonious_color"),
		Immersiveness:           of("immersiveness"),
		Interaction:             of("interaction"),
		InterestingSubject:      of("interesting_subject"),
		IntrusiveObjectPresence: of("intrusive_object_presence"),
		LivelyColor:             of("lively_color"),
		LowLight:                of("low_light"),
		Noise:                   of("noise"),
		PleasantCameraTilt:      of("pleasant_camera_tilt"),
		PleasantComposition:     of("pleasant_composition"),
		PleasantLighting:        of("pleasant_lighting"),
		PleasantPattern:         of("pleasant_pattern"),
		PleasantPerspective:     of("pleasant_perspective"),
		PleasantPostProcessing:  of("pleasant_post_processing"),
		PleasantReflection:      of("pleasant_reflection"),
		PleasantSymmetry:        of("pleasant_symmetry"),
		SharplyFocusedSubject:   of("sharply_focused_subject"),
		TastefullyBlurred:       of("tastefully_blurred"),
		WellChosenSubject:       of("well_chosen_subject"),
		WellFramedSubject:       of("well_framed_subject"),
		WellTimedShot:           of("well_timed_shot"),
	}
}

func fullRecordOf(a *photosdb.Asset, d *photosdb.Details) fullRecord {
	r := fullRecord{
		assetRecord: record(a), Faces: faces(a), Resources: resources(a),
		Labels: list(d.Labels), Projects: []projectRecord{},
		Place: place(d.Place), Accuracy: measure(d.Accuracy), Accessibility: some(d.Record.Accessibility), Adjustments: edit(d.Edit),
		FingerprintEdit: some(a.Current.Fingerprint), RecordModified: when(d.Record.Modified), ExifTimestamp: some(a.Dates.Exif),
		Exif: exif(d.Camera), Import: importOf(d.Import), Moment: momentOf(d.Moment), Scores: scores(d.Scores),
		Owner: owner(d.Sharing.Owner), Comments: []commentRecord{}, Likes: []likeRecord{}, Participants: []participantRecord{},
		MediaGroup: some(d.Record.MediaGroup), HDRType: d.Record.HDRType, DepthType: d.Record.DepthType, SpatialType: d.Record.SpatialType,
	}
	for _, p := range d.Projects {
		r.Projects = append(r.Projects, projectRecord{p.UUID, some(p.Title)})
	}
	for _, c := range d.Sharing.Comments {
		r.Comments = append(r.Comments, commentRecord{like(c), some(c.Text)})
	}
	for _, c := range d.Sharing.Likes {
		r.Likes = append(r.Likes, like(c))
	}
	if s := d.Sharing.Scope; s != nil {
		r.Scope = &projectRecord{s.UUID, some(s.Title)}
	}
	for _, p := range d.Sharing.Participants {
		r.Participants = append(r.Participants, participantRecord{p.UUID, some(p.Name), some(p.Email), some(p.Phone), p.CurrentUser})
	}
	return r
}

func location(l *photosdb.Location) *placeRecord {
	if l == nil {
		return nil
	}
	return &placeRecord{number(l.Latitude), number(l.Longitude)}
}

func owner(p *photosdb.Person) *ownerRecord {
	if p == nil {
		return nil
	}
	return &ownerRecord{p.ID, some(p.Name)}
}

func like(c photosdb.Comment) likeRecord { return likeRecord{when(c.Date), owner(c.Person), c.Mine} }

func place(p *photosdb.Place) *mapRecord {
	if p == nil {
		return nil
	}
	n := p.Names
	r := &mapRecord{
		Name: some(p.Name), CountryCode: some(p.CountryCode), Home: p.Home, Text: some(p.AddressText),
		Names: namesRecord{
			Country: list(n.Country), AdministrativeArea: list(n.AdministrativeArea), SubAdministrativeArea: list(n.SubAdministrativeArea),
			Locality: list(n.Locality), SubLocality: list(n.SubLocality), Ocean: list(n.Ocean), AreaOfInterest: list(n.AreaOfInterest),
			InlandWater: list(n.InlandWater), Region: list(n.Region), SubThoroughfare: list(n.SubThoroughfare),
			PostalCode: list(n.PostalCode), Thoroughfare: list(n.Thoroughfare),
		},
	}
	if a := p.Address; a != nil {
		r.Address = &addressRecord{
			Street: some(a.Street), SubLocality: some(a.SubLocality), City: some(a.City), SubAdministrativeArea: some(a.SubAdministrativeArea),
			State: some(a.State), PostalCode: some(a.PostalCode), Country: some(a.Country), CountryCode: some(a.CountryCode),
		}
	}
	return r
}

func edit(e *photosdb.Edit) *editRecord {
	if e == nil {
		return nil
	}
	return &editRecord{
		Format: some(e.Format), Version: some(e.Version), Editor: some(e.Editor), EditorName: some(e.EditorName),
		Timestamp: when(e.Time), RenderTypes: e.RenderTypes, State: e.State, External: e.Format == photosdb.ExternalEditFormat,
	}
}

func exif(c *photosdb.Camera) *exifRecord {
	if c == nil {
		return nil
	}
	n := measure
	return &exifRecord{
		Make: some(c.Make), Model: some(c.Model), Lens: some(c.Lens), ISO: c.ISO, Aperture: n(c.Aperture), ShutterSpeed: n(c.ShutterSpeed),
		ExposureBias: n(c.ExposureBias), FocalLength: n(c.FocalLength), FocalLength35mm: n(c.FocalLength35mm), DigitalZoom: n(c.DigitalZoom),
		FlashFired: c.FlashFired, MeteringMode: c.MeteringMode, WhiteBalance: c.WhiteBalance, Codec: some(c.Codec), FPS: n(c.FPS),
		BitRate: n(c.BitRate), SampleRate: n(c.SampleRate), TrackFormat: c.TrackFormat, Duration: n(c.Duration),
		Location: location(c.Location), Date: when(c.Date), Timezone: cameraZoneRecord{some(c.ZoneName), c.Offset},
	}
}

func importOf(i photosdb.Import) importRecord {
	r := importRecord{CreatorID: some(i.CreatorID), CreatorName: some(i.CreatorName), By: i.By}
	if s := i.Session; s != nil {
		r.Session = &sessionRecord{s.UUID, some(s.Title), when(s.Created), when(s.Start), when(s.End)}
	}
	return r
}

func momentOf(m *photosdb.Moment) *momentRecord {
	if m == nil {
		return nil
	}
	return &momentRecord{m.UUID, some(m.Title), some(m.Subtitle), when(m.Start), when(m.End), when(m.Representative), location(m.Location)}
}
