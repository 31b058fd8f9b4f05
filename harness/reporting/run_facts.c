#include "harness/reporting/run_facts.h"

#include <string.h>
#include <sys/utsname.h>

#include "harness/terminal/console.h"

enum { FACTS_MAX = 24 };

/* The build says what it was made with: "OpenSSL 3.0.11, libevent 2.1.12-stable". */
#ifndef RETRYPROOF_LIBRARIES
#define RETRYPROOF_LIBRARIES "not said by this build"
#endif

struct gathering {
    struct region *region;
    struct run_fact *facts;
    size_t count;
    bool broken; /* memory ran out */
};

static void add(struct gathering *gathering, const char *name, const char *value)
{
    gathering->broken = gathering->broken || value == NULL;
    if (gathering->broken)
        return;
    check(gathering->count < FACTS_MAX);
    gathering->facts[gathering->count++] = (struct run_fact){name, value};
}

static void add_machine(struct gathering *gathering)
{
    struct utsname machine;
    if (uname(&machine) == 0)
        add(gathering, "kernel",
            region_format(gathering->region, "%s %s %s", machine.sysname, machine.release,
                          machine.machine));
    add(gathering, "processors", region_format(gathering->region, "%u", console_processors()));
}

static void add_build(struct gathering *gathering)
{
#if defined(__clang__)
    add(gathering, "compiler", "clang " __clang_version__);
#elif defined(__GNUC__)
    add(gathering, "compiler", "gcc " __VERSION__);
#endif
    add(gathering, "libraries", RETRYPROOF_LIBRARIES);
}

/* Of a variable of the environment; nothing where it is not set. */
static void add_variable(struct gathering *gathering, const char *name, const char *variable)
{
    const char *value = console_variable(variable);
    if (value != NULL)
        add(gathering, name, region_copy_text(gathering->region, value, strlen(value)));
}

static bool is_set(const char *variable)
{
    return console_variable(variable) != NULL;
}

static void add_ci(struct gathering *gathering)
{
    if (is_set("GITHUB_SHA")) {
        add(gathering, "CI", "GitHub Actions");
        add_variable(gathering, "commit", "GITHUB_SHA");
    } else if (is_set("CI_COMMIT_SHA")) {
        add(gathering, "CI", "GitLab CI");
        add_variable(gathering, "commit", "CI_COMMIT_SHA");
    } else if (is_set("JENKINS_URL") && is_set("GIT_COMMIT")) {
        add(gathering, "CI", "Jenkins");
        add_variable(gathering, "commit", "GIT_COMMIT");
    }
}

/* The configuration's lines as one text. */
static const char *join_lines(const struct observed_run *observed, struct region *region)
{
    size_t size = 1;
    for (size_t i = 0; i < observed->configuration_count; i++)
        size += strlen(observed->configuration[i]) + 1;
    char *text = region_take(region, size);
    size_t used = 0;
    for (size_t i = 0; text != NULL && i < observed->configuration_count; i++) {
        const size_t length = strlen(observed->configuration[i]);
        memcpy(text + used, observed->configuration[i], length);
        used += length;
        text[used++] = '\n';
    }
    return text;
}

static void add_subject(struct gathering *gathering, const struct observed_run *observed)
{
    if (observed == NULL) {
        add(gathering, "subject", "the built-in proxy");
        return;
    }
    add(gathering, "subject",
        region_format(gathering->region, "%s %s", observed->subject, observed->version));
    add(gathering, "profile",
        region_format(gathering->region, "%s: %s", observed->profile, observed->profile_meaning));
    add(gathering, "judged by", observed->expect);
    if (observed->configuration_count > 0)
        add(gathering, "configuration", join_lines(observed, gathering->region));
}

bool run_facts_gather(const struct run_facts_source *source, struct region *region,
                      struct run_result *run)
{
    struct gathering gathering = {.region = region};
    gathering.facts = region_take(region, FACTS_MAX * sizeof(*gathering.facts));
    if (gathering.facts == NULL)
        return false;
    add(&gathering, "retryproof", source->version);
    add_subject(&gathering, source->observed);
    add(&gathering, "world", source->worlds);
    add_machine(&gathering);
    add_build(&gathering);
    add_ci(&gathering);
    run->facts = gathering.facts;
    run->fact_count = gathering.count;
    return !gathering.broken;
}
