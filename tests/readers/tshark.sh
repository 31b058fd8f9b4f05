#!/bin/sh
# Captures of cases as tshark reads them: nothing malformed or missing, and the conversation that the case had, in both worlds.
# Ends with 77, which is no failure, where there is no tshark.
#
#   tshark.sh RETRYPROOF
set -eu
retryproof=$(realpath "$1")
scenarios=$(realpath "$(dirname "$0")/../../scenarios")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
command -v tshark >/dev/null || {
    echo 'tshark: it is not installed (./dev test --full does that), so captures are not read'
    exit 77
}

give_up()
{
    echo "tshark: $*" >&2
    exit 1
}

expect() # WHAT EXPECTED SEEN
{
    [ "$2" = "$3" ] || give_up "$1 is not '$2' but '$3'"
}

# ask FILE ARGUMENTS...
ask()
{
    file=$1
    shift
    # As root it warns about that, and about nothing else that matters here.
    tshark -r "$file" "$@" 2>>"$work/warnings" || give_up "$file cannot be read: $(cat "$work/warnings")"
}

count() # FILE FILTER
{
    ask "$1" -Y "$2" | wc -l
}

# record WORLD SCENARIO [FILTER]: leaves the one capture in $capture.
record()
{
    rm -rf "$work/captures"
    "$retryproof" run --world "$1" --quiet --report "pcapng=$work/captures" "$scenarios/$2" \
        --filter "${3:-not id = nothing}" >"$work/log" || give_up "$2 does not pass: $(cat "$work/log")"
    capture=$(find "$work/captures" -name '*.pcapng' | sort | head -1)
    [ -n "$capture" ] || give_up "$2 leaves no capture"
}

# Whatever is wrong with a capture, tshark has a word for it. A reset is not wrong.
is_sound()
{
    expect "$1: packets that are malformed" 0 "$(count "$capture" _ws.malformed)"
    expect "$1: errors of the expert" 0 "$(count "$capture" '_ws.expert.severity >= 0x800000')"
    for flaw in lost_segment out_of_order retransmission ack_lost_segment; do
        expect "$1: tcp.analysis.$flaw" 0 "$(count "$capture" "tcp.analysis.$flaw")"
    done
}

conversation() # prints "GET 200 ..." in order
{
    ask "$capture" -Y http -T fields -e http.request.method -e http.response.code | tr -s '\t\n' '  ' | sed 's/^ //; s/ $//'
}

for world in sim sockets; do
    what="$world, a FIN behind a request"
    record $world post-write/a-delivered-request-is-never-sent-again.yaml 'id ~ "method=POST" and id ~ "end=fin"'
    is_sound "$what"
    expect "$what: the conversation" 'POST POST 502' "$(conversation)"
    [ "$(count "$capture" tcp.flags.fin==1)" -gt 0 ] || give_up "$what: there is no FIN"
    expect "$what: resets" 0 "$(count "$capture" tcp.flags.reset==1)"

    what="$world, a reset behind a request"
    record $world post-write/a-delivered-request-is-never-sent-again.yaml 'id ~ "method=POST" and id ~ "end=rst"'
    is_sound "$what"
    expect "$what: the conversation" 'POST POST 502' "$(conversation)"
    [ "$(count "$capture" tcp.flags.reset==1)" -gt 0 ] || give_up "$what: there is no reset"
    ask "$capture" -Y frame.comment -T fields -e frame.comment | grep -q 'POST /.*: attempt 1 at a' ||
        give_up "$what: no comment tells the attempt"
    ask "$capture" -q -z follow,tcp,ascii,0 | grep -q 'POST /' || give_up "$what: a stream cannot be followed"

    what="$world, a retry"
    record $world dial/a-refused-dial-is-tried-at-the-next-upstream.yaml
    is_sound "$what"
    case $(conversation) in
    *200) ;;
    *) give_up "$what: the conversation is '$(conversation)'" ;;
    esac

    what="$world, TLS"
    record $world post-write/over-tls-a-delivered-request-is-never-sent-again.yaml 'id ~ "method=POST" and id ~ "framing=none"'
    is_sound "$what"
    [ "$(count "$capture" tls.handshake.type==1)" -gt 0 ] || give_up "$what: there is no ClientHello"
    [ "$(count "$capture" 'tls and http.request.method == POST')" -gt 0 ] ||
        give_up "$what: the secrets do not open the request"
done
echo 'captures: FIN, reset, retry and TLS as tshark reads them, in both worlds'
