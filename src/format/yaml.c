/* SPDX-License-Identifier: Apache-2.0 */
#include "format/yaml.h"

#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "format/canon.h"
#include "format/yaml_parts.h"

/* A subtree, and what an alias to it costs. */
struct node {
    struct csc_value value;
    size_t nodes;
    size_t bytes; /* of its strings */
    int height;   /* levels of collections */
};

struct anchor {
    const char *name;
    bool complete; /* false while its node is being read: an alias to it would be inside itself */
    struct node node;
};

/* Items and members of collections that are still open lie on two stacks, and move into the arena once their
 * number is known. */
struct reader {
    struct csc_arena *arena;
    struct csc_error *err;
    const struct csc_yaml_text *text;
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    void *anchors;      /* tree of struct anchor by name, see tsearch(3) */
    struct csc_buf items, members;
    size_t nodes, bytes;
    int depth;
};

/* A key that is no string is kept, behind a byte that no UTF-8 has, until duplicates have been looked for. */
static const char foreign_key = '\xFF';

static void keep_anchor(void *anchor)
{
    (void)anchor; /* the arena's */
}

static void reader_free(struct reader *r)
{
    yaml_event_delete(&r->event);
    yaml_parser_delete(&r->parser);
    tdestroy(r->anchors, keep_anchor);
    csc_buf_free(&r->items);
    csc_buf_free(&r->members);
}

static int next_event(struct reader *r)
{
    yaml_event_delete(&r->event);
    return yaml_parser_parse(&r->parser, &r->event) ? 0 : csc_yaml_failed(r->text, &r->parser, r->err);
}

__attribute__((format(printf, 2, 3))) static int refuse(const struct reader *r, const char *format, ...)
{
    char why[400];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(why, sizeof(why), format, args);
    va_end(args);
    return csc_yaml_refuse(r->text, csc_yaml_offset(r->text, &r->event.start_mark), r->err, "%s", why);
}

static int charge(struct reader *r, size_t nodes, size_t bytes)
{
    r->nodes += nodes;
    r->bytes += bytes;
    if (r->nodes > CSC_YAML_NODES_MAX)
        return refuse(r, "more than %d nodes once aliases are expanded; split or shorten it", CSC_YAML_NODES_MAX);
    if (r->bytes > CSC_YAML_BYTES_MAX)
        return refuse(r, "more than %d bytes of text once aliases are expanded; shorten it", CSC_YAML_BYTES_MAX);
    return 0;
}

static int compare_anchors(const void *a, const void *b)
{
    return strcmp(((const struct anchor *)a)->name, ((const struct anchor *)b)->name);
}

/* *ret_anchor stays NULL where the node has none. */
static int add_anchor(struct reader *r, const yaml_char_t *name, struct anchor **ret_anchor)
{
    const char *text = (const char *)name;

    if (!text)
        return 0;
    struct anchor *anchor = csc_arena_alloc(r->arena, sizeof(*anchor));
    if (!anchor || !(anchor->name = csc_arena_copy(r->arena, text, strlen(text))))
        return csc_fail_memory(r->err);
    struct anchor **slot = tsearch(anchor, &r->anchors, compare_anchors);
    if (!slot)
        return csc_fail_memory(r->err);
    if (*slot != anchor)
        return refuse(r, "the anchor &%s is defined twice; rename one", text);
    *ret_anchor = anchor;
    return 0;
}

static void complete_anchor(struct anchor *anchor, const struct node *node)
{
    if (!anchor)
        return;
    anchor->node = *node;
    anchor->complete = true;
}

static int read_alias(struct reader *r, struct node *node)
{
    const struct anchor wanted = {.name = (const char *)r->event.data.alias.anchor};
    struct anchor **slot = tfind(&wanted, &r->anchors, compare_anchors);

    if (!slot)
        return refuse(r, "the alias *%s names no anchor before it; define &%s first", wanted.name, wanted.name);
    if (!(*slot)->complete)
        return refuse(r, "the alias *%s stands inside its own anchor; a node cannot hold itself", wanted.name);
    *node = (*slot)->node;
    if (r->depth + node->height > CSC_DEPTH_MAX)
        return refuse(r, "nested deeper than %d levels", CSC_DEPTH_MAX);
    return charge(r, node->nodes, node->bytes);
}

/* An explicit tag may say what is so anyway; !!str also makes text of what would be something else. */
static int apply_tag(struct reader *r, const char *tag, const struct csc_value *string, struct csc_value *value)
{
    static const struct {
        const char *tag;
        enum csc_type type;
    } tags[] = {{YAML_STR_TAG, CSC_STRING}, {YAML_INT_TAG, CSC_INT}, {YAML_BOOL_TAG, CSC_BOOL}};

    for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
        if (strcmp(tag, tags[i].tag) != 0)
            continue;
        if (tags[i].type == CSC_STRING)
            *value = *string;
        if (value->type == tags[i].type)
            return 0;
        return refuse(r, "the tag <%s> on %s; remove the tag", tag, csc_type_name(value->type));
    }
    return refuse(r, "the tag <%s>; remove it, only !!str, !!int, !!bool, !!seq and !!map are accepted", tag);
}

/* The tag of the event, or NULL for none and for "!", which PyYAML takes for none. */
static const char *explicit_tag(const yaml_char_t *tag)
{
    return tag && strcmp((const char *)tag, "!") != 0 ? (const char *)tag : NULL;
}

static int resolve_scalar(struct reader *r, const struct csc_value *string, struct csc_value *value)
{
    const char *tag = explicit_tag(r->event.data.scalar.tag);
    bool plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    /* Quoted behind a lone "!": PyYAML resolves it as if plain, YAML 1.2 says a string. Both must agree. */
    bool quoted_resolved = !plain && r->event.data.scalar.plain_implicit;
    const char *problem = NULL;

    *value = *string;
    if ((plain || quoted_resolved) && !(tag && strcmp(tag, YAML_STR_TAG) == 0))
        problem = csc_yaml_resolve(string->string, string->count, value);
    if (problem)
        return refuse(r, "%s", problem);
    if (quoted_resolved && value->type != CSC_STRING)
        return refuse(r, "the tag ! on quoted text that reads as %s; remove the tag", csc_type_name(value->type));
    return tag ? apply_tag(r, tag, string, value) : 0;
}

static int read_scalar(struct reader *r, struct node *node)
{
    const char *text = (const char *)r->event.data.scalar.value;
    size_t size = r->event.data.scalar.length;
    struct csc_value string = {.type = CSC_STRING, .count = size};
    struct anchor *anchor = NULL;

    if (memchr(text, '\0', size))
        return refuse(r, "U+0000 is not allowed in a string");
    int code = add_anchor(r, r->event.data.scalar.anchor, &anchor);
    if (code < 0)
        return code;
    string.string = csc_arena_copy(r->arena, text, size);
    if (!string.string)
        return csc_fail_memory(r->err);
    code = resolve_scalar(r, &string, &node->value);
    if (code < 0)
        return code;
    node->nodes = 1;
    node->bytes = size;
    complete_anchor(anchor, node);
    return charge(r, 1, size);
}

static int read_node(struct reader *r, struct node *node);

/* Moves what the stack holds from byte `first` on into the arena. */
static void *move_stack(struct reader *r, struct csc_buf *stack, size_t first)
{
    size_t size = stack->size - first;
    void *moved = stack->failed ? NULL : csc_arena_alloc(r->arena, size);

    if (moved && size > 0)
        memcpy(moved, stack->data + first, size);
    stack->size = first;
    return moved;
}

/* What a collection came to, besides its value: `child` is the last read. */
static void add_child(struct node *node, const struct node *child)
{
    node->nodes += child->nodes;
    node->bytes += child->bytes;
    if (node->height <= child->height)
        node->height = child->height + 1;
}

static int read_items(struct reader *r, struct node *node)
{
    size_t first = r->items.size;

    for (;;) {
        struct node item = {0};
        int code = next_event(r);
        if (code < 0)
            return code;
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            break;
        code = read_node(r, &item);
        if (code < 0)
            return code;
        csc_buf_append(&r->items, &item.value, sizeof(item.value));
        add_child(node, &item);
        node->value.count++;
    }
    node->value.type = CSC_ARRAY;
    node->value.items = move_stack(r, &r->items, first);
    return node->value.items ? 0 : csc_fail_memory(r->err);
}

/* Keys are compared as what they mean: the text of one that is no string is its canonical form. */
static int set_key(struct reader *r, const struct csc_value *key, struct csc_member *member)
{
    _cleanup_buf_ struct csc_buf text = {0};

    if (key->type == CSC_STRING) {
        member->key = key->string;
        member->key_size = key->count;
        return 0;
    }
    csc_buf_putc(&text, foreign_key);
    csc_canon_write(&text, key);
    member->key = text.failed ? NULL : csc_arena_copy(r->arena, text.data, text.size);
    member->key_size = text.size;
    return member->key ? 0 : csc_fail_memory(r->err);
}

static int read_member(struct reader *r, struct node *node)
{
    struct csc_member member = {0};
    struct node key = {0};
    struct node value = {0};

    int code = read_node(r, &key);
    if (code < 0)
        return code;
    if (key.height > 0)
        return csc_fail_at(r->err, key.value.line, key.value.column, "%s as a key; use text",
                           csc_type_name(key.value.type));
    code = set_key(r, &key.value, &member);
    if (code == 0)
        code = next_event(r);
    if (code == 0)
        code = read_node(r, &value);
    if (code < 0)
        return code;
    member.value = value.value;
    member.line = key.value.line;
    member.column = key.value.column;
    csc_buf_append(&r->members, &member, sizeof(member));
    add_child(node, &key);
    add_child(node, &value);
    node->value.count++;
    return 0;
}

static int check_keys(struct reader *r, const struct csc_value *object)
{
    const struct csc_member *twice = csc_members_sort(object->members, object->count);

    if (twice)
        return csc_fail_at(r->err, twice->line, twice->column, "duplicate key '%s'; keep one of the two",
                           twice->key + (twice->key[0] == foreign_key));
    for (size_t i = 0; i < object->count; i++) {
        const struct csc_member *member = &object->members[i];
        if (member->key[0] == foreign_key)
            return csc_fail_at(r->err, member->line, member->column,
                               "the key %s is no string; quote it if it is meant as text", member->key + 1);
    }
    return 0;
}

static int read_members(struct reader *r, struct node *node)
{
    size_t first = r->members.size;

    for (;;) {
        int code = next_event(r);
        if (code < 0)
            return code;
        if (r->event.type == YAML_MAPPING_END_EVENT)
            break;
        code = read_member(r, node);
        if (code < 0)
            return code;
    }
    node->value.type = CSC_OBJECT;
    node->value.members = move_stack(r, &r->members, first);
    if (!node->value.members)
        return csc_fail_memory(r->err);
    return check_keys(r, &node->value);
}

static int read_collection(struct reader *r, struct node *node)
{
    bool mapping = r->event.type == YAML_MAPPING_START_EVENT;
    const char *tag = explicit_tag(mapping ? r->event.data.mapping_start.tag : r->event.data.sequence_start.tag);
    struct anchor *anchor = NULL;

    if (tag && strcmp(tag, mapping ? YAML_MAP_TAG : YAML_SEQ_TAG) != 0)
        return refuse(r, "the tag <%s> on %s; remove the tag", tag, mapping ? "a mapping" : "a sequence");
    if (r->depth == CSC_DEPTH_MAX)
        return refuse(r, "nested deeper than %d levels", CSC_DEPTH_MAX);
    int code = charge(r, 1, 0);
    if (code == 0)
        code = add_anchor(r, mapping ? r->event.data.mapping_start.anchor : r->event.data.sequence_start.anchor,
                          &anchor);
    if (code < 0)
        return code;
    node->nodes = 1;
    node->height = 1;
    r->depth++;
    code = mapping ? read_members(r, node) : read_items(r, node);
    r->depth--;
    if (code == 0)
        complete_anchor(anchor, node);
    return code;
}

/* The node that begins with the current event. */
static int read_node(struct reader *r, struct node *node)
{
    unsigned line;
    unsigned column;
    int code;

    csc_yaml_position(r->text, &r->event.start_mark, &line, &column);
    if (r->event.type == YAML_ALIAS_EVENT)
        code = read_alias(r, node);
    else if (r->event.type == YAML_SCALAR_EVENT)
        code = read_scalar(r, node);
    else
        code = read_collection(r, node);
    node->value.line = line;
    node->value.column = column;
    return code;
}

/* On to the root node; a stream without documents has none. */
static int begin_document(struct reader *r)
{
    int code = next_event(r); /* the stream's start */

    if (code == 0)
        code = next_event(r);
    if (code == 0 && r->event.type == YAML_DOCUMENT_START_EVENT)
        code = next_event(r);
    if (code == 0 && r->event.type != YAML_MAPPING_START_EVENT)
        return refuse(r, "the document must contain a YAML mapping: lines of 'field: value'");
    return code;
}

static int end_document(struct reader *r)
{
    int code = next_event(r); /* the document's end */

    if (code == 0)
        code = next_event(r);
    if (code == 0 && r->event.type != YAML_STREAM_END_EVENT)
        return refuse(r, "a second YAML document; keep one");
    return code;
}

static int read_text(const struct csc_yaml_text *text, struct csc_arena *arena, struct node *ret_root,
                     struct csc_error *err)
{
    _cleanup_(reader_free) struct reader r = {.arena = arena, .err = err, .text = text};

    int code = csc_yaml_begin(text, &r.parser, err);
    if (code == 0)
        code = begin_document(&r);
    if (code == 0)
        code = read_node(&r, ret_root);
    return code == 0 ? end_document(&r) : code;
}

int csc_yaml_parse(struct csc_arena *arena, const void *bytes, size_t size, struct csc_value *ret_value,
                   struct csc_error *err)
{
    _cleanup_(csc_yaml_text_close) struct csc_yaml_text text = {0};
    struct node root = {0};

    int code = csc_yaml_text_open(&text, bytes, size, err);
    if (code == 0)
        code = csc_yaml_lint(&text, err);
    if (code == 0)
        code = read_text(&text, arena, &root, err);
    if (code == 0)
        *ret_value = root.value;
    return code;
}
