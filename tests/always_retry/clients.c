#include "tests/always_retry/clients.h"

#include "tests/always_retry/messages.h"
#include "tests/always_retry/streams.h"

enum { REQUESTS_MAX = 3 }; /* per client */

/* Sends a request bit by bit; in some cases the client has enough of it, and leaves. */
static void put_slow_request(struct writing *to, size_t client, size_t number)
{
    put(to, "    - prepare: ");
    size_t size = put_request(to, client, number);
    put(to, "\n");
    if (percent(to, 50))
        put(to, "    - send: head\n    - delay: %zums\n", 1 + below(to, 40));
    if (size > 1 && percent(to, 60))
        put(to, "    - send: %zu of body\n    - delay: %zums\n", 1 + below(to, size - 1),
            1 + below(to, 40));
    if (percent(to, 50))
        put(to, "    - send: rest\n");
    else if (size > 0 &&
             percent(to, 50)) /* a HEAD cut in its head would be answered like any method */
        put(to, "    - send: %zu\n", 1 + below(to, 200));
    if (percent(to, 40)) {
        put(to, "    - delay: %zums\n    - end: %s\n", 1 + below(to, 120),
            percent(to, 50) ? "fin" : "rst");
        return;
    }
    if (percent(to, 20))
        put(to, "    - pause-reading\n    - delay: %zums\n    - resume-reading\n",
            1 + below(to, 100));
    put(to, "    - read: response\n");
    if (percent(to, 30))
        put(to, "    - end: %s\n", percent(to, 50) ? "fin" : "rst");
}

/* A step that may only stand before a message. */
static void put_client_pause(struct writing *to)
{
    if (percent(to, 25))
        put(to, "    - delay: %zums\n", 1 + below(to, 60));
    if (percent(to, 10))
        put(to, "    - drip: {bytes: %zu, every: %zums}\n", 50 + below(to, 500), 1 + below(to, 3));
    if (percent(to, 10))
        put(to, "    - connect\n");
}

/* How its connections do TLS; a handshake that fails leaves nothing to do for the rest of them. */
static void put_client_handshake(struct writing *to)
{
    static const char *const WORDS[] = {
        "alert",  "close-after-hello", "close-mid-handshake", "reset-mid-handshake", "stall",
        "garbage"};
    static const char *const WAYS[] = {"true", "{version: \"1.2\"}", "{version: \"1.3\"}",
                                       "{tickets: true}"};
    if (to->client_tls)
        put(to, "    - tls: %s\n",
            percent(to, 10) ? CHANCE_WORD(&to->chance, WORDS) : CHANCE_WORD(&to->chance, WAYS));
}

void put_client(struct writing *to, size_t client)
{
    size_t requests = 1 + below(to, REQUESTS_MAX);
    put(to, "  c%zu:\n", client);
    put_client_handshake(to);
    if (client > 1)
        put(to, "    - delay: %zums\n", 1 + below(to, 20));
    for (size_t number = 1; number <= requests; number++) {
        put_client_pause(to);
        if ((to->forward || to->upgrades) && percent(to, 60)) {
            put_client_stream(to, client, number);
        } else if (percent(to, 30)) {
            put_slow_request(to, client, number);
        } else {
            put(to, "    - request: ");
            put_request(to, client, number);
            put(to, "\n");
        }
    }
}
