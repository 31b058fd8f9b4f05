#include "harness/run/case_run.h"

#include <inttypes.h>
#include <string.h>

#include "harness/oracle/claims.h"
#include "harness/recording/recorder.h"
#include "harness/run/case_state.h"
#include "harness/verdict/hook_judge.h"
#include "harness/verdict/judge.h"
#include "world/sim/sim.h"

/* A case that never ended says who waits for what. */
static void tell_timeout(struct case_run *run)
{
    char limit[FINDING_DURATION_BYTES];
    findings_add(&run->findings, "the case was not over after %s of %s time",
                 duration_format(run->scenario->time_limit_ns, limit),
                 run->kind == WORLD_SIM ? "virtual" : "real");
    for (size_t i = 0; i < run->evidence.wait_count; i++)
        findings_add(&run->findings, "%s", run->evidence.waits[i]);
    if (run->evidence.wait_count == 0)
        findings_add(&run->findings, "no client waits: the proxy still has an exchange under way");
    claims_check_spinning(&run->evidence, &run->findings);
}

static void tell_story(struct case_run *run, struct case_outcome *out)
{
    const struct world *trace = run->cast->trace;
    size_t count = trace_event_count(trace);
    size_t shown = count < CASE_STORY_MAX ? count : CASE_STORY_MAX;
    const char **story = region_take(&run->region, (shown + 1) * sizeof(*story));
    if (story == NULL)
        return;
    for (size_t i = 0; i < shown; i++) {
        char line[TRACE_LINE_BYTES];
        trace_story_line(trace, trace_event_at(trace, i), run->evidence.began_ns, line);
        story[out->story_count] = region_copy_text(&run->region, line, strlen(line));
        out->story_count += story[out->story_count] != NULL;
    }
    if (count > shown) {
        story[out->story_count] =
            region_format(&run->region, "... and %zu more events", count - shown);
        out->story_count += story[out->story_count] != NULL;
    }
    out->story = story;
}

/* What the client got in the end, for the matrix: its last outcome. */
static const char *last_outcome_word(struct case_run *run)
{
    char word[OUTCOME_WORD_BYTES] = "none";
    const struct evidence *evidence = &run->evidence;
    if (evidence->outcome_count > 0)
        outcome_word(&evidence->outcomes[evidence->outcome_count - 1], word);
    return region_copy_text(&run->region, word, strlen(word));
}

static void read_log(struct case_run *run)
{
    struct case_log *log = &run->cast->log;
    struct case_log_rows rows = {NULL, 0};
    struct request_log_counts counts;
    char error[REQUEST_LOG_ERROR_BYTES];
    if (!case_log_is_open(log))
        return;
    if (!case_log_read(log, &run->region, &rows, error))
        findings_add(&run->findings, "%s", error);
    request_log_count(log->log, &counts);
    if (counts.written != run->evidence.record_total)
        findings_add(&run->findings,
                     "the request log has %" PRIu64 " rows of %" PRIu64 " exchanges: %" PRIu64
                     " found no room, %" PRIu64 " could not be written",
                     counts.written, run->evidence.record_total, counts.overflowed, counts.failed);
    run->evidence.log_rows = rows.list;
    run->evidence.log_row_count = rows.count;
}

static void judge_evidence(struct case_run *run, struct case_outcome *out)
{
    struct evidence *evidence = &run->evidence;
    struct claims_said said = {0, 0};
    cast_fill_evidence(run->cast, evidence);
    read_log(run);
    const size_t found_before = run->findings.count;
    if (run->out_of_memory || !evidence_gather(evidence, &run->region)) {
        findings_add(&run->findings, "the witnesses saw more than a case's memory can hold");
        out->verdict = VERDICT_ERROR;
        return;
    }
    if (run->timed_out) {
        tell_timeout(run);
        if (case_is_explored(run))
            claims_check(evidence, &run->findings, &said);
        out->verdict = VERDICT_ERROR;
    } else {
        judge_expectations(evidence, &run->findings);
        hook_judge_expectations(evidence, &run->findings);
        out->unexpected = run->findings.count > found_before;
        claims_check(evidence, &run->findings, &said);
        hook_judge_claims(evidence, &run->findings);
        out->verdict = run->findings.count == 0 ? VERDICT_PASS : VERDICT_FAIL;
    }
    out->exercised = said.exercised;
    out->broken = said.broken;
    out->faults_met = evidence->faults_met;
    out->client = last_outcome_word(run);
    out->attempts = (unsigned)evidence->total.attempts;
    out->delivered = (unsigned)evidence->total.delivered;
}

/* Of a case that was played to its end and gathered; without memory for it there is none. */
static void record_case(struct case_run *run, struct case_outcome *out)
{
    const struct recorder_input input = {.evidence = &run->evidence,
                                         .trace = cast_recorded(run->cast),
                                         .secrets = &run->cast->scene.secrets,
                                         .from_proxy = run->cast->proxy_seen};
    bool wanted = run->record == CASE_RECORD_ALL ||
                  (run->record == CASE_RECORD_FAILED && out->sentence_count > 0);
    if (!wanted || input.trace == NULL || run->out_of_memory || run->failed_to_start)
        return;
    out->recording = recorder_write(&input, &run->region);
    if (out->recording != NULL && strlen(out->recording) >= CASE_RECORDING_BYTES_MAX)
        out->recording = NULL;
}

void case_run_judge(struct case_run *run, struct case_outcome *out)
{
    check(run->phase == PHASE_OVER);
    *out = (struct case_outcome){.subject_failed = run->subject_failed};
    if (run->failed_to_start) {
        findings_add(&run->findings, "%s", run->error);
        out->verdict = VERDICT_SETUP_FAILED;
        out->unreached = run->place != NULL && run->place->recover_ns > 0;
    } else if (run->place != NULL) {
        case_foreign_judge(run, out);
        record_case(run, out);
        return;
    } else {
        judge_evidence(run, out);
        out->duration_ns = run->evidence.settled_ns - run->evidence.began_ns;
    }
    if (run->kind == WORLD_SIM) {
        out->trace_hash = sim_trace_hash(run->world);
        out->shape_hash = sim_shape_hash(run->world);
    }
    if (out->verdict != VERDICT_PASS && !run->failed_to_start)
        tell_story(run, out);
    out->sentences = findings_all(&run->findings, &out->sentence_count);
    out->finding_line = run->findings.line;
    record_case(run, out);
}
