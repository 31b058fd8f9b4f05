#include "harness/keeper/machine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* On loopback a connect has its outcome at once, unless a queue is full: then it is worth asking afresh. */
#define DIAL_WITHIN_NS (50 * NS_PER_MS)

uint64_t machine_now(void)
{
    struct timespec now;

    check(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void machine_wait(struct pollfd *watched, nfds_t count, uint64_t until_ns)
{
    int milliseconds = -1;

    if (until_ns != TIME_NEVER) {
        uint64_t now = machine_now();
        uint64_t left = until_ns > now ? (until_ns - now + NS_PER_MS - 1) / NS_PER_MS : 0;

        milliseconds = left > INT_MAX ? INT_MAX : (int)left;
    }
    if (poll(watched, count, milliseconds) < 0)
        for (nfds_t i = 0; i < count; i++)
            watched[i].revents = 0;
}

static socklen_t to_socket_address(const struct address *address, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (address->family == 4) {
        struct sockaddr_in *four = (struct sockaddr_in *)out;

        four->sin_family = AF_INET;
        four->sin_port = htons(address->port);
        memcpy(&four->sin_addr, address->bytes, sizeof(four->sin_addr));
        return sizeof(*four);
    }
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(address->port);
    memcpy(&six->sin6_addr, address->bytes, sizeof(six->sin6_addr));
    return sizeof(*six);
}

/* What became of a connect that was begun: 0, or an errno. */
static int dial_outcome(int descriptor)
{
    struct pollfd watched = {.fd = descriptor, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof(error);

    machine_wait(&watched, 1, machine_now() + DIAL_WITHIN_NS);
    if (watched.revents == 0)
        return ETIMEDOUT;
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

bool machine_accepts(const struct address *address)
{
    struct sockaddr_storage there;
    socklen_t size = to_socket_address(address, &there);
    int descriptor = socket(there.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (descriptor < 0)
        return false;
    int error = connect(descriptor, (struct sockaddr *)&there, size) == 0 ? 0 : errno;
    if (error == EINPROGRESS)
        error = dial_outcome(descriptor);
    close(descriptor);
    return error == 0;
}

const char *machine_variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}
