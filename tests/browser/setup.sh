#!/bin/sh
# Puts what drives the browser into build/browser, as package-lock.json has it to the byte. Needs a network once.
set -eu
cd "$(dirname "$0")/../.."

lock=tests/browser/package-lock.json
there=build/browser

[ "$(node -p 'parseInt(process.versions.node)')" -ge 18 ] || {
    echo "node $(node --version) is too old; the browser tests need 18 or later" >&2
    exit 1
}
! cmp -s "$lock" "$there/package-lock.json" || [ ! -d "$there/node_modules" ] || exit 0
mkdir -p "$there"
cp tests/browser/package.json "$lock" "$there"
npm --prefix "$there" ci --no-audit --no-fund --ignore-scripts || {
    rm -f "$there/package-lock.json"
    echo "npm could not get playwright-core and axe-core; the browser tests need a network once" >&2
    exit 1
}
