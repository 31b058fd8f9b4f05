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

const struct field *head_find(const struct head *head, const char *name)
{
    struct bytes wanted = bytes_of(name);

    for (size_t i = 0; i < head->field_count; i++)
        if (bytes_equal_nocase(head->fields[i].name, wanted))
            return &head->fields[i];
    return NULL;
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
