#!/bin/sh
# Tests of pages in a real browser: run.sh RETRYPROOF FILE.test.js [ARGUMENTS OF NODE]
# Ends with 77 where ./dev test --full has not installed what it needs.
set -eu

skipped=77
root=$(cd "$(dirname "$0")/../.." && pwd)
retryproof=$1
file=$2
shift 2

for command in node chromium; do
    command -v "$command" >/dev/null || {
        echo "$command is not installed"
        exit "$skipped"
    }
done
[ -d "$root/build/browser/node_modules" ] || {
    echo "build/browser has no node_modules; ./dev test --full makes them"
    exit "$skipped"
}

# The modules are found beside the tests that import them.
cp "$root"/tests/browser/*.js "$root"/tests/browser/package.json "$root/build/browser/"
cd "$root/build/browser"
RETRYPROOF=$retryproof ROOT=$root CHROMIUM=$(command -v chromium) SCREENSHOTS=$root/out/screenshots exec node --test "$@" "$file"
