#include "harness/command/report_command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "harness/command/command.h"
#include "harness/command/render_command.h"
#include "harness/terminal/console.h"
#include "reports/subjects/comparison.h"
#include "reports/subjects/subject_json.h"

static const char HELP[] =
    "usage: retryproof report WORD [option]... FILE.json...\n"
    "\n"
    "Result files of subjects, as `retryproof run --report subject=FILE` and `retryproof\n"
    "subjects run` write them:\n"
    "\n"
    "  compare BEFORE AFTER   what changed from one result to another, and in how many cases both\n"
    "                         agree; ends with 1 if anything changed\n"
    "  matrix FILE...         the harms, then stage x fault x method across all files\n"
    "  harms FILE...          each harm, its cells, and one command to reproduce it\n"
    "  explain TEXT FILE...   why cells are as they are: cases whose id, or whose row as\n"
    "                         \"stage / fault / method\", contains the text, upper or lower case\n"
    "    --markdown           of the matrix: tables for GitHub and others\n"
    "\n";

static const char HELP_END[] =
    "\n"
    "  --colour auto|always|never\n"
    "\n"
    "Exit: 0, 1 something changed, 2 mistake in usage or in a file, 3 a report cannot be written,\n"
    "4 nothing to explain.\n";

enum { FILES_BYTES_MAX = 1024 * 1024 * 1024 };

struct report_options {
    bool help;
    bool markdown;
    enum colour_choice colour;
    int rest; /* the first argument that is no option */
};

static bool read_options(struct report_options *options, int argc, char **argv)
{
    static const struct option WORDS[] = {
        {"markdown", no_argument, NULL, 'm'},
        {"colour", required_argument, NULL, 'c'},
        {"color", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int word;
    *options = (struct report_options){.colour = COLOUR_AUTO};
    optind = 0;
    opterr = 0;
    while ((word = getopt_long(argc, argv, ":h", WORDS, NULL)) != -1) {
        bool colour_known = word == 'c' && console_colour_choice(optarg, &options->colour);
        if (word == '?' || word == ':' || (word == 'c' && !colour_known)) {
            fprintf(stderr, "retryproof report: '%s' is no option here, or misses its value\n",
                    argv[optind - 1]);
            return false;
        }
        options->markdown = options->markdown || word == 'm';
        options->help = options->help || word == 'h';
    }
    options->rest = optind;
    return true;
}

/* All files that were named. False when one of them is none of ours. */
static bool read_files(char **paths, int count, const struct observed_run **runs,
                       struct region *region)
{
    char error[SUBJECT_JSON_ERROR_BYTES];
    for (int i = 0; i < count; i++) {
        runs[i] = subject_json_read(paths[i], region, error);
        if (runs[i] == NULL) {
            fprintf(stderr, "retryproof report: %s\n", error);
            return false;
        }
    }
    return true;
}

static int usage(const char *sentence)
{
    fprintf(stderr, "retryproof report: %s\n(retryproof report --help tells what there is)\n",
            sentence);
    return EXIT_USAGE;
}

static int show(const char *word, const struct report_options *options, char **arguments, int count)
{
    const struct observed_run *runs[COMPARISON_COLUMNS_MAX];
    const struct report_style style = {.colour = console_has_colour(stdout, options->colour),
                                       .width = console_width(stdout)};
    const char *text = strcmp(word, "explain") == 0 && count > 0 ? arguments[0] : NULL;
    struct region region;
    int code = EXIT_PASSED;
    if (text != NULL) {
        arguments++;
        count--;
    }
    if (count == 0 || count > COMPARISON_COLUMNS_MAX)
        return usage(count == 0 ? "no file is named" : "too many files are named");
    if (strcmp(word, "compare") == 0 && count != 2)
        return usage("compare takes two files: before and after");
    region_init(&region, FILES_BYTES_MAX);
    const struct comparison_input input = {runs, (size_t)count};
    if (!read_files(arguments, count, runs, &region))
        code = EXIT_USAGE;
    else if (text != NULL)
        code = comparison_explain(&input, text, &style, stdout) ? EXIT_PASSED : EXIT_NOTHING_TO_RUN;
    else if (strcmp(word, "compare") == 0)
        code = comparison_changes(runs[0], runs[1], &style, stdout) ? EXIT_PASSED : EXIT_FAILED;
    else if (strcmp(word, "harms") == 0)
        comparison_harms(&input, &style, stdout);
    else if (options->markdown)
        comparison_markdown(&input, stdout);
    else
        comparison_terminal(&input, &style, stdout);
    if (code == EXIT_NOTHING_TO_RUN)
        fprintf(stderr, "retryproof report: no case of these files contains '%s'\n", text);
    region_release(&region);
    return code;
}

int report_command(int argc, char **argv)
{
    static const char *const WORDS[] = {"compare", "matrix", "harms", "explain"};
    struct report_options options;
    if (argc > 1 && strcmp(argv[1], "render") == 0)
        return render_command(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "merge") == 0)
        return merge_command(argc - 1, argv + 1);
    if (!read_options(&options, argc, argv))
        return EXIT_USAGE;
    if (options.help) {
        fputs(HELP, stdout);
        render_command_tell(stdout);
        fputs(HELP_END, stdout);
        return EXIT_PASSED;
    }
    const char *word = options.rest < argc ? argv[options.rest] : "";
    for (size_t i = 0; i < COUNT_OF(WORDS); i++)
        if (strcmp(WORDS[i], word) == 0)
            return show(word, &options, argv + options.rest + 1, argc - options.rest - 1);
    return usage("say render, merge, compare, matrix, harms or explain");
}
