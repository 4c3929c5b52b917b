/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Denials of paths: what the plan shows of one, against what the command says of it.
 *
 * Threat: an oracle. The command picks the paths, csc may be root: an answer that depends on what is there on the host
 * tells the command what it may not see. So the host is asked only about paths that the policy would let a contract
 * declare (a contract that does learns the same from csc), that name no credentials, and whether they are there, no
 * more.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/denial.h"

enum { SYMLINKS_MAX = 8, PROGRAM_NOT_FOUND = 127 };

/* What is inside at a path. */
enum view {
    VIEW_HIDDEN,    /* nothing of the host */
    VIEW_STUB,      /* a read-only folder that only leads to what is shown */
    VIEW_SHOWN,     /* the host's, read-only */
    VIEW_WRITABLE,  /* the host's */
    VIEW_PRIVATE,   /* an empty file system of the sandbox's own */
    VIEW_GENERATED, /* made by the sandbox or the kernel; nobody declares it: /proc, /dev, /etc/passwd */
    VIEW_MASKED,
};

static bool is_same(const char *a, const char *b)
{
    return csc_path_has_prefix(a, b) && csc_path_has_prefix(b, a);
}

/* Of what is mounted over a path, the last. NULL: nothing is. */
static const struct csc_mount *covering(const struct csc_plan *plan, const char *path)
{
    for (size_t i = plan->mount_count; i-- > 0;)
        if (plan->mounts[i].kind != CSC_MOUNT_READONLY && csc_path_has_prefix(path, plan->mounts[i].target))
            return &plan->mounts[i];
    return NULL;
}

static bool leads_to_mounts(const struct csc_plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->mount_count; i++)
        if (csc_path_has_prefix(plan->mounts[i].target, path))
            return true;
    return false;
}

static bool made_readonly(const struct csc_plan *plan, const struct csc_mount *mount)
{
    for (const struct csc_mount *m = mount + 1; m < plan->mounts + plan->mount_count; m++)
        if (m->kind == CSC_MOUNT_READONLY && is_same(m->target, mount->target))
            return true;
    return false;
}

/* What is inside a read-only folder of the sandbox's own: the way to something mounted in it, or nothing. */
static enum view view_of_stub(const struct csc_plan *plan, const char *path)
{
    return leads_to_mounts(plan, path) ? VIEW_STUB : VIEW_HIDDEN;
}

/* `path` is where the mount is, or below it. */
static enum view view_of_mount(const struct csc_plan *plan, const struct csc_mount *mount, const char *path)
{
    switch (mount->kind) {
    case CSC_MOUNT_BIND:
        return mount->writable && !made_readonly(plan, mount) ? VIEW_WRITABLE : VIEW_SHOWN;
    case CSC_MOUNT_TMPFS:
        return made_readonly(plan, mount) ? VIEW_GENERATED : VIEW_PRIVATE; /* a cover over a part of /proc */
    case CSC_MOUNT_FOLDER:
        return is_same(mount->target, path) ? VIEW_STUB : view_of_stub(plan, path);
    case CSC_MOUNT_MASK:
        return VIEW_MASKED;
    case CSC_MOUNT_COPY:
    case CSC_MOUNT_SYMLINK:
    case CSC_MOUNT_FILE:
    case CSC_MOUNT_PROC:
    case CSC_MOUNT_DEV:
    case CSC_MOUNT_READONLY:
        break;
    }
    return VIEW_GENERATED;
}

/* Makes /bin/x of a plan with a symlink /bin to usr/bin into /usr/bin/x. */
static bool follow(const struct csc_mount *symlink, char path[CSC_DENIAL_PATH_MAX])
{
    char joined[2 * CSC_DENIAL_PATH_MAX], folder[CSC_DENIAL_PATH_MAX];
    int folder_size = (int)(strrchr(symlink->target, '/') - symlink->target);
    int size = snprintf(joined, sizeof(joined), "%s%s", symlink->content, path + strlen(symlink->target));

    if (size < 0 || (size_t)size >= sizeof(joined) ||
        snprintf(folder, sizeof(folder), "%.*s", folder_size, symlink->target) >= (int)sizeof(folder))
        return false;
    return csc_denial_absolute(folder, (struct csc_span){.at = joined, .size = (size_t)size}, path);
}

/* Follows the plan's own symlinks, so that `path` is where the file is. *ret_mount: what it is on; NULL: nothing. */
static enum view view_of(const struct csc_plan *plan, char path[CSC_DENIAL_PATH_MAX],
                         const struct csc_mount **ret_mount)
{
    const struct csc_mount *mount = covering(plan, path);

    for (unsigned i = 0; mount && mount->kind == CSC_MOUNT_SYMLINK && i < SYMLINKS_MAX; i++) {
        if (!follow(mount, path))
            break;
        mount = covering(plan, path);
    }
    *ret_mount = mount;
    return mount ? view_of_mount(plan, mount, path) : view_of_stub(plan, path);
}

/* ---- the host ------------------------------------------------------------------------------------------------ */

/* csc-contract(5): scopes below these are refused. */
static bool is_never_shown(const char *path)
{
    static const char *const folders[] = {"/proc", "/sys", "/dev", CSC_SANDBOX_FOLDER};

    for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
        if (csc_path_has_prefix(path, folders[i]))
            return true;
    return strcmp(path, "/") == 0;
}

static bool names_credentials(const char *path, const struct csc_policy *policy)
{
    const struct csc_command reads = {.cwd = "/", .read_paths = &path, .read_path_count = 1};

    return csc_classify(&reads, policy).rule != NULL;
}

/* A contract could have this in read_paths. */
static bool may_be_declared(const struct csc_denial *denial, const char *path)
{
    const struct csc_policy *policy = denial->failure->policy;

    return policy && !is_never_shown(path) && csc_prefixes_contain(&policy->read_prefixes, path) &&
           !names_credentials(path, policy);
}

/* As a scope is opened: a path with a symlink in it could not be declared either. */
static bool is_there(const char *path)
{
    _cleanup_close_ int fd = csc_openat2(AT_FDCWD, path, O_PATH, 0, RESOLVE_NO_SYMLINKS);

    return fd >= 0;
}

/* The host has it, the sandbox does not, and that could be changed. */
static bool is_missed(const struct csc_denial *denial, const char *path)
{
    char inside[CSC_DENIAL_PATH_MAX];
    const struct csc_mount *mount;

    (void)snprintf(inside, sizeof(inside), "%s", path);
    enum view view = view_of(denial->plan, inside, &mount);
    bool own = view == VIEW_PRIVATE && is_same(mount->target, path); /* /tmp itself is there */
    return (view == VIEW_HIDDEN || view == VIEW_PRIVATE) && !own && may_be_declared(denial, path) && is_there(path);
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

static void parent_of(const char *path, char ret_parent[CSC_DENIAL_PATH_MAX])
{
    size_t size = (size_t)(strrchr(path, '/') - path);

    if (size == 0)
        size = 1; /* of "/x" it is "/" */
    memmove(ret_parent, path, size);
    ret_parent[size] = '\0';
}

/* By the command; else it is the system's. */
static bool is_declared(const struct csc_command *command, const char *path)
{
    for (size_t i = 0; i < command->read_path_count; i++)
        if (csc_scope_contains(command->read_paths[i], path))
            return true;
    for (size_t i = 0; i < command->write_path_count; i++)
        if (csc_scope_contains(command->write_paths[i], path))
            return true;
    return csc_path_has_prefix(path, command->cwd);
}

/* What is appended to advice on write_paths. */
static const char *condition(const struct csc_policy *policy, const char *folder)
{
    if (policy && !policy->require_write_paths_empty && csc_prefixes_contain(&policy->write_prefixes, folder))
        return "";
    return "; the policy must allow it";
}

/* The write scope that would hold the path: the file itself where just the file is shown, else its folder. */
static bool say_scope(const struct csc_denial *denial, const struct csc_mount *mount, const char *path)
{
    char folder[CSC_DENIAL_PATH_MAX], shown[CSC_EXCERPT], scope[CSC_EXCERPT], id[CSC_EXCERPT];
    bool mounted = is_same(mount->target, path), file = mounted && mount->source->type == CSC_SOURCE_FILE;

    (void)snprintf(folder, sizeof(folder), "%s", path);
    if (!mounted)
        parent_of(path, folder);
    csc_text_excerpt(scope, folder, strlen(folder));
    csc_text_excerpt(id, denial->plan->command_id, strlen(denial->plan->command_id));
    return csc_denial_say(denial,
                          "hint: likely cause: '%s' is read-only inside the sandbox; declare '%s%s' in write_paths of "
                          "command '%s'%s",
                          csc_text_excerpt(shown, path, strlen(path)), scope, file ? "" : "/**", id,
                          condition(denial->failure->policy, folder));
}

/* Folders that the sandbox made, "/" among them: they only lead to what is declared. */
static bool explain_stub(const struct csc_denial *denial, const char *path)
{
    char folder[CSC_DENIAL_PATH_MAX], shown[CSC_EXCERPT];
    const struct csc_mount *mount;
    bool itself = leads_to_mounts(denial->plan, path);

    (void)snprintf(folder, sizeof(folder), "%s", path);
    if (!itself)
        parent_of(path, folder);
    if (view_of(denial->plan, folder, &mount) != VIEW_STUB)
        return false;
    return csc_denial_say(
        denial,
        "hint: likely cause: inside the sandbox '%s' only leads to declared paths and is read-only; files can "
        "be created in folders that write_paths declares as 'DIR/**'",
        csc_text_excerpt(shown, folder, strlen(folder)));
}

static bool explain_unwritable(const struct csc_denial *denial, char path[CSC_DENIAL_PATH_MAX])
{
    const struct csc_mount *mount;
    char shown[CSC_EXCERPT];

    enum view view = view_of(denial->plan, path, &mount);
    csc_text_excerpt(shown, path, strlen(path));
    if (view == VIEW_SHOWN && is_declared(denial->plan->command, path))
        return say_scope(denial, mount, path);
    if (view == VIEW_SHOWN)
        return csc_denial_say(denial,
                              "hint: likely cause: '%s' is of the system, which every sandbox shows read-only; let the "
                              "command write to $HOME, $TMPDIR or a folder in write_paths instead",
                              shown);
    if (view == VIEW_STUB || view == VIEW_HIDDEN)
        return explain_stub(denial, path);
    if (view == VIEW_GENERATED || view == VIEW_MASKED)
        return csc_denial_say(denial, "hint: likely cause: '%s' is read-only in every sandbox; nothing declares it",
                              shown);
    return false;
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

/* Mode bits refuse too: the boundary is the reason only where it shows nothing, or where something was to be written.
 */
static bool explain_refused(const struct csc_denial *denial, char path[CSC_DENIAL_PATH_MAX], bool writing)
{
    const struct csc_mount *mount;
    char shown[CSC_EXCERPT];

    if (writing)
        return explain_unwritable(denial, path);
    enum view view = view_of(denial->plan, path, &mount);
    csc_text_excerpt(shown, path, strlen(path));
    if (view == VIEW_MASKED)
        return csc_denial_say(denial, "hint: likely cause: '%s' is masked in every sandbox; nothing declares it",
                              shown);
    if (view != VIEW_STUB)
        return false;
    return csc_denial_say(
        denial,
        "hint: likely cause: inside the sandbox '%s' only leads to declared paths; declare in read_paths "
        "what the command is to see there",
        shown);
}

static bool explain_missing(const struct csc_denial *denial, char path[CSC_DENIAL_PATH_MAX], bool writing)
{
    char shown[CSC_EXCERPT], id[CSC_EXCERPT], parent[CSC_DENIAL_PATH_MAX];

    csc_text_excerpt(id, denial->plan->command_id, strlen(denial->plan->command_id));
    if (is_missed(denial, path))
        return csc_denial_say(
            denial,
            "hint: likely cause: '%s' is not declared, so the sandbox does not show it; add it to read_paths "
            "of command '%s'",
            csc_text_excerpt(shown, path, strlen(path)), id);
    parent_of(path, parent);
    if (!writing || !is_missed(denial, parent))
        return false;
    return csc_denial_say(
        denial,
        "hint: likely cause: '%s' is not declared, so the sandbox does not show it; to create files there, add "
        "'%s/**' to write_paths of command '%s'%s",
        csc_text_excerpt(shown, parent, strlen(parent)), shown, id, condition(denial->failure->policy, parent));
}

/* ---- lines --------------------------------------------------------------------------------------------------- */

/* strerror(3)'s words, and how Node, Python and Rust name the number. */
static const char *const read_only[] = {"read-only file system", "erofs", "[errno 30]", "(os error 30)", NULL};
static const char *const refused[] = {"permission denied", "eacces", "[errno 13]", "(os error 13)", NULL};
static const char *const missing[] = {"no such file or directory", "enoent", "[errno 2]", "(os error 2)",
                                      "directory nonexistent",     NULL};

static const char *const writing_words[] = {"create", "creat",  "touch",  "write",     "writing", "mkdir", "remove",
                                            "unlink", "rename", "delete", "overwrite", "move",    "rmdir", NULL};

static bool is_program(const struct csc_command *command, const char *path)
{
    for (size_t i = 0; i < command->argv_count; i++)
        if (is_same(command->argvs[i].items[0], path))
            return true;
    return false;
}

/* Nothing in the line says which path, and EROFS needs no more to be the boundary's. */
static bool say_read_only(const struct csc_denial *denial)
{
    char id[CSC_EXCERPT];

    return csc_denial_say(
        denial,
        "hint: likely cause: a path that is read-only inside the sandbox was to be written; declare it "
        "in write_paths of command '%s'",
        csc_text_excerpt(id, denial->plan->command_id, strlen(denial->plan->command_id)));
}

static bool explain_one(const struct csc_denial *denial, char path[CSC_DENIAL_PATH_MAX], const char *const reason[],
                        bool writing)
{
    if (reason == missing)
        return explain_missing(denial, path, writing);
    /* "PROGRAM: reason", by a program that does not say what it was about. */
    if (is_program(denial->plan->command, path))
        return false;
    return reason == read_only ? explain_unwritable(denial, path) : explain_refused(denial, path, writing);
}

bool csc_denial_of_path(const struct csc_denial *denial, struct csc_span line)
{
    static const char *const *const reasons[] = {read_only, refused, missing};
    struct csc_span found = {0}, paths[CSC_DENIAL_PATHS];
    size_t which = 0;

    while (which < ARRAY_SIZE(reasons) && (found = csc_denial_find(line, reasons[which])).size == 0)
        which++;
    if (which == ARRAY_SIZE(reasons))
        return false;
    bool writing = csc_denial_says(line, writing_words);
    size_t count = csc_denial_paths(line, found, paths);
    for (size_t i = 0; i < count; i++) {
        char path[CSC_DENIAL_PATH_MAX];
        if (csc_denial_absolute(denial->plan->cwd, paths[i], path) &&
            explain_one(denial, path, reasons[which], writing))
            return true;
    }
    return count == 0 && reasons[which] == read_only && say_read_only(denial);
}

bool csc_denial_of_program(const struct csc_denial *denial)
{
    const struct csc_command *command = denial->plan->command;
    char path[CSC_DENIAL_PATH_MAX], shown[CSC_EXCERPT], folder[CSC_EXCERPT], id[CSC_EXCERPT];

    if (denial->failure->exit_code != PROGRAM_NOT_FOUND)
        return false;
    for (size_t i = 0; i < command->argv_count; i++) {
        const char *program = command->argvs[i].items[0];
        if (!strchr(program, '/') ||
            !csc_denial_absolute(denial->plan->cwd, (struct csc_span){.at = program, .size = strlen(program)}, path) ||
            !is_missed(denial, path))
            continue;
        csc_text_excerpt(shown, path, strlen(path));
        parent_of(path, path);
        return csc_denial_say(
            denial,
            "hint: likely cause: the program '%s' is not inside the sandbox; add '%s' to read_paths of "
            "command '%s', or to system_paths in csc-config(5)",
            shown, csc_text_excerpt(folder, path, strlen(path)),
            csc_text_excerpt(id, denial->plan->command_id, strlen(denial->plan->command_id)));
    }
    return false;
}
