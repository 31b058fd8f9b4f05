/*
 * Which proxy a run asks, as its command line says it: the built-in one, one that is described by a folder and started for the
 * run, or one that is running already.
 *
 * Ownership: text is that of argv. Errors: a sentence that names the option.
 * Limits: SUBJECT_OPTIONS_*; headers all together SCENE_FIELDS_BYTES.
 */
#ifndef HARNESS_SESSION_SUBJECT_OPTIONS_H
#define HARNESS_SESSION_SUBJECT_OPTIONS_H

#include "fakeupstream/acting/scene.h"
#include "harness/observed/declared.h"

enum {
    SUBJECT_OPTIONS_UPSTREAMS_MAX = 8, /* of one attached proxy; OBSERVED_UPSTREAMS_MAX */
    SUBJECT_OPTIONS_ERROR_BYTES = 512,
};

/* X(NAME, option, takes a value) */
#define SUBJECT_OPTION_LIST(X)       \
    X(SUBJECT, "subject", true)      \
    X(PROFILE, "profile", true)      \
    X(EXPECT, "expect", true)        \
    X(BUFFERING, "buffering", false) \
    X(TARGET, "target", true)        \
    X(UPSTREAM, "upstream", true)    \
    X(HOST, "host", true)            \
    X(HEADER, "header", true)        \
    X(INSECURE, "insecure", false)   \
    X(CA, "ca", true)                \
    X(SETTLE, "settle", true)        \
    X(PATIENCE, "patience", true)    \
    X(RECOVER, "recover", true)

enum subject_option {
#define SUBJECT_OPTION_ENUM(name, word, value) SUBJECT_OPTION_##name,
    SUBJECT_OPTION_LIST(SUBJECT_OPTION_ENUM)
#undef SUBJECT_OPTION_ENUM
        SUBJECT_OPTION_COUNT
};

/* A time as it was typed, and what it means. */
struct subject_time {
    const char *typed; /* NULL: nobody said it, and it has its default */
    uint64_t ns;
};

struct subject_options {
    const char *subject; /* NULL: the built-in, or target */
    const char *profile; /* NULL: default */
    enum declared declared;
    bool buffering;
    const char
        *word; /* the first option that says nothing of the built-in proxy; NULL: there is none */

    const char *target; /* its URL; NULL: none is attached */
    struct address address;
    bool tls;
    bool insecure;
    const char *ca;
    char authority[SCENE_HOST_BYTES]; /* "127.0.0.1:8080": Host where nobody says another */
    char name[SCENE_HOST_BYTES];      /* the same without the port: whose certificate it must be */
    char prefix[SCENE_HOST_BYTES];    /* "/app", or empty */
    const char *host;
    char fields[SCENE_FIELDS_BYTES + 1];
    char upstream_texts[SUBJECT_OPTIONS_UPSTREAMS_MAX][16];
    const char *upstream_names[SUBJECT_OPTIONS_UPSTREAMS_MAX + 1]; /* NULL-terminated */
    struct address upstreams[SUBJECT_OPTIONS_UPSTREAMS_MAX];
    size_t upstream_count;
    struct subject_time settle;
    struct subject_time patience;
    struct subject_time recover;
};

void subject_options_init(struct subject_options *options);
/* One option. value NULL where it takes none. */
MUST_USE bool subject_options_read(struct subject_options *options, enum subject_option word,
                                   const char *value, char error[SUBJECT_OPTIONS_ERROR_BYTES]);
/* When all were read: whether they go together. */
MUST_USE bool subject_options_check(const struct subject_options *options,
                                    char error[SUBJECT_OPTIONS_ERROR_BYTES]);

/* How much of "HOST:PORT" or "[ADDRESS]:PORT" is the host. */
size_t subject_host_size(const char *authority);

/* The run asks another proxy than the built-in one. */
static inline bool subject_options_is_foreign(const struct subject_options *options)
{
    return options->subject != NULL || options->target != NULL;
}

#endif
