/* Aimed at target_form_of(), target_split_absolute(), target_authority_is_valid(), target_split_authority(). */
#include <stdint.h>
#include <string.h>

#include "proxy/http/target.h"
#include "world/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_split(struct bytes target, struct bytes authority, struct bytes path)
{
    struct bytes host;
    struct bytes port;

    check(authority.size > 0);
    check(target_authority_is_valid(authority));
    check(target_split_authority(authority, &host, &port));
    check(host.size > 0);
    check(memchr(host.data, '[', host.size) == NULL);
    check(host.size + port.size <= authority.size);
    check(authority.data > target.data);
    check(authority.data + authority.size <= target.data + target.size);
    check(path.size > 0);
    check(path.data[0] == '/' || path.data[0] == '?' || bytes_equal_text(path, "*"));
}

/* The input is a method, a space and a target. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *space = size > 0 ? memchr(data, ' ', size) : NULL;
    struct bytes authority;
    struct bytes method;
    struct bytes target;
    struct bytes path;
    enum target_form form;

    if (space == NULL)
        return 0;
    method = bytes_make(data, (size_t)(space - data));
    target = bytes_make(space + 1, size - method.size - 1);
    form = target_form_of(method, target);
    if (target_split_absolute(method, target, &authority, &path)) {
        check(form == TARGET_ABSOLUTE);
        check_split(target, authority, path);
    }
    if (form == TARGET_AUTHORITY)
        check(target_authority_is_valid(target));
    return 0;
}
