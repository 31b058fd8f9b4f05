#include "harness/reporting/report_kind.h"

#include <string.h>

enum { WORD_COLUMNS = 15, INDENT_COLUMNS = 29 }; /* where --help has words, and what they mean */

struct kind {
    const char *word;
    enum report_target target;
    unsigned sources;
    const char *help;
};

static const struct kind KINDS[REPORT_KIND_COUNT] = {
#define REPORT_KIND_ROW(name, word, target, sources, help) {word, GOES_TO_##target, sources, help},
    REPORT_KIND_LIST(REPORT_KIND_ROW)
#undef REPORT_KIND_ROW
};

/* What is written behind its word. */
static const char *value_of(const struct kind *kind)
{
    static const char *const VALUES[] = {[GOES_TO_STREAM] = "[=PATH]",
                                         [GOES_TO_FILE] = "=PATH",
                                         [GOES_TO_FOLDER] = "=DIR",
                                         [GOES_TO_CAPTURE] = "=DIR"};
    return VALUES[kind->target];
}

const char *report_kind_word(enum report_kind kind)
{
    check(kind < REPORT_KIND_COUNT);
    return KINDS[kind].word;
}

enum report_target report_kind_target(enum report_kind kind)
{
    check(kind < REPORT_KIND_COUNT);
    return KINDS[kind].target;
}

bool report_kind_shows_recordings(enum report_kind kind)
{
    return kind == REPORT_HTML || kind == REPORT_PCAPNG;
}

/* Always false. Names all that could have been said. */
static bool refuse_kind(enum report_source source, const char *text,
                        char error[REPORT_KIND_ERROR_BYTES])
{
    size_t used =
        (size_t)snprintf(error, REPORT_KIND_ERROR_BYTES, "--report: '%.200s' is none of", text);
    const char *separator = " ";
    for (size_t i = 0; i < REPORT_KIND_COUNT; i++) {
        if ((KINDS[i].sources & (unsigned)source) == 0)
            continue;
        used += (size_t)snprintf(error + used, REPORT_KIND_ERROR_BYTES - used, "%s%s", separator,
                                 KINDS[i].word);
        separator = ", ";
    }
    snprintf(error + used, REPORT_KIND_ERROR_BYTES - used, ", perhaps with =PATH");
    return false;
}

/* A folder may hold a page and captures, and a device takes whatever comes; any other place holds one report. */
static bool is_taken(const struct report_requests *requests, enum report_kind kind,
                     const char *path)
{
    static const char DEVICES[] = "/dev/";
    for (size_t i = 0; i < requests->count; i++) {
        const struct report_request *other = &requests->list[i];
        const bool is_folder = report_kind_shows_recordings(kind) &&
                               report_kind_shows_recordings(other->kind) && other->kind != kind;
        if (path != NULL && other->path != NULL && strcmp(path, other->path) == 0 && !is_folder &&
            strncmp(path, DEVICES, strlen(DEVICES)) != 0)
            return true;
    }
    return false;
}

bool report_requests_read(struct report_requests *requests, enum report_source source,
                          const char *text, char error[REPORT_KIND_ERROR_BYTES])
{
    const size_t size = strcspn(text, "=");
    const char *path = text[size] == '=' ? text + size + 1 : NULL;
    size_t kind = 0;
    while (kind < REPORT_KIND_COUNT &&
           (strlen(KINDS[kind].word) != size || strncmp(KINDS[kind].word, text, size) != 0))
        kind++;
    if (kind == REPORT_KIND_COUNT || (KINDS[kind].sources & (unsigned)source) == 0)
        return refuse_kind(source, text, error);
    if ((path == NULL && KINDS[kind].target != GOES_TO_STREAM) || (path != NULL && *path == '\0')) {
        snprintf(error, REPORT_KIND_ERROR_BYTES, "--report: %s%s is what can be said, not '%.200s'",
                 KINDS[kind].word, value_of(&KINDS[kind]), text);
        return false;
    }
    if (is_taken(requests, (enum report_kind)kind, path)) {
        snprintf(error, REPORT_KIND_ERROR_BYTES,
                 "--report: '%.200s' is where another report is to go", text);
        return false;
    }
    if (requests->count == REPORT_REQUESTS_MAX) {
        snprintf(error, REPORT_KIND_ERROR_BYTES, "--report: there can be %d of them at most",
                 REPORT_REQUESTS_MAX);
        return false;
    }
    requests->list[requests->count++] = (struct report_request){(enum report_kind)kind, path};
    return true;
}

bool report_requests_have(const struct report_requests *requests, enum report_kind kind)
{
    for (size_t i = 0; i < requests->count; i++) {
        if (requests->list[i].kind == kind)
            return true;
    }
    return false;
}

bool report_requests_fill_stdout(const struct report_requests *requests)
{
    for (size_t i = 0; i < requests->count; i++) {
        if (requests->list[i].path == NULL)
            return true;
    }
    return false;
}

void report_kinds_tell(enum report_source source, FILE *out)
{
    for (size_t i = 0; i < REPORT_KIND_COUNT; i++) {
        char word[WORD_COLUMNS + 8];
        if ((KINDS[i].sources & (unsigned)source) == 0)
            continue;
        snprintf(word, sizeof(word), "%s%s", KINDS[i].word, value_of(&KINDS[i]));
        fprintf(out, "%*s%-*s  %s\n", INDENT_COLUMNS, "", WORD_COLUMNS, word, KINDS[i].help);
    }
}
