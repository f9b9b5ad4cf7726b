package archive

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/photogo/photogo/internal/command"
	"github.com/photogo/photogo/ssh"
)

// Progress is how far borg is.
type Progress struct {
	Files   int64  // so far; not for checks
	Bytes   int64  // of these files, before compression
	Path    string // the file that is being worked on, relative to the root; may be ""
	Message string // what is being done, in borg's words; may be ""
}

// message is a line of borg's --log-json.
type message struct {
	Type      string  `json:"type"`
	Level     string  `json:"levelname"`
	Name      string  `json:"name"`
	ID        string  `json:"msgid"`
	Message   string  `json:"message"`
	Status    string  `json:"status"`
	Path      string  `json:"path"`
	Files     int64   `json:"nfiles"`
	Size      int64   `json:"original_size"`
	Current   int64   `json:"current"`
	Total     int64   `json:"total"`
	Finished  bool    `json:"finished"`
	Operation float64 `json:"operation"`
}

// few is how many of borg's lines an error repeats.
const few = 10

// log is what borg has said in one run.
type log struct {
	progress func(Progress) // may be nil
	id       string         // of the last error that has one
	message  string
	plain    []string       // what is not JSON: usage, the crash of a borg
	remote   []string       // what ssh, or the borg at the other end, said
	errors   []string       // the first errors and warnings
	asked    string         // the question that borg asked and was told no
	status   map[string]int // of each file, by status
	bad      []string       // files that were not taken as they should
}

func (l *log) line(line []byte) error {
	var m message
	if line[0] != '{' || json.Unmarshal(line, &m) != nil {
		// The end tells most.
		if l.plain = append(l.plain, string(line)); len(l.plain) > few {
			l.plain = l.plain[1:]
		}
		return nil
	}
	switch m.Type {
	case "log_message":
		l.logged(m)
	case "file_status":
		if l.status == nil {
			l.status = map[string]int{}
		}
		if len(m.Status) > 1 {
			m.Status = "?"
		}
		l.status[m.Status]++
		if !taken[m.Status] {
			l.bad = add(l.bad, m.Path)
		}
	case "archive_progress":
		if l.progress != nil && !m.Finished {
			l.progress(Progress{Files: m.Files, Bytes: m.Size, Path: m.Path})
		}
	case "progress_percent", "progress_message":
		if l.progress != nil && m.Message != "" {
			l.progress(Progress{Message: m.Message})
		}
	case "question_accepted_false":
		l.asked = m.ID
	}
	return nil
}

func (l *log) logged(m message) {
	if text, ok := strings.CutPrefix(m.Message, "Remote: "); ok {
		l.remote = add(l.remote, text)
		return
	}
	switch m.Level {
	case "ERROR", "CRITICAL":
		if strings.Contains(m.Message, "Traceback (most recent call last)") {
			l.traceback(m.Message)
		} else if m.ID != "" && meaning(l.id) == nil {
			l.id, l.message = m.ID, m.Message
		} else {
			l.errors = add(l.errors, m.Message)
		}
	case "WARNING":
		l.errors = add(l.errors, m.Message)
	}
}

// raised is the line of a traceback that names an exception.
var raised = regexp.MustCompile(`(?m)^(?:[A-Za-z_]\w*\.)*([A-Za-z_]\w*): .*$`)

// traceback reads what Python says of an exception that borg did not expect, as
// when the link is lost while data is sent. The first one that is named caused
// the others.
func (l *log) traceback(text string) {
	text, _, _ = strings.Cut(text, "\nPlatform: ")
	for _, m := range raised.FindAllStringSubmatch(text, few) {
		if meaning(l.id) == nil && meaning(m[1]) != nil {
			l.id, l.message = m[1], m[0]
		} else {
			l.errors = add(l.errors, m[0])
		}
	}
}

// meaning returns what a message id means, nil if it is not known.
func meaning(id string) error {
	if strings.HasPrefix(id, "Connection") {
		return ssh.ErrUnreachable
	}
	return meanings[id]
}

// diskFull recognises what the system says when there is no room. Borg tells it of
// the file that it was reading, whichever disk it is that is full.
func diskFull(text string) bool { return strings.Contains(text, "[Errno 28]") }

func add(list []string, text string) []string {
	if len(list) < few {
		list = append(list, text)
	}
	return list
}

// taken are the statuses of files that are in the archive as they are on disk.
var taken = map[string]bool{"A": true, "M": true, "U": true, "h": true}

// verdict is the error of a run, nil only if borg ended with 0.
func (l *log) verdict(op string, failed error) error {
	if failed == nil {
		return nil
	}
	e := &Error{Op: op, Code: -1, ID: l.id, Message: l.message}
	var program *command.Error
	if errors.As(failed, &program) {
		e.Code = program.Code
	}
	switch {
	case program == nil || program.Err != nil:
		e.Err, e.Message = failed, "" // ended from outside; borg's words are about that
		return e
	case meaning(l.id) == ssh.ErrUnreachable:
		e.Err, e.More = ssh.ErrUnreachable, l.remote
		if err := ssh.Classify(strings.Join(l.remote, "\n")); err != nil {
			e.Err = err
		}
	case meaning(l.id) != nil:
		e.Err = meaning(l.id)
	case slices.ContainsFunc(l.errors, diskFull):
		e.Err, e.More = ErrFull, l.errors
	case e.Code == 1:
		e.Err, e.More = ErrIncomplete, l.errors
	default:
		e.Err, e.More = failed, append(append(l.remote, l.plain...), l.errors...)
		if cause := ssh.Classify(strings.Join(append(l.remote, l.plain...), "\n")); cause != nil {
			e.Err = cause
		}
	}
	if l.asked != "" {
		e.More = append([]string{"borg asked " + l.asked}, e.More...)
	}
	if len(e.More) > few {
		e.More = e.More[:few]
	}
	return e
}
