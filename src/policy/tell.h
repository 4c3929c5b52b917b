/* SPDX-License-Identifier: Apache-2.0 */
/* The rules' words for people. Whatever comes from the contract is hostile: it is escaped and cut short here. */
#ifndef CSC_POLICY_TELL_H
#define CSC_POLICY_TELL_H

#include "policy/rules.h"

/* 'text', escaped, at most about 120 bytes of it. */
void csc_tell_quoted(struct csc_buf *text, const char *string);
/* 'a', 'b' and 3 more. "none" for an empty list. */
void csc_tell_list(struct csc_buf *text, const char *const *strings, size_t count);
/* The names of the bits that are set. */
void csc_tell_set(struct csc_buf *text, const char *const *names, unsigned set);

void csc_tell_risk(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text);
void csc_tell_argv(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text);
void csc_tell_proposed_effect(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text);
void csc_tell_classified_effect(const struct csc_view *view, const struct csc_judgement *judgement,
                                struct csc_buf *text);
void csc_tell_timeout(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text);
void csc_tell_network(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text);
void csc_tell_secret_refs(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text);
void csc_tell_cwd(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text);
void csc_tell_read_paths(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text);
void csc_tell_write_paths_empty(const struct csc_view *view, const struct csc_judgement *judgement,
                                struct csc_buf *text);
void csc_tell_write_paths(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text);
void csc_tell_approval_mode(const struct csc_view *view, const struct csc_judgement *judgement, struct csc_buf *text);

#endif
