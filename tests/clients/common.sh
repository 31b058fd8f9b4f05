# shellcheck shell=sh
# What the tests of the program share: sourced with $retryproof set. A folder of their own to work in, processes that are started and
# ended by their pid, and sentences where something is not as expected.

retryproof=${retryproof:?}
work=$(mktemp -d)
cd "$work" || exit 1
running=
trap 'stop_all; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# start NAME PATTERN COMMAND...: waits until NAME.log says where it listens; the address is then in $address.
start()
{
    name=$1
    pattern=$2
    shift 2
    : >"$name.log"
    "$@" >"$name.log" 2>&1 &
    pid=$!
    running="$running $pid"
    waited=0
    until address=$(sed -n "s/^$pattern\([^ ]*\).*/\1/p" "$name.log") && [ -n "$address" ]; do
        waited=$((waited + 1))
        if [ $waited -gt 300 ] || ! kill -0 "$pid" 2>/dev/null; then
            give_up "$name does not start: $(cat "$name.log")"
        fi
        sleep 0.05
    done
}

stop()
{
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

stop_all()
{
    for each in $running; do
        stop "$each"
    done
}

start_proxy() # NAME CONFIGURATION [ARGUMENTS]
{
    name=$1
    printf '%s\n' "$2" >"$1.yaml"
    shift 2
    start "$name" 'listening on ' "$retryproof" proxy "$name.yaml" "$@"
}

give_up()
{
    echo "$(basename "$0" .sh): $*" >&2
    exit 1
}

expect() # WHAT EXPECTED SEEN
{
    [ "$2" = "$3" ] || give_up "$1: expected '$2', saw '$3'"
}

expect_in() # WHAT FILE TEXT
{
    grep -q -- "$3" "$2" || give_up "$1: '$3' is not in: $(head -c 2000 "$2")"
}

status_of() # CURL ARGUMENTS
{
    curl --silent --show-error --max-time 20 --output body --write-out '%{http_code}' "$@" 2>curl.log || true
}

start_upstream() # its address is then in $upstream
{
    echo 'upstreams: {a: {then: [read: request, respond: {body: 20}]}}' >upstream.yaml
    start upstream 'a listens on ' "$retryproof" upstream upstream.yaml
    # shellcheck disable=SC2034 # for those who source this
    upstream=$address
}

wait_for() # FILE TEXT
{
    waited=0
    until grep -q -- "$2" "$1"; do
        waited=$((waited + 1))
        [ $waited -le 300 ] || give_up "'$2' never came to stand in: $(cat "$1")"
        sleep 0.05
    done
}

ask_many() # ADDRESS TIMES
{
    seq "$2" | sed "s|.*|url = \"http://$1/&\"\noutput = /dev/null|" >many.curl
    curl --silent --show-error --max-time 120 --config many.curl
}

rows_in()
{
    sqlite3 -readonly "$1" 'SELECT count(*) FROM requests'
}
