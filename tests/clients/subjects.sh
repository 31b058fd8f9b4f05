#!/bin/sh
# Other people's proxies as the command asks them: subjects.sh RETRYPROOF
# The built-in proxy stands for one: started for the run, or running already and set up by somebody who did not think of POST.
# Nothing of it is left, however the run ends. What is started here is stopped by its pid.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
retryproof=$1
top=$(cd "$here/../.." && pwd)
PATH=$(dirname "$retryproof"):$PATH
# shellcheck source=tests/clients/common.sh
. "$here/common.sh"

own=$top/harness/testdata/subjects/own


main()
{
    TMPDIR=$work/tmp
    export TMPDIR
    mkdir "$TMPDIR"
    scenarios_are_written
    a_subject_keeps_its_policy
    what_it_does_is_held_against_another_policy
    results_are_compared_and_explained
    each_repetition_is_counted
    what_does_not_always_end_alike_is_played_more_often
    one_that_cannot_start_is_told_with_its_own_words
    a_harm_before_the_fault_is_counted
    nobody_is_left_when_the_run_is_interrupted
    nobody_is_left_when_the_harness_is_killed
    a_proxy_that_runs_is_asked
    a_proxy_that_runs_over_tls_is_asked
    an_upstream_that_nobody_asks_is_told
    echo 'subjects: all well'
}

# What this test is about, and little else: the suite itself is played against real proxies.
scenarios_are_written()
{
    mkdir s
    cat >s/delivered.yaml <<'TEXT'
name: a delivered request meets a closed connection
stage: post-write
grid: {method: [GET, POST], end: [fin, rst]}
client: [request: {method: "${method}", path: /pay, body: 11}]
upstreams:
  a: [[read: request, end: "${end}"]]
  b: [[read: request, respond: 200]]
expect: {}
TEXT
    cat >s/options.yaml <<'TEXT'
name: a method that the subject's description leaves out
stage: post-write
client: [request: {method: OPTIONS}]
upstreams: {a: [[read: request, respond: 200]], b: [[read: request, respond: 200]]}
expect: {}
TEXT
    cat >s/hooks.yaml <<'TEXT'
name: a case that only the built-in proxy can be asked
stage: post-write
hooks: trace
client: [request: {path: /x}]
upstreams: {a: [[read: request, respond: 200]], b: [[read: request, respond: 200]]}
expect: {}
TEXT
    cat >slow.yaml <<'TEXT'
name: a client that waits for as long as it is let
stage: post-write
grid: {n: [1, 2, 3, 4, 5, 6, 7, 8]}
client: [request: {path: /slow}, delay: 60s]
upstreams: {a: [[read: request, respond: 200, signal: "there"]], b: [[read: request, respond: 200]]}
expect: {}
TEXT
}

# run CODE ARGUMENTS...: what it says is then in run.txt.
run()
{
    code=$1
    shift
    seen=0
    "$retryproof" run "$@" >run.txt 2>&1 || seen=$?
    [ "$seen" = "$code" ] || give_up "run $*: ended with $seen, expected $code: $(cat run.txt)"
}

report()
{
    code=$1
    shift
    seen=0
    "$retryproof" report "$@" >report.txt 2>&1 || seen=$?
    [ "$seen" = "$code" ] || give_up "report $*: ended with $seen, expected $code: $(cat report.txt)"
}

a_subject_keeps_its_policy()
{
    run 0 --subject "$own" --expect at-most-once --report terminal --report subject=strict.json s
    expect_in 'what was left out' run.txt 'this test wants one that cannot be asked'
    expect_in 'what needs hooks' run.txt 'it needs hooks of the built-in proxy'
    expect_in 'the counts' run.txt '6 cases: 4 pass, 2 unsupported'
    expect_in 'the version' strict.json '"version": "[0-9]'
    expect_in 'the configuration' strict.json 'policy: at-most-once'
}

what_it_does_is_held_against_another_policy()
{
    run 0 --subject "$own" --profile idempotent --expect rfc9110 --report terminal --report subject=wider.json s
    run 1 --subject "$own" --profile idempotent --expect at-most-once --quiet s --filter 'method = GET'
    expect_in 'the sentence' run.txt 'GET /pay reached upstreams 2 times whole'
    expect_in 'the reproduction' run.txt 'retryproof run --subject '
}

results_are_compared_and_explained()
{
    run 0 --subject "$own" --expect at-most-once --quiet --report subject=again.json s
    report 0 compare strict.json again.json
    expect_in 'the agreement' report.txt '^agreement: 4 of 4 cases go one and the same way in both (100.0 %)'
    report 1 compare strict.json wider.json
    expect_in 'the change' report.txt 'is 200 2/2'
    report 0 matrix strict.json wider.json
    expect_in 'the matrix' report.txt 'own'
    report 0 matrix --markdown strict.json wider.json
    expect_in 'the table' report.txt '^|'
    report 0 harms wider.json
    expect_in 'the harm' report.txt 'delivered twice, idempotent'
    report 0 explain 'METHOD=get,end=fin' strict.json wider.json
    report 4 explain 'no such case' strict.json
    report 2 matrix "$0"
}

each_repetition_is_counted()
{
    run 0 --subject "$own" --repeat 3 --quiet --report subject=thrice.json s --filter 'method = GET'
    expect_in 'the number' thrice.json '"repeat": 3'
}

# Every second slot has another policy, so that the plays of one case differ: then it is played ten times, and once where
# nobody asked for more.
what_does_not_always_end_alike_is_played_more_often()
{
    mkdir fickle
    cp "$own/subject.yaml" fickle/
    # shellcheck disable=SC2016 # for the script
    sed 's/^    printf .*name: %s, host/    [ $((${name#s} % 2)) = 0 ] \&\& policy="policy: idempotent" || policy="policy: at-most-once"\n&/
        s/upstreams: \[%sa, %sb\]}/upstreams: [%sa, %sb], %s}/; s/"$name" "$name"$/"$name" "$name" "$policy"/' "$own/configure" >fickle/configure
    run 0 --subject ./fickle --repeat 2 --quiet --report subject=fickle.json s --filter 'method = GET and id ~ fin'
    expect_in 'ten plays' run.txt '1 case: 1 pass, 10 played'
    expect_in 'both ways' fickle.json '"ways": \[{.*"client": "200".*"client": "502"\|"ways": \[{.*"client": "502".*"client": "200"'
    run 0 --subject ./fickle --quiet --report subject=fickle.json s --filter 'method = GET and id ~ fin'
    expect_in 'one play' run.txt '1 case: 1 pass in'
}

one_that_cannot_start_is_told_with_its_own_words()
{
    run 5 --subject "$own" --profile broken --quiet s
    expect_in 'its own words' run.txt "policy cannot be 'whatever'"
    run 2 --subject "$own" --profile none --quiet s
    expect_in 'the profiles' run.txt 'it has default, idempotent, broken'
    run 2 --subject nobody --quiet s
}

# A proxy that asks somebody else, who does not answer: the fault of the case is never met, and its client waits in vain.
a_harm_before_the_fault_is_counted()
{
    mkdir deaf
    cat >deaf/subject.yaml <<'TEXT'
documentation: nowhere
version: [retryproof, --version]
start: [retryproof, proxy, "${config}"]
profiles: {default: {is: deaf, source: nowhere, settle: 10ms, settle_source: it does nothing, patience: 300ms}}
TEXT
    cat >deaf/configure <<'TEXT'
read -r _ listen _
printf 'listen: %s\nupstreams: [{name: a, address: "127.0.0.1:19010"}]\n' "$listen"
TEXT
    echo 'upstreams: {deaf: [[read: request, end: stall]]}' >deaf/upstream.yaml
    "$retryproof" upstream deaf/upstream.yaml --port 19010 >upstream.txt 2>&1 &
    pid=$!
    running="$running $pid"
    run 1 --subject ./deaf --report terminal --report subject=deaf.json s --filter 'method = GET and id ~ rst'
    stop "$pid"
    expect_in 'that it was not met' run.txt 'no connection came to upstream a'
    expect_in 'the harm' deaf.json '"hanging"'
}

# Its folder has been made: then it is starting, or playing.
await_subject()
{
    waited=0
    until [ -n "$(ls "$TMPDIR")" ]; do
        waited=$((waited + 1))
        [ $waited -le 300 ] || give_up 'the subject was never started'
        sleep 0.05
    done
}

# Processes of the subject have its folder in their command line.
await_nobody()
{
    waited=0
    while [ -n "$(ls "$TMPDIR")" ] || grep -lqs "$TMPDIR/" /proc/[0-9]*/cmdline; do
        waited=$((waited + 1))
        [ $waited -le 300 ] || give_up "still there: $(ls "$TMPDIR") $(grep -ls "$TMPDIR/" /proc/[0-9]*/cmdline)"
        sleep 0.05
    done
}

interrupt_with() # SIGNAL
{
    "$retryproof" run --subject "$own" --quiet slow.yaml >run.txt 2>&1 &
    pid=$!
    running="$running $pid"
    await_subject
    kill "-$1" "$pid"
    seen=0
    wait "$pid" 2>/dev/null || seen=$?
    await_nobody
}

nobody_is_left_when_the_run_is_interrupted()
{
    interrupt_with TERM
    expect 'the exit code' 130 "$seen"
}

nobody_is_left_when_the_harness_is_killed()
{
    interrupt_with KILL
    expect 'the exit code' 137 "$seen"
}

# Somebody's proxy: it tries every request again, whatever its method, for its route /shop alone.
careless='upstreams:
  - {name: a, address: "127.0.0.1:19001"}
  - {name: b, address: "127.0.0.1:19002"}
max_retries: 2
policy: idempotent
retry_non_idempotent: true
routes:
  - {name: shop, host: shop.test, path: /shop, upstreams: [a, b]}'

# The proxy of another program run beside this one could have these ports: they are below those the kernel gives away.
as_its_users_do='--upstream a=127.0.0.1:19001 --upstream b=127.0.0.1:19002 --host shop.test --settle 100ms'

a_proxy_that_runs_is_asked()
{
    start_proxy careless "listen: 127.0.0.1:0
$careless"
    # shellcheck disable=SC2086 # several words
    run 1 --target "http://$address/shop" $as_its_users_do --header 'X-Key: 1' --expect rfc9110 \
        --report terminal --report subject=attached.json s --filter 'method = POST'
    expect_in 'the sentence' run.txt 'POST /pay reached upstreams 2 times whole'
    expect_in 'the reproduction' run.txt "--header 'X-Key: 1'"
    expect_in 'the times in it' run.txt '--settle 100ms'
    expect_in 'the result' attached.json '"profile": "attached"'
    stop "$pid"
}

a_proxy_that_runs_over_tls_is_asked()
{
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost \
        -addext subjectAltName=DNS:shop.test -keyout key.pem -out certificate.pem 2>/dev/null
    start_proxy secure "listen: 127.0.0.1:0
tls: {certificate: certificate.pem, key: key.pem}
$careless"
    # shellcheck disable=SC2086 # several words
    run 0 --target "https://$address/shop" $as_its_users_do --ca certificate.pem --quiet s --filter 'method = GET'
    # shellcheck disable=SC2086 # several words
    run 0 --target "https://$address/shop" $as_its_users_do --insecure --quiet s --filter 'method = GET'
    # shellcheck disable=SC2086 # several words
    run 5 --target "https://$address/shop" $as_its_users_do --recover 300ms --quiet s --filter 'method = GET and id ~ rst'
    expect_in 'a certificate that nobody trusts' run.txt 'no probe came to upstream a'
    expect_in 'what is wrong with it' run.txt 'handshake with the target failed'
    stop "$pid"
}

an_upstream_that_nobody_asks_is_told()
{
    start_proxy other "listen: 127.0.0.1:0
$careless"
    run 5 --target "http://$address/shop" --upstream a=127.0.0.1:19003 --upstream b=127.0.0.1:19004 --host shop.test \
        --recover 300ms --quiet s --filter 'method = GET and id ~ rst'
    expect_in 'why' run.txt 'no probe came to upstream a'
    expect_in 'what the proxy said' run.txt 'the last one got a 502'
    stop "$pid"
    run 5 --target "http://$address/shop" --upstream a=127.0.0.1:19003 --upstream b=127.0.0.1:19004 \
        --recover 300ms --quiet s --filter 'stage = post-write and not id ~ hooks'
    expect_in 'that nobody is there' run.txt 'could not be reached:'
    expect_in 'what to look at' run.txt 'are the URL, --host and each --upstream'
}

main
