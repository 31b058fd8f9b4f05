#!/bin/sh
# How fast scenarios run: the acceptance suite in each world, and one exchange beside varnishtest, which
# plays it with the same two actors and no proxy between. Whole processes are timed, from start to end, one at
# a time on one processor. Installs nothing; ./dev bench does.
set -eu
cd "$(dirname "$0")/.."
. bench/common.sh

fast_tags='not large and not stall'
slow_tags='large or stall'
repeats_max=20000 # results of all repetitions are kept until the end

main()
{
    read_options "$@"
    need "$retryproof"
    make_workspace
    machine=$(describe_machine)
    echo "$machine"
    echo "medians of $rounds rounds of about $seconds s; suite without tags large and stall unless said"
    heading

    has_varnishtest=$(command -v varnishtest || true)
    if [ -n "$has_varnishtest" ]; then
        measure_varnishtest
    else
        echo "varnishtest is not installed: no ratio"
    fi
    for world in sim sockets; do
        measure_ours "exchange in $world" "$world" bench/exchange.yaml "$fast_tags"
    done
    for world in sim sockets; do
        measure_ours "suite in $world" "$world" scenarios "$fast_tags"
    done
    for world in sim sockets; do
        measure_ours "large, stall in $world" "$world" scenarios "$slow_tags"
    done
    echo 'ratio: to varnishtest, of cases/s; a case of ours has a whole proxy in it as well'
    write_json >"$out/suite.json"
    echo "also in $out/suite.json"
}

# Repeats a command that takes a count, until a round takes the time it should; leaves figures in a file.
# measure NAME CASES COMMAND...: the command is given the number of repetitions as its last word.
measure()
{
    name=$1
    cases=$2
    shift 2
    printf '\r%-24s' "$name" >&2
    timed "$@" 1
    repeats=$((seconds * 1000000 / (wall_us + 1) + 1))
    # The start of a process is in the first time: a second estimate, from a tenth, is a better one.
    if [ "$repeats" -gt 10 ]; then
        tenth=$((repeats / 10 < repeats_max ? repeats / 10 : repeats_max))
        timed "$@" "$tenth"
        repeats=$((seconds * 1000000 * tenth / (wall_us + 1) + 1))
    fi
    [ "$repeats" -le "$repeats_max" ] || repeats=$repeats_max

    figures="$workspace/figures"
    : >"$figures"
    for _ in $(seq "$rounds"); do
        timed "$@" "$repeats"
        awk -v wall="$wall_us" -v cpu="$cpu_us" -v cases="$((cases * repeats))" \
            'BEGIN { printf "%.1f %.1f\n", cases / wall * 1e6, cpu / cases }' >>"$figures"
    done
    printf '\r%40s\r' '' >&2
    row "$name" "$cases" "$(cut -d ' ' -f 1 "$figures" | median)" "$(cut -d ' ' -f 2 "$figures" | median)"
}

measure_ours()
{
    name=$1
    world=$2
    path=$3
    tags=$4
    count_cases "$world" "$path" "$tags"
    [ "$cases_that_run" -gt 0 ] || return 0
    measure "$name" "$cases_that_run" "$retryproof" run "$path" --world "$world" --jobs 1 --quiet --tag "$tags" \
        --repeat
}

measure_varnishtest()
{
    varnishtest_rate=0
    measure varnishtest 1 env TMPDIR="$workspace" varnishtest -j1 -q bench/exchange.vtc -n
}

# Leaves in $cases_that_run how many cases the selection has that this world can do. None is no mistake.
count_cases()
{
    report="$workspace/count.json"
    status=0
    "$retryproof" run "$2" --world "$1" --quiet --tag "$3" --report json="$report" >"$workspace/said.txt" 2>&1 \
        </dev/null || status=$?
    cases_that_run=0
    [ "$status" -ne 4 ] || return 0
    if [ "$status" -ne 0 ]; then
        cat "$workspace/said.txt" >&2
        echo "$0: $2 does not pass in $1, so that its speed means nothing" >&2
        exit 1
    fi
    cases_that_run=$(cases_in "$report")
}

# ---- results

heading()
{
    printf '\n%-24s %8s %12s %14s %8s\n' what cases 'cases/s' 'CPU us/case' ratio
}

# The first row is varnishtest's, if it is there; the others are told beside it.
row()
{
    [ "$1" != varnishtest ] || varnishtest_rate=$3
    ratio=$(awk -v ours="$3" -v theirs="${varnishtest_rate:-0}" \
        'BEGIN { if (theirs > 0) printf "%.1f", ours / theirs; else print "-" }')
    printf '%-24s %8d %12.0f %14.1f %8s\n' "$1" "$2" "$3" "$4" "$ratio"
    echo "$2 $3 $4 $1" >>"$workspace/rows"
}

write_json()
{
    printf '{\n  "machine": "%s",\n  "rounds": %d,\n  "rows": [\n' "$machine" "$rounds"
    rows_as_json
    printf '\n  ],\n  "schema": "retryproof-bench-suite-1",\n  "seconds": %d\n}\n' "$seconds"
}

main "$@"
