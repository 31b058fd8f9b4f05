/* Aimed at place_read(), place_make(), place_equal(). */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proxy/http/place.h"
#include "world/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_BYTES_MAX = 4096 }; /* more than any place has */

/* What was read can be written, and is then read as the same; an address can be dialled. */
static void check_place(const struct place *place)
{
    char text[HOST_BYTES + sizeof(":65535")];
    struct address address;
    struct place again;
    const char *wrong;

    check(place->port > 0);
    check(place->host[0] != '\0');
    snprintf(text, sizeof(text), "%s:%u", place->host, place->port);
    check(place_read(text, &again, &wrong));
    check(strcmp(again.host, place->host) == 0);
    check(place_equal(again.host, again.port, place->host, place->port));
    check(place_make(place->host, place->port, &again, &wrong));
    check(strcmp(again.host, place->host) == 0);
    if (place->host[0] == '[')
        check(address_parse(place->host, place->port, &address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char no_reason[] = "";
    const char *wrong = no_reason;
    char text[TEXT_BYTES_MAX + 1];
    struct place place;

    if (size > TEXT_BYTES_MAX)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (place_read(text, &place, &wrong))
        check_place(&place);
    else
        check(wrong != no_reason);
    wrong = no_reason;
    if (place_make(text, 1, &place, &wrong))
        check_place(&place);
    else
        check(wrong != no_reason);
    return 0;
}
