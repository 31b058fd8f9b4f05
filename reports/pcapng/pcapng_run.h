/*
 * The recorded cases of a run as capture files: one each in a folder, or all in one file, one after the other in time.
 *
 * Cases without a recording are passed over. Errors: a sentence that names the file or the case; captures that were whole by then stay.
 * Limits: a file name is at most PCAPNG_NAME_BYTES - 1 bytes; of a longer id its beginning.
 */
#ifndef REPORTS_PCAPNG_PCAPNG_RUN_H
#define REPORTS_PCAPNG_PCAPNG_RUN_H

#include "reports/pcapng/pcapng.h"
#include "reports/result.h"

enum {
    PCAPNG_ERROR_BYTES = 512,
    PCAPNG_NAME_BYTES = 160, /* well below what file systems take (255) */
};

/* The capture of one recorded case, whole. False if it has no recording, or that cannot be read: the sentence says which. */
MUST_USE bool pcapng_write_case(const struct run_result *run, const struct case_result *result,
                                FILE *out, char error[PCAPNG_ERROR_BYTES]);

/* All recorded cases in one file; *count tells how many. */
MUST_USE bool pcapng_write_file(const struct run_result *run, const char *path, size_t *count,
                                char error[PCAPNG_ERROR_BYTES]);

/* The folder is made if it is not there; files of the same name are replaced. */
MUST_USE bool pcapng_write_folder(const struct run_result *run, const char *path, size_t *count,
                                  char error[PCAPNG_ERROR_BYTES]);

/*
 * "post-write-never-sent-again-method-POST-0a1b2c3d@sim.pcapng": what of the id a file can be called by, and its hash, since ids may
 * differ in nothing else ("path=/x", "path=//x"). No folder, whatever a result file says. Returns name.
 */
const char *pcapng_file_name(const struct case_result *result, char name[PCAPNG_NAME_BYTES]);

#endif
