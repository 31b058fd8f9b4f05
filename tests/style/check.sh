#!/bin/sh
# Checks one rule of the house: tests/style/check.sh RULE [TREE]. Says file:line and the rule that is broken,
# and ends with 1; ends with 77 where the tool it needs is missing.
set -eu

rules=$(cd "$(dirname "$0")" && pwd)
skipped=77

main()
{
    rule=${1:-}
    cd "${2:-$rules/../..}"
    case $rule in
    include_edges | outside_calls) sources | check_with_awk "$rule" ;;
    tidy) { sources && scripts; } | check_with_awk tidy ;;
    headers_alone) headers_alone ;;
    format) format ;;
    cppcheck) cppcheck_sources ;;
    shell) shell ;;
    readme) readme ;;
    globals) globals ;;
    documents) documents ;;
    *)
        echo "usage: $0 include_edges|outside_calls|tidy|headers_alone|format|cppcheck|shell|readme|globals|documents [TREE]" >&2
        exit 2
        ;;
    esac
}

# Every C file of ours, sorted; build folders hold none of ours.
sources()
{
    find . \( -name build -o -name out -o -name .git \) -prune -o -name '*.[ch]' -print | sort
}

scripts()
{
    find . \( -name build -o -name out -o -name .git \) -prune \
        -o \( -name '*.sh' -o -name '*.awk' -o -name '*.cmake' -o -name CMakeLists.txt -o -name '*.yaml' \
        -o -path ./dev -o -path ./.ci/run -o -path './.githooks/*' \) -type f -print | sort
}

check_with_awk()
{
    xargs awk -f "$rules/code.awk" -f "$rules/$1.awk"
}

# A header that needs another to be included first breaks whoever includes it alone.
headers_alone()
{
    temporary=$(mktemp -d)
    trap 'rm -rf "$temporary"' EXIT
    sources | grep '\.h$' >"$temporary/headers"
    while read -r header; do
        alone=$temporary/$(echo "${header#./}" | tr / -).c
        printf '#include "%s"\n#include "%s"\n' "${header#./}" "${header#./}" >"$alone"
    done <"$temporary/headers"
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -fsyntax-only -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror \
        -I . -I proxy/include -isystem /usr/share/include/llhttp "$temporary"/*.c
}

# Versions of clang-format differ in what they make of a line; the one of Debian 12 decides.
format()
{
    for tool in clang-format-14 clang-format; do
        if command -v "$tool" >/dev/null && "$tool" --version | grep -q 'version 14\.'; then
            sources | xargs "$tool" --dry-run -Werror
            return
        fi
    done
    echo "clang-format 14 is not installed"
    exit "$skipped"
}

# The code people run; tests do on purpose what cppcheck warns of.
cppcheck_sources()
{
    command -v cppcheck >/dev/null || exit "$skipped"
    sources | grep '\.c$' | grep -v -e '_test\.c$' -e '_fuzz\.c$' -e '_bench\.c$' | cppcheck --file-list=- --quiet --std=c11 --enable=warning,performance,portability \
        --inline-suppr --error-exitcode=1 -I . -I proxy/include -j 2
}

shell()
{
    command -v shellcheck >/dev/null || exit "$skipped"
    scripts | grep -v -e '\.awk$' -e '\.cmake$' -e '\.txt$' -e '\.yaml$' | xargs shellcheck
}

# What a program keeps outside of its objects cannot be reset between two cases. Asked of the compiled libraries in
# $LIBRARIES, because source text does not show it safely. check() alone may keep its handler.
globals()
{
    objdump -t "$LIBRARIES"/*.a | awk '
        /^In archive / { is_ours = !/libllhttp/ }
        /file format/ { object = $1 }
        is_ours && / O \.(data|bss)/ && !/\.data\.rel\.ro/ && object $NF !~ /^check.c.o:current_(handler|owner)$/ {
            print object " " $NF ": a variable that outlives its object; only constants may be global"
            found = 1
        }
        END { exit found }'
}

# The two commands a newcomer needs stand in the README, and its links lead somewhere.
readme()
{
    for command in './dev run' './dev test'; do
        grep -qF "$command" README.md || complain "README.md: does not name $command"
    done
    links=$(grep -o '](\([^):#]*\))' README.md | sed 's/^](\(.*\))$/\1/')
    for link in $links; do
        [ -e "$link" ] || complain "README.md: links to $link, which does not exist"
    done
    [ -z "${complained:-}" ]
}

# The suite loads, and so does each scenario shown in a document.
documents()
{
    temporary=$(mktemp -d)
    trap 'rm -rf "$temporary"' EXIT
    for document in README.md docs/scenarios.md; do
        awk -v prefix="$temporary/$(basename "$document")" '
            /^```/ { inside = $0 == "```yaml"; shown += inside; next }
            inside { print > (prefix "-" shown ".yaml") }
        ' "$document"
    done
    find "$temporary" -name '*.yaml' -exec "$RETRYPROOF" run --list {} + >/dev/null
    "$RETRYPROOF" run --list scenarios >/dev/null
}

complain()
{
    echo "$1"
    complained=yes
}

main "$@"
