package notify

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/photogo/photogo/internal/command"
)

// limits of what is sent: a notification that is longer is not shown.
const (
	maxText = 500 // characters
	timeout = 20 * time.Second
)

// clean makes a text fit for a message.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if runes := []rune(text); len(runes) > maxText {
		text = string(runes[:maxText-1]) + "…"
	}
	return strings.TrimSpace(text)
}

// System sends through the system's notifications: osascript on macOS, notify-send
// elsewhere. Env is the environment, as os.Environ returns it. Errors of Send:
// *command.Error; command.ErrMissing is wrapped where the program is not there.
type System struct {
	GOOS string // as runtime.GOOS names it
	Env  []string
}

// script has no text of ours in it: that comes as arguments.
var script = []string{
	"-e", "on run argv",
	"-e", "display notification (item 2 of argv) with title (item 1 of argv)",
	"-e", "end run",
}

// Send implements Sender.
func (s System) Send(ctx context.Context, m Message) error {
	c := command.Cmd{Name: "osascript", Args: append(append([]string{}, script...), m.Title, m.Text)}
	if s.GOOS != "darwin" {
		// The text may hold markup and backslashes, which notify-send understands.
		text := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `\`, `\\`).Replace(m.Text)
		c = command.Cmd{Name: "notify-send", Args: []string{"--app-name=photogo", "--urgency=critical", "--", m.Title, text}}
	}
	return run(ctx, c, s.Env)
}

// Program sends through a program, which finds the message in PHOTOGO_TITLE and
// PHOTOGO_TEXT, and on its stdin: the title, an empty line and the text. No shell
// sees it. Errors of Send are those of System.
type Program struct {
	Args []string // the program, absolute or in PATH, and its arguments; not empty
	Env  []string
}

// Send implements Sender.
func (p Program) Send(ctx context.Context, m Message) error {
	if len(p.Args) == 0 {
		return fmt.Errorf("%w: no program tells", command.ErrMissing)
	}
	c := command.Cmd{Name: p.Args[0], Args: p.Args[1:], Stdin: strings.NewReader(m.Title + "\n\n" + m.Text + "\n")}
	return run(ctx, c, p.Env, "PHOTOGO_TITLE="+m.Title, "PHOTOGO_TEXT="+m.Text)
}

func run(ctx context.Context, c command.Cmd, env []string, more ...string) error {
	c.Env, c.Timeout = command.Environment(env, more...), timeout
	return c.Run(ctx)
}
