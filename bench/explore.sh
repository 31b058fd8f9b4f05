#!/bin/sh
# How fast the simulation plays: clean exchanges and whole runs of one core, beside llhttp alone over the same bytes. Prints
# what build/release/explore_bench says, and keeps it. Installs and builds nothing; ./dev bench does.
set -eu
cd "$(dirname "$0")/.."
. bench/common.sh

bench=${EXPLORE_BENCH:-build/release/explore_bench}

main()
{
    read_options "$@"
    need "$bench"
    machine=$(describe_machine)
    echo "$machine"
    echo "one core, processor time of the fastest of several rounds of about $seconds s together"
    "$bench" "$seconds" | tee "$out/explore.txt"
    echo "x floor: how many times the time that llhttp takes for the four messages of one exchange"
    echo "also in $out/explore.txt"
}

main "$@"
