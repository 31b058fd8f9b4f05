#!/bin/sh
# What reports cost: the same run without any, with each of them, and with all, as processor time of the whole process, one
# after the other in each round, so that a busy machine slows all alike. Installs nothing; ./dev bench does.
set -eu
cd "$(dirname "$0")/.."
. bench/common.sh

scenarios='scenarios/post-write scenarios/mid-copy'
tags='not large and not stall'

main()
{
    read_options "$@"
    need "$retryproof"
    make_workspace
    machine=$(describe_machine)
    echo "$machine"
    echo "medians of $rounds rounds; $scenarios without tags large and stall"
    for world in sim sockets; do
        printf '\n%-28s %8s %14s %8s %12s\n' "$world" cases 'CPU us/case' ratio 'bytes/case'
        measure_world
    done
    echo 'ratio: to the same run without reports, of processor time'
    write_json >"$out/reports.json"
    echo "also in $out/reports.json"
}

measure_world()
{
    play --report json="$workspace/count.json"
    cases=$(cases_in "$workspace/count.json")
    without=0
    set -- 'no report' 'json' 'html, nothing recorded' 'html, all recorded' 'all reports, all recorded'
    for _ in $(seq "$rounds"); do
        for name in "$@"; do
            play_with "$name"
            echo "$cpu_us" >>"$workspace/$world $name"
        done
    done
    for name in "$@"; do
        row "$name" "$(median <"$workspace/$world $name")"
    done
}

# Leaves in $written what the reports of that name are written to.
play_with()
{
    written="$workspace/written"
    rm -rf "$written"
    mkdir "$written"
    case $1 in
    'no report') play --record none ;;
    json) play --record none --report json="$written/result.json" ;;
    'html, nothing recorded') play --record none --report html="$written/html" ;;
    'html, all recorded') play --record all --report html="$written/html" ;;
    'all reports, all recorded')
        play --record all --report html="$written/html" --report json="$written/result.json" \
            --report junit="$written/junit.xml" --report tap="$written/run.tap" --report markdown="$written/run.md"
        ;;
    esac
    du -sb "$written" | cut -f 1 >"$workspace/bytes $1"
}

play()
{
    # shellcheck disable=SC2086 # several paths
    timed "$retryproof" run $scenarios --world "$world" --jobs 1 --quiet --tag "$tags" "$@"
}

row()
{
    [ "$1" != 'no report' ] || without=$2
    ratio=$(awk -v with="$2" -v without="$without" 'BEGIN { printf "%.3f", with / without }')
    each=$(awk -v cpu="$2" -v cases="$cases" 'BEGIN { printf "%.1f", cpu / cases }')
    bytes=$(awk -v cases="$cases" '{ printf "%.0f", $1 / cases }' "$workspace/bytes $1")
    printf '%-28s %8d %14s %8s %12s\n' "$1" "$cases" "$each" "$ratio" "$bytes"
    echo "$cases $each $ratio $bytes $world $1" >>"$workspace/rows"
}

write_json()
{
    printf '{\n  "machine": "%s",\n  "rounds": %d,\n  "rows": [\n' "$machine" "$rounds"
    awk '{
        printf "%s    {\"cases\": %d, \"cpu_us_per_case\": %s, \"ratio\": %s, \"bytes_per_case\": %d, \"world\": \"%s\"", separator, $1, $2, $3, $4, $5
        sub(/^[^ ]* [^ ]* [^ ]* [^ ]* [^ ]* /, "")
        printf ", \"name\": \"%s\"}", $0
        separator = ",\n"
    }' "$workspace/rows"
    printf '\n  ],\n  "schema": "retryproof-bench-reports-1"\n}\n'
}

main "$@"
