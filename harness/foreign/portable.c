#include "harness/foreign/portable.h"

#include <string.h>

static const char *refuse_settings(const struct scenario *scenario)
{
    const struct proxy_settings *proxy = &scenario->proxy;
    struct proxy_settings usual;
    proxy_settings_init(&usual);
    if (proxy->mode != MODE_REVERSE || proxy->route_count > 0)
        return "it is about modes and routes of the built-in proxy";
    if (proxy->users_required != 0)
        return "it is about users of the built-in proxy";
    if (proxy->head_bytes_max != usual.head_bytes_max ||
        proxy->uri_bytes_max != usual.uri_bytes_max ||
        proxy->body_bytes_max != usual.body_bytes_max)
        return "it is about a limit of messages that the built-in proxy is set to";
    if (proxy->select != usual.select || proxy->pool_size != usual.pool_size ||
        proxy->pool_timeout_ns != usual.pool_timeout_ns)
        return "it is about how the built-in proxy is set to choose and keep connections";
    if (proxy->client_half_close_allowed)
        return "it is about clients that the built-in proxy is set to let half-close";
    if (strcmp(proxy->via, usual.via) != 0)
        return "it is about the built-in proxy's name";
    return NULL;
}

static bool asks_a_forward_proxy(const struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        const struct draft *draft = script->steps[i].draft;
        if (draft != NULL && draft->kind == DRAFT_REQUEST &&
            (draft->to != NULL || strcmp(draft->method, "CONNECT") == 0))
            return true;
    }
    return false;
}

static bool is_told_of(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

static const char *refuse_actors(const struct scenario *scenario, const char *const *names)
{
    if (scenario->proxy_upstream_count != scenario->upstream_count)
        return "it has upstreams that the proxy is not told of";
    for (size_t i = 0; i < scenario->upstream_count; i++) {
        const struct upstream_script *upstream = &scenario->upstreams[i];
        if (!is_told_of(scenario->upstream_names[i], names))
            return "it needs an upstream, such as b, that the proxy is not said to have";
        if (upstream_script_has_pre_write(upstream))
            return "no fault before the first byte is written can be made from outside";
        if (upstream->on_ipv6 || upstream->host != NULL)
            return "it is about names and addresses that the built-in proxy is told";
    }
    for (size_t i = 0; i < scenario->client_count; i++)
        if (asks_a_forward_proxy(&scenario->clients[i].script))
            return "it asks a forward proxy";
    return NULL;
}

const char *portable_refusal(const struct scenario *scenario, const char *const *names)
{
    if (scenario->process_own)
        return "it is about the built-in proxy's process, or a program in its place";
    if (scenario->fault_count > 0 || scenario->order_count > 0)
        return "it has faults at bytes, and an order of events, of the built-in proxy";
    if (scenario->hooks.installed)
        return "it needs hooks of the built-in proxy";
    const char *why = refuse_settings(scenario);
    if (why != NULL)
        return why;
    if (scenario->uses_tls)
        return "it is about TLS, which the scenario and not the proxy would decide on";
    if (scenario->needs_nameserver || scenario->names_are_scripted)
        return "it needs a nameserver of its own";
    if (scenario->proxy_on_ipv6)
        return "it is about where the built-in proxy listens";
    return refuse_actors(scenario, names);
}
