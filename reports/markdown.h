/*
 * Text of any origin in Markdown, as GitHub and others read it.
 */
#ifndef REPORTS_MARKDOWN_H
#define REPORTS_MARKDOWN_H

#include <stdio.h>

/* Shown as it is: nothing in it is taken for Markdown, or for HTML in it. */
void markdown_put(const char *text, FILE *out);
/* A cell of a table: a space, the text, and " |". */
void markdown_put_cell(const char *text, FILE *out);

#endif
