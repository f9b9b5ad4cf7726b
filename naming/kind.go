package naming

import (
	"fmt"
	"slices"
	"strings"

	"github.com/photogo/photogo/photosdb"
)

// mediaTypes are what {media_type} can say: the first that is true. The words
// and their order are those of osxphotos.
var mediaTypes = []struct {
	word string
	is   func(a *photosdb.Asset) bool
}{
	{"selfie", has(photosdb.Selfie)}, {"time_lapse", has(photosdb.TimeLapse)}, {"panorama", has(photosdb.Panorama)},
	{"slow_mo", has(photosdb.SlowMotion)}, {"screenshot", has(photosdb.Screenshot)}, {"screen_recording", has(photosdb.ScreenRecording)},
	{"portrait", has(photosdb.Portrait)}, {"live_photo", has(photosdb.Live)},
	{"burst", func(a *photosdb.Asset) bool { return a.Media.Burst != nil }},
	{"photo", func(a *photosdb.Asset) bool { return a.Kind == photosdb.Photo }},
	{"video", func(a *photosdb.Asset) bool { return a.Kind == photosdb.Movie }},
}

func has(s photosdb.Subtype) func(a *photosdb.Asset) bool {
	return func(a *photosdb.Asset) bool { return a.Has(s) }
}

func mediaType(a *photosdb.Asset) string {
	for _, t := range mediaTypes {
		if t.is(a) {
			return t.word
		}
	}
	return ""
}

func photoOrVideo(a *photosdb.Asset) string {
	switch a.Kind {
	case photosdb.Photo:
		return "photo"
	case photosdb.Movie:
		return "video"
	}
	return ""
}

// wordsOf lists what a field of few words can say, nil for other fields.
func wordsOf(field string) (words []string) {
	switch field {
	case "media_type":
		for _, t := range mediaTypes {
			words = append(words, t.word)
		}
	case "photo_or_video":
		words = []string{"photo", "video"}
	}
	return words
}

// otherWords reads the words that a template gives for those of photogo, as in
// {photo_or_video,photo=Fotos;video=Filme}, which stand where a default would.
func (p *parser) otherWords(field *piece, words []string, at int) error {
	if field.no == nil || len(*field.no) != 1 || (*field.no)[0].one != nil || (*field.no)[0].all != nil || !strings.Contains((*field.no)[0].literal, "=") {
		return nil // a default like any other
	}
	other := map[string]string{}
	for _, pair := range strings.Split((*field.no)[0].literal, ";") {
		word, value, ok := strings.Cut(pair, "=")
		if word = strings.TrimSpace(word); !ok || !slices.Contains(words, word) {
			return p.fail(at, fmt.Sprintf("%q is none of the words %s", word, strings.Join(words, ", ")))
		}
		other[word] = strings.TrimSpace(value)
	}
	plain := field.one
	field.no, field.slashes = nil, true
	field.one = func(f *facts) string {
		word := plain(f)
		if value, ok := other[word]; ok {
			return oneLine(value)
		}
		return word
	}
	return nil
}
