#include "reports/result.h"

#include <string.h>

#include "reports/shell_word.h"
#include "world/base/bytes.h"
#include "world/base/check.h"

enum { EXIT_PASS = 0, EXIT_FAIL = 1, EXIT_NOTHING_TO_RUN = 4, EXIT_INTERRUPTED = 130 };

/* "1/2"; a shard of none where it is no such thing. */
static struct run_shard read_shard(struct bytes value)
{
    struct run_shard shard;
    const uint8_t *slash = value.size > 0 ? memchr(value.data, '/', value.size) : NULL;
    const size_t size = slash != NULL ? (size_t)(slash - value.data) : 0;
    const bool fine =
        slash != NULL &&
        bytes_to_u64(bytes_make(value.data, size), RUN_SHARDS_MAX, &shard.number) &&
        bytes_to_u64(bytes_make(slash + 1, value.size - size - 1), RUN_SHARDS_MAX, &shard.of) &&
        shard.number >= 1 && shard.number <= shard.of;
    return fine ? shard : (struct run_shard){.of = 0};
}

struct run_shard run_shard(const struct run_result *run)
{
    static const char WITH_VALUE[] = "--shard=";
    const size_t value = sizeof(WITH_VALUE) - 1;
    struct run_shard shard = {.of = 0};
    struct bytes rest = bytes_of(run->command);
    struct bytes word;
    while (shell_word_take(&rest, &word)) {
        if (bytes_equal_text(word, "--shard")) {
            if (shell_word_take(&rest, &word))
                shard = read_shard(word);
        } else if (word.size > value && memcmp(word.data, WITH_VALUE, value) == 0) {
            shard = read_shard(bytes_make(word.data + value, word.size - value));
        }
    }
    return shard;
}

struct verdict_counts run_count(const struct run_result *run)
{
    struct verdict_counts counts = {.total = run->case_count};
    for (size_t i = 0; i < run->case_count; i++) {
        const struct case_result *result = &run->cases[i];
        check(result->verdict < VERDICT_COUNT);
        counts.by_verdict[result->verdict]++;
        if (result->verdict == VERDICT_FAIL && result->level == LEVEL_MUST)
            counts.failed_must++;
    }
    counts.ran =
        counts.total - counts.by_verdict[VERDICT_UNSUPPORTED] - counts.by_verdict[VERDICT_SKIPPED];
    return counts;
}

int run_exit_code(const struct run_result *run)
{
    if (run->interrupted)
        return EXIT_INTERRUPTED;
    const struct verdict_counts counts = run_count(run);
    /* A suite of which everything was left out has proved nothing; one that is all unsupported says why. */
    if (counts.by_verdict[VERDICT_SKIPPED] == counts.total)
        return EXIT_NOTHING_TO_RUN;
    const size_t failed = counts.failed_must + counts.by_verdict[VERDICT_SETUP_FAILED] +
                          counts.by_verdict[VERDICT_ERROR];
    return failed > 0 ? EXIT_FAIL : EXIT_PASS;
}

bool case_fails_run(const struct case_result *result)
{
    if (result->verdict == VERDICT_FAIL)
        return result->level == LEVEL_MUST;
    return result->verdict == VERDICT_SETUP_FAILED || result->verdict == VERDICT_ERROR;
}

unsigned case_line(const struct case_result *result)
{
    return result->finding_line > 0 ? result->finding_line : result->line;
}

bool case_has_findings(const struct case_result *result)
{
    return result->verdict == VERDICT_FAIL || case_fails_run(result);
}

const char *verdict_word(enum verdict verdict)
{
    static const char *const WORDS[VERDICT_COUNT] = {
        [VERDICT_PASS] = "pass",
        [VERDICT_FAIL] = "fail",
        [VERDICT_UNSUPPORTED] = "unsupported",
        [VERDICT_SKIPPED] = "skipped",
        [VERDICT_SETUP_FAILED] = "setup-failed",
        [VERDICT_ERROR] = "error",
    };
    check(verdict < VERDICT_COUNT);
    return WORDS[verdict];
}

const char *level_word(enum level level)
{
    static const char *const WORDS[LEVEL_COUNT] = {
        [LEVEL_MUST] = "must",
        [LEVEL_SHOULD] = "should",
        [LEVEL_INFO] = "info",
    };
    check(level < LEVEL_COUNT);
    return WORDS[level];
}
