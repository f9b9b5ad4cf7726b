package export

import (
	"bytes"
	"fmt"

	"github.com/zeebo/blake3"

	"github.com/photogo/photogo/manifest"
	"github.com/photogo/photogo/naming"
	"github.com/photogo/photogo/photosdb"
	"github.com/photogo/photogo/sidecar"
)

// sidecarKind is a kind of sidecar and what it is called.
type sidecarKind struct {
	extension        string
	original, edited photosdb.Role // beside which picture
	// content appends the sidecar of a picture.
	content func(dst []byte, a *photosdb.Asset, picture photosdb.Role) ([]byte, error)
}

var (
	xmpSidecar = sidecarKind{"xmp", RoleSidecar, RoleEditedSidecar, func(dst []byte, a *photosdb.Asset, picture photosdb.Role) ([]byte, error) {
		return sidecar.AppendXMP(dst, a, picture), nil
	}}
	jsonSidecar = sidecarKind{"json", RoleJSON, RoleEditedJSON, func(dst []byte, a *photosdb.Asset, _ photosdb.Role) ([]byte, error) {
		content, err := sidecar.JSON(a, true)
		return append(append(dst, content...), '\n'), err
	}}
)

// kindOf is the kind of the sidecars of a role.
func kindOf(role photosdb.Role) sidecarKind {
	if role == RoleJSON || role == RoleEditedJSON {
		return jsonSidecar
	}
	return xmpSidecar
}

// contentVersion is the version of a sidecar: the hash of its bytes.
func contentVersion(content []byte) string { return manifest.Sum(blake3.Sum256(content)).String() }

// sidecars plans the sidecars of the pictures that are or will be there.
func (p *Plan) sidecars(a *photosdb.Asset, pictures []Item, known map[photosdb.Role]*manifest.Entry) (items []Item) {
	for i := range pictures {
		picture := &pictures[i]
		if picture.Action == Missing || picture.Role != photosdb.RoleOriginal && picture.Role != photosdb.RoleEdited {
			continue
		}
		if !p.opt.NoSidecars {
			items = append(items, p.sidecar(a, picture, xmpSidecar, known))
		}
		if p.opt.JSONSidecars {
			items = append(items, p.sidecar(a, picture, jsonSidecar, known))
		}
	}
	return items
}

// sidecar plans a sidecar of a picture.
func (p *Plan) sidecar(a *photosdb.Asset, picture *Item, kind sidecarKind, known map[photosdb.Role]*manifest.Entry) Item {
	role := kind.original
	if picture.Role == photosdb.RoleEdited {
		role = kind.edited
	}
	item := Item{
		UUID: a.UUID, Role: role, Place: picture.Place, Path: naming.Sidecar(picture.Path, kind.extension),
		Stamp: stamp(a), known: known[role], of: picture.Role,
	}
	content, err := kind.content(p.text[:0], a, picture.Role)
	if err != nil {
		item.Action, item.err = Missing, fmt.Errorf("describe %s: %w", picture.describe(), err)
		return item
	}
	p.text = content
	item.Size, item.Version = int64(len(content)), contentVersion(content)
	if item.keepReleased(item.known != nil && item.known.Version == item.Version) {
		return item
	}
	there, same := p.look(item.known)
	switch {
	case item.known == nil || !there || !same || item.known.Version != item.Version:
		item.Action, item.Content, item.check = Place, bytes.Clone(content), there && !same
		if item.Reason = why(item.known, there, same); item.Reason == ReasonChanged {
			item.Reason = ReasonFacts
		}
	case item.known.Path != item.Path:
		item.Action, item.Reason = Move, ReasonRenamed
	default:
		item.Action, item.Reason = Keep, ReasonSame
	}
	return item
}
