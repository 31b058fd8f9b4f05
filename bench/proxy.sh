#!/bin/sh
# The built-in proxy under load beside nginx and haproxy: the same client, the same upstream, one worker
# each, keep-alive on both sides. Installs nothing; ./dev bench does. Absolute figures are this machine's;
# the ratios to nginx, taken in one run, are what can be compared.
set -eu
cd "$(dirname "$0")/.."
. bench/common.sh

connections=64
warmup_s=1
start_s=10           # to begin listening; whoever takes longer has failed
body=pong            # a small response: what is measured is the proxy and not memory
proxies='nginx haproxy retryproof'

main()
{
    read_options "$@"
    need nginx haproxy wrk "$retryproof"
    make_workspace
    choose_processors
    upstream_port=$(free_port 21000)
    start_upstream

    machine=$(describe_machine)
    echo "$machine"
    echo "wrk, $connections connections, $rounds rounds of $seconds s each, upstream: nginx; medians"
    for round in $(seq "$rounds"); do
        for proxy in $proxies; do
            printf '\rround %d of %d: %-12s' "$round" "$rounds" "$proxy" >&2
            measure "$proxy"
        done
    done
    printf '\r%40s\r' '' >&2
    print_table
    write_json >"$out/proxy.json"
    echo "also in $out/proxy.json"
}

# With two processors the proxy has one to itself; with one, all share it, and CPU per request still holds.
choose_processors()
{
    on_first='' on_second=''
    if command -v taskset >/dev/null && taskset -c 0,1 true 2>/dev/null; then
        on_first='taskset -c 0' on_second='taskset -c 1'
    fi
}

# ---- the servers

start_upstream()
{
    nginx_frame "$workspace/upstream" <<TEXT
    server {
        listen 127.0.0.1:$upstream_port backlog=1024;
        location / { default_type text/plain; return 200 "$body"; }
    }
TEXT
    # shellcheck disable=SC2086 # words
    start "$upstream_port" $on_second nginx -p "$workspace/upstream" -c nginx.conf -e error.log
}

# Leaves the id of the proxy's first process in $started_pid.
start_proxy()
{
    proxy_port=$(free_port 22000)
    case $1 in
    nginx)
        nginx_frame "$workspace/nginx" <<TEXT
    upstream one {
        server 127.0.0.1:$upstream_port;
        keepalive $connections;
        keepalive_requests 1000000000;
    }
    server {
        listen 127.0.0.1:$proxy_port backlog=1024;
        location / {
            proxy_pass http://one;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
TEXT
        set -- nginx -p "$workspace/nginx" -c nginx.conf -e error.log
        ;;
    haproxy)
        cat >"$workspace/haproxy.cfg" <<TEXT
global
    nbthread 1
    maxconn 1000
defaults
    mode http
    http-reuse always
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend in
    bind 127.0.0.1:$proxy_port backlog 1024
    default_backend one
backend one
    server one 127.0.0.1:$upstream_port
TEXT
        set -- haproxy -db -q -f "$workspace/haproxy.cfg"
        ;;
    retryproof)
        cat >"$workspace/retryproof.yaml" <<TEXT
listen: 127.0.0.1:$proxy_port
upstreams: [127.0.0.1:$upstream_port]
pool_size: $connections
TEXT
        set -- "$retryproof" proxy "$workspace/retryproof.yaml"
        ;;
    esac
    # shellcheck disable=SC2086 # words
    start "$proxy_port" $on_first "$@"
}

# A configuration with one worker, all of whose files lie in the folder; the http block comes on stdin.
nginx_frame()
{
    mkdir -p "$1"
    {
        # As root nginx would change to a user who may not write here.
        [ "$(id -u)" -ne 0 ] || echo 'user root;'
        cat <<TEXT
daemon off;
worker_processes 1;
pid nginx.pid;
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
TEXT
        cat
        echo '}'
    } >"$1/nginx.conf"
}

# Starts a server and waits until its port is open.
start()
{
    port=$1
    shift
    "$@" >"$workspace/said.txt" 2>&1 </dev/null &
    started_pid=$!
    started="$started $started_pid"
    for _ in $(seq $((start_s * 20))); do
        ! listens "$port" || return 0
        kill -0 "$started_pid" 2>/dev/null || break
        sleep 0.05
    done
    cat "$workspace/said.txt" >&2
    echo "$0: did not begin to listen: $*" >&2
    exit 1
}

stop()
{
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
    forget "$1"
}

# The process has ended: its id may be another's by now.
forget()
{
    remaining=''
    for pid in $started; do
        [ "$pid" = "$1" ] || remaining="$remaining $pid"
    done
    started=$remaining
}

# True if somebody listens (state 0A) at the port of 127.0.0.1.
listens()
{
    grep -q "$(printf ' 0100007F:%04X 00000000:0000 0A ' "$1")" /proc/net/tcp
}

# A port from the given one on that no socket has, and that the kernel does not give out by itself.
free_port()
{
    port=$1
    while grep -q "$(printf ':%04X ' "$port")" /proc/net/tcp; do
        port=$((port + 1))
    done
    echo "$port"
}

# ---- one measurement

# Appends a line to the proxy's figures: requests/s, CPU in us per request, peak KiB, 99th percentile in us,
# and the share of a processor that it used, in percent: below 100 it is the load that was the limit.
measure()
{
    start_proxy "$1"
    family=$(family_of "$started_pid")
    load "$warmup_s" >/dev/null
    before=$(ticks_of "$family")
    load "$seconds" >"$workspace/wrk.txt"
    after=$(ticks_of "$family")
    peak=$(peak_of "$family")
    stop "$started_pid"

    if grep -q -e 'Non-2xx' -e 'Socket errors' "$workspace/wrk.txt"; then
        cat "$workspace/wrk.txt" >&2
        echo "$0: $1 did not answer every request with 200; its figures would mean nothing" >&2
        exit 1
    fi
    awk -v ticks=$((after - before)) -v ticks_s="$(getconf CLK_TCK)" -v peak="$peak" \
        -v seconds="$seconds" '
        function microseconds(text) {
            return text ~ /us$/ ? text + 0 : text ~ /ms$/ ? text * 1000 : text * 1000000
        }
        $1 == "Requests/sec:" { rate = $2 }
        $2 == "requests" && $3 == "in" { requests = $1 }
        $1 == "99%" { slowest = microseconds($2) }
        END { print rate, ticks / ticks_s * 1e6 / requests, peak, slowest, 100 * ticks / ticks_s / seconds }
    ' "$workspace/wrk.txt" >>"$workspace/$1.figures"
}

# In the background, because a shell that waits obeys a signal at once, and one with a child before it later.
load()
{
    # shellcheck disable=SC2086 # words
    $on_second wrk --latency -t 1 -c "$connections" -d "$1" "http://127.0.0.1:$proxy_port/" &
    load_pid=$!
    started="$started $load_pid"
    wait "$load_pid"
    forget "$load_pid"
}

# The process and its children. What comes before the closing parenthesis of stat may hold anything.
family_of()
{
    echo "$1"
    for stat in /proc/[0-9]*/stat; do
        sed "s/ (.*) / /" "$stat" 2>/dev/null || true
    done | awk -v parent="$1" '$3 == parent { print $1 }'
}

# User and system time of all of them.
ticks_of()
{
    for pid in $1; do
        sed 's/ (.*) / /' "/proc/$pid/stat"
    done | awk '{ ticks += $13 + $14 } END { print ticks }'
}

# The most memory that any one of them had at any time, in KiB.
peak_of()
{
    for pid in $1; do
        sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status"
    done | sort -n | tail -n 1
}

# ---- results

figure()
{
    cut -d ' ' -f "$2" "$workspace/$1.figures" | median
}

version_of()
{
    case $1 in
    nginx) nginx -v 2>&1 | sed 's/.*nginx\///' ;;
    haproxy) haproxy -v | sed -n '1s/.*version \([^ -]*\).*/\1/p' ;;
    retryproof) "$retryproof" --version | sed 's/^retryproof *//' ;;
    esac
}

print_table()
{
    printf '\n%-20s %12s %7s %12s %7s %7s %10s %8s\n' proxy 'requests/s' ratio 'CPU us/req' ratio \
        'CPU %' 'peak MiB' 'p99 ms'
    for proxy in $proxies; do
        echo "$proxy-$(version_of "$proxy") $(figure "$proxy" 1) $(figure "$proxy" 2)" \
            "$(figure "$proxy" 3) $(figure "$proxy" 4) $(figure "$proxy" 5)"
    done | awk '
        NR == 1 { rate = $2; cpu = $3 }
        {
            printf "%-20s %12d %7.2f %12.2f %7.2f %7d %10.1f %8.2f\n", $1, $2, $2 / rate, $3, $3 / cpu, $6,
                $4 / 1024, $5 / 1000
        }'
    echo 'ratio: to nginx; of requests/s more is better, of CPU less. CPU %: below 100 the load was the limit.'
}

write_json()
{
    printf '{\n  "connections": %d,\n  "machine": "%s",\n  "proxies": {\n' "$connections" "$machine"
    separator=''
    for proxy in $proxies; do
        printf '%s    "%s": {"cpu_percent": %s, "cpu_us_per_request": %s, "p99_us": %s, "peak_kib": %s, "requests_per_s": %s, "version": "%s"}' \
            "$separator" "$proxy" "$(figure "$proxy" 5)" "$(figure "$proxy" 2)" "$(figure "$proxy" 4)" \
            "$(figure "$proxy" 3)" "$(figure "$proxy" 1)" "$(version_of "$proxy")"
        separator=',
'
    done
    printf '\n  },\n  "rounds": %d,\n  "schema": "retryproof-bench-proxy-1",\n  "seconds": %d\n}\n' \
        "$rounds" "$seconds"
}

main "$@"
