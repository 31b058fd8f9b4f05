#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "world/tls/state.h"

/* ---- what OpenSSL reads and writes --------------------------------------------------------------- */

/*
 * At most one of the reads of an upcall takes effect below, so this does not starve others. How the input ended is
 * remembered and not told to OpenSSL: the stream above says what it means.
 */
static int read_below(BIO *bio, char *data, int size)
{
    struct tls_wire *wire = BIO_get_data(bio);
    ssize_t result;

    BIO_clear_retry_flags(bio);
    if (!wire->input_ended && size > 0) {
        result = stream_read(&wire->lower, data, (size_t)size);
        if (result > 0)
            return (int)result;
        if (result != -EAGAIN) {
            wire->input_ended = true;
            wire->input_result = (int)result;
        }
    }
    BIO_set_retry_read(bio);
    return -1;
}

static int write_pending(BIO *bio, const char *data, int size)
{
    struct tls_wire *wire = BIO_get_data(bio);
    size_t room;

    BIO_clear_retry_flags(bio);
    if (wire->write_error != 0)
        return size; /* it goes nowhere, but reading goes on */
    if (wire->out == NULL)
        wire->out = malloc(TLS_OUT_BYTES);
    room = wire->out == NULL ? 0 : TLS_OUT_BYTES - wire->out_end;
    if (room == 0 || size <= 0) {
        BIO_set_retry_write(bio);
        return -1;
    }
    if ((size_t)size < room)
        room = (size_t)size;
    memcpy(wire->out + wire->out_end, data, room);
    wire->out_end += room;
    return (int)room;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *tls_wire_method_create(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "stream");

    if (method == NULL)
        return NULL;
    BIO_meth_set_read(method, read_below);
    BIO_meth_set_write(method, write_pending);
    BIO_meth_set_ctrl(method, control);
    return method;
}

/* ---- life ---------------------------------------------------------------------------------------- */

bool tls_wire_init(struct tls_wire *wire, SSL *ssl, const BIO_METHOD *method)
{
    BIO *bio;

    *wire = (struct tls_wire){.ssl = ssl};
    if (ssl == NULL)
        return false;
    bio = BIO_new(method);
    if (bio == NULL)
        return false;
    BIO_set_data(bio, wire);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    return true;
}

void tls_wire_release(struct tls_wire *wire)
{
    SSL_free(wire->ssl);
    free(wire->out);
    *wire = (struct tls_wire){.lower = wire->lower};
}

/* ---- writing ------------------------------------------------------------------------------------- */

static void forget_out(struct tls_wire *wire)
{
    free(wire->out); /* a stream that waits for its next request holds no buffer */
    wire->out = NULL;
    wire->out_begin = 0;
    wire->out_end = 0;
}

void tls_wire_flush(struct tls_wire *wire)
{
    struct iovec piece;
    ssize_t sent;

    if (tls_wire_pending(wire) == 0 || wire->write_error != 0)
        return;
    piece = (struct iovec){wire->out + wire->out_begin, tls_wire_pending(wire)};
    sent = stream_write(&wire->lower, &piece, 1);
    wire->may_write = false;
    if (sent > 0) {
        wire->record_left = true;
        wire->out_begin += (size_t)sent;
        if (tls_wire_pending(wire) == 0)
            forget_out(wire);
    } else if (sent < 0 && sent != -EAGAIN) {
        wire->write_error = (int)-sent;
    }
}

bool tls_wire_withdraw(struct tls_wire *wire)
{
    if (wire->unclaimed == 0 || wire->record_left)
        return false;
    forget_out(wire);
    wire->unclaimed = 0;
    wire->write_error = ECONNABORTED;
    return true;
}

static size_t size_of(const struct iovec *pieces, int count)
{
    size_t size = 0;

    for (int i = 0; i < count; i++)
        size += pieces[i].iov_len;
    return size;
}

/* The first bytes of the pieces, as many as one record takes. */
static size_t gather(uint8_t record[TLS_RECORD_BYTES], const struct iovec *pieces, int count)
{
    size_t size = 0;

    for (int i = 0; i < count && size < TLS_RECORD_BYTES; i++) {
        size_t part = pieces[i].iov_len;

        if (part > TLS_RECORD_BYTES - size)
            part = TLS_RECORD_BYTES - size;
        if (part > 0)
            memcpy(record + size, pieces[i].iov_base, part);
        size += part;
    }
    return size;
}

/* What is encrypted becomes accepted when its record begins to leave, and never twice. */
static ssize_t claim(struct tls_wire *wire, size_t size)
{
    size_t part = size < wire->unclaimed ? size : wire->unclaimed;

    if (!wire->record_left)
        tls_wire_flush(wire);
    if (!wire->record_left)
        return wire->write_error != 0 ? -wire->write_error : -EAGAIN;
    wire->unclaimed -= part;
    return (ssize_t)part;
}

ssize_t tls_wire_write(struct tls_wire *wire, const struct iovec *pieces, int count)
{
    uint8_t record[TLS_RECORD_BYTES];
    size_t size;

    if (wire->write_error != 0)
        return -wire->write_error;
    if (wire->unclaimed > 0)
        return claim(wire, size_of(pieces, count));
    /* Not encrypted before it can leave: so -EAGAIN nearly always means that nothing was taken at all. */
    if (tls_wire_pending(wire) > 0 || !wire->may_write)
        return -EAGAIN;
    size = gather(record, pieces, count);
    if (size == 0)
        return 0;
    ERR_clear_error();
    if (SSL_write(wire->ssl, record, (int)size) != (int)size) {
        wire->write_error = wire->out == NULL ? ENOMEM : EPROTO;
        return -wire->write_error;
    }
    wire->unclaimed = size;
    wire->record_left = false;
    return claim(wire, size);
}
