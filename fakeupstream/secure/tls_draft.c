#include "fakeupstream/secure/tls_draft.h"

#include <string.h>

static const char *const UPSTREAM_KEYS[] = {"certificate", "versions", "client-certificate",
                                            "alpn",        "tickets",  NULL};
static const char *const CLIENT_KEYS[] = {"sni",    "alpn",    "certificate", "version",
                                          "verify", "tickets", NULL};
static const char *const VERSION_WORDS[] = {"1.2", "1.3", NULL};
static const char *const KIND_WORDS[] = {
    "good", "expired", "not-yet-valid", "wrong-name", "unknown-ca", "self-signed", NULL};
static const char *const CLIENT_KIND_WORDS[] = {"good", "unknown-ca", "none", NULL};
static const char *const REQUIRED_WORDS[] = {"required", NULL};

/* Words of the fault list that are no kinds of certificates; "good" is the first of the kinds. */
static const char *const FAULT_WORDS[] = {
#define FAULT_TEXT(name, word, side) word,
    TLS_FAULT_LIST(FAULT_TEXT)
#undef FAULT_TEXT
        NULL};

static const char FAULT_SIDES[] = {
#define FAULT_SIDE(name, word, side) side,
    TLS_FAULT_LIST(FAULT_SIDE)
#undef FAULT_SIDE
};

enum { WORDS_MAX = TLS_FAULT_COUNT + COUNT_OF(KIND_WORDS) };

/* What is being read, passed along instead of five parameters. */
struct reading {
    struct tls_draft *draft;
    struct yaml_error *error;
};

static const enum tls_version VERSIONS[] = {TLS_1_2, TLS_1_3};

static bool read_version(const struct reading *reading, const struct yaml_node *node)
{
    int word = yaml_word(node, "a version of TLS", VERSION_WORDS, reading->error);
    enum tls_version version;

    if (word < 0)
        return false;
    version = VERSIONS[word];
    if (reading->draft->lowest == TLS_DEFAULT_VERSION || version < reading->draft->lowest)
        reading->draft->lowest = version;
    if (version > reading->draft->highest)
        reading->draft->highest = version;
    return true;
}

static bool read_versions(const struct reading *reading, const struct yaml_node *map)
{
    const struct yaml_node *versions = yaml_get(map, "versions");

    if (versions == NULL)
        return true;
    if (versions->kind != YAML_LIST || versions->count == 0)
        return yaml_fail(reading->error, versions, "`versions` is a list such as [1.2, 1.3]");
    for (const struct yaml_node *one = versions->first; one != NULL; one = one->next)
        if (!read_version(reading, one))
            return false;
    return true;
}

static bool read_alpn(const struct reading *reading, const struct yaml_node *map)
{
    const struct yaml_node *alpn = yaml_get(map, "alpn");
    struct tls_draft *draft = reading->draft;

    if (alpn == NULL)
        return true;
    if (alpn->kind != YAML_LIST || alpn->count == 0 || alpn->count > TLS_DRAFT_ALPN_MAX)
        return yaml_fail(reading->error, alpn, "`alpn` is a list of 1 to %d protocols",
                         TLS_DRAFT_ALPN_MAX);
    for (const struct yaml_node *one = alpn->first; one != NULL; one = one->next)
        if (!yaml_text(one, "a protocol", &draft->alpn[draft->alpn_count++], reading->error))
            return false;
    return true;
}

static bool read_flag(const struct reading *reading, const struct yaml_node *map, const char *key,
                      bool *out)
{
    const struct yaml_node *node = yaml_get(map, key);

    return node == NULL || yaml_bool(node, key, out, reading->error);
}

/* *done: it was a truth value, and there is nothing more to read. */
static bool read_switch(const struct reading *reading, const struct yaml_node *node, bool *done)
{
    *done = node->kind != YAML_MAP;
    reading->draft->on = true;
    if (node->kind == YAML_LIST)
        return yaml_fail(reading->error, node, "`tls` is true, false, a word or a map");
    return *done ? yaml_bool(node, "tls", &reading->draft->on, reading->error) : true;
}

bool tls_draft_parse_upstream(const struct yaml_node *node, struct tls_draft *out,
                              struct yaml_error *error)
{
    const struct reading reading = {.draft = out, .error = error};
    const struct yaml_node *certificate;
    const struct yaml_node *required;
    bool done;
    int word = 0;

    *out = (struct tls_draft){.own_certificate = true};
    if (!read_switch(&reading, node, &done))
        return false;
    if (done)
        return true;
    certificate = yaml_get(node, "certificate");
    required = yaml_get(node, "client-certificate");
    if (!yaml_check_keys(node, "tls", UPSTREAM_KEYS, error))
        return false;
    if (certificate != NULL)
        word = yaml_word(certificate, "a certificate", KIND_WORDS, error);
    if (word < 0 ||
        (required != NULL && yaml_word(required, "client-certificate", REQUIRED_WORDS, error) < 0))
        return false;
    out->certificate = (enum authority_kind)word;
    out->asks_certificate = required != NULL;
    return read_versions(&reading, node) && read_alpn(&reading, node) &&
           read_flag(&reading, node, "tickets", &out->tickets);
}

/* The words one side may say; a fault's place among them is its number, kinds follow. */
static void list_words(char side, const char *words[WORDS_MAX], enum tls_fault faults[WORDS_MAX])
{
    size_t count = 0;

    for (int i = 0; i < TLS_FAULT_COUNT; i++)
        if (FAULT_SIDES[i] == 'b' || FAULT_SIDES[i] == side) {
            faults[count] = (enum tls_fault)i;
            words[count++] = FAULT_WORDS[i];
        }
    for (size_t i = 1; side == 'u' && KIND_WORDS[i] != NULL; i++) {
        faults[count] = TLS_FAULT_NONE;
        words[count++] = KIND_WORDS[i];
    }
    words[count] = NULL;
}

static void set_fault(struct tls_draft *draft, enum tls_fault fault)
{
    draft->fault_set = true;
    draft->fault = fault;
    if (fault == TLS_FAULT_UNSUPPORTED_VERSION) {
        draft->lowest = TLS_1_1;
        draft->highest = TLS_1_1;
    }
}

bool tls_draft_parse_word(const struct yaml_node *node, struct tls_draft *out,
                          struct yaml_error *error)
{
    const char *words[WORDS_MAX];
    enum tls_fault faults[WORDS_MAX];
    int word;

    *out = (struct tls_draft){.on = true, .own_certificate = true};
    list_words('u', words, faults);
    word = yaml_word(node, "a handshake", words, error);
    if (word < 0)
        return false;
    set_fault(out, faults[word]);
    for (int kind = 1; KIND_WORDS[kind] != NULL; kind++)
        if (strcmp(KIND_WORDS[kind], words[word]) == 0)
            out->certificate = (enum authority_kind)kind;
    return true;
}

static bool read_client_map(const struct reading *reading, const struct yaml_node *map)
{
    static const enum authority_kind KINDS[] = {AUTHORITY_GOOD, AUTHORITY_UNKNOWN_CA,
                                                AUTHORITY_GOOD};
    struct tls_draft *draft = reading->draft;
    const struct yaml_node *sni = yaml_get(map, "sni");
    const struct yaml_node *certificate = yaml_get(map, "certificate");
    const struct yaml_node *version = yaml_get(map, "version");
    bool verify = true;
    int word = 2;

    if (!yaml_check_keys(map, "tls", CLIENT_KEYS, reading->error))
        return false;
    if (certificate != NULL)
        word = yaml_word(certificate, "a certificate", CLIENT_KIND_WORDS, reading->error);
    if (word < 0)
        return false;
    draft->own_certificate = word < 2;
    draft->certificate = KINDS[word];
    if ((sni != NULL && !yaml_text(sni, "sni", &draft->sni, reading->error)) ||
        (version != NULL && !read_version(reading, version)) || !read_alpn(reading, map) ||
        !read_flag(reading, map, "verify", &verify) ||
        !read_flag(reading, map, "tickets", &draft->tickets))
        return false;
    draft->unverified = !verify;
    return true;
}

bool tls_draft_parse_client(const struct yaml_node *node, struct tls_draft *out,
                            struct yaml_error *error)
{
    const struct reading reading = {.draft = out, .error = error};
    const char *words[WORDS_MAX];
    enum tls_fault faults[WORDS_MAX];
    int word;

    *out = (struct tls_draft){.on = true};
    if (node->kind == YAML_MAP)
        return read_client_map(&reading, node);
    if (node->kind == YAML_SCALAR &&
        (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0))
        return yaml_bool(node, "tls", &out->on, error);
    list_words('c', words, faults);
    word = yaml_word(node, "a handshake (or true, false, or a map)", words, error);
    if (word < 0)
        return false;
    set_fault(out, faults[word]);
    return true;
}

struct tls_draft tls_draft_over(const struct tls_draft *base, const struct tls_draft *word)
{
    struct tls_draft draft = base != NULL && base->on ? *base : *word;

    draft.certificate = word->certificate;
    draft.fault = word->fault;
    draft.fault_set = true;
    if (word->lowest != TLS_DEFAULT_VERSION) {
        draft.lowest = word->lowest;
        draft.highest = word->highest;
    }
    return draft;
}

bool tls_draft_ends(const struct tls_draft *draft)
{
    return draft->fault != TLS_FAULT_NONE && draft->fault != TLS_FAULT_UNSUPPORTED_VERSION;
}
