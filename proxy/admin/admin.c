#include "proxy/admin/admin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pages/page.h"
#include "proxy/admin/admin_session.h"

struct admin {
    struct world *world;
    struct listener listener;
    struct address address;
    struct admin_sources sources;
    char *page; /* the document, made once */
    struct admin_session *live;
    size_t live_count;
    struct admin_session *ended; /* until the end of the turn */
    struct timer reaper;         /* due at the end of the turn */
};

static void on_acceptable(struct listener *listener);
static void on_turn_end(struct timer *timer);

/* ---- life ------------------------------------------------------------------------------------ */

static int open_listener(struct admin *admin)
{
    return -world_listen(admin->world, &admin->listener, &admin->address, LISTEN_OPEN,
                         ADMIN_SESSIONS_MAX);
}

/* False when memory runs out. */
static bool make_page(struct admin *admin)
{
    size_t size;
    FILE *out = open_memstream(&admin->page, &size);
    bool failed;

    if (out == NULL)
        return false;
    page_begin(PAGE_LIVE, "retryproof: the proxy as it runs", out);
    page_end(out);
    failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed)
        return false;
    admin->sources.page = bytes_make(admin->page, size);
    return true;
}

static void admin_free(struct admin *admin)
{
    free(admin->page);
    free(admin);
}

struct admin *admin_create(struct world *world, const struct admin_options *options, int *os_error)
{
    size_t path_size = options->log_path != NULL ? strlen(options->log_path) : 0;
    struct admin *admin = calloc(1, sizeof(*admin));

    check(path_size < SETTINGS_PATH_BYTES);
    check((options->log == NULL) == (options->log_path == NULL));
    *os_error = ENOMEM;
    if (admin == NULL)
        return NULL;
    admin->world = world;
    admin->address = options->listen;
    admin->listener = (struct listener){.on_acceptable = on_acceptable, .owner = admin};
    admin->reaper = (struct timer){.on_time = on_turn_end, .owner = admin};
    admin->sources = (struct admin_sources){
        .proxy = options->proxy, .metrics = options->metrics, .log = options->log};
    if (path_size > 0)
        memcpy(admin->sources.log_path, options->log_path, path_size + 1);
    if (make_page(admin))
        *os_error = open_listener(admin);
    if (*os_error != 0) {
        admin_free(admin);
        return NULL;
    }
    return admin;
}

struct address admin_address(const struct admin *admin)
{
    return admin->address;
}

void admin_note_draining(struct admin *admin)
{
    admin->sources.draining = true;
}

static void destroy_sessions(struct admin_session **list)
{
    while (*list != NULL) {
        struct admin_session *session = *list;

        *list = session->next;
        admin_session_destroy(&session);
    }
}

void admin_destroy(struct admin **admin)
{
    struct admin *gone = *admin;

    *admin = NULL;
    world_unlisten(gone->world, &gone->listener);
    destroy_sessions(&gone->live);
    destroy_sessions(&gone->ended);
    timer_stop(gone->world, &gone->reaper);
    if (gone->sources.reader != NULL)
        log_reader_close(&gone->sources.reader);
    admin_free(gone);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static void enlist(struct admin *admin, struct admin_session *session)
{
    session->next = admin->live;
    if (admin->live != NULL)
        admin->live->previous = session;
    admin->live = session;
    admin->live_count++;
}

static void delist(struct admin *admin, struct admin_session *session)
{
    if (session->previous != NULL)
        session->previous->next = session->next;
    else
        admin->live = session->next;
    if (session->next != NULL)
        session->next->previous = session->previous;
    admin->live_count--;
}

static void on_session_ended(struct admin_session *session)
{
    struct admin *admin = session->owner;

    delist(admin, session);
    session->next = admin->ended;
    admin->ended = session;
    timer_set(admin->world, &admin->reaper, world_now(admin->world));
}

static void on_turn_end(struct timer *timer)
{
    struct admin *admin = timer->owner;

    destroy_sessions(&admin->ended);
}

static void on_lost(struct stream *stream, unsigned events)
{
    (void)stream;
    (void)events;
}

/* Left waiting, the connection would call on_acceptable again and again for as long as there is no room. */
static void turn_away(struct admin *admin)
{
    struct stream stream = {.on_event = on_lost};

    if (world_accept(admin->world, &admin->listener, &stream) == 0)
        stream_close(&stream, STREAM_RST);
}

static void on_acceptable(struct listener *listener)
{
    struct admin *admin = listener->owner;
    struct admin_session *session = NULL;

    if (admin->live_count < ADMIN_SESSIONS_MAX)
        session = admin_session_create(admin->world, &admin->sources);
    if (session == NULL) {
        turn_away(admin);
        return;
    }
    if (world_accept(admin->world, listener, &session->stream) != 0) {
        admin_session_destroy(&session);
        return;
    }
    session->on_ended = on_session_ended;
    session->owner = admin;
    enlist(admin, session);
    admin_session_start(session);
}
