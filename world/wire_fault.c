#include "world/wire_fault.h"

struct fault_row {
    const char *word;
    char party;
    char direction;
};

static const struct fault_row ROWS[] = {
#define FAULT_ROW(name, word, party, direction) {word, party, direction},
    WIRE_FAULT_LIST(FAULT_ROW)
#undef FAULT_ROW
};

const char *wire_fault_word(enum wire_fault_kind kind)
{
    check(kind < WIRE_FAULT_KIND_COUNT);
    return ROWS[kind].word;
}

bool wire_fault_fits(enum wire_fault_kind kind, enum wire_party party,
                     enum wire_direction direction)
{
    static const char PARTIES[] = {[WIRE_CLIENT] = 'c', [WIRE_UPSTREAM] = 'u', [WIRE_LOOKUP] = 'l'};
    static const char DIRECTIONS[] = {[WIRE_DIAL] = 'd', [WIRE_SENT] = 's', [WIRE_RECEIVED] = 'r'};

    check(kind < WIRE_FAULT_KIND_COUNT);
    const struct fault_row *row = &ROWS[kind];
    bool whose = row->party == PARTIES[party] || (row->party == 'b' && party != WIRE_LOOKUP);
    bool where = row->direction == DIRECTIONS[direction] ||
                 (row->direction == 'b' && direction != WIRE_DIAL);
    return whose && where;
}

bool wire_fault_is_of_tls(enum wire_fault_kind kind)
{
    return kind >= WIRE_FAULT_TLS_CUT && kind <= WIRE_FAULT_TLS_RST_AFTER;
}

bool wire_fault_is_beneath_proxy(enum wire_fault_kind kind)
{
    switch (kind) {
    case WIRE_FAULT_SHORT_WRITE:
    case WIRE_FAULT_REFUSED:
    case WIRE_FAULT_DROPPED:
    case WIRE_FAULT_UNREACHABLE:
    case WIRE_FAULT_NO_DESCRIPTORS:
    case WIRE_FAULT_NOT_FOUND:
    case WIRE_FAULT_SERVER_FAILED:
    case WIRE_FAULT_UNANSWERED:
    case WIRE_FAULT_NO_MEMORY:
        return true;
    default:
        return false;
    }
}

bool wire_fault_meets(const struct wire_fault *fault, enum wire_party party, uint32_t index,
                      uint32_t connection)
{
    if (fault->party != party)
        return false;
    if (fault->index == index && fault->connection == connection)
        return true;
    return fault->lasting && (fault->index != index || connection > fault->connection);
}

bool wire_fault_equal(const struct wire_fault *a, const struct wire_fault *b)
{
    return a->party == b->party && a->index == b->index && a->connection == b->connection &&
           a->direction == b->direction && a->offset == b->offset && a->kind == b->kind &&
           a->lasting == b->lasting;
}
