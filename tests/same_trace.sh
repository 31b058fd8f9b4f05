#!/bin/sh
# Same seed, same trace: plays the suite twice in the simulation, by one process and by two, and holds the fingerprint of
# every case against its twin. Usage: same_trace.sh RETRYPROOF SUITE
set -eu

retryproof=$1
suite=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The fingerprint of each case, in the order of the suite.
traces()
{
    "$retryproof" run --world sim --seed 5 --tag 'not large' --jobs "$1" --quiet \
        --report "json=$folder/result.json" "$suite" >"$folder/log" 2>&1 || {
        cat "$folder/log"
        exit 1
    }
    grep -E '"(id|trace_hash)": ' "$folder/result.json"
}

traces 1 >"$folder/one"
traces 2 >"$folder/two"
cases=$(grep -c '"trace_hash": "[1-9]' "$folder/one") || {
    echo "no case has a fingerprint"
    exit 1
}
if ! diff "$folder/one" "$folder/two"; then
    echo "the same seed gave another trace: the simulation is not deterministic"
    exit 1
fi
echo "$cases cases, each with the same trace twice"
