#!/bin/sh
# expect_caught.sh PRODUCT WRONG WORLD --says=REGEX... PATH...: the product passes the scenarios at the paths; the wrong
# proxy fails, and each extended regular expression fits one of the sentences that say why. Prints a row of a table: the
# wrong proxy, how many cases failed, and the sentence that the first expression fits.
set -eu

product=$1
wrong=$2
world=$3
shift 3

# What a wrong proxy does to memory is not the question here.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"

main()
{
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    while [ $# -gt 0 ] && [ "${1#--says=}" != "$1" ]; do
        echo "${1#--says=}" >>"$folder/expected"
        shift
    done

    "$product" run --quiet --world "$world" --report terminal "$@" >"$folder/product" 2>&1 || {
        code=$?
        cat "$folder/product"
        fail "the product itself does not pass these scenarios (exit $code)"
    }
    code=0
    "$wrong" run --quiet --world "$world" --report json="$folder/result" "$@" >/dev/null || code=$?
    [ "$code" -eq 1 ] || fail "expected exit 1, got $code: the fault was not noticed"
    sentences >"$folder/sentences"

    while read -r regex; do
        grep -E -m 1 -- "$regex" "$folder/sentences" >>"$folder/said" || {
            sort -u "$folder/sentences" | head -n 30
            fail "no sentence fits: $regex"
        }
    done <"$folder/expected"
    printf '| %s | %s | %s of %s | %s |\n' "$(basename "$wrong")" "$world" "$(count 'fail\|error')" "$(count '.*')" \
        "$(head -n 1 "$folder/said")"
}

# Every sentence of the JSON report, as text.
sentences()
{
    awk '
        /^      \]/ { inside = 0 }
        inside { sub(/^ *"/, ""); sub(/",?$/, ""); print }
        /^      "sentences": \[$/ { inside = 1 }
    ' "$folder/result"
}

count()
{
    grep -c "\"verdict\": \"\\($1\\)\"" "$folder/result"
}

fail()
{
    echo "$(basename "$wrong"): $1" >&2
    exit 1
}

main "$@"
