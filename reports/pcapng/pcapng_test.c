#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/pcapng/pcapng_run.h"
#include "reports/recording/recording_rig.h"

enum { MEMORY_MAX = 16 * 1024 * 1024, PACKETS_MAX = 64, SIDES_MAX = 16 };

/* A packet as it stands in a file, read without the code that wrote it. */
struct packet {
    uint64_t at_ns;
    uint16_t from, to; /* ports */
    uint32_t sequence, acknowledged;
    unsigned flags;
    size_t payload; /* bytes that were on the wire */
    size_t kept;
    const uint8_t *data;
    const char *comment; /* the first; not terminated */
    size_t comment_size;
};

struct capture {
    char *bytes;
    size_t size;
    struct packet packets[PACKETS_MAX];
    size_t packet_count;
    size_t secrets; /* bytes of key logs */
    struct region region;
};

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

static uint32_t little(const char *at)
{
    const uint8_t *bytes = (const uint8_t *)at;
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint32_t big(const uint8_t *at, size_t size)
{
    uint32_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

/* RFC 1071: the words of what carries its own checksum add up to all ones. */
static void assert_sums_up(const uint8_t *data, size_t size, uint64_t sum)
{
    for (size_t i = 0; i < size; i++)
        sum += i % 2 == 0 ? (uint64_t)data[i] << 8 : data[i];
    while (sum > 0xFFFF)
        sum = (sum & 0xFFFF) + (sum >> 16);
    assert_int_equal(sum, 0xFFFF);
}

static void read_packet(struct capture *capture, const char *block, size_t size)
{
    struct packet *packet = &capture->packets[capture->packet_count++];
    const uint8_t *ip = (const uint8_t *)block + 28;
    const size_t kept = little(block + 20);
    const size_t wire = little(block + 24);
    const size_t ip_size = ip[0] >> 4 == 4 ? 20 : 40;
    const uint8_t *tcp = ip + ip_size;
    assert_true(capture->packet_count < PACKETS_MAX);
    assert_true(kept >= ip_size + 20 && wire >= kept && 28 + kept <= size);
    *packet = (struct packet){.at_ns = (uint64_t)little(block + 12) << 32 | little(block + 16),
                              .from = (uint16_t)big(tcp, 2),
                              .to = (uint16_t)big(tcp + 2, 2),
                              .sequence = big(tcp + 4, 4),
                              .acknowledged = big(tcp + 8, 4),
                              .flags = tcp[13],
                              .payload = wire - ip_size - 20,
                              .kept = kept - ip_size - 20,
                              .data = tcp + 20};
    if (ip_size == 20) {
        assert_int_equal(big(ip + 2, 2), wire);
        assert_sums_up(ip, 20, 0);
    }
    const size_t addresses = ip_size == 20 ? 8 : 32;
    uint64_t sum = 6 + (wire - ip_size);
    for (size_t i = 0; i < addresses; i += 2)
        sum += big(tcp - addresses + i, 2);
    assert_sums_up(tcp, kept - ip_size, sum);
    const char *option = block + 28 + (kept + 3) / 4 * 4;
    if (option < block + size - 4) {
        assert_int_equal(little(option) & 0xFFFF, 1);
        packet->comment = option + 4;
        packet->comment_size = little(option) >> 16;
    }
}

static void read_capture(struct capture *capture)
{
    size_t at = 0;
    for (size_t number = 0; at < capture->size; number++) {
        const uint32_t type = little(capture->bytes + at);
        const uint32_t size = little(capture->bytes + at + 4);
        assert_true(size % 4 == 0 && at + size <= capture->size);
        assert_int_equal(little(capture->bytes + at + size - 4), size);
        assert_int_equal(number == 0, type == 0x0A0D0D0A);
        assert_int_equal(number == 1, type == 1);
        if (type == 6)
            read_packet(capture, capture->bytes + at, size);
        else if (type == 0x0A)
            capture->secrets += little(capture->bytes + at + 12);
        at += size;
    }
}

static const struct pcapng_case ABOUT = {
    .id = "dial/x", .name = "a dial is tried again", .verdict = "pass", .began_ns = 1000};

static void write_capture(struct capture *capture, const struct case_recording *recording)
{
    *capture = (struct capture){.bytes = NULL};
    region_init(&capture->region, MEMORY_MAX);
    FILE *out = open_memstream(&capture->bytes, &capture->size);
    pcapng_begin("retryproof test", out);
    assert_true(pcapng_put_case(recording, &ABOUT, &capture->region, out));
    assert_int_equal(ferror(out), 0);
    fclose(out);
    read_capture(capture);
}

static void release_capture(struct capture *capture)
{
    region_release(&capture->region);
    free(capture->bytes);
}

static bool comment_has(const struct packet *packet, const char *text)
{
    return packet->comment != NULL &&
           memmem(packet->comment, packet->comment_size, text, strlen(text)) != NULL;
}

/* ---- a connection ----------------------------------------------------------------------------- */

#define TO_A    "127.0.0.1:40000"
#define FROM_A  "127.0.0.1:9001"
#define AT(ns_) .at_ns = (ns_), .connection = 0

static const struct recording_lane LANES[] = {
    {"client", ROLE_CLIENT}, {"proxy", ROLE_PROXY}, {"a", ROLE_UPSTREAM}};

static void write_one(struct capture *capture, const struct recording_connection *connection,
                      const struct recording_event *events, size_t count)
{
    const struct case_recording recording = {.lanes = LANES,
                                             .lane_count = COUNT_OF(LANES),
                                             .connections = connection,
                                             .connection_count = 1,
                                             .events = events,
                                             .event_count = count};
    write_capture(capture, &recording);
}

static const struct recording_connection TO_UPSTREAM = {
    .name = "a#1",
    .lane = 2,
    .client_address = TO_A,
    .server_address = FROM_A,
    .streams = {[WAY_UP] = {.data = (const uint8_t *)"hello", .size = 5, .total = 5},
                [WAY_DOWN] = {.data = (const uint8_t *)"you", .size = 3, .total = 3}}};

static void bytes_have_numbers_that_follow_each_other(void **state)
{
    static const struct recording_event EVENTS[] = {
        {AT(10), .what = RECORDED_DIAL},
        {AT(20), .what = RECORDED_OPEN},
        {AT(30), .what = RECORDED_BYTES, .size = 2},
        {AT(40), .what = RECORDED_BYTES, .offset = 2, .size = 3},
        {AT(50), .what = RECORDED_BYTES, .way = WAY_DOWN, .size = 3},
        {AT(60), .what = RECORDED_FIN, .way = WAY_DOWN},
        {AT(70), .what = RECORDED_FIN},
    };
    struct capture capture;
    (void)state;
    write_one(&capture, &TO_UPSTREAM, EVENTS, COUNT_OF(EVENTS));
    static const unsigned FLAGS[] = {SYN,     SYN | ACK, ACK, ACK | 8,   ACK | 8,
                                     ACK | 8, FIN | ACK, ACK, FIN | ACK, ACK};
    uint32_t next[2] = {capture.packets[0].sequence, capture.packets[1].sequence};
    assert_int_equal(capture.packet_count, COUNT_OF(FLAGS));
    for (size_t i = 0; i < capture.packet_count; i++) {
        const struct packet *packet = &capture.packets[i];
        const bool down = packet->from == 9001;
        assert_int_equal(packet->flags, FLAGS[i]);
        assert_int_equal(packet->sequence, next[down]);
        next[down] += (uint32_t)packet->payload + ((packet->flags & (SYN | FIN)) != 0);
        if ((packet->flags & ACK) != 0)
            assert_int_equal(packet->acknowledged, next[!down]);
    }
    assert_int_equal(capture.packets[0].at_ns, 1010);
    assert_memory_equal(capture.packets[4].data, "llo", 3);
    assert_true(comment_has(&capture.packets[0], "dial/x: a dial is tried again (pass)"));
    release_capture(&capture);
}

static void a_reset_ends_both_ways_at_once(void **state)
{
    static const struct recording_event EVENTS[] = {
        {AT(10), .what = RECORDED_OPEN},
        {AT(20), .what = RECORDED_BYTES, .size = 5},
        {AT(30), .what = RECORDED_RST, .way = WAY_DOWN},
        {AT(40), .what = RECORDED_FIN},
    };
    struct capture capture;
    (void)state;
    write_one(&capture, &TO_UPSTREAM, EVENTS, COUNT_OF(EVENTS));
    assert_int_equal(capture.packet_count, 5); /* three of the handshake, the bytes, the reset */
    assert_int_equal(capture.packets[4].flags, RST | ACK);
    assert_int_equal(capture.packets[4].from, 9001);
    release_capture(&capture);
}

static void a_refused_dial_is_answered_and_a_lost_one_is_not(void **state)
{
    static const struct {
        const char *why;
        size_t packets;
    } ROWS[] = {{"Connection refused", 2}, {"Connection timed out", 1}, {NULL, 1}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        const struct recording_event events[] = {
            {AT(10), .what = RECORDED_DIAL},
            {AT(20), .what = RECORDED_REFUSED, .way = WAY_DOWN, .text = ROWS[i].why},
            {AT(20), .what = RECORDED_DECISION, .text = "tried again"},
        };
        struct capture capture;
        write_one(&capture, &TO_UPSTREAM, events, COUNT_OF(events));
        assert_int_equal(capture.packet_count, ROWS[i].packets);
        if (ROWS[i].packets == 2)
            assert_int_equal(capture.packets[1].flags, RST | ACK);
        release_capture(&capture);
    }
}

static void bytes_that_were_not_kept_are_told_as_not_captured(void **state)
{
    static const struct recording_event EVENTS[] = {
        {AT(10), .what = RECORDED_OPEN},
        {AT(20), .what = RECORDED_BYTES, .size = 100000},
    };
    struct recording_connection connection = TO_UPSTREAM;
    struct capture capture;
    size_t payload = 0;
    size_t kept = 0;
    (void)state;
    connection.streams[WAY_UP].total = 100000;
    write_one(&capture, &connection, EVENTS, COUNT_OF(EVENTS));
    for (size_t i = 0; i < capture.packet_count; i++) {
        payload += capture.packets[i].payload;
        kept += capture.packets[i].kept;
    }
    assert_int_equal(payload, 100000);
    assert_int_equal(kept, 5);
    release_capture(&capture);
}

static void an_address_that_nobody_knows_is_made_up(void **state)
{
    static const struct recording_event EVENTS[] = {{AT(10), .what = RECORDED_OPEN}};
    static const struct {
        const char *client, *server;
        unsigned from, to;
    } ROWS[] = {{"", "", 40000, 80}, {"", "[::1]:9001", 40000, 9001}, {"127.0.0.1:5", "", 5, 80}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        struct recording_connection connection = TO_UPSTREAM;
        struct capture capture;
        connection.client_address = ROWS[i].client;
        connection.server_address = ROWS[i].server;
        write_one(&capture, &connection, EVENTS, COUNT_OF(EVENTS));
        assert_int_equal(capture.packets[0].from, ROWS[i].from);
        assert_int_equal(capture.packets[0].to, ROWS[i].to);
        release_capture(&capture);
    }
}

/* ---- a case ----------------------------------------------------------------------------------- */

static void a_case_tells_its_attempts_beside_their_first_packets(void **state)
{
    struct capture capture;
    size_t attempts = 0;
    (void)state;
    write_capture(&capture, &RIG_RECORDING);
    for (size_t i = 0; i < capture.packet_count; i++)
        attempts += comment_has(&capture.packets[i], ": attempt ");
    assert_true(attempts >= 3);
    assert_true(capture.secrets > 0);
    release_capture(&capture);
}

static void a_region_that_is_too_small_is_told(void **state)
{
    struct region region;
    FILE *out = fopen("/dev/null", "we");
    (void)state;
    region_init(&region, 16);
    assert_false(pcapng_put_case(&RIG_RECORDING, &ABOUT, &region, out));
    fclose(out);
    region_release(&region);
}

static void file_names_hold_nothing_that_a_shell_would_read(void **state)
{
    char name[PCAPNG_NAME_BYTES];
    char twin[PCAPNG_NAME_BYTES];
    char id[1000];
    struct case_result result = {.id = "post-write/never[method=POST,end=fin]", .world = "sim"};
    (void)state;
    assert_string_equal(pcapng_file_name(&result, name),
                        "post-write-never-method-POST-end-fin-daa7fc93@sim.pcapng");
    result.world = "/../../../etc/x";
    assert_null(strchr(pcapng_file_name(&result, name), '/'));
    result.world = "sim";
    memset(id, 'x', sizeof(id));
    id[sizeof(id) - 1] = '\0';
    result.id = id;
    pcapng_file_name(&result, name);
    id[sizeof(id) - 2] = 'y';
    assert_string_not_equal(pcapng_file_name(&result, twin), name);
    assert_true(strlen(name) < sizeof(name) && strstr(name, "@sim.pcapng") != NULL);
}

/* Cases of one run, which must not write over each other's captures. */
static void cases_whose_ids_differ_have_files_that_differ(void **state)
{
    static const char *const PAIRS[][2] = {
        {"forward/a[path=/x]", "forward/a[path=//x]"},
        {"a[n=1]", "a[n=-1]"},
        {"a/b-c", "a-b/c"},
        {"a[b=c]", "a[b=c-]"},
    };
    char name[PCAPNG_NAME_BYTES];
    char twin[PCAPNG_NAME_BYTES];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(PAIRS); i++) {
        const struct case_result one = {.id = PAIRS[i][0], .world = "sim"};
        const struct case_result other = {.id = PAIRS[i][1], .world = "sim"};
        assert_string_not_equal(pcapng_file_name(&one, name), pcapng_file_name(&other, twin));
    }
}

/* ---- a run ------------------------------------------------------------------------------------ */

enum { BROKEN_MAX = PCAPNG_REASONS_MAX + 2 };

/* Cases of which the first so many cannot be read, then one that can, then one that was not recorded. */
struct broken_run {
    struct region region;
    struct run_result run;
    struct case_result cases[BROKEN_MAX + 2];
    char ids[BROKEN_MAX][32];
};

static void broken_run_init(struct broken_run *broken, size_t count)
{
    *broken = (struct broken_run){.run = {.version = "1", .case_count = count + 2}};
    region_init(&broken->region, (size_t)16 * 1024 * 1024);
    broken->run.cases = broken->cases;
    for (size_t i = 0; i < count + 2; i++)
        broken->cases[i] = (struct case_result){.id = "good", .name = "n", .world = "sim"};
    for (size_t i = 0; i < count; i++) {
        snprintf(broken->ids[i], sizeof(broken->ids[i]), "bad-%zu", i);
        broken->cases[i].id = broken->ids[i];
        broken->cases[i].recording = "{}";
    }
    broken->cases[count].recording = recording_write(&RIG_RECORDING, &broken->region);
    assert_non_null(broken->cases[count].recording);
}

static void expect_left_out(const struct pcapng_outcome *outcome, size_t count)
{
    assert_int_equal(outcome->written, 1);
    assert_int_equal(outcome->left_out, count);
    for (size_t i = 0; i < count && i < PCAPNG_REASONS_MAX; i++) {
        char begin[32];
        snprintf(begin, sizeof(begin), "bad-%zu: recording", i);
        assert_memory_equal(outcome->reasons[i], begin, strlen(begin));
    }
}

static void a_recording_that_cannot_be_read_keeps_no_other_from_its_file(void **state)
{
    static const size_t COUNTS[] = {0, 1, PCAPNG_REASONS_MAX, BROKEN_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(COUNTS); i++) {
        char folder[] = "/tmp/retryproof-pcapng.XXXXXX";
        char name[PCAPNG_NAME_BYTES];
        char path[PCAPNG_NAME_BYTES + 64];
        char error[PCAPNG_ERROR_BYTES];
        struct broken_run broken;
        struct pcapng_outcome outcome;
        broken_run_init(&broken, COUNTS[i]);
        assert_non_null(mkdtemp(folder));
        /* A capture of an earlier run, of a case that has none now. */
        snprintf(path, sizeof(path), "%s/%s", folder, pcapng_file_name(&broken.cases[0], name));
        FILE *earlier = fopen(path, "we");
        assert_non_null(earlier);
        assert_int_equal(fclose(earlier), 0);
        assert_true(pcapng_write_folder(&broken.run, folder, &outcome, error));
        expect_left_out(&outcome, COUNTS[i]);
        snprintf(path, sizeof(path), "%s/%s", folder,
                 pcapng_file_name(&broken.cases[COUNTS[i]], name));
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rmdir(folder), 0); /* nothing of the others */
        region_release(&broken.region);
    }
}

static void a_recording_that_cannot_be_read_keeps_no_other_from_the_one_file(void **state)
{
    static const size_t COUNTS[] = {0, 1, BROKEN_MAX};
    char folder[] = "/tmp/retryproof-pcapng.XXXXXX";
    char path[64];
    off_t size = 0;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/all.pcapng", folder);
    for (size_t i = 0; i < COUNT_OF(COUNTS); i++) {
        char error[PCAPNG_ERROR_BYTES];
        struct broken_run broken;
        struct pcapng_outcome outcome;
        struct stat status;
        broken_run_init(&broken, COUNTS[i]);
        assert_true(pcapng_write_file(&broken.run, path, &outcome, error));
        expect_left_out(&outcome, COUNTS[i]);
        assert_int_equal(stat(path, &status), 0);
        assert_true(i == 0 || status.st_size == size);
        size = status.st_size;
        region_release(&broken.region);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void a_file_that_cannot_be_written_is_told(void **state)
{
    char error[PCAPNG_ERROR_BYTES];
    struct broken_run broken;
    struct pcapng_outcome outcome;
    (void)state;
    broken_run_init(&broken, 0);
    assert_false(pcapng_write_file(&broken.run, "/tmp/not/there.pcapng", &outcome, error));
    assert_string_equal(error, "/tmp/not/there.pcapng: No such file or directory");
    assert_false(pcapng_write_folder(&broken.run, "/dev/null/x", &outcome, error));
    assert_string_equal(error, "/dev/null/x: Not a directory");
    region_release(&broken.region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_have_numbers_that_follow_each_other),
        cmocka_unit_test(a_reset_ends_both_ways_at_once),
        cmocka_unit_test(a_refused_dial_is_answered_and_a_lost_one_is_not),
        cmocka_unit_test(bytes_that_were_not_kept_are_told_as_not_captured),
        cmocka_unit_test(an_address_that_nobody_knows_is_made_up),
        cmocka_unit_test(a_case_tells_its_attempts_beside_their_first_packets),
        cmocka_unit_test(a_region_that_is_too_small_is_told),
        cmocka_unit_test(file_names_hold_nothing_that_a_shell_would_read),
        cmocka_unit_test(cases_whose_ids_differ_have_files_that_differ),
        cmocka_unit_test(a_recording_that_cannot_be_read_keeps_no_other_from_its_file),
        cmocka_unit_test(a_recording_that_cannot_be_read_keeps_no_other_from_the_one_file),
        cmocka_unit_test(a_file_that_cannot_be_written_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
