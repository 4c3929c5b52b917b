/* SPDX-License-Identifier: Apache-2.0 */
/* Lint: prefixes where what is written is run later, by somebody who is held by no policy. */
#include <string.h>

#include "policy/lint_rules.h"

struct component {
    const char *text;
    size_t size;
};

/* The next one of a path, "." and repeated slashes left out; false at its end. */
static bool cut(const char **path, struct component *ret_component)
{
    for (;;) {
        *path += strspn(*path, "/");
        size_t size = strcspn(*path, "/");
        if (size == 0)
            return false;
        *ret_component = (struct component){*path, size};
        *path += size;
        if (size != 1 || ret_component->text[0] != '.')
            return true;
    }
}

static bool is(struct component component, const char *name)
{
    return strlen(name) == component.size && memcmp(component.text, name, component.size) == 0;
}

/* What lies below a home folder, or NULL. */
static const char *in_home(const char *prefix)
{
    static const char *const parents[] = {"home", "Users"};
    struct component first, user;

    if (prefix[0] != '/' || !cut(&prefix, &first))
        return NULL;
    if (is(first, "root"))
        return prefix;
    for (size_t i = 0; i < ARRAY_SIZE(parents); i++)
        if (is(first, parents[i]))
            return cut(&prefix, &user) ? prefix : NULL;
    return NULL;
}

/* Threat: a line in .profile, a program in bin, a hook in the settings of an agent run at the next occasion, outside of
 * every sandbox. Of what begins with a dot, all but caches and the data of single programs counts. */
static bool is_run_by_user(const char *prefix)
{
    static const char *const harmless[] = {"/.cache",         "/.npm",           "/.cargo/registry", "/.cargo/git",
                                           "/.m2/repository", "/.gradle/caches", "/.local/share",    "/.local/state"};
    static const char *const harmful[] = {"/.local/state/csc", "/.local/share/applications", "/.local/share/systemd",
                                          "/.local/share/dbus-1", "/.local/share/bash-completion"};
    const char *rest = in_home(prefix), *at = rest;
    struct component first;

    if (!rest || !cut(&at, &first))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(harmful); i++)
        if (csc_path_has_prefix(rest, harmful[i]) || csc_path_has_prefix(harmful[i], rest))
            return true;
    for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
        if (csc_path_has_prefix(rest, harmless[i]))
            return false;
    return first.text[0] == '.' || is(first, "bin");
}

/* Hooks of git, and what agents and editors run where they find it. */
static bool is_run_by_project(const char *prefix)
{
    static const char *const names[] = {".git",    ".husky",  ".githooks", ".claude",       ".codex",
                                        ".gemini", ".cursor", ".vscode",   ".devcontainer", ".ssh"};
    struct component component;

    while (cut(&prefix, &component))
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
            if (is(component, names[i]))
                return true;
    return false;
}

/* Below /var/lib, where projects may lie as well. */
static bool is_run_by_system(const char *prefix)
{
    static const char *const paths[] = {"/var/lib/alternatives", "/var/lib/apt",
                                        "/var/lib/cloud",        "/var/lib/containerd",
                                        "/var/lib/containers",   "/var/lib/dkms",
                                        "/var/lib/docker",       "/var/lib/dpkg",
                                        "/var/lib/flatpak",      "/var/lib/kubelet",
                                        "/var/lib/libvirt",      "/var/lib/lxc",
                                        "/var/lib/lxd",          "/var/lib/incus",
                                        "/var/lib/machines",     "/var/lib/pacman",
                                        "/var/lib/pam",          "/var/lib/polkit-1",
                                        "/var/lib/portables",    "/var/lib/rancher",
                                        "/var/lib/rpm",          "/var/lib/snapd",
                                        "/var/lib/systemd",      "/var/lib/extensions",
                                        "/var/lib/ucf",          "/var/lib/AccountsService",
                                        "/var/lib/mysql",        "/var/lib/postgresql",
                                        "/var/lib/jenkins",      "/var/lib/private",
                                        "/var/spool/at",         "/var/spool/anacron"};

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        if (csc_path_has_prefix(prefix, paths[i]))
            return true;
    return false;
}

void csc_lint_write_runs_later(struct csc_linting *linting)
{
    const struct csc_names *write = &linting->policy->write_prefixes;

    if (linting->policy->require_write_paths_empty)
        return;
    for (size_t i = 0; i < write->count; i++)
        if (is_run_by_user(write->items[i]) || is_run_by_project(write->items[i]) || is_run_by_system(write->items[i]))
            csc_lint_report(linting, "allowed_write_prefixes", (ptrdiff_t)i, write->items[i], NULL);
}
