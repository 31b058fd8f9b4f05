/*
 * Pages for people with a browser: one HTML document each, whole in itself: styles, modules and data are in it, and nothing
 * is asked of any network.
 *
 * The modules of pages/ are ES modules, named "retryproof/parts/dom" and so on: an import map in the document leads each
 * name to the module's text. The build puts them into the program.
 *
 * Errors: none returned; ask ferror() of the stream, once, at the end.
 */
#ifndef PAGES_PAGE_H
#define PAGES_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "world/base/check.h"

enum page {
    PAGE_REPORT, /* pages/report/main.js: results, read later */
    PAGE_LIVE,   /* pages/live/main.js: a running proxy, asked over its admin listener */
    PAGE_COUNT
};

/* The document up to its data. title is text of any origin. */
void page_begin(enum page page, const char *title, FILE *out);

/*
 * A document of data under an id of letters, digits and '-', its repetitions told once (pages/repeats.h), compressed (RFC 1952) and in
 * base64 (RFC 4648 4): the module "retryproof/parts/data" reads it back. Between page_begin() and page_end(). False when memory runs out.
 */
MUST_USE bool page_put_data(const char *id, const void *data, size_t size, FILE *out);

void page_end(FILE *out);

#endif
