/**
 * The harms that a proxy can do, worst first: the words of result files with their titles and meanings, as
 * reports/subjects/harm.h has them (a test of that folder compares the two).
 * Gravity 2: nobody can want it. 1: it depends. 0: what a careful proxy does there, counted so that it can be compared.
 */
export const HARMS = new Map([
    ["delivered-twice", {title: "delivered twice, not idempotent", gravity: 2,
        meaning: "a request of a method that is not idempotent reached upstreams whole more than once"}],
    ["body-lost-unseen", {title: "retried without its body, unseen", gravity: 2,
        meaning: "a later attempt lacks bytes of the body, and its upstream takes it for a whole request"}],
    ["cut-upload-passed-as-whole", {title: "cut upload passed on as whole", gravity: 2,
        meaning: "the client's request broke off, and an upstream got it as a complete one"}],
    ["success-from-garbage", {title: "success made from garbage", gravity: 2,
        meaning: "an upstream answered with bytes that are no response, and the client got a 2xx"}],
    ["not-http", {title: "bytes that are not HTTP to the client", gravity: 2,
        meaning: "the client got bytes that no HTTP/1.1 client can read as a response"}],
    ["cut-silent", {title: "response cut silently", gravity: 2,
        meaning: "the upstream's response broke off, and the client got one that looks complete"}],
    ["subject-died", {title: "the proxy died", gravity: 2,
        meaning: "a process of the proxy ended during the case"}],
    ["hanging", {title: "client left hanging", gravity: 2,
        meaning: "the client had neither an answer nor the end of its connection when its patience ended"}],
    ["after-client-gone", {title: "attempts begun after the client had gone", gravity: 2,
        meaning: "the client had closed its connection, and another attempt of its request began after that"}],
    ["sent-again-in-part", {title: "sent again after a part was delivered", gravity: 1,
        meaning: "an upstream had read a part of a request that is not idempotent, and another attempt began"}],
    ["body-lost-seen", {title: "retried without its body, the upstream can tell", gravity: 1,
        meaning: "a later attempt lacks bytes of the body, and its framing tells the upstream so"}],
    ["upstream-left-open", {title: "upstream still open long after", gravity: 1,
        meaning: "the exchange was over for the client, and its unfinished upstream connection stayed open"}],
    ["no-answer", {title: "connection closed without an answer", gravity: 1,
        meaning: "the client's connection was closed or reset before a byte of a response came"}],
    ["cut-close-delimited", {title: "response cut, close-delimited", gravity: 1,
        meaning: "the upstream's response broke off, and the client's ends with a FIN that could be its end"}],
    ["delivered-twice-idempotent", {title: "delivered twice, idempotent", gravity: 0,
        meaning: "a request of an idempotent method reached upstreams whole more than once"}],
    ["cut-visible", {title: "response cut visibly", gravity: 0,
        meaning: "the upstream's response broke off, and the client can tell that its own did"}],
]);

/** How a harm of that gravity is marked. */
export function gravityMark(gravity) {
    return ["", "!", "!!"][gravity] ?? "";
}

/** The gravest of some harms; 0 where there is none. */
export function worstGravity(words) {
    return Math.max(0, ...words.map((word) => HARMS.get(word)?.gravity ?? 0));
}
