#include "harness/foreign/slot.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    BLOCKS_MAX = 256,
    ADDRESS_BASE = 127 << 24 | 64 << 16, /* 127.64.0.0: room for all blocks below 127.128.0.1 */
};

static struct address make_address(uint32_t number, unsigned port)
{
    return (struct address){
        .family = 4,
        .port = (uint16_t)port,
        .bytes = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                  (uint8_t)number},
    };
}

static struct subject_slot make_slot(size_t number, uint32_t own, uint32_t listen)
{
    struct subject_slot slot = {.listen = make_address(listen, SLOT_LISTEN_PORT)};

    snprintf(slot.name, sizeof(slot.name), "s%zu", number);
    snprintf(slot.host, sizeof(slot.host), "s%zu.test", number);
    for (unsigned i = 0; i < SLOT_UPSTREAMS; i++)
        slot.upstreams[i] = make_address(own, SLOT_UPSTREAM_PORT + i);
    return slot;
}

/* A name in the abstract space of unix(7) belongs to one socket, and goes with it, however its process ends. */
int slot_block_take(unsigned *block)
{
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    for (*block = 0; *block < BLOCKS_MAX; (*block)++) {
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        int size =
            snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "retryproof-slots-%u", *block);
        socklen_t whole = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size);
        if (bind(descriptor, (const struct sockaddr *)&name, whole) == 0)
            return descriptor;
        if (errno != EADDRINUSE)
            break;
    }
    int error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

void slots_lay_out(struct subject_slot *slots, size_t count, enum slot_kind kind, unsigned block)
{
    check(block < BLOCKS_MAX);
    check(count <= SLOTS_MAX);
    uint32_t base = ADDRESS_BASE + block * SLOTS_MAX;
    for (size_t number = 1; number <= count; number++) {
        uint32_t own = base + (uint32_t)number;

        slots[number - 1] = make_slot(number, own, kind == SLOT_BY_LISTENER ? own : base + 1);
    }
}

struct subject_slot slot_sample(void)
{
    uint32_t loopback = 127u << 24 | 1;

    return make_slot(1, loopback, loopback);
}

void slots_write(const struct subject_slot *slots, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        char text[ADDRESS_TEXT_BYTES];

        fprintf(out, "%s %s", slots[i].name, address_format(&slots[i].listen, text));
        fprintf(out, " %s", slots[i].host);
        for (size_t j = 0; j < SLOT_UPSTREAMS; j++)
            fprintf(out, " %s", address_format(&slots[i].upstreams[j], text));
        fputc('\n', out);
    }
}
