package contract

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Numbers are written as encoding/json writes them.
func TestNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1e21, 1e20, 1e-6, 9.99e-7, 1e-9, 1e-10, 5e-324, math.MaxFloat64}), rapid.Float64Range(-1e-5, 1e-5)).Draw(t, "f")
		want, err := json.Marshal(f)
		if err != nil {
			return
		}
		if got := appendNumber(nil, f); string(got) != string(want) {
			t.Fatalf("%s, want %s", got, want)
		}
	})
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got := appendNumber(nil, f); string(got) != "null" {
			t.Errorf("%v: %s", f, got)
		}
	}
}
