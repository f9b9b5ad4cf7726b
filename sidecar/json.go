package sidecar

import (
	"bytes"
	"encoding/json"

	"github.com/photogo/photogo/contract"
	"github.com/photogo/photogo/photosdb"
)

// JSON returns the facts of an asset as one line of JSON without its newline, as
// contract.Of tells them.
func JSON(a *photosdb.Asset, all bool) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(contract.Of(a, all)); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
