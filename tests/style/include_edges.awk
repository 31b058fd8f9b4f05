# Which folder may include which: the map of the house, ground floor first. Needs code.awk before it.

BEGIN {
    may["world"] = "world world/base"
    may["world/base"] = "world world/base"
    may["world/data"] = "world world/base"
    may["world/sim"] = "world world/base"
    may["world/sockets"] = "world world/base"
    may["world/tls"] = "world world/base"
    may["world/filters"] = "world world/base world/tls"
    may["pages"] = "world world/base"
    may["world/conformance"] = "world world/base world/sim world/sockets world/filters world/tls"

    # Public headers are written "retryproof/x.h", as whoever uses the library writes them.
    may["proxy/include/retryproof"] = "world world/base retryproof"
    may["proxy/http"] = "world world/base retryproof"
    may["proxy/policy"] = may["proxy/http"] " proxy/http"
    may["proxy/routes"] = may["proxy/policy"] " proxy/policy"
    may["proxy/wire"] = may["proxy/http"] " proxy/http"
    may["proxy/upstream"] = may["proxy/routes"] " proxy/routes world/tls"
    may["proxy/relay"] = may["proxy/wire"] " proxy/wire"
    may["proxy/exchange"] = may["proxy/relay"] " proxy/relay proxy/upstream proxy/policy proxy/routes world/tls"
    may["proxy/downstream"] = may["proxy/exchange"] " proxy/exchange"
    may["proxy/log"] = "world world/base world/data retryproof"
    may["proxy/admin"] = may["proxy/relay"] " proxy/relay proxy/routes proxy/log proxy world/data pages"
    may["proxy"] = may["proxy/downstream"] " proxy/downstream proxy/log proxy/admin world/data world/sockets"

    may["fakeupstream/wire"] = "world world/base world/data"
    may["fakeupstream/secure"] = "world world/base world/data world/tls fakeupstream/wire"
    may["fakeupstream/acting"] = may["fakeupstream/wire"] " fakeupstream/wire fakeupstream/secure world/tls"
    may["fakeupstream"] = may["fakeupstream/acting"] " fakeupstream/acting world/sockets"
    may["reports"] = "world world/base world/data"
    may["reports/subjects"] = may["reports"] " reports"
    may["reports/exploration"] = may["reports"] " reports"
    may["reports/coverage"] = may["reports"] " reports"
    may["reports/formats"] = may["reports"] " reports"
    may["reports/stored"] = may["reports"] " reports reports/formats"
    may["reports/html"] = may["reports"] " reports reports/recording pages"
    may["reports/recording"] = may["reports"]
    may["reports/pcapng"] = may["reports"] " reports reports/recording"
    may["harness/schedule"] = "world world/base world/data"
    may["harness/hooks"] = "world world/base world/data retryproof fakeupstream/acting world/filters"
    may["harness/suite"] = may["harness/hooks"] " proxy proxy/policy proxy/log fakeupstream fakeupstream/secure fakeupstream/wire reports harness/hooks harness/schedule world/sockets"
    may["harness/verdict"] = may["harness/suite"] " world/filters proxy/exchange harness harness/suite"
    may["harness/oracle/attempts"] = may["harness/verdict"] " harness/verdict"
    may["harness/oracle/messages"] = may["harness/oracle/attempts"] " harness/oracle/attempts"
    may["harness/oracle"] = may["harness/oracle/messages"] " harness/oracle/messages"
    may["harness/subject"] = "world world/base retryproof proxy harness/subject"
    may["harness/cast"] = may["harness/verdict"] " reports/recording world/sim world/sockets world/tls harness/verdict"
    may["harness/keeper"] = "world world/base"
    may["harness/foreign"] = "world world/base world/data reports reports/subjects harness/keeper harness/suite proxy retryproof fakeupstream fakeupstream/acting"
    may["harness/observed"] = may["harness/verdict"] " reports/subjects harness/verdict"
    may["harness/recording"] = may["harness/verdict"] " harness/verdict reports/recording"
    may["harness/run"] = may["harness/oracle"] " reports/recording harness/recording reports/subjects harness/keeper harness/foreign harness/observed world/sim world/sockets world/tls harness/oracle harness/cast harness/subject"
    may["harness/trial"] = may["harness/run"] " harness/run"
    may["harness/space"] = may["harness/trial"] " harness/trial"
    may["harness/explore"] = may["harness/space"] " harness/space"
    may["harness/found"] = may["harness/explore"] " reports/exploration harness/explore"
    may["harness/coverage"] = may["harness/run"] " proxy/http reports/coverage harness/run"
    may["harness/session"] = may["harness/run"] " fakeupstream/acting harness/run"
    may["harness/terminal"] = "world world/base"
    may["harness/reporting"] = may["reports/html"] " reports/formats reports/stored reports/html reports/pcapng reports/subjects harness/terminal"
    may["harness/command"] = may["harness/session"] " harness/session harness/trial harness/space harness/explore harness/found harness/coverage reports/coverage reports/exploration reports/formats reports/stored reports/html harness/reporting harness/terminal"
    may["harness"] = may["harness/command"] " harness/command"
    may["tests/wrong"] = may["proxy/downstream"] " tests/wrong proxy/downstream proxy fakeupstream/wire" # faults are put in below every door
    may["bench"] = may["harness/run"] " harness/run"
    may["examples"] = "world world/base world/sockets retryproof"

    # A test may stand its subject in any world.
    for_tests = "world world/base world/data world/sim world/sockets world/filters world/tls"

    only_in["event2/"] = "world/sockets"
    only_in["llhttp.h"] = "proxy/wire bench" # which measures it alone
    only_in["openssl/"] = "world/data world/tls fakeupstream/secure"
    only_in["yaml.h"] = "world/data"
    only_in["jansson.h"] = "world/data"
    only_in["sqlite3.h"] = "proxy/log"
    only_in["zlib.h"] = "pages"
}

FNR == 1 {
    folder = FILENAME
    sub(/^\.\//, "", folder)
    is_test = folder ~ /(_(test|fuzz|bench)\.c|_rig\.h)$/
    is_client = folder ~ /^harness\/client/
    sub(/\/[^\/]*$/, "", folder)
    is_known = folder in may
    if (!is_known && folder !~ /^tests/)
        complain("folder " folder " is not on the map in tests/style/include_edges.awk")
}

/^#[ \t]*include[ \t]*</ {
    split($0, part, /[<>]/)
    for (library in only_in)
        if (index(part[2], library) == 1 && !listed(folder, only_in[library]))
            complain("<" part[2] "> is for " only_in[library] " alone")
}

/^#[ \t]*include[ \t]*"/ && is_known {
    split($0, part, "\"")
    target = part[2]
    if (!sub(/\/[^\/]*$/, "", target)) {
        complain("\"" part[2] "\" must be written as a path from the root of the tree")
    } else if (is_client && target ~ /^proxy/) {
        complain("harness/client may not include " target "/: it must not share the parser's mistakes")
    } else if (target != folder && "proxy/include/" target != folder && !listed(target, may[folder]) \
               && !(is_test && listed(target, for_tests))) {
        complain(folder "/ may not include " target "/")
    }
}

function listed(word, list) {
    return index(" " list " ", " " word " ") > 0
}
