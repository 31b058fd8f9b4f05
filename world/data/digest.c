#include "world/data/digest.h"

#include <string.h>

#include <openssl/evp.h>

#include "world/base/check.h"

/* libcrypto refuses SHA-256 only when it has no memory or no default provider. */
static void begin(struct digest *digest)
{
    EVP_MD_CTX *context = digest->context;
    bool fresh = context == NULL;
    int begun;

    if (fresh)
        context = EVP_MD_CTX_new();
    check(context != NULL);
    /* Without naming the algorithm again, libcrypto does not look it up again: half a microsecond. */
    begun = EVP_DigestInit_ex2(context, fresh ? EVP_sha256() : NULL, NULL);
    check(begun == 1);
    digest->context = context;
    digest->begun = true;
}

void digest_init(struct digest *digest)
{
    *digest = (struct digest){0};
}

void digest_release(struct digest *digest)
{
    EVP_MD_CTX_free(digest->context);
    *digest = (struct digest){0};
}

void digest_reset(struct digest *digest)
{
    digest->begun = false;
}

void digest_update(struct digest *digest, const void *data, size_t size)
{
    int updated;

    if (size == 0)
        return;
    if (!digest->begun)
        begin(digest);
    updated = EVP_DigestUpdate(digest->context, data, size);
    check(updated == 1);
}

/* FIPS 180-4: what SHA-256 makes of nothing. */
static const uint8_t DIGEST_OF_NOTHING[DIGEST_BYTES] = {
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
};

void digest_finish(struct digest *digest, uint8_t out[DIGEST_BYTES])
{
    int finished;

    if (!digest->begun) {
        memcpy(out, DIGEST_OF_NOTHING, DIGEST_BYTES);
        return;
    }
    finished = EVP_DigestFinal_ex(digest->context, out, NULL);
    check(finished == 1);
    digest_reset(digest);
}

void digest_peek(const struct digest *digest, uint8_t out[DIGEST_BYTES])
{
    struct digest copy = {0};
    int copied;

    if (digest->begun) {
        copy.context = EVP_MD_CTX_new();
        check(copy.context != NULL);
        copied = EVP_MD_CTX_copy_ex(copy.context, digest->context);
        check(copied == 1);
        copy.begun = true;
    }
    digest_finish(&copy, out);
    digest_release(&copy);
}

const char *digest_format(const uint8_t digest[DIGEST_BYTES], char text[DIGEST_TEXT_BYTES])
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        text[2 * i] = hex[digest[i] >> 4];
        text[2 * i + 1] = hex[digest[i] & 15];
    }
    text[DIGEST_TEXT_BYTES - 1] = '\0';
    return text;
}
