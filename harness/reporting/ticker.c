#include "harness/reporting/ticker.h"

#include <errno.h>
#include <string.h>

#include "reports/formats/formats.h"
#include "reports/report.h"

/* Always false. */
static bool tell_error(const char *path)
{
    fprintf(stderr, "retryproof: %s: %s\n", path, strerror(errno));
    return false;
}

bool ticker_begin(struct ticker *ticker, const struct ticker_options *options)
{
    const struct report_requests *requests = options->requests;
    const struct events_plan plan = {options->run, options->total};
    *ticker = (struct ticker){.options = *options};
    for (size_t i = 0; i < requests->count; i++) {
        if (requests->list[i].kind != REPORT_EVENTS)
            continue;
        FILE *out = fopen(requests->list[i].path, "we");
        if (out == NULL) {
            tell_error(requests->list[i].path);
            ticker_release(ticker);
            return false;
        }
        ticker->event_paths[ticker->event_count] = requests->list[i].path;
        ticker->events[ticker->event_count++] = out;
        events_begin(&plan, out);
    }
    progress_init(&ticker->progress, options->total, options->quiet);
    return true;
}

/* Cases begin in the order, so the first without a result is the one that has run for the longest. */
static const char *running(struct ticker *ticker)
{
    const struct ticker_options *options = &ticker->options;
    while (ticker->oldest < options->order_count &&
           options->results[options->order[ticker->oldest]].verdict != VERDICT_SKIPPED)
        ticker->oldest++;
    return ticker->oldest < options->order_count
               ? options->results[options->order[ticker->oldest]].id
               : NULL;
}

/* Those that came before anybody knew that the run takes its time are told now. */
static void tell_failures(struct ticker *ticker)
{
    const struct report_style style = {.colour = console_has_colour(stderr, ticker->options.colour),
                                       .width = console_width(stderr)};
    if (ticker->failures_told == ticker->failure_count || !progress_is_watched(&ticker->progress))
        return;
    progress_clear(&ticker->progress);
    while (ticker->failures_told < ticker->failure_count)
        report_failure(ticker->failures[ticker->failures_told++], &style, stderr);
    fflush(stderr);
}

void ticker_note(struct ticker *ticker, const struct case_result *result)
{
    const bool has_findings = case_has_findings(result);
    if (ticker->options.verbose) {
        progress_clear(&ticker->progress);
        printf("%-12s %-7s %s\n", verdict_word(result->verdict), result->world, result->id);
        fflush(stdout);
    }
    for (size_t i = 0; i < ticker->event_count; i++)
        events_case(result, ticker->events[i]);
    if (has_findings && ticker->failure_count < TICKER_FAILURES_MAX)
        ticker->failures[ticker->failure_count++] = result;
    tell_failures(ticker);
    progress_note(&ticker->progress, has_findings, running(ticker));
}

void ticker_tick(struct ticker *ticker)
{
    progress_tick(&ticker->progress, running(ticker));
}

void ticker_clear(struct ticker *ticker)
{
    progress_clear(&ticker->progress);
}

bool ticker_end(struct ticker *ticker, const struct run_result *run)
{
    bool fine = true;
    for (size_t i = 0; i < ticker->event_count; i++) {
        events_end(run, ticker->events[i]);
        if (ferror(ticker->events[i]) != 0)
            fine = tell_error(ticker->event_paths[i]);
    }
    ticker_release(ticker);
    return fine;
}

void ticker_release(struct ticker *ticker)
{
    for (size_t i = 0; i < ticker->event_count; i++)
        fclose(ticker->events[i]);
    ticker->event_count = 0;
}
