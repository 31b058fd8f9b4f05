#include "retryproof/head.h"

#include <string.h>

void head_init(struct head *head, uint8_t *storage, size_t storage_max)
{
    check(storage != NULL || storage_max == 0);
    *head = (struct head){.storage = storage, .storage_max = storage_max};
}

/* Fields past field_count are dead, so they are left as they are: a head is cleared for every message. */
void head_clear(struct head *head)
{
    head->method = head->target = head->reason = bytes_make(NULL, 0);
    head->status = 0;
    head->minor = 0;
    head->field_count = 0;
    head->storage_used = 0;
}

bool head_store(struct head *head, struct bytes text, struct bytes *out)
{
    check(head->storage_used <= head->storage_max);
    if (text.size > head->storage_max - head->storage_used)
        return false;
    *out = bytes_make(head->storage + head->storage_used, text.size);
    if (text.size > 0)
        memcpy(head->storage + head->storage_used, text.data, text.size);
    head->storage_used += text.size;
    return true;
}

bool head_append(struct head *head, struct bytes name, struct bytes value)
{
    if (head->field_count == HEAD_FIELDS_MAX)
        return false;
    head->fields[head->field_count++] = (struct field){.name = name, .value = bytes_trim(value)};
    return true;
}

bool head_add(struct head *head, struct bytes name, struct bytes value)
{
    size_t used = head->storage_used;
    struct bytes name_kept;
    struct bytes value_kept;

    if (head_store(head, name, &name_kept) && head_store(head, bytes_trim(value), &value_kept) &&
        head_append(head, name_kept, value_kept))
        return true;
    head->storage_used = used;
    return false;
}

/* Where the first field of that name stands, or field_count. */
static size_t find_place(const struct head *head, struct bytes name)
{
    size_t place = 0;

    while (place < head->field_count && !bytes_equal_nocase(head->fields[place].name, name))
        place++;
    return place;
}

const struct field *head_find(const struct head *head, const char *name)
{
    size_t place = find_place(head, bytes_of(name));

    return place < head->field_count ? &head->fields[place] : NULL;
}

bool head_list_has(const struct head *head, const char *name, const char *element)
{
    struct bytes wanted = bytes_of(name);

    for (size_t i = 0; i < head->field_count; i++) {
        struct bytes list = head->fields[i].value;
        struct bytes found;

        if (!bytes_equal_nocase(head->fields[i].name, wanted))
            continue;
        while (bytes_take_list_element(&list, &found))
            if (bytes_equal_text_nocase(found, element))
                return true;
    }
    return false;
}

size_t head_count(const struct head *head, const char *name)
{
    struct bytes wanted = bytes_of(name);
    size_t count = 0;

    for (size_t i = 0; i < head->field_count; i++)
        count += bytes_equal_nocase(head->fields[i].name, wanted);
    return count;
}

/* ---- changing a head that stands ----------------------------------------------------------------- */

/* tchar of RFC 9110 5.6.2. */
static bool is_token(struct bytes text)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!is_word && memchr(marks, c, sizeof(marks) - 1) == NULL)
            return false;
    }
    return text.size > 0;
}

/* RFC 9110 5.5: visible bytes, those above ASCII, and white space between them. */
static bool is_value(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

bool head_field_is_valid(struct bytes name, struct bytes value)
{
    return is_token(name) && is_value(value);
}

/* Removes the fields of that name from a place on; how many there were. */
static size_t remove_from(struct head *head, size_t place, struct bytes name)
{
    size_t count = head->field_count;
    size_t kept = place;

    for (size_t i = place; i < count; i++)
        if (!bytes_equal_nocase(head->fields[i].name, name))
            head->fields[kept++] = head->fields[i];
    head->field_count = kept;
    return count - kept;
}

size_t head_remove(struct head *head, const char *name)
{
    return remove_from(head, 0, bytes_of(name));
}

bool head_set(struct head *head, const char *name, const char *value)
{
    struct bytes wanted = bytes_of(name);
    struct bytes text = bytes_trim(bytes_of(value));
    size_t place = find_place(head, wanted);
    struct bytes kept;

    if (!head_field_is_valid(wanted, text))
        return false;
    if (place == head->field_count)
        return head_add(head, wanted, text);
    if (!head_store(head, text, &kept))
        return false;
    head->fields[place].value = kept;
    (void)remove_from(head, place + 1, wanted);
    return true;
}

bool head_copy(struct head *copy, const struct head *head)
{
    bool fits;

    check(copy != head);
    head_clear(copy);
    copy->status = head->status;
    copy->minor = head->minor;
    fits = head_store(copy, head->method, &copy->method) &&
           head_store(copy, head->target, &copy->target) &&
           head_store(copy, head->reason, &copy->reason);
    for (size_t i = 0; i < head->field_count && fits; i++)
        fits = head_add(copy, head->fields[i].name, head->fields[i].value);
    if (!fits)
        head_clear(copy);
    return fits;
}
