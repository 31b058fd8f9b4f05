/*
 * Recorded cases as captures that Wireshark and others read: each connection as TCP with handshake, sequence numbers, and
 * its FIN or RST when it came.
 *
 * The bytes, their order and their times are those of the recording. What no program sees is filled in: a connection's
 * first numbers, a segment for each read or write, an acknowledgement of each FIN. Under TLS the bytes are ciphertext, and the file
 * holds the secrets to read them.
 *
 * Our own, since the libraries of Debian that write this format (libpcap's) write the one before it, without comments and secrets.
 *
 * Errors: none returned; ask ferror() of the stream, once, at the end.
 * Limits: PCAPNG_EVENT_BYTES_MAX of one read or write; what the recording did not keep is told as not captured.
 */
#ifndef REPORTS_PCAPNG_PCAPNG_H
#define REPORTS_PCAPNG_PCAPNG_H

#include <stdio.h>

#include "reports/recording/recording.h"

enum { PCAPNG_EVENT_BYTES_MAX = 16 * 1024 * 1024 }; /* far above what one read or write moves */

/* What the comment on a case's first packet says. */
struct pcapng_case {
    const char *id;
    const char *name;    /* the sentence */
    const char *verdict; /* "fail" */
    uint64_t began_ns;   /* since 1970; of virtual time any, 0 too */
};

/* The head of a file. application: "retryproof 0.1.0". */
void pcapng_begin(const char *application, FILE *out);

/*
 * The packets of one case, behind the head. Several cases may follow each other in a file; their times should grow then. False if the
 * region, which it works in, is too small.
 */
MUST_USE bool pcapng_put_case(const struct case_recording *recording,
                              const struct pcapng_case *about, struct region *region, FILE *out);

/* How long the packets of a case take. */
uint64_t pcapng_case_ns(const struct case_recording *recording);

#endif
