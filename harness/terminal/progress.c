#include "harness/terminal/progress.h"

#include <stdio.h>

#include "harness/terminal/console.h"

#define QUICK_NS     1000000000ull /* a run that is over within a second needs no telling */
#define BAR_EVERY_NS 100000000ull  /* smooth for the eye, nothing for the machine */
#define LINE_EVERY_NS \
    10000000000ull /* a log of a long run stays short, and shows that it is alive */

enum { BAR_COLUMNS = 30 };

void progress_init(struct progress *progress, size_t total, bool silent)
{
    *progress = (struct progress){.total = total, .silent = silent};
    progress->bar = console_is_terminal(stderr);
    progress->next_ns = console_now_ns() + (progress->bar ? QUICK_NS : LINE_EVERY_NS);
}

static void show_bar(const struct progress *progress)
{
    char bar[BAR_COLUMNS + 1];
    size_t full = progress->done * BAR_COLUMNS / progress->total;
    for (size_t i = 0; i < BAR_COLUMNS; i++)
        bar[i] = i < full ? '#' : '.';
    bar[BAR_COLUMNS] = '\0';
    fprintf(stderr, "\r[%s] %zu of %zu", bar, progress->done, progress->total);
    if (progress->failed > 0)
        fprintf(stderr, ", %zu failed", progress->failed);
    fflush(stderr);
}

void progress_note(struct progress *progress, bool failed)
{
    progress->done++;
    progress->failed += failed;
    /* The clock is asked for every 16th case only: a simulated case takes less than two such questions. */
    if (progress->silent || progress->done % 16 != 0)
        return;
    uint64_t now_ns = console_now_ns();
    if (now_ns < progress->next_ns)
        return;
    progress->next_ns = now_ns + (progress->bar ? BAR_EVERY_NS : LINE_EVERY_NS);
    progress->shown = progress->bar;
    if (progress->bar)
        show_bar(progress);
    else
        fprintf(stderr, "retryproof: %zu of %zu cases done, %zu failed\n", progress->done,
                progress->total, progress->failed);
}

void progress_clear(struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
    progress->shown = false;
}
