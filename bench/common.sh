# What the benchmarks share: options, a folder that goes away, figures about this machine. Sourced.
# shellcheck shell=sh disable=SC2034 # the variables are used by those who source this

PATH=$PATH:/usr/sbin:/sbin
rounds=5  # odd, so that the median is a round that took place
seconds=4 # of each measured run; CPU time is counted in 10 ms, so this is good to 0.3 %
out=bench/out
retryproof=${RETRYPROOF:-build/release/retryproof}

read_options()
{
    while [ $# -gt 0 ]; do
        case $1 in
        --quick) rounds=1 seconds=1 ;;
        --rounds) rounds=$2 && shift ;;
        --seconds) seconds=$2 && shift ;;
        --out) out=$2 && shift ;;
        *)
            echo "$0: options are --quick, --rounds N, --seconds N, --out FOLDER" >&2
            exit 2
            ;;
        esac
        shift
    done
    mkdir -p "$out"
}

# Everything a benchmark writes lies here, and goes when the script ends, however it ends.
make_workspace()
{
    workspace=$(mktemp -d "${TMPDIR:-/tmp}/retryproof-bench.XXXXXX")
    trap 'leave' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

started='' # the ids of all processes that are to be stopped

leave()
{
    trap - EXIT INT TERM
    for pid in $started; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in $started; do
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$workspace"
}

need()
{
    for tool in "$@"; do
        command -v "$tool" >/dev/null && continue
        echo "$0: $tool is not installed; ./dev bench installs what is needed" >&2
        exit 2
    done
}

# Runs "$@" with its output kept away; leaves real and processor time, in us, in $wall_us and $cpu_us.
timed()
{
    began=$(date +%s%N)
    # A shell of its own, so that its children are this command alone; `times` tells them on its second line.
    if ! ("$@" >"$workspace/said.txt" 2>&1 </dev/null && times) >"$workspace/times.txt"; then
        cat "$workspace/said.txt" >&2
        echo "$0: failed, so that its time means nothing: $*" >&2
        exit 1
    fi
    ended=$(date +%s%N)
    wall_us=$(((ended - began) / 1000))
    cpu_us=$(awk 'NR == 2 {
        for (i = 1; i <= 2; i++) {
            split($i, part, "m")
            sum += part[1] * 60 + part[2]
        }
        printf "%d", sum * 1e6
    }' "$workspace/times.txt")
}

# How many cases of a result file were played.
cases_in()
{
    awk '
        $1 == "\"counts\":" { in_counts = 1 }
        in_counts && $1 == "\"total\":" { total = $2 + 0 }
        in_counts && ($1 == "\"skipped\":" || $1 == "\"unsupported\":") { left_out += $2 + 0 }
        $1 == "\"run\":" { in_counts = 0 }
        END { print total - left_out }' "$1"
}

# The file of rows as JSON: cases, cases a second, CPU time of a case, and the rest of the line as their name.
rows_as_json()
{
    awk '{
        printf "%s    {\"cases\": %d, \"cases_per_s\": %s, \"cpu_us_per_case\": %s", separator, $1, $2, $3
        sub(/^[^ ]* [^ ]* [^ ]* /, "")
        printf ", \"name\": \"%s\"}", $0
        separator = ",\n"
    }' "$workspace/rows"
}

# The figure in the middle of those on stdin, one a line.
median()
{
    sort -n | awk '{ figure[NR] = $1 } END { print NR ? figure[int((NR + 1) / 2)] : 0 }'
}

# One line for people; figures of two machines, or of a busy one, are not to be compared.
describe_machine()
{
    model=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
    read -r load _ </proc/loadavg
    echo "$(nproc) x ${model:-unknown CPU}, $(uname -sr), load $load at the start"
}
