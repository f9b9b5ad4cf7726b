package backup

import (
	_ "embed"
	"io"
	"text/template"
	"time"
)

//go:embed readme.txt
var readmeText string

var readmeTemplate = template.Must(template.New("README.txt").Parse(readmeText))

// writeReadme writes the text for a stranger.
func writeReadme(w io.Writer, x Explanation) error {
	return readmeTemplate.Execute(w, map[string]string{
		"Library": x.Library, "Archive": x.Archive.Name, "Period": x.Archive.Period,
		"Created": x.Archive.Created.UTC().Format(time.DateOnly),
	})
}
