package export

import (
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
)

// Include is what the assets must have for the options: the facts that templates
// and conditions ask for.
func (o *Options) Include() (i photosdb.Include) {
	i = o.Query.Include()
	needs := o.needs()
	if needs.Labels {
		i |= photosdb.IncludeLabels
	}
	if needs.Place {
		i |= photosdb.IncludePlace
	}
	if o.Previews {
		i |= photosdb.IncludePreviews
	}
	return i
}

// DetailsOf tells templates what an asset has of the facts that Include adds. It
// is meant for Options.Details.
func DetailsOf(a *photosdb.Asset) (d naming.Details, err error) {
	if a.Details == nil {
		return d, nil
	}
	d.Labels = a.Details.Labels
	p := a.Details.Place
	if p == nil {
		return d, nil
	}
	first := func(names []string) string {
		if len(names) == 0 {
			return ""
		}
		return names[0]
	}
	d.Place = naming.Place{
		Name: p.Name, CountryCode: p.CountryCode,
		Country: first(p.Names.Country), StateProvince: first(p.Names.AdministrativeArea),
		City: first(p.Names.Locality), AreaOfInterest: first(p.Names.AreaOfInterest),
		Address: naming.Address{Whole: p.AddressText},
	}
	if a := p.Address; a != nil {
		d.Place.Address = naming.Address{
			Whole: p.AddressText, Street: a.Street, City: a.City, StateProvince: a.State,
			PostalCode: a.PostalCode, Country: a.Country, CountryCode: a.CountryCode,
		}
	}
	return d, nil
}
