package backup_test

import (
	"slices"
	"testing"
	"time"

	"github.com/photogo/photogo/backup"
)

func TestACycleMirrorsArchivesProvesAndPurges(t *testing.T) {
	s := newSite(t, withVault|withRepo)
	s.plain(1, 3)
	s.arrive("edited", "live")
	r := s.good()
	if r.Exported.Placed == 0 || r.Mirrored.Files != r.Exported.Placed || len(r.Archives) != 0 || r.Period != "2025-05" {
		t.Fatalf("%+v", r)
	}
	may := pictures(t, s.staging())
	s.mirrorIs(may)

	// Nothing new: nothing is sent.
	s.at(time.May, 11)
	if r = s.good(); r.Exported.Placed+r.Mirrored.Files != 0 {
		t.Errorf("%+v", r)
	}

	// What comes before the month is noticed to be over stays for the next one.
	s.at(time.June, 2)
	s.plain(4, 5)
	r = s.good()
	if !slices.Equal(r.Archives, []string{"anna-2025-05"}) || r.Purged.Files != len(may) || r.Period != "2025-06" {
		t.Fatalf("%+v", r)
	}
	june := pictures(t, s.staging())
	if len(june) != 4 || r.Proven.Files != len(may)+4 {
		t.Errorf("%v\n%+v", june, r)
	}
	s.mirrorIs(june)
	s.safe()

	// What is archived is not exported again.
	s.at(time.June, 3)
	if r = s.good(); r.Exported.Placed != 0 {
		t.Errorf("%+v", r)
	}
	st, err := backup.Look(t.Context(), s.job(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if st.Lost.Files != 0 || st.Single.Files != len(may) || st.Staged.Files != 4 || st.Mirrored.Files != 4 || st.Archived.Files != len(may)+4 {
		t.Errorf("%+v", st)
	}
}
