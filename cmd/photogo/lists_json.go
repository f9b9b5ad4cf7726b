package main

import (
	"time"

	"github.com/photogo/photogo/photosdb"
)

// The objects of the lists; docs/JSON.md describes them.

type jsonAlbum struct {
	UUID    photosdb.UUID      `json:"uuid"`
	Title   *string            `json:"title"`
	Kind    photosdb.AlbumKind `json:"kind"`
	Folders []photosdb.Folder  `json:"folders"`
	Assets  *int               `json:"assets"`
	Created *string            `json:"created"`
	Start   *string            `json:"start"`
	End     *string            `json:"end"`
	Owner   *jsonOwner         `json:"owner"`
}

type jsonOwner struct {
	ID   string  `json:"hashed_id"`
	Name *string `json:"name"`
}

func albumObject(a photosdb.AlbumEntry) any {
	j := jsonAlbum{a.UUID, orNull(a.Title), a.Kind, append([]photosdb.Folder{}, a.Folders...), &a.Assets, utc(a.Created), utc(a.Start), utc(a.End), nil}
	if a.Kind == photosdb.SmartAlbum {
		j.Assets = nil
	}
	if a.Owner.ID != "" {
		j.Owner = &jsonOwner{a.Owner.ID, orNull(a.Owner.Name)}
	}
	return j
}

func folderObject(f photosdb.FolderEntry) any {
	return struct {
		UUID    photosdb.UUID     `json:"uuid"`
		Title   *string           `json:"title"`
		Within  []photosdb.Folder `json:"folders"`
		Albums  int               `json:"albums"`
		Inner   int               `json:"subfolders"`
		Created *string           `json:"created"`
	}{f.UUID, orNull(f.Title), append([]photosdb.Folder{}, f.Folders...), f.Albums, f.Inner, utc(f.Created)}
}

type jsonPerson struct {
	UUID string  `json:"uuid"`
	Name *string `json:"name"`
}

func personObject(p photosdb.PersonEntry) any {
	j := struct {
		jsonPerson
		Detection *int         `json:"detection_type"`
		Faces     int          `json:"faces"`
		Assets    int          `json:"assets"`
		Merged    []jsonPerson `json:"merged"`
	}{jsonPerson{p.ID, orNull(p.KnownAs)}, nil, p.Faces, p.Assets, []jsonPerson{}}
	if p.Detection != 0 {
		j.Detection = &p.Detection
	}
	for _, other := range p.Merged {
		j.Merged = append(j.Merged, jsonPerson{other.ID, orNull(other.Name)})
	}
	return j
}

// jsonCount is a keyword or a label with its assets.
type jsonCount struct {
	Keyword *string `json:"keyword,omitempty"`
	Label   *string `json:"label,omitempty"`
	Assets  int     `json:"assets"`
}

func placeObject(p photosdb.PlaceEntry) any {
	return struct {
		Name    string             `json:"name"`
		Kind    photosdb.PlaceKind `json:"kind"`
		Country *string            `json:"country_code"`
		Assets  int                `json:"assets"`
	}{p.Name, p.Kind, orNull(p.Country), p.Assets}
}

func importObject(i photosdb.ImportEntry) any {
	return struct {
		UUID    photosdb.UUID `json:"uuid"`
		Title   *string       `json:"title"`
		App     *string       `json:"app"`
		Created *string       `json:"created"`
		Start   *string       `json:"start"`
		End     *string       `json:"end"`
		Assets  int           `json:"assets"`
	}{i.UUID, orNull(i.Title), orNull(i.App), utc(i.Created), utc(i.Start), utc(i.End), i.Assets}
}

func libraryObject(f photosdb.Found) any {
	j := struct {
		Path   string  `json:"path"`
		System bool    `json:"system"`
		UUID   *string `json:"uuid"`
		Photos *int    `json:"photos_version"`
		MacOS  *string `json:"macos"`
		Model  *int64  `json:"model_version"`
		Assets *int    `json:"assets"`
		Code   *int    `json:"code"`
		Error  *string `json:"error"`
	}{Path: f.Path, System: f.System}
	if f.Err != nil {
		code, why := exitCode(f.Err), whyNot(f.Err)
		j.Code, j.Error = &code, &why
		return j
	}
	j.UUID, j.MacOS, j.Model, j.Assets = orNull(f.Info.UUID), orNull(f.Info.MacOS), &f.Info.ModelVersion, &f.Info.Assets
	if f.Info.Photos != 0 {
		j.Photos = &f.Info.Photos
	}
	return j
}

// utc is a time as the contract wants it, null for none.
func utc(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format(time.RFC3339Nano)
	return &text
}

// orNull is null for the empty text.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
