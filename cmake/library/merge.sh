#!/bin/sh
# Makes one archive of one object out of the parts, in which only what the headers declare is global:
#   CC=… AR=… NM=… OBJCOPY=… merge.sh PARTS.a LIBRARY.a -IFOLDER… -- HEADER…
# Of the parts it takes what the public functions need, and nothing else.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
parts=$1
library=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

includes=
folders=
while [ "$1" != -- ]; do
    includes="$includes $1"
    folders="$folders ${1#-I}/"
    shift
done
shift
for header in "$@"; do
    echo "#include \"$header\""
done >"$work/all.c"

# shellcheck disable=SC2086 # one word each
"$CC" -std=c11 -D_GNU_SOURCE -E $includes "$work/all.c" |
    awk -v folders="$folders" -f "$here/public_names.awk" | sort -u >"$work/public"
"$NM" --defined-only "$parts" | awk 'NF == 3 && $2 ~ /[TDBRVW]/ { print $3 }' | sort -u >"$work/defined"
comm -12 "$work/public" "$work/defined" | sed 's/^/-Wl,--undefined=/' >"$work/wanted"

"$CC" -r -nostdlib -o "$work/retryproof.o" "@$work/wanted" "$parts"
"$OBJCOPY" --keep-global-symbols="$work/public" "$work/retryproof.o"
rm -f "$library"
"$AR" rcs "$library" "$work/retryproof.o"
cp "$work/public" "${library%.a}.names"
