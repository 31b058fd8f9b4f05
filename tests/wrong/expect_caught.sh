#!/bin/sh
# expect_caught.sh PRODUCT WRONG WORLD REGEX PATH...: the product passes the scenarios at the paths; the wrong proxy fails,
# and one of the sentences that say why fits the extended regular expression. Prints a row of a table: the wrong proxy,
# how many cases failed, and the first such sentence.
set -eu

product=$1
wrong=$2
world=$3
expected=$4
shift 4
result=$(mktemp)
trap 'rm -f "$result"' EXIT

# What a wrong proxy does to memory is not the question here.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"

main()
{
    "$product" run --quiet --world "$world" --report terminal "$@" >"$result" 2>&1 || {
        code=$?
        cat "$result"
        fail "the product itself does not pass these scenarios (exit $code)"
    }

    code=0
    "$wrong" run --quiet --world "$world" --report json="$result" "$@" >/dev/null || code=$?
    [ "$code" -eq 1 ] || fail "expected exit 1, got $code: the fault was not noticed"

    sentence=$(sentences | cut -f 2- | grep -E -m 1 -- "$expected") || {
        sentences | sort -u -k 2 | head -n 20
        fail "no sentence fits: $expected"
    }
    printf '| %s | %s | %s of %s | %s |\n' "$(basename "$wrong")" "$world" \
        "$(grep -c '"verdict": "\(fail\|error\)"' "$result")" "$(grep -c '"verdict": ' "$result")" "$sentence"
}

# Every sentence of the JSON report: the case's id, a tab, the sentence as text.
sentences()
{
    awk '
        /^      "id": / { id = $0; gsub(/^      "id": "|",$/, "", id) }
        /^      \]/ { inside = 0 }
        inside { sub(/^ *"/, ""); sub(/",?$/, ""); print id "\t" $0 }
        /^      "sentences": \[$/ { inside = 1 }
    ' "$result"
}

fail()
{
    echo "$(basename "$wrong"): $1" >&2
    exit 1
}

main "$@"
