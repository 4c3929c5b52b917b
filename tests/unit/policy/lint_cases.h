/* SPDX-License-Identifier: Apache-2.0 */
/* For every rule of lint: fields that make a policy it finds, and fields beside them that make one it doesn't. */
#ifndef CSC_TESTS_LINT_CASES_H
#define CSC_TESTS_LINT_CASES_H

struct lint_case {
    const char *rule;
    const char *found;  /* lines that replace those of the same field in the plain policy */
    const char *silent; /* likewise */
};

#define WRITES "require_write_paths_empty: false\nallowed_effect_types: [transform_local]\nallowed_write_prefixes: "

#define ASKS_STRIPE                                                                                                    \
    "allow_commands: [/usr/bin/curl]\nallowed_effect_types: [fetch_external]\n"                                        \
    "manual_approval_for_classified_effect_types: [financial_action]\nallowed_egress_hosts: "

static const struct lint_case lint_cases[] = {
    {"denies-everything", "allowed_cwd_prefixes: [/..]", "allowed_cwd_prefixes: [/.., /work/project]"},

    {"command-line", "allow_commands: ['git status']", "allow_commands: ['(no command)']"},
    {"command-line", "allow_commands: ['/usr/bin/git log']", "allow_commands: ['/usr/bin/cat']"},
    {"command-glob", "allow_commands: ['/usr/bin/*']", "allow_commands: ['/usr/bin/[']"},
    {"command-relative", "allow_commands: [./build.sh]", "allow_commands: [/work/build.sh]"},
    {"command-relative", "allow_commands: [bin/tool]", "allow_commands: [tool]"},
    {"command-by-name", "allow_commands: [cat]", "allow_commands: [/bin/cat]"},
    {"command-spelt-twice", "allow_commands: [cat, /usr/bin/cat]", "allow_commands: [cat, /usr/bin/tac]"},
    {"command-writable", WRITES "[/work/project]\nallow_commands: [/work/project/bin/tool]",
     WRITES "[/work/project/out]\nallow_commands: [/work/project/bin/tool]"},
    {"command-writable", WRITES "[/work/project]\nallow_commands: [/work/project/./x]",
     "allowed_write_prefixes: [/work/project]\nallow_commands: [/work/project/x]"},
    {"command-privileged", "allow_commands: [/usr/bin/sudo]", "allow_commands: [/usr/bin/pseudo]"},
    {"command-privileged", "allow_commands: [docker]", "allow_commands: [docker-ls]"},
    {"command-wrapper", "allow_commands: [xargs]", "allow_commands: [args]"},
    {"command-wrapper", "allow_commands: [/usr/bin/env]", "allow_commands: [sudo]"},
    {"command-interpreter", "allow_commands: [bash]", "allow_commands: [bash]\ndeny_argv_prefixes: [[bash, -c]]"},
    {"command-interpreter", "allow_commands: [/usr/bin/python3.11]", "allow_commands: [/usr/bin/python-config]"},
    {"command-interpreter", "allow_commands: [blocked-by-place]", "allow_commands: [unblocked]"},
    {"interpreter-in-part", "allow_commands: [sh]\ndeny_argv_prefixes: [[sh, -c]]",
     "allow_commands: [sh]\ndeny_argv_prefixes: [[bash, -c]]"},
    {"command-runs-others", "allow_commands: [git]", "allow_commands: [grep]"},
    {"command-runs-project", "allow_commands: [cat, make]", "allow_commands: [cat]"},
    {"command-network", "allow_commands: [curl]", "allow_commands: [curl]\nnetwork: full"},

    {"deny-prefix-unreachable", "deny_argv_prefixes: [[git, push]]", "deny_argv_prefixes: [[/usr/bin/cat, secret]]"},
    {"deny-prefix-other-spelling", "deny_argv_prefixes: [[cat, secret]]",
     "deny_argv_prefixes: [[/usr/bin/cat, secret]]"},
    {"deny-prefix-redundant", "allow_commands: [git]\ndeny_argv_prefixes: [[git, push, -f], [git, push]]",
     "allow_commands: [git]\ndeny_argv_prefixes: [[git, push], [git, pull]]"},
    {"deny-prefix-redundant", "allow_commands: [git]\ndeny_argv_prefixes: [[git, push], [git, push]]",
     "allow_commands: [git]\ndeny_argv_prefixes: [[git, push, a], [git, push, b]]"},
    {"deny-prefix-whole-program", "deny_argv_prefixes: [[/usr/bin/cat]]", "deny_argv_prefixes: [[/usr/bin/cat, x]]"},
    {"deny-prefix-one-word", "deny_argv_prefixes: [['git push']]", "deny_argv_prefixes: [[git, 'a b']]"},
    {"deny-prefix-sole-guard",
     "allow_commands: [git]\nallowed_effect_types: [observe, deploy]\ndeny_argv_prefixes: [[git, push]]",
     "allow_commands: [git]\nallowed_effect_types: [observe]\ndeny_argv_prefixes: [[git, push]]"},
    {"deny-prefix-sole-guard",
     "allow_commands: [git]\nallowed_effect_types: [mutate_repo]\ndeny_argv_prefixes: [[git, config]]",
     "allow_commands: [git]\nallowed_effect_types: [mutate_repo]\ndeny_argv_prefixes: [[git, config]]\n"
     "manual_approval_for_classified_effect_types: [mutate_repo]"},
    {"deny-prefix-evadable", "allow_commands: [make]\ndeny_argv_prefixes: [[make, deploy]]",
     "allow_commands: [make]\ndeny_argv_prefixes: [[make, --eval]]"},
    {"deny-prefix-evadable",
     "allow_commands: [npm]\nallowed_effect_types: [fetch_external]\ndeny_argv_prefixes: [[npm, update]]",
     "allow_commands: [npm]\ndeny_argv_prefixes: [[npm, update]]"},

    {"prefix-holds-nothing", "allowed_read_prefixes: [/work/project, /work/../etc]",
     "allowed_read_prefixes: [/work/project, /work/..etc]"},
    {"prefix-holds-nothing", "allowed_read_prefixes: [/work/project, //work]",
     "allowed_read_prefixes: [/work/project, //server/share]"},
    {"prefix-glob", "allowed_cwd_prefixes: ['/work/*']", "allowed_cwd_prefixes: [/work/project]"},
    {"prefix-foreign", "allowed_read_prefixes: ['C:\\x', /work/project]", "allowed_read_prefixes: [/work/project]"},
    {"prefix-redundant", "allowed_read_prefixes: [/work/project/src, /work/project]",
     "allowed_read_prefixes: [/work/project, /work/project2]"},
    {"prefix-redundant", "allowed_cwd_prefixes: [/work/project, /work//project/]",
     "allowed_cwd_prefixes: [/work/project]"},

    {"read-everything", "allowed_read_prefixes: [/]", "allowed_read_prefixes: [/work]"},
    {"read-everything", "allowed_cwd_prefixes: [/./]", "allowed_cwd_prefixes: [/work/project]"},
    {"read-home", "allowed_read_prefixes: [/home]", "allowed_read_prefixes: [/home2]"},
    {"read-home", "allowed_read_prefixes: [/home/ann/]", "allowed_read_prefixes: [/home/ann/project]"},
    {"read-home", "allowed_cwd_prefixes: [/root]", "allowed_cwd_prefixes: [/root/project]"},
    {"read-system", "allowed_read_prefixes: [/etc]", "allowed_read_prefixes: [/etc/hosts]"},
    {"read-system", "allowed_read_prefixes: [/proc/1]", "allowed_read_prefixes: [/process]"},
    {"read-shared", "allowed_read_prefixes: [/tmp]", "allowed_read_prefixes: [/tmp/mine]"},
    {"read-needless", "allowed_read_prefixes: [/usr]", "allowed_read_prefixes: [/usr/src]"},
    {"prefix-credentials", "allowed_read_prefixes: [/home/ann/.ssh]", "allowed_read_prefixes: [/home/ann/ssh]"},

    {"write-everything", WRITES "[/]", WRITES "[/work]"},
    {"write-home", WRITES "[/home/ann]", WRITES "[/home/ann/project]"},
    {"write-home", WRITES "[/root]", "allowed_write_prefixes: [/root]"},
    {"write-system", WRITES "[/usr/local/bin]", WRITES "[/usr/src/project]"},
    {"write-system", WRITES "[/etc/cron.d]", WRITES "[/work/etc]"},
    {"write-system", WRITES "[/var]", WRITES "[/var/lib/project]"},
    {"write-shared", WRITES "[/tmp]", WRITES "[/tmp/mine]"},
    {"write-protected", WRITES "[/var/lib/csc]", WRITES "[/var/lib/cscx]"},
    {"write-protected", WRITES "[/var/lib]", WRITES "[/var/lib2]"},
    {"write-protected", WRITES "[/keys]", WRITES "[/keys2]"},
    {"write-unused", "allowed_write_prefixes: [/work/project]", WRITES "[/work/project]"},
    {"write-observing", "require_write_paths_empty: false\nallowed_write_prefixes: [/work/project]",
     WRITES "[/work/project]"},
    {"cwd-unreadable", "allowed_cwd_prefixes: [/work/other]", "allowed_cwd_prefixes: [/work]"},

    {"network-full", "network: full", "network: deny"},
    {"network-no-hosts", "network: allowlisted", "network: allowlisted\nallowed_egress_hosts: [example.org]"},
    {"network-allowlisted", "network: allowlisted", "network: full"},
    {"hosts-unused", "allowed_egress_hosts: [example.org]",
     "network: allowlisted\nallowed_egress_hosts: [example.org]"},
    {"hosts-unused", ASKS_STRIPE "[API.Stripe.com, example.org]", ASKS_STRIPE "[API.Stripe.com, stripe.com]"},
    {"hosts-unused", "allowed_egress_hosts: [api.stripe.com]\nallow_commands: [curl]", ASKS_STRIPE "[api.stripe.com]"},
    {"host-malformed", "allowed_egress_hosts: ['https://example.org']", "allowed_egress_hosts: [example.org]"},
    {"host-malformed", "allowed_egress_hosts: ['*.example.org']", "allowed_egress_hosts: [a-b.example.org]"},
    {"host-inside", "allowed_egress_hosts: [169.254.169.254]", "allowed_egress_hosts: [169.254.example.org]"},
    {"host-inside", "allowed_egress_hosts: [LocalHost]", "allowed_egress_hosts: [localhost.example.org]"},
    {"secrets-no-provider", "allow_secret_refs: true", "allow_secret_refs: false"},

    {"approval-unknown", "manual_approval_for_classified_effect_types: [deploys]",
     "manual_approval_for_classified_effect_types: [deploy, financial_action]"},
    {"approval-unreachable", "manual_approval_for_classified_effect_types: [deploy]",
     "manual_approval_for_classified_effect_types: [deploy]\nallowed_effect_types: [deploy]"},
    {"approval-idle", "manual_approval_for_classified_effect_types: [financial_action]",
     "manual_approval_for_classified_effect_types: [financial_action]\nallowed_effect_types: [fetch_external]"},
    {"approval-unreachable", "manual_approval_for_classified_effect_types: [touch_secrets]",
     "manual_approval_for_classified_effect_types: [financial_action]"},
    {"deploy-unapproved", "allowed_effect_types: [deploy]",
     "allowed_effect_types: [deploy]\nmanual_approval_for_classified_effect_types: [deploy]"},
    {"touch-secrets-unapproved", "allowed_effect_types: [touch_secrets]",
     "allowed_effect_types: [touch_secrets]\nmanual_approval_for_classified_effect_types: [touch_secrets]"},
    {"critical-unapproved", "allowed_risk_classes: [critical]",
     "allowed_risk_classes: [critical]\nmanual_approval_for_classified_effect_types: [observe]"},
    {"effect-unused", "allowed_effect_types: [mutate_repo]",
     "allowed_effect_types: [mutate_repo]\nallow_commands: [/usr/bin/git]"},
    {"effect-unused", "allowed_effect_types: [fetch_external]",
     "allowed_effect_types: [fetch_external]\nallow_commands: [env]"},

    {"timeout-beyond-contracts", "max_timeout_sec: 86401", "max_timeout_sec: 86400"},
    {"timeout-long", "max_timeout_sec: 14401", "max_timeout_sec: 14400"},
};

#endif
