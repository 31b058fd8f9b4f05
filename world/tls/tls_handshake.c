#include <errno.h>

#include <openssl/err.h>

#include "world/tls/state.h"

/* ---- failing ------------------------------------------------------------------------------------- */

void tls_stream_fail(struct tls_stream *at, int error, enum tls_trouble trouble)
{
    at->error = error;
    at->trouble = trouble;
}

/* "unknown CA". OpenSSL 3.0 has no words for what RFC 8446 6.2 and RFC 7507 3 added to the alerts. */
static const char *alert_words(int alert)
{
    switch (alert) {
    case SSL_AD_INAPPROPRIATE_FALLBACK:
        return "inappropriate fallback";
    case SSL_AD_MISSING_EXTENSION:
        return "missing extension";
    case SSL_AD_UNKNOWN_PSK_IDENTITY:
        return "unknown PSK identity";
    case SSL_AD_CERTIFICATE_REQUIRED:
        return "certificate required";
    default:
        return SSL_alert_desc_string_long(alert);
    }
}

/* OpenSSL refused what came; its alert, if there is one, is pending on the wire. */
void tls_stream_fail_by_openssl(struct tls_stream *at)
{
    unsigned long code = ERR_peek_last_error();
    int reason = ERR_GET_REASON(code);
    long verdict = SSL_get_verify_result(at->wire.ssl);

    tls_stream_fail(at, EPROTO, TLS_PROTOCOL);
    at->detail = ERR_reason_error_string(code);
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET) {
        at->trouble = TLS_ALERT;
        at->detail = alert_words(reason - SSL_AD_REASON_OFFSET);
    } else if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK) {
        at->trouble = TLS_CERTIFICATE;
        at->detail = X509_verify_cert_error_string(verdict);
    } else if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
        at->trouble = TLS_CERTIFICATE;
    }
    ERR_clear_error();
}

/* All that came is read, and nothing more will come. RFC 8446 6.1: without a close_notify, something may be missing. */
void tls_stream_meet_end(struct tls_stream *at)
{
    if (at->phase == TLS_OPEN && at->wire.input_result == 0) {
        tls_stream_fail(at, ECONNABORTED, TLS_TRUNCATED);
    } else if (at->phase == TLS_OPEN) {
        at->ended = true;
        at->end_result = at->wire.input_result;
    } else if (at->wire.input_result == 0) {
        tls_stream_fail(at, ECONNRESET, TLS_ENDED_EARLY);
    } else {
        tls_stream_fail(at, -at->wire.input_result, TLS_NO_TROUBLE);
    }
}

/* ---- the handshake ------------------------------------------------------------------------------- */

static void take_handshake_step(struct tls_stream *at)
{
    int result;

    ERR_clear_error();
    result = SSL_do_handshake(at->wire.ssl);
    if (result == 1) {
        at->handshaken = true;
    } else {
        switch (SSL_get_error(at->wire.ssl, result)) {
        case SSL_ERROR_WANT_READ:
            if (at->wire.input_ended)
                tls_stream_meet_end(at);
            break;
        case SSL_ERROR_WANT_WRITE:
            break; /* a flight that is longer than what may be pending */
        default:
            tls_stream_fail_by_openssl(at);
        }
    }
    tls_wire_flush(&at->wire);
}

/*
 * The stream opens when its own last flight was taken below, so that a baseline of counters is right, and when a first
 * byte would be taken too. Where nothing can be sent any more it opens as well: there may be something to be read.
 */
void tls_handshake_go_on(struct tls_stream *at)
{
    struct tls_wire *wire = &at->wire;

    if (!at->handshaken)
        take_handshake_step(at);
    if (!at->handshaken || at->error != 0)
        return;
    if (wire->write_error == 0 && (tls_wire_pending(wire) > 0 || !wire->may_write))
        return;
    at->phase = TLS_OPEN;
    if (at->client != NULL)
        tls_client_opened(at->client, wire->ssl);
}
