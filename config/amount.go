package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes, never negative.
type Size int64

// units are the powers of 1000 and 1024 by their names, largest first.
var units = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"TB", 1e12}, {"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"KB", 1e3}, {"B", 1},
}

var errSize = errors.New(`a size is a number and a unit: "50GB", "1.5TB", "500MiB", or "0"`)

// ParseSize reads a size: a number and one of the units B, KB, MB, GB, TB, which
// are powers of 1000, and KiB to TiB, which are powers of 1024. "0" needs no unit.
func ParseSize(s string) (Size, error) {
	number, factor := strings.TrimSpace(s), int64(0)
	for _, u := range units {
		if n := len(number) - len(u.name); n > 0 && strings.EqualFold(number[n:], u.name) {
			number, factor = strings.TrimSpace(number[:n]), u.bytes
			break
		}
	}
	if strings.Trim(number, "0123456789.") != "" || factor == 0 && number != "0" {
		return 0, fmt.Errorf("%q: %w", s, errSize)
	}
	// A whole number is exact; the other way has 53 bits.
	if n, err := strconv.ParseInt(number, 10, 64); err == nil && (factor == 0 || n <= math.MaxInt64/factor) {
		return Size(n * factor), nil
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || f*float64(factor) > 1<<60 {
		return 0, fmt.Errorf("%q: %w", s, errSize)
	}
	return Size(math.Round(f * float64(factor))), nil
}

// String writes a size so that ParseSize reads the same back.
func (s Size) String() string {
	if s == 0 {
		return "0"
	}
	for _, u := range units {
		if int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return ""
}

// Reserve is what stays free on a disk, in bytes or as a part of it. Where both are
// given the smaller holds. The zero value is nothing.
type Reserve struct {
	Bytes   Size
	Percent int // of the disk, 0 to 99
}

const or = " or "

// ParseReserve reads a reserve: a size, a part of the disk from 1% to 99%, or both
// with "or" between them.
func ParseReserve(s string) (r Reserve, err error) {
	bytes, part, both := strings.Cut(s, or)
	if !both && strings.HasSuffix(s, "%") {
		bytes, part = "", s
	}
	if part != "" || both {
		number, ok := strings.CutSuffix(strings.TrimSpace(part), "%")
		r.Percent, err = strconv.Atoi(number)
		if err != nil || !ok || r.Percent < 1 || r.Percent > 99 {
			return Reserve{}, fmt.Errorf("%q: a part of the disk is from 1%% to 99%%", part)
		}
		if !both {
			return r, nil
		}
	}
	r.Bytes, err = ParseSize(bytes)
	if err == nil && both && r.Bytes == 0 {
		err = fmt.Errorf("%q: nothing, or a part of the disk: that is nothing", s)
	}
	if err != nil {
		return Reserve{}, err
	}
	return r, nil
}

// String writes a reserve as files have it.
func (r Reserve) String() string {
	part := strconv.Itoa(r.Percent) + "%"
	switch {
	case r.Percent == 0:
		return r.Bytes.String()
	case r.Bytes == 0:
		return part
	}
	return r.Bytes.String() + or + part
}

// Period is what one archive holds.
type Period string

// The periods.
const (
	Month Period = "month"
	Week  Period = "week"
	Day   Period = "day"
)

type size struct{ p *Size }

func (s size) kind() string { return "size" }
func (s size) toml() string { return quote(s.p.String()) }
func (s size) json() any    { return int64(*s.p) }
func (s size) set(v any, _ string) error {
	if n, ok := v.(int64); ok && n == 0 {
		*s.p = 0
		return nil
	}
	t, ok := v.(string)
	if !ok {
		return errSize
	}
	x, err := ParseSize(t)
	if err != nil {
		return err
	}
	*s.p = x
	return nil
}

type reserve struct{ p *Reserve }

func (r reserve) kind() string { return "size, or a part of the disk" }
func (r reserve) toml() string { return quote(r.p.String()) }
func (r reserve) json() any    { return r.p.String() }
func (r reserve) set(v any, home string) error {
	if t, ok := v.(string); ok {
		x, err := ParseReserve(t)
		if err == nil {
			*r.p = x
		}
		return err
	}
	var bytes Size
	if err := (size{&bytes}).set(v, home); err != nil {
		return err
	}
	*r.p = Reserve{Bytes: bytes}
	return nil
}

type period struct{ p *Period }

func (p period) kind() string { return "month, week or day" }
func (p period) toml() string { return quote(string(*p.p)) }
func (p period) json() any    { return string(*p.p) }
func (p period) set(v any, _ string) error {
	t, _ := v.(string)
	switch x := Period(t); x {
	case Month, Week, Day:
		*p.p = x
		return nil
	}
	return fmt.Errorf(`it has to be "month", "week" or "day"`)
}
