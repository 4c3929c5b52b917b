/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data of classification (protocol section 4): one line a rule, in classify_table.c and secrets.c. The engine in
 * classify.c knows no program by name but git.
 */
#ifndef CSC_POLICY_CLASSIFY_H
#define CSC_POLICY_CLASSIFY_H

#include "policy/policy.h"

/*
 * A rule is what a person would type: the program's basename, then words of its command line; `|` separates
 * alternatives. The pattern is also the rule's name for people.
 *
 *   word      the next word that is neither an option nor an option's value
 *   wo~rd     likewise; also wo, wor
 *   pip#      likewise, with any version behind it: pip3, pip3.11, pip-3
 *   -x, --xy  this option stands somewhere in the rest, alone, in a cluster (-ax), or with a value (--xy=1)
 *   *         any next word
 *   $         no word follows
 *   @         a host:path or scheme:// stands somewhere in the rest
 */
struct csc_effect_rule {
    enum csc_effect effect;
    const char *pattern;
};

/* An extension effect over a core one: the program, when an allowed egress host that contains `host` stands in its
 * argv. */
struct csc_extension_rule {
    enum csc_effect core;
    const char *effect_type;
    const char *program;
    const char *host;
    const char *name;
};

/* The host, in allowed_egress_hosts, makes the rule match. */
bool csc_extension_has_host(const struct csc_extension_rule *rule, const char *host);
/* Where the program is allowed, the rule can match: it is meant itself, or runs whatever it is told to. */
bool csc_extension_has_program(const struct csc_extension_rule *rule, const char *program);
/* Whether a command is approved depends on the rule: its effect is asked about, and its core effect is not. */
bool csc_extension_is_asked(const struct csc_extension_rule *rule, const struct csc_policy *policy);

/* Options that may stand before a subcommand. Those in neither list may or may not take the next word as their
 * value: then both readings are tried. */
struct csc_program_options {
    const char *programs; /* alternatives, as in a pattern */
    const char *values;   /* options that take the next element as their value, separated by `|` */
    const char *flags;    /* options that never do */
};

extern const struct csc_effect_rule csc_effect_rules[];        /* ends with a pattern of NULL */
extern const struct csc_extension_rule csc_extension_rules[];  /* ends with a program of NULL */
extern const struct csc_program_options csc_program_options[]; /* ends with programs of NULL */
/* Programs that run the rest of their argv, or a part of it: alternatives, as in a pattern. */
extern const char csc_wrappers[];
/* The core effect (enum csc_effect) that a core or extension effect is checked as; -1: no rule gives that name. */
int csc_effect_core(const char *effect_type);
/* One of the alternatives, `size` bytes of a pattern, is the word. */
bool csc_alternatives_have(const char *alternatives, size_t size, const char *word);
/* Settings of git that name a program, a file of settings, or an alias: "git -c " and one name, with at most
 * one star. Ends with NULL. */
extern const char *const csc_git_settings[];

/* A credential path: a component, or a folder and a component somewhere behind it. `*` begins a component. */
struct csc_secret_path {
    const char *name;   /* "name" or "folder/name" */
    size_t first, file; /* bytes of each; `file` is 0 where there is only one */
};

extern const struct csc_secret_path csc_secret_paths[]; /* ends with a name of NULL */
/* The name of the entry that the text mentions, or NULL. */
const char *csc_secret_path_find(const char *text);

#endif
