/* SPDX-License-Identifier: Apache-2.0 */
/* Lint: which programs may start, and what starting them amounts to. */
#include <string.h>

#include "policy/classify.h"
#include "policy/lint_rules.h"
#include "policy/match.h"

static const char field[] = "allow_commands";

/* By basename; alternatives as in a pattern of classification. */
static const char privileged[] =
    "sudo|su|doas|pkexec|runuser|setpriv|chroot|nsenter|unshare|systemd-run|systemctl|machinectl|docker|podman|nerdctl|"
    "buildah|lxc|lxc-attach|lxd|kubectl|oc|mount|umount|insmod|modprobe|useradd|usermod|userdel|passwd|chpasswd|visudo|"
    "iptables|ip6tables|nft|crontab|at|batch|csc|reboot|shutdown|setcap|setfacl|gdb|strace|ltrace|ptrace";
static const char interpreters[] =
    "sh|bash|zsh|fish|csh|tcsh|dash|ash|ksh|mksh|yash|rbash|pwsh|powershell|cmd|cmd.exe|python#|pypy#|ipython#|perl#|"
    "ruby#|irb|node|nodejs|deno|bun|php#|lua#|luajit|tclsh#|wish|expect|awk|gawk|mawk|nawk|Rscript|R|julia|java|jshell|"
    "groovy|scala|kotlin|ghci|runghc|guile|sbcl|clisp|racket|erl|escript|elixir|iex|osascript|octave|gnuplot|m4|bc|ex|"
    "vi|vim|view|rvim|rview|vimdiff|gvim|nvim|emacs|ed|nano|less|more|man|screen|tmux|psql|mysql|sqlite3|nu|xonsh|"
    "elvish|"
    "osh|ysh|ocaml|swipl|tcc|git-shell|capsh|run-parts|logrotate|ansible|ansible-playbook|ansible-console|ansible-pull";
static const char runners[] =
    "find|sed|tar|bsdtar|rsync|zip|git|ssh|scp|sftp|sort|tree|file|xdg-open|openssl|cpio|"
    "dpkg|apt|apt-get|rpm|pip#|gem|go|cargo|dd|tee|install|ln|cc|c++|gcc#|g++#|clang#|clang++#";
static const char project[] =
    "make|gmake|ninja|meson|cmake|ctest|cargo|go|npm|pnpm|yarn|bun|npx|mvn|mvnw|gradle|gradlew|ant|bazel|pytest|tox|"
    "nox|"
    "pip#|poetry|uv|rake|bundle#|rspec|composer|phpunit|dotnet|msbuild|sbt|lein|mix|stack|cabal|dune|just|task|scons|"
    "waf|pre-commit|terraform|tofu|terragrunt|packer|vagrant|pulumi";
static const char fetchers[] = "curl|wget|wget2|aria2c|ssh|scp|sftp|ftp|lftp|telnet|nc|ncat|netcat|socat|mosh|lynx|w3m";

static bool listed(const char *list, size_t size, const char *program)
{
    return csc_alternatives_have(list, size, csc_lint_basename(program));
}

#define LISTED(list, program) listed((list), sizeof(list) - 1, (program))

static bool is_privileged(const struct csc_linting *linting, const char *program)
{
    (void)linting;
    return LISTED(privileged, program);
}

static bool is_wrapper(const struct csc_linting *linting, const char *program)
{
    (void)linting;
    return !LISTED(privileged, program) && listed(csc_wrappers, strlen(csc_wrappers), program) &&
           !LISTED(project, program) && !LISTED(fetchers, program);
}

static bool is_interpreter_by_name(const struct csc_linting *linting, const char *program)
{
    const struct csc_lint_place *place = linting->place;

    if (LISTED(privileged, program) || listed(csc_wrappers, strlen(csc_wrappers), program))
        return false;
    return LISTED(interpreters, program) || (place->blocks && place->blocks(place->context, program));
}

static bool has_denial(struct csc_linting *linting, const char *program)
{
    const struct csc_policy *policy = linting->policy;

    for (size_t i = 0; i < policy->deny_argv_prefix_count && csc_lint_may_spend(linting, 1); i++)
        if (strcmp(policy->deny_argv_prefixes[i].items[0], program) == 0)
            return true;
    return false;
}

static void report_commands(struct csc_linting *linting,
                            bool (*is_bad)(const struct csc_linting *linting, const char *program))
{
    const struct csc_names *commands = &linting->policy->allow_commands;

    for (size_t i = 0; i < commands->count; i++)
        if (is_bad(linting, commands->items[i]))
            csc_lint_report(linting, field, (ptrdiff_t)i, commands->items[i], NULL);
}

/* One finding for all of them: what it says holds for each in the same way. */
static void report_first(struct csc_linting *linting,
                         bool (*is_meant)(const struct csc_linting *linting, const char *program))
{
    const struct csc_names *commands = &linting->policy->allow_commands;

    for (size_t i = 0; i < commands->count; i++)
        if (is_meant(linting, commands->items[i])) {
            csc_lint_report(linting, field, CSC_LINT_WHOLE, commands->items[i], NULL);
            return;
        }
}

/* "git status" as one entry; "(no command)" is no mistake. */
static bool is_line(const struct csc_linting *linting, const char *program)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_+-";
    size_t size = strspn(program, word);

    (void)linting;
    return size > 0 && (program[size] == ' ' || program[size] == '\t') && program[size + 1];
}

void csc_lint_command_line(struct csc_linting *linting)
{
    report_commands(linting, is_line);
}

static bool is_glob(const struct csc_linting *linting, const char *program)
{
    (void)linting;
    return strpbrk(program, "*?") != NULL;
}

void csc_lint_command_glob(struct csc_linting *linting)
{
    report_commands(linting, is_glob);
}

static bool is_relative(const struct csc_linting *linting, const char *program)
{
    (void)linting;
    return program[0] != '/' && strchr(program, '/');
}

void csc_lint_command_relative(struct csc_linting *linting)
{
    report_commands(linting, is_relative);
}

static bool is_name(const struct csc_linting *linting, const char *program)
{
    (void)linting;
    return !strchr(program, '/') && !strchr(program, ' ');
}

void csc_lint_command_by_name(struct csc_linting *linting)
{
    report_first(linting, is_name);
}

void csc_lint_command_spelt_twice(struct csc_linting *linting)
{
    const struct csc_names *commands = &linting->policy->allow_commands;

    for (size_t i = 1; i < commands->count; i++)
        for (size_t k = 0; k < i && csc_lint_may_spend(linting, 1); k++)
            if (strcmp(csc_lint_basename(commands->items[i]), csc_lint_basename(commands->items[k])) == 0) {
                csc_lint_report(linting, field, (ptrdiff_t)i, commands->items[i], commands->items[k]);
                break;
            }
}

static bool is_writable(const struct csc_linting *linting, const char *program)
{
    return program[0] == '/' && !linting->policy->require_write_paths_empty &&
           csc_prefixes_contain(&linting->policy->write_prefixes, program);
}

void csc_lint_command_writable(struct csc_linting *linting)
{
    report_commands(linting, is_writable);
}

void csc_lint_command_privileged(struct csc_linting *linting)
{
    report_commands(linting, is_privileged);
}

void csc_lint_command_wrapper(struct csc_linting *linting)
{
    report_commands(linting, is_wrapper);
}

/* With or without deny prefixes of its own. */
static void report_interpreters(struct csc_linting *linting, bool with_denial)
{
    const struct csc_names *commands = &linting->policy->allow_commands;

    for (size_t i = 0; i < commands->count; i++)
        if (is_interpreter_by_name(linting, commands->items[i]) &&
            has_denial(linting, commands->items[i]) == with_denial)
            csc_lint_report(linting, field, (ptrdiff_t)i, commands->items[i], NULL);
}

void csc_lint_command_interpreter(struct csc_linting *linting)
{
    report_interpreters(linting, false);
}

void csc_lint_interpreter_in_part(struct csc_linting *linting)
{
    report_interpreters(linting, true);
}

static bool runs_others(const struct csc_linting *linting, const char *program)
{
    return LISTED(runners, program) && !LISTED(project, program) && !is_wrapper(linting, program);
}

void csc_lint_command_runs_others(struct csc_linting *linting)
{
    report_commands(linting, runs_others);
}

static bool runs_project(const struct csc_linting *linting, const char *program)
{
    (void)linting;
    return LISTED(project, program);
}

void csc_lint_command_runs_project(struct csc_linting *linting)
{
    report_first(linting, runs_project);
}

static bool needs_network(const struct csc_linting *linting, const char *program)
{
    return linting->policy->network == CSC_NETWORK_DENY && LISTED(fetchers, program);
}

void csc_lint_command_network(struct csc_linting *linting)
{
    report_commands(linting, needs_network);
}
