#!/bin/sh
# How fast the simulation plays: clean exchanges and whole runs of one core, beside llhttp alone over the same bytes. Prints
# what build/release/explore_bench says, and keeps it; where build/asan/explore_bench was made too, that of clean exchanges
# under the sanitizers. Installs and builds nothing; ./dev bench does.
set -eu
cd "$(dirname "$0")/.."
. bench/common.sh

bench=${EXPLORE_BENCH:-build/release/explore_bench}
asan_bench=${EXPLORE_BENCH_ASAN:-build/asan/explore_bench}
clean='clean exchange, one of many' # its row

main()
{
    read_options "$@"
    need "$bench"
    machine=$(describe_machine)
    echo "$machine"
    echo "one core, processor time of the fastest of several rounds of about $seconds s together"
    "$bench" "$seconds" | tee "$out/explore.txt"
    aim 150000 <"$out/explore.txt"
    if [ -x "$asan_bench" ]; then
        "$asan_bench" "$seconds" >"$out/explore-asan.txt"
        echo "with the sanitizers:"
        aim 40000 <"$out/explore-asan.txt"
    fi
    echo "x floor: how many times the time that llhttp takes for the four messages of one exchange"
    echo "also in $out/explore.txt"
}

# Clean exchanges per second beside what is aimed at. A machine may be slow: this is told, and fails nothing.
aim()
{
    awk -v row="$clean" -v aim="$1" 'index($0, row) == 1 {
        $0 = substr($0, length(row) + 1)
        printf "clean exchanges: %d per second, %.2f of the %d aimed at\n", $1, $1 / aim, aim
    }'
}

main "$@"
