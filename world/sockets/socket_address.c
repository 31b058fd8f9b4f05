#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "world/sockets/state.h"

socklen_t socket_address_write(const struct address *address, struct sockaddr_storage *out)
{
    struct sockaddr_in *in = (struct sockaddr_in *)out;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof(*out));
    if (address->family == 4) {
        in->sin_family = AF_INET;
        in->sin_port = htons(address->port);
        memcpy(&in->sin_addr, address->bytes, sizeof(in->sin_addr));
        return sizeof(*in);
    }
    check(address->family == 6);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(address->port);
    memcpy(&in6->sin6_addr, address->bytes, sizeof(in6->sin6_addr));
    return sizeof(*in6);
}

bool socket_address_read(const struct sockaddr *from, struct address *out)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)from;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)from;

    *out = (struct address){0};
    if (from->sa_family == AF_INET) {
        out->family = 4;
        out->port = ntohs(in->sin_port);
        memcpy(out->bytes, &in->sin_addr, sizeof(in->sin_addr));
        return true;
    }
    if (from->sa_family == AF_INET6) {
        out->family = 6;
        out->port = ntohs(in6->sin6_port);
        memcpy(out->bytes, &in6->sin6_addr, sizeof(in6->sin6_addr));
        return true;
    }
    return false;
}

/* Only who binds to it knows whether it is there. */
bool sockets_have_ipv6(void)
{
    const struct address loopback = {.family = 6, .bytes = {[15] = 1}};
    struct sockaddr_storage at;
    socklen_t size = socket_address_write(&loopback, &at);
    int descriptor = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool bound = descriptor >= 0 && bind(descriptor, (struct sockaddr *)&at, size) == 0;

    if (descriptor >= 0)
        close(descriptor);
    return bound;
}
