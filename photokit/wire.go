package photokit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Protocol is the version of docs/HELPER_PROTOCOL.md that this package speaks.
const Protocol = 1

// maxLine is the longest line of the protocol, with its line feed.
const maxLine = 64 << 10

// ResourceType names a file of an asset, as PHAssetResourceType does.
type ResourceType string

// The types that can be asked for, with the raw values of PHAssetResourceType.
const (
	Photo                     ResourceType = "photo"                     // 1
	Video                     ResourceType = "video"                     // 2
	Audio                     ResourceType = "audio"                     // 3
	AlternatePhoto            ResourceType = "alternatePhoto"            // 4: the other half of a RAW pair
	FullSizePhoto             ResourceType = "fullSizePhoto"             // 5: the edited picture
	FullSizeVideo             ResourceType = "fullSizeVideo"             // 6: the edited movie
	AdjustmentData            ResourceType = "adjustmentData"            // 7: the edit itself
	AdjustmentBasePhoto       ResourceType = "adjustmentBasePhoto"       // 8
	PairedVideo               ResourceType = "pairedVideo"               // 9: the movie of a Live Photo
	FullSizePairedVideo       ResourceType = "fullSizePairedVideo"       // 10: that of an edited one
	AdjustmentBasePairedVideo ResourceType = "adjustmentBasePairedVideo" // 11
	AdjustmentBaseVideo       ResourceType = "adjustmentBaseVideo"       // 12
)

var resourceTypes = map[ResourceType]bool{
	Photo: true, Video: true, Audio: true, AlternatePhoto: true, FullSizePhoto: true, FullSizeVideo: true,
	AdjustmentData: true, AdjustmentBasePhoto: true, PairedVideo: true, FullSizePairedVideo: true,
	AdjustmentBasePairedVideo: true, AdjustmentBaseVideo: true,
}

// message is a request to the helper. Which keys count depends on Op.
type message struct {
	Op       string         `json:"op"`
	Protocol int            `json:"protocol,omitempty"`
	ID       int64          `json:"id,omitempty"`
	Jobs     int            `json:"jobs,omitempty"`
	Stall    int64          `json:"stall,omitempty"` // seconds
	Grace    int64          `json:"grace,omitempty"` // seconds
	Abandon  int            `json:"abandon,omitempty"`
	Tries    int            `json:"tries,omitempty"`
	Probe    []string       `json:"probe,omitempty"`
	Asset    string         `json:"asset,omitempty"`
	Types    []ResourceType `json:"types,omitempty"`
	UTI      string         `json:"uti,omitempty"`
	Path     string         `json:"path,omitempty"`
	Limit    int64          `json:"limit,omitempty"`
	Local    bool           `json:"local,omitempty"`
}

// line is a message as it is sent.
func (m message) line() ([]byte, error) {
	b, err := json.Marshal(m)
	if err == nil && len(b)+1 > maxLine {
		err = fmt.Errorf("a request of %d bytes is too long for the helper", len(b))
	}
	return append(b, '\n'), err
}

// event is what the helper says. Which keys count depends on Event.
type event struct {
	Event         string       `json:"event"`
	ID            int64        `json:"id"`
	Protocol      int          `json:"protocol"`
	Helper        string       `json:"helper"`
	System        string       `json:"system"`
	Authorization string       `json:"authorization"`
	Known         []string     `json:"known"`
	Unavailable   string       `json:"unavailable"`
	Fraction      float64      `json:"fraction"`
	Bytes         int64        `json:"bytes"`
	Type          ResourceType `json:"type"`
	UTI           string       `json:"uti"`
	Name          string       `json:"name"`
	Tries         int          `json:"tries"`
	Class         class        `json:"class"`
	Reason        Reason       `json:"reason"`
	Domain        string       `json:"domain"`
	Code          int64        `json:"code"`
	Message       string       `json:"message"`
	Chain         []Cause      `json:"chain"`
	After         int64        `json:"after"`
	Seconds       int64        `json:"seconds"`
}

// terminal are the events that end a request, answering those that follow from
// status and authorize as well.
var terminal = map[string]bool{"status": true, "done": true, "failed": true, "stalled": true}

var errNonsense = errors.New("not a line of the protocol")

// maxChain is how many causes of a chain are kept.
const maxChain = 8

// parseEvent reads a line of the helper. It is hostile until it has passed.
func parseEvent(line []byte) (event, error) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		return event{}, fmt.Errorf("%w: %v", errNonsense, err)
	}
	switch e.Event {
	case "hello", "error", "bye":
	case "progress", "status", "done", "failed", "stalled":
		if e.ID <= 0 {
			return event{}, fmt.Errorf("%w: %s without an id", errNonsense, e.Event)
		}
	default:
		return event{}, fmt.Errorf("%w: event %.20q", errNonsense, e.Event)
	}
	if e.Bytes < 0 || !(e.Fraction >= 0) || e.After < 0 || e.Seconds < 0 || e.Tries < 0 {
		return event{}, fmt.Errorf("%w: a negative number", errNonsense)
	}
	e.Fraction = min(e.Fraction, 1)
	for _, s := range []*string{&e.Helper, &e.System, &e.Unavailable, &e.UTI, &e.Name, &e.Domain, &e.Message} {
		*s = plain(*s)
	}
	e.Chain = e.Chain[:min(len(e.Chain), maxChain)]
	for i := range e.Chain {
		e.Chain[i].Domain, e.Chain[i].Message = plain(e.Chain[i].Domain), plain(e.Chain[i].Message)
	}
	return e, nil
}

// refusal turns a failed event into an error. A class that is unknown is taken
// for one that passes: tries are counted.
func (e event) refusal() *Refusal {
	r := &Refusal{Domain: e.Domain, Code: e.Code, Message: e.Message, Reason: e.Reason, Chain: e.Chain, class: e.Class, after: e.After}
	kind, known := kinds[e.Reason]
	if !known {
		r.Reason, kind = ReasonUnknown, ErrFailed
	}
	r.kind = kind
	// The reason decides; the class is for reasons that are younger than photogo.
	switch r.Reason {
	case ReasonAccount, ReasonDenied, ReasonSpace, ReasonLibrary, ReasonFile:
		r.class = classStop
	case ReasonMissing, ReasonTooLong:
		r.class = classPark
	case ReasonUnknown:
		if known || r.class != classPark && r.class != classStop {
			r.class = classRetry
		}
	default:
		r.class = classRetry
	}
	return r
}

// maxText is how much of a text of the helper is kept, in bytes.
const maxText = 1000

// plain makes a text safe to show and to store.
func plain(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// lines reads lines of bounded length.
type lines struct {
	r    *bufio.Reader
	long bool // inside of a line that is too long
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, maxLine)} }

// next returns the next line without its line feed; it is good until the next
// call. ok is false for each part of a line that is too long, so that a line
// without an end shows. An unfinished line at the end is none.
func (l *lines) next() (line []byte, ok bool, err error) {
	line, err = l.r.ReadSlice('\n')
	was := l.long
	l.long = err == bufio.ErrBufferFull
	switch {
	case l.long, was && err == nil:
		return nil, false, nil
	case err != nil:
		return nil, false, err
	}
	return line[:len(line)-1], true, nil
}
