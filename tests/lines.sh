#!/bin/sh
# Which lines the tests reached, of a build whose gcov counters are set.
#
#   lines.sh collect BUILD PAGES      gathers the counters, and makes HTML pages of lines in a folder
#   lines.sh tell BUILD GATE FOLDERS  prints the share of each top folder; ends with 1 where one of FOLDERS is below GATE percent
#   lines.sh json BUILD               prints the same as docs/lines.schema.json has it, for a report to carry
set -eu

# A file that no test ever ran has no counters, so the lines there are come from an initial capture.
collect()
{
    lcov --quiet --capture --initial --directory "$1" --base-directory . --no-external --output-file "$1/none.info"
    lcov --quiet --capture --directory "$1" --base-directory . --no-external --output-file "$1/reached.info"
    lcov --quiet --add-tracefile "$1/none.info" --add-tracefile "$1/reached.info" --output-file "$1/all.info"
    product_only <"$1/all.info" >"$1/product.info"
    genhtml --quiet --prefix "$PWD" --title retryproof --output-directory "$2" "$1/product.info"
}

# Drops the records of tests, of what the build generated, and of what CMake compiled to try the compiler.
product_only()
{
    awk '/^SF:/ { keep = !/(_test|_fuzz|_bench|CompilerId)\.c$/ && !/\/(tests|generated)\// } keep'
}

# A line for each top folder, by name: the folder, its lines, and those that were reached.
add_up()
{
    awk -F '[:,]' -v root="$PWD/" '
        $1 == "SF" { folder = substr($2, length(root) + 1); sub(/\/.*/, "", folder) }
        $1 == "LF" { lines[folder] += $2 }
        $1 == "LH" { reached[folder] += $2 }
        END { for (folder in lines) print folder, lines[folder], reached[folder] + 0 }' "$1/product.info" | LC_ALL=C sort
}

tell()
{
    add_up "$1" | awk -v gate="$2" -v counting=" $3 " '
        BEGIN { printf "%-14s %8s %8s %8s\n", "folder", "lines", "reached", "share" }
        {
            share = $2 > 0 ? 100 * $3 / $2 : 100
            low = share < gate && index(counting, " " $1 " ") > 0
            any_low = any_low || low
            printf "%-14s %8d %8d %7.1f%%%s\n", $1, $2, $3, share, low ? "  below " gate "%" : ""
        }
        END { exit any_low }'
}

put_json()
{
    add_up "$1" | awk '
        BEGIN { printf "{\n  \"folders\": [" }
        { printf "%s\n    {\"lines\": %d, \"name\": \"%s\", \"reached\": %d}", (NR > 1 ? "," : ""), $2, $1, $3 }
        END { print "\n  ],\n  \"pages\": \"../coverage/index.html\",\n  \"schema\": \"retryproof-lines-1\"\n}" }'
}

command=$1
shift
case $command in
collect) collect "$@" ;;
tell) tell "$@" ;;
json) put_json "$@" ;;
esac
