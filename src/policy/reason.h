/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of reason codes: permanent, never renamed, never removed (protocol section 3). */
#ifndef CSC_POLICY_REASON_H
#define CSC_POLICY_REASON_H

/* code, what it means, what helps (Markdown). scripts/reason-codes makes the table of docs/reason-codes.md from it. */
#define CSC_REASONS(X)                                                                                                 \
    X(ALLOW, "every rule of the policy passed", "nothing is needed; the decision holds for 300 seconds")               \
    X(APPROVAL_REQUIRED, "allowed once a person approves",                                                             \
      "have the contract approved; where only its own `approval_mode` asks for that, `policy_only` avoids it")         \
    X(RISK_CLASS_NOT_ALLOWED, "the contract's risk_class is not in allowed_risk_classes",                              \
      "split off the risky part, or use a policy that is made for it")                                                 \
    X(COMMAND_NOT_ALLOWED, "an argv[0] is not in allow_commands",                                                      \
      "use a program the policy lists, spelled as it lists it: `git` and `/usr/bin/git` are two")                      \
    X(ARGV_PREFIX_DENIED, "an argv begins with an entry of deny_argv_prefixes",                                        \
      "nothing in the contract; the policy's owner denied this on purpose")                                            \
    X(EFFECT_TYPE_NOT_ALLOWED, "the proposed or classified effect is not in allowed_effect_types",                     \
      "propose what the command does; where the policy's own classification is meant, run something that does less")   \
    X(EFFECT_RECLASSIFIED, "reserved: the policy engine classified an effect other than proposed",                     \
      "not given by v0.1: `classified_effects` and the reason's text show a reclassification")                         \
    X(TIMEOUT_EXCEEDS_POLICY, "timeout_sec is above max_timeout_sec",                                                  \
      "ask for less time, or cut the work into several commands")                                                      \
    X(NETWORK_EXCEEDS_POLICY, "the network access asked for is above the policy's",                                    \
      "ask for less: `deny`, or `allowlisted` where the policy has it")                                                \
    X(SECRET_REF_NOT_ALLOWED, "secret_refs are given, but allow_secret_refs is false", "remove `secret_refs`")         \
    X(CWD_NOT_ALLOWED, "cwd is outside allowed_cwd_prefixes",                                                          \
      "run below one of the prefixes; spell the path without `..`")                                                    \
    X(READ_SCOPE_DENIED, "a read path is outside allowed_read_prefixes",                                               \
      "name only what lies below the prefixes, without `..`")                                                          \
    X(WRITE_PATHS_NOT_EMPTY, "write paths are given, but require_write_paths_empty is true", "remove `write_paths`")   \
    X(WRITE_SCOPE_DENIED, "a write path is outside allowed_write_prefixes",                                            \
      "name only what lies below the prefixes, without `..`")                                                          \
    X(PATH_NOT_ABSOLUTE, "a path is not absolute",                                                                     \
      "begin it with one `/`; a leading `//` or `\\\\` means a server and needs a share")

enum csc_reason {
#define X(code, meaning, helps) CSC_REASON_##code,
    CSC_REASONS(X)
#undef X
        CSC_REASON_COUNT
};

/* "ALLOW", ... */
const char *csc_reason_name(enum csc_reason reason);
const char *csc_reason_meaning(enum csc_reason reason);

#endif
