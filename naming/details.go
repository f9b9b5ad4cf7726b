package naming

import "github.com/photogo/photogo/photosdb"

// Details are the facts of an asset that templates can ask for and that are not
// part of every photosdb.Asset, because a library needs more time to tell them.
// Who names assets fetches those that Template.Needs tells. The zero value is an
// asset of which none is known.
type Details struct {
	Labels []string // what Photos' image recognition saw, such as "Beach"; in any order
	Place  Place
}

// Place is where a picture was taken, in words: Photos' reverse geolocation. Each
// part is "" where it is not known.
type Place struct {
	Name           string // as Photos shows it
	CountryCode    string // ISO 3166, such as "DE"
	Country        string
	StateProvince  string
	City           string
	AreaOfInterest string
	Address        Address
}

// Address is the postal address of a place.
type Address struct {
	Whole         string // in one line
	Street        string
	City          string
	StateProvince string
	PostalCode    string
	Country       string
	CountryCode   string // ISO 3166
}

// Needs are the details that a template asks for. The zero value is none.
type Needs struct {
	Labels bool
	Place  bool
}

// Or is what either asks for.
func (n Needs) Or(m Needs) Needs {
	return Needs{Labels: n.Labels || m.Labels, Place: n.Place || m.Place}
}

// Any reports whether there is one.
func (n Needs) Any() bool { return n != Needs{} }

// String names them for people.
func (n Needs) String() string {
	switch {
	case n.Labels && n.Place:
		return "{label} and {place}"
	case n.Labels:
		return "{label}"
	case n.Place:
		return "{place}"
	}
	return "none"
}

// Needs tells which details the template asks for.
func (t *Template) Needs() Needs { return needs(t.pieces) }

func needs(pieces []piece) (n Needs) {
	for _, p := range pieces {
		n = n.Or(p.needs)
		for _, alternative := range []*[]piece{p.yes, p.no} {
			if alternative != nil {
				n = n.Or(needs(*alternative))
			}
		}
	}
	return n
}

// facts is all that a field can be filled from.
type facts struct {
	*photosdb.Asset
	*Details
}

// newFacts is facts without details where d is nil.
func newFacts(a *photosdb.Asset, d *Details) facts {
	if d == nil {
		d = new(Details)
	}
	return facts{a, d}
}

// places are the fields of Details.Place, by what follows "place.".
var places = map[string]func(p *Place) string{
	"name":                  func(p *Place) string { return p.Name },
	"country_code":          func(p *Place) string { return p.CountryCode },
	"name.country":          func(p *Place) string { return p.Country },
	"name.state_province":   func(p *Place) string { return p.StateProvince },
	"name.city":             func(p *Place) string { return p.City },
	"name.area_of_interest": func(p *Place) string { return p.AreaOfInterest },

	"address":                func(p *Place) string { return p.Address.Whole },
	"address.street":         func(p *Place) string { return p.Address.Street },
	"address.city":           func(p *Place) string { return p.Address.City },
	"address.state_province": func(p *Place) string { return p.Address.StateProvince },
	"address.postal_code":    func(p *Place) string { return p.Address.PostalCode },
	"address.country":        func(p *Place) string { return p.Address.Country },
	"address.country_code":   func(p *Place) string { return p.Address.CountryCode },
}
