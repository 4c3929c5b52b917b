/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 1: bytes -> struct csc_contract, complete and valid, or an error. The public header of contract/. */
#ifndef CSC_CONTRACT_H
#define CSC_CONTRACT_H

#include "base/base.h"
#include "format/format.h"

enum csc_network { CSC_NETWORK_DENY, CSC_NETWORK_ALLOWLISTED, CSC_NETWORK_FULL }; /* in order of power */
enum csc_risk { CSC_RISK_LOW, CSC_RISK_MEDIUM, CSC_RISK_HIGH, CSC_RISK_CRITICAL };
enum csc_approval_mode { CSC_APPROVAL_POLICY_ONLY, CSC_APPROVAL_HUMAN, CSC_APPROVAL_DUAL_CONTROL };

/* The core effects, in order of strength (protocol section 4). */
enum csc_effect {
    CSC_EFFECT_OBSERVE,
    CSC_EFFECT_TRANSFORM_LOCAL,
    CSC_EFFECT_FETCH_EXTERNAL,
    CSC_EFFECT_MUTATE_REPO,
    CSC_EFFECT_DEPLOY,
    CSC_EFFECT_TOUCH_SECRETS,
};

/* Names by enum value, NULL-terminated; the same tables serve policies. */
extern const char *const csc_network_names[];
extern const char *const csc_risk_names[];
extern const char *const csc_effect_names[];
extern const char *const csc_approval_mode_names[];

/* A path of any of the protocol's objects: a string that csc_path_is_schema_absolute() accepts. */
extern const struct csc_shape csc_shape_path;

/* Runner limits beyond the schema (section 1.1). */
enum { CSC_ARGV_COUNT_MAX = 200, CSC_ARGV_BYTES_MAX = 131072 };

/* One program to run: a NULL-terminated argv of `count` non-empty strings. */
struct csc_argv {
    char **items;
    size_t count;
};

/* One command: a single program, or a pipeline of 2 to 10. Both are `argvs` here, so that nothing after the
 * parser needs to tell them apart. */
struct csc_command {
    const char *id;
    struct csc_argv *argvs;
    size_t argv_count; /* 1: exec */
    const char *cwd;
    const char **read_paths;
    size_t read_path_count;
    const char **write_paths;
    size_t write_path_count;
    enum csc_network network;
    const char **env_allow;
    size_t env_allow_count;
    const char **secret_refs;
    size_t secret_ref_count;
    int64_t timeout_sec;
    enum csc_effect proposed_effect;
};

struct csc_contract {
    struct csc_arena arena; /* owns everything below */
    const char *id;
    const char *intent;
    const char *agent_id, *session_id, *initiating_user; /* who asks, as the agent says */
    const char *justification; /* untrusted text for people: no decision reads it, nor `intent` */
    struct csc_command *commands;
    size_t command_count;
    enum csc_risk risk;
    enum csc_approval_mode approval_mode;
    const char **expected_outputs;
    size_t expected_output_count;
    const struct csc_value *canonical; /* with expected_outputs filled in: what `sha256` covers */
    char sha256[CSC_SHA256_HEX];
};

/* ---- paths, as the protocol compares them (sections 1 and 3) ------------------------------------------------ */

/* The schema's absolute path: begins with '/', X:\ or X:/, or \\server\share. */
bool csc_path_is_schema_absolute(const char *path);
/* Absolute in the decision's sense too: a leading // or \\ needs a server and a share. */
bool csc_path_is_absolute(const char *path);
/* Has a ".." component, by the separators of its flavour. */
bool csc_path_has_dotdot(const char *path);
/*
 * `prefix` is `path` or a whole-component beginning of it. POSIX paths compare case-sensitively with '/' only;
 * drive and UNC paths with '\' = '/' and ASCII letters case-insensitively; never across flavours. "." and
 * repeated separators collapse; where one of the two has ".." or is not absolute, nothing matches.
 */
bool csc_path_has_prefix(const char *path, const char *prefix);
/* An order in which a path stands behind its prefixes, and nothing else stands between a path and the longest of them.
 * 0 where both are the same path, by the comparison of csc_path_has_prefix(). */
int csc_path_compare(const char *a, const char *b);

/* ---- globs (section 5) ------------------------------------------------------------------------------------- */

/* Has one of * ? [. */
bool csc_glob_is_pattern(const char *path);
/*
 * `*`, `?`, `[...]` match within one component, leading dots included; `**` as a whole component matches any number of
 * components, none included. No escapes. `path` is POSIX, absolute, without "." or "..". Takes time linear in
 * pattern times path (threat: patterns that blow up).
 */
bool csc_glob_match(const char *pattern, const char *path);
/* `path` lies inside the scope: matches its glob, or is the exact path itself or below it. */
bool csc_scope_contains(const char *scope, const char *path);

#endif
