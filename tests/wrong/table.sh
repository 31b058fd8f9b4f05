#!/bin/sh
# table.sh BUILD: runs the wrong proxies of a build folder and prints what the suite noticed of each.
set -eu

echo '| wrong proxy | world | cases that fail | the first sentence that tells it |'
echo '|---|---|---|---|'
ctest --test-dir "$1" -L wrong -V | sed -n -e 's/^[0-9]*: | /| /p' -e '/(Failed)\|tests passed\|Timeout/p'
