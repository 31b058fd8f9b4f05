#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "fakeupstream/secure/authority.h"

enum { FILE_BYTES = 8192 };

/* A certificate of each kind, and what OpenSSL finds wrong with it in 2026 for "a.test". */
struct row {
    const char *name;
    enum authority_kind kind;
    int verdict;
    bool is_for_a; /* the name is its */
};

static const struct row ROWS[] = {
    {"a good certificate", AUTHORITY_GOOD, X509_V_OK, true},
    {"an expired one", AUTHORITY_EXPIRED, X509_V_ERR_CERT_HAS_EXPIRED, true},
    {"one that is not yet valid", AUTHORITY_NOT_YET_VALID, X509_V_ERR_CERT_NOT_YET_VALID, true},
    {"one for another name", AUTHORITY_WRONG_NAME, X509_V_OK, false},
    {"one by an unknown authority", AUTHORITY_UNKNOWN_CA,
     X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, true},
    {"one by itself", AUTHORITY_SELF_SIGNED, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, true},
};

static X509 *load(const char *path)
{
    FILE *file = fopen(path, "r");
    X509 *certificate;

    assert_non_null(file);
    certificate = PEM_read_X509(file, NULL, NULL, NULL);
    assert_int_equal(fclose(file), 0);
    assert_non_null(certificate);
    return certificate;
}

/* The verdict at the end of November 2026, so that it does not hang on this machine's clock. */
static int verify(const char *ca_path, X509 *certificate)
{
    const time_t when = 1795305600;
    X509 *ca = load(ca_path);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    int verdict;

    assert_int_equal(X509_STORE_add_cert(store, ca), 1);
    assert_int_equal(X509_STORE_CTX_init(context, store, certificate, NULL), 1);
    X509_STORE_CTX_set_time(context, 0, when);
    (void)X509_verify_cert(context);
    verdict = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(ca);
    return verdict;
}

static void a_certificate_is_as_good_as_its_kind(void **state)
{
    const struct row *row = *state;
    struct authority *authority = authority_create();
    X509 *certificate;

    assert_non_null(authority);
    certificate = load(authority_certificate_path(authority, row->kind, "a", NULL));
    assert_int_equal(verify(authority_ca_path(authority), certificate), row->verdict);
    assert_int_equal(X509_check_host(certificate, "a.test", 0, 0, NULL), row->is_for_a);
    X509_free(certificate);
    authority_destroy(&authority);
    assert_null(authority);
}

static void a_certificate_is_for_its_names_alone(void **state)
{
    struct authority *authority = authority_create();
    X509 *certificate;

    (void)state;
    certificate = load(authority_certificate_path(authority, AUTHORITY_GOOD, "a", "shop.example"));
    assert_int_equal(X509_check_host(certificate, "a.test", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(certificate, "shop.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(certificate, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "::1", 0), 1);
    assert_int_equal(X509_check_host(certificate, "b.test", 0, 0, NULL), 0);
    assert_int_equal(X509_check_ip_asc(certificate, "127.0.0.2", 0), 0);
    X509_free(certificate);
    authority_destroy(&authority);
}

static size_t read_whole(const char *path, char text[FILE_BYTES])
{
    FILE *file = fopen(path, "r");
    size_t size;

    assert_non_null(file);
    size = fread(text, 1, FILE_BYTES, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(size, 100, FILE_BYTES - 1);
    return size;
}

static void equal_certificates_have_equal_bytes(void **state)
{
    static char texts[2][FILE_BYTES];
    size_t sizes[2];

    (void)state;
    for (int run = 0; run < 2; run++) {
        struct authority *authority = authority_create();

        sizes[run] = read_whole(
            authority_certificate_path(authority, AUTHORITY_EXPIRED, "a", "h.test"), texts[run]);
        authority_destroy(&authority);
    }
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(texts[0], texts[1], sizes[0]);
}

static void a_certificate_is_made_once(void **state)
{
    struct authority *authority = authority_create();
    const char *path = authority_certificate_path(authority, AUTHORITY_GOOD, "a", NULL);

    (void)state;
    assert_ptr_equal(authority_certificate_path(authority, AUTHORITY_GOOD, "a", NULL), path);
    assert_ptr_not_equal(authority_certificate_path(authority, AUTHORITY_GOOD, "b", NULL), path);
    assert_ptr_not_equal(authority_certificate_path(authority, AUTHORITY_GOOD, "a", "h"), path);
    assert_ptr_not_equal(authority_certificate_path(authority, AUTHORITY_EXPIRED, "a", NULL), path);
    authority_destroy(&authority);
}

/* The subject of a scenario may be a process of its own, which closed what it did not need. */
static void a_child_can_read_the_files(void **state)
{
    struct authority *authority = authority_create();
    const char *path = authority_certificate_path(authority, AUTHORITY_GOOD, "a", NULL);
    int status;
    pid_t child;

    (void)state;
    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execlp("grep", "grep", "-q", "PRIVATE KEY", path, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    authority_destroy(&authority);
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(a_certificate_is_for_its_names_alone),
        cmocka_unit_test(equal_certificates_have_equal_bytes),
        cmocka_unit_test(a_certificate_is_made_once),
        cmocka_unit_test(a_child_can_read_the_files),
    };
    struct CMUnitTest rows[COUNT_OF(ROWS)];

    for (size_t i = 0; i < COUNT_OF(ROWS); i++)
        rows[i] = (struct CMUnitTest){.name = ROWS[i].name,
                                      .test_func = a_certificate_is_as_good_as_its_kind,
                                      .initial_state = (void *)(uintptr_t)&ROWS[i]};
    return cmocka_run_group_tests_name("kinds", rows, NULL, NULL) +
           cmocka_run_group_tests_name("authority", others, NULL, NULL);
}
