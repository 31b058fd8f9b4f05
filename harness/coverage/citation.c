#include "harness/coverage/citation.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "world/base/bytes.h"
#include "world/base/check.h"

#define MATRIX "acceptance matrix"

struct reading {
    citation_callback *on_citation;
    void *owner;
    bool in_matrix; /* a part that begins with "section" goes on with the matrix */
};

static void tell(const struct reading *reading, const char *document, const char *section)
{
    struct citation citation;

    snprintf(citation.document, sizeof(citation.document), "%.*s", CITATION_BYTES - 1, document);
    snprintf(citation.section, sizeof(citation.section), "%.*s", CITATION_BYTES - 1, section);
    reading->on_citation(reading->owner, &citation);
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* Takes the next word off the front, without blanks and the marks around it; false when none is left. */
static bool next_word(const char **text, char word[CITATION_BYTES])
{
    size_t size;

    *text += strspn(*text, " \t\n,()");
    size = strcspn(*text, " \t\n,()");
    if (size == 0)
        return false;
    snprintf(word, CITATION_BYTES, "%.*s", (int)size, *text);
    *text += size;
    return true;
}

/* ---- RFC 9112 6.3 and 8, item 4 --------------------------------------------------------------------- */

/* "9.2.2", "C.2.2" */
static bool is_section(const char *word)
{
    if (word[0] >= 'A' && word[0] <= 'Z' && word[1] == '.')
        word += 2;
    return is_digit(word[0]) && word[strspn(word, "0123456789.")] == '\0';
}

/* Behind "RFC "; what is no section any more ends the list, unless another RFC is named. */
static void read_rfc(const struct reading *reading, const char *text)
{
    char document[CITATION_BYTES] = "";
    char word[CITATION_BYTES];
    bool told = false;
    bool skips = false;

    while (next_word(&text, word)) {
        if (strcmp(word, "RFC") == 0) {
            if (document[0] != '\0' && !told)
                tell(reading, document, "");
            document[0] = '\0';
            told = false;
        } else if (document[0] == '\0') {
            snprintf(document, sizeof(document), "RFC %.80s", word);
        } else if (skips) {
            skips = false;
        } else if (strcmp(word, "item") == 0) {
            skips = true;
        } else if (is_section(word)) {
            tell(reading, document, word);
            told = true;
        } else if (strcmp(word, "and") != 0) {
            break;
        }
    }
    if (document[0] != '\0' && !told)
        tell(reading, document, "");
}

/* ---- acceptance matrix, section 1, rows dial and handshake -------------------------------------------- */

struct matrix_reading {
    char section[CITATION_BYTES]; /* "1" */
    const char *kind;             /* "row ", "case ", or "" */
    bool counts_cases;            /* a number is a case */
};

/* A part between commas and the word "and". */
static void read_phrase(const struct reading *reading, struct matrix_reading *matrix, char *phrase)
{
    static const struct {
        const char *word;
        const char *kind;
    } KINDS[] = {{"section ", NULL},  {"sections ", NULL}, {"rows ", "row "}, {"row ", "row "},
                 {"cases ", "case "}, {"case ", "case "},  {"options ", ""},  {"option ", ""}};
    char section[2 * CITATION_BYTES + 16];

    for (size_t i = 0; i < COUNT_OF(KINDS); i++) {
        if (!begins_with(phrase, KINDS[i].word))
            continue;
        phrase += strlen(KINDS[i].word);
        matrix->kind = KINDS[i].kind == NULL ? "" : KINDS[i].kind;
        matrix->counts_cases = strcmp(matrix->kind, "case ") == 0;
        break;
    }
    if (is_section(phrase) && !matrix->counts_cases) {
        snprintf(matrix->section, sizeof(matrix->section), "%.80s", phrase);
        matrix->kind = "";
        tell(reading, MATRIX, matrix->section);
        return;
    }
    if (phrase[0] == '\0' || matrix->section[0] == '\0')
        return;
    snprintf(section, sizeof(section), "%s, %s%s", matrix->section, matrix->kind, phrase);
    tell(reading, MATRIX, section);
}

static void read_matrix(const struct reading *reading, const char *text)
{
    struct matrix_reading matrix = {.kind = ""};
    char phrase[CITATION_BYTES] = "";
    size_t size = 0;

    for (;; text++) {
        bool and_follows = begins_with(text, " and ");
        bool ends = *text == '\0' || strchr(",()", *text) != NULL || and_follows;
        if (!ends && (size > 0 || *text != ' ') && size < sizeof(phrase) - 1)
            phrase[size++] = *text;
        if (!ends)
            continue;
        while (size > 0 && phrase[size - 1] == ' ')
            size--;
        phrase[size] = '\0';
        read_phrase(reading, &matrix, phrase);
        size = 0;
        if (*text == ')')
            matrix.counts_cases = false;
        if (*text == '\0')
            return;
        text += and_follows ? strlen(" and ") - 1 : 0;
    }
}

/* ---- others ----------------------------------------------------------------------------------------------- */

/* Whether the text begins like the name of a document that anybody can find. */
static bool is_known(const char *text)
{
    static const char *const BEGINNINGS[] = {"http://",  "https://", "docs/",    "proxy/",
                                             "decision", "write(2)", "accept(2)"};
    size_t size = strcspn(text, " ,:");

    for (size_t i = 0; i < COUNT_OF(BEGINNINGS); i++)
        if (begins_with(text, BEGINNINGS[i]))
            return true;
    return size > 2 && strncmp(text + size - 2, ".h", 2) == 0;
}

static void read_part(struct reading *reading, const char *part)
{
    bool goes_on = reading->in_matrix && begins_with(part, "section");

    reading->in_matrix = goes_on || begins_with(part, MATRIX);
    if (begins_with(part, "RFC "))
        read_rfc(reading, part);
    else if (reading->in_matrix)
        read_matrix(reading, goes_on ? part : part + strlen(MATRIX));
    else if (is_known(part))
        tell(reading, "", part);
}

void citations_read(const char *source, citation_callback *on_citation, void *owner)
{
    struct reading reading = {.on_citation = on_citation, .owner = owner};
    struct bytes rest = bytes_of(source);

    while (rest.size > 0) {
        const uint8_t *end = memchr(rest.data, ';', rest.size);
        size_t size = end != NULL ? (size_t)(end - rest.data) : rest.size;
        struct bytes trimmed = bytes_trim(bytes_make(rest.data, size));
        char part[512]; /* the longest source of the suite is half as long */
        snprintf(part, sizeof(part), "%.*s", (int)trimmed.size, (const char *)trimmed.data);
        read_part(&reading, part);
        size += end != NULL ? 1 : 0;
        rest = bytes_make(rest.data + size, rest.size - size);
    }
}
