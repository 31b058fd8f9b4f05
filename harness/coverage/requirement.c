#include "harness/coverage/requirement.h"

#include <string.h>

#include "world/base/check.h"

#define MATRIX "acceptance matrix"

/* Our words, and not the sources': what a scenario that cites the section is to prove a part of. */
static const struct requirement REQUIREMENTS[] = {
    {"RFC 3986", "3.2.2", "a host is a name or an address in the form that it prescribes"},
    {"RFC 5246", "7.4.6", "a server of TLS 1.2 refuses a missing certificate within the handshake"},
    {"RFC 5280", "6", "a certificate is trusted by a path to an authority that is"},
    {"RFC 6066", "3", "a client names the server that it wants to speak to"},
    {"RFC 6125", "6", "a certificate must be for the name that was asked for"},
    {"RFC 6455", "4", "an opening handshake of WebSocket is an upgrade with fields of its own"},
    {"RFC 6455", "7.1.1", "the connection below WebSocket is closed by its server first"},
    {"RFC 6585", "5", "fields that are too large are answered with 431"},
    {"RFC 6724", "10.3", "a site chooses which family of addresses comes first"},
    {"RFC 7239", "5.2", "who asked is told by the proxy that passes a request on"},
    {"RFC 7239", "6.1", "an address of IPv6 is told in the form that its reader expects"},
    {"RFC 7301", "3.2", "a server picks one of the protocols that a client offers, or refuses"},
    {"RFC 7617", "2", "Basic credentials are a name and a password in base64"},
    {"RFC 8446", "2.2", "a session is resumed by a ticket of the one before"},
    {"RFC 8446", "4.4.2", "a client shows a certificate to a server that asks for one"},
    {"RFC 8446", "5.1", "messages of a handshake may be spread over any records"},
    {"RFC 8446", "6.1", "an end without close_notify may be a cut"},
    {"RFC 8446", "6.2", "a handshake that fails ends with an alert"},
    {"RFC 8470", "5.2", "what came as early data is tried again only behind the handshake"},
    {"RFC 9110", "4.1", "a URI may be long, and longer ones may be refused"},
    {"RFC 9110", "4.2", "http and https say where a request goes, and nothing else is served"},
    {"RFC 9110", "4.3.4", "a certificate must be for the host that was asked for"},
    {"RFC 9110", "5.3", "fields of one name keep their order"},
    {"RFC 9110", "5.5", "a value with a CR, LF or NUL is never passed on as it is"},
    {"RFC 9110", "6.5", "trailers that are passed on are those of the response itself"},
    {"RFC 9110", "7.2", "Host says what was asked for, and the target stands over it"},
    {"RFC 9110", "7.5", "a response may come before its request is complete"},
    {"RFC 9110", "7.6", "what an intermediary does not understand it passes on"},
    {"RFC 9110", "7.6.1", "fields that Connection names stay on their hop"},
    {"RFC 9110", "7.6.2", "Max-Forwards is counted down, and at 0 the request goes no further"},
    {"RFC 9110", "7.6.3", "an intermediary adds itself to Via, both ways"},
    {"RFC 9110", "7.8", "behind a 101 a connection speaks the protocol that was agreed on"},
    {"RFC 9110", "8.6", "a Content-Length that is passed on is the true one"},
    {"RFC 9110", "9.1", "a method is known by its exact name, and an unknown one is answered"},
    {"RFC 9110", "9.2.2", "a proxy sends no request twice whose method is not idempotent"},
    {"RFC 9110", "9.3", "each method is served"},
    {"RFC 9110", "9.3.2", "a response to HEAD has no body"},
    {"RFC 9110", "9.3.6",
     "behind a 2xx to CONNECT there is a blind tunnel, and nothing is retried"},
    {"RFC 9110", "10.1.1", "a client that expects a 100 gets one, or a final response"},
    {"RFC 9110", "10.2.3", "Retry-After is the client's to read"},
    {"RFC 9110", "11.7.1", "who has not shown credentials is asked for them with 407"},
    {"RFC 9110", "11.7.2", "credentials for this proxy go no further"},
    {"RFC 9110", "15.2", "interim responses are passed on, and a final one follows"},
    {"RFC 9110", "15.2.2", "a 101 answers a request for an upgrade"},
    {"RFC 9110", "15.3.5", "a 204 has no body"},
    {"RFC 9110", "15.4.5", "a 304 has no body"},
    {"RFC 9110", "15.5.1", "a request that is broken is answered with 400"},
    {"RFC 9110", "15.5.9", "a request that does not come in time is answered with 408"},
    {"RFC 9110", "15.5.14", "a body that is too large is answered with 413"},
    {"RFC 9110", "15.5.15", "a target that is too long is answered with 414"},
    {"RFC 9110", "15.5.20", "a 421 is the upstream's answer, and the client's to act on"},
    {"RFC 9110", "15.5.22", "an upgrade that is demanded is told with 426"},
    {"RFC 9110", "15.6.2", "what the proxy does not do is answered with 501"},
    {"RFC 9110", "15.6.3", "a response that is none is answered with 502"},
    {"RFC 9110", "15.6.4", "a server that cannot serve for now says 503"},
    {"RFC 9110", "15.6.5", "an upstream that does not answer in time is told with 504"},
    {"RFC 9110", "15.6.6", "another major version of HTTP is answered with 505"},
    {"RFC 9110", "16.1.1", "a method that nobody has heard of may be passed on"},
    {"RFC 9112", "2.2", "a message is read as octets, and lines end where they say"},
    {"RFC 9112", "3", "a request line that is none is refused"},
    {"RFC 9112", "3.2", "a request has one Host, and a target of one of four forms"},
    {"RFC 9112", "3.2.1", "an upstream is asked in origin-form"},
    {"RFC 9112", "3.2.2", "a proxy is asked in absolute-form, which stands over Host"},
    {"RFC 9112", "3.2.3", "CONNECT names a host and a port"},
    {"RFC 9112", "3.2.4", "OPTIONS may ask about the server itself"},
    {"RFC 9112", "4", "a status line that is none is no response"},
    {"RFC 9112", "5", "fields that could be read in two ways are refused"},
    {"RFC 9112", "6.1", "a message never has both ways of saying its length"},
    {"RFC 9112", "6.3",
     "where a body ends follows from one list of rules, and a cut one is not whole"},
    {"RFC 9112", "7.1", "chunks are read and written as they are prescribed"},
    {"RFC 9112", "7.1.2", "trailers follow the last chunk"},
    {"RFC 9112", "8", "a message that ends too early is never presented as whole"},
    {"RFC 9112", "9.2", "a response belongs to the oldest request that waits for one"},
    {"RFC 9112", "9.3", "a connection persists, unless one side says otherwise"},
    {"RFC 9112", "9.3.1", "a connection may close at any time, and a retry asks for the method"},
    {"RFC 9112", "9.3.2", "pipelined requests are answered in their order"},
    {"RFC 9112", "9.5", "a connection on which nothing comes is given up in time"},
    {"RFC 9112", "9.6", "who closes says so, and reads on, so that no answer is lost to a reset"},
    {"RFC 9112", "9.7", "HTTP over TLS is agreed on as http/1.1"},
    {"RFC 9112", "9.8", "over TLS a cut is told from an end by close_notify"},
    {"RFC 9112", "11.2", "what two readers could read differently smuggles requests"},
    {"RFC 9113", "6.8", "streams up to the last id of a GOAWAY may have been processed"},
    {"RFC 9113", "8.7", "a refused stream proves that nothing was processed"},
    {"RFC 9114", "4.1.1", "a rejected request of HTTP/3 was not processed"},
    {"RFC 9209", "2.3.1", "dns_timeout: the name server did not answer, 504"},
    {"RFC 9209", "2.3.2", "dns_error: the name is not to be had, 502"},
    {"RFC 9209", "2.3.3", "destination_not_found: there is no such route"},
    {"RFC 9209", "2.3.4", "destination_unavailable: no upstream may be asked, 503"},
    {"RFC 9209", "2.3.5", "destination_ip_prohibited: the address is not allowed"},
    {"RFC 9209", "2.3.6", "destination_ip_unroutable: there is no way to it, 502"},
    {"RFC 9209", "2.3.7", "connection_refused, 502"},
    {"RFC 9209", "2.3.8", "connection_terminated: it ended before a response came, 502"},
    {"RFC 9209", "2.3.9", "connection_timeout: it was not made in time, 504"},
    {"RFC 9209", "2.3.10", "connection_read_timeout: a response stopped coming, 504"},
    {"RFC 9209", "2.3.11", "connection_write_timeout: nobody took the request, 504"},
    {"RFC 9209", "2.3.12", "connection_limit_reached: there is no descriptor left, 503"},
    {"RFC 9209", "2.3.13", "tls_protocol_error: what came was no TLS, 502"},
    {"RFC 9209", "2.3.14", "tls_certificate_error: the certificate is not to be trusted, 502"},
    {"RFC 9209", "2.3.15", "tls_alert_received: the upstream ended the handshake, 502"},
    {"RFC 9209", "2.3.16", "http_request_error: the request is refused"},
    {"RFC 9209", "2.3.17", "http_request_denied: who asks may not"},
    {"RFC 9209", "2.3.18", "http_response_incomplete: the response was cut, 502"},
    {"RFC 9209", "2.3.19", "http_response_header_section_size: the head is too large, 502"},
    {"RFC 9209", "2.3.24", "http_response_transfer_coding: the coding is not understood, 502"},
    {"RFC 9209", "2.3.26", "http_response_timeout: no response came in time, 504"},
    {"RFC 9209", "2.3.27", "http_upgrade_failed: a 101 that does not answer what was asked, 502"},
    {"RFC 9209", "2.3.28", "http_protocol_error: what came is no response, 502"},
    {"RFC 9209", "2.3.30", "proxy_internal_error: the failure is the proxy's own, 500"},
    {MATRIX, "1, row route", "where no attempt has begun nothing is tried again"},
    {MATRIX, "1, row resolve", "a name that is not found may be asked for again"},
    {MATRIX, "1, row dial", "a dial that failed may be tried again, under every policy"},
    {MATRIX, "1, row handshake", "a handshake that failed may be tried again, under every policy"},
    {MATRIX, "1, row pre-write", "a connection that took no byte may be replaced"},
    {MATRIX, "1, row mid-write", "a request that was begun is repeated only if it is idempotent"},
    {MATRIX, "1, row post-write",
     "a request that was delivered is repeated only if it is idempotent"},
    {MATRIX, "1, row mid-head", "a head that was cut is asked for again only if it is idempotent"},
    {MATRIX, "1, row status", "a status is the upstream's answer, and no failure"},
    {MATRIX, "1, row mid-copy", "behind a byte of the response nothing is tried again"},
    {MATRIX, "1, row tunnel", "in a tunnel nothing is tried again"},
    {MATRIX, "1, row client cancel", "nobody is served who has left"},
    {MATRIX, "1, row attempts used up", "no more attempts are made than were allowed"},
    {MATRIX, "1, row deadline passed", "behind its deadline no exchange is tried again"},
    {MATRIX, "1, row retry budget empty", "where the budget is empty nothing is tried again"},
    {MATRIX, "1, retry_on_status",
     "a listed status is tried again, and the last one is the answer"},
    {MATRIX, "1, retry_on_reused", "a stale connection is tried again where that is asked for"},
    {MATRIX, "1, replay_buffer_bytes", "a body past the buffer is sent once"},
    {MATRIX, "1, per_try_timeout", "an attempt may be given less time than the exchange"},
    {MATRIX, "1, backoff", "a retry waits within its bounds"},
    {MATRIX, "1, retry_other_upstream", "a retry goes elsewhere, or stays"},
    {MATRIX, "1, presets", "a preset decides like the system that it stands for"},
    {MATRIX, "2", "gates that no policy, preset or hook opens"},
    {MATRIX, "3", "hooks come in their order, whatever fails"},
    {MATRIX, "4, case 1", "dial failures are retried up to max_retries, and then told"},
    {MATRIX, "4, case 2", "what was written is not sent again"},
    {MATRIX, "4, case 3", "a response that is cut is told to the client, and not retried"},
    {MATRIX, "4, case 4", "a large body is never held whole"},
    {MATRIX, "4, case 5", "max_retries 0 skips all of this"},
    {MATRIX, "4, case 6", "cancels, missing upstreams, credentials and statuses are not retried"},
    {MATRIX, "5", "what a retry may never do"},
    {MATRIX, "6", "errors carry a word, and every exchange has a row in the log"},
};

_Static_assert(COUNT_OF(REQUIREMENTS) <= REQUIREMENTS_MAX, "every requirement has room");

size_t requirement_count(void)
{
    return COUNT_OF(REQUIREMENTS);
}

const struct requirement *requirement_at(size_t place)
{
    check(place < COUNT_OF(REQUIREMENTS));
    return &REQUIREMENTS[place];
}

/* Whether a section is another one, or a part of it: "7.1.2" is within "7.1", and "1, row dial" within "1". */
static bool is_within(const char *section, const char *whole)
{
    size_t size = strlen(whole);

    return strncmp(section, whole, size) == 0 &&
           (section[size] == '\0' || section[size] == '.' || section[size] == ',');
}

bool requirement_is_cited(const struct requirement *requirement, const struct citation *citation)
{
    return strcmp(requirement->document, citation->document) == 0 &&
           is_within(citation->section, requirement->section);
}

bool requirement_is_known(const struct citation *citation)
{
    if (citation->document[0] == '\0')
        return true;
    for (size_t i = 0; i < COUNT_OF(REQUIREMENTS); i++) {
        if (strcmp(REQUIREMENTS[i].document, citation->document) != 0)
            continue;
        if (citation->section[0] == '\0' || is_within(citation->section, REQUIREMENTS[i].section) ||
            is_within(REQUIREMENTS[i].section, citation->section))
            return true;
    }
    return false;
}
