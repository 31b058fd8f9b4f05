#!/bin/sh
# How fast scenarios run against a proxy that is not ours: one HAProxy serves all cases of a run, side by side. Beside it
# varnishtest, which plays the same retry with a HAProxy of its own each time. Whole processes are timed, from start to end,
# those of HAProxy among them; rounds take turns, so that a busy minute of the machine falls on all. Installs nothing; ./dev bench does.
set -eu
cd "$(dirname "$0")/.."
. bench/common.sh

target=20 # times as many cases a second as varnishtest, in one run
at_once=8 # so many runs of varnishtest beside each other are the most that helps it: it mostly sleeps
fast_tags='not large and not stall'
repeats_max=2000 # results of all repetitions are kept until the end

main()
{
    read_options "$@"
    need "$retryproof" haproxy varnishtest
    make_workspace
    machine=$(describe_machine)
    echo "$machine"
    echo "medians of $rounds rounds of about $seconds s, taken in turns; CPU time is that of the harness and of HAProxy"

    # The names of functions below, each of which plays so many times what it is given as a number.
    contestants='play_varnishtest play_varnishtest_at_once play_retry play_suite'
    for contestant in $contestants; do
        calibrate "$contestant"
    done
    for round in $(seq "$rounds"); do
        for contestant in $contestants; do
            printf '\rround %d of %d: %-26s' "$round" "$rounds" "$contestant" >&2
            play_round "$contestant"
        done
    done
    printf '\r%50s\r' '' >&2

    printf '\n%-36s %6s %9s %12s %16s %7s\n' what cases 'cases/s' 'CPU us/case' 'cases/s of CPU' ratio
    tell play_varnishtest 'one retry, varnishtest'
    tell play_varnishtest_at_once "one retry, varnishtest, $at_once at once"
    tell play_retry 'one retry, retryproof'
    tell play_suite "any-proxy, $fast_tags"
    echo "ratio: to varnishtest, of cases/s; the target for one retry is $target x, and 300 cases/s of CPU"
    write_json >"$out/subjects.json"
    echo "also in $out/subjects.json"
}

# ---- what is timed: each plays $1 times

play_varnishtest()
{
    env TMPDIR="$workspace" varnishtest -j1 -q bench/retry.vtc -n "$1"
}

play_varnishtest_at_once()
{
    env TMPDIR="$workspace" varnishtest -j"$at_once" -q bench/retry.vtc -n "$1"
}

play_retry()
{
    against_haproxy most-retrying bench/retry.yaml --repeat "$1"
}

play_suite()
{
    against_haproxy default scenarios/any-proxy --tag "$fast_tags" --repeat "$1"
}

# What is found out of HAProxy is no matter of speed: nothing is judged, and only a case that did not come about fails.
against_haproxy()
{
    profile=$1
    shift
    "$retryproof" run --subject haproxy --profile "$profile" --expect observe --quiet "$@"
}

# ---- measuring

# Leaves in files how many cases one play of $1 has, and how many plays take the time that a round should.
calibrate()
{
    cases=1
    case $1 in
    play_retry) cases=$(count_cases most-retrying bench/retry.yaml) ;;
    play_suite) cases=$(count_cases default scenarios/any-proxy --tag "$fast_tags") ;;
    esac
    echo "$cases" >"$workspace/$1.cases"

    # Cases run side by side, so twice as many plays do not take twice as long: they are doubled until they fill a round.
    repeats=1
    timed "$1" "$repeats"
    while [ "$wall_us" -lt $((seconds * 700000)) ] && [ "$repeats" -lt "$repeats_max" ]; do
        repeats=$((repeats * 2))
        timed "$1" "$repeats"
    done
    echo "$repeats" >"$workspace/$1.repeats"
    : >"$workspace/$1.figures"
}

# How many cases of the selection HAProxy can be asked.
count_cases()
{
    report="$workspace/count.json"
    against_haproxy "$@" --report json="$report" >"$workspace/said.txt" 2>&1 </dev/null || {
        cat "$workspace/said.txt" >&2
        exit 1
    }
    cases_in "$report"
}

play_round()
{
    plays=$(cat "$workspace/$1.repeats")
    timed "$1" "$plays"
    awk -v wall="$wall_us" -v cpu="$cpu_us" -v cases="$(($(cat "$workspace/$1.cases") * plays))" \
        'BEGIN { printf "%.1f %.1f\n", cases / wall * 1e6, cpu / cases }' >>"$workspace/$1.figures"
}

# ---- results

tell()
{
    rate=$(cut -d ' ' -f 1 "$workspace/$1.figures" | median)
    cpu=$(cut -d ' ' -f 2 "$workspace/$1.figures" | median)
    [ "$1" != play_varnishtest ] || varnishtest_rate=$rate
    awk -v name="$2" -v cases="$(cat "$workspace/$1.cases")" -v rate="$rate" -v cpu="$cpu" -v theirs="$varnishtest_rate" 'BEGIN {
        printf "%-36s %6d %9.1f %12.0f %16.0f %7.1f\n", name, cases, rate, cpu, 1e6 / cpu, rate / theirs
    }'
    echo "$(cat "$workspace/$1.cases") $rate $cpu $2" >>"$workspace/rows"
}

write_json()
{
    printf '{\n  "machine": "%s",\n  "rounds": %d,\n  "rows": [\n' "$machine" "$rounds"
    rows_as_json
    printf '\n  ],\n  "schema": "retryproof-bench-subjects-1",\n  "seconds": %d\n}\n' "$seconds"
}

main "$@"
