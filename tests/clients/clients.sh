#!/bin/sh
# The proxy as a program, under clients that others wrote: clients.sh RETRYPROOF
# curl forward, through CONNECT and in reverse over TLS; openssl s_client; a WebSocket client and server; and an operator's
# mistakes, each told in a line. What is started here is stopped by its pid.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
retryproof=$1
# shellcheck source=tests/clients/common.sh
. "$here/common.sh"

main()
{
    make_certificates
    start_upstream
    reverse_over_tls
    forward_and_credentials
    tunnels
    websocket
    certificates_are_read_again
    mistakes_are_told
    every_exchange_has_a_row
    a_killed_log_opens_clean
    echo 'clients: all well'
}

# ---- what the tests stand on

certificate() # NAME COMMON-NAME
{
    openssl req -newkey ed25519 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$2" 2>>openssl.log
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' >extensions
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile extensions \
        -out "$1.pem" 2>>openssl.log
}

make_certificates()
{
    openssl req -x509 -newkey ed25519 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=authority 2>>openssl.log
    certificate first first
    certificate second second
}

# ---- curl, openssl s_client

ask_by_openssl() # ADDRESS ARGUMENTS
{
    at=$1
    shift
    # The request goes when the handshake is over; the proxy closes behind its answer, and so s_client ends.
    printf 'GET /by-openssl HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' |
        openssl s_client -connect "$at" -CAfile ca.pem -verify_return_error -ign_eof "$@" >s_client.log 2>&1 || true
}

reverse_over_tls()
{
    start_proxy reverse "{listen: '127.0.0.1:0', tls: {certificate: first.pem, key: first.key}, upstreams: ['$upstream']}"
    reverse=$address
    reverse_pid=$pid
    expect 'curl in reverse over TLS' 200 "$(status_of --cacert ca.pem "https://$reverse/")"
    expect 'its body' 20 "$(wc -c <body | tr -d ' ')"
    expect 'curl that trusts another authority' 000 "$(status_of "https://$reverse/")"
    for version in -tls1_2 -tls1_3; do
        ask_by_openssl "$reverse" $version -servername localhost
        expect_in "openssl s_client $version" s_client.log '^HTTP/1.1 200 OK'
    done
    ask_by_openssl "$reverse" -tls1_2 -sess_out session.pem
    ask_by_openssl "$reverse" -tls1_2 -sess_in session.pem
    expect_in 'a session that is offered again' s_client.log '^Reused, TLSv1.2'
    ask_by_openssl "$reverse" -alpn http/1.1
    expect_in 'the protocol agreed on' s_client.log 'ALPN protocol: http/1.1'
    ask_by_openssl "$reverse" -tls1_1 -cipher 'ALL:@SECLEVEL=0'
    expect_in 'TLS 1.1 is refused' s_client.log 'alert protocol version'
    wait_for reverse.log 'the handshake of client 127.0.0.1 failed: '
}

forward_and_credentials()
{
    start_proxy forward "{listen: '127.0.0.1:0', mode: forward, users: {alice: 'open sesame'}, auth: all}"
    forward=$address
    forward_pid=$pid
    expect 'nobody is asked in' 407 "$(status_of --proxy "http://$forward" "http://$upstream/")"
    expect_in 'what is asked for' body AUTH_REQUIRED
    expect 'a wrong password' 403 "$(status_of --proxy "http://alice:sesame@$forward" "http://$upstream/")"
    expect_in 'and its word' body AUTH_FAILED
    expect 'curl forward' 200 "$(status_of --proxy "http://alice:open%20sesame@$forward" "http://$upstream/x")"
    expect 'credentials go no further' 0 "$(grep -ci 'proxy-auth' upstream.log || true)"
    wait_for forward.log AUTH_FAILED
    ! grep -q 'sesame' forward.log || give_up "a password was told: $(cat forward.log)"
    stop "$forward_pid"
}

tunnels()
{
    start_proxy tunnel "{listen: '127.0.0.1:0', mode: forward, max_retries: 2}"
    tunnel=$address
    expect 'curl through CONNECT' 200 "$(status_of --proxy "http://$tunnel" --cacert ca.pem "https://$reverse/")"
    expect 'its body' 20 "$(wc -c <body | tr -d ' ')"
    expect 'the answer to CONNECT' 502 \
        "$(curl -s -o body -w '%{http_connect}' --proxy "http://$tunnel" https://127.0.0.1:1/ || true)"
    wait_for tunnel.log 'not again: attempts are used up'
    expect 'where it may not go' 400 "$(status_of --proxy "http://$tunnel" http://192.0.2.1/)"
    expect_in 'and its word' body INVALID_HOST
    openssl s_client -proxy "$tunnel" -connect "$reverse" -CAfile ca.pem -verify_return_error </dev/null >s_client.log 2>&1 ||
        give_up "openssl s_client through CONNECT: $(cat s_client.log)"
}

websocket()
{
    # The package is Debian's, so the interpreter is too, whatever else is called python3 here.
    python=/usr/bin/python3
    $python -c 'import websockets' 2>/dev/null || give_up 'python3-websockets is not installed: ./dev test does that'
    start echo 'listening on ' $python "$here/websocket.py" serve
    start_proxy upgrade "{listen: '127.0.0.1:0', upstreams: ['$address']}"
    $python "$here/websocket.py" talk "$address" >websocket.log 2>&1 || give_up "WebSocket: $(cat websocket.log)"
}

# ---- the operator

served_name()
{
    openssl s_client -connect "$reverse" -CAfile ca.pem </dev/null 2>/dev/null | sed -n 's/^subject=CN = //p'
}

certificates_are_read_again()
{
    expect 'the certificate' first "$(served_name)"
    cp second.pem first.pem
    cp second.key first.key
    kill -HUP "$reverse_pid"
    wait_for reverse.log 'is read again'
    expect 'the certificate that took its place' second "$(served_name)"
    echo 'no certificate' >first.pem
    kill -HUP "$reverse_pid"
    wait_for reverse.log 'first.pem'
    expect 'after a mistake the old one stays' second "$(served_name)"
    cp second.pem first.pem
}

mistake() # CODE TEXT CONFIGURATION
{
    printf '%s\n' "$3" >mistake.yaml
    code=0
    "$retryproof" proxy mistake.yaml >mistake.log 2>&1 || code=$?
    expect "the exit code for $3" "$1" "$code"
    expect_in "the sentence for $3" mistake.log "$2"
    expect "the lines for $3" 1 "$(wc -l <mistake.log | tr -d ' ')"
}

mistakes_are_told()
{
    mistake 2 'mistake.yaml:1:' "{listen: '127.0.0.1:0', upstreams: ['$upstream'], tls: {certificate: first.pem}}"
    mistake 2 'absent.pem' "{listen: '127.0.0.1:0', upstreams: ['$upstream'], tls: {certificate: absent.pem, key: first.key}}"
    mistake 2 'ca.key' "{listen: '127.0.0.1:0', upstreams: ['$upstream'], tls: {certificate: first.pem, key: ca.key}}"
    mistake 2 'mistake.yaml:1:' "{listen: '127.0.0.1:0', upstreams: ['$upstream'], routes: [{name: r, upstreams: [b]}]}"
    mistake 2 'mistake.yaml:1:' "{listen: '127.0.0.1:0', upstreams: ['$upstream'], auth: [bob]}"
    mistake 5 'no/such/folder' "{listen: '127.0.0.1:0', upstreams: ['$upstream'], log: no/such/folder/log.db}"
}

# ---- the log

every_exchange_has_a_row()
{
    start_proxy logged "{listen: '127.0.0.1:0', upstreams: ['$upstream']}" --log all.db
    ask_many "$address" 10000 || give_up 'ten thousand requests were not served'
    stop "$pid"
    expect 'rows of ten thousand exchanges' 10000 "$(rows_in all.db)"
    expect 'their statuses' 200 "$(sqlite3 -readonly all.db 'SELECT DISTINCT status FROM requests')"
}

a_killed_log_opens_clean()
{
    start_proxy killed "{listen: '127.0.0.1:0', upstreams: ['$upstream']}" --log killed.db
    ask_many "$address" 2000 >/dev/null 2>&1 || give_up 'two thousand requests were not served'
    waited=0
    # What has waited for longer than a batch does is in the file.
    until [ "$(rows_in killed.db)" = 2000 ]; do
        waited=$((waited + 1))
        [ $waited -le 300 ] || give_up "only $(rows_in killed.db) of 2000 rows were written"
        sleep 0.05
    done
    ask_many "$address" 5000 >/dev/null 2>&1 &
    asking=$!
    waited=0
    until [ "$(rows_in killed.db)" -gt 2000 ]; do
        waited=$((waited + 1))
        [ $waited -le 1500 ] || give_up 'no further row was written'
        sleep 0.01
    done
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
    kill "$asking" 2>/dev/null || true
    wait "$asking" 2>/dev/null || true
    expect 'the file of a killed proxy' ok "$(sqlite3 killed.db 'PRAGMA integrity_check')"
    [ "$(rows_in killed.db)" -gt 2000 ] || give_up 'rows that were written are gone'
}

main
