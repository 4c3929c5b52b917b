/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of reason codes: permanent, never renamed, never removed (protocol section 3). */
#ifndef CSC_POLICY_REASON_H
#define CSC_POLICY_REASON_H

/* code, what it means. docs/reason-codes.md lists the same, held together by a test. */
#define CSC_REASONS(X)                                                                                                 \
    X(ALLOW, "every rule of the policy passed")                                                                        \
    X(APPROVAL_REQUIRED, "allowed once a person approves")                                                             \
    X(RISK_CLASS_NOT_ALLOWED, "the contract's risk_class is not in allowed_risk_classes")                              \
    X(COMMAND_NOT_ALLOWED, "an argv[0] is not in allow_commands")                                                      \
    X(ARGV_PREFIX_DENIED, "an argv begins with an entry of deny_argv_prefixes")                                        \
    X(EFFECT_TYPE_NOT_ALLOWED, "the proposed or classified effect is not in allowed_effect_types")                     \
    X(EFFECT_RECLASSIFIED, "reserved: the policy engine classified an effect other than proposed")                     \
    X(TIMEOUT_EXCEEDS_POLICY, "timeout_sec is above max_timeout_sec")                                                  \
    X(NETWORK_EXCEEDS_POLICY, "the network access asked for is above the policy's")                                    \
    X(SECRET_REF_NOT_ALLOWED, "secret_refs are given, but allow_secret_refs is false")                                 \
    X(CWD_NOT_ALLOWED, "cwd is outside allowed_cwd_prefixes")                                                          \
    X(READ_SCOPE_DENIED, "a read path is outside allowed_read_prefixes")                                               \
    X(WRITE_PATHS_NOT_EMPTY, "write paths are given, but require_write_paths_empty is true")                           \
    X(WRITE_SCOPE_DENIED, "a write path is outside allowed_write_prefixes")                                            \
    X(PATH_NOT_ABSOLUTE, "a path is not absolute")

enum csc_reason {
#define X(code, meaning) CSC_REASON_##code,
    CSC_REASONS(X)
#undef X
        CSC_REASON_COUNT
};

/* "ALLOW", ... */
const char *csc_reason_name(enum csc_reason reason);
const char *csc_reason_meaning(enum csc_reason reason);

#endif
