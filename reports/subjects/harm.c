#include "reports/subjects/harm.h"

#include <string.h>

#include "world/base/check.h"

struct harm_row {
    const char *word;
    const char *title;
    const char *meaning;
    unsigned gravity;
};

static const struct harm_row ROWS[HARM_COUNT] = {
#define HARM_ROW(name, word, title, grave, meaning) [HARM_##name] = {word, title, meaning, grave},
    HARM_LIST(HARM_ROW)
#undef HARM_ROW
};

_Static_assert(HARM_COUNT <= 32, "a harm must have a bit of its own in an unsigned long anywhere");

static const struct harm_row *row_of(enum harm harm)
{
    check(harm < HARM_COUNT);
    return &ROWS[harm];
}

const char *harm_word(enum harm harm)
{
    return row_of(harm)->word;
}

const char *harm_title(enum harm harm)
{
    return row_of(harm)->title;
}

const char *harm_meaning(enum harm harm)
{
    return row_of(harm)->meaning;
}

unsigned harm_gravity(enum harm harm)
{
    return row_of(harm)->gravity;
}

enum harm harm_find(const char *word)
{
    enum harm harm = 0;
    while (harm < HARM_COUNT && strcmp(ROWS[harm].word, word) != 0)
        harm++;
    return harm;
}
