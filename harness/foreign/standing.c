#include "harness/foreign/standing.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/foreign/configure_output.h"
#include "harness/keeper/folder.h"
#include "harness/keeper/machine.h"
#include "harness/keeper/outside_command.h"

enum {
    WORKING_BYTES_MAX = STANDING_CONFIGURATION_MAX + 1024 * 1024, /* texts of one start */
    OUTPUT_BYTES_READ = 64 * 1024, /* of what the subject said, looked through for its error line */
    VERSION_OUTPUT_MAX = 256 * 1024, /* some print how they were built too */
};

/* A program that only prints its version takes moments; some look up this machine's name first. */
#define VERSION_WITHIN_NS (10 * NS_PER_S)
/* Between two looks at a listener that refuses: not seen in the time of a start, and no load. */
#define LOOK_EVERY_NS NS_PER_MS
/* Listeners accept before the workers behind them are there; when none has come for so long, all are. */
#define PROCESSES_QUIET_NS (100 * NS_PER_MS)
/* From the end of a process to the news of it: far more than its keeper needs on any machine. */
#define NEWS_WITHIN_NS (2 * NS_PER_S)

PRINTF_LIKE(2, 3)
static bool fail(char error[STANDING_ERROR_BYTES], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, STANDING_ERROR_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- words of a command ----------------------------------------------------------------------- */

/* What stands for ${name} in the words of `version` and `start`. */
struct variable {
    const char *name;
    const char *value;
};

/* The variable whose name stands there; NULL if it is none of them. */
static const struct variable *variable_at(const char *text, const struct variable *variables)
{
    while (variables->name != NULL && strncmp(text, variables->name, strlen(variables->name)) != 0)
        variables++;
    return variables->name != NULL ? variables : NULL;
}

/* Puts the values in, which may hold anything themselves; NULL when the region is full. */
static char *expand(const char *word, const struct variable *variables, struct region *region)
{
    char *text = region_copy_text(region, "", 0);
    while (*word != '\0' && text != NULL) {
        size_t plain = strcspn(word + 1, "$") + 1;
        const struct variable *variable = variable_at(word, variables);
        if (variable != NULL) {
            text = region_format(region, "%s%s", text, variable->value);
            word += strlen(variable->name);
        } else {
            text = region_format(region, "%s%.*s", text, (int)plain, word);
            word += plain;
        }
    }
    return text;
}

static char **expand_all(const char *const *words, const struct variable *variables,
                         struct region *region)
{
    size_t count = 0;

    while (words[count] != NULL)
        count++;
    char **expanded = region_take(region, (count + 1) * sizeof(*expanded));
    for (size_t i = 0; expanded != NULL && i < count; i++) {
        expanded[i] = expand(words[i], variables, region);
        if (expanded[i] == NULL)
            return NULL;
    }
    return expanded;
}

/* ---- the version ------------------------------------------------------------------------------ */

/* The number in a word: "1.22.1" of "nginx/1.22.1", "v1.22.1" and "(nginx-1.22.1"; NULL if it has none. */
static const char *find_number(const char *word)
{
    word += strspn(word, "(");
    if (isdigit((unsigned char)word[0]))
        return word;
    for (const char *at = word; *at != '\0'; at++)
        if (isdigit((unsigned char)at[1]) &&
            (*at == '/' || *at == '-' || (*at == 'v' && at == word)))
            return at + 1;
        else if (!isalnum((unsigned char)*at) && strchr("_-.", *at) == NULL)
            return NULL;
    return NULL;
}

static bool read_version(const char *output, char version[SUBJECT_VERSION_BYTES])
{
    static const char SPACES[] = " \t\r\n";
    char word[SUBJECT_VERSION_BYTES];

    for (const char *next = output + strspn(output, SPACES); *next != '\0';) {
        size_t size = strcspn(next, SPACES);

        snprintf(word, sizeof(word), "%.*s", size < sizeof(word) ? (int)size : 0, next);
        const char *number = find_number(word);
        if (number != NULL) {
            snprintf(version, SUBJECT_VERSION_BYTES, "%.*s", (int)strcspn(number, ",;)"), number);
            return true;
        }
        next += size;
        next += strspn(next, SPACES);
    }
    return false;
}

static bool say_missing(const struct subject_file *file, const char *program,
                        char error[STANDING_ERROR_BYTES])
{
    const char *install = subject_file_install(file);

    return fail(error, "%s is not here: no program '%.80s'%s%s", file->name, program,
                install != NULL ? "; to install it: " : "", install != NULL ? install : "");
}

bool standing_version(const struct subject_file *file, char version[SUBJECT_VERSION_BYTES],
                      char error[STANDING_ERROR_BYTES])
{
    const struct variable variables[] = {{"${subject}", file->folder}, {NULL, NULL}};
    char why[OUTSIDE_COMMAND_ERROR_BYTES];
    char path[PATH_MAX];
    struct region region;

    if (!outside_command_find(file->version[0], path))
        return say_missing(file, file->version[0], error);
    region_init(&region, WORKING_BYTES_MAX);
    const struct outside_command command = {
        .arguments = expand_all(file->version, variables, &region),
        .input = -1,
        .joined = true,
        .output_max = VERSION_OUTPUT_MAX,
        .within_ns = VERSION_WITHIN_NS,
    };
    check(command.arguments != NULL);
    const char *output = outside_command_run(&command, &region, why);
    bool told = output != NULL && read_version(output, version);
    if (output == NULL)
        fail(error, "%s does not tell its version: '%.80s' %s", file->name, file->version[0], why);
    else if (!told)
        fail(error, "%s does not tell its version: '%.80s' prints no number", file->name,
             file->version[0]);
    region_release(&region);
    return told;
}

/* ---- configuring ------------------------------------------------------------------------------ */

/* The slots as a file in memory, to be read from its beginning; -1 and errno. */
static int make_input(const struct standing_plan *plan)
{
    int descriptor = memfd_create("slots", MFD_CLOEXEC);
    int copy = descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    FILE *out = copy < 0 ? NULL : fdopen(copy, "w");

    if (out != NULL) {
        slots_write(plan->slots, plan->slot_count, out);
        if (fclose(out) == 0 && lseek(descriptor, 0, SEEK_SET) == 0)
            return descriptor;
    }
    if (descriptor >= 0)
        close(descriptor);
    return -1;
}

const char *standing_configure(const struct standing_plan *plan, const char *folder,
                               struct region *region, char error[STANDING_ERROR_BYTES])
{
    static const char *const WORDS[] = {"sh", "${subject}/configure", "${profile}", "${folder}",
                                        NULL};
    const struct variable variables[] = {{"${subject}", plan->file->folder},
                                         {"${profile}", plan->profile->name},
                                         {"${folder}", folder},
                                         {NULL, NULL}};
    char why[OUTSIDE_COMMAND_ERROR_BYTES] = "out of memory";
    const struct outside_command command = {
        .arguments = expand_all(WORDS, variables, region),
        .input = make_input(plan),
        .output_max = STANDING_CONFIGURATION_MAX,
        .within_ns = plan->file->ready_within_ns,
    };
    const char *text = command.arguments == NULL || command.input < 0
                           ? NULL
                           : outside_command_run(&command, region, why);

    if (command.input >= 0)
        close(command.input);
    if (text == NULL)
        fail(error, "%s (%s) cannot be configured: %s/configure %s", plan->file->name,
             plan->profile->name, plan->file->folder, why);
    return text;
}

/* ---- starting --------------------------------------------------------------------------------- */

/* What a start needs until it has come to its end. */
struct start {
    struct standing *standing;
    struct region region;
    char config[PATH_MAX];
    char output[PATH_MAX]; /* what the subject says */
    char program[PATH_MAX];
    char *error;
};

/* "nginx (default) …" */
PRINTF_LIKE(2, 3)
static bool fail_start(const struct start *start, const char *format, ...)
{
    const struct standing_plan *plan = &start->standing->plan;
    char sentence[STANDING_ERROR_BYTES - 128];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    return fail(start->error, "%.48s (%.48s) %s", plan->file->name, plan->profile->name, sentence);
}

/* The subject's own error line. */
static const char *read_complaint(const struct start *start, char line[OUTSIDE_COMMAND_LINE_BYTES])
{
    static const char NOTHING[] = "it says nothing";
    char *text = malloc(OUTPUT_BYTES_READ + 1);
    FILE *file = fopen(start->output, "re");
    size_t size = text == NULL || file == NULL ? 0 : fread(text, 1, OUTPUT_BYTES_READ, file);

    snprintf(line, OUTSIDE_COMMAND_LINE_BYTES, "%s", NOTHING);
    if (size > 0) {
        text[size] = '\0';
        outside_command_complaint(text, line);
    }
    if (file != NULL)
        fclose(file);
    free(text);
    return line;
}

static bool make_order(struct start *start, struct keeper_order *order)
{
    struct standing *standing = start->standing;
    const struct subject_file *file = standing->plan.file;
    const struct variable variables[] = {{"${subject}", file->folder},
                                         {"${profile}", standing->plan.profile->name},
                                         {"${folder}", standing->folder},
                                         {"${config}", start->config},
                                         {NULL, NULL}};

    if (!outside_command_find(file->start[0], start->program))
        return say_missing(file, file->start[0], start->error);
    *order = (struct keeper_order){
        .program = start->program,
        .arguments = expand_all(file->start, variables, &start->region),
        .variables = outside_command_variables(&start->region),
        .folder = standing->folder,
        .output = start->output,
        .stop_signal = file->stop_signal,
        .stop_within_ns = file->stop_within_ns,
    };
    return (order->arguments != NULL && order->variables != NULL) ||
           fail_start(start, "cannot be started: out of memory");
}

/* Makes the folder, and a keeper for it; from there on the keeper removes it. */
static bool guard_folder(struct start *start)
{
    struct standing *standing = start->standing;
    char why[KEEPER_ERROR_BYTES];
    struct keeper_order order;

    if (!folder_make(standing->plan.file->name, standing->folder)) {
        standing->folder[0] = '\0';
        return fail_start(start, "cannot be started: no temporary folder: %s", strerror(errno));
    }
    if (snprintf(start->config, PATH_MAX, "%s/" CONFIGURE_OUTPUT_NAME, standing->folder) >=
            PATH_MAX ||
        snprintf(start->output, PATH_MAX, "%s/output", standing->folder) >= PATH_MAX)
        return fail_start(start, "cannot be started: the name of its folder is too long");
    return make_order(start, &order) && (keeper_start(&standing->keeper, &order, why) ||
                                         fail_start(start, "cannot be started: %s", why));
}

/* Somebody else's listener would be taken for the subject's. */
static bool check_free(const struct start *start)
{
    const struct standing_plan *plan = &start->standing->plan;
    char text[ADDRESS_TEXT_BYTES];

    for (size_t i = 0; i < plan->slot_count; i++) {
        const struct address *listen = &plan->slots[i].listen;

        if ((i == 0 || !address_equal(listen, &plan->slots[i - 1].listen)) &&
            machine_accepts(listen))
            return fail_start(start, "cannot be started: another program accepts connections at %s",
                              address_format(listen, text));
    }
    return true;
}

static bool configure(struct start *start)
{
    struct standing *standing = start->standing;
    char why[CONFIGURE_OUTPUT_ERROR_BYTES];
    const char *text =
        standing_configure(&standing->plan, standing->folder, &start->region, start->error);

    return text != NULL && (configure_output_write(bytes_of(text), standing->folder, why) ||
                            fail_start(start, "cannot be configured: %s/configure %s",
                                       standing->plan.file->folder, why));
}

static bool fail_ended(const struct start *start)
{
    char end[OUTSIDE_COMMAND_LINE_BYTES];
    char line[OUTSIDE_COMMAND_LINE_BYTES];

    return fail_start(start, "could not start: it ended %s: %s",
                      outside_command_end(start->standing->keeper.status, end),
                      read_complaint(start, line));
}

/* Each listener in turn: all of them must accept, so none is waited for in vain. */
static bool await_listeners(const struct start *start, uint64_t until_ns)
{
    struct standing *standing = start->standing;
    const struct standing_plan *plan = &standing->plan;
    char text[ADDRESS_TEXT_BYTES];
    char line[OUTSIDE_COMMAND_LINE_BYTES];

    for (size_t i = 0; i < plan->slot_count; i++) {
        const struct address *listen = &plan->slots[i].listen;

        if (i > 0 && address_equal(listen, &plan->slots[i - 1].listen))
            continue;
        while (!machine_accepts(listen)) {
            uint64_t now = machine_now();

            if (!keeper_subject_runs(&standing->keeper, now + LOOK_EVERY_NS))
                return fail_ended(start);
            if (plan->is_interrupted != NULL && plan->is_interrupted(plan->owner))
                return fail_start(start, "was starting when the run was interrupted");
            if (now >= until_ns)
                return fail_start(start,
                                  "could not start: nobody accepts connections at %s after %.1f "
                                  "s: %s",
                                  address_format(listen, text),
                                  (double)plan->file->ready_within_ns / (double)NS_PER_S,
                                  read_complaint(start, line));
        }
    }
    return keeper_subject_runs(&standing->keeper, 0) || fail_ended(start);
}

/* Those that are there when no more come and go; false when the subject ends meanwhile. */
static bool count_processes(const struct start *start, uint64_t until_ns)
{
    struct standing *standing = start->standing;
    pid_t before[KEEPER_PROCESSES_MAX];
    uint64_t quiet_since_ns = machine_now();
    size_t count = 0;

    for (uint64_t now = quiet_since_ns; now < until_ns && now < quiet_since_ns + PROCESSES_QUIET_NS;
         now = machine_now()) {
        count = standing->process_count;
        memcpy(before, standing->processes, count * sizeof(*before));
        standing->process_count = keeper_processes(&standing->keeper, standing->processes);
        if (count != standing->process_count ||
            memcmp(before, standing->processes, count * sizeof(*before)) != 0)
            quiet_since_ns = now;
        if (!keeper_subject_runs(&standing->keeper, now + LOOK_EVERY_NS))
            return fail_ended(start);
    }
    return true;
}

static bool run(const struct start *start)
{
    struct standing *standing = start->standing;
    uint64_t until_ns = machine_now() + standing->plan.file->ready_within_ns;
    char why[KEEPER_ERROR_BYTES];

    if (!keeper_run(&standing->keeper, why))
        return fail_start(start, "could not start: %s: %s", start->program, why);
    return await_listeners(start, until_ns) && count_processes(start, until_ns);
}

bool standing_start(struct standing *standing, const struct standing_plan *plan,
                    char error[STANDING_ERROR_BYTES])
{
    struct start start = {.standing = standing, .error = error};

    *standing = (struct standing){.plan = *plan};
    region_init(&start.region, WORKING_BYTES_MAX);
    bool stands = guard_folder(&start) && check_free(&start) && configure(&start) && run(&start);
    if (!stands)
        standing_stop(standing);
    region_release(&start.region);
    return stands;
}

/* ---- standing --------------------------------------------------------------------------------- */

bool standing_is_whole(struct standing *standing, char error[STANDING_ERROR_BYTES])
{
    const char *name = standing->plan.file->name;
    struct keeper *keeper = &standing->keeper;
    char end[OUTSIDE_COMMAND_LINE_BYTES];
    pid_t lost = 0;

    for (size_t i = 0; i < standing->process_count && lost == 0; i++)
        if (keeper_process_is_lost(keeper, standing->processes[i]))
            lost = standing->processes[i];
    /* The keeper buries it, looks whether others are left, and only then tells how it ended. */
    if (!keeper_subject_runs(keeper, lost == keeper->subject ? machine_now() + NEWS_WITHIN_NS : 0))
        return fail(error, "%s ended %s", name, outside_command_end(keeper->status, end));
    return lost == 0 || fail(error, "process %d of %s has ended", (int)lost, name);
}

void standing_stop(struct standing *standing)
{
    keeper_stop(&standing->keeper);
    if (standing->folder[0] != '\0')
        folder_remove(standing->folder); /* where there was no keeper yet, or it was killed */
    *standing = (struct standing){0};
}
