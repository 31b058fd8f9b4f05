#!/bin/sh
# table.sh [--json] BUILD [OPTION...]: what catches each wrong proxy of a build folder, as a table in Markdown, from the tests with
# the label `wrong`, which ctest runs with the options (`-j2`): in the suite how many cases of the scenarios that its test names
# fail in the simulation, and in which words; in exploration which claim is broken, in how many runs of one base with one fault
# each, and by which smallest schedule, or that its clean run shows it. Above it stands how many each of the two catches. With
# --json the same as docs/wrong.schema.json has it, for a report to carry. Ends with 1 when one of those tests fails.
set -eu

form=markdown
if [ "${1-}" = --json ]; then
    form=json
    shift
fi
build=$1
shift
told=$(mktemp)
rows=$(mktemp)
trap 'rm -f "$told" "$rows"' EXIT

main()
{
    code=0
    ctest --test-dir "$build" --label-regex '^wrong$' --verbose "$@" >"$told" || code=1
    [ "$code" -eq 0 ] || grep -E '\*\*\*|^ *[0-9]+ - ' "$told" >&2
    join_rows <"$told" | LC_ALL=C sort >"$rows"
    case $form in
    json) put_json ;;
    *) put_markdown ;;
    esac
    exit "$code"
}

# A line for each wrong proxy, with tabs: its name; of the suite cases and a sentence; of exploration claim, runs, schedule and
# whether it fails on sockets. Empty is what did not catch it.
join_rows()
{
    awk -F ' [|] ' '
        { sub(/^[0-9]+: /, ""); sub(/ [|]$/, "") }
        !/^[|] wrong-/ { next }
        { name = $1; sub(/^[|] /, "", name); names[name] = 1 }
        $2 == "sim" { suite[name] = $3 "\t" $4 }
        $2 == "explored" { explored[name] = $3 "\t" $4 "\t" $5 "\t" $6 }
        END {
            for (name in names)
                print name "\t" (name in suite ? suite[name] : "\t") "\t" (name in explored ? explored[name] : "\t\t\t")
        }
    '
}

put_markdown()
{
    awk -F '\t' '
        function shown(text, none) { return text == "" ? none : text }
        { suite += $2 != ""; explored += $4 != "" }
        { row[NR] = "| " $1 " | " shown($2, "-") " | " shown($3, "-") " | " shown($4, "none") " | " shown($5, "-") " | " shown($6, "-") " | " shown($7, "-") " |" }
        END {
            print NR " wrong proxies: the suite catches " suite + 0 ", exploration " explored + 0 ".\n"
            print "| wrong proxy | suite: cases that fail | a sentence | exploration: claim | runs that break any | smallest schedule | on sockets |"
            print "|---|---|---|---|---|---|---|"
            for (i = 1; i <= NR; i++)
                print row[i]
        }
    ' "$rows"
}

# "17 of 3,397 runs" is two numbers; faults of a schedule are apart by semicolons.
put_json()
{
    awk -F '\t' -v command="tests/wrong/table.sh --json $build" '
        function text(value) { gsub(/\\/, "&&", value); gsub(/"/, "\\\"", value); return "\"" value "\"" }
        function share(value, first, parts) { gsub(/,/, "", value); split(value, parts, " "); return "\"" first "\": " parts[1] ", \"played\": " parts[3] }
        function list(value, parts, count, all) {
            count = value ~ /^none: / ? 0 : split(value, parts, ";")
            for (i = 1; i <= count; i++)
                all = all (i > 1 ? ", " : "") text(parts[i])
            return "[" all "]"
        }
        BEGIN { print "{\n  \"command\": " text(command) ",\n  \"proxies\": [" }
        {
            suite = $2 == "" ? "null" : "{" share($2, "failed") ", \"sentence\": " text($3) "}"
            explored = $4 == "" ? "null" : "{\"claim\": " text($4) ", " share($5, "failed") ", \"schedule\": " list($6) ", \"on_sockets\": " ($7 == "not asked" ? "null" : "true") "}"
            printf "%s    {\"name\": %s,\n     \"suite\": %s,\n     \"exploration\": %s}", (NR > 1 ? ",\n" : ""), text($1), suite, explored
        }
        END { print "\n  ],\n  \"schema\": \"retryproof-wrong-1\"\n}" }
    ' "$rows"
}

main "$@"
