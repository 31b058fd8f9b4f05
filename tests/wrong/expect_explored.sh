#!/bin/sh
# expect_explored.sh PRODUCT WRONG CLAIM WORLD BASE...: exploring the bases with one fault a run finds that the wrong proxy
# breaks the claim. The smallest schedule has two faults at most; the scenario that was written for it fails again from the
# command line, twice, with the trace that was found, and where WORLD is sockets there, too; the product passes it. Prints a
# row of a table: the wrong proxy, the claim, how many runs broke any, the schedule, and whether it fails on sockets.
set -eu

product=$1
wrong=$2
claim=$3
world=$4
shift 4

faults_max=2

# What a wrong proxy does to memory is not the question here.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"

main()
{
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT

    code=0
    "$wrong" explore --jobs 1 --quiet --faults 1 --save "$folder/found" --report json="$folder/result" "$@" \
        >"$folder/told" || code=$?
    [ "$code" -eq 1 ] || fail "expected exit 1, got $code: exploring $* found nothing"
    failure >"$folder/failure"
    file=$(sed -n 's/^file //p' "$folder/failure")
    [ -n "$file" ] || {
        sed -n 's/^          "name": "\(.*\)",/broken: \1/p' "$folder/result"
        fail "no run broke $claim, or no scenario was written for it"
    }
    [ "$(grep -c '^fault ' "$folder/failure")" -le "$faults_max" ] || {
        cat "$folder/failure"
        fail "its smallest schedule has more than $faults_max faults"
    }

    replay 1 sim "$wrong" >"$folder/once"
    replay 1 sim "$wrong" >"$folder/twice"
    cmp "$folder/once" "$folder/twice" || fail "played again, it tells something else"
    tr -s '\n ' ' ' <"$folder/once" | grep -q 'twice the same, and the one that was found' || {
        cat "$folder/once"
        fail "its trace is another one than was found"
    }
    replay 0 "$world" "$product" >/dev/null
    on_sockets=
    if [ "$world" = both ]; then
        replay 1 sockets "$wrong" >/dev/null
        on_sockets='fails there, too'
    fi
    printf '| %s | explored | %s | %s | %s | %s |\n' "$(basename "$wrong")" "$claim" "$(runs)" "$(schedule)" \
        "${on_sockets:-not asked}"
}

# replay CODE WORLD PROGRAM: what playing the scenario again tells. Where it fails, the claim is broken.
replay()
{
    code=0
    "$3" replay --quiet --world "$2" "$file" >"$folder/replayed" || code=$?
    cat "$folder/replayed"
    if [ "$code" -ne "$1" ] || { [ "$1" -eq 1 ] && ! grep -q "^BROKEN .* $claim\$" "$folder/replayed"; }; then
        cat "$folder/replayed" >&2
        fail "replayed by $(basename "$3") ($2) it ends with $code, expected $1 and $claim"
    fi
}

# Of the report's failures the first one that breaks the claim: "file PATH", and "fault WORDS" for each of its faults.
failure()
{
    awk -v claim="$claim" '
        function text(line) { sub(/^[^"]*"(file": ")?/, "", line); sub(/",?$/, "", line); return line }
        /^  "failures": \[/ { inside = 1 }
        !inside || done { next }
        /^    \{/ { wanted = 0; in_faults = 0 }
        /^          "file": / { file = $0 }
        /^          "name": / && $0 ~ "\"" claim "\"" {
            wanted = 1
            if (file !~ / null,$/)
                print "file " text(file)
        }
        in_faults && /^      \]/ { in_faults = 0 }
        wanted && in_faults { print "fault " text($0) }
        /^      "faults": \[$/ { in_faults = 1 }
        /^    \}/ && wanted { done = 1 }
    ' "$folder/result"
}

schedule()
{
    sed -n 's/^fault //p' "$folder/failure" | paste -s -d ';' | sed 's/^$/none: its clean run shows it/'
}

# "17 of 3,397 runs"
runs()
{
    tail -n 1 "$folder/told" | sed -n 's/^\([0-9,]*\) runs\{0,1\} of.* \([0-9,]*\) failed runs\{0,1\} .*/\2 of \1 runs/p'
}

fail()
{
    echo "$(basename "$wrong"): $1" >&2
    exit 1
}

main "$@"
