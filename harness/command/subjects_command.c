#include "harness/command/subjects_command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/command/command.h"
#include "harness/command/run_command.h"
#include "harness/foreign/standing.h"
#include "harness/terminal/console.h"
#include "reports/subjects/comparison.h"
#include "reports/subjects/subject_json.h"

static const char HELP[] =
    "usage: retryproof subjects\n"
    "       retryproof subjects run [option]... [PATH]...\n"
    "\n"
    "Alone it lists the proxies that are known, their versions or how to install them, and their\n"
    "profiles. With `run` it plays scenarios (default: scenarios/any-proxy) against each that is\n"
    "installed, with each of its profiles, writes a result file for each, and prints them side by\n"
    "side (and as comparison.md).\n"
    "\n"
    "  --only NAME[/PROFILE]      only that one; may be repeated\n"
    "  --out FOLDER               of the result files NAME-PROFILE.json (default: out/subjects)\n"
    "  --jobs N                   so many proxies beside each other (default: two a processor)\n"
    "  and of the options of `retryproof run`: --expect (default: rfc9110), --filter, --tag,\n"
    "  --shard, --repeat (default: 2; what then is racy ten times), --fail-fast, --colour\n"
    "\n"
    "Exit: 0, 2 mistake in usage or scenario, 3 internal error, 4 nothing to run, 5 a proxy could\n"
    "not start, 130 interrupted.\n";

enum {
    ENTRIES_MAX = COMPARISON_COLUMNS_MAX,
    ONLY_MAX = 64,
    PASSED_ON_MAX = 256, /* arguments */
    JOBS_MAX = 64,
    RESULT_BYTES_MAX = 1024 * 1024 * 1024,
    COMPLAINT_BYTES = 2048,
};

/* ---- which there are ------------------------------------------------------------------------- */

/* One proxy with one profile, and the process that plays against it. */
struct entry {
    const struct subject_file *file;
    const struct subject_profile *profile;
    const char *path; /* of its result file */
    pid_t pid;        /* 0: not begun, or over */
    int complaints;   /* its stderr, a file in memory; -1: none */
    bool over;
    int code;
    uint64_t began_ns;
    const struct observed_run *run; /* NULL: there is no result */
};

struct subjects {
    struct region region;
    struct subject_file *files;
    size_t file_count;
    struct entry entries[ENTRIES_MAX];
    size_t entry_count;
    const char *only[ONLY_MAX];
    size_t only_count;
    const char *out;
    unsigned jobs;
    bool help;
    char *passed_on[PASSED_ON_MAX + 1];
    size_t passed_on_count;
    enum colour_choice colour;
    const char *version;
};

static bool is_subject_of(const char *only, const char *name)
{
    size_t size = strcspn(only, "/");
    return strlen(name) == size && strncmp(only, name, size) == 0;
}

static bool is_named(const struct subjects *subjects, const char *name)
{
    for (size_t i = 0; i < subjects->only_count; i++)
        if (is_subject_of(subjects->only[i], name))
            return true;
    return subjects->only_count == 0;
}

static bool is_wanted(const struct subjects *subjects, const struct entry *entry)
{
    for (size_t i = 0; i < subjects->only_count; i++) {
        const char *slash = strchr(subjects->only[i], '/');
        if (is_subject_of(subjects->only[i], entry->file->name) &&
            (slash == NULL || strcmp(slash + 1, entry->profile->name) == 0))
            return true;
    }
    return subjects->only_count == 0;
}

static bool load_file(struct subjects *subjects, const char *name)
{
    char folder[PATH_MAX];
    char error[STANDING_ERROR_BYTES];
    struct yaml_error mistake = {{0}};
    if (!subject_file_find(name, folder, error, sizeof(error))) {
        fprintf(stderr, "retryproof: %s\n", error);
        return false;
    }
    const char *kept = region_copy_text(&subjects->region, folder, strlen(folder));
    if (kept != NULL && subject_file_load(&subjects->files[subjects->file_count], kept,
                                          &subjects->region, &mistake)) {
        subjects->file_count++;
        return true;
    }
    fprintf(stderr, "retryproof: %s\n", kept != NULL ? mistake.sentence : "out of memory");
    return false;
}

/* What nobody asked for may have mistakes. */
static bool load_files(struct subjects *subjects)
{
    size_t count;
    const char *const *names = subject_file_names(&subjects->region, &count);
    subjects->files = region_take(&subjects->region, (count + 1) * sizeof(*subjects->files));
    bool fine = names != NULL && subjects->files != NULL;
    for (size_t i = 0; fine && i < count; i++)
        fine = !is_named(subjects, names[i]) || load_file(subjects, names[i]);
    return fine;
}

static int list_subjects(const struct subjects *subjects)
{
    for (size_t i = 0; i < subjects->file_count; i++) {
        const struct subject_file *file = &subjects->files[i];
        const char *install = subject_file_install(file);
        char version[SUBJECT_VERSION_BYTES];
        char error[STANDING_ERROR_BYTES];
        bool here = standing_version(file, version, error);
        printf("%-16s %-20s ", file->name, here ? version : "-");
        for (size_t p = 0; p < file->profile_count; p++)
            printf("%s%s", p == 0 ? "" : ", ", file->profiles[p].name);
        if (!here)
            printf("  (not here%s%s)", install != NULL ? ": " : "", install != NULL ? install : "");
        printf("\n");
    }
    return subjects->file_count > 0 ? EXIT_PASSED : EXIT_NOTHING_TO_RUN;
}

/* ---- what is asked for ------------------------------------------------------------------------ */

/* The value of "--name VALUE" or "--name=VALUE" at *index, which then stands at its last word; NULL if it is another one. */
static const char *option_value(int argc, char **argv, int *index, const char *name)
{
    const char *text = argv[*index];
    size_t size = strlen(name);
    if (strncmp(text, name, size) != 0)
        return NULL;
    if (text[size] == '=')
        return text + size + 1;
    if (text[size] != '\0')
        return NULL;
    return ++*index < argc ? argv[*index] : "";
}

static bool refuse(const char *option, const char *value, const char *expected)
{
    fprintf(stderr, "retryproof subjects: %s: '%s' is not %s\n", option, value, expected);
    return false;
}

static bool read_jobs(struct subjects *subjects, const char *text)
{
    uint64_t jobs;
    if (!bytes_to_u64(bytes_of(text), JOBS_MAX, &jobs) || jobs == 0)
        return refuse("--jobs", text, "a number from 1 to 64");
    subjects->jobs = (unsigned)jobs;
    return true;
}

/*
 * True of an option of `run`, or the beginning of one as getopt(3) takes it, that would say of each proxy what this command says:
 * then a result would be another proxy's than its file is named after.
 */
static bool is_decided_here(const char *text)
{
    static const char *const WORDS[] = {
        "--subject", "--profile",  "--target", "--upstream",  "--host",        "--header",
        "--ca",      "--insecure", "--settle", "--patience",  "--recover",     "--report",
        "--list",    "--verbose",  "--world",  "--buffering", "--last-failed",
    };
    size_t size = strcspn(text, "=");
    for (size_t i = 0; i < COUNT_OF(WORDS) && strncmp(text, "--", 2) == 0; i++)
        if (strncmp(text, WORDS[i], size) == 0)
            return true;
    return false;
}

static bool read_argument(struct subjects *subjects, int argc, char **argv, int *index)
{
    const char *value;
    int at = *index;
    if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)
        return subjects->help = true;
    if ((value = option_value(argc, argv, index, "--jobs")) != NULL)
        return read_jobs(subjects, value);
    if ((value = option_value(argc, argv, index, "--out")) != NULL) {
        subjects->out = value;
        return *value != '\0' || refuse("--out", value, "a folder");
    }
    if ((value = option_value(argc, argv, index, "--only")) != NULL) {
        if (*value == '\0' || subjects->only_count == ONLY_MAX)
            return refuse("--only", value, "NAME or NAME/PROFILE");
        subjects->only[subjects->only_count++] = value;
        return true;
    }
    if ((value = option_value(argc, argv, index, "--colour")) != NULL ||
        (value = option_value(argc, argv, index, "--color")) != NULL)
        return console_colour_choice(value, &subjects->colour) ||
               refuse("--colour", value, "auto, always or never");
    if (is_decided_here(argv[at])) {
        fprintf(stderr,
                "retryproof subjects: '%s' cannot be said here: which proxies are asked, and "
                "what is written, is said by --only and --out\n",
                argv[at]);
        return false;
    }
    if (subjects->passed_on_count + 4 > PASSED_ON_MAX)
        return refuse("arguments", argv[at], "possible: there are too many");
    subjects->passed_on[subjects->passed_on_count++] = argv[at];
    return true;
}

static bool is_passed_on(const struct subjects *subjects, const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < subjects->passed_on_count; i++)
        if (strncmp(subjects->passed_on[i], name, size) == 0 &&
            (subjects->passed_on[i][size] == '\0' || subjects->passed_on[i][size] == '='))
            return true;
    return false;
}

/* The next word is its value. */
static bool takes_next(const char *option)
{
    static const char *const WORDS[] = {"--expect", "--filter", "--tag", "--shard",
                                        "--seed",   "--repeat", "-j"};
    for (size_t i = 0; i < COUNT_OF(WORDS); i++)
        if (strcmp(option, WORDS[i]) == 0)
            return true;
    return false;
}

/* Or a line of one, or a part of an id. */
static bool names_a_path(const struct subjects *subjects)
{
    for (size_t i = 0; i < subjects->passed_on_count; i++) {
        if (takes_next(subjects->passed_on[i]))
            i++;
        else if (subjects->passed_on[i][0] != '-')
            return true;
    }
    return false;
}

static void pass_on(struct subjects *subjects, const char *text)
{
    char *copy = region_copy_text(&subjects->region, text, strlen(text));
    check(subjects->passed_on_count < PASSED_ON_MAX);
    if (copy != NULL)
        subjects->passed_on[subjects->passed_on_count++] = copy;
}

static bool read_arguments(struct subjects *subjects, int argc, char **argv)
{
    subjects->out = "out/subjects";
    subjects->jobs = 2 * console_processors();
    for (int i = 0; i < argc; i++)
        if (!read_argument(subjects, argc, argv, &i))
            return false;
    if (!is_passed_on(subjects, "--expect"))
        pass_on(subjects, "--expect=rfc9110");
    if (!is_passed_on(subjects, "--repeat"))
        pass_on(subjects, "--repeat=2"); /* what is racy shows itself only then */
    if (!names_a_path(subjects))
        pass_on(subjects, "scenarios/any-proxy");
    return true;
}

static void add_profiles(struct subjects *subjects, const struct subject_file *file)
{
    for (size_t p = 0; p < file->profile_count && subjects->entry_count < ENTRIES_MAX; p++) {
        struct entry *entry = &subjects->entries[subjects->entry_count];
        *entry = (struct entry){.file = file, .profile = &file->profiles[p], .complaints = -1};
        if (!is_wanted(subjects, entry))
            continue;
        entry->path = region_format(&subjects->region, "%s/%s-%s.json", subjects->out, file->name,
                                    entry->profile->name);
        subjects->entry_count += entry->path != NULL;
    }
}

/* All that are here; of the others how to install them is said. */
static void choose_entries(struct subjects *subjects)
{
    for (size_t i = 0; i < subjects->file_count; i++) {
        const struct subject_file *file = &subjects->files[i];
        char version[SUBJECT_VERSION_BYTES];
        char error[STANDING_ERROR_BYTES];
        size_t before = subjects->entry_count;
        add_profiles(subjects, file);
        if (subjects->entry_count == before || standing_version(file, version, error))
            continue;
        subjects->entry_count = before;
        fprintf(stderr, "%s\n", error);
    }
}

/* ---- playing ----------------------------------------------------------------------------------- */

/* In the child: the command that a person would type for this one alone. */
NORETURN static void play_entry(const struct subjects *subjects, const struct entry *entry,
                                pid_t parent)
{
    char *arguments[PASSED_ON_MAX + 16];
    char subject[PATH_MAX + 16];
    char profile[256];
    char report[PATH_MAX + 16];
    char *const first[] = {(char[]){"run"},
                           (char[]){"--quiet"},
                           (char[]){"--buffering"},
                           subject,
                           profile,
                           report,
                           (char[]){"--report=terminal=/dev/null"}};
    size_t count = 0;
    /* Until it catches signals for itself there is nothing to be told of it; ours would be forgotten then. */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(entry->complaints, STDERR_FILENO) < 0)
        _exit(EXIT_INTERNAL);
    snprintf(subject, sizeof(subject), "--subject=%s", entry->file->name);
    snprintf(profile, sizeof(profile), "--profile=%s", entry->profile->name);
    snprintf(report, sizeof(report), "--report=subject=%s", entry->path);
    for (size_t i = 0; i < COUNT_OF(first); i++)
        arguments[count++] = first[i];
    for (size_t i = 0; i < subjects->passed_on_count; i++)
        arguments[count++] = subjects->passed_on[i];
    arguments[count] = NULL;
    int null = freopen("/dev/null", "w", stdout) != NULL ? 0 : EXIT_INTERNAL;
    int code = null == 0 ? run_command((int)count, arguments, subjects->version) : null;
    fflush(NULL);
    _exit(code);
}

static bool begin(struct subjects *subjects, struct entry *entry)
{
    pid_t parent = getpid();
    fflush(NULL);
    (void)!unlink(entry->path);
    entry->complaints = memfd_create("retryproof.log", MFD_CLOEXEC);
    entry->began_ns = console_now_ns();
    entry->pid = entry->complaints < 0 ? -1 : fork();
    if (entry->pid == 0)
        play_entry(subjects, entry, parent);
    if (entry->pid < 0) {
        fprintf(stderr, "retryproof: no process for %s: %s\n", entry->file->name, strerror(errno));
        entry->over = true;
        entry->code = EXIT_INTERNAL;
        entry->pid = 0;
        return false;
    }
    return true;
}

static void tell_complaints(const struct entry *entry)
{
    char text[COMPLAINT_BYTES];
    ssize_t size = pread(entry->complaints, text, sizeof(text) - 1, 0);
    if (size <= 0)
        return;
    text[size] = '\0';
    fputs(text, stderr);
    if (text[size - 1] != '\n')
        fputc('\n', stderr);
}

static void tell_over(const struct entry *entry)
{
    double seconds = (double)(console_now_ns() - entry->began_ns) / 1e9;
    const char *slash = strrchr(entry->path, '/');
    if (entry->run != NULL)
        fprintf(stderr, "%s/%s: %zu %s in %.1f s\n", entry->file->name, entry->profile->name,
                entry->run->case_count, entry->run->case_count == 1 ? "case" : "cases", seconds);
    else
        fprintf(stderr, "%s/%s: no result after %.1f s (%s was not written)\n", entry->file->name,
                entry->profile->name, seconds, slash != NULL ? slash + 1 : entry->path);
}

static void end(struct subjects *subjects, struct entry *entry, int status)
{
    char error[SUBJECT_JSON_ERROR_BYTES];
    entry->over = true;
    entry->pid = 0;
    entry->code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_INTERNAL;
    if (entry->code != EXIT_PASSED && entry->code != EXIT_FAILED) {
        (void)!unlink(entry->path); /* half a result is none */
    } else {
        entry->run = subject_json_read(entry->path, &subjects->region, error);
        if (entry->run == NULL)
            fprintf(stderr, "retryproof: %s\n", error);
    }
    tell_complaints(entry);
    close(entry->complaints);
    tell_over(entry);
}

static void end_process(struct subjects *subjects, pid_t pid, int status)
{
    for (size_t i = 0; i < subjects->entry_count; i++)
        if (subjects->entries[i].pid == pid)
            end(subjects, &subjects->entries[i], status);
}

static void interrupt_all(const struct subjects *subjects)
{
    for (size_t i = 0; i < subjects->entry_count; i++)
        if (subjects->entries[i].pid > 0)
            kill(subjects->entries[i].pid, SIGINT);
}

static void play_entries(struct subjects *subjects)
{
    size_t next = 0;
    size_t running = 0;
    bool told = false;
    while (next < subjects->entry_count || running > 0) {
        while (next < subjects->entry_count && running < subjects->jobs &&
               !console_is_interrupted())
            running += begin(subjects, &subjects->entries[next++]);
        if (console_is_interrupted() && !told) {
            interrupt_all(subjects);
            told = true;
        }
        if (console_is_interrupted())
            next = subjects->entry_count;
        int status;
        pid_t pid = running > 0 ? waitpid(-1, &status, 0) : 0;
        if (pid > 0) {
            end_process(subjects, pid, status);
            running--;
        }
    }
}

/* ---- all of it ---------------------------------------------------------------------------------- */

static bool make_folder(const char *path)
{
    char text[PATH_MAX];
    if (snprintf(text, sizeof(text), "%s", path) >= (int)sizeof(text))
        return false;
    for (char *slash = strchr(text + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(text, 0777) != 0 && errno != EEXIST)
            return false;
        *slash = '/';
    }
    return mkdir(text, 0777) == 0 || errno == EEXIST;
}

static int worst_code(const struct subjects *subjects)
{
    int code = EXIT_PASSED;
    for (size_t i = 0; i < subjects->entry_count; i++) {
        int own = subjects->entries[i].code;
        if (own != EXIT_FAILED && own > code)
            code = own;
    }
    return console_is_interrupted() ? EXIT_INTERRUPTED : code;
}

/* What is alike stands side by side: one profile of all proxies, then the next. */
static size_t order_by_profile(const struct subjects *subjects,
                               const struct observed_run *runs[ENTRIES_MAX])
{
    bool taken[ENTRIES_MAX] = {false};
    size_t count = 0;
    for (size_t i = 0; i < subjects->entry_count; i++)
        for (size_t j = i; j < subjects->entry_count && !taken[i]; j++) {
            const struct entry *entry = &subjects->entries[j];
            if (strcmp(entry->profile->name, subjects->entries[i].profile->name) != 0 || taken[j])
                continue;
            taken[j] = j != i; /* the first of them ends the round */
            if (entry->run != NULL)
                runs[count++] = entry->run;
        }
    return count;
}

/* For people who read it elsewhere. */
static void write_markdown(const struct subjects *subjects, const struct comparison_input *input)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/comparison.md", subjects->out);
    FILE *out = fopen(path, "we");
    if (out != NULL)
        comparison_markdown(input, out);
    if (out == NULL || fclose(out) != 0)
        fprintf(stderr, "retryproof: %s: %s\n", path, strerror(errno));
}

static void compare(const struct subjects *subjects)
{
    const struct observed_run *runs[ENTRIES_MAX];
    const struct report_style style = {.colour = console_has_colour(stdout, subjects->colour),
                                       .width = console_width(stdout)};
    const struct comparison_input input = {runs, order_by_profile(subjects, runs)};
    if (input.run_count == 0)
        return;
    comparison_terminal(&input, &style, stdout);
    write_markdown(subjects, &input);
}

static int run_subjects(struct subjects *subjects)
{
    choose_entries(subjects);
    if (subjects->entry_count == 0) {
        fputs("retryproof: no proxy to run: none is installed, or --only names none\n", stderr);
        return EXIT_NOTHING_TO_RUN;
    }
    if (!make_folder(subjects->out)) {
        fprintf(stderr, "retryproof: %s: %s\n", subjects->out, strerror(errno));
        return EXIT_INTERNAL;
    }
    console_catch_signals();
    fprintf(stderr, "%zu profiles to ask, %u beside each other\n", subjects->entry_count,
            subjects->jobs);
    play_entries(subjects);
    compare(subjects);
    return worst_code(subjects);
}

static int do_subjects(struct subjects *subjects, int argc, char **argv)
{
    bool runs = argc > 1 && strcmp(argv[1], "run") == 0;
    if (!read_arguments(subjects, argc - 1 - runs, argv + 1 + runs))
        return EXIT_USAGE;
    if (subjects->help) {
        fputs(HELP, stdout);
        return EXIT_PASSED;
    }
    if (!runs && argc > 1) {
        fprintf(stderr, "retryproof subjects: '%s' is nothing it knows: say run, or nothing\n",
                argv[1]);
        return EXIT_USAGE;
    }
    if (!load_files(subjects))
        return EXIT_USAGE;
    return runs ? run_subjects(subjects) : list_subjects(subjects);
}

int subjects_command(int argc, char **argv, const char *version)
{
    struct subjects *subjects = calloc(1, sizeof(*subjects));
    if (subjects == NULL)
        return EXIT_INTERNAL;
    subjects->version = version;
    region_init(&subjects->region, RESULT_BYTES_MAX);
    int code = do_subjects(subjects, argc, argv);
    region_release(&subjects->region);
    free(subjects);
    return code;
}
