#include "harness/run/subject_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/foreign/portable.h"
#include "harness/run/buffering_run.h"

enum {
    RUN_BYTES_MAX = 256 * 1024 * 1024,
    RESTARTS_MAX = 100, /* of a proxy that dies again and again; what is left then is an error */
    RACY_PLAYS =
        10, /* of a case that went more than one way: what comes one time in five shows in nine runs of ten */
};

static const char *const SLOT_NAMES[] = {"a", "b", NULL};
_Static_assert(COUNT_OF(SLOT_NAMES) == SLOT_UPSTREAMS + 1, "each upstream of a slot has a name");

bool subject_run_init(struct subject_run *run, const struct run_item *items, size_t count)
{
    *run = (struct subject_run){.version = ""};
    region_init(&run->region, RUN_BYTES_MAX);
    return observed_store_init(&run->seen, items, count);
}

void subject_run_release(struct subject_run *run)
{
    observed_store_release(&run->seen);
    region_release(&run->region);
}

/* ---- what is under way ---------------------------------------------------------------------- */

enum progress {
    PLAY_WAITS,
    PLAY_BEGUN,
    PLAY_OVER,
    PLAY_SPARE, /* not to be played, unless its case turns out to be racy */
};

/* One call of subject_run_play(). */
struct playing {
    struct subject_run *run;
    const struct subject_order *order;
    const struct run_plan *plan;
    struct result_store *store;
    size_t play_count;       /* items x repetitions, spare ones among them */
    unsigned char *progress; /* of each play */
    size_t *plays;           /* those of one process */
    struct subject_slot *slots;
    struct case_place *places;
    struct standing standing;
    bool stands;
    bool died;
    bool unreached; /* an attached proxy asked no upstream of ours, in all the time that it had */
    bool reached;   /* a case has been begun */
    unsigned restarts;
    unsigned block;
    char *error;
};

static size_t slots_most(const struct playing *playing)
{
    const struct subject_file *file = playing->order->file;
    return file->slots_most < playing->play_count ? file->slots_most : playing->play_count;
}

static bool take_arrays(struct playing *playing)
{
    bool attached = playing->order->attached != NULL;
    size_t slots = attached ? 1 : slots_most(playing) + BUFFERING_ROWS;
    size_t places = attached ? playing->play_count : slots;
    playing->progress = calloc(playing->play_count + 1, sizeof(*playing->progress));
    playing->plays = calloc(playing->play_count + 1, sizeof(*playing->plays));
    playing->slots = calloc(slots + 1, sizeof(*playing->slots));
    playing->places = calloc(places + 1, sizeof(*playing->places));
    for (size_t i = playing->plan->count * playing->plan->repeat;
         i < playing->play_count && playing->progress != NULL; i++)
        playing->progress[i] = PLAY_SPARE;
    snprintf(playing->error, STANDING_ERROR_BYTES, "out of memory");
    return playing->progress != NULL && playing->plays != NULL && playing->slots != NULL &&
           playing->places != NULL;
}

static void free_arrays(struct playing *playing)
{
    free(playing->progress);
    free(playing->plays);
    free(playing->slots);
    free(playing->places);
}

static bool is_interrupted(const struct playing *playing)
{
    return playing->plan->is_interrupted != NULL &&
           playing->plan->is_interrupted(playing->plan->owner);
}

/* ---- what the runner asks ------------------------------------------------------------------- */

static const char *refuse(void *owner, const struct run_item *item, const struct scenario *scenario)
{
    const struct playing *playing = owner;
    const struct subject_order *order = playing->order;
    const struct filter_subject fields = suite_case_fields(item->one, item->world);
    const char *why = portable_refusal(
        scenario, order->attached != NULL ? order->attached->where.names : SLOT_NAMES);
    if (why == NULL && order->file != NULL)
        why = subject_file_refusal(order->file, order->profile, &fields);
    return why;
}

static bool has_died(void *owner)
{
    struct playing *playing = owner;
    char error[STANDING_ERROR_BYTES];
    playing->died =
        playing->died || (playing->stands && !standing_is_whole(&playing->standing, error));
    return playing->died || playing->unreached;
}

static void on_begin(void *owner, size_t play)
{
    struct playing *playing = owner;
    playing->progress[play] = PLAY_BEGUN;
}

/* A proxy that never asked an upstream of ours is not set up for this run at all: each further case would wait as long in vain. */
static void note_unreached(struct playing *playing, const struct case_outcome *outcome)
{
    snprintf(playing->error, STANDING_ERROR_BYTES,
             "%s: %s; are the URL, --host and each --upstream those of its configuration?",
             playing->order->attached->url,
             outcome->sentence_count > 0 ? outcome->sentences[0] : "it was not reached");
    playing->unreached = true;
}

static void on_end(void *owner, size_t play, const struct case_outcome *outcome)
{
    struct playing *playing = owner;
    playing->progress[play] = PLAY_OVER;
    playing->reached =
        playing->reached || (!outcome->unreached && outcome->verdict != VERDICT_UNSUPPORTED);
    if (outcome->unreached && !playing->reached && !playing->unreached)
        note_unreached(playing, outcome);
    observed_store_add(&playing->run->seen, play % playing->plan->count, outcome);
}

static bool play_at(struct playing *playing, size_t count, size_t width)
{
    struct run_plan plan = *playing->plan;
    const struct run_ground ground = {
        .plays = playing->plays,
        .places = playing->places,
        .count = count,
        .width = width,
        .refuse = refuse,
        .has_died = has_died,
        .on_begin = on_begin,
        .on_end = on_end,
        .owner = playing,
    };
    plan.ground = &ground;
    playing->died = false;
    return runner_play(&plan, playing->store);
}

/* ---- one process ---------------------------------------------------------------------------- */

static void lay_out(struct playing *playing, size_t count)
{
    const struct subject_order *order = playing->order;
    slots_lay_out(playing->slots, count, order->file->slots, playing->block);
    for (size_t i = 0; i < count; i++)
        playing->places[i] = (struct case_place){
            .where = {.target = playing->slots[i].listen,
                      .manner = {.host = playing->slots[i].host},
                      .upstreams = playing->slots[i].upstreams,
                      .names = SLOT_NAMES},
            .declared = order->declared,
            .settle_ns = order->profile->settle_ns,
            .patience_ns = order->profile->patience_ns,
        };
}

static bool start(struct playing *playing, size_t slot_count)
{
    const struct standing_plan plan = {.file = playing->order->file,
                                       .profile = playing->order->profile,
                                       .slots = playing->slots,
                                       .slot_count = slot_count,
                                       .is_interrupted = playing->plan->is_interrupted,
                                       .owner = playing->plan->owner};
    lay_out(playing, slot_count);
    playing->stands = standing_start(&playing->standing, &plan, playing->error);
    return playing->stands;
}

static void stop(struct playing *playing)
{
    if (playing->stands)
        standing_stop(&playing->standing);
    playing->stands = false;
}

/* Plays what stands in plays, by a process of its own. */
static bool play_process(struct playing *playing, size_t count, size_t width)
{
    bool fine = start(playing, count) && play_at(playing, count, width);
    stop(playing);
    return fine;
}

/* The next plays in that state, as many as a process has slots for. */
static size_t choose(struct playing *playing, enum progress state, size_t most)
{
    size_t count = 0;
    for (size_t play = 0; play < playing->play_count && count < most; play++)
        if (playing->progress[play] == state)
            playing->plays[count++] = play;
    return count;
}

static void tell_left(struct playing *playing, enum progress state)
{
    const char *sentence =
        "the proxy died again and again, so nobody knows what it does in this case";
    const struct case_outcome outcome = {
        .verdict = VERDICT_ERROR, .sentences = &sentence, .sentence_count = 1};
    for (size_t play = 0; play < playing->play_count; play++)
        if (playing->progress[play] == state) {
            result_store_keep(playing->store, play % playing->plan->count, &outcome,
                              playing->plan->seed);
            on_end(playing, play, &outcome);
        }
}

static bool stopped_early(const struct playing *playing)
{
    return is_interrupted(playing) ||
           (playing->plan->fail_fast && result_store_has_failed(playing->store));
}

/*
 * Those under way when the proxy died, in halves of halves until the one that it dies of is alone. What is left when it has died
 * too often is an error.
 */
static bool play_suspects(struct playing *playing)
{
    size_t most = choose(playing, PLAY_BEGUN, playing->play_count);
    while (most > 0 && playing->restarts < RESTARTS_MAX) {
        most = choose(playing, PLAY_BEGUN, most / 2 > 0 ? most / 2 : 1);
        if (most == 0 || stopped_early(playing))
            return true;
        if (!play_process(playing, most, most))
            return false;
        playing->restarts += playing->died;
        most = playing->died ? most : 2 * most;
    }
    if (most > 0)
        tell_left(playing, PLAY_BEGUN);
    return true;
}

static bool play_all(struct playing *playing)
{
    size_t most = slots_most(playing);
    size_t count;
    while ((count = choose(playing, PLAY_WAITS, most)) > 0 && !stopped_early(playing)) {
        if (playing->restarts++ > RESTARTS_MAX + playing->play_count / most) {
            tell_left(playing, PLAY_WAITS);
            return true;
        }
        if (!play_process(playing, count, SUBJECT_RUN_WIDTH) || !play_suspects(playing))
            return false;
    }
    return true;
}

static bool chance_decides(const struct playing *playing, size_t item)
{
    const struct run_item *one = &playing->plan->items[item];
    const struct filter_subject fields = suite_case_fields(one->one, one->world);
    return subject_file_chance(playing->order->file, playing->order->profile, &fields) != NULL;
}

static bool has_differed(const struct playing *playing, size_t item)
{
    return observed_store_is_racy(&playing->run->seen, item);
}

/* How often a case goes which way few plays do not tell. */
static void play_often(struct playing *playing,
                       bool (*fits)(const struct playing *playing, size_t item))
{
    size_t count = playing->plan->count;
    for (size_t play = count * playing->plan->repeat; play < playing->play_count; play++)
        if (playing->progress[play] == PLAY_SPARE && fits(playing, play % count))
            playing->progress[play] = PLAY_WAITS;
}

static bool play_all_and_racy_ones(struct playing *playing)
{
    play_often(playing, chance_decides);
    if (!play_all(playing))
        return false;
    play_often(playing, has_differed);
    return play_all(playing);
}

/* ---- buffering ------------------------------------------------------------------------------ */

static void measure_at(struct playing *playing, const struct buffering_place places[BUFFERING_ROWS])
{
    struct subject_run *run = playing->run;
    _Static_assert((int)BUFFERING_ROWS <= (int)SUBJECT_RUN_BUFFERING_MAX, "all rows fit");
    const struct buffering_plan plan = {.places = places,
                                        .is_interrupted = playing->plan->is_interrupted,
                                        .owner = playing->plan->owner,
                                        .region = &run->region};
    buffering_measure(&plan, run->buffering);
    run->buffering_count = BUFFERING_ROWS;
}

static bool measure_buffering(struct playing *playing)
{
    struct buffering_place places[BUFFERING_ROWS];
    if (is_interrupted(playing))
        return true;
    if (!start(playing, BUFFERING_ROWS))
        return false;
    for (size_t i = 0; i < BUFFERING_ROWS; i++)
        places[i] = (struct buffering_place){.where = playing->places[i].where,
                                             .pids = playing->standing.processes,
                                             .pid_count = playing->standing.process_count,
                                             .folder = playing->standing.folder};
    measure_at(playing, places);
    stop(playing);
    return true;
}

/* ---- attached ------------------------------------------------------------------------------- */

static bool play_attached(struct playing *playing)
{
    const struct attached_proxy *attached = playing->order->attached;
    struct buffering_place places[BUFFERING_ROWS];
    for (size_t i = 0; i < playing->play_count; i++) {
        playing->plays[i] = i;
        playing->places[i] = (struct case_place){.where = attached->where,
                                                 .declared = playing->order->declared,
                                                 .settle_ns = attached->settle_ns,
                                                 .patience_ns = attached->patience_ns,
                                                 .recover_ns = attached->recover_ns};
    }
    if (!play_at(playing, playing->play_count, 1) || playing->unreached)
        return false;
    for (size_t i = 0; i < BUFFERING_ROWS; i++)
        places[i] = (struct buffering_place){.where = attached->where};
    if (playing->order->buffering && !is_interrupted(playing))
        measure_at(playing, places);
    return true;
}

/* ---- the whole run -------------------------------------------------------------------------- */

static const char *const *split_lines(struct region *region, const char *text, size_t *count)
{
    size_t lines = 1;
    for (const char *c = text; *c != '\0'; c++)
        lines += *c == '\n';
    const char **list = region_take(region, lines * sizeof(*list));
    *count = 0;
    while (list != NULL && *text != '\0') {
        size_t size = strcspn(text, "\n");
        list[*count] = region_copy_text(region, text, size);
        *count += list[*count] != NULL;
        text += size + (text[size] == '\n');
    }
    return list;
}

/* What it is told for one case, which stands for all. */
static bool keep_configuration(struct playing *playing)
{
    const struct subject_slot sample = slot_sample();
    const struct standing_plan plan = {.file = playing->order->file,
                                       .profile = playing->order->profile,
                                       .slots = &sample,
                                       .slot_count = 1};
    struct subject_run *run = playing->run;
    const char *text = standing_configure(&plan, "${folder}", &run->region, playing->error);
    if (text != NULL)
        run->configuration = split_lines(&run->region, text, &run->configuration_count);
    return text != NULL;
}

static bool play_started(struct playing *playing)
{
    const struct subject_file *file = playing->order->file;
    int held = slot_block_take(&playing->block);
    if (held < 0) {
        snprintf(playing->error, STANDING_ERROR_BYTES, "no block of addresses is free: %s",
                 strerror(errno));
        return false;
    }
    bool fine = standing_version(file, playing->run->version, playing->error) &&
                keep_configuration(playing) && play_all_and_racy_ones(playing) &&
                (!playing->order->buffering || measure_buffering(playing));
    close(held);
    return fine;
}

/* One that runs already is asked as often as its owner said, and no more: each of its plays takes its time. */
static size_t most_plays(const struct subject_order *order)
{
    unsigned repeat = order->plan->repeat;
    bool more = order->attached == NULL && repeat > 1 && repeat < RACY_PLAYS;
    return order->plan->count * (more ? RACY_PLAYS : repeat);
}

bool subject_run_play(struct subject_run *run, const struct subject_order *order,
                      char error[STANDING_ERROR_BYTES])
{
    struct playing playing = {
        .run = run,
        .order = order,
        .plan = order->plan,
        .store = order->store,
        .play_count = most_plays(order),
        .error = error,
    };
    bool fine = take_arrays(&playing) &&
                (order->attached != NULL ? play_attached(&playing) : play_started(&playing));
    free_arrays(&playing);
    return fine;
}

bool subject_run_tell(struct subject_run *run, const struct subject_order *order,
                      struct observed_run *out)
{
    const struct subject_profile *profile = order->profile;
    *out = (struct observed_run){
        .version = run->version,
        .expect = declared_word(order->declared),
        .configuration = run->configuration,
        .configuration_count = run->configuration_count,
        .buffering = run->buffering,
        .buffering_count = run->buffering_count,
    };
    out->cases = observed_store_cases(&run->seen, &out->case_count);
    if (order->attached != NULL) {
        out->subject = order->attached->url;
        out->profile = "attached";
        out->profile_meaning = "as it was set up by whoever runs it";
        out->settle_ns = order->attached->settle_ns;
        out->settle_source = "chosen on the command line, or its default";
    } else {
        out->subject = order->file->name;
        out->profile = profile->name;
        out->profile_meaning = profile->meaning;
        out->settle_ns = profile->settle_ns;
        out->settle_source = profile->settle_source;
    }
    return out->cases != NULL;
}
