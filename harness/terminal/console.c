#include "harness/terminal/console.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "world/base/bytes.h"
#include "world/base/check.h"

#define NS_PER_SECOND 1000000000ull

const char *console_variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

static bool is_set(const char *name)
{
    return console_variable(name) != NULL;
}

bool console_colour_choice(const char *text, enum colour_choice *out)
{
    static const char *const CHOICES[] = {
        [COLOUR_AUTO] = "auto", [COLOUR_ALWAYS] = "always", [COLOUR_NEVER] = "never"};
    for (size_t i = 0; i < COUNT_OF(CHOICES); i++)
        if (strcmp(text, CHOICES[i]) == 0) {
            *out = (enum colour_choice)i;
            return true;
        }
    return false;
}

/* https://no-color.org and https://force-color.org */
bool console_has_colour(FILE *stream, enum colour_choice choice)
{
    if (choice != COLOUR_AUTO)
        return choice == COLOUR_ALWAYS;
    if (is_set("NO_COLOR"))
        return false;
    if (is_set("FORCE_COLOR"))
        return true;
    const char *terminal = getenv("TERM");
    return console_is_terminal(stream) && (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

bool console_is_terminal(FILE *stream)
{
    return isatty(fileno(stream)) == 1;
}

unsigned console_width(FILE *stream)
{
    struct winsize size;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    uint64_t columns;
    const char *wanted = getenv("COLUMNS");
    if (wanted != NULL && bytes_to_u64(bytes_of(wanted), CONSOLE_WIDTH_MAX, &columns) &&
        columns > 0)
        return (unsigned)columns;
    return CONSOLE_WIDTH_DEFAULT;
}

const char *console_cache_folder(char *text, size_t size)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    int used = -1;
    if (cache != NULL && cache[0] == '/')
        used = snprintf(text, size, "%s/retryproof", cache);
    else if (home != NULL && home[0] == '/')
        used = snprintf(text, size, "%s/.cache/retryproof", home);
    return used >= 0 && (size_t)used < size ? text : NULL;
}

unsigned console_processors(void)
{
    cpu_set_t allowed;
    return sched_getaffinity(0, sizeof(allowed), &allowed) == 0 ? (unsigned)CPU_COUNT(&allowed) : 1;
}

uint64_t console_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

int64_t console_unix_time(void)
{
    return (int64_t)time(NULL);
}

enum { INTERRUPT_GRACE_S = 10 }; /* the longest case of ours ends in a few seconds */

/*
 * SA_RESETHAND has put the default back by now, which is what is asked about later. A case that never comes back,
 * because the code under test turns in circles, is ended with everything else when the grace is over.
 */
static void note_signal(int signal_number)
{
    (void)signal_number;
    alarm(INTERRUPT_GRACE_S);
}

void console_catch_signals(void)
{
    struct sigaction once = {.sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&once.sa_mask);
    sigaction(SIGINT, &once, NULL);
    sigaction(SIGTERM, &once, NULL);
}

static bool came(int signal_number)
{
    struct sigaction now;
    return sigaction(signal_number, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}

bool console_is_interrupted(void)
{
    return came(SIGINT) || came(SIGTERM);
}

void console_end_grace(void)
{
    alarm(0);
}
