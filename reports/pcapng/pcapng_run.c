#include "reports/pcapng/pcapng_run.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/whole_file.h"

enum { CASE_BYTES_MAX = 64 * 1024 * 1024 }; /* of one case's recording, read; far above any */

static const char SUFFIX[] = ".pcapng";

#define BETWEEN_CASES_NS UINT64_C(1000000)
#define NS_PER_SECOND    UINT64_C(1000000000)

static bool complain(char error[PCAPNG_ERROR_BYTES], const char *what, const char *why)
{
    snprintf(error, PCAPNG_ERROR_BYTES, "%.300s: %.180s", what, why);
    return false;
}

/* ---- one case --------------------------------------------------------------------------------- */

/* Where the packets of a run go, and the memory for a case of it. */
struct capture_file {
    FILE *out;
    struct region region;
    uint64_t at_ns; /* when the next case begins, since 1970 */
};

static void capture_begin(struct capture_file *capture, const struct run_result *run, FILE *out)
{
    char application[PCAPNG_NAME_BYTES];
    snprintf(application, sizeof(application), "retryproof %.64s", run->version);
    *capture = (struct capture_file){.out = out};
    capture->at_ns = run->started_unix > 0 ? (uint64_t)run->started_unix * NS_PER_SECOND : 0;
    region_init(&capture->region, CASE_BYTES_MAX);
    pcapng_begin(application, out);
}

static bool capture_put(struct capture_file *capture, const struct case_result *result,
                        char error[PCAPNG_ERROR_BYTES])
{
    char sentence[RECORDING_ERROR_BYTES];
    const struct pcapng_case about = {.id = result->id,
                                      .name = result->name,
                                      .verdict = verdict_word(result->verdict),
                                      .began_ns = capture->at_ns};
    region_reset(&capture->region);
    const struct case_recording *recording =
        recording_read(result->recording, &capture->region, sentence);
    if (recording == NULL)
        return complain(error, result->id, sentence);
    if (!pcapng_put_case(recording, &about, &capture->region, capture->out))
        return complain(error, result->id, "the recording is too large for a capture");
    capture->at_ns += pcapng_case_ns(recording) + BETWEEN_CASES_NS;
    return true;
}

bool pcapng_write_case(const struct run_result *run, const struct case_result *result, FILE *out,
                       char error[PCAPNG_ERROR_BYTES])
{
    struct capture_file capture;
    if (result->recording == NULL)
        return complain(error, result->id, "nothing of it was recorded");
    capture_begin(&capture, run, out);
    bool fine = capture_put(&capture, result, error);
    region_release(&capture.region);
    return fine;
}

/* ---- files ------------------------------------------------------------------------------------ */

static void leave_out(struct pcapng_outcome *outcome, const char *reason)
{
    if (outcome->left_out < PCAPNG_REASONS_MAX)
        snprintf(outcome->reasons[outcome->left_out], PCAPNG_ERROR_BYTES, "%s", reason);
    outcome->left_out++;
}

bool pcapng_write_file(const struct run_result *run, const char *path,
                       struct pcapng_outcome *outcome, char error[PCAPNG_ERROR_BYTES])
{
    char reason[PCAPNG_ERROR_BYTES];
    struct capture_file capture;
    struct whole_file file;
    outcome->written = outcome->left_out = 0;
    if (!whole_file_open(&file, path))
        return complain(error, path, strerror(errno));
    capture_begin(&capture, run, file.out);
    for (size_t i = 0; i < run->case_count; i++) {
        if (run->cases[i].recording == NULL)
            continue;
        if (capture_put(&capture, &run->cases[i], reason))
            outcome->written++;
        else
            leave_out(outcome, reason);
    }
    region_release(&capture.region);
    return whole_file_close(&file) || complain(error, path, strerror(errno));
}

/* False if it cannot be written, which is another thing than a recording that cannot be read. */
static bool write_case_file(const struct run_result *run, const struct case_result *result,
                            const char *path, struct pcapng_outcome *outcome)
{
    char reason[PCAPNG_ERROR_BYTES];
    struct whole_file file;
    if (!whole_file_open(&file, path))
        return false;
    if (pcapng_write_case(run, result, file.out, reason)) {
        outcome->written++;
        return whole_file_close(&file);
    }
    leave_out(outcome, reason);
    whole_file_drop(&file);
    /* What may stand there is the capture of an earlier run, and would be taken for one of this. */
    unlink(path);
    return true;
}

bool pcapng_write_folder(const struct run_result *run, const char *path,
                         struct pcapng_outcome *outcome, char error[PCAPNG_ERROR_BYTES])
{
    const mode_t anybody = 0777; /* less what the user's umask takes */
    outcome->written = outcome->left_out = 0;
    if (mkdir(path, anybody) != 0 && errno != EEXIST)
        return complain(error, path, strerror(errno));
    for (size_t i = 0; i < run->case_count; i++) {
        char name[PCAPNG_NAME_BYTES];
        char file[WHOLE_FILE_PATH_BYTES];
        if (run->cases[i].recording == NULL)
            continue;
        pcapng_file_name(&run->cases[i], name);
        const int size = snprintf(file, sizeof(file), "%s/%s", path, name);
        if (size < 0 || (size_t)size >= sizeof(file))
            return complain(error, path, strerror(ENAMETOOLONG));
        if (!write_case_file(run, &run->cases[i], file, outcome))
            return complain(error, file, strerror(errno));
    }
    return true;
}

/* FNV-1a, so that ids that look alike as a name have names of their own. */
static uint32_t hash_of(const char *text)
{
    uint32_t hash = UINT32_C(2166136261);
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * UINT32_C(16777619);
    return hash;
}

/* Letters, digits, "_" and "." as they are, and one "-" for all that stands between them. Returns the size, at most size_max. */
static size_t put_plain(const char *text, size_t size_max, char *name)
{
    size_t used = 0;
    for (const char *c = text; *c != '\0' && used < size_max; c++) {
        const bool plain = isalnum((unsigned char)*c) || *c == '_' || *c == '.';
        if (plain || (used > 0 && name[used - 1] != '-'))
            name[used++] = (char)(plain ? *c : '-');
    }
    while (used > 0 && name[used - 1] == '-')
        used--;
    return used;
}

const char *pcapng_file_name(const struct case_result *result, char name[PCAPNG_NAME_BYTES])
{
    enum { ID_BYTES_MAX = 128, WORLD_BYTES_MAX = 8 }; /* "sockets" */
    size_t used = put_plain(result->id, ID_BYTES_MAX, name);
    used += (size_t)snprintf(name + used, PCAPNG_NAME_BYTES - used, "-%08" PRIx32 "@",
                             hash_of(result->id));
    used += put_plain(result->world, WORLD_BYTES_MAX, name + used);
    snprintf(name + used, PCAPNG_NAME_BYTES - used, "%s", SUFFIX);
    return name;
}
