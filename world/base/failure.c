#include "world/base/failure.h"

#include <errno.h>
#include <string.h>

#include "world/base/check.h"

const char *stage_word(enum stage stage)
{
    static const char *const words[] = {
#define STAGE_WORD(name, word) [STAGE_##name] = word,
        STAGE_LIST(STAGE_WORD)
#undef STAGE_WORD
    };

    check((unsigned)stage < STAGE_COUNT);
    return words[stage];
}

bool stage_from_word(const char *word, enum stage *out)
{
    for (unsigned i = 0; i < STAGE_COUNT; i++) {
        if (strcmp(stage_word((enum stage)i), word) == 0) {
            *out = (enum stage)i;
            return true;
        }
    }
    return false;
}

static const struct {
    const char *word;
    int status;
} causes[] = {
#define CAUSE_ROW(name, cause_word, cause_status) [CAUSE_##name] = {cause_word, cause_status},
    CAUSE_LIST(CAUSE_ROW)
#undef CAUSE_ROW
};

const char *cause_word(enum cause cause)
{
    check((unsigned)cause < CAUSE_COUNT);
    return causes[cause].word;
}

int cause_status(enum cause cause)
{
    check((unsigned)cause < CAUSE_COUNT);
    return causes[cause].status;
}

const char *side_word(enum side side)
{
    static const char *const words[] = {"none", "upstream", "downstream", "internal"};

    check((unsigned)side < COUNT_OF(words));
    return words[side];
}

enum cause cause_of_dial_error(int os_error)
{
    switch (os_error) {
    case ECONNREFUSED:
        return CAUSE_CONNECTION_REFUSED;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRNOTAVAIL:
        return CAUSE_DESTINATION_IP_UNROUTABLE;
    case ETIMEDOUT:
        return CAUSE_CONNECTION_TIMEOUT;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return CAUSE_CONNECTION_LIMIT_REACHED;
    default:
        return CAUSE_CONNECTION_TERMINATED;
    }
}
