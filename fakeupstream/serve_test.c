#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fakeupstream/serve.h"
#include "world/sockets/sockets.h"
#include "world/tls/tls.h"

enum { OUTPUT_BYTES = 4096, WORDS_MAX = 8 };

/* Far above what it takes; only a test that fails waits so long. */
#define WAIT_NS (20 * NS_PER_S)

/* A command that runs in a process of its own, and what it has said so far. */
struct command {
    pid_t pid;
    int output;
    char text[OUTPUT_BYTES];
    size_t size;
};

static char path[] = "/tmp/serve_test.XXXXXX";

static int make_file(void **state)
{
    int file = mkstemp(path);

    (void)state;
    return file < 0 ? -1 : close(file);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_script(const char *yaml)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(yaml, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void begin(struct command *command, const char *const *words)
{
    char *arguments[WORDS_MAX + 1] = {NULL};
    int ends[2];
    int count = 0;

    for (; words[count] != NULL; count++)
        arguments[count] = (char *)(uintptr_t)words[count];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    *command = (struct command){.pid = fork(), .output = ends[0]};
    assert_true(command->pid >= 0);
    if (command->pid > 0) {
        close(ends[1]);
        return;
    }
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    count = upstream_command(count, arguments);
    fflush(NULL);
    exit(count); /* not _exit(): leaks and coverage of the command count too */
}

/* Reads on until the text has come, or to the end where it is NULL. */
static void read_until(struct command *command, const char *text)
{
    while (text == NULL || strstr(command->text, text) == NULL) {
        ssize_t got = read(command->output, command->text + command->size,
                           sizeof(command->text) - 1 - command->size);

        if (got <= 0) {
            if (text != NULL)
                fail_msg("%s", command->text);
            return;
        }
        command->size += (size_t)got;
        command->text[command->size] = '\0';
    }
}

static int end(struct command *command)
{
    int status;

    read_until(command, NULL);
    close(command->output);
    assert_int_equal(waitpid(command->pid, &status, 0), command->pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect_said(const struct command *command, const char *text)
{
    if (strstr(command->text, text) == NULL)
        fail_msg("not said: %s\nsaid: %s", text, command->text);
}

static void expect_exit(const char *const *words, int code, const char *said)
{
    struct command command;

    begin(&command, words);
    assert_int_equal(end(&command), code);
    expect_said(&command, said);
}

struct visit {
    bool asked;
    bool done;
    char text[OUTPUT_BYTES];
    size_t size;
};

static void on_visit(struct stream *stream, unsigned events)
{
    static const char REQUEST[] = "POST /pay HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
    struct iovec piece = {.iov_base = (void *)(uintptr_t)REQUEST, .iov_len = sizeof(REQUEST) - 1};
    struct visit *visit = stream->owner;
    ssize_t got;

    if ((events & STREAM_OPEN) != 0 && stream_status(stream) != -EINPROGRESS) {
        assert_int_equal(stream_status(stream), 0);
        assert_int_equal(stream_write(stream, &piece, 1), sizeof(REQUEST) - 1);
        stream_want(stream, STREAM_READ);
        visit->asked = true;
    }
    if (!visit->asked)
        return;
    got = stream_read(stream, visit->text + visit->size, sizeof(visit->text) - 1 - visit->size);
    if (got > 0)
        visit->size += (size_t)got;
    visit->done = got == 0;
}

/*
 * One request to the address that follows `where` in what the command said, read to the peer's FIN; over TLS where `client` is
 * given.
 */
static void visit_once(struct command *command, const char *where, struct tls_client *client,
                       struct visit *visit)
{
    static const struct sockets_options OPTIONS = {.seed = 1};
    struct world *world = sockets_create(&OPTIONS);
    struct stream stream = {.on_event = on_visit, .owner = visit};
    struct address address;
    char text[ADDRESS_TEXT_BYTES] = "";
    uint64_t until_ns;

    assert_non_null(world);
    read_until(command, where);
    read_until(command, "c listens");
    assert_int_equal(sscanf(strstr(command->text, where) + strlen(where), "%55s", text), 1);
    assert_true(address_parse(text, 0, &address));
    assert_int_equal(client == NULL ? world_connect(world, &stream, &address)
                                    : tls_connect(client, world, &stream, &address, "a.test"),
                     0);
    until_ns = world_now(world) + WAIT_NS;
    while (!visit->done && world_now(world) < until_ns)
        world_run(world, 1, until_ns);
    assert_true(visit->done);
    stream_close(&stream, STREAM_FIN);
    while (tls_streams_in_use() > 0)
        world_run(world, 1, TIME_NEVER);
    sockets_destroy(&world);
}

static void requests_are_played_and_told(void **state)
{
    const char *words[] = {"upstream", path, NULL};
    struct visit visit = {.done = false};
    struct command command;

    (void)state;
    write_script("upstreams:\n"
                 "  a: [[read: request, respond: {status: 503, body: {text: no}}, end: fin]]\n"
                 "  b: {listen: refused}\n"
                 "  c: []\n");
    begin(&command, words);
    visit_once(&command, "a listens on ", NULL, &visit);
    read_until(&command, "whole");
    kill(command.pid, SIGTERM);
    assert_int_equal(end(&command), 0);
    assert_non_null(strstr(visit.text, "HTTP/1.1 503 Service Unavailable\r\nX-Attempt: a.1.1\r\n"));
    assert_non_null(strstr(visit.text, "\r\n\r\nno"));
    expect_said(&command, "b refuses on 127.0.0.1:");
    expect_said(&command, "a connection 1 request 1: POST /pay, 5 body bytes, whole\n");
    expect_said(&command, "a: 1 connections, 1 requests, 1 of them whole\n");
}

/* Whoever has the certificate that --ca writes can verify an upstream. */
static void upstreams_with_tls_are_vouched_for(void **state)
{
    static char ca_path[] = "/tmp/serve_test_ca.XXXXXX";
    const char *words[] = {"upstream", path, "--ca", ca_path, NULL};
    struct visit visit = {.done = false};
    struct tls_client_options options = {.ca_path = ca_path};
    char error[TLS_ERROR_BYTES] = "";
    struct tls_client *client;
    struct command command;
    int file = mkstemp(ca_path);

    (void)state;
    assert_true(file >= 0);
    close(file);
    write_script("upstreams:\n"
                 "  a: {tls: true, connections: [[read: request, respond: 503, end: fin]]}\n"
                 "  c: []\n");
    begin(&command, words);
    read_until(&command, "c listens");
    expect_said(&command, " with TLS\nc listens");
    client = tls_client_create(&options, error);
    assert_string_equal(error, "");
    assert_non_null(client);
    visit_once(&command, "a listens on ", client, &visit);
    tls_client_release(&client);
    read_until(&command, "whole");
    kill(command.pid, SIGTERM);
    assert_int_equal(end(&command), 0);
    assert_non_null(strstr(visit.text, "HTTP/1.1 503 Service Unavailable\r\nX-Attempt: a.1.1\r\n"));
    expect_said(&command, "a connection 1 request 1: POST /pay, 5 body bytes, whole\n");
    unlink(ca_path);
}

static void a_port_that_is_taken_is_said(void **state)
{
    struct command first;
    char port[16];
    const char *words[] = {"upstream", path, "--port", port, NULL};
    const char *any[] = {"upstream", path, NULL};

    (void)state;
    write_script("upstreams: {c: []}\n");
    begin(&first, any);
    read_until(&first, "\n");
    assert_int_equal(sscanf(strrchr(first.text, ':') + 1, "%15[0-9]", port), 1);
    expect_exit(words, 5, "cannot listen on 127.0.0.1:");
    kill(first.pid, SIGINT);
    assert_int_equal(end(&first), 0);
}

static void mistakes_end_with_code_2(void **state)
{
    static const struct {
        const char *yaml;
        const char *said;
    } FILES[] = {
        {"upstreams: {a: [[reed: request]]}", "did you mean 'read'"},
        {"upstreams: {a: {listen: refused, times: 2}}", "`times` needs the simulated world"},
        {"upstreams: {a: [[pre-write: rst]]}", "`pre-write` needs the built-in proxy"},
        {"upstreams: []", "`upstreams` is a map"},
        {"ports: {a: 1}", "`upstreams` is a map"},
        {"upstreams: {a: []}\nports: {b: 1}", "a"},
        {"upstreams: {a: []}\nports: {a: 0}", "65535"},
        {"upstreams: {a: []}\nports: 5", "`ports` is a map"},
        {"[a]", "a script file is a map"},
        {"upstream: {a: []}", "did you mean 'upstreams'"},
    };
    const char *words[] = {"upstream", path, NULL};

    (void)state;
    for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
        write_script(FILES[i].yaml);
        expect_exit(words, 2, FILES[i].said);
    }
    write_script("upstreams: {a: [], b: []}");
    expect_exit((const char *const[]){"upstream", path, "--port", "65535", NULL}, 2,
                "not so many ports");
    expect_exit((const char *const[]){"upstream", "/nowhere.yaml", NULL}, 2, "/nowhere.yaml");
    expect_exit((const char *const[]){"upstream", NULL}, 2, "which script file?");
    expect_exit((const char *const[]){"upstream", path, path, NULL}, 2,
                "one script file at a time");
    expect_exit((const char *const[]){"upstream", path, "--port", "x", NULL}, 2,
                "a port is a number");
    expect_exit((const char *const[]){"upstream", path, "--port", NULL}, 2, "a value is missing");
    expect_exit((const char *const[]){"upstream", path, "--world", "sim", NULL}, 2,
                "the only world");
    write_script("upstreams: {a: []}");
    expect_exit((const char *const[]){"upstream", path, "--ca", "/nowhere/ca.pem", NULL}, 2,
                "/nowhere/ca.pem cannot be written");
    expect_exit((const char *const[]){"upstream", "--prt", NULL}, 2, "unknown option `--prt`");
}

static void help_is_given(void **state)
{
    (void)state;
    expect_exit((const char *const[]){"upstream", "--help", NULL}, 0, "usage: retryproof upstream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_played_and_told),
        cmocka_unit_test(upstreams_with_tls_are_vouched_for),
        cmocka_unit_test(a_port_that_is_taken_is_said),
        cmocka_unit_test(mistakes_end_with_code_2),
        cmocka_unit_test(help_is_given),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
