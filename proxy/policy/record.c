#include "retryproof/record.h"

const char *exchange_kind_word(enum exchange_kind kind)
{
    static const char *const words[] = {
#define EXCHANGE_KIND_WORD(name, word) [EXCHANGE_##name] = word,
        EXCHANGE_KIND_LIST(EXCHANGE_KIND_WORD)
#undef EXCHANGE_KIND_WORD
    };

    check((unsigned)kind < EXCHANGE_KIND_COUNT);
    return words[kind];
}

const char *tunnel_phase_word(enum tunnel_phase phase)
{
    static const char *const words[] = {
#define TUNNEL_PHASE_WORD(name, word) [TUNNEL_##name] = word,
        TUNNEL_PHASE_LIST(TUNNEL_PHASE_WORD)
#undef TUNNEL_PHASE_WORD
    };

    check((unsigned)phase < TUNNEL_PHASE_COUNT);
    return words[phase];
}
