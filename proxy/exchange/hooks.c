/* What hooks may ask of an exchange and tell it: the functions of retryproof/hooks.h. */
#include "retryproof/hooks.h"

#include "proxy/exchange/actions.h"
#include "proxy/http/place.h"

/* ---- questions --------------------------------------------------------------------------------- */

void *exchange_context(struct exchange *exchange)
{
    return exchange->context;
}

void *exchange_owner(struct exchange *exchange)
{
    return exchange->ground->hooks->owner;
}

struct world *exchange_world(struct exchange *exchange)
{
    return exchange->ground->world;
}

const struct exchange_record *exchange_record_so_far(struct exchange *exchange)
{
    return &exchange->record;
}

struct head *exchange_request_head(struct exchange *exchange)
{
    return &exchange->request->head;
}

struct address exchange_client_address(struct exchange *exchange)
{
    return exchange->client_address;
}

bool exchange_can_respond(const struct exchange *exchange)
{
    return exchange->state != STATE_DONE && !exchange->response_down && !exchange->client_gone;
}

/* ---- waiting ----------------------------------------------------------------------------------- */

/* By a timer that is due now: never from within the caller, who may be a hook himself. */
void exchange_resume(struct exchange *exchange)
{
    struct world *world = exchange->ground->world;

    check(exchange->tag == EXCHANGE_TAG);
    if (exchange->state != STATE_IDLE && exchange->state != STATE_DONE)
        timer_set(world, &exchange->resume, world_now(world));
}

/* ---- the request and the response -------------------------------------------------------------- */

/* Visible ASCII, as a request line may carry it: RFC 9112 3 and 3.2.1. */
static bool is_origin_form(struct bytes target)
{
    if (target.size == 0 || target.data[0] != '/')
        return false;
    for (size_t i = 0; i < target.size; i++)
        if (target.data[i] <= ' ' || target.data[i] >= 0x7f || target.data[i] == '#')
            return false;
    return true;
}

bool exchange_set_target(struct exchange *exchange, struct bytes target)
{
    bool asterisk = bytes_equal_text(target, "*") &&
                    bytes_equal_text(exchange->request->head.method, "OPTIONS");

    return (asterisk || is_origin_form(target)) &&
           target.size <= exchange->settings->uri_bytes_max &&
           head_store(&exchange->request->head, target, &exchange->target);
}

void exchange_change_request_length(struct exchange *exchange)
{
    exchange->request_varies = true;
}

void exchange_change_response_length(struct exchange *exchange)
{
    exchange->response_varies = true;
}

void exchange_close_client(struct exchange *exchange)
{
    exchange->close_client = true;
}

/* ---- answers ----------------------------------------------------------------------------------- */

/* What the proxy writes by itself is left out: two lengths would be none. RFC 9112 6.3. */
static bool is_ours(struct bytes name)
{
    static const char *const ours[] = {"content-length", "transfer-encoding", "connection",
                                       "trailer", "upgrade"};

    for (size_t i = 0; i < COUNT_OF(ours); i++)
        if (bytes_equal_text_nocase(name, ours[i]))
            return true;
    return false;
}

/* Into the memory of the request's head, which nobody needs any more. */
static bool keep_answer(struct exchange *exchange, const struct proxy_answer *answer)
{
    struct http1_writer writer;
    size_t fields_size;

    http1_writer_init(&writer, exchange->up_head, ANSWER_BYTES_MAX);
    for (size_t i = 0; i < answer->field_count; i++) {
        const struct field *field = &answer->fields[i];

        if (!head_field_is_valid(field->name, field->value))
            return false;
        if (!is_ours(field->name))
            http1_write_field(&writer, field->name, field->value);
    }
    fields_size = writer.size;
    http1_write_bytes(&writer, answer->body);
    exchange->answer = (struct answer){
        .status = answer->status,
        .fields = bytes_make(exchange->up_head, fields_size),
        .body = bytes_make(exchange->up_head + fields_size, writer.size - fields_size),
    };
    return !writer.overflowed;
}

enum hook_answer exchange_respond(struct exchange *exchange, const struct proxy_answer *answer)
{
    exchange->answered = exchange->hook_may_answer && exchange_can_respond(exchange) &&
                         answer->status >= 200 && answer->status <= 599 &&
                         keep_answer(exchange, answer);
    return exchange->answered ? HOOK_RESPONDED : HOOK_FAILED;
}

enum hook_answer exchange_fail(struct exchange *exchange, unsigned status)
{
    bool valid = status >= 400 && status <= 599;

    exchange->failure_status = valid ? status : 500;
    return HOOK_FAILED;
}

/* ---- peers ------------------------------------------------------------------------------------- */

bool peer_set_upstream(struct exchange *exchange, struct proxy_peer *peer, unsigned upstream)
{
    const struct proxy_settings *settings = exchange->settings;
    const struct upstream_settings *named;

    if (upstream >= settings->upstream_count)
        return false;
    named = &settings->upstreams[upstream];
    peer->upstream = upstream;
    peer->port = named->port;
    peer->tls = named->tls;
    memcpy(peer->host, named->host, sizeof(peer->host));
    memcpy(peer->sni, named->sni, sizeof(peer->sni));
    return true;
}

bool peer_set_address(struct proxy_peer *peer, const char *host, uint16_t port)
{
    struct place place;
    const char *wrong;

    if (!place_make(host, port, &place, &wrong))
        return false;
    peer->upstream = UPSTREAM_OTHER;
    peer->port = place.port;
    peer->tls = false;
    peer->sni[0] = '\0';
    memcpy(peer->host, place.host, sizeof(place.host));
    return true;
}
