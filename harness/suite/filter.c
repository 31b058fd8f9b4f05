#include "harness/suite/filter.h"

#include <stdio.h>
#include <string.h>

static const char *const FIELD_WORDS[] = {
#define FILTER_FIELD_WORD(name, word) [FILTER_##name] = (word),
    FILTER_FIELD_LIST(FILTER_FIELD_WORD)
#undef FILTER_FIELD_WORD
};

/* The shunting yard: operands go to the terms at once, operators wait until one binds less tightly. */
struct parse {
    struct filter *filter;
    enum filter_kind kind;
    const char *begin; /* of the text as it was given, for the place in an error */
    const char *rest;
    char *store; /* where the next value's copy goes */
    enum filter_operator waiting[FILTER_TERMS_MAX];
    size_t waiting_count;
    bool operand_due; /* a comparison, `not` or `(` must follow; else `and`, `or` or `)` */
    char *error;
};

static bool fail(const struct parse *parse, const char *sentence)
{
    snprintf(parse->error, FILTER_ERROR_BYTES, "%s at '%.40s' (byte %td of the expression)",
             sentence, *parse->rest != '\0' ? parse->rest : "its end",
             parse->rest - parse->begin + 1);
    return false;
}

static int binding(enum filter_operator relation)
{
    switch (relation) {
    case FILTER_NOT:
        return 3;
    case FILTER_AND:
        return 2;
    case FILTER_OR:
        return 1;
    default:
        return 0;
    }
}

static bool add_term(struct parse *parse, struct filter_term term)
{
    if (parse->filter->count == FILTER_TERMS_MAX)
        return fail(parse, "the expression is too long");
    parse->filter->terms[parse->filter->count++] = term;
    return true;
}

/* Moves waiting operators that bind at least so tightly to the terms. */
static bool settle(struct parse *parse, int tightness)
{
    while (parse->waiting_count > 0 &&
           binding(parse->waiting[parse->waiting_count - 1]) >= tightness) {
        if (!add_term(parse,
                      (struct filter_term){.relation = parse->waiting[--parse->waiting_count]}))
            return false;
    }
    return true;
}

static bool push(struct parse *parse, enum filter_operator relation)
{
    if (parse->waiting_count == FILTER_TERMS_MAX)
        return fail(parse, "the expression is too long");
    parse->waiting[parse->waiting_count++] = relation;
    return true;
}

static void skip_spaces(struct parse *parse)
{
    parse->rest += strspn(parse->rest, " \t\n");
}

/* A quoted value, with \" and \\ inside, or a bare word. NULL and an error when there is none. */
static const char *take_value(struct parse *parse)
{
    char *value = parse->store;
    if (*parse->rest != '"') {
        size_t size = strcspn(parse->rest, " \t\n()=!~\"");
        if (size == 0) {
            fail(parse, "a value is missing");
            return NULL;
        }
        memcpy(value, parse->rest, size);
        parse->store += size;
        parse->rest += size;
    } else {
        const char *c = parse->rest + 1;
        for (; *c != '"'; c++) {
            if (*c == '\\' && c[1] != '\0')
                c++;
            if (*c == '\0') {
                fail(parse, "a quoted value has no end");
                return NULL;
            }
            *parse->store++ = *c;
        }
        parse->rest = c + 1;
    }
    *parse->store++ = '\0';
    return value;
}

static enum filter_field field_of(const char *word)
{
    enum filter_field field = FILTER_ID;
    while (field < FILTER_FIELD_COUNT && strcmp(FIELD_WORDS[field], word) != 0)
        field++;
    return field;
}

static bool take_comparison(struct parse *parse)
{
    const char *begin = parse->rest;
    const char *word = take_value(parse);
    if (word == NULL)
        return false;
    skip_spaces(parse);
    struct filter_term term = {.value = word};
    size_t operator_size = 1;
    if (*parse->rest == '=') {
        term.relation = FILTER_EQUAL;
    } else if (*parse->rest == '~') {
        term.relation = FILTER_CONTAINS;
    } else if (strncmp(parse->rest, "!=", 2) == 0) {
        term.relation = FILTER_UNEQUAL;
        operator_size = 2;
    } else {
        bool tags = parse->kind == FILTER_OF_TAGS;
        term.relation = tags ? FILTER_EQUAL : FILTER_CONTAINS;
        term.field = tags ? FILTER_TAG : FILTER_ID;
        return add_term(parse, term);
    }
    term.field = field_of(word);
    if (term.field == FILTER_FIELD_COUNT) {
        parse->rest = begin;
        return fail(parse, "no such field (there are id, name, file, stage, fault, method, level, "
                           "world and tag)");
    }
    parse->rest += operator_size;
    skip_spaces(parse);
    term.value = take_value(parse);
    return term.value != NULL && add_term(parse, term);
}

static bool close_parenthesis(struct parse *parse)
{
    if (!settle(parse, binding(FILTER_OR)))
        return false;
    if (parse->waiting_count == 0)
        return fail(parse, "')' has no '('");
    parse->waiting_count--;
    parse->rest++;
    return true;
}

/* True and the word taken if it stands here as a word of its own. */
static bool take_keyword(struct parse *parse, const char *word)
{
    size_t size = strlen(word);
    if (strncmp(parse->rest, word, size) != 0 || strcspn(parse->rest, " \t\n()\"") != size)
        return false;
    parse->rest += size;
    return true;
}

static bool take_operand(struct parse *parse)
{
    if (take_keyword(parse, "not"))
        return push(parse, FILTER_NOT);
    if (*parse->rest == '(') {
        parse->rest++;
        return push(parse, FILTER_OPEN);
    }
    parse->operand_due = false;
    return take_comparison(parse);
}

static bool take_operator(struct parse *parse)
{
    if (*parse->rest == ')')
        return close_parenthesis(parse);
    enum filter_operator relation;
    if (take_keyword(parse, "and"))
        relation = FILTER_AND;
    else if (take_keyword(parse, "or"))
        relation = FILTER_OR;
    else
        return fail(parse, "'and', 'or' or the end was expected");
    parse->operand_due = true;
    return settle(parse, binding(relation)) && push(parse, relation);
}

bool filter_parse(struct filter *filter, enum filter_kind kind, const char *text,
                  char error[FILTER_ERROR_BYTES])
{
    filter->count = 0;
    struct parse parse = {.filter = filter,
                          .kind = kind,
                          .begin = text,
                          .rest = text,
                          .store = filter->text,
                          .operand_due = true,
                          .error = error};
    /* Every value ends before a byte that is not copied, or at the end: copies with their NULs always fit. */
    if (strlen(text) >= FILTER_BYTES_MAX - 1)
        return fail(&parse, "the expression is too long");
    skip_spaces(&parse);
    if (*parse.rest == '\0')
        return true;
    for (; *parse.rest != '\0'; skip_spaces(&parse))
        if (!(parse.operand_due ? take_operand(&parse) : take_operator(&parse)))
            return false;
    if (parse.operand_due)
        return fail(&parse, "something to compare is missing");
    if (!settle(&parse, binding(FILTER_OR)))
        return false;
    return parse.waiting_count == 0 || fail(&parse, "'(' has no ')'");
}

static bool text_fits(const struct filter_term *term, const char *text)
{
    if (term->relation == FILTER_CONTAINS)
        return strstr(text, term->value) != NULL;
    return strcmp(text, term->value) == 0;
}

static bool term_fits(const struct filter_term *term, const struct filter_subject *subject)
{
    bool fits = false;
    if (term->field == FILTER_TAG) {
        for (size_t i = 0; i < subject->tag_count && !fits; i++)
            fits = text_fits(term, subject->tags[i]);
    } else if (subject->text[term->field] != NULL) {
        fits = text_fits(term, subject->text[term->field]);
    }
    return fits != (term->relation == FILTER_UNEQUAL);
}

bool filter_fits(const struct filter *filter, const struct filter_subject *subject)
{
    bool stack[FILTER_TERMS_MAX];
    size_t depth = 0;
    for (size_t i = 0; i < filter->count; i++) {
        const struct filter_term *term = &filter->terms[i];
        switch (term->relation) {
        case FILTER_NOT:
            check(depth >= 1);
            stack[depth - 1] = !stack[depth - 1];
            break;
        case FILTER_AND:
        case FILTER_OR:
            check(depth >= 2);
            depth--;
            stack[depth - 1] = term->relation == FILTER_AND ? stack[depth - 1] && stack[depth]
                                                            : stack[depth - 1] || stack[depth];
            break;
        default:
            stack[depth++] = term_fits(term, subject);
            break;
        }
    }
    check(filter->count == 0 || depth == 1);
    return filter->count == 0 || stack[0];
}
