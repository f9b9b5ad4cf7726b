#!/bin/sh
# Makes a sample library, exports it twice and verifies the result, all below
# ./demo, which is removed first. Called by `make demo` with the built program.
set -eu

[ $# -eq 1 ] && [ -x "$1" ] || { echo "usage: scripts/demo.sh PHOTOGO" >&2; exit 2; }
photogo=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$(dirname "$0")/.."
GO=${GO:-go}
LC_ALL=C; export LC_ALL
PHOTOGO_HOME=$PWD/demo/state; export PHOTOGO_HOME # nothing of this touches your own state
library=demo/Sample.photoslibrary
dest=demo/Export

say() { printf '\n== %s\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }
die() { echo "demo: $*" >&2; exit 1; }

# Exports, and sets code. The sample has missing and altered files on purpose,
# for which photogo ends with 3; whatever else is not 0 is a failure of the demo.
export_sample() {
    code=0
    printf '$ photogo export %s --library %s\n' "$dest" "$library"
    "$photogo" export "$dest" --library "$library" --report "$1" 2>&1 || code=$?
    case $code in 0 | 3) ;; *) die "photogo export ended with exit code $code" ;; esac
}

# Counts the rows of a report with an outcome, its fifth column; no value before
# it holds a comma or a quote in this library.
count() { awk -F, -v want="$2" '$5 == want { n++ } END { print n + 0 }' "$1"; }

# Checksums of all files of the library, to see that nothing touches them.
checksums() { find "$library" -type f -exec cksum {} + >"$1.raw" && sort "$1.raw" >"$1" && rm "$1.raw"; }

rm -rf demo
mkdir demo

say "a sample library: every kind of photo there is, and some that are not well"
run "$GO" run ./internal/fixture/sample "$library"
checksums demo/before.txt
echo "\$ photogo info --library $library"
"$photogo" info --library "$library"

say "export it"
export_sample demo/first.csv
if [ "$code" = 3 ]; then
    cat <<'WORDS'

Exit code 3: done, but not complete. So it should be here: the sample has files
that are only in iCloud or lost, and two whose bytes are not those that Photos
recorded. photogo names each of them and exports all the rest.
WORDS
fi
placed=$(count demo/first.csv placed)
[ "$placed" -gt 0 ] || die "nothing was placed"

say "what is there now (the whole list is in demo/tree.txt)"
(cd "$dest" && find . -mindepth 1) >demo/list.txt
sort demo/list.txt | sed -e 's,^\./,,' -e 's,[^/]*/,    ,g' >demo/tree.txt
sed 70q demo/tree.txt
echo "... $(($(wc -l <demo/tree.txt) - 70)) more lines"

say "export it again: nothing has changed, so nothing is placed"
export_sample demo/second.csv
again=$(count demo/second.csv placed)
kept=$(count demo/second.csv unchanged)
[ "$again" = 0 ] && [ "$kept" = "$placed" ] || die "the second run placed $again files and kept $kept of $placed"

say "verify every byte"
if command -v b3sum >/dev/null 2>&1; then
    echo "\$ cd $dest && b3sum --check .photogo/manifest.b3"
    (cd "$dest" && b3sum --check .photogo/manifest.b3) >demo/verified.txt ||
        { grep -v ': OK$' demo/verified.txt || true; die "b3sum found other bytes than photogo recorded"; }
    verified=$(grep -c ': OK$' demo/verified.txt)
    echo "$verified files have the bytes that photogo recorded, says b3sum."
else
    # A photogo that remembers nothing takes a file that is there for the one
    # that should be only after reading both and finding the same bytes.
    echo "b3sum is not installed, so photogo reads everything once more itself: with an"
    echo "empty memory it believes in no file whose bytes it has not compared."
    PHOTOGO_HOME=$PWD/demo/empty-state
    export_sample demo/verified.csv
    verified=$(count demo/verified.csv unchanged)
    again=$(count demo/verified.csv placed)
    failed=$(count demo/verified.csv failed)
    [ "$again" = 0 ] && [ "$failed" = 0 ] || die "$failed files have other bytes and $again were not there"
    echo "$verified files have the bytes of the library."
fi
[ "$verified" = "$placed" ] || die "$verified files were verified, $placed were placed"

say "and the library?"
checksums demo/after.txt
cmp demo/before.txt demo/after.txt || die "the library was changed"
echo "It is as it was, file by file and byte by byte."

say "done: look into $dest; demo/first.csv tells the fate of each file"
