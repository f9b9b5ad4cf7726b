package backup_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/photogo/photogo/backup"
)

func TestCheckLibrary(t *testing.T) {
	for name, ok := range map[string]bool{
		"anna": true, "7": true, "Familie_Müller": true, "Ünsal.2024+x@home-1": true, "各家": true, "E\u0301lan": true,
		strings.Repeat("ä", 100): true, strings.Repeat("ä", 101): false,
		"": false, ".anna": false, "-anna": false, "an na": false, "an/na": false, "an:na": false, "\u0301a": false,
		"anna\n": false, "an\xffna": false, "an\ufffdna": false,
	} {
		if err := backup.CheckLibrary(name); (err == nil) != ok || err != nil && !errors.Is(err, backup.ErrName) {
			t.Errorf("CheckLibrary(%q) = %v", name, err)
		}
	}
}
