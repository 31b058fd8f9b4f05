/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>
#include <string.h>

#include "reports/recording/recording_rig.h"

enum { REGION_BYTES = 256 * 1024 };

static const struct case_recording *read_back(const char *line, struct region *region)
{
    char error[RECORDING_ERROR_BYTES] = "";
    const struct case_recording *recording = recording_read(line, region, error);

    assert_string_equal(error, "");
    assert_non_null(recording);
    return recording;
}

static void what_was_written_is_read_back(void **state)
{
    struct region region;
    const char *line;
    const char *again;

    (void)state;
    region_init(&region, REGION_BYTES);
    line = recording_write(&RIG_RECORDING, &region);
    assert_non_null(line);
    again = recording_write(read_back(line, &region), &region);
    assert_non_null(again);
    assert_string_equal(line, again);
    region_release(&region);
}

static void every_byte_comes_through(void **state)
{
    uint8_t bytes[256];
    const struct recording_lane lane = {"client", ROLE_CLIENT};
    struct recording_connection connection = {
        .name = "client#1",
        .client_address = "",
        .server_address = "",
        .streams = {[WAY_UP] = {.data = bytes, .size = sizeof(bytes), .total = 1000}}};
    const struct case_recording recording = {
        .lanes = &lane, .lane_count = 1, .connections = &connection, .connection_count = 1};
    const struct case_recording *read;
    struct region region;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    region_init(&region, REGION_BYTES);
    read = read_back(recording_write(&recording, &region), &region);
    assert_int_equal(read->connections[0].streams[WAY_UP].size, sizeof(bytes));
    assert_memory_equal(read->connections[0].streams[WAY_UP].data, bytes, sizeof(bytes));
    assert_int_equal(read->connections[0].streams[WAY_UP].total, 1000);
    assert_int_equal(read->connections[0].streams[WAY_DOWN].size, 0);
    region_release(&region);
}

static void what_is_text_on_the_wire_can_be_read(void **state)
{
    struct region region;
    const char *line;

    (void)state;
    region_init(&region, REGION_BYTES);
    line = recording_write(&RIG_RECORDING, &region);
    assert_non_null(strstr(line, "\"data\":\"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n"));
    assert_non_null(strstr(line, "\\u0000\\u007f\xC3\xBF\""));
    assert_null(strchr(line, '\n'));
    region_release(&region);
}

static void text_that_is_not_utf8_is_replaced(void **state)
{
    const struct recording_lane lane = {"a\xFF", ROLE_UPSTREAM};
    const struct case_recording recording = {.lanes = &lane, .lane_count = 1};
    struct region region;

    (void)state;
    region_init(&region, REGION_BYTES);
    assert_string_equal(read_back(recording_write(&recording, &region), &region)->lanes[0].name,
                        "a\xEF\xBF\xBD");
    region_release(&region);
}

/* In steps that meet each of the places where memory is taken. */
static void without_room_there_is_none(void **state)
{
    enum { STEP = 512 };
    struct region whole;
    bool written = false;
    bool read = false;
    const char *line;

    (void)state;
    region_init(&whole, REGION_BYTES);
    line = recording_write(&RIG_RECORDING, &whole);
    assert_non_null(line);
    for (size_t bytes = 0; bytes < REGION_BYTES && !(written && read); bytes += STEP) {
        char error[RECORDING_ERROR_BYTES] = "";
        struct region region;

        region_init(&region, bytes);
        written = recording_write(&RIG_RECORDING, &region) != NULL;
        region_release(&region);
        region_init(&region, bytes);
        read = recording_read(line, &region, error) != NULL;
        if (!read)
            assert_non_null(strstr(error, "finds no memory"));
        region_release(&region);
    }
    assert_true(written);
    assert_true(read);
    region_release(&whole);
}

/* ---- mistakes ------------------------------------------------------------------------------------ */

struct mistake {
    const char *name;
    const char *from, *to; /* what stands in the example, and what in its place */
    const char *sentence;
};

static const struct mistake MISTAKES[] = {
    {"no JSON", "{\"connections\"", "{connections", "recording:1:"},
    {"no time told", "\"virtual_time\":true", "\"virtual_time\":1",
     "recording 0: virtual_time: must be true or false"},
    {"a lane that is not there", "\"lane\":3", "\"lane\":4",
     "connections 2: lane: must be the index of one that is there"},
    {"a role that there is not", "\"role\":\"proxy\"", "\"role\":\"porxy\"",
     "lanes 1: role: is no role"},
    {"less than is kept", "\"total\":19}},", "\"total\":18}},",
     "connections 2: total: must not be less than what is kept"},
    {"a character that is no byte", "\"plain\":\"HTTP", "\"plain\":\"\xC4\x80",
     "connections 2: plain: must be characters U+0000 to U+00FF"},
    {"bytes that are no text", "\"plain\":\"HTTP/1.1 2\"", "\"plain\":3",
     "connections 2: plain: must be a text"},
    {"a text with a NUL", "\"name\":\"a#3\"", "\"name\":\"a\\u0000\"",
     "connections 4: name: must be a text"},
    {"an event of no connection", "\"connection\":4,\"offset\"", "\"connection\":5,\"offset\"",
     "events 26: connection: must be the index of one that is there"},
    {"an event that there is not", "\"what\":\"dial\"", "\"what\":\"dail\"",
     "events 0: what: is nothing that is recorded"},
    {"a way that there is not", "\"way\":\"down\",\"what\":\"refused\"",
     "\"way\":\"back\",\"what\":\"refused\"", "events 4: way: must be up or down"},
    {"a negative time", "\"at_ns\":100000,", "\"at_ns\":-1,",
     "events 2: at_ns: must be a whole number"},
    {"a status past all", "\"status\":502", "\"status\":4294967296",
     "exchanges 1: status: must be smaller"},
    {"attempts that are no list", "\"attempts\":[", "\"attempts\":{},\"others\":[",
     "attempts 0: attempts: must be a list"},
    {"an expectation without what was seen", "\"observed\":\"502\"", "\"seen\":\"502\"",
     "expectations 3: observed: must be a text"},
};

static void a_mistake_is_said(void **state)
{
    const struct mistake *row = *state;
    char error[RECORDING_ERROR_BYTES] = "";
    struct region region;
    const char *line, *at;
    char *broken;

    region_init(&region, REGION_BYTES);
    line = recording_write(&RIG_RECORDING, &region);
    assert_non_null(line);
    at = strstr(line, row->from);
    assert_non_null(at);
    broken =
        region_format(&region, "%.*s%s%s", (int)(at - line), line, row->to, at + strlen(row->from));
    assert_non_null(broken);
    assert_null(recording_read(broken, &region, error));
    assert_true(strncmp(error, row->sentence, strlen(row->sentence)) == 0);
    region_release(&region);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(every_byte_comes_through),
        cmocka_unit_test(what_is_text_on_the_wire_can_be_read),
        cmocka_unit_test(text_that_is_not_utf8_is_replaced),
        cmocka_unit_test(without_room_there_is_none),
    };
    struct CMUnitTest tests[COUNT_OF(MISTAKES) + COUNT_OF(others)];

    for (size_t i = 0; i < COUNT_OF(MISTAKES); i++)
        tests[i] = (struct CMUnitTest){.name = MISTAKES[i].name,
                                       .test_func = a_mistake_is_said,
                                       .initial_state = (void *)(uintptr_t)&MISTAKES[i]};
    memcpy(tests + COUNT_OF(MISTAKES), others, sizeof(others));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
