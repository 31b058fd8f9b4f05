/*
 * The description of a proxy that is not ours: the file subject.yaml of its folder (docs/subjects.md tells its language).
 *
 * Ownership: everything lives in the region that was given. Limits: SUBJECT_* below; those of YAML.
 * Errors: "file:line:column: sentence", with the nearest known word.
 */
#ifndef HARNESS_FOREIGN_SUBJECT_FILE_H
#define HARNESS_FOREIGN_SUBJECT_FILE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/foreign/slot.h"
#include "harness/suite/filter.h"
#include "world/base/bytes.h"
#include "world/base/check.h"
#include "world/base/region.h"
#include "world/data/yaml.h"

enum {
    SUBJECT_WORDS_MAX = 64,    /* of one command */
    SUBJECT_PROFILES_MAX = 16, /* of one proxy */
    SUBJECT_RULES_MAX = 64,    /* of a kind, of a proxy or of a profile */
    SUBJECT_VERSION_BYTES = 64,
};

/* What is said of some cases, and why. */
struct subject_rule {
    struct filter when; /* over the cases, as --filter has it */
    const char *why;
};

/* Of which cases there is something to say. */
struct subject_rules {
    const struct subject_rule *list;
    size_t count;
};

struct subject_profile {
    const char *name;            /* "default", "most-retrying", "at-most-once" */
    const char *meaning;         /* a sentence: which settings these are */
    const char *source;          /* where they are documented */
    uint64_t settle_ns;          /* absence of a further attempt is watched for so long */
    const char *settle_source;   /* why that is enough */
    uint64_t patience_ns;        /* a client that has no answer for so long is left hanging */
    struct subject_rules cannot; /* be asked */
    struct subject_rules chance; /* decides what it does, so that they are played often */
};

struct subject_install {
    const char *system; /* the ID of os-release(5): "debian", "fedora" */
    const char *command;
};

struct subject_file {
    const char *name;   /* of its folder */
    const char *folder; /* where it is */
    const char *title;
    const char *documentation; /* URL of what its settings were checked against */
    const char *const *
        version; /* command, NULL-terminated; its first word that begins with a digit, a "v" before it left out */
    const char *const *
        start; /* command, NULL-terminated; ${config}, ${folder}, ${subject}, ${profile} stand in it */
    enum slot_kind slots;
    size_t slots_most;        /* of one process */
    uint64_t ready_within_ns; /* all its listeners accept by then */
    int stop_signal;
    uint64_t stop_within_ns; /* then it is killed */
    const struct subject_profile *profiles;
    size_t profile_count;
    struct subject_rules cannot, chance; /* whatever the profile */
    const struct subject_install *installs;
    size_t install_count;
};

/*
 * Finds the folder of a name: a word is looked for in $RETRYPROOF_SUBJECTS, in harness/subjects below the working directory and
 * beside the source tree of a build, and in ../share/retryproof/subjects beside this program; a text with a slash is the folder
 * itself. False and a sentence that lists the names there are.
 */
MUST_USE bool subject_file_find(const char *name, char folder[PATH_MAX], char *error,
                                size_t error_bytes);
/* The names of all that are found, sorted. NULL when the region is full. */
const char *const *subject_file_names(struct region *region, size_t *count);

MUST_USE bool subject_file_load(struct subject_file *file, const char *folder,
                                struct region *region, struct yaml_error *error);
/* From memory, for tests and fuzzing. */
MUST_USE bool subject_file_parse(struct subject_file *file, struct bytes text, const char *folder,
                                 struct region *region, struct yaml_error *error);

/* NULL if there is none of that name. */
const struct subject_profile *subject_file_profile(const struct subject_file *file,
                                                   const char *name);
/* Why this case cannot be asked; NULL: it can. */
const char *subject_file_refusal(const struct subject_file *file,
                                 const struct subject_profile *profile,
                                 const struct filter_subject *one);
/* Why chance decides what this proxy does in this case; NULL: nobody says so. */
const char *subject_file_chance(const struct subject_file *file,
                                const struct subject_profile *profile,
                                const struct filter_subject *one);
/* The command that installs it on this system, by os-release(5); NULL if nobody says. */
const char *subject_file_install(const struct subject_file *file);

#endif
