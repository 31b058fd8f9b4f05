#include "harness/subject/subject.h"

#include <inttypes.h>

/* Where the lines of a map go, and how far in. */
struct block {
    FILE *out;
    const char *indent;
};

static const char *const TRUTHS[] = {"false", "true"};

/* YAML 1.2 7.3.1: between double quotes only these two stand for something else; names and paths have no control characters. */
static void write_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void write_text(const struct block *block, const char *key, const char *text)
{
    fprintf(block->out, "%s%s: ", block->indent, key);
    write_quoted(block->out, text);
    fputc('\n', block->out);
}

/* A text of which an empty one is the default. */
static void write_text_if(const struct block *block, const char *key, const char *text)
{
    if (text[0] != '\0')
        write_text(block, key, text);
}

static void write_size(const struct block *block, const char *key, uint64_t value)
{
    fprintf(block->out, "%s%s: %" PRIu64 "\n", block->indent, key, value);
}

static void write_truth(const struct block *block, const char *key, bool value)
{
    fprintf(block->out, "%s%s: %s\n", block->indent, key, TRUTHS[value]);
}

/* In nanoseconds: a setting is to come back as it was. */
static void write_duration(const struct block *block, const char *key, uint64_t ns)
{
    fprintf(block->out, "%s%s: %" PRIu64 "ns\n", block->indent, key, ns);
}

static void write_address(const struct block *block, const char *key, const struct address *address)
{
    char text[ADDRESS_TEXT_BYTES];
    write_text(block, key, address_format(address, text));
}

/* ---- retries -------------------------------------------------------------------------------- */

static void write_conditions(const struct block *block, unsigned conditions)
{
    const char *apart = "";
    fprintf(block->out, "%sretry_on: [", block->indent);
    for (enum retry_condition i = 0; i < RETRY_CONDITION_COUNT; i++) {
        if ((conditions >> i & 1u) == 0)
            continue;
        fprintf(block->out, "%s%s", apart, retry_condition_word(i));
        apart = ", ";
    }
    fprintf(block->out, "]\n");
}

static void write_statuses(const struct block *block, const struct status_set *set)
{
    const char *apart = "";
    fprintf(block->out, "%sretry_on_status: [", block->indent);
    for (unsigned status = STATUS_SET_FIRST; status <= STATUS_SET_LAST; status++) {
        if (!status_set_has(set, status))
            continue;
        fprintf(block->out, "%s%u", apart, status);
        apart = ", ";
    }
    fprintf(block->out, "]\n");
}

static void write_retries(const struct block *block, const struct retry_settings *retry)
{
    if (retry->policy == RETRY_CONDITIONS)
        write_conditions(block, retry->conditions);
    else
        write_text(block, "policy", retry_policy_word(retry->policy));
    write_statuses(block, &retry->on_status);
    write_truth(block, "retry_on_reused", retry->on_reused);
    write_truth(block, "retry_non_idempotent", retry->non_idempotent);
    write_truth(block, "retry_other_upstream", !retry->stay);
    write_size(block, "max_retries", retry->retries_max);
    write_size(block, "replay_buffer_bytes", retry->replay_bytes);
    write_duration(block, "per_try_timeout", retry->per_try_timeout_ns);
    write_duration(block, "deadline", retry->deadline_ns);
    fprintf(block->out, "%sbackoff: {base: %" PRIu64 "ns, max: %" PRIu64 "ns}\n", block->indent,
            retry->backoff.base_ns, retry->backoff.max_ns);
    if (retry->budget.limited)
        fprintf(block->out, "%sretry_budget: {share: %u%%, floor: %u}\n", block->indent,
                retry->budget.share_percent, retry->budget.floor);
    else
        fprintf(block->out, "%sretry_budget: none\n", block->indent);
}

/* ---- upstreams ------------------------------------------------------------------------------ */

static void write_upstream(FILE *out, const struct upstream_settings *upstream)
{
    const struct block block = {out, "      "};
    fprintf(out, "  - name: ");
    write_quoted(out, upstream->name);
    fprintf(out, "\n    address: \"%s:%u\"\n", upstream->host, upstream->port);
    if (!upstream->tls)
        return;
    fprintf(out, "    tls:\n");
    write_truth(&block, "verify", !upstream->tls_unverified);
    write_text_if(&block, "sni", upstream->sni);
    write_text_if(&block, "ca", upstream->ca);
    write_text_if(&block, "certificate", upstream->certificate);
    write_text_if(&block, "key", upstream->key);
}

static void write_upstreams(FILE *out, const struct proxy_settings *settings)
{
    if (settings->upstream_count > 0)
        fprintf(out, "upstreams:\n");
    for (size_t i = 0; i < settings->upstream_count; i++)
        write_upstream(out, &settings->upstreams[i]);
}

/* ---- routes --------------------------------------------------------------------------------- */

static void write_range(FILE *out, const struct address_range *range)
{
    char text[ADDRESS_TEXT_BYTES];
    fprintf(out, "\"%s/%u\"", address_format_host(&range->address, text), range->bits);
}

static void write_users_of(const struct block *block, const struct proxy_settings *settings,
                           uint64_t users)
{
    const char *apart = "";
    if (users == 0) {
        fprintf(block->out, "%sauth: none\n", block->indent);
        return;
    }
    fprintf(block->out, "%sauth: [", block->indent);
    for (size_t i = 0; i < settings->user_count; i++) {
        if ((users >> i & 1u) == 0)
            continue;
        fputs(apart, block->out);
        write_quoted(block->out, settings->users[i].name);
        apart = ", ";
    }
    fprintf(block->out, "]\n");
}

/* What a route has, and the settings themselves have where there are none. */
static void write_serving(const struct block *block, const struct proxy_settings *settings,
                          const struct route_settings *route)
{
    static const char *const MODES[] = {[MODE_REVERSE] = "reverse", [MODE_FORWARD] = "forward"};
    static const char *const RULES[] = {[SELECT_FIRST] = "first",
                                        [SELECT_ROUND_ROBIN] = "round-robin",
                                        [SELECT_LEAST_CONNECTIONS] = "least-connections"};
    write_text(block, "mode", MODES[route->mode]);
    write_text(block, "select", RULES[route->select]);
    write_retries(block, &route->retry);
    write_users_of(block, settings, route->users);
    if (route->allow_count == 0)
        return;
    fprintf(block->out, "%sallow: [", block->indent);
    for (size_t i = 0; i < route->allow_count; i++) {
        fputs(i > 0 ? ", " : "", block->out);
        write_range(block->out, &route->allow[i]);
    }
    fprintf(block->out, "]\n");
}

static void write_route(FILE *out, const struct proxy_settings *settings,
                        const struct route_settings *route)
{
    const struct block block = {out, "    "};
    const char *apart = "";
    fprintf(out, "  - name: ");
    write_quoted(out, route->name);
    fputc('\n', out);
    write_text_if(&block, "host", route->host);
    write_text_if(&block, "path", route->path);
    write_serving(&block, settings, route);
    if (route->upstreams == 0)
        return;
    fprintf(out, "    upstreams: [");
    for (size_t i = 0; i < settings->upstream_count; i++) {
        if ((route->upstreams >> i & 1u) == 0)
            continue;
        fputs(apart, out);
        write_quoted(out, settings->upstreams[i].name);
        apart = ", ";
    }
    fprintf(out, "]\n");
}

static void write_routes(FILE *out, const struct proxy_settings *settings)
{
    const struct block block = {out, ""};
    struct proxy_settings own = *settings;
    struct route_settings top;
    own.route_count = 0; /* what the settings themselves say */
    proxy_settings_route(&own, 0, &top);
    if (settings->user_count > 0)
        fprintf(out, "users:\n");
    for (size_t i = 0; i < settings->user_count; i++) {
        fputs("  ", out);
        write_quoted(out, settings->users[i].name);
        fputs(": ", out);
        write_quoted(out, settings->users[i].password);
        fputc('\n', out);
    }
    write_serving(&block, settings, &top);
    if (settings->route_count > 0)
        fprintf(out, "routes:\n");
    for (size_t i = 0; i < settings->route_count; i++)
        write_route(out, settings, &settings->routes[i]);
}

/* ---- the rest ------------------------------------------------------------------------------- */

static void write_certificates(FILE *out, const struct proxy_settings *settings)
{
    const struct block own = {out, "  "};
    const struct block further = {out, "      "};
    if (settings->certificate_count == 0)
        return;
    fprintf(out, "tls:\n");
    write_text(&own, "certificate", settings->certificates[0].certificate);
    write_text(&own, "key", settings->certificates[0].key);
    write_text_if(&own, "client_ca", settings->client_ca);
    if (settings->certificate_count > 1)
        fprintf(out, "  more:\n");
    for (size_t i = 1; i < settings->certificate_count; i++) {
        fprintf(out, "    - name: ");
        write_quoted(out, settings->certificates[i].name);
        fputc('\n', out);
        write_text(&further, "certificate", settings->certificates[i].certificate);
        write_text(&further, "key", settings->certificates[i].key);
    }
}

void subject_write_config(const struct proxy_settings *settings, FILE *out)
{
    const struct block top = {out, ""};
    write_address(&top, "listen", &settings->listen);
    if (settings->nameserver.family != 0)
        write_address(&top, "nameserver", &settings->nameserver);
    write_certificates(out, settings);
    write_upstreams(out, settings);
    write_routes(out, settings);
    write_text_if(&top, "realm", settings->realm);
    write_size(&top, "auth_failed_status", settings->auth_failed_status);
    write_duration(&top, "connect_timeout", settings->connect_timeout_ns);
    write_duration(&top, "handshake_timeout", settings->handshake_timeout_ns);
    write_duration(&top, "head_timeout", settings->head_timeout_ns);
    write_duration(&top, "response_timeout", settings->response_timeout_ns);
    write_duration(&top, "idle_timeout", settings->idle_timeout_ns);
    write_duration(&top, "pool_timeout", settings->pool_timeout_ns);
    write_size(&top, "window", settings->window_bytes);
    write_size(&top, "pool_size", settings->pool_size);
    write_size(&top, "head_limit", settings->head_bytes_max);
    write_size(&top, "uri_limit", settings->uri_bytes_max);
    write_size(&top, "body_limit", settings->body_bytes_max);
    write_text(&top, "client_half_close", settings->client_half_close_allowed ? "allow" : "cancel");
    write_text(&top, "via", settings->via);
}
