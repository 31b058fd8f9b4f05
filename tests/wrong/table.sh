#!/bin/sh
# table.sh BUILD [ARGUMENT...]: plays the acceptance suite, or what the arguments of `retryproof run` select, in the
# simulation with each wrong proxy of a build folder, and prints how many cases notice it and in which words first.
set -eu

build=$1
shift
[ $# -gt 0 ] || set -- --filter 'not (tag = large)' scenarios
result=$(mktemp)
trap 'rm -f "$result"' EXIT
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"

echo '| wrong proxy | cases that fail | first sentence |'
echo '|---|---|---|'
for program in "$build"/tests/wrong/wrong-*; do
    "$program" run --quiet --world sim --report json="$result" "$@" >/dev/null || [ $? -eq 1 ]
    awk -v name="$(basename "$program")" '
        /"verdict": / { cases++ }
        /"verdict": "(fail|error)"/ { failed++ }
        inside && said == "" { said = $0; sub(/^ *"/, "", said); sub(/",?$/, "", said) }
        { inside = /^      "sentences": \[$/ }
        END { printf "| %s | %d of %d | %s |\n", name, failed, cases, said }
    ' "$result"
done
