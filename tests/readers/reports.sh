#!/bin/sh
# Reports as those read them who did not write them: xmllint, prove, and a validator of JSON Schema. Of a run with failures of every
# sort, and of the golden files.
#
#   reports.sh RETRYPROOF
set -eu
retryproof=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
tree=$(realpath "$here/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
# What comes by itself on GitHub is not asked for here.
unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY

give_up()
{
    echo "reports: $*" >&2
    exit 1
}

for tool in xmllint prove python3; do
    command -v "$tool" >/dev/null || give_up "$tool is not installed (./dev test installs it)"
done

validate() # SCHEMA FILE...
{
    schema=$tree/docs/$1.schema.json
    shift
    python3 -W ignore "$here/validate.py" "$schema" "$@" || give_up "that is not as $schema says"
}

is_junit()
{
    xmllint --noout --nonet --schema "$tree/reports/junit.xsd" "$1" 2>"$work/xmllint" ||
        give_up "$1 is no JUnit: $(cat "$work/xmllint")"
}

# prove tells of failed tests with its own exit code, and of what it cannot read in words. A reader that took what
# may fail for a failure, or a SKIP for a test, would count otherwise.
is_tap() # FILE FAILED
{
    prove --exec cat "$1" >"$work/prove" 2>&1 || true
    ! grep -q 'Parse errors\|Bad plan\|No plan' "$work/prove" || give_up "$1 is no TAP: $(cat "$work/prove")"
    failed=$(sed -n 's/.*Tests: [0-9]* Failed: \([0-9]*\)).*/\1/p' "$work/prove")
    [ "${failed:-0}" = "$2" ] || give_up "$1: prove finds ${failed:-0} failures and not $2: $(cat "$work/prove")"
}

# One case of each verdict that can be made on purpose, at each level.
write_suite()
{
    mkdir "$work/suite"
    actors='client: [request: {path: "/x?<&>"}]
upstreams: {a: [[read: request, respond: 200]]}'
    for level in must should info; do
        printf 'name: "a # of %s \\\\ <b>"\nstage: dial\nlevel: %s\n%s\nexpect: {client: {status: 502}}\n' \
            "$level" "$level" "$actors" >"$work/suite/$level.yaml"
    done
    printf 'name: n\nstage: tunnel\n%s\nexpect: {client: {status: 200}}\n' "$actors" >"$work/suite/pass.yaml"
    printf 'name: n\nstage: dial\nunsupported: {sim: "not # here"}\n%s\nexpect: {}\n' "$actors" >"$work/suite/unsupported.yaml"
}

main()
{
    cd "$work"
    write_suite
    "$retryproof" run --report json=run.json --report junit=run.xml --report tap=run.tap --report events=run.jsonl \
        --record all suite >run.log || [ $? -eq 1 ] || give_up "it does not run: $(cat run.log)"
    is_junit run.xml
    is_tap run.tap 2
    validate result run.json
    validate events run.jsonl

    "$retryproof" report render run.json --report junit=later.xml --report tap=later.tap --report json=later.json
    for kind in xml tap json; do
        cmp "run.$kind" "later.$kind" || give_up "run.$kind is another when it is made later"
    done
    for shard in 1 2 3; do
        # A shard of so few cases may have none, and then leaves no result.
        "$retryproof" run --shard "$shard/3" --report "json=$shard.json" suite >run.log 2>&1 || true
    done
    "$retryproof" report merge --partial -o merged.json [123].json
    validate result merged.json

    "$retryproof" run --fail-fast --world sim --report tap=fast.tap suite >run.log || true
    is_tap fast.tap 1
    "$retryproof" explore --quiet --report json=explored.json suite/pass.yaml >run.log
    validate exploration explored.json

    is_junit "$tree/reports/golden/junit.xml"
    is_tap "$tree/reports/golden/result.tap" 5
    validate result "$tree/reports/golden/result.json"
    validate events "$tree/reports/golden/events.jsonl"
    validate subject-result "$tree/scenarios/results/nginx-most-retrying.json"
}

main
