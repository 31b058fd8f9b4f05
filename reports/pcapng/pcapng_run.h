/*
 * The recorded cases of a run as capture files: one each in a folder, or all in one file, one after the other in time.
 *
 * Cases without a recording are passed over, and those whose recording cannot be read are left out and told, each with its reason. Errors: a
 * sentence that names the file; captures that were whole by then stay.
 * Limits: a file name is at most PCAPNG_NAME_BYTES - 1 bytes; of a longer id its beginning.
 */
#ifndef REPORTS_PCAPNG_PCAPNG_RUN_H
#define REPORTS_PCAPNG_PCAPNG_RUN_H

#include "reports/pcapng/pcapng.h"
#include "reports/result.h"

enum {
    PCAPNG_ERROR_BYTES = 512,
    PCAPNG_REASONS_MAX = 10, /* more cases that are left out are counted */
    PCAPNG_NAME_BYTES = 160, /* well below what file systems take (255) */
};

/* The capture of one recorded case, whole. False if it has no recording, or that cannot be read: the sentence says which. */
MUST_USE bool pcapng_write_case(const struct run_result *run, const struct case_result *result,
                                FILE *out, char error[PCAPNG_ERROR_BYTES]);

/* What came of the recorded cases of a run. */
struct pcapng_outcome {
    size_t written;
    size_t left_out; /* their recordings cannot be read, so they have no capture */
    char reasons[PCAPNG_REASONS_MAX]
                [PCAPNG_ERROR_BYTES]; /* of the first left_out, a sentence each */
};

/* All recorded cases in one file. False, and a sentence, if it cannot be written. */
MUST_USE bool pcapng_write_file(const struct run_result *run, const char *path,
                                struct pcapng_outcome *outcome, char error[PCAPNG_ERROR_BYTES]);

/*
 * The folder is made if it is not there; files of the same name are replaced, and one of a case that is left out is taken away. False,
 * and a sentence, at the first file that cannot be written.
 */
MUST_USE bool pcapng_write_folder(const struct run_result *run, const char *path,
                                  struct pcapng_outcome *outcome, char error[PCAPNG_ERROR_BYTES]);

/*
 * "post-write-never-sent-again-method-POST-0a1b2c3d@sim.pcapng": what of the id a file can be called by, and its hash, since ids may
 * differ in nothing else ("path=/x", "path=//x"). No folder, whatever a result file says. Returns name.
 */
const char *pcapng_file_name(const struct case_result *result, char name[PCAPNG_NAME_BYTES]);

#endif
