#!/bin/sh
# The proxy as a program, in the hands of its operator: operator.sh RETRYPROOF
# The admin listener asked and told by curl while it runs, a configuration read again, the environment, and what becomes of log
# files: an old one, a newer one, one that has grown to its limit. What is started here is stopped by its pid.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
retryproof=$1
# shellcheck source=tests/clients/common.sh
. "$here/common.sh"

main()
{
    start_upstream
    nobody_listens=127.0.0.1:1 # tcpmux, which only root could serve
    requests_are_asked_for
    a_route_is_changed_until_the_file_is_read_again
    a_mistake_in_the_file_changes_nothing
    stop "$shop_pid"
    retries_come_from_the_environment
    no_password_is_kept
    it_listens_on_ipv6
    an_old_log_keeps_its_rows
    a_newer_log_is_left_alone
    a_log_that_has_grown_is_put_aside
    echo 'operator: all well'
}

expect_rows() # FILE ROWS: waits until so many were written; a row waits for others for a moment
{
    waited=0
    until [ "$(rows_in "$1")" = "$2" ]; do
        waited=$((waited + 1))
        [ $waited -le 300 ] || give_up "$1 has $(rows_in "$1") rows, expected $2"
        sleep 0.05
    done
}

last_of() # FILE EXPRESSION
{
    sqlite3 -readonly "$1" "SELECT $2 FROM requests ORDER BY id DESC LIMIT 1"
}

# ---- the admin listener

# The proxy of the tests below: one route that is served, one that nobody serves.
start_shop()
{
    start_proxy shop "{listen: '127.0.0.1:0', upstreams: [{name: there, address: '$upstream'}, {name: gone, address: '$nobody_listens'}],
        routes: [{name: shop, path: /shop, upstreams: there}, {name: fails, path: /fails, upstreams: gone, max_retries: 1}]}" \
        --log shop.db --admin 127.0.0.1:0
    shop=$address
    shop_pid=$pid
    wait_for shop.log '^admin on '
    admin=$(sed -n 's/^admin on //p' shop.log)
}

page() # QUERY
{
    expect "a page of $1" 200 "$(status_of "http://$admin$1")"
}

rows_of_page()
{
    grep -c '^{.*"id":' body || true
}

next_of_page()
{
    sed -n 's/^"next":"\([^"]*\)".*/\1/p' body
}

requests_are_asked_for()
{
    start_shop
    expect 'its health' 200 "$(status_of "http://$admin/healthz")"
    for each in 1 2 3; do
        expect 'what is served' 200 "$(status_of "http://$shop/shop/$each")"
        expect 'what is not' 502 "$(status_of "http://$shop/fails/$each")"
    done
    expect 'what nobody serves' 404 "$(status_of "http://$shop/")"
    expect_rows shop.db 7
    page '/api/requests?status=502&retried=true&limit=2'
    expect 'rows of the first page' 2 "$(rows_of_page)"
    expect_in 'the newest' body '"target":"/fails/3"'
    page "$(next_of_page)"
    expect 'rows of the second page' 1 "$(rows_of_page)"
    expect_in 'the oldest' body '"target":"/fails/1"'
    expect 'a page behind it' '' "$(next_of_page)"
    page '/api/requests?route=shop&retried=false'
    expect 'rows of a route' 3 "$(rows_of_page)"
    expect 'one row' 200 "$(status_of "http://$admin/api/requests/7")"
    expect_in 'its error' body '"error":"ROUTE_NOT_FOUND"'
    expect 'a row that is not there' 404 "$(status_of "http://$admin/api/requests/8")"
    expect 'a word that is no status' 400 "$(status_of "http://$admin/api/requests?status=bad")"
}

# How often the next failing request is tried again.
retries_of_shop()
{
    before=$(rows_in shop.db)
    expect 'what is not served' 502 "$(status_of "http://$shop/fails")"
    expect_rows shop.db $((before + 1))
    expect 'attempts that are told' "$(last_of shop.db 'retry_attempts + 1')" "$(last_of shop.db 'json_array_length(retry_details)')"
    last_of shop.db retry_attempts
}

a_route_is_changed_until_the_file_is_read_again()
{
    expect 'retries of the file' 1 "$(retries_of_shop)"
    expect 'a change' 200 "$(status_of -X PUT -d '{"max_retries": 4}' "http://$admin/api/routes/fails")"
    expect 'retries after it' 4 "$(retries_of_shop)"
    expect 'a change that cannot be' 400 "$(status_of -X PUT -d '{"max_retries": -1}' "http://$admin/api/routes/fails")"
    expect 'a change from a page in a browser' 403 \
        "$(status_of -X PUT -H 'Origin: http://evil.test' -d '{"max_retries": 0}' "http://$admin/api/routes/fails")"
    expect 'retries after no change' 4 "$(retries_of_shop)"
    kill -HUP "$shop_pid"
    wait_for shop.log 'is read again'
    expect 'retries of the file again' 1 "$(retries_of_shop)"
}

a_mistake_in_the_file_changes_nothing()
{
    cp shop.yaml right.yaml
    sed 's/max_retries: 1/max_retrys: 0/' right.yaml >shop.yaml
    kill -HUP "$shop_pid"
    wait_for shop.log 'max_retries'
    expect_in 'the place of the mistake' shop.log 'shop.yaml:2:'
    expect 'retries as before' 1 "$(retries_of_shop)"
    expect 'what was served is' 200 "$(status_of "http://$shop/shop")"
    cp right.yaml shop.yaml
}

# ---- the environment, users, addresses

retries_come_from_the_environment()
{
    export RETRYPROOF_DEFAULT_MAX_RETRIES=3
    start_proxy environment "{listen: '127.0.0.1:0', upstreams: ['$nobody_listens'], log: environment.db}"
    expect 'what is not served' 502 "$(status_of "http://$address/")"
    stop "$pid"
    expect 'retries of the environment' 3 "$(last_of environment.db retry_attempts)"
    export RETRYPROOF_DEFAULT_MAX_RETRIES=often
    code=0
    "$retryproof" proxy environment.yaml >mistake.log 2>&1 || code=$?
    expect 'the exit code for a number that is none' 2 "$code"
    expect_in 'the sentence for it' mistake.log RETRYPROOF_DEFAULT_MAX_RETRIES
    unset RETRYPROOF_DEFAULT_MAX_RETRIES
}

no_password_is_kept()
{
    start_proxy gate "{listen: '127.0.0.1:0', upstreams: ['$upstream'], users: {alice: 'open sesame'}, auth: all, log: gate.db}"
    expect 'a right password' 200 "$(status_of --proxy-user 'alice:open sesame' --proxy "http://$address" 'http://a.test/right')"
    expect 'a wrong password' 403 "$(status_of --proxy-user 'alice:sesame street' --proxy "http://$address" 'http://a.test/wrong')"
    expect 'a password in the target' 400 \
        "$(status_of --request-target 'http://alice:sesame@a.test/' "http://$address/")"
    stop "$pid"
    expect 'rows' 'alice|200 |403 |400' "$(sqlite3 -readonly gate.db 'SELECT user, status FROM requests ORDER BY id' | tr '\n' ' ' | sed 's/ $//')"
    # The words, and their beginnings in base64.
    ! grep -aq -e sesame -e YWxpY2U6 gate.db gate.log || give_up "a password was kept: $(cat gate.log)"
}

it_listens_on_ipv6()
{
    start_proxy six "{listen: '[::1]:0', upstreams: ['$upstream']}" --log six.db
    expect 'a request over IPv6' 200 "$(status_of --globoff "http://$address/")"
    stop "$pid"
    expect 'its client' '[::1]' "$(last_of six.db 'substr(client, 1, 5)')"
}

# ---- log files

make_old_log() # FILE VERSION: a file as the first version of the program left it
{
    sqlite3 "$1" "CREATE TABLE requests (id INTEGER PRIMARY KEY, ended_unix_ns INTEGER NOT NULL, duration_ns INTEGER NOT NULL,
            route TEXT, client TEXT, user TEXT, method TEXT, host TEXT, target TEXT, status INTEGER NOT NULL, error TEXT,
            stage TEXT, cause TEXT, request_bytes INTEGER NOT NULL, response_bytes INTEGER NOT NULL);
        CREATE INDEX requests_status ON requests (status);
        INSERT INTO requests (ended_unix_ns, duration_ns, route, method, target, status, stage, cause, request_bytes, response_bytes)
            VALUES (1, 2, 'default', 'GET', '/old', 200, NULL, NULL, 3, 4),
                   (5, 6, 'default', 'POST', '/older', 502, 'dial', 'connection_refused', 7, 8);
        PRAGMA application_id = 0x52505246; PRAGMA user_version = $2"
}

an_old_log_keeps_its_rows()
{
    make_old_log old.db 1
    start_proxy old "{listen: '127.0.0.1:0', upstreams: ['$upstream']}" --log old.db
    expect 'a request of today' 200 "$(status_of "http://$address/new")"
    stop "$pid"
    expect 'the schema' 2 "$(sqlite3 -readonly old.db 'PRAGMA user_version')"
    expect 'the rows' '1|reverse|/old|200||3|0|[] 2|reverse|/older|502|dial|7|0|[] 3|reverse|/new|200||0|0|1 of them' \
        "$(sqlite3 -readonly old.db "SELECT id, kind, target, status, stage, request_bytes, retry_attempts,
            iif(id = 3, json_array_length(retry_details) || ' of them', retry_details) FROM requests ORDER BY id" |
            tr '\n' ' ' | sed 's/ $//')"
}

a_newer_log_is_left_alone()
{
    make_old_log newer.db 3
    sum=$(cksum newer.db)
    code=0
    "$retryproof" proxy old.yaml --log newer.db >newer.log 2>&1 || code=$?
    expect 'the exit code for a newer log' 5 "$code"
    expect_in 'the sentence for it' newer.log 'has a newer schema'
    expect 'the newer log' "$sum" "$(cksum newer.db)"
}

a_log_that_has_grown_is_put_aside()
{
    start_proxy grown "{listen: '127.0.0.1:0', upstreams: ['$upstream'], log: grown.db, log_limit: 128KiB}"
    # In parts, each of which is written before the next: files are put aside between two batches, and five are kept.
    for rows in 500 1000 1500; do
        ask_many "$address" 500 >/dev/null || give_up 'five hundred requests were not served'
        wait_for_last_row "$rows"
    done
    stop "$pid"
    [ -f grown.db.1 ] || give_up "no file was put aside: $(ls)"
    for file in grown.db grown.db.[1-5]; do
        [ ! -f "$file" ] || sqlite3 -readonly "$file" 'SELECT id FROM requests'
    done | sort -n >rows
    seq 1500 >every_row
    cmp -s rows every_row || give_up "of 1500 rows there are $(wc -l <rows)"
    ! grep -q 'lost' grown.log || give_up "rows were lost: $(cat grown.log)"
}

wait_for_last_row() # ID, in whichever file
{
    waited=0
    until [ "$(for file in grown.db grown.db.1; do
        [ ! -f "$file" ] || sqlite3 -readonly "$file" 'SELECT max(id) FROM requests' 2>/dev/null
    done | sort -n | tail -1)" = "$1" ]; do
        waited=$((waited + 1))
        [ $waited -le 300 ] || give_up "row $1 was not written"
        sleep 0.05
    done
}

main
