#include "harness/session/subject_session.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "reports/shell_word.h"

enum { SESSION_BYTES_MAX = 16 * 1024 * 1024 };

/* ---- who it is ------------------------------------------------------------------------------ */

static void list_profiles(const struct subject_file *file, struct phrase *phrase)
{
    for (size_t i = 0; i < file->profile_count; i++)
        phrase_add(phrase, "%s%s", i == 0 ? "" : ", ", file->profiles[i].name);
}

static bool open_file(struct subject_session *session, char error[SESSION_ERROR_BYTES])
{
    const struct subject_options *options = session->options;
    const char *profile = options->profile != NULL ? options->profile : "default";
    char folder[PATH_MAX];
    struct yaml_error mistake = {{0}};
    struct phrase known = {.used = 0};
    if (!subject_file_find(options->subject, folder, error, SESSION_ERROR_BYTES))
        return false;
    const char *kept = region_copy_text(&session->region, folder, strlen(folder));
    if (kept == NULL || !subject_file_load(&session->file, kept, &session->region, &mistake)) {
        snprintf(error, SESSION_ERROR_BYTES, "%s",
                 kept != NULL ? mistake.sentence : "out of memory");
        return false;
    }
    session->order.file = &session->file;
    session->order.profile = subject_file_profile(&session->file, profile);
    if (session->order.profile != NULL)
        return true;
    list_profiles(&session->file, &known);
    snprintf(error, SESSION_ERROR_BYTES, "%.100s has no profile '%.100s'; it has %.700s",
             options->subject, profile, known.text);
    return false;
}

/* Whom a client means to speak to: the virtual host, where one is named. NULL when the region is full. */
static const char *server_name(struct subject_session *session)
{
    const struct subject_options *options = session->options;
    if (options->host == NULL)
        return options->name;
    return region_copy_text(&session->region, options->host, subject_host_size(options->host));
}

static void attach(struct subject_session *session)
{
    const struct subject_options *options = session->options;
    session->tls = (struct tls_draft){
        .on = true, .unverified = options->insecure, .sni = server_name(session)};
    session->attached = (struct attached_proxy){
        .where = {.target = options->address,
                  .manner = {.host = options->host != NULL ? options->host : options->authority,
                             .prefix = options->prefix[0] != '\0' ? options->prefix : NULL,
                             .fields = options->fields[0] != '\0' ? options->fields : NULL,
                             .tls = options->tls ? &session->tls : NULL,
                             .ca_path = options->ca},
                  .upstreams = options->upstreams,
                  .names = options->upstream_names},
        .url = options->target,
        .settle_ns = options->settle.ns,
        .patience_ns = options->patience.ns,
        .recover_ns = options->recover.ns,
    };
    session->order.attached = &session->attached;
}

/* ---- the words that name it ------------------------------------------------------------------ */

/* A command line that grows; NULL once memory has run out. */
static const char *add_word(struct subject_session *session, const char *words, const char *option,
                            const char *value)
{
    const char *word = value != NULL ? shell_word(value, &session->region) : "";
    if (words == NULL || word == NULL)
        return NULL;
    return region_format(&session->region, "%s%s--%s%s%s", words, *words != '\0' ? " " : "", option,
                         value != NULL ? " " : "", word);
}

/* Those that somebody chose: with others a case can end otherwise. */
static const char *add_times(struct subject_session *session, const char *words)
{
    const struct subject_options *options = session->options;
    const struct {
        const char *option;
        const char *typed;
    } TIMES[] = {{"settle", options->settle.typed},
                 {"patience", options->patience.typed},
                 {"recover", options->recover.typed}};
    for (size_t i = 0; i < COUNT_OF(TIMES); i++)
        if (TIMES[i].typed != NULL)
            words = add_word(session, words, TIMES[i].option, TIMES[i].typed);
    return words;
}

static const char *attached_words(struct subject_session *session)
{
    const struct subject_options *options = session->options;
    const char *words = add_word(session, "", "target", options->target);
    for (size_t i = 0; i < options->upstream_count; i++) {
        char text[ADDRESS_TEXT_BYTES];
        const char *value = region_format(&session->region, "%s=%s", options->upstream_names[i],
                                          address_format(&options->upstreams[i], text));
        words = value != NULL ? add_word(session, words, "upstream", value) : NULL;
    }
    if (options->host != NULL)
        words = add_word(session, words, "host", options->host);
    for (const char *line = options->fields; *line != '\0'; line = strchr(line, '\n') + 1) {
        const char *field = region_copy_text(&session->region, line, strcspn(line, "\r"));
        words = field != NULL ? add_word(session, words, "header", field) : NULL;
    }
    if (options->insecure)
        words = add_word(session, words, "insecure", NULL);
    if (options->ca != NULL)
        words = add_word(session, words, "ca", options->ca);
    return add_times(session, words);
}

static bool name_it(struct subject_session *session)
{
    const struct subject_order *order = &session->order;
    const char *words;
    if (order->attached != NULL) {
        session->name = session->options->target;
        words = attached_words(session);
    } else {
        session->name =
            region_format(&session->region, "%s/%s", order->file->name, order->profile->name);
        words = add_word(session, "", "subject", session->options->subject);
        words = add_word(session, words, "profile", order->profile->name);
    }
    if (order->declared != DECLARED_OBSERVE)
        words = add_word(session, words, "expect", declared_word(order->declared));
    session->words = words;
    return session->name != NULL && words != NULL;
}

bool subject_session_open(struct subject_session *session, const struct subject_options *options,
                          char error[SESSION_ERROR_BYTES])
{
    *session = (struct subject_session){.options = options};
    region_init(&session->region, SESSION_BYTES_MAX);
    session->order.declared = options->declared;
    session->order.buffering = options->buffering;
    if (options->target != NULL)
        attach(session);
    bool fine = options->target != NULL || open_file(session, error);
    if (fine && !name_it(session)) {
        snprintf(error, SESSION_ERROR_BYTES, "out of memory");
        fine = false;
    }
    if (!fine)
        region_release(&session->region);
    return fine;
}

void subject_session_close(struct subject_session *session)
{
    if (session->run_begun)
        subject_run_release(&session->run);
    region_release(&session->region);
}

/* ---- playing and telling ----------------------------------------------------------------------- */

bool subject_session_play(struct subject_session *session, const struct run_plan *plan,
                          struct result_store *store, char error[SESSION_ERROR_BYTES])
{
    if (!subject_run_init(&session->run, plan->items, plan->count)) {
        snprintf(error, SESSION_ERROR_BYTES, "out of memory");
        return false;
    }
    session->run_begun = true;
    result_store_set_subject(store, session->name, session->words);
    session->order.plan = plan;
    session->order.store = store;
    return subject_run_play(&session->run, &session->order, error);
}

static const char *format_date(struct region *region, int64_t unix_time)
{
    struct tm utc;
    time_t seconds = (time_t)unix_time;
    if (gmtime_r(&seconds, &utc) == NULL)
        return "";
    return region_format(region, "%04d-%02d-%02d", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday);
}

bool subject_session_tell(struct subject_session *session, const struct session_facts *facts,
                          struct observed_run *out)
{
    if (!subject_run_tell(&session->run, &session->order, out))
        return false;
    const char *subject = session->options->subject;
    if (subject != NULL && strchr(subject, '/') != NULL)
        out->subject = subject; /* a folder, and no name that is known */
    out->retryproof_version = facts->version;
    out->repeat = facts->repeat;
    out->date = format_date(&session->region, facts->started_unix);
    out->reproduce = region_format(&session->region, "retryproof run %s%s %s", session->words,
                                   session->options->buffering ? " --buffering" : "", facts->paths);
    return out->date != NULL && out->reproduce != NULL;
}
