#include "harness/command/command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakeupstream/serve.h"
#include "harness/command/coverage_command.h"
#include "harness/command/explore_command.h"
#include "harness/command/invariants_command.h"
#include "harness/command/replay_command.h"
#include "harness/command/report_command.h"
#include "harness/command/run_command.h"
#include "harness/command/subjects_command.h"
#include "proxy/serve.h"
#include "reports/shell_word.h"

enum { EXIT_NO_WORD = -1 };

static const char HELP[] =
    "usage: retryproof COMMAND ...\n"
    "\n"
    "Proves what an HTTP proxy does when an upstream fails.\n"
    "\n"
    "  run PATH...            play scenarios and judge them\n"
    "  explore [PATH...]      put every fault at every byte of them, and judge every run\n"
    "  replay FILE...         play again what an exploration found\n"
    "  invariants [PATH...]   what holds in every run, and which runs exercise it\n"
    "  coverage [PATH...]     what scenarios cover of the acceptance matrix, and what not\n"
    "  subjects               other people's proxies: which are here; run them all\n"
    "  report WORD FILE...    compare result files of subjects, and explain them\n"
    "  proxy CONFIG.yaml      the built-in proxy by itself\n"
    "  upstream SCRIPT.yaml   the fake upstreams of a file by themselves\n"
    "  help [COMMAND]         this text, or what COMMAND --help says\n"
    "  --version              the version\n";

/* EXIT_NO_WORD: it is none of the words that have a command. */
static int dispatch_word(int argc, char **argv, const char *version)
{
    const char *word = argc > 1 ? argv[1] : "";
    if (strcmp(word, "run") == 0)
        return run_command(argc - 1, argv + 1, version);
    if (strcmp(word, "explore") == 0)
        return explore_command(argc - 1, argv + 1, version);
    if (strcmp(word, "replay") == 0)
        return replay_command(argc - 1, argv + 1, version);
    if (strcmp(word, "invariants") == 0)
        return invariants_command(argc - 1, argv + 1);
    if (strcmp(word, "coverage") == 0)
        return coverage_command(argc - 1, argv + 1, version);
    if (strcmp(word, "subjects") == 0)
        return subjects_command(argc - 1, argv + 1, version);
    if (strcmp(word, "report") == 0)
        return report_command(argc - 1, argv + 1);
    if (strcmp(word, "proxy") == 0)
        return proxy_command(argc - 1, argv + 1);
    if (strcmp(word, "upstream") == 0)
        return upstream_command(argc - 1, argv + 1);
    return EXIT_NO_WORD;
}

static int dispatch(int argc, char **argv, const char *version)
{
    const char *word = argc > 1 ? argv[1] : "";
    char help[] = "--help";
    bool asks = strcmp(word, "help") == 0 && argc > 2;
    char *asked[] = {argv[0], asks ? argv[2] : NULL, help, NULL};
    int code = dispatch_word(asks ? 3 : argc, asks ? asked : argv, version);
    if (code != EXIT_NO_WORD)
        return code;
    if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        fputs(HELP, stdout);
        return EXIT_PASSED;
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "version") == 0) {
        printf("retryproof %s\n", version);
        return EXIT_PASSED;
    }
    if (*word != '\0')
        fprintf(stderr, "retryproof: there is no command '%s'\n\n", word);
    fputs(HELP, stderr);
    return EXIT_USAGE;
}

char *command_typed(int argc, char **argv)
{
    struct region region;
    char *text = NULL;
    size_t size = 0;
    bool fine = true;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    region_init(&region, SIZE_MAX);
    fputs("retryproof", out);
    for (int i = 0; i < argc && fine; i++) {
        const char *word = shell_word(argv[i], &region);
        fine = word != NULL && fprintf(out, " %s", word) > 0;
        region_reset(&region);
    }
    region_release(&region);
    if (fclose(out) == 0 && fine)
        return text;
    free(text);
    return NULL;
}

int command_main(int argc, char **argv, const char *version)
{
    int code = dispatch(argc, argv, version);
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        fprintf(stderr, "retryproof: stdout: %s\n", strerror(errno));
        return EXIT_INTERNAL;
    }
    return code;
}
