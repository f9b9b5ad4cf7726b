package photokit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"pgregory.net/rapid"

	"github.com/photogo/photogo/fingerprint"
)

func jpegOf(t testing.TB, w, h int) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, w, h int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func box(name string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), name...), body...)
}

func ispe(w, h uint32) []byte {
	return box("ispe", make([]byte, 4), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h))
}

func heicOf(w, h uint32) []byte {
	return bytes.Join([][]byte{
		box("ftyp", []byte("heic\x00\x00\x00\x00mif1heic")),
		box("meta", make([]byte, 4), box("hdlr", make([]byte, 20)), box("iprp", box("ipco", ispe(512, 512), ispe(w, h), ispe(320, 240)))),
		box("mdat", []byte("tiles")),
	}, nil)
}

func movieOf() []byte {
	return bytes.Join([][]byte{box("ftyp", []byte("qt  \x00\x00\x00\x00qt  ")), box("mdat", make([]byte, 100)), box("moov", make([]byte, 50))}, nil)
}

// bplist is a binary property list of one empty dictionary.
func bplist() []byte {
	b := append([]byte("bplist00\xd0\x08"), make([]byte, 32)...)
	t := b[len(b)-32:]
	t[6], t[7] = 1, 1
	binary.BigEndian.PutUint64(t[8:], 1)
	binary.BigEndian.PutUint64(t[24:], 9)
	return b
}

func print(b []byte) string {
	h := fingerprint.New()
	h.Write(b)
	return h.Text()
}

func TestProof(t *testing.T) {
	photo, small := jpegOf(t, 400, 300), jpegOf(t, 40, 30)
	var g bytes.Buffer
	if err := gif.Encode(&g, image.NewGray(image.Rect(0, 0, 30, 20)), nil); err != nil {
		t.Fatal(err)
	}
	size := func(b []byte) int64 { return int64(len(b)) }
	xml := []byte("<?xml version=\"1.0\"?><plist version=\"1.0\"><dict/></plist>\n")
	for name, test := range map[string]struct {
		file  []byte
		want  Want
		proof Proof // "": not the original
	}{
		"fingerprint":                         {photo, Want{Fingerprint: print(photo), Size: size(photo)}, ProofFingerprint},
		"fingerprint, size is old":            {photo, Want{Fingerprint: print(photo), Size: 1}, ProofFingerprint},
		"fingerprint of another":              {photo, Want{Fingerprint: print(small), Size: size(photo)}, ""},
		"no fingerprint as Photos writes one": {photo, Want{Fingerprint: "AAA", Size: size(photo)}, ProofSize},
		"size":                                {photo, Want{Size: size(photo), UTI: "public.jpeg", Width: 400, Height: 300}, ProofSize},
		"size, turned":                        {photo, Want{Size: size(photo), UTI: "public.jpeg", Width: 300, Height: 400}, ProofSize},
		"size, other pixels":                  {photo, Want{Size: size(photo), UTI: "public.jpeg", Width: 4000, Height: 3000}, ""},
		"size, other type":                    {photo, Want{Size: size(photo), UTI: "public.heic", Width: 400, Height: 300}, ""},
		"size, a JPEG for a RAW":              {photo, Want{Size: size(photo), UTI: "com.canon.cr2-raw-image"}, ""},
		"a RAW":                               {[]byte("II*\x00..."), Want{Size: 7, UTI: "com.adobe.raw-image"}, ProofSize},
		"a RAW of its own kind":               {[]byte("FUJIFILMCCD-RAW"), Want{Size: 15, UTI: "com.fuji.raw-image"}, ProofSize},
		"a type nobody knows":                 {[]byte("abc"), Want{Size: 3, UTI: "com.example.new"}, ProofSize},
		"another size":                        {small, Want{Size: size(photo), UTI: "public.jpeg"}, ""},
		"empty":                               {nil, Want{Size: size(photo), UTI: "public.jpeg"}, ""},
		"empty, nothing known":                {nil, Want{UTI: "com.apple.property-list"}, ""},
		"shape":                               {photo, Want{UTI: "public.jpeg", Width: 400, Height: 300}, ProofShape},
		"shape, a proxy":                      {small, Want{UTI: "public.jpeg", Width: 400, Height: 300}, ""},
		"shape, cut":                          {photo[:len(photo)-20], Want{UTI: "public.jpeg", Width: 400, Height: 300}, ""},
		"nothing known":                       {photo, Want{}, ""},
		"PNG":                                 {pngOf(t, 30, 20), Want{UTI: "public.png", Width: 30, Height: 20}, ProofShape},
		"PNG, cut":                            {pngOf(t, 30, 20)[:60], Want{UTI: "public.png", Width: 30, Height: 20}, ""},
		"GIF":                                 {g.Bytes(), Want{UTI: "com.compuserve.gif", Width: 30, Height: 20}, ProofShape},
		"HEIC":                                {heicOf(4032, 3024), Want{UTI: "public.heic", Width: 4032, Height: 3024}, ProofShape},
		"HEIC, a smaller one":                 {heicOf(2048, 1536), Want{UTI: "public.heic", Width: 4032, Height: 3024}, ""},
		"HEIC, cut":                           {heicOf(4032, 3024)[:150], Want{UTI: "public.heic", Width: 4032, Height: 3024}, ""},
		"HEIC, cut between boxes":             {heicOf(4032, 3024)[:140], Want{UTI: "public.heic", Width: 4032, Height: 3024}, ""},
		"movie":                               {movieOf(), Want{Size: size(movieOf()), UTI: "com.apple.quicktime-movie", Width: 1920, Height: 1080}, ProofSize},
		"movie of unknown size":               {movieOf(), Want{UTI: "com.apple.quicktime-movie", Width: 1920, Height: 1080}, ""},
		"an edit, binary":                     {bplist(), Want{UTI: "com.apple.property-list"}, ProofShape},
		"an edit, XML":                        {xml, Want{UTI: "com.apple.property-list"}, ProofShape},
		"an edit, XML, cut":                   {xml[:30], Want{UTI: "com.apple.property-list"}, ""},
		"an edit, cut":                        {bplist()[:20], Want{UTI: "com.apple.property-list"}, ""},
		"an edit that is a picture":           {photo, Want{UTI: "com.apple.property-list"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			proof, n, apple, err := prove(t.Context(), bytes.NewReader(test.file), test.want, nil, make([]byte, 1000))
			if proof != test.proof || (err == nil) != (test.proof != "") || err != nil && !errors.Is(err, ErrNotOriginal) {
				t.Errorf("%q, %v", proof, err)
			}
			if n != size(test.file) || apple != print(test.file) {
				t.Errorf("%d bytes, %s", n, apple)
			}
		})
	}
}

// Whatever is done to a file, it does not pass for the original any more.
func TestAnyChangeShows(t *testing.T) {
	files := map[string][]byte{"public.jpeg": jpegOf(t, 200, 100), "public.heic": heicOf(4032, 3024), "com.apple.quicktime-movie": movieOf()}
	rapid.Check(t, func(t *rapid.T) {
		uti := rapid.SampledFrom([]string{"public.jpeg", "public.heic", "com.apple.quicktime-movie"}).Draw(t, "type")
		original := files[uti]
		changed := bytes.Clone(original)
		at := rapid.IntRange(0, len(changed)-1).Draw(t, "at")
		same := false
		switch rapid.SampledFrom([]string{"flip", "cut", "grow"}).Draw(t, "change") {
		case "flip":
			changed[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "by"))
			same = true
		case "cut":
			changed = changed[:at]
		case "grow":
			changed = append(changed, 0)
		}
		want := Want{Fingerprint: print(original), Size: int64(len(original)), UTI: uti}
		if proof, _, _, err := prove(t.Context(), bytes.NewReader(changed), want, nil, make([]byte, 1000)); err == nil {
			t.Errorf("with a fingerprint: %s", proof)
		}
		want.Fingerprint = ""
		if proof, _, _, err := prove(t.Context(), bytes.NewReader(changed), want, nil, make([]byte, 1000)); err == nil && !same {
			t.Errorf("with a size: %s", proof)
		}
	})
}

func FuzzExamine(f *testing.F) {
	for _, b := range [][]byte{jpegOf(f, 20, 10), pngOf(f, 20, 10), heicOf(40, 30), movieOf(), bplist(), []byte("GIF89a"), []byte("<?xml"), nil} {
		f.Add(b)
	}
	f.Add([]byte("\x00\x00\x00\x01ftypheic\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := examine(bytes.NewReader(b), int64(len(b)))
		if err != nil || m.width < 0 || m.height < 0 {
			t.Errorf("%+v, %v", m, err)
		}
		if len(b) == 0 && m.complete {
			t.Error("nothing is complete")
		}
	})
}
