package photosdb

import "math"

// firstKnownModel is the lowest model version that was read and checked: Photos 5 of
// macOS 10.15.4.
const firstKnownModel = 13703

// span says which model versions have something; before 0 is all that came later.
type span struct{ from, before int64 }

// comeAndGo are the tables and columns that not all releases have. Nothing but warnings
// depends on it: what is there is read, whatever the release.
var comeAndGo = map[string]span{
	"ZADDITIONALASSETATTRIBUTES.ZACCESSIBILITYDESCRIPTION": {from: 14000},
	"ZADDITIONALASSETATTRIBUTES.ZGPSHORIZONTALACCURACY":    {from: 14000},
	"ZADDITIONALASSETATTRIBUTES.ZIMPORTEDBYDISPLAYNAME":    {from: 15300},
	"ZADDITIONALASSETATTRIBUTES.ZSYNDICATIONHISTORY":       {from: 15300},
	"ZADDITIONALASSETATTRIBUTES.ZSYNDICATIONIDENTIFIER":    {from: 15300},

	"ZASSET.ZLIBRARYSCOPE":                         {from: 14000},
	"ZASSET.ZBUNDLESCOPE":                          {from: 15300},
	"ZASSET.ZACTIVELIBRARYSCOPEPARTICIPATIONSTATE": {from: 16300},
	"ZASSET.ZICONICSCORE":                          {from: 17401},
	"ZASSET.ZSPATIALTYPE":                          {from: 17401},
	"ZASSET.ZADJUSTMENTSSTATE":                     {from: 18204},

	"ZCOMPUTEDASSETATTRIBUTES.ZBEHAVIORALSCORE":  {before: 19000},
	"ZCOMPUTEDASSETATTRIBUTES.ZINTERACTIONSCORE": {before: 19000},

	"ZEXTENDEDATTRIBUTES.ZDIGITALZOOMRATIO":  {from: 15300},
	"ZEXTENDEDATTRIBUTES.ZFOCALLENGTHIN35MM": {from: 15300},
	"ZEXTENDEDATTRIBUTES.ZDATECREATED":       {from: 16300},
	"ZEXTENDEDATTRIBUTES.ZTIMEZONENAME":      {from: 16300},
	"ZEXTENDEDATTRIBUTES.ZTIMEZONEOFFSET":    {from: 16300},

	"ZDETECTEDFACE.ZDETECTIONTYPE": {from: 15300},
	"ZPERSON.ZDETECTIONTYPE":       {from: 15300},

	"ZGENERICALBUM.ZIMPORTEDBYBUNDLEIDENTIFIER": {from: 15300},

	"ZSHARE":            {from: 14000},
	"ZASSETCONTRIBUTOR": {from: 16300},
}

// expects reports whether this library's release has a table, or a column of it. Of
// releases that are not known, too old or without a number, nothing is expected.
func (s *schema) expects(table string, column ...string) bool {
	if table == s.asset {
		table = "ZASSET" // in Photos 5, too
	}
	name := table
	for _, c := range column {
		name += "." + c
	}
	is := comeAndGo[name]
	if is.before == 0 {
		is.before = math.MaxInt64
	}
	return s.model >= max(is.from, firstKnownModel) && s.model < is.before
}
