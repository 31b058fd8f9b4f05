/* Aimed at forwarding_request_field(), forwarding_response_field(), forwarding_trailer_allowed(), forwarding_check_host(). */
#include <stdint.h>
#include <string.h>

#include "proxy/http/forwarding.h"
#include "world/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What Connection names can only take a field away, never change what the proxy writes anew. */
static void check_fates(enum field_fate alone, enum field_fate nominated)
{
    if (alone != nominated) {
        check(alone == FIELD_FORWARDED);
        check(nominated == FIELD_DROPPED);
    }
}

/* The input is a field name, a line end and the options of Connection. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    const struct bytes none = {0};
    struct bytes name;
    struct bytes options;

    if (end == NULL)
        return 0;
    name = bytes_make(data, (size_t)(end - data));
    options = bytes_make(end + 1, size - name.size - 1);
    check_fates(forwarding_request_field(name, none), forwarding_request_field(name, options));
    check_fates(forwarding_response_field(name, none), forwarding_response_field(name, options));
    if (forwarding_trailer_allowed(name))
        check(forwarding_request_field(name, none) == FIELD_FORWARDED);
    check(forwarding_check_host(1, name, 1) == forwarding_check_host(1, name, 0));
    return 0;
}
