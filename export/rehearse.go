package export

import (
	"context"

	"github.com/photogo/photogo/manifest"
)

// Rehearse tells what Run would do, file by file, and does nothing.
func (p *Plan) Rehearse(ctx context.Context, event func(Event)) (s Summary, err error) {
	for g, err := range p.Groups(ctx) {
		if err != nil {
			return s, err
		}
		for i := range g.Items {
			e := rehearse(&g.Items[i])
			e.Assets = s.Assets
			s.add(e)
			if event != nil {
				event(e)
			}
		}
		s.Assets++
	}
	if p.held == nil {
		return s, nil
	}
	return s, p.foretell(s.Failed, func(e Event) {
		e.Assets = s.Assets
		s.add(e)
		if event != nil {
			event(e)
		}
	})
}

func rehearse(item *Item) Event {
	e := Event{Item: item}
	switch item.Action {
	case Missing:
		e.Outcome, e.Err = Absent, problem(item)
		if e.Err != nil {
			e.Outcome = Failed
		}
	case Fetch:
		e.Outcome, e.Entry, e.Fetch = Placed, &manifest.Entry{Path: item.Path, Size: item.Size}, Fetched
	case Keep:
		e.Outcome, e.Entry = Unchanged, item.known
	case Move:
		e.Outcome, e.Entry = Moved, item.known
	default:
		e.Outcome, e.Entry = Placed, &manifest.Entry{Path: item.Path, Size: item.Size}
	}
	return e
}
