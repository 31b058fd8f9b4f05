#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/serve.h"
#include "world/base/check.h"

enum {
    ARGUMENTS_MAX = 6,
    PATH_BYTES = 128,
    LINE_BYTES = 1024,
    STDERR_AT_END_BYTES = 4096,
    ANSWER_BYTES = 65536
};

/* The command in a process of its own, and what it says. */
struct running {
    char folder[PATH_BYTES / 2];
    char config[PATH_BYTES];
    pid_t pid;
    FILE *out;
    FILE *err;
};

static void write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static void make_folder(struct running *running, const char *text)
{
    memcpy(running->folder, "/tmp/proxy_command_test.XXXXXX",
           sizeof("/tmp/proxy_command_test.XXXXXX"));
    assert_non_null(mkdtemp(running->folder));
    snprintf(running->config, sizeof(running->config), "%s/conf.yaml", running->folder);
    write_file(running->config, text);
}

/* "CONFIG" among the arguments stands for the path of the file, "DIR/" for its folder. */
static void start(struct running *running, const char *const *arguments)
{
    char texts[ARGUMENTS_MAX][PATH_BYTES];
    char *argv[ARGUMENTS_MAX + 2] = {NULL};
    int out[2];
    int err[2];
    int argc = 1;

    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(err), 0);
    for (; arguments[argc - 1] != NULL; argc++) {
        const char *from = arguments[argc - 1];

        assert_true(argc <= ARGUMENTS_MAX);
        argv[argc] = texts[argc - 1];
        if (strncmp(from, "DIR/", 4) == 0)
            snprintf(argv[argc], sizeof(texts[0]), "%s/%s", running->folder, from + 4);
        else
            snprintf(argv[argc], sizeof(texts[0]), "%s",
                     strcmp(from, "CONFIG") == 0 ? running->config : from);
    }
    fflush(NULL);
    running->pid = fork();
    assert_true(running->pid >= 0);
    if (running->pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        close(out[0]);
        close(err[0]);
        exit(proxy_command(argc, argv));
    }
    close(out[1]);
    close(err[1]);
    running->out = fdopen(out[0], "r");
    running->err = fdopen(err[0], "r");
}

/* What is left of stderr when the process has ended; its exit code. */
static int finish(struct running *running, char rest[STDERR_AT_END_BYTES])
{
    char path[PATH_BYTES];
    size_t size = fread(rest, 1, STDERR_AT_END_BYTES - 1, running->err);
    int status;

    rest[size] = '\0';
    assert_int_equal(waitpid(running->pid, &status, 0), running->pid);
    fclose(running->out);
    fclose(running->err);
    if (running->config[0] != '\0') {
        unlink(running->config);
        snprintf(path, sizeof(path), "%s/log.db", running->folder);
        unlink(path);
        assert_int_equal(rmdir(running->folder), 0);
    }
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("'%s' does not say '%s'", text, part);
}

static void assert_line(FILE *from, const char *part)
{
    char line[LINE_BYTES];

    assert_non_null(fgets(line, sizeof(line), from));
    assert_has(line, part);
}

/* ---- what it refuses --------------------------------------------------------------------------------- */

struct refusal {
    const char *name;
    const char *file;    /* NULL: there is none */
    const char *retries; /* RETRYPROOF_DEFAULT_MAX_RETRIES; NULL: not set */
    const char *arguments[ARGUMENTS_MAX];
    int code;
    const char *sentence;
};

#define FORWARD "listen: 127.0.0.1:0\nmode: forward\n"

static const struct refusal REFUSALS[] = {
    {"a command without a file", NULL, NULL, {NULL}, 2, "a configuration file is needed"},
    {"two files", NULL, NULL, {"a", "b"}, 2, "one file is taken, not also b"},
    {"an unknown option", NULL, NULL, {"--lag", "a"}, 2, "there is no option --lag"},
    {"a log without its path", NULL, NULL, {"a", "--log"}, 2, "a value is needed behind --log"},
    {"two logs",
     NULL,
     NULL,
     {"a", "--log", "b", "--log", "c"},
     2,
     "only one value is taken by --log"},
    {"a file that is not there", NULL, NULL, {"/nowhere/at.all"}, 2, "/nowhere/at.all"},
    {"an admin listener that is no address",
     FORWARD,
     NULL,
     {"CONFIG", "--admin", "here"},
     2,
     "--admin takes an address and a port, like 127.0.0.1:9090, not here"},
    {"retries that are no number",
     FORWARD,
     "many",
     {"CONFIG"},
     2,
     "RETRYPROOF_DEFAULT_MAX_RETRIES in the environment is a number from 0 to 100, not 'many'"},
    {"retries that are none at all", FORWARD, "", {"CONFIG"}, 2, "a number from 0 to 100, not ''"},
    {"retries below nothing", FORWARD, "-1", {"CONFIG"}, 2, "not '-1'"},
    {"more retries than there may be", FORWARD, "101", {"CONFIG"}, 2, "not '101'"},
    {"a certificate that is not there",
     FORWARD "tls: {certificate: none.pem, key: none.key}\n",
     NULL,
     {"CONFIG"},
     2,
     "none.pem"},
    {"a log that is none", FORWARD, NULL, {"CONFIG", "--log", "CONFIG"}, 5, "/conf.yaml"},
    {"a log in a folder that is not there",
     FORWARD "log: nowhere/log.db\n",
     NULL,
     {"CONFIG"},
     5,
     "nowhere/log.db"},
    {"an address of another machine",
     "listen: 192.0.2.1:80\nmode: forward\n",
     NULL,
     {"CONFIG"},
     5,
     "cannot listen on 192.0.2.1:80"},
    {"an admin listener on another machine",
     FORWARD "admin: 192.0.2.1:80\n",
     NULL,
     {"CONFIG"},
     5,
     "cannot listen on 192.0.2.1:80"},
};

static void is_refused(void **state)
{
    const struct refusal *row = *state;
    struct running running = {.config = ""};
    char said[STDERR_AT_END_BYTES];

    if (row->file != NULL)
        make_folder(&running, row->file);
    if (row->retries != NULL)
        setenv("RETRYPROOF_DEFAULT_MAX_RETRIES", row->retries, 1);
    start(&running, row->arguments);
    unsetenv("RETRYPROOF_DEFAULT_MAX_RETRIES");
    assert_int_equal(finish(&running, said), row->code);
    assert_has(said, row->sentence);
}

/* ---- what it serves ---------------------------------------------------------------------------------- */

static void it_ends_when_it_is_asked_to(void **state)
{
    static const char *const arguments[] = {"CONFIG", NULL};
    static const int signals[] = {SIGTERM, SIGINT};
    char said[STDERR_AT_END_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        struct running running = {.config = ""};

        make_folder(&running, FORWARD);
        start(&running, arguments);
        assert_line(running.out, "listening on 127.0.0.1:");
        kill(running.pid, signals[i]);
        assert_int_equal(finish(&running, said), 0);
        assert_string_equal(said, "");
    }
}

static void it_has_a_log_and_an_admin_listener(void **state)
{
    static const char *const arguments[] = {"CONFIG",  "--log",       "DIR/log.db",
                                            "--admin", "127.0.0.1:0", NULL};
    struct running running = {.config = ""};
    char said[STDERR_AT_END_BYTES];
    char path[PATH_BYTES];

    (void)state;
    make_folder(&running, FORWARD "log: nowhere/log.db\nadmin: 192.0.2.1:80\n");
    start(&running, arguments);
    assert_line(running.out, "listening on 127.0.0.1:");
    assert_line(running.out, "admin on 127.0.0.1:");
    snprintf(path, sizeof(path), "%s/log.db", running.folder);
    assert_int_equal(access(path, R_OK), 0);
    kill(running.pid, SIGTERM);
    assert_int_equal(finish(&running, said), 0);
    assert_string_equal(said, "");
}

/* Each of these is written into the file before a SIGHUP, and is followed by this sentence. */
static const struct {
    const char *file;
    const char *sentence;
} RELOADS[] = {
    {FORWARD "max_retries: 5\n", "conf.yaml is read again"},
    {FORWARD "max_retrys: 5\n", "conf.yaml:3:1: proxy has no key 'max_retrys'"},
    {FORWARD "log: log.db\n", "conf.yaml: log cannot be changed while the proxy runs"},
    {FORWARD "log_limit: 1MiB\n", "conf.yaml: log_limit cannot be changed while the proxy runs"},
    {FORWARD "admin: 127.0.0.1:0\n", "conf.yaml: admin cannot be changed while the proxy runs"},
    {FORWARD "window: 32KiB\n", "conf.yaml: window cannot be changed while the proxy runs"},
    {"listen: 127.0.0.2:0\nmode: forward\n",
     "conf.yaml: listen cannot be changed while the proxy runs"},
    {FORWARD "upstreams: [127.0.0.1:1]\n", "conf.yaml is read again"},
};

static void it_reads_its_file_again(void **state)
{
    static const char *const arguments[] = {"CONFIG", NULL};
    struct running running = {.config = ""};
    char said[STDERR_AT_END_BYTES];

    (void)state;
    make_folder(&running, FORWARD);
    start(&running, arguments);
    assert_line(running.out, "listening on 127.0.0.1:");
    for (size_t i = 0; i < COUNT_OF(RELOADS); i++) {
        write_file(running.config, RELOADS[i].file);
        kill(running.pid, SIGHUP);
        assert_line(running.err, RELOADS[i].sentence);
        if (strstr(RELOADS[i].sentence, "is read again") == NULL)
            assert_line(running.err, "the settings stay as they were");
    }
    kill(running.pid, SIGTERM);
    assert_int_equal(finish(&running, said), 0);
    assert_string_equal(said, "");
}

/* ---- what an exchange leaves behind -------------------------------------------------------------------- */

/* Sends a request and reads until the other side ends; what follows "ADDRESS:" on the line is the port. */
static void ask(const char *line, const char *request, char answer[ANSWER_BYTES])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    size_t size = 0;
    ssize_t count;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)strtoul(strrchr(line, ':') + 1, NULL, 10));
    assert_true(descriptor >= 0);
    assert_int_equal(connect(descriptor, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(write(descriptor, request, strlen(request)), strlen(request));
    while ((count = read(descriptor, answer + size, ANSWER_BYTES - 1 - size)) > 0)
        size += (size_t)count;
    answer[size] = '\0';
    close(descriptor);
}

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static void an_exchange_is_told_logged_and_counted(void **state)
{
    static const char *const arguments[] = {"CONFIG", NULL};
    struct running running = {.config = ""};
    char answer[ANSWER_BYTES];
    char said[STDERR_AT_END_BYTES];
    char line[LINE_BYTES];

    (void)state;
    make_folder(&running, FORWARD "log: log.db\nadmin: 127.0.0.1:0\n");
    start(&running, arguments);
    assert_non_null(fgets(line, sizeof(line), running.out));
    ask(line, GET("/here"), answer);
    assert_has(answer, "HTTP/1.1 404 ");
    assert_line(running.err, "GET /here: 404; ROUTE_NOT_FOUND\n");
    assert_non_null(fgets(line, sizeof(line), running.out));
    ask(line, GET("/metrics"), answer);
    assert_has(answer, "retryproof_responses_total{status=\"404\"} 1");
    kill(running.pid, SIGTERM);
    assert_int_equal(finish(&running, said), 0);
    assert_string_equal(said, "");
}

static void it_serves_on_where_nobody_reads_what_it_tells(void **state)
{
    static const char *const arguments[] = {"CONFIG", NULL};
    struct running running = {.config = ""};
    char answer[ANSWER_BYTES];
    char said[STDERR_AT_END_BYTES];
    char line[LINE_BYTES];

    (void)state;
    make_folder(&running, FORWARD);
    start(&running, arguments);
    assert_non_null(fgets(line, sizeof(line), running.out));
    fclose(running.err);
    running.err = fopen("/dev/null", "r");
    for (int i = 0; i < 2; i++) {
        ask(line, GET("/here"), answer);
        assert_has(answer, "HTTP/1.1 404 ");
    }
    kill(running.pid, SIGTERM);
    assert_int_equal(finish(&running, said), 0);
}

/* Clients are let in to go elsewhere: who may come by way of the proxy may not rule it. */
static void no_client_reaches_the_admin_listener_through_the_proxy(void **state)
{
    static const char *const arguments[] = {"CONFIG", NULL};
    static const char *const hosts[] = {"127.0.0.1", "[::ffff:127.0.0.1]", "0.0.0.0"};
    struct running running = {.config = ""};
    char answer[ANSWER_BYTES];
    char said[STDERR_AT_END_BYTES];
    char line[LINE_BYTES], admin[LINE_BYTES], request[LINE_BYTES];

    (void)state;
    make_folder(&running, FORWARD "allow: any\nadmin: 127.0.0.1:0\n");
    start(&running, arguments);
    assert_non_null(fgets(line, sizeof(line), running.out));
    assert_non_null(fgets(admin, sizeof(admin), running.out));
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        snprintf(request, sizeof(request),
                 "GET http://%s:%lu/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                 hosts[i], strtoul(strrchr(admin, ':') + 1, NULL, 10));
        ask(line, request, answer);
        assert_has(answer, "INVALID_HOST");
        assert_line(running.err, "destination_ip_prohibited");
    }
    ask(admin, GET("/healthz"), answer);
    assert_has(answer, "HTTP/1.1 200 ");
    kill(running.pid, SIGTERM);
    assert_int_equal(finish(&running, said), 0);
    assert_string_equal(said, "");
}

/* The environment, then a file that says another number. */
static void retries_come_from_the_environment_unless_the_file_says_them(void **state)
{
    static const char *const arguments[] = {"CONFIG", NULL};
    struct running running = {.config = ""};
    char answer[ANSWER_BYTES];
    char said[STDERR_AT_END_BYTES];
    char line[LINE_BYTES];

    (void)state;
    make_folder(&running, FORWARD "admin: 127.0.0.1:0\n");
    setenv("RETRYPROOF_DEFAULT_MAX_RETRIES", "100", 1);
    start(&running, arguments);
    unsetenv("RETRYPROOF_DEFAULT_MAX_RETRIES");
    assert_line(running.out, "listening on ");
    assert_non_null(fgets(line, sizeof(line), running.out));
    ask(line, GET("/api/routes/default"), answer);
    assert_has(answer, "\"max_retries\":100,");
    write_file(running.config, FORWARD "admin: 127.0.0.1:0\nmax_retries: 3\n");
    kill(running.pid, SIGHUP);
    assert_line(running.err, "is read again");
    ask(line, GET("/api/routes/default"), answer);
    assert_has(answer, "\"max_retries\":3,");
    kill(running.pid, SIGTERM);
    assert_int_equal(finish(&running, said), 0);
    assert_string_equal(said, "");
}

static void help_names_what_there_is(void **state)
{
    static const char *const arguments[] = {"--help", NULL};
    struct running running = {.config = ""};
    char said[STDERR_AT_END_BYTES];

    (void)state;
    start(&running, arguments);
    assert_line(running.out, "usage: retryproof proxy CONFIG.yaml [--log FILE]");
    while (fgets(said, sizeof(said), running.out) != NULL)
        continue;
    assert_has(said, "5 cannot start");
    assert_int_equal(finish(&running, said), 0);
}

int main(void)
{
    static const struct CMUnitTest single[] = {
        cmocka_unit_test(it_ends_when_it_is_asked_to),
        cmocka_unit_test(it_has_a_log_and_an_admin_listener),
        cmocka_unit_test(it_reads_its_file_again),
        cmocka_unit_test(an_exchange_is_told_logged_and_counted),
        cmocka_unit_test(it_serves_on_where_nobody_reads_what_it_tells),
        cmocka_unit_test(no_client_reaches_the_admin_listener_through_the_proxy),
        cmocka_unit_test(retries_come_from_the_environment_unless_the_file_says_them),
        cmocka_unit_test(help_names_what_there_is),
    };
    struct CMUnitTest tests[COUNT_OF(single) + COUNT_OF(REFUSALS)];
    size_t count = COUNT_OF(single);

    memcpy(tests, single, sizeof(single));
    for (size_t i = 0; i < COUNT_OF(REFUSALS); i++)
        tests[count++] = (struct CMUnitTest){.name = REFUSALS[i].name,
                                             .test_func = is_refused,
                                             .initial_state = (void *)(uintptr_t)&REFUSALS[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
