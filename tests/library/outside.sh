#!/bin/sh
# Installs a build into a folder of its own and uses it from outside, as people do: outside.sh BUILD CC
# Every public header stands alone, a program builds by pkg-config and by CMake, what the documents show builds, names of
# a program never meet ours, and what was built fails over.
set -eu

tests=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$tests/../.." && pwd)
build=$1
cc=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
strict='-std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror'

main()
{
    cmake --install "$build" --prefix "$prefix" >"$work/log" || give_up 'cmake --install'
    PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name retryproof.pc)")
    export PKG_CONFIG_PATH
    library=$(find "$prefix" -name libretryproof.a)

    headers_stand_alone
    every_declared_function_is_there
    only_declared_names_are_global
    a_program_builds_by_pkg_config
    a_program_builds_by_cmake
    a_program_may_use_any_other_name
    the_documents_build
    the_installed_examples_fail_over
}

headers_stand_alone()
{
    folder=$(find "$prefix/include" -mindepth 1 -maxdepth 1)
    (cd "$folder" && find . -name '*.h' | sed 's|^\./||') >"$work/headers"
    while read -r header; do
        alone=$work/alone-$(echo "$header" | tr / -)
        printf '#include <%s>\n#include <%s>\n' "$header" "$header" >"$alone.c"
        printf 'extern "C" {\n#include <%s>\n}\n' "$header" >"$alone.cc"
    done <"$work/headers"
    # shellcheck disable=SC2046,SC2086 # one word each
    "$cc" $strict -fsyntax-only $(pkg-config --cflags retryproof) "$work"/alone-*.c || give_up 'a header alone in C11'
    command -v g++ >/dev/null || return 0
    # shellcheck disable=SC2046 # one word each
    g++ -fsyntax-only -Wall -Werror $(pkg-config --cflags retryproof) "$work"/alone-*.cc || give_up 'a header in C++'
}

# The build leaves the names that the headers declare beside the library.
every_declared_function_is_there()
{
    global_names >"$work/global"
    missing=$(comm -23 "$build/library/libretryproof.names" "$work/global")
    [ -z "$missing" ] || give_up "declared in a header, and in no object: $missing"
}

only_declared_names_are_global()
{
    extra=$(comm -13 "$build/library/libretryproof.names" "$work/global")
    [ -z "$extra" ] || give_up "global, and in no header: $extra"
    [ -s "$work/global" ] || give_up 'the library has no global names'
}

global_names()
{
    nm --defined-only "$library" | awk 'NF == 3 && $2 ~ /[A-Z]/ { print $3 }' | sort
}

# In either order: --libs may stand before the program or behind it.
a_program_builds_by_pkg_config()
{
    # shellcheck disable=SC2046 # one word each
    "$cc" -o "$work/first" "$tests/outside.c" $(pkg-config --cflags --libs retryproof) || give_up 'cc outside.c LIBS'
    # shellcheck disable=SC2046 # one word each
    "$cc" $(pkg-config --cflags --libs retryproof) -o "$work/last" "$tests/outside.c" || give_up 'cc LIBS outside.c'
    # shellcheck disable=SC2046 # one word each
    "$cc" -Wl,--as-needed $(pkg-config --cflags --libs retryproof) -o "$work/needed" "$tests/outside.c" ||
        give_up 'cc --as-needed LIBS outside.c'
    for program in first last needed; do
        fails_over "$work/$program"
    done
}

a_program_builds_by_cmake()
{
    cmake -S "$tests/project" -B "$work/project" -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$prefix" \
        >"$work/log" 2>&1 || give_up 'find_package(retryproof)'
    cmake --build "$work/project" >"$work/log" 2>&1 || give_up 'target_link_libraries(outside retryproof::retryproof)'
    fails_over "$work/project/outside"
}

# Every name that the library keeps to itself, its static functions too, is a function of the program.
a_program_may_use_any_other_name()
{
    nm --defined-only "$library" |
        awk 'NF == 3 && $2 ~ /[a-z]/ && $3 ~ /^[A-Za-z_][A-Za-z_0-9]*$/ { print $3 }' | sort -u >"$work/local"
    for name in timer_queue_set pool_take region_take; do
        grep -qx "$name" "$work/local" || give_up "$name is no name of the library's own; this test looks at the wrong thing"
    done
    awk 'BEGIN { print "#include <stdlib.h>" } { print "void " $1 "(void);\nvoid " $1 "(void)\n{\n    abort();\n}" }' \
        "$work/local" >"$work/clash.c"
    # shellcheck disable=SC2046 # one word each
    "$cc" -fno-builtin -o "$work/clash" "$work/clash.c" "$tests/outside.c" $(pkg-config --cflags --libs retryproof) ||
        give_up 'a program with names like ours'
    fails_over "$work/clash"
}

# Each block of C in a document that is a whole program; the guide's scenario, with a program of ours.
the_documents_build()
{
    for document in "$tree/README.md" "$tree/docs/library.md"; do
        awk -v prefix="$work/shown-$(basename "$document" .md)" '
            /^```/ { inside = $0 == "```c" ? ".c" : $0 == "```yaml" ? ".yaml" : ""; shown += inside != ""; next }
            inside != "" { print > (prefix "-" shown inside) }
        ' "$document"
    done
    passes "$work"/shown-library-*.yaml ./gateway "$work/first"
    grep -lE '^int main\(' "$work"/shown-*.c >"$work/programs" || give_up 'no document shows a program'
    while read -r program; do
        # shellcheck disable=SC2046,SC2086 # one word each
        "$cc" $strict -o "${program%.c}" "$program" $(pkg-config --cflags --libs retryproof) ||
            give_up "a program shown in a document: $(cat "$program")"
        # In the simulated world a program comes to its end by itself.
        if grep -q 'world/sim/sim.h' "$program"; then
            "${program%.c}" >"$work/log" || give_up "what a program shown in a document did"
            ended=yes
        fi
    done <"$work/programs"
    [ -n "${ended:-}" ] || give_up 'no document shows a program in the simulated world'
}

# What was installed suffices: the suite's examples, and the same built from the sources beside the documents.
the_installed_examples_fail_over()
{
    for source in "$tree"/examples/*.c; do
        # shellcheck disable=SC2046,SC2086 # one word each
        "$cc" $strict -o "$work/$(basename "$source" .c)" "$source" $(pkg-config --cflags --libs retryproof) ||
            give_up "$source"
    done
    (cd "$work" && "$prefix/bin/retryproof" run --world sockets --quiet "$prefix/share/retryproof/scenarios/examples") >"$work/log" 2>&1 ||
        give_up 'the installed suite'
}

# The first upstream refuses, so that only a program that fails over gets an answer.
fails_over()
{
    passes "$tests/fails_over.yaml" PROGRAM "$1"
}

# passes SCENARIO NAME PROGRAM: with the program in place of the name.
passes()
{
    sed "s|program: $2|program: $3|" "$1" >"$work/scenario.yaml"
    "$prefix/bin/retryproof" run --world sockets --quiet "$work/scenario.yaml" >"$work/log" 2>&1 ||
        give_up "$(basename "$3") in $(basename "$1")"
}

give_up()
{
    [ ! -s "$work/log" ] || cat "$work/log"
    echo "the library, used from outside: $1" >&2
    exit 1
}

main
