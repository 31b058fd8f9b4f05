#!/bin/sh
# table.sh BUILD [OPTION...]: what catches each wrong proxy of a build folder, as a table in Markdown, from the tests with the
# label `wrong`, which ctest runs with the options (`-j2`): in the suite how many cases of the scenarios that its test names fail
# in the simulation, and in which words; in exploration which claim is broken, in how many runs of one base with one fault each,
# and by which smallest schedule, or that its clean run shows it. Above it stands how many each of the two catches. Ends with 1
# when one of those tests fails.
set -eu

build=$1
shift
told=$(mktemp)
trap 'rm -f "$told"' EXIT

code=0
ctest --test-dir "$build" --label-regex '^wrong$' --verbose "$@" >"$told" || code=1
[ "$code" -eq 0 ] || grep -E '\*\*\*|^ *[0-9]+ - ' "$told" >&2

awk -F ' [|] ' '
    { sub(/^[0-9]+: /, ""); sub(/ [|]$/, "") }
    !/^[|] wrong-/ { next }
    { name = $1; sub(/^[|] /, "", name) }
    $2 == "sim" { suite[name] = $3 " | " $4 }
    $2 == "explored" { explored[name] = $3 " | " $4 " | " $5 " | " $6 }
    !(name in seen) { seen[name] = 1; names[++count] = name }
    END {
        for (i = 1; i <= count; i++) {
            by_suite += names[i] in suite
            by_exploration += names[i] in explored
        }
        print count + 0 " wrong proxies: the suite catches " by_suite + 0 ", exploration " by_exploration + 0 ".\n"
        print "| wrong proxy | suite: cases that fail | a sentence | exploration: claim | runs that break any | smallest schedule | on sockets |"
        print "|---|---|---|---|---|---|---|"
        for (i = 1; i <= count; i++)
            print "| " names[i] " | " (names[i] in suite ? suite[names[i]] : "- | -") \
                " | " (names[i] in explored ? explored[names[i]] : "none | - | - | -") " |"
    }
' "$told" | { sed -u 4q; sort; }
exit "$code"
