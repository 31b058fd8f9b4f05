/*
 * What the `source` of a scenario cites: documents and their sections, read from a line that a person wrote.
 *
 *   RFC 9110 9.2.2 and 15.6.5; acceptance matrix, section 1, rows dial and handshake; decision 4 of the design
 *
 * Pure. What is not understood is passed over.
 */
#ifndef HARNESS_COVERAGE_CITATION_H
#define HARNESS_COVERAGE_CITATION_H

#include <stddef.h>

enum { CITATION_BYTES = 96 }; /* of a document or a section; what is longer is cut */

struct citation {
    char document
        [CITATION_BYTES]; /* "RFC 9110", "acceptance matrix"; "" for any other that is known as one */
    char section
        [CITATION_BYTES]; /* "9.2.2"; "1, row dial", "4, case 3"; "" for the document as a whole */
};

typedef void citation_callback(void *owner, const struct citation *citation);

/*
 * Tells each citation once, in order. Others that are known: addresses of the web, pages of docs/, headers and folders of
 * this tree, manual pages, decisions of the design.
 */
void citations_read(const char *source, citation_callback *on_citation, void *owner);

#endif
