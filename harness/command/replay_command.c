#include "harness/command/replay_command.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "harness/command/command.h"
#include "harness/command/explore_command.h"
#include "harness/found/exploration_result.h"
#include "harness/found/message_map.h"
#include "harness/found/replay.h"
#include "reports/shell_word.h"
#include "reports/text.h"

/* The text of all that is replayed: stories of some pages each. */
#define REPLAY_BYTES_MAX ((size_t)1024 * 1024 * 1024)

enum { INDENT = 6 };

/* One `retryproof replay`, from its options to its exit code. */
struct replay_command {
    const char *version;
    char *typed;
    struct explore_options options;
    struct base_list bases;
    struct player *player;
    struct region region;
    struct report_style style;
    bool tells; /* a person reads stdout */
    struct exploration exploration;
    struct exploration_base *made; /* one for each replay */
    struct exploration_failure *failures;
    uint64_t exercised[CLAIMS_MAX];
    uint64_t broken[CLAIMS_MAX];
};

/* One case in one world, as it was told by its file and as it came. */
struct telling {
    struct replay_command *replay;
    const struct base *base;
    const struct scenario *scenario; /* as the file says */
    const struct replayed *replayed;
    const char *const *faults; /* in words */
};

static void tell(const struct telling *telling);
static bool keep(const struct telling *telling);

/* ---- playing -------------------------------------------------------------------------------- */

static bool find_words(struct telling *telling, const struct evidence *evidence)
{
    struct replay_command *replay = telling->replay;
    const struct scenario *scenario = telling->scenario;
    struct schedule *schedule = region_take(&replay->region, sizeof(*schedule));
    struct fault_map map;

    if (schedule == NULL || !message_map_make(scenario, evidence, &replay->region, &map))
        return false;
    schedule->fault_count = scenario->fault_count;
    for (size_t i = 0; i < scenario->fault_count; i++)
        schedule->faults[i] = scenario->faults[i];
    telling->faults = schedule_words(schedule, &map, &replay->region);
    return telling->faults != NULL;
}

static bool play_base(struct replay_command *replay, const struct base *base, enum world_kind world)
{
    struct replayed replayed;
    struct telling telling = {replay, base, base->expecting, &replayed, NULL};
    bool simulated = world == WORLD_SIM;

    if (simulated ? !replay_in_sim(base, replay->player, &replay->region, &replayed)
                  : !replay_on_sockets(base, &replay->region, &replayed))
        return false;
    if (!find_words(&telling, simulated ? player_evidence(replay->player) : NULL))
        return false;
    if (replay->tells)
        tell(&telling);
    return keep(&telling);
}

static bool play(struct replay_command *replay)
{
    const size_t count = replay->bases.count * WORLD_KIND_COUNT + 1;

    replay->player = player_create();
    replay->made = region_take(&replay->region, count * sizeof(*replay->made));
    replay->failures = region_take(&replay->region, count * sizeof(*replay->failures));
    if (replay->player == NULL || replay->made == NULL || replay->failures == NULL)
        return false;
    for (size_t i = 0; i < replay->bases.count; i++)
        for (enum world_kind world = 0; world < WORLD_KIND_COUNT; world++)
            if ((replay->options.worlds >> world & 1) != 0 &&
                !play_base(replay, &replay->bases.list[i], world))
                return false;
    return true;
}

/* ---- what a person reads -------------------------------------------------------------------- */

PRINTF_LIKE(2, 3) static void say(const struct telling *telling, const char *format, ...);

static void say(const struct telling *telling, const char *format, ...)
{
    enum { SENTENCE_BYTES = 2048, BULLET = 2 };
    char sentence[SENTENCE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    text_put_spaces(INDENT, stdout);
    text_put_wrapped(sentence, INDENT + (sentence[0] == '-' ? BULLET : 0),
                     report_width(&telling->replay->style), stdout);
    fputc('\n', stdout);
}

/* Which of the scenario's faults found their byte. */
static void tell_faults(const struct telling *telling)
{
    const struct replayed *replayed = telling->replayed;

    for (size_t i = 0; i < telling->scenario->fault_count; i++) {
        bool met = replayed->broke_off || (replayed->faults_met >> i & 1) != 0;
        say(telling, "%s %s%s", i == 0 ? "when" : "and", telling->faults[i],
            met ? "" : ": this did not come about");
    }
    if (replayed->world == WORLD_SOCKETS && telling->scenario->order_count > 0)
        say(telling, "nobody can force the order of events on sockets: it is left to the machine");
}

static void tell_broken(const struct telling *telling)
{
    text_ink(INK_RED, telling->replay->style.colour, stdout);
    fputs("BROKEN", stdout);
    text_ink(INK_PLAIN, telling->replay->style.colour, stdout);
    fputs("  ", stdout);
}

static void tell_claims(const struct telling *telling)
{
    const struct replayed *replayed = telling->replayed;

    for (size_t i = 0; i < claims_count(); i++)
        if ((replayed->broken >> i & 1) != 0) {
            tell_broken(telling);
            printf("%u %s\n", claims_at(i)->number, claims_at(i)->name);
            say(telling, "%s", claims_at(i)->sentence);
        }
    if (replayed->unexpected) {
        tell_broken(telling);
        puts(REGRESSION_EXPECTATIONS);
        say(telling, "%s", EXPLORATION_EXPECTATIONS);
    }
    for (size_t i = 0; i < replayed->sentence_count; i++)
        say(telling, "- %s", replayed->sentences[i]);
}

/* A trace that is another one than was found does not say that anything is wrong: the file or the program has changed since. */
static void tell_trace(const struct telling *telling)
{
    const struct scenario_found *found = &telling->scenario->found;
    const struct replayed *replayed = telling->replayed;

    if (replayed->world != WORLD_SIM)
        return;
    if (replayed->requests_changed)
        say(telling, "the clients send other bytes than when this was found: its faults are put "
                     "where so many bytes come now");
    if (!replayed->steady)
        say(telling, "played twice, the two traces differ: something in this run is no part of "
                     "the simulation");
    else if (found->base == NULL)
        say(telling, "trace 0x%016" PRIx64 ", twice the same", replayed->trace_hash);
    else if (found->trace == replayed->trace_hash)
        say(telling, "trace 0x%016" PRIx64 ", twice the same, and the one that was found",
            replayed->trace_hash);
    else
        say(telling,
            "trace 0x%016" PRIx64 ", twice the same; 0x%016" PRIx64
            " was found: the program or the scenario has changed since",
            replayed->trace_hash, found->trace);
}

/* The claim that the file is about, or what its scenario expects, where it holds now. */
static void tell_found_claim(const struct telling *telling)
{
    const char *name = telling->scenario->found.claim;
    const size_t claim = name != NULL ? claims_find(name) : claims_count();
    const bool expected = replay_expects(telling->base);

    if (name == NULL || telling->replayed->verdict == VERDICT_ERROR)
        return;
    if (claim == claims_count() && !expected)
        say(telling, "the claim %s, which was broken, is none any more", name);
    else if (expected ? !telling->replayed->unexpected
                      : (telling->replayed->broken >> claim & 1) == 0)
        say(telling, "%s, which was broken when this was found, holds%s", name,
            telling->replayed->world == WORLD_SOCKETS ? " on sockets" : "");
}

static void tell(const struct telling *telling)
{
    const struct replayed *replayed = telling->replayed;

    text_put(telling->base->id, stdout);
    printf("  %s\n", replayed->world == WORLD_SIM ? "in the simulation" : "on sockets");
    say(telling, "%s", telling->scenario->name);
    if (replayed->refused != NULL) {
        say(telling, "cannot be played on sockets: %s", replayed->refused);
        fputc('\n', stdout);
        return;
    }
    tell_faults(telling);
    for (size_t i = 0; i < replayed->story_count && !telling->replay->options.quiet; i++) {
        text_put_spaces(INDENT + 2, stdout);
        text_put_cut(replayed->story[i], report_width(&telling->replay->style) - INDENT - 2,
                     stdout);
        fputc('\n', stdout);
    }
    if (replayed->outcome[0] != '\0')
        say(telling, "%s", replayed->outcome);
    tell_claims(telling);
    tell_found_claim(telling);
    tell_trace(telling);
    fputc('\n', stdout);
}

/* ---- what reports tell ---------------------------------------------------------------------- */

static size_t first_broken(const struct replayed *replayed)
{
    size_t claim = 0;

    while (claim < claims_count() && (replayed->broken >> claim & 1) == 0)
        claim++;
    return claim;
}

static bool keep_failure(const struct telling *telling, struct exploration_failure *out)
{
    const struct replayed *replayed = telling->replayed;
    const size_t claim = first_broken(replayed);
    const char *name = replayed->unexpected ? REGRESSION_EXPECTATIONS : EXPLORATION_NO_CLAIM;
    bool named = claim < claims_count();
    struct region *region = &telling->replay->region;
    const char *word = shell_word(telling->base->argument, region);

    *out = (struct exploration_failure){.base = telling->base->id,
                                        .claim_number = named ? claims_at(claim)->number : 0,
                                        .claim = named ? claims_at(claim)->name : name,
                                        .sentences = replayed->sentences,
                                        .sentence_count = replayed->sentence_count,
                                        .faults = telling->faults,
                                        .fault_count = telling->scenario->fault_count,
                                        .order = telling->scenario->order,
                                        .order_count = telling->scenario->order_count,
                                        .seed = replay_seed(telling->base),
                                        .trace_hash = replayed->trace_hash,
                                        .steady = replayed->steady,
                                        .file = telling->base->argument,
                                        .story = replayed->story,
                                        .story_count = replayed->story_count};
    if (word != NULL)
        out->reproduce = region_format(region, "retryproof replay --world %s %s",
                                       world_word(replayed->world), word);
    return out->reproduce != NULL;
}

static bool keep(const struct telling *telling)
{
    struct replay_command *replay = telling->replay;
    const struct replayed *replayed = telling->replayed;
    struct exploration *out = &replay->exploration;
    bool failed = replayed->refused == NULL && replayed->verdict != VERDICT_PASS;
    const uint64_t runs = replayed->refused != NULL ? 0 : replayed->world == WORLD_SIM ? 2 : 1;

    replay->made[out->base_count++] = (struct exploration_base){
        .id = telling->base->id, .runs = runs, .outcomes = runs > 0, .failed_runs = failed};
    out->totals.runs += runs;
    out->totals.outcomes += runs > 0;
    out->totals.failed_runs += failed;
    for (size_t i = 0; i < claims_count(); i++) {
        replay->exercised[i] += replayed->exercised >> i & 1;
        replay->broken[i] += replayed->broken >> i & 1;
    }
    return !failed || keep_failure(telling, &replay->failures[out->failure_count++]);
}

static bool report(struct replay_command *replay)
{
    struct exploration *out = &replay->exploration;

    out->version = replay->version;
    out->command = replay->typed;
    out->bases = replay->made;
    out->failures = replay->failures;
    out->claims = exploration_claims(replay->exercised, replay->broken, &replay->region);
    out->claim_count = out->claims != NULL ? claims_count() : 0;
    return out->claims != NULL && exploration_report(out, &replay->options);
}

/* ---- the command ---------------------------------------------------------------------------- */

static int replay_files(struct replay_command *replay)
{
    if (!bases_load(&replay->bases, replay->options.paths, replay->options.path_count)) {
        exploration_tell_mistakes(&replay->bases);
        return EXIT_USAGE;
    }
    if (replay->bases.count == 0) {
        fputs("retryproof: nothing to replay: the simulation can play none of these cases\n",
              stderr);
        return EXIT_NOTHING_TO_RUN;
    }
    replay->tells = !report_requests_fill_stdout(&replay->options.reports);
    replay->style =
        (struct report_style){.colour = console_has_colour(stdout, replay->options.colour),
                              .width = console_width(stdout)};
    if (!play(replay) || (replay->options.reports.count > 0 && !report(replay))) {
        fputs("retryproof: out of memory\n", stderr);
        return EXIT_INTERNAL;
    }
    return replay->exploration.totals.failed_runs > 0 ? EXIT_FAILED : EXIT_PASSED;
}

int replay_command(int argc, char **argv, const char *version)
{
    char error[EXPLORE_ERROR_BYTES];
    struct replay_command *replay = calloc(1, sizeof(*replay));
    int code = EXIT_PASSED;

    if (replay == NULL)
        return EXIT_INTERNAL;
    replay->version = version;
    replay->typed = command_typed(argc, argv);
    region_init(&replay->region, REPLAY_BYTES_MAX);
    if (!replay_options_read(&replay->options, argc, argv, error)) {
        fprintf(stderr, "retryproof replay: %s\n(retryproof replay --help tells what there is)\n",
                error);
        code = EXIT_USAGE;
    } else if (replay->options.help) {
        replay_options_tell(stdout);
    } else {
        code = replay_files(replay);
        player_destroy(&replay->player);
        bases_release(&replay->bases);
    }
    region_release(&replay->region);
    free(replay->typed);
    free(replay);
    return code;
}
