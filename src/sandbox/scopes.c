/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a contract declares, as it is on this host now. An exact path and "DIR/" "**" are one folder or file; any other
 * glob is what it matches at this moment, found without following a symlink.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "sandbox/survey.h"

/* One declared list, for messages and for where its sources go. */
struct scope {
    const char *declared;
    const char *field; /* "read_paths", "write_paths" */
    bool writable;
    struct csc_buf *list;
};

struct walk {
    struct csc_surveying *s;
    const struct scope *scope;
    char path[PATH_MAX];
};

static int refuse_open(struct csc_surveying *s, const char *field, const char *path, int error)
{
    switch (error) {
    case ELOOP:
        return csc_refuse(s->refusal, CSC_REFUSAL_ESCAPE,
                          "%s: '%.200s' is, or lies behind, a symlink; declare the path that it means", field, path);
    case ENOENT:
    case ENOTDIR:
        return csc_refuse(s->refusal, CSC_REFUSAL_MISSING,
                          "%s: '%.200s' is not there; create it first, or declare the folder it will be in ('/dir/**')",
                          field, path);
    case ENOTSUP:
        return csc_refuse(s->refusal, CSC_REFUSAL_ESCAPE,
                          "%s: '%.200s' is a device, socket or FIFO; only files and folders can be shown", field, path);
    case EMFILE:
    case ENFILE:
        return csc_refuse(
            s->refusal, CSC_REFUSAL_BOUNDARY,
            "%s: out of descriptors at '%.150s'; declare folders instead of what is in them, or raise the "
            "limit (ulimit -n)",
            field, path);
    case ENOSYS:
        return csc_refuse(s->refusal, CSC_REFUSAL_BOUNDARY,
                          "this kernel has no openat2(2); Linux 5.11 or newer is needed");
    default:
        return csc_refuse(s->refusal, CSC_REFUSAL_MISSING, "%s: '%.200s': %s", field, path, strerror(error));
    }
}

static bool is_posix(const char *path)
{
    return path[0] == '/' && path[1] != '/';
}

/* Opens `path`, which must be a file or folder. */
static int open_exact(struct csc_surveying *s, const char *field, const char *path, struct csc_source *ret_source)
{
    if (!is_posix(path))
        return csc_refuse(s->refusal, CSC_REFUSAL_ESCAPE, "%s: '%.200s' is no path of this system", field, path);
    const char *plain = csc_source_plain(&s->survey->arena, path);
    if (!plain)
        return csc_fail_memory(s->err);
    if (csc_source_open(&s->survey->arena, AT_FDCWD, plain, plain, ret_source) < 0)
        return refuse_open(s, field, path, errno);
    if (ret_source->type == CSC_SOURCE_SYMLINK)
        return refuse_open(s, field, path, ELOOP);
    return 0;
}

static bool is_below(const char *path, const char *folder)
{
    size_t size = strlen(folder);

    return strncmp(path, folder, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

/* Threat: a command whose user outside is root, which reads what only root may. */
static int check_public(struct csc_surveying *s, const char *field, const struct csc_source *source)
{
    if (!is_below(source->path, "/etc") || csc_is_public(source))
        return 0;
    return csc_refuse(s->refusal, CSC_REFUSAL_ESCAPE,
                      "%s: '%.200s' is, or holds, something that not everyone on this machine may read; declare the "
                      "files that are needed",
                      field, source->path);
}

/* ---- globs ---------------------------------------------------------------------------------------------------- */

static int walk_folder(struct walk *walk, int folder, size_t length);

/* What a glob matched. Sockets, FIFOs and devices are left out; a folder is entered, but only shown as such. */
static int take_match(struct walk *walk, int folder, const char *name)
{
    struct csc_arena *arena = &walk->s->survey->arena;
    struct csc_source source;
    const char *path = csc_arena_copy(arena, walk->path, strlen(walk->path));

    if (!path)
        return csc_fail_memory(walk->s->err);
    if (csc_source_open(arena, folder, name, path, &source) < 0)
        return errno == ENOENT || errno == ENOTSUP ? 0 : refuse_open(walk->s, walk->scope->field, path, errno);
    int r = source.type == CSC_SOURCE_FILE ? check_public(walk->s, walk->scope->field, &source) : 0;
    if (r != 0) {
        csc_source_close(&source);
        return r;
    }
    if (source.type == CSC_SOURCE_FOLDER)
        csc_source_close(&source); /* a folder of its own, empty: what is in it did not match */
    if (walk->scope->writable && source.type != CSC_SOURCE_FILE)
        return 0;
    return csc_source_add(walk->s, walk->scope->list, &source);
}

static int visit(struct walk *walk, int folder, const char *name, size_t length)
{
    struct stat st;

    if (csc_glob_match(walk->scope->declared, walk->path)) {
        int r = take_match(walk, folder, name);
        if (r != 0)
            return r;
    }
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
        return 0;
    _cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == EMFILE || errno == ENFILE ? refuse_open(walk->s, walk->scope->field, walk->path, errno) : 0;
    return walk_folder(walk, TAKE_FD(fd), length);
}

/* How deep a glob can match: its own number of components, or any with a "**". */
static bool is_deep_enough(const char *pattern, const char *path)
{
    size_t in_pattern = 0, in_path = 0;

    if (strstr(pattern, "/**"))
        return false;
    for (const char *p = pattern; *p; p++)
        in_pattern += *p == '/';
    for (const char *p = path; *p; p++)
        in_path += *p == '/';
    return in_path >= in_pattern;
}

/* Takes over `folder`; walk->path is its path, of `length`. */
static int walk_folder(struct walk *walk, int folder, size_t length)
{
    _cleanup_closedir_ DIR *dir = fdopendir(folder);
    struct dirent *entry;
    int r = 0;

    if (!dir) {
        (void)close(folder);
        return csc_fail_memory(walk->s->err);
    }
    walk->path[length] = '\0';
    if (is_deep_enough(walk->scope->declared, walk->path))
        return 0;
    while (r == 0 && (entry = readdir(dir))) {
        size_t size = strlen(entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            length + 1 + size >= sizeof(walk->path))
            continue;
        if (++walk->s->looked_at > CSC_GLOB_ENTRIES_MAX)
            return csc_refuse(walk->s->refusal, CSC_REFUSAL_BOUNDARY,
                              "%s: '%.150s' makes more than %d entries to look at; declare something narrower",
                              walk->scope->field, walk->scope->declared, CSC_GLOB_ENTRIES_MAX);
        walk->path[length] = '/';
        memcpy(walk->path + length + 1, entry->d_name, size + 1);
        r = visit(walk, dirfd(dir), entry->d_name, length + 1 + size);
    }
    return r;
}

/* The folder that everything in the glob lies below. */
static size_t base_length(const char *pattern)
{
    size_t length = strcspn(pattern, "*?[");

    while (length > 0 && pattern[length - 1] != '/')
        length--;
    return length > 1 ? length - 1 : 1;
}

static int expand(struct csc_surveying *s, const struct scope *scope)
{
    _cleanup_free_ struct walk *walk = calloc(1, sizeof(*walk));
    struct csc_source base = {.fd = -1, .tree = -1};
    size_t length = base_length(scope->declared);

    if (!walk)
        return csc_fail_memory(s->err);
    *walk = (struct walk){.s = s, .scope = scope};
    if (length >= sizeof(walk->path))
        return refuse_open(s, scope->field, scope->declared, ENAMETOOLONG);
    memcpy(walk->path, scope->declared, length);
    int r = open_exact(s, scope->field, walk->path, &base);
    if (r != 0)
        return r;
    int folder = openat(base.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = errno;
    csc_source_close(&base);
    if (folder < 0)
        return refuse_open(s, scope->field, walk->path, error);
    return walk_folder(walk, folder, length == 1 ? 0 : length);
}

/* ---- scopes --------------------------------------------------------------------------------------------------- */

/* "DIR/" "**": everything below DIR, which is DIR. The length of DIR, or 0. */
static size_t whole_folder(const char *plain)
{
    size_t length = strlen(plain), before = strcspn(plain, "*?[");

    return length > 3 && before == length - 2 && strcmp(plain + length - 3, "/**") == 0 ? length - 3 : 0;
}

static int take_exact(struct csc_surveying *s, const struct scope *scope)
{
    struct csc_source source = {.path = "", .fd = -1, .tree = -1};

    int r = open_exact(s, scope->field, scope->declared, &source);
    if (r == 0)
        r = check_public(s, scope->field, &source);
    if (r == 0)
        return csc_source_add(s, scope->list, &source);
    csc_source_close(&source);
    return r;
}

static int take_scope(struct csc_surveying *s, struct scope scope)
{
    if (csc_path_has_dotdot(scope.declared))
        return csc_refuse(s->refusal, CSC_REFUSAL_ESCAPE, "%s: '%.200s' contains '..'; write the path it means",
                          scope.field, scope.declared);
    if (!is_posix(scope.declared))
        return csc_refuse(s->refusal, CSC_REFUSAL_ESCAPE, "%s: '%.200s' is no path of this system", scope.field,
                          scope.declared);
    const char *plain = csc_source_plain(&s->survey->arena, scope.declared);
    if (!plain)
        return csc_fail_memory(s->err);
    size_t folder = whole_folder(plain);
    if (strcmp(plain, "/**") == 0)
        plain = "/";
    if (folder > 0)
        plain = csc_arena_copy(&s->survey->arena, plain, folder);
    if (!plain)
        return csc_fail_memory(s->err);
    scope.declared = plain;
    return csc_glob_is_pattern(plain) ? expand(s, &scope) : take_exact(s, &scope);
}

static int take_cwd(struct csc_surveying *s)
{
    const struct csc_command *command = s->request->command;
    struct csc_survey *survey = s->survey;
    struct stat st;

    int r = open_exact(s, "cwd", command->cwd, &survey->cwd);
    if (r != 0)
        return r;
    if (survey->cwd.type != CSC_SOURCE_FOLDER)
        return refuse_open(s, "cwd", command->cwd, ENOTDIR);
    r = check_public(s, "cwd", &survey->cwd);
    if (r != 0)
        return r;
    /* Resolved, and checked again. */
    if (!csc_prefixes_contain(&s->request->policy->cwd_prefixes, survey->cwd.path))
        return csc_refuse(s->refusal, CSC_REFUSAL_ESCAPE,
                          "cwd '%.200s' is outside the policy's allowed_cwd_prefixes; use a cwd inside them",
                          survey->cwd.path);
    if (fstat(survey->cwd.fd, &st) < 0)
        return csc_fail_errno(s->err, CSC_E_INTERNAL, errno, "fstat");
    survey->owner_uid = st.st_uid;
    survey->owner_gid = st.st_gid;
    return 0;
}

int csc_survey_scopes(struct csc_surveying *s)
{
    const struct csc_command *command = s->request->command;
    int r = take_cwd(s);

    for (size_t i = 0; i < command->read_path_count && r == 0; i++)
        r = take_scope(s, (struct scope){command->read_paths[i], "read_paths", false, &s->reads});
    for (size_t i = 0; i < command->write_path_count && r == 0; i++)
        r = take_scope(s, (struct scope){command->write_paths[i], "write_paths", true, &s->writes});
    return r;
}
