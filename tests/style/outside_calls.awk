# Time, chance and the network come from the world: calls that reach past it are for world/sockets, for
# tests, and for the named exceptions. Needs code.awk before it.

BEGIN {
    outside = "time gettimeofday clock_gettime timespec_get clock rand srand random srandom rand_r"
    outside = outside " getrandom arc4random getenv secure_getenv socket connect bind listen accept accept4"
    outside = outside " send sendto sendmsg recv recvfrom recvmsg poll ppoll select epoll_wait getaddrinfo"
    count = split(outside, name, " ")
    for (i = 1; i <= count; i++)
        is_outside[name[i]] = 1

    # What a person sees, and never what a verdict rests on: the terminal's width and colour, the date of a run.
    # The default of max_retries, and when an exchange ended, for whoever reads the log.
    # How long a row of the log waits for others to join its transaction, on a thread that no world knows.
    # Starting somebody else's proxy: no simulation stands in for its processes, its listeners and its environment.
    # Waiting until somebody has saved a file, when nothing is played.
    excepted = "^harness/terminal/(console|file_watch).c$|^proxy/log/request_log.c$|^proxy/serve.c$"
    excepted = excepted "|^harness/(foreign/slot|keeper/machine).c$"
}

FNR == 1 {
    file = FILENAME
    sub(/^\.\//, "", file)
    free = file ~ excepted || file ~ /^world\/sockets\// || file ~ /^tests\// || file ~ /(_(test|fuzz|bench)\.c|_rig\.h)$/
}

{
    rest = code_of($0)
    while (!free && match(rest, /[A-Za-z_][A-Za-z_0-9]*[ ]*\(/)) {
        before = RSTART > 1 ? substr(rest, RSTART - 1, 1) : " "
        call = substr(rest, RSTART, RLENGTH - 1)
        rest = substr(rest, RSTART + RLENGTH)
        sub(/ +$/, "", call)
        if (call in is_outside && before !~ /[.>*]/)
            complain(call "() reaches past the world; use the seam, or name the exception with its reason")
    }
}
