#!/bin/sh
# All proxies of other people that are installed, under the whole suite for them: others.sh RETRYPROOF [FOLDER]
# Each profile has a result, hardly a case of it did not come about, and when it is over nothing of any proxy is there. With a
# FOLDER the results stay in it. Takes minutes.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
retryproof=$1
results=${2:-}
top=$(cd "$here/../.." && pwd)
# shellcheck source=tests/clients/common.sh
. "$here/common.sh"

# Of a hundred cases so many may not come about: a machine with other work stalls, and proxies have limits of a second.
setup_failed_most=2

main()
{
    TMPDIR=$work/tmp
    export TMPDIR
    mkdir "$TMPDIR"
    cd "$top"
    results=${results:-$work/results}
    "$retryproof" subjects >"$work/list.txt"
    "$retryproof" subjects run --out "$results" >"$work/comparison.txt" 2>"$work/progress.txt" ||
        give_up "subjects run ended with $?: $(cat "$work/progress.txt")"
    cat "$work/progress.txt"
    every_profile_has_a_result
    hardly_a_case_did_not_come_about
    nothing_is_left
    what_changed_is_told
    echo 'others: all well'
}

# "nginx            1.22.1               default, most-retrying": of one that is not here the version is a dash.
every_profile_has_a_result()
{
    awk '$2 != "-" { gsub(/,/, ""); for (i = 3; i <= NF; i++) print $1 "-" $i }' "$work/list.txt" >"$work/expected.txt"
    [ -s "$work/expected.txt" ] || give_up 'no proxy is installed; ./dev subjects installs some'
    while read -r name; do
        [ -s "$results/$name.json" ] || give_up "$name has no result"
    done <"$work/expected.txt"
}

hardly_a_case_did_not_come_about()
{
    for file in "$results"/*.json; do
        cases=$(grep -c '^    "any-proxy/[^"]*": {.*"fault"' "$file" || true)
        unmet=$(grep -c '"verdict": "setup-failed"' "$file" || true)
        [ "$cases" -gt 0 ] || give_up "$file has no case"
        [ $((unmet * 100)) -le $((cases * setup_failed_most)) ] ||
            give_up "$file: $unmet of $cases cases did not come about: $(grep '"setup-failed"' "$file" | head -n 3)"
    done
}

# Processes have their folder in their command line. Listeners are in 127.64.0.0/10, port 8080: the kernel writes addresses
# backwards.
nothing_is_left()
{
    expect 'folders' '' "$(ls "$TMPDIR")"
    expect 'processes' '' "$(grep -ls "$TMPDIR/" /proc/[0-9]*/cmdline || true)"
    expect 'listeners' '' "$(awk '$4 == "0A" && $2 ~ /^....[4-7].7F:1F90$/ { print $2 }' /proc/net/tcp)"
}

# Not a failure: versions and machines differ.
what_changed_is_told()
{
    for file in "$results"/*.json; do
        before=scenarios/results/$(basename "$file")
        [ -e "$before" ] || continue
        "$retryproof" report compare "$before" "$file" >"$work/changes.txt" 2>&1 || true
        echo "$(basename "$file" .json): $(grep -A 2 '^agreement: ' "$work/changes.txt" | tr -s ' \n' ' ')"
    done
}

main
