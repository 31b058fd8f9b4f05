/* Aimed at query_take(), percent_decode(), percent_encode(). */
#include <stdint.h>
#include <string.h>

#include "proxy/admin/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was decoded reads the same when it is encoded and decoded again. */
static void check_round_trip(const char *text)
{
    char escaped[QUERY_VALUE_BYTES * PERCENT_FACTOR];
    char again[QUERY_VALUE_BYTES];

    percent_encode(text, escaped, sizeof(escaped));
    check(strspn(escaped, "%-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
          strlen(escaped));
    check(percent_decode(bytes_of(escaped), again, sizeof(again)));
    check(strcmp(again, text) == 0);
}

/* The input is a query. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_make(data, size);
    struct query_part part;
    enum query_step step;

    while ((step = query_take(&rest, &part)) == QUERY_PART) {
        check(part.name[0] != '\0');
        check_round_trip(part.name);
        check_round_trip(part.value);
        check(rest.size < size);
        size = rest.size;
    }
    check(step == QUERY_REFUSED || rest.size == 0);
    return 0;
}
