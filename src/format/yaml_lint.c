/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "format/yaml_parts.h"

/* libyaml compares every %TAG with all before it. */
enum { DIRECTIVES_MAX = 64 };

/* A pass over the tokens, before the one over the events. */
struct lint {
    const struct csc_yaml_text *text;
    struct csc_error *err;
    yaml_token_type_t previous;
    size_t end;      /* byte offset where the tokens so far end: from there to the next one is white space */
    int flow_depth;  /* open [ and { */
    int block_depth; /* open block collections, but for sequences on their parent's indentation */
    int directives;
};

static int refuse(const struct lint *lint, size_t at, const char *why)
{
    return csc_yaml_refuse(lint->text, at, lint->err, "%s", why);
}

static int refuse_tab(const struct lint *lint, size_t at)
{
    return refuse(lint, at, "invalid YAML: a TAB here; indent and separate with spaces");
}

/* White space and comments: a TAB belongs in comments only. */
static int check_gap(const struct lint *lint, size_t from, size_t to)
{
    for (bool comment = false; from < to; from++) {
        if (csc_yaml_break(lint->text, from) > 0)
            comment = false;
        else if (lint->text->bytes[from] == '#')
            comment = true;
        else if (lint->text->bytes[from] == '\t' && !comment)
            return refuse_tab(lint, from);
    }
    return 0;
}

/* What follows | and >: indicators, then spaces, then perhaps a comment. */
static int check_block_header(const struct lint *lint, size_t from)
{
    const struct csc_yaml_text *text = lint->text;

    for (from++; from < text->size && strchr("+-0123456789", text->bytes[from]);)
        from++;
    if (from < text->size && text->bytes[from] == '#')
        return refuse(lint, from, "invalid YAML: a comment right after | or >; put a space before the '#'");
    size_t to = from;
    while (to < text->size && csc_yaml_break(text, to) == 0)
        to++;
    return check_gap(lint, from, to);
}

static int check_plain(const struct lint *lint, size_t from, size_t to)
{
    for (; from < to; from++) {
        if (lint->text->bytes[from] == '\t')
            return refuse_tab(lint, from);
        if (lint->text->bytes[from] == '?' && lint->flow_depth > 0)
            return refuse(lint, from, "invalid YAML: a '?' in unquoted text inside [ ] or { }; quote the text");
    }
    return 0;
}

/* PyYAML wants white space after a tag, and a node that isn't an empty key. */
static int check_after_tag(const struct lint *lint, size_t from, yaml_token_type_t next)
{
    if (lint->previous != YAML_TAG_TOKEN)
        return 0;
    if (from < lint->text->size && lint->text->bytes[from] != ' ' && csc_yaml_break(lint->text, from) == 0)
        return refuse(lint, from, "invalid YAML: a tag must be followed by a space");
    if (next == YAML_VALUE_TOKEN)
        return refuse(lint, from, "invalid YAML: a tag without a key; write the key");
    return 0;
}

static int check_directive(struct lint *lint, size_t from, size_t to)
{
    int r = check_gap(lint, from, to); /* its words have no TAB either */

    if (r < 0)
        return r;
    if (to < lint->text->size && lint->text->bytes[to] == '#')
        return refuse(lint, to, "invalid YAML: a comment right after a directive; put a space before the '#'");
    if (lint->directives++ == DIRECTIVES_MAX)
        return refuse(lint, from, "invalid YAML: too many directives; remove them");
    return 0;
}

/* The levels a token opens (or, negative, closes). */
static int flow_levels(yaml_token_type_t type)
{
    if (type == YAML_FLOW_SEQUENCE_START_TOKEN || type == YAML_FLOW_MAPPING_START_TOKEN)
        return 1;
    return type == YAML_FLOW_SEQUENCE_END_TOKEN || type == YAML_FLOW_MAPPING_END_TOKEN ? -1 : 0;
}

static int block_levels(yaml_token_type_t type)
{
    if (type == YAML_BLOCK_SEQUENCE_START_TOKEN || type == YAML_BLOCK_MAPPING_START_TOKEN)
        return 1;
    return type == YAML_BLOCK_END_TOKEN ? -1 : 0;
}

static int check_token(struct lint *lint, const yaml_token_t *token)
{
    size_t from = csc_yaml_offset(lint->text, &token->start_mark);
    size_t to = csc_yaml_offset(lint->text, &token->end_mark);
    int r = check_gap(lint, lint->end, from);

    if (r == 0)
        r = check_after_tag(lint, lint->end, token->type);
    if (r < 0)
        return r;
    lint->end = lint->end > to ? lint->end : to;
    lint->previous = token->type;
    lint->flow_depth += flow_levels(token->type);
    lint->block_depth += block_levels(token->type);
    if (lint->flow_depth + lint->block_depth > CSC_DEPTH_MAX)
        return csc_yaml_refuse(lint->text, from, lint->err, "nested deeper than %d levels", CSC_DEPTH_MAX);
    if (token->type == YAML_VERSION_DIRECTIVE_TOKEN || token->type == YAML_TAG_DIRECTIVE_TOKEN)
        return check_directive(lint, from, to);
    if (token->type != YAML_SCALAR_TOKEN)
        return 0;
    yaml_scalar_style_t style = token->data.scalar.style;
    if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE)
        return check_block_header(lint, from);
    return style == YAML_PLAIN_SCALAR_STYLE ? check_plain(lint, from, to) : 0;
}

int csc_yaml_lint(const struct csc_yaml_text *text, struct csc_error *err)
{
    struct lint lint = {.text = text, .err = err};
    _cleanup_(yaml_parser_delete) yaml_parser_t parser = {0};
    int r = csc_yaml_begin(text, &parser, err);

    while (r == 0 && lint.previous != YAML_STREAM_END_TOKEN) {
        yaml_token_t token;
        if (!yaml_parser_scan(&parser, &token))
            return csc_yaml_failed(text, &parser, err);
        r = check_token(&lint, &token);
        yaml_token_delete(&token);
    }
    return r;
}
