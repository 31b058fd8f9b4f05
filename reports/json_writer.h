/*
 * JSON of a fixed form written as it goes: a value on a line of its own, or a whole group on one line.
 *
 * Not by way of a tree (world/data/json.h): a result is many thousand values, and a tree of them takes ten times as long
 * as the text, longer than running the cases. Keys come in sorted order from whoever writes them.
 *
 * Ownership: embedded; the stream is the caller's. Errors: none returned; ask ferror() of the stream.
 * Text of any origin: what JSON must escape is (RFC 8259 7), bytes that are not UTF-8 become U+FFFD.
 */
#ifndef REPORTS_JSON_WRITER_H
#define REPORTS_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json_writer {
    FILE *out;
    unsigned depth;
    unsigned line_depth; /* the depth from which on all is one line; 0: nothing is */
    bool follows;        /* a value of the same map or list stands before */
};

/* Begins the one map that is the document; json_writer_end() ends it, and its line. */
void json_writer_begin(struct json_writer *writer, FILE *out);
/* The same on one line. */
void json_writer_begin_line(struct json_writer *writer, FILE *out);
void json_writer_end(struct json_writer *writer);

/* Each key may be NULL: in a list. */
void json_writer_open(struct json_writer *writer, const char *key, char bracket);
/* The group and all in it on one line. */
void json_writer_open_line(struct json_writer *writer, const char *key, char bracket);
void json_writer_close(struct json_writer *writer, char bracket);

/* NULL becomes null. */
void json_writer_text(struct json_writer *writer, const char *key, const char *text);
void json_writer_number(struct json_writer *writer, const char *key, uint64_t value);
/* A full 64 bit number goes as decimal text: most readers of JSON hold no more than 53 bits. */
void json_writer_wide(struct json_writer *writer, const char *key, uint64_t value);
void json_writer_truth(struct json_writer *writer, const char *key, bool value);
void json_writer_texts(struct json_writer *writer, const char *key, const char *const *texts,
                       size_t count);
/* A value that is JSON already, on one line; NULL becomes null. */
void json_writer_raw(struct json_writer *writer, const char *key, const char *json);

/* Text as a value alone, in quotes: YAML reads it, too (YAML 1.2, 1.3). */
void json_writer_quote(const char *text, FILE *out);

#endif
