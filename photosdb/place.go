package photosdb

import (
	"fmt"
	"slices"
	"strings"
)

// Place is what Apple's maps said of an asset's location
// (attributes ZREVERSELOCATIONDATA). Names are in the language that the library
// had then; a text that is not known is "".
type Place struct {
	Name        string // the most telling names, from the smallest area to the largest, joined by ", "
	CountryCode string // such as GB
	Home        bool   // the user's home
	AddressText string // the address in one line
	Names       PlaceNames
	Address     *Address // nil where there is none
}

// PlaceNames are the names of all areas that a location lies in, by what they
// are, each list from the smallest area to the largest. Names may repeat.
type PlaceNames struct {
	Country               []string // type 1
	AdministrativeArea    []string // type 2: a state
	SubAdministrativeArea []string // type 3: a county
	Locality              []string // type 4: a town
	SubLocality           []string // type 6: a district
	Ocean                 []string // type 7
	AreaOfInterest        []string // type 8: a park, a museum
	InlandWater           []string // type 9
	Region                []string // type 11
	SubThoroughfare       []string // type 12: the number of a house
	PostalCode            []string // type 14
	Thoroughfare          []string // type 17: a street
}

// Address is a postal address (CNPostalAddress).
type Address struct {
	Street                string
	SubLocality           string
	City                  string
	SubAdministrativeArea string
	State                 string
	PostalCode            string
	Country               string
	CountryCode           string
}

// ofType returns the list of a type of place, nil for a type that is not known.
func (n *PlaceNames) ofType(t int) *[]string {
	switch t {
	case 1:
		return &n.Country
	case 2:
		return &n.AdministrativeArea
	case 3:
		return &n.SubAdministrativeArea
	case 4:
		return &n.Locality
	case 6:
		return &n.SubLocality
	case 7:
		return &n.Ocean
	case 8:
		return &n.AreaOfInterest
	case 9:
		return &n.InlandWater
	case 11:
		return &n.Region
	case 12:
		return &n.SubThoroughfare
	case 14:
		return &n.PostalCode
	case 17:
		return &n.Thoroughfare
	}
	return nil
}

// short joins the first name of each kind that people call a place by.
func (n *PlaceNames) short() string {
	var parts []string
	for _, list := range [][]string{n.AreaOfInterest, n.Region, n.Locality, n.AdministrativeArea, n.Country, n.InlandWater, n.Ocean} {
		if len(list) > 0 {
			parts = append(parts, list[0])
		}
	}
	return strings.Join(parts, ", ")
}

// decodePlace reads an archived PLRevGeoLocationInfo.
func decodePlace(data []byte) (*Place, error) {
	a, root, err := openArchive(data)
	if err != nil {
		return nil, fmt.Errorf("place: %w", err)
	}
	if _, ok := root["mapItem"]; !ok {
		return nil, fmt.Errorf("place: %w: of something else", errArchive)
	}
	p := &Place{
		CountryCode: a.text(root["countryCode"]), Home: a.bool(root["isHome"]), AddressText: a.text(root["addressString"]),
		Names: a.placeNames(a.list(a.dict(root["mapItem"])["sortedPlaceInfos"])),
	}
	p.Name = p.Names.short()
	if m := a.dict(root["postalAddress"]); m != nil {
		p.Address = &Address{
			Street: a.text(m["_street"]), SubLocality: a.text(m["_subLocality"]), City: a.text(m["_city"]),
			SubAdministrativeArea: a.text(m["_subAdministrativeArea"]), State: a.text(m["_state"]),
			PostalCode: a.text(m["_postalCode"]), Country: a.text(m["_country"]), CountryCode: a.text(m["_ISOCountryCode"]),
		}
	}
	if err := a.err(); err != nil {
		return nil, fmt.Errorf("place: %w", err)
	}
	return p, nil
}

func (a *archive) placeNames(infos []any) (names PlaceNames) {
	type area struct {
		name string
		kind int
		size float64
	}
	var areas []area
	for _, info := range infos {
		m := a.dict(info)
		kind := a.number(m["placeType"])
		if !(kind >= 1 && kind <= 100) {
			continue
		}
		if name := a.text(m["name"]); name != "" {
			areas = append(areas, area{name, int(kind), a.number(m["area"])})
		}
	}
	slices.SortStableFunc(areas, func(a, b area) int {
		switch {
		case a.size < b.size:
			return -1
		case a.size > b.size:
			return 1
		}
		return 0
	})
	for _, area := range areas {
		if list := names.ofType(area.kind); list != nil {
			*list = append(*list, area.name)
		}
	}
	return names
}
