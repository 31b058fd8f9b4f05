/* Aimed at credentials_check(), with its base64 beneath. */
#include <stdint.h>
#include <string.h>

#include "proxy/routes/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whoever comes in is one of those allowed, and nobody does where nobody is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct user_settings users[USERS_MAX] = {
        {"Aladdin", "open sesame"}, {"b", "p:w"}, {"c", "c"}, {"d", "d"}};
    const uint64_t allowed = 7;
    struct bytes value = bytes_make(data, size);
    size_t user = USERS_MAX;

    if (credentials_check(value, users, allowed, &user) == CREDENTIALS_FINE) {
        check(user < 3);
        check(size > strlen("Basic "));
        check(credentials_check(value, users, allowed & ~(1ull << user), &user) ==
              CREDENTIALS_WRONG);
    } else {
        check(user == USERS_MAX);
    }
    check(credentials_check(value, users, 0, &user) != CREDENTIALS_FINE);
    return 0;
}
