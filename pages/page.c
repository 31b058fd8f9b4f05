#include "pages/page.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

#include "pages/base64.h"
#include "pages/page_files.h"
#include "pages/repeats.h"

enum {
    GZIP_WINDOW_BITS =
        15 + 16,           /* the largest window, and a gzip header (RFC 1952) instead of zlib's */
    GZIP_MEMORY_LEVEL = 9, /* of 1 to 9: the fastest */
    GZIP_CHUNK_BYTES = 64 * 1024,
};

/* What a page may do beside running its own modules. Nothing of any network, but for what it was served from itself. */
static const char POLICY[] =
    "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'";

struct page_kind {
    const char *folder;  /* its modules; those of parts/ belong to every page */
    const char *main;    /* the module that is begun */
    const char *connect; /* the rest of the policy */
    const char *needs_script;
};

static const struct page_kind KINDS[PAGE_COUNT] = {
    [PAGE_REPORT] = {"report/", "retryproof/report/main", "",
                     "This report needs JavaScript, which is switched off. All it needs is in this "
                     "file; the same "
                     "results are in the JSON and Markdown reports."},
    [PAGE_LIVE] = {"live/", "retryproof/live/main", "; connect-src 'self'",
                   "This page needs JavaScript, which is switched off. What it shows is also at "
                   "/api/requests and "
                   "/metrics."},
};

/* ---- text ---------------------------------------------------------------------------------------- */

/* RCDATA and attribute values in double quotes: what could end either is escaped, and what HTML takes for a mistake. */
static void put_escaped(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        const unsigned char byte = (unsigned char)*text;

        if (byte == '&')
            fputs("&amp;", out);
        else if (byte == '<')
            fputs("&lt;", out);
        else if (byte == '>')
            fputs("&gt;", out);
        else if (byte == '"')
            fputs("&quot;", out);
        else
            putc(byte < ' ' || byte == 0x7F ? ' ' : byte, out);
    }
}

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool ends_with(const char *text, const char *suffix)
{
    const size_t size = strlen(text);
    const size_t suffix_size = strlen(suffix);

    return size >= suffix_size && strcmp(text + size - suffix_size, suffix) == 0;
}

/* ---- what is embedded ---------------------------------------------------------------------------- */

static bool is_of_page(const struct page_file *file, const struct page_kind *kind,
                       const char *suffix)
{
    return ends_with(file->path, suffix) &&
           (begins_with(file->path, "parts/") || begins_with(file->path, kind->folder));
}

/* A page's own styles come behind the shared ones, so that they win. */
static void put_styles_below(const char *folder, FILE *out)
{
    size_t count = 0;
    const struct page_file *files = page_files(&count);

    for (size_t i = 0; i < count; i++)
        if (begins_with(files[i].path, folder) && ends_with(files[i].path, ".css"))
            fwrite(files[i].text, 1, files[i].size, out);
}

/* The module as a data: URL. Its last line gives it a name in the browser's own messages. */
static void put_module(const struct page_file *file, FILE *out)
{
    static const char NAME_LINE[] = "\n//# sourceURL=retryproof/";
    const size_t name_size = strlen(file->path) - strlen(".js");
    struct base64 base64;

    fprintf(out, "\"retryproof/%.*s\":\"data:text/javascript;charset=utf-8;base64,", (int)name_size,
            file->path);
    base64_begin(&base64, out);
    base64_put(&base64, file->text, file->size);
    base64_put(&base64, NAME_LINE, sizeof(NAME_LINE) - 1);
    base64_put(&base64, file->path, strlen(file->path));
    base64_put(&base64, "\n", 1);
    base64_end(&base64);
    putc('"', out);
}

static void put_import_map(const struct page_kind *kind, FILE *out)
{
    size_t count = 0;
    const struct page_file *files = page_files(&count);
    bool follows = false;

    fputs("<script type=\"importmap\">{\"imports\":{\n", out);
    for (size_t i = 0; i < count; i++) {
        if (!is_of_page(&files[i], kind, ".js"))
            continue;
        if (follows)
            fputs(",\n", out);
        put_module(&files[i], out);
        follows = true;
    }
    fputs("\n}}</script>\n", out);
}

/* ---- the document -------------------------------------------------------------------------------- */

/* The page's modules begin when all of the document is there: a module script waits for that (HTML 4.12.1). */
void page_begin(enum page page, const char *title, FILE *out)
{
    check(page < PAGE_COUNT);
    check(title != NULL);
    const struct page_kind *kind = &KINDS[page];

    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", out);
    fprintf(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"%s%s\">\n", POLICY,
            kind->connect);
    fputs("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<meta name=\"referrer\" content=\"no-referrer\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n<title>",
          out);
    put_escaped(title, out);
    fputs("</title>\n<style>\n", out);
    put_styles_below("parts/", out);
    put_styles_below(kind->folder, out);
    fputs("</style>\n", out);
    put_import_map(kind, out);
    fprintf(out, "<script type=\"module\">import \"%s\";</script>\n</head>\n<body>\n", kind->main);
    fprintf(out, "<noscript><p>%s</p></noscript>\n<div id=\"page\"></div>\n", kind->needs_script);
}

/* What is put into a page on its way through the compressor. */
struct packer {
    z_stream stream;
    struct base64 base64;
};

/* Takes size bytes, or ends the stream, in pieces of its output. */
static void pack(struct packer *packer, const void *data, size_t size, int flush)
{
    unsigned char chunk[GZIP_CHUNK_BYTES];
    int state;

    check(size <= UINT_MAX);                                   /* zlib counts its input so */
    packer->stream.next_in = (unsigned char *)(uintptr_t)data; /* and reads it only */
    packer->stream.avail_in = (unsigned)size;
    do {
        packer->stream.next_out = chunk;
        packer->stream.avail_out = sizeof(chunk);
        state = deflate(&packer->stream, flush);
        check(state != Z_STREAM_ERROR);
        base64_put(&packer->base64, chunk, sizeof(chunk) - packer->stream.avail_out);
    } while (flush == Z_FINISH ? state != Z_STREAM_END : packer->stream.avail_out == 0);
}

static void pack_piece(void *owner, const void *data, size_t size)
{
    static const size_t PIECE_MAX = 1u << 30;
    const unsigned char *from = data;

    while (size > 0) {
        const size_t now = size < PIECE_MAX ? size : PIECE_MAX;

        pack(owner, from, now, Z_NO_FLUSH);
        from += now;
        size -= now;
    }
}

static bool is_data_id(const char *id)
{
    static const char ALLOWED[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

    return *id != '\0' && id[strspn(id, ALLOWED)] == '\0';
}

bool page_put_data(const char *id, const void *data, size_t size, FILE *out)
{
    struct packer packer = {.stream = {0}};

    check(is_data_id(id));
    if (deflateInit2(&packer.stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    fprintf(out, "<script type=\"text/plain\" id=\"data-%s\">", id);
    base64_begin(&packer.base64, out);
    const bool whole = repeats_put(data, size, pack_piece, &packer);
    pack(&packer, NULL, 0, Z_FINISH);
    base64_end(&packer.base64);
    deflateEnd(&packer.stream);
    fputs("</script>\n", out);
    return whole;
}

void page_end(FILE *out)
{
    fputs("</body>\n</html>\n", out);
}
