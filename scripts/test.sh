#!/bin/sh
# All that CI checks: formatting, vet, staticcheck, the tests with the race
# detector, and builds and vets for the other systems.
set -eu
GO=${GO:-go}

say() { printf '\n== %s\n' "$*"; }

say gofmt
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || { echo "not formatted:" $unformatted >&2; exit 1; }

say go vet
$GO vet ./...

say staticcheck
$GO tool staticcheck ./...

for target in darwin/arm64 darwin/amd64 linux/arm64; do
    say "build and vet for $target"
    CGO_ENABLED=0 GOOS=${target%/*} GOARCH=${target#*/} $GO build -o /dev/null ./...
    CGO_ENABLED=0 GOOS=${target%/*} GOARCH=${target#*/} $GO vet ./...
done

say go test -race
# Those that take longest first, and one more than there are processors: they often wait.
$GO test -race -count=1 -timeout 40m -p $(($(getconf _NPROCESSORS_ONLN) + 1)) ./backup ./export ./photosdb ./...

say "go test: 200 kills, and a power cut at every call, for which -race is too slow"
$GO test -count=1 -run 'TestKilledAtRandomMoments|TestAPowerCutAtEveryCall' ./export

sh scripts/helper-test.sh
