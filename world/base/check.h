/*
 * Assertions that stay on in every build.
 *
 * check() is for our own mistakes and nothing else: never for what a peer, a file or the kernel can
 * cause. One condition each, so that the message names the one thing that was wrong.
 */
#ifndef WORLD_BASE_CHECK_H
#define WORLD_BASE_CHECK_H

#include <stddef.h>

#define MUST_USE                         __attribute__((warn_unused_result))
#define NORETURN                         __attribute__((noreturn))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#define COUNT_OF(array)                  (sizeof(array) / sizeof((array)[0]))

#define check(condition) \
    ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, __func__, #condition))

/* Says where and what on stderr, then hands over to the handler, then aborts. Never returns. */
NORETURN void check_failed(const char *file, int line, const char *function, const char *condition);

/* As check_failed(), with the words made by the caller (a state and an event, say). */
NORETURN void check_refuse(const char *file, int line, const char *format, ...) PRINTF_LIKE(3, 4);

/*
 * A handler that is told of a failed check before the process aborts. It may leave by longjmp, which
 * is how the runner makes one broken case an `error` of that case alone. NULL takes it away.
 */
typedef void check_handler(void *owner, const char *sentence);
void check_handle_with(check_handler *handler, void *owner);

#endif
