#!/bin/sh
# Shows that each check of check.sh can fail: a small clean tree passes every one, and the same tree with one
# violation planted in it is refused with the right words.
set -eu

check=$(cd "$(dirname "$0")" && pwd)/check.sh
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
tree=$temporary/tree
failures=0
planted=0

main()
{
    for rule in include_edges outside_calls tidy headers_alone format cppcheck shell readme; do
        clean_tree
        refusal=$("$check" "$rule" "$tree" 2>&1) || expect_skip $? "$rule"
    done

    plant_edges
    plant_calls
    plant_shapes
    plant_for_tools
    plant_globals
    plant_documents
    echo "$planted violations planted, $failures not noticed"
    [ "$failures" -eq 0 ]
}

plant_edges()
{
    plant include_edges proxy/wire/a.c 'proxy/wire/ may not include proxy/exchange/' '#include "proxy/exchange/b.h"'
    plant include_edges proxy/policy/a.c 'proxy/policy/ may not include world/data/' '#include "world/data/yaml.h"'
    plant include_edges fakeupstream/a.c 'fakeupstream/ may not include proxy/wire/' '#include "proxy/wire/head.h"'
    plant include_edges harness/client.c 'harness/client may not include proxy/policy/' '#include "proxy/policy/retry.h"'
    plant include_edges reports/a.c 'reports/ may not include harness/' '#include "harness/b.h"'
    plant include_edges world/base/a.c 'world/base/ may not include world/data/' '#include "world/data/yaml.h"'
    plant include_edges world/base/a.c 'must be written as a path' '#include "clean.h"'
    plant include_edges cellar/a.c 'folder cellar is not on the map' 'int cellar;'
    plant include_edges proxy/wire/a.c '<event2/event.h> is for world/sockets alone' '#include <event2/event.h>'
    plant include_edges proxy/upstream/a.c '<llhttp.h> is for proxy/wire bench alone' '#include <llhttp.h>'
    plant include_edges reports/a.c '<openssl/evp.h> is for world/data world/tls fakeupstream/secure alone' '#include <openssl/evp.h>'
    plant include_edges harness/a.c '<yaml.h> is for world/data alone' '#include <yaml.h>'
    plant include_edges reports/a.c '<jansson.h> is for world/data alone' '#include <jansson.h>'
}

plant_calls()
{
    for call in 'time(0)' 'gettimeofday(0, 0)' 'clock_gettime(0, 0)' 'rand()' 'random()' 'getenv("A")' \
        'socket(1, 2, 3)' 'connect (1, 0, 2)'; do
        name=${call%%[ (]*}
        plant outside_calls proxy/a.c "a.c:3: $name() reaches past the world" \
            "/* says time(now) */" "const char *words = \"time(now)\";" "int a = $call;"
    done
}

plant_shapes()
{
    # Quoted in two parts, so that this file itself is clean.
    plant tidy world/base/a.c 'unfinished work' '/* TO''DO: the rest */'
    plant tidy world/base/a.sh 'unfinished work' '# FIX''ME'
    for call in strcpy strcat sprintf gets strtok alloca atoi atol sleep usleep; do
        plant tidy world/base/a.c "$call() is banned" "int a = $call(0);"
    done
    plant tidy world/base/a.c 'function of 61 lines' 'int f(void)' '{' "$(repeat 61 '    ;')" '}'
    plant tidy world/base/a.c 'file of more than 600 lines' "$(repeat 601 ';')"
    plant tidy world/base/a.c 'more than 4 parameters' 'int f(int a, int b, int c, int d, int e)' '{' '}'
    plant tidy world/base/a.c 'second name' 'typedef struct a {' '} a;'
}

plant_for_tools()
{
    plant headers_alone world/base/a.h 'size_t' 'size_t length(void);'
    plant format world/base/a.c 'code should be clang-formatted' 'int  a;'
    plant cppcheck world/base/a.c 'Array .* out of bounds' 'int a(void)' '{' '    int b[2] = {0, 1};' '    return b[2];' '}'
    # shellcheck disable=SC2016 # the unquoted variable is what is planted
    plant shell world/base/a.sh 'SC2086' '#!/bin/sh' 'a=$1' 'echo $a'
}

plant_globals()
{
    LIBRARIES=$temporary
    export LIBRARIES
    echo 'int calls; int count(void); int count(void) { return ++calls; }' | library "$temporary/planted.a"
    plant globals world/base/a.c 'calls: a variable that outlives its object' ''
    echo 'int count(void); int count(void) { static int calls; return ++calls; }' | library "$temporary/planted.a"
    plant globals world/base/a.c 'calls.*: a variable that outlives its object' ''
    echo 'static const char *const WORDS[] = {"a", "b"}; const char *word(int i); const char *word(int i) { return WORDS[i]; }' |
        library "$temporary/planted.a"
    "$check" globals "$tree" || expect_skip $? globals
}

library()
{
    "${CC:-cc}" -c -x c -o "$temporary/planted.o" -
    ar rcs "$1" "$temporary/planted.o"
}

plant_documents()
{
    plant readme README.md 'does not name ./dev test' './dev run'
    plant readme README.md 'links to docs/gone.md' './dev run ./dev test [here](docs/gone.md)'
    [ -n "${RETRYPROOF:-}" ] || return 0
    clean_tree
    refusal=$("$check" documents "$tree" 2>&1) || expect_skip $? documents
    plant documents scenarios/route/a.yaml 'a.yaml:1' 'name: a scenario without anything else'
    plant documents README.md 'README.md-1.yaml:1' '```yaml' 'name: a scenario that is shown' '```'
    plant documents docs/scenarios.md 'scenarios.md-1.yaml:1' '```yaml' 'name: a scenario that is shown' '```'
}

# plant RULE FILE WORDS LINE...: the tree with FILE holding LINEs must be refused with WORDS.
plant()
{
    rule=$1 file=$2 words=$3
    shift 3
    clean_tree
    mkdir -p "$tree/$(dirname "$file")"
    printf '%s\n' "$@" >"$tree/$file"
    planted=$((planted + 1))
    status=0
    refusal=$("$check" "$rule" "$tree" 2>&1) || status=$?
    if [ "$status" -eq 0 ]; then
        complain "passed"
    elif [ "$status" -ne 77 ] && ! echo "$refusal" | grep -q "$words"; then
        complain "was refused with other words: $refusal"
    fi
}

complain()
{
    failures=$((failures + 1))
    echo "$rule: $file, which should say \"$words\", $1"
}

# A check whose tool is missing cannot be tried here.
expect_skip()
{
    [ "$1" -ne 77 ] || return 0
    failures=$((failures + 1))
    echo "$2: refused a clean tree: $refusal"
}

repeat()
{
    for _ in $(seq "$1"); do
        echo "$2"
    done
}

# The smallest house that obeys every rule.
clean_tree()
{
    rm -rf "$tree"
    mkdir -p "$tree/world/base" "$tree/scenarios" "$tree/docs"
    cp "$(dirname "$check")/../../.clang-format" "$tree"
    cat >"$tree/world/base/clean.h" <<'TEXT'
#ifndef WORLD_BASE_CLEAN_H
#define WORLD_BASE_CLEAN_H

/* Says connect() and sleep() in a comment, which is no call. */
int clean_sum(int a, int b, int c, int d);

#endif
TEXT
    {
        printf '#include "world/base/clean.h"\n\nint clean_sum(int a, int b, int c, int d)\n{\n'
        repeat 59 '    a++;'
        printf '    return a + b + c + d;\n}\n'
    } >"$tree/world/base/clean.c"
    printf '#!/bin/sh\necho clean\n' >"$tree/clean.sh"
    cat >"$tree/scenarios/clean.yaml" <<'TEXT'
name: a request is answered
stage: status
client: [request: {}]
upstreams: {a: {then: [read: request, respond: 200]}}
expect: {client: {status: 200}}
TEXT
    echo 'Nothing is shown.' >"$tree/docs/scenarios.md"
    # shellcheck disable=SC2016 # a backquote is a backquote here
    echo 'Say `./dev run` or `./dev test`; see [the code](world/base/clean.c).' >"$tree/README.md"
}

main
