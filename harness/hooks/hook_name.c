#include "harness/hooks/hook_name.h"

#include <stddef.h>

#include "world/base/check.h"

static const char *const WORDS[] = {
#define HOOK_WORD(name, word, kind) [HOOK_##name] = #word,
    HOOK_LIST(HOOK_WORD)
#undef HOOK_WORD
        [HOOK_NAME_COUNT] = NULL};

const char *hook_word(enum hook_name hook)
{
    check(hook < HOOK_NAME_COUNT);
    return WORDS[hook];
}

const char *const *hook_words(void)
{
    return WORDS;
}

enum hook_kind hook_kind(enum hook_name hook)
{
    static const enum hook_kind KINDS[] = {
#define HOOK_KIND(name, word, kind) [HOOK_##name] = HOOK_OF_##kind,
        HOOK_LIST(HOOK_KIND)
#undef HOOK_KIND
    };
    check(hook < HOOK_NAME_COUNT);
    return KINDS[hook];
}
