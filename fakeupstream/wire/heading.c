#include "fakeupstream/wire/heading.h"

#include <stdlib.h>
#include <string.h>

#include "world/base/check.h"

enum { FIELDS_FIRST = 32 }; /* most heads have fewer */

void transcript_fault(struct transcript_faults *faults, const char *sentence)
{
    if (faults->count < TRANSCRIPT_FAULTS_MAX)
        faults->list[faults->count] =
            (struct transcript_fault){.message = faults->message, .sentence = sentence};
    faults->count++;
}

/* tchar of RFC 9110 5.6.2: letters, digits and !#$%&'*+-.^_`|~ */
static const bool IS_TOKEN[256] = {
    ['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true, ['\''] = true,
    ['*'] = true, ['+'] = true, ['-'] = true, ['.'] = true, ['^'] = true, ['_'] = true,
    ['`'] = true, ['|'] = true, ['~'] = true, ['0'] = true, ['1'] = true, ['2'] = true,
    ['3'] = true, ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true,
    ['9'] = true, ['a'] = true, ['b'] = true, ['c'] = true, ['d'] = true, ['e'] = true,
    ['f'] = true, ['g'] = true, ['h'] = true, ['i'] = true, ['j'] = true, ['k'] = true,
    ['l'] = true, ['m'] = true, ['n'] = true, ['o'] = true, ['p'] = true, ['q'] = true,
    ['r'] = true, ['s'] = true, ['t'] = true, ['u'] = true, ['v'] = true, ['w'] = true,
    ['x'] = true, ['y'] = true, ['z'] = true, ['A'] = true, ['B'] = true, ['C'] = true,
    ['D'] = true, ['E'] = true, ['F'] = true, ['G'] = true, ['H'] = true, ['I'] = true,
    ['J'] = true, ['K'] = true, ['L'] = true, ['M'] = true, ['N'] = true, ['O'] = true,
    ['P'] = true, ['Q'] = true, ['R'] = true, ['S'] = true, ['T'] = true, ['U'] = true,
    ['V'] = true, ['W'] = true, ['X'] = true, ['Y'] = true, ['Z'] = true,
};

static bool is_token(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!IS_TOKEN[text.data[i]])
            return false;
    return text.size > 0;
}

/* Whether any of eight bytes is below SP, HTAB among them, or DEL: a borrow reaches the top bit of such a byte alone. */
static bool may_have_control(const uint8_t *data)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t word, from_del;

    memcpy(&word, data, sizeof(word));
    from_del = word ^ each * 0x7f;
    return (((word - each * ' ') & ~word) | ((from_del - each) & ~from_del)) & each * 0x80;
}

/* The last eight bytes are looked at together too, though some of them have been looked at before. */
static bool has_control(struct bytes text)
{
    const size_t word = sizeof(uint64_t);
    size_t at = 0;

    while (text.size - at >= word && !may_have_control(text.data + at))
        at += word;
    if (text.size >= word && text.size - at < word &&
        !may_have_control(text.data + text.size - word))
        return false;
    for (; at < text.size; at++)
        if ((text.data[at] < ' ' && text.data[at] != '\t') || text.data[at] == 0x7f)
            return true;
    return false;
}

static bool read_version(struct heading *heading, struct bytes text)
{
    if (text.size != sizeof("HTTP/1.1") - 1 || memcmp(text.data, "HTTP/1.", 7) != 0 ||
        text.data[7] < '0' || text.data[7] > '9')
        return false;
    heading->version_minor = (unsigned)(text.data[7] - '0');
    return true;
}

/* Takes the part up to the next space off the front; the rest if there is none. */
static struct bytes take_word(struct bytes *line)
{
    const uint8_t *space = line->size == 0 ? NULL : memchr(line->data, ' ', line->size);
    size_t size = space == NULL ? line->size : (size_t)(space - line->data);
    struct bytes word = bytes_make(line->data, size);

    line->data += size + (space != NULL);
    line->size -= size + (space != NULL);
    return word;
}

/* RFC 9112 3 */
bool heading_read_request_line(struct heading *heading, struct bytes line)
{
    heading->method = take_word(&line);
    heading->target = take_word(&line);
    if (!is_token(heading->method) || heading->target.size == 0 || has_control(heading->target) ||
        !read_version(heading, line))
        return false;
    heading->asks_no_body = bytes_equal_text(heading->method, "HEAD");
    heading->asks_tunnel = bytes_equal_text(heading->method, "CONNECT");
    return true;
}

/* RFC 9112 4 */
bool heading_read_status_line(struct heading *heading, struct bytes line,
                              struct transcript_faults *faults)
{
    struct bytes version = take_word(&line);
    struct bytes digits;
    uint64_t status;

    if (line.size == 3)
        transcript_fault(faults, "a status line without the space after the status");
    digits = take_word(&line);
    if (!read_version(heading, version) || digits.size != 3 ||
        !bytes_to_u64(digits, 999, &status) || status < 100 || has_control(line))
        return false;
    heading->status = (unsigned)status;
    heading->reason = line;
    heading->interim = status < 200 && status != 101;
    return true;
}

/* Memory is asked for only here. The number is bounded, so running out is the machine's end. */
static void add_field(struct field_store *store, struct message_field field,
                      struct transcript_faults *faults)
{
    if (store->count == HEADING_FIELDS_MAX) {
        transcript_fault(faults, "more fields than anybody sends");
        return;
    }
    if (store->count == store->capacity) {
        size_t capacity = store->capacity == 0 ? FIELDS_FIRST : store->capacity * 2;

        store->fields = realloc(store->fields, capacity * sizeof(*store->fields));
        check(store->fields != NULL);
        store->capacity = capacity;
    }
    store->fields[store->count++] = field;
}

/* One field line, without its end (RFC 9112 5). */
static void read_field(struct bytes line, struct field_store *store,
                       struct transcript_faults *faults)
{
    const uint8_t *colon = memchr(line.data, ':', line.size);
    struct message_field field;
    size_t size;

    if (line.data[0] == ' ' || line.data[0] == '\t') {
        transcript_fault(faults, "a folded field line");
        return;
    }
    if (colon == NULL) {
        transcript_fault(faults, "a field line without a colon");
        return;
    }
    size = (size_t)(colon - line.data);
    field.name = bytes_make(line.data, size);
    field.value = bytes_trim(bytes_make(colon + 1, line.size - size - 1));
    if (!is_token(field.name))
        transcript_fault(faults, "a field name that is no token");
    if (has_control(field.value))
        transcript_fault(faults, "a control character in a field value");
    add_field(store, field, faults);
}

struct bytes heading_take_line(struct bytes *text)
{
    const uint8_t *end = memchr(text->data, '\n', text->size);
    struct bytes line;

    check(end != NULL);
    line = bytes_make(text->data, (size_t)(end - text->data));
    text->data += line.size + 1;
    text->size -= line.size + 1;
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    return line;
}

void heading_read_fields(struct bytes text, struct field_store *store,
                         struct transcript_faults *faults)
{
    store->count = 0;
    while (text.size > 0) {
        struct bytes line = heading_take_line(&text);

        if (line.size > 0)
            read_field(line, store, faults);
    }
}

static void read_length(struct bytes value, struct framing_facts *facts,
                        struct transcript_faults *faults)
{
    struct bytes one;

    if (value.size == 0)
        facts->length_wrong = true;
    while (bytes_take_list_element(&value, &one)) {
        uint64_t length;

        if (!bytes_to_u64(one, UINT64_MAX, &length)) {
            facts->length_wrong = true;
            continue;
        }
        if (facts->length_known) {
            transcript_fault(faults, "more than one Content-Length");
            facts->length_wrong = facts->length_wrong || length != facts->length;
            continue;
        }
        facts->length_known = true;
        facts->length = length;
    }
}

static void read_codings(struct bytes value, struct framing_facts *facts,
                         struct transcript_faults *faults)
{
    struct bytes one;

    facts->coded = true;
    while (bytes_take_list_element(&value, &one)) {
        if (facts->chunked_last)
            transcript_fault(faults, "a transfer coding after chunked");
        facts->chunked_last = bytes_equal_text_nocase(one, "chunked");
    }
}

struct framing_facts heading_read_facts(const struct heading *heading,
                                        struct transcript_faults *faults)
{
    struct framing_facts facts = {.coded = false};

    for (size_t i = 0; i < heading->field_count; i++) {
        struct bytes name = heading->fields[i].name;
        struct bytes value = heading->fields[i].value;
        struct bytes one;

        if (bytes_equal_text_nocase(name, "Content-Length")) {
            read_length(value, &facts, faults);
        } else if (bytes_equal_text_nocase(name, "Transfer-Encoding")) {
            read_codings(value, &facts, faults);
        } else if (bytes_equal_text_nocase(name, "Connection")) {
            while (bytes_take_list_element(&value, &one)) {
                facts.close = facts.close || bytes_equal_text_nocase(one, "close");
                facts.keep_alive = facts.keep_alive || bytes_equal_text_nocase(one, "keep-alive");
            }
        } else if (bytes_equal_text_nocase(name, "Host")) {
            facts.hosts++;
        }
    }
    if (facts.coded && (facts.length_known || facts.length_wrong))
        transcript_fault(faults, "both Content-Length and Transfer-Encoding (RFC 9112 6.1)");
    if (facts.coded && heading->version_minor == 0)
        transcript_fault(faults, "an HTTP/1.0 message with Transfer-Encoding (RFC 9112 6.1)");
    return facts;
}
