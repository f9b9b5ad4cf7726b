package manifest

import (
	"testing"
	"time"
)

// What is to be removed where it lies is not what was put aside for a while.
func TestSupersededFilesAreNotQuarantined(t *testing.T) {
	p := newPlace(t)
	m := p.open(t)
	defer m.Close()
	at := time.Unix(1_700_000_000, 0)
	aside := Aside{Path: QuarantineFolder + "/2023-11-14/a.jpg", Was: "a.jpg", At: at, Size: 1}
	old := Aside{Path: "b.jpg", Was: "b.jpg", Size: 2}
	if err := m.Commit(Change{Aside: []Aside{aside, old}}); err != nil {
		t.Fatal(err)
	}
	list, err := m.Quarantined(at.Add(time.Hour))
	if err != nil || len(list) != 1 || list[0].Path != aside.Path {
		t.Errorf("in quarantine %+v, %v", list, err)
	}
	if list, err = m.Superseded(); err != nil || len(list) != 1 || list[0].Path != old.Path || list[0].Size != 2 {
		t.Errorf("superseded %+v, %v", list, err)
	}
	if err := m.Commit(Change{Released: []string{old.Path}}); err != nil {
		t.Fatal(err)
	}
	if list, err = m.Superseded(); err != nil || len(list) != 0 {
		t.Errorf("afterwards %+v, %v", list, err)
	}
}
