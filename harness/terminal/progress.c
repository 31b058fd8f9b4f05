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
    *progress = (struct progress){.total = total, .silent = silent, .began_ns = console_now_ns()};
    progress->bar = console_is_terminal(stderr);
    progress->next_ns = progress->began_ns + (progress->bar ? QUICK_NS : LINE_EVERY_NS);
}

bool progress_is_watched(const struct progress *progress)
{
    return progress->bar && !progress->silent && console_now_ns() - progress->began_ns >= QUICK_NS;
}

/* As much of the line as the terminal has columns: one that wraps could not be taken away again. */
static void show_bar(const struct progress *progress, const char *more, const char *running)
{
    enum { LINE_BYTES = 512 };
    char line[LINE_BYTES];
    char failed[32] = "";
    char bar[BAR_COLUMNS + 1];
    const size_t full = progress->total > 0 ? progress->done * BAR_COLUMNS / progress->total : 0;
    const unsigned columns = console_width(stderr);
    for (size_t i = 0; i < BAR_COLUMNS; i++)
        bar[i] = i < full ? '#' : '.';
    bar[BAR_COLUMNS] = '\0';
    if (progress->failed > 0)
        snprintf(failed, sizeof(failed), ", %zu failed", progress->failed);
    snprintf(line, sizeof(line), "[%s] %zu of %zu%s%s%s%s%s", bar, progress->done, progress->total,
             *more != '\0' ? ", " : "", more, failed, running != NULL ? ", now " : "",
             running != NULL ? running : "");
    fprintf(stderr, "\r%.*s\033[K", columns > 1 ? (int)columns - 1 : 1, line);
    fflush(stderr);
}

/* Whether it is time to tell again. */
static bool is_due(struct progress *progress)
{
    uint64_t now_ns = console_now_ns();
    if (progress->silent || now_ns < progress->next_ns)
        return false;
    progress->next_ns = now_ns + (progress->bar ? BAR_EVERY_NS : LINE_EVERY_NS);
    progress->shown = progress->bar;
    return true;
}

static void tell(struct progress *progress, const char *running)
{
    /* The clock is asked for every 16th time only: a simulated case takes less than two such questions. */
    enum { ASKED_EVERY = 16 };
    if (++progress->asked % ASKED_EVERY != 0 || !is_due(progress))
        return;
    if (progress->bar)
        show_bar(progress, "", running);
    else
        fprintf(stderr, "retryproof: %zu of %zu cases done, %zu failed\n", progress->done,
                progress->total, progress->failed);
}

void progress_note(struct progress *progress, bool failed, const char *running)
{
    progress->done++;
    progress->failed += failed;
    tell(progress, running);
}

void progress_tick(struct progress *progress, const char *running)
{
    tell(progress, running);
}

void progress_tell(struct progress *progress, size_t done, size_t total, const char *more)
{
    progress->done = done;
    progress->total = total > done ? total : done;
    if (!is_due(progress))
        return;
    if (progress->bar)
        show_bar(progress, more, NULL);
    else
        fprintf(stderr, "retryproof: %zu of %zu%s%s\n", progress->done, progress->total,
                *more != '\0' ? ", " : "", more);
}

void progress_clear(struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
    progress->shown = false;
}
