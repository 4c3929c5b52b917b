/* SPDX-License-Identifier: Apache-2.0 */
/* Lint: prefixes that hold nothing, or more than a project. */
#include <string.h>

#include "policy/classify.h"
#include "policy/lint_rules.h"
#include "policy/match.h"

enum { CWD = 1, READ = 2, WRITE = 4 }; /* lists of prefixes */

struct list {
    const char *field;
    const struct csc_names *names;
};

typedef bool (*judge)(const char *prefix);

/* The list of a bit. */
static struct list list_of(const struct csc_linting *linting, unsigned bit)
{
    const struct csc_policy *policy = linting->policy;

    if (bit == CWD)
        return (struct list){"allowed_cwd_prefixes", &policy->cwd_prefixes};
    if (bit == READ)
        return (struct list){"allowed_read_prefixes", &policy->read_prefixes};
    return (struct list){"allowed_write_prefixes", &policy->write_prefixes};
}

static void report_prefixes(struct csc_linting *linting, unsigned lists, judge is_bad)
{
    for (unsigned bit = CWD; bit <= WRITE; bit <<= 1) {
        const struct list list = list_of(linting, bit);
        for (size_t i = 0; lists & bit && i < list.names->count; i++)
            if (is_bad(list.names->items[i]))
                csc_lint_report(linting, list.field, (ptrdiff_t)i, list.names->items[i], NULL);
    }
}

static bool is_same(const char *a, const char *b)
{
    return csc_path_has_prefix(a, b) && csc_path_has_prefix(b, a);
}

static bool is_one_of(const char *prefix, const char *const *paths)
{
    for (; *paths; paths++)
        if (is_same(prefix, *paths))
            return true;
    return false;
}

static bool is_below_one_of(const char *prefix, const char *const *paths)
{
    for (; *paths; paths++)
        if (csc_path_has_prefix(prefix, *paths))
            return true;
    return false;
}

/* Components of a path, "." and repeated slashes left out. */
static size_t depth(const char *path)
{
    size_t count = 0;

    while (*path) {
        size_t size = strcspn(path, "/");
        count += size > 0 && !(size == 1 && path[0] == '.');
        path += size + (path[size] == '/');
    }
    return count;
}

/* ---- what does nothing -------------------------------------------------------------------------------------- */

void csc_lint_denies_everything(struct csc_linting *linting)
{
    if (!csc_lint_has_usable(&linting->policy->cwd_prefixes))
        csc_lint_report(linting, "allowed_cwd_prefixes", CSC_LINT_WHOLE, NULL, NULL);
}

static bool is_unusable(const char *prefix)
{
    return !csc_path_has_prefix(prefix, prefix);
}

void csc_lint_prefix_unusable(struct csc_linting *linting)
{
    report_prefixes(linting, CWD | READ | WRITE, is_unusable);
}

static bool is_glob(const char *prefix)
{
    return strpbrk(prefix, "*?[") != NULL;
}

void csc_lint_prefix_glob(struct csc_linting *linting)
{
    report_prefixes(linting, CWD | READ | WRITE, is_glob);
}

static bool is_foreign(const char *prefix)
{
    return !is_unusable(prefix) && !csc_path_has_prefix(prefix, "/");
}

void csc_lint_prefix_foreign(struct csc_linting *linting)
{
    report_prefixes(linting, CWD | READ | WRITE, is_foreign);
}

/* What holds prefix number i already: another one above it, or the same path before it. */
static const char *holder(struct csc_linting *linting, const struct csc_names *names, size_t i)
{
    for (size_t k = 0; k < names->count && csc_lint_may_spend(linting, 1); k++) {
        bool holds = k != i && csc_path_has_prefix(names->items[i], names->items[k]);
        if (holds && (k < i || !csc_path_has_prefix(names->items[k], names->items[i])))
            return names->items[k];
    }
    return NULL;
}

void csc_lint_prefix_redundant(struct csc_linting *linting)
{
    for (unsigned bit = CWD; bit <= WRITE; bit <<= 1) {
        const struct list list = list_of(linting, bit);
        for (size_t i = 0; i < list.names->count; i++) {
            const char *other = holder(linting, list.names, i);
            if (other)
                csc_lint_report(linting, list.field, (ptrdiff_t)i, list.names->items[i], other);
        }
    }
}

void csc_lint_write_unused(struct csc_linting *linting)
{
    if (linting->policy->require_write_paths_empty && linting->policy->write_prefixes.count > 0)
        csc_lint_report(linting, "allowed_write_prefixes", CSC_LINT_WHOLE, NULL, NULL);
}

/* A scope may be read where one of the two holds the other. */
static bool is_readable(struct csc_linting *linting, const char *cwd)
{
    const struct csc_names *read = &linting->policy->read_prefixes;

    if (csc_prefixes_contain(read, cwd))
        return true;
    for (size_t i = 0; i < read->sorted_count && csc_lint_may_spend(linting, 1); i++)
        if (csc_path_has_prefix(read->sorted[i], cwd))
            return true;
    return false;
}

void csc_lint_cwd_unreadable(struct csc_linting *linting)
{
    const struct csc_names *cwd = &linting->policy->cwd_prefixes;

    for (size_t i = 0; i < cwd->count; i++)
        if (!is_unusable(cwd->items[i]) && !is_readable(linting, cwd->items[i]))
            csc_lint_report(linting, "allowed_cwd_prefixes", (ptrdiff_t)i, cwd->items[i], NULL);
}

/* ---- what holds too much ------------------------------------------------------------------------------------ */

static bool is_root(const char *prefix)
{
    return is_same(prefix, "/");
}

/* All home folders, or the whole of one. */
static bool is_home(const char *prefix)
{
    static const char *const homes[] = {"/home", "/root", "/Users", NULL};
    static const char *const parents[] = {"/home", "/Users", NULL};

    return is_one_of(prefix, homes) || (is_below_one_of(prefix, parents) && depth(prefix) == 2);
}

static bool is_shared(const char *prefix)
{
    static const char *const paths[] = {"/tmp", "/var/tmp", "/dev/shm", NULL};

    return is_one_of(prefix, paths);
}

/* Settings, password hashes, logs, mail, other processes, devices. */
static bool is_telling(const char *prefix)
{
    static const char *const exactly[] = {"/etc", "/var", "/var/lib", "/var/log", "/var/spool", "/boot",
                                          "/srv", "/opt", "/mnt",     "/media",   NULL};
    static const char *const below[] = {"/proc", "/sys", "/dev", "/run", "/var/run", NULL};

    return is_one_of(prefix, exactly) || (is_below_one_of(prefix, below) && !is_shared(prefix));
}

static bool is_needless(const char *prefix)
{
    static const char *const paths[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", NULL};

    return is_one_of(prefix, paths);
}

/* Whoever writes here owns the machine, or what it starts next. */
static bool is_system(const char *prefix)
{
    static const char *const below[] = {"/bin",     "/boot",           "/dev",  "/etc", "/lib", "/lib32",
                                        "/lib64",   "/libx32",         "/proc", "/run", "/sys", "/sbin",
                                        "/var/run", "/var/spool/cron", "/usr",  NULL};
    static const char *const exactly[] = {"/var", "/var/lib", "/var/log", "/var/spool", "/opt",
                                          "/srv", "/mnt",     "/media",   NULL};
    static const char *const harmless[] = {"/usr/src", "/usr/local/src", "/dev/shm", NULL};

    return is_one_of(prefix, exactly) || (is_below_one_of(prefix, below) && !is_below_one_of(prefix, harmless));
}

static bool is_credential(const char *prefix)
{
    return csc_secret_path_find(prefix) != NULL;
}

void csc_lint_read_everything(struct csc_linting *linting)
{
    report_prefixes(linting, CWD | READ, is_root);
}

void csc_lint_read_home(struct csc_linting *linting)
{
    report_prefixes(linting, CWD | READ, is_home);
}

void csc_lint_read_system(struct csc_linting *linting)
{
    report_prefixes(linting, CWD | READ, is_telling);
}

void csc_lint_read_shared(struct csc_linting *linting)
{
    report_prefixes(linting, CWD | READ, is_shared);
}

void csc_lint_read_needless(struct csc_linting *linting)
{
    report_prefixes(linting, READ, is_needless);
}

void csc_lint_prefix_credentials(struct csc_linting *linting)
{
    report_prefixes(linting, CWD | READ | WRITE, is_credential);
}

/* Lists of places to write to that are of no effect are not judged. */
static void report_writable(struct csc_linting *linting, judge is_bad)
{
    if (!linting->policy->require_write_paths_empty)
        report_prefixes(linting, WRITE, is_bad);
}

void csc_lint_write_everything(struct csc_linting *linting)
{
    report_writable(linting, is_root);
}

void csc_lint_write_home(struct csc_linting *linting)
{
    report_writable(linting, is_home);
}

void csc_lint_write_system(struct csc_linting *linting)
{
    report_writable(linting, is_system);
}

void csc_lint_write_shared(struct csc_linting *linting)
{
    report_writable(linting, is_shared);
}

/* The prefix holds it, or lies in it. */
static void report_protected(struct csc_linting *linting, const struct csc_lint_protected *protected)
{
    const struct csc_names *write = &linting->policy->write_prefixes;

    for (size_t i = 0; i < write->count; i++)
        if (!is_root(write->items[i]) && (csc_path_has_prefix(protected->path, write->items[i]) ||
                                          csc_path_has_prefix(write->items[i], protected->path)))
            csc_lint_report(linting, "allowed_write_prefixes", (ptrdiff_t)i, write->items[i], protected->what);
}

void csc_lint_write_protected(struct csc_linting *linting)
{
    static const struct csc_lint_protected known[] = {{"/etc/csc", "the configuration"},
                                                      {"/var/lib/csc", "the ledger"}};

    if (linting->policy->require_write_paths_empty)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        report_protected(linting, &known[i]);
    for (size_t i = 0; i < linting->place->protected_count; i++)
        report_protected(linting, &linting->place->protected[i]);
}

void csc_lint_write_observing(struct csc_linting *linting)
{
    const struct csc_policy *policy = linting->policy;

    if (policy->allowed_effects == 1U << CSC_EFFECT_OBSERVE && csc_lint_has_usable(&policy->write_prefixes) &&
        !policy->require_write_paths_empty)
        csc_lint_report(linting, "allowed_write_prefixes", CSC_LINT_WHOLE, NULL, NULL);
}
