#include "harness/foreign/configure_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char BEGINNING[] = "==> ";
static const char END[] = " <==";

enum { FILE_MODE = 0644 }; /* a proxy that gave up its rights reads it too */

/* The name in a heading; size 0 when the line is none. */
static struct bytes heading_name(struct bytes line)
{
    size_t around = strlen(BEGINNING) + strlen(END);

    if (line.size <= around || memcmp(line.data, BEGINNING, strlen(BEGINNING)) != 0 ||
        memcmp(line.data + line.size - strlen(END), END, strlen(END)) != 0)
        return bytes_make(NULL, 0);
    return bytes_make(line.data + strlen(BEGINNING), line.size - around);
}

/* The first line, without its newline. */
static struct bytes first_line(struct bytes text)
{
    const uint8_t *end = text.size == 0 ? NULL : memchr(text.data, '\n', text.size);

    return bytes_make(text.data, end == NULL ? text.size : (size_t)(end - text.data));
}

static void drop(struct bytes *text, size_t size)
{
    text->data += size;
    text->size -= size;
}

static bool take_name(struct bytes name, struct configure_output_part *part,
                      char error[CONFIGURE_OUTPUT_ERROR_BYTES])
{
    if (name.size >= sizeof(part->name) || memchr(name.data, '/', name.size) != NULL ||
        memchr(name.data, '\0', name.size) != NULL || bytes_equal_text(name, ".") ||
        bytes_equal_text(name, "..") || bytes_equal_text(name, CONFIGURE_OUTPUT_NAME)) {
        snprintf(error, CONFIGURE_OUTPUT_ERROR_BYTES,
                 "prints a file '%.*s': a name of the subject's own folder is needed, other than "
                 "'" CONFIGURE_OUTPUT_NAME "'",
                 name.size > 80 ? 80 : (int)name.size, (const char *)name.data);
        return false;
    }
    memcpy(part->name, name.data, name.size);
    part->name[name.size] = '\0';
    return true;
}

bool configure_output_take(struct bytes *rest, struct configure_output_part *part,
                           char error[CONFIGURE_OUTPUT_ERROR_BYTES])
{
    struct bytes line = first_line(*rest);
    struct bytes name = heading_name(line);

    if (name.size > 0) {
        if (!take_name(name, part, error))
            return false;
        drop(rest, line.size < rest->size ? line.size + 1 : line.size);
    } else {
        snprintf(part->name, sizeof(part->name), CONFIGURE_OUTPUT_NAME);
    }
    part->text = bytes_make(rest->data, 0);
    while (rest->size > 0) {
        line = first_line(*rest);
        if (heading_name(line).size > 0)
            return true;
        size_t size = line.size < rest->size ? line.size + 1 : line.size;
        part->text.size += size;
        drop(rest, size);
    }
    return true;
}

static bool write_part(const struct configure_output_part *part, const char *folder,
                       char error[CONFIGURE_OUTPUT_ERROR_BYTES])
{
    char path[PATH_MAX];

    int size = snprintf(path, sizeof(path), "%s/%s", folder, part->name);
    int descriptor =
        size >= (int)sizeof(path)
            ? -1
            : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    FILE *out = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    bool written =
        out != NULL && fwrite(part->text.data, 1, part->text.size, out) == part->text.size;
    if (out != NULL)
        written = fclose(out) == 0 && written;
    if (!written)
        snprintf(error, CONFIGURE_OUTPUT_ERROR_BYTES,
                 "prints a file '%.80s', which cannot be written: %s", part->name, strerror(errno));
    return written;
}

bool configure_output_write(struct bytes text, const char *folder,
                            char error[CONFIGURE_OUTPUT_ERROR_BYTES])
{
    struct configure_output_part part = {.name = CONFIGURE_OUTPUT_NAME};

    /* There is a configuration even if the first line is a heading already, or nothing at all stands there. */
    if (text.size == 0 || heading_name(first_line(text)).size > 0) {
        part.text = bytes_make("", 0);
        if (!write_part(&part, folder, error))
            return false;
    }
    while (text.size > 0)
        if (!configure_output_take(&text, &part, error) || !write_part(&part, folder, error))
            return false;
    return true;
}
