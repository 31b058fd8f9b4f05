#include "reports/shards.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "reports/text.h"
#include "world/base/check.h"

enum { RANGES_MAX = 12 }; /* "1-3, 5"; more gaps are not read */

struct words {
    char *text;
    size_t used;
};

PRINTF_LIKE(2, 3)
static void say(struct words *words, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int size =
        vsnprintf(words->text + words->used, SHARDS_WORDS_BYTES - words->used, format, arguments);
    va_end(arguments);
    check(size >= 0 && (size_t)size < SHARDS_WORDS_BYTES - words->used);
    words->used += (size_t)size;
}

/* Ranges of rising numbers that are named so far. */
struct ranges {
    struct words *words;
    size_t count;
};

static void say_range(struct ranges *ranges, uint64_t first, uint64_t last)
{
    if (ranges->count++ > RANGES_MAX)
        return;
    if (ranges->count > RANGES_MAX) {
        say(ranges->words, " and more");
        return;
    }
    say(ranges->words, "%s%" PRIu64, ranges->count > 1 ? ", " : "", first);
    if (last > first)
        say(ranges->words, "-%" PRIu64, last);
}

static void say_numbers(struct words *words, const struct run_shards *shards)
{
    struct ranges ranges = {words, 0};
    for (size_t begin = 0, end; begin < shards->count; begin = end) {
        for (end = begin + 1; end < shards->count; end++)
            if (shards->numbers[end] != shards->numbers[end - 1] + 1)
                break;
        say_range(&ranges, shards->numbers[begin], shards->numbers[end - 1]);
    }
}

static void say_missing(struct words *words, const struct run_shards *shards)
{
    struct ranges ranges = {words, 0};
    uint64_t next = 1;
    for (size_t i = 0; i <= shards->count; i++) {
        const uint64_t number = i < shards->count ? shards->numbers[i] : shards->of + 1;
        if (number > next)
            say_range(&ranges, next, number - 1);
        next = number + 1;
    }
}

/* How much of the whole it is, where that is known. */
static void say_share(struct words *words, const struct run_result *run)
{
    char count[TEXT_COUNT_BYTES];
    char all[TEXT_COUNT_BYTES];
    if (run->shards.cases > 0)
        say(words, ": %s of %s cases", text_count(run->case_count, count),
            text_count(run->shards.cases, all));
}

bool shards_words(const struct run_result *run, char text[SHARDS_WORDS_BYTES])
{
    const struct run_shard alone = run_shard(run);
    struct run_shards shards = run->shards;
    struct words words = {text, 0};
    text[0] = '\0';
    if (shards.of == 0)
        shards = (struct run_shards){.of = alone.of, .numbers = &alone.number, .count = 1};
    if (shards.of < 2)
        return false;
    if (shards.count == 1) {
        say(&words, "shard %" PRIu64 " of %" PRIu64 " alone", shards.numbers[0], shards.of);
        say_share(&words, run);
        return true;
    }
    if (shards.count == shards.of) {
        say(&words, "merged from all %" PRIu64 " shards", shards.of);
        return true;
    }
    say(&words, "merged from shards ");
    say_numbers(&words, &shards);
    say(&words, " of %" PRIu64, shards.of);
    say_share(&words, run);
    say(&words, ", without %s ", shards.of - shards.count == 1 ? "shard" : "shards");
    say_missing(&words, &shards);
    return true;
}
