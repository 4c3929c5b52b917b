/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contracts and policies made by hand, so that a test says in one line what differs from the plain case: `git status`
 * in /work, read-only, under a policy that allows just that.
 */
#ifndef CSC_TESTS_POLICY_FIXTURE_H
#define CSC_TESTS_POLICY_FIXTURE_H

#include <string.h>

#include "policy/policy.h"

enum { FIXTURE_COMMANDS = 3, FIXTURE_SEGMENTS = 3, FIXTURE_LIST = 6, FIXTURE_WORDS = 12 };

struct fixture_command {
    struct csc_command command;
    struct csc_argv argvs[FIXTURE_SEGMENTS];
    char *words[FIXTURE_SEGMENTS][FIXTURE_WORDS + 1];
    char text[FIXTURE_SEGMENTS][256];
    const char *read_paths[FIXTURE_LIST], *write_paths[FIXTURE_LIST], *secret_refs[FIXTURE_LIST];
};

struct fixture {
    struct csc_contract contract;
    struct csc_policy policy;
    struct csc_command commands[FIXTURE_COMMANDS]; /* as the contract has them; fixture_seal() fills it */
    struct fixture_command command[FIXTURE_COMMANDS];
    const char *allow_commands[FIXTURE_LIST], *manual[FIXTURE_LIST], *cwd[FIXTURE_LIST], *read[FIXTURE_LIST],
        *write[FIXTURE_LIST], *hosts[FIXTURE_LIST];
    struct csc_argv deny[FIXTURE_LIST];
    char *deny_words[FIXTURE_LIST][FIXTURE_WORDS + 1];
    char deny_text[FIXTURE_LIST][256];
};

/* Cuts `line` at its spaces into an argv. */
static inline struct csc_argv fixture_split(const char *line, char text[256], char *words[FIXTURE_WORDS + 1])
{
    struct csc_argv argv = {.items = words};
    char *rest;

    (void)snprintf(text, 256, "%s", line);
    for (char *word = strtok_r(text, " ", &rest); word && argv.count < FIXTURE_WORDS; word = strtok_r(NULL, " ", &rest))
        words[argv.count++] = word;
    words[argv.count] = NULL;
    return argv;
}

/* Segment `segment` of command `index` runs `line`; segments are first set in order. */
static inline void fixture_run(struct fixture *f, size_t index, size_t segment, const char *line)
{
    struct fixture_command *c = &f->command[index];

    c->argvs[segment] = fixture_split(line, c->text[segment], c->words[segment]);
    c->command.argvs = c->argvs;
    if (c->command.argv_count <= segment)
        c->command.argv_count = segment + 1;
}

static inline void fixture_deny(struct fixture *f, const char *line)
{
    size_t n = f->policy.deny_argv_prefix_count++;

    f->deny[n] = fixture_split(line, f->deny_text[n], f->deny_words[n]);
}

static inline void fixture_add(struct csc_names *names, const char *name)
{
    names->items[names->count++] = name;
}

static inline void fixture_read(struct fixture *f, size_t index, const char *path)
{
    f->command[index].read_paths[f->command[index].command.read_path_count++] = path;
}

static inline void fixture_write(struct fixture *f, size_t index, const char *path)
{
    f->command[index].write_paths[f->command[index].command.write_path_count++] = path;
}

static inline void fixture_secret(struct fixture *f, size_t index, const char *name)
{
    f->command[index].secret_refs[f->command[index].command.secret_ref_count++] = name;
}

static inline void fixture_policy(struct fixture *f)
{
    f->policy = (struct csc_policy){
        .name = "plain",
        .allow_commands = {.items = f->allow_commands},
        .deny_argv_prefixes = f->deny,
        .allowed_effects = 1U << CSC_EFFECT_OBSERVE,
        .allowed_risks = 1U << CSC_RISK_LOW | 1U << CSC_RISK_MEDIUM,
        .manual_approval_effects = {.items = f->manual},
        .max_timeout_sec = 60,
        .network = CSC_NETWORK_DENY,
        .cwd_prefixes = {.items = f->cwd},
        .read_prefixes = {.items = f->read},
        .write_prefixes = {.items = f->write},
        .egress_hosts = {.items = f->hosts},
    };
    fixture_add(&f->policy.allow_commands, "git");
    fixture_add(&f->policy.cwd_prefixes, "/work");
    fixture_add(&f->policy.read_prefixes, "/work");
    fixture_add(&f->policy.write_prefixes, "/work/out");
}

/* The plain case, to be changed by the test. The fixture must not move. */
static inline void fixture_begin(struct fixture *f)
{
    static const char *const ids[FIXTURE_COMMANDS] = {"one", "two", "three"};

    memset(f, 0, sizeof(*f));
    f->contract = (struct csc_contract){.id = "contract-1", .commands = f->commands, .command_count = 1};
    memset(f->contract.sha256, 'a', sizeof(f->contract.sha256) - 1);
    for (size_t i = 0; i < FIXTURE_COMMANDS; i++) {
        f->command[i].command = (struct csc_command){
            .id = ids[i],
            .cwd = "/work",
            .read_paths = f->command[i].read_paths,
            .write_paths = f->command[i].write_paths,
            .secret_refs = f->command[i].secret_refs,
            .timeout_sec = 10,
        };
        fixture_run(f, i, 0, "git status");
    }
    fixture_policy(f);
}

/* After the changes, before use. */
static inline void fixture_seal(struct fixture *f)
{
    for (size_t i = 0; i < FIXTURE_COMMANDS; i++)
        f->commands[i] = f->command[i].command;
}

#endif
