package photosdb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"
)

// PlaceKind says what a named place is: the placeType of Apple's geocoder.
type PlaceKind string

// The kinds of place, from the widest to the narrowest, by Apple's names.
const (
	PlaceOcean       PlaceKind = "ocean"                   // 7
	PlaceCountry     PlaceKind = "country"                 // 1
	PlaceState       PlaceKind = "administrative_area"     // 2, a state
	PlaceCounty      PlaceKind = "sub_administrative_area" // 3, a county
	PlaceRegion      PlaceKind = "region"                  // 11
	PlaceInlandWater PlaceKind = "inland_water"            // 9
	PlaceCity        PlaceKind = "locality"                // 4, a city
	PlaceDistrict    PlaceKind = "sub_locality"            // 6, a part of a city
	PlaceInterest    PlaceKind = "area_of_interest"        // 8, a park, a sight, a campus
)

// placeKinds maps the numbers of the archive, in the order of the kinds.
var placeKinds = []struct {
	number int64
	kind   PlaceKind
}{
	{7, PlaceOcean}, {1, PlaceCountry}, {2, PlaceState}, {3, PlaceCounty}, {11, PlaceRegion}, {9, PlaceInlandWater},
	{4, PlaceCity}, {6, PlaceDistrict}, {8, PlaceInterest},
}

// NamedPlace is a place that Photos found by name for the location of an asset.
type NamedPlace struct {
	Name    string
	Kind    PlaceKind
	Country string // two letters, upper case, of the asset's address; "" unknown
}

// PlaceEntry is a named place of the library.
type PlaceEntry struct {
	NamedPlace
	Assets int // assets that were taken there, the trash not counted
}

// Places returns the named places of the library's assets (attributes
// ZREVERSELOCATIONDATA) by country, then from the widest kind to the narrowest,
// then by name. It decodes one archive for each asset with a location, and is
// not fast. It is empty, with a warning, if the database has no places.
func (l *Library) Places(ctx context.Context) (out []PlaceEntry, err error) {
	err = l.list(ctx, func() error {
		counts := newTally[NamedPlace]()
		err := l.eachPlace(ctx, func(r placeRow) {
			for _, p := range r.places {
				if !r.trashed {
					counts.add(p, r.asset)
				}
			}
		})
		err = l.noteAbsent("places", err)
		for place, n := range counts.assets {
			out = append(out, PlaceEntry{place, n})
		}
		slices.SortFunc(out, func(a, b PlaceEntry) int {
			return cmp.Or(strings.Compare(a.Country, b.Country), rank(a.Kind)-rank(b.Kind), strings.Compare(a.Name, b.Name))
		})
		return err
	})
	return out, err
}

// PlacesByAsset returns the names of the places at which each asset was taken,
// the same that Places lists; assets without any are not in it. It costs what
// Places costs, and is meant for those who select by place: where the database
// has no places at all, the error is ErrAbsent.
func (l *Library) PlacesByAsset(ctx context.Context) (map[UUID][]string, error) {
	out := map[UUID][]string{}
	err := l.list(ctx, func() error {
		same := map[string]string{} // each name once, however many assets have it
		return l.eachPlace(ctx, func(r placeRow) {
			for _, p := range r.places {
				if same[p.Name] == "" {
					same[p.Name] = p.Name
				}
				out[r.uuid] = append(out[r.uuid], same[p.Name])
			}
		})
	})
	return out, err
}

func rank(k PlaceKind) int {
	for i, known := range placeKinds {
		if known.kind == k {
			return i
		}
	}
	return len(placeKinds)
}

type placeRow struct {
	asset   int64
	uuid    UUID
	trashed bool
	places  []NamedPlace
}

// eachPlace yields the places of each asset that has any, in order of Z_PK.
func (l *Library) eachPlace(ctx context.Context, do func(placeRow)) error {
	const column = "ZREVERSELOCATIONDATA"
	s := l.schema
	if !s.has(attributes, column) {
		return &Error{l.path, ErrAbsent, errors.New("places: no column " + attributes + "." + column)}
	}
	bad := 0
	query := "SELECT a.Z_PK, a.ZUUID, a.ZTRASHEDSTATE, b." + column + " FROM " + attributes + " b JOIN " + s.asset +
		" a ON a.Z_PK = b.ZASSET WHERE length(b." + column + ") BETWEEN 1 AND ?1 ORDER BY a.Z_PK"
	err := l.rows(query, func(stmt *sqlite.Stmt) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		data := make([]byte, stmt.ColumnLen(3))
		stmt.ColumnBytes(3, data)
		places, err := decodePlaces(data)
		if err != nil {
			bad++
		}
		if len(places) > 0 {
			do(placeRow{stmt.ColumnInt64(0), UUID(stmt.ColumnText(1)), stmt.ColumnInt64(2) != 0, places})
		}
		return nil
	}, maxPlist)
	if bad > 0 {
		l.note(fmt.Sprintf("the places of %d assets cannot be read", bad))
	}
	return err
}

// maxPlaces bounds the names that are read of one archive; real ones have some
// ten.
const maxPlaces = 256

// decodePlaces reads the names in an archived PLRevGeoLocationInfo, each once,
// from the widest to the narrowest.
func decodePlaces(data []byte) ([]NamedPlace, error) {
	a, root, err := openArchive(data)
	if err != nil {
		return nil, fmt.Errorf("place: %w", err)
	}
	country := strings.ToUpper(a.text(root["countryCode"]))
	infos := a.list(a.dict(root["mapItem"])["sortedPlaceInfos"])
	infos = infos[:min(len(infos), maxPlaces)]
	var out []NamedPlace
	for _, known := range placeKinds {
		for _, v := range infos {
			info := a.dict(v)
			if info == nil || int64(a.number(info["placeType"])) != known.number {
				continue
			}
			p := NamedPlace{a.text(info["name"]), known.kind, country}
			if p.Name != "" && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out, nil
}
