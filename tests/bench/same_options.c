/* SPDX-License-Identifier: Apache-2.0 */
#include "same_options.h"

#include <inttypes.h>
#include <string.h>

#include "base/base.h"
#include "format/format.h"

enum { OPTIONS_MAX = 1000 };

struct options {
    struct csc_arena arena;
    const char *words[OPTIONS_MAX];
    size_t count;
};

static void add(struct options *o, const char *word)
{
    if (o->count + 1 < OPTIONS_MAX)
        o->words[o->count++] = word;
}

static const char *text(const struct csc_value *object, const char *key)
{
    const struct csc_value *value = csc_value_get(object, key);

    return value && value->type == CSC_STRING ? value->string : "";
}

static const char *number(struct options *o, const struct csc_value *object, const char *key, bool octal)
{
    const struct csc_value *value = csc_value_get(object, key);
    int64_t integer = value ? value->integer : 0;

    return octal ? csc_arena_printf(&o->arena, "%04o", (unsigned)integer)
                 : csc_arena_printf(&o->arena, "%" PRId64, integer);
}

/* A file's content would come from a descriptor, which is the same work as a copy of another small file. */
static void add_mount(struct options *o, const struct csc_value *mount)
{
    const char *kind = text(mount, "kind"), *target = text(mount, "target");
    const struct csc_value *writable = csc_value_get(mount, "writable");

    if (strcmp(kind, "bind") == 0 || strcmp(kind, "copy") == 0) {
        add(o, writable && writable->boolean ? "--bind" : "--ro-bind");
        add(o, text(mount, "source"));
    } else if (strcmp(kind, "symlink") == 0) {
        add(o, "--symlink");
        add(o, text(mount, "content"));
    } else if (strcmp(kind, "mask") == 0) {
        add(o, "--ro-bind");
        add(o, "/dev/null");
    } else if (strcmp(kind, "tmpfs") == 0) {
        add(o, "--perms");
        add(o, number(o, mount, "mode", true));
        add(o, "--size");
        add(o, number(o, mount, "size", false));
        add(o, "--tmpfs");
    } else if (strcmp(kind, "file") == 0 || strcmp(kind, "folder") == 0) {
        add(o, "--dir");
    } else {
        add(o, strcmp(kind, "readonly") == 0 ? "--remount-ro" : strcmp(kind, "proc") == 0 ? "--proc" : "--dev");
    }
    add(o, target);
}

const char *const *same_options(const char *plans, const char *const *argv)
{
    static const char *const fixed[] = {"/usr/bin/bwrap",
                                        "--unshare-user",
                                        "--unshare-pid",
                                        "--unshare-ipc",
                                        "--unshare-uts",
                                        "--unshare-cgroup",
                                        "--unshare-net",
                                        "--cap-drop",
                                        "ALL",
                                        "--die-with-parent",
                                        "--as-pid-1",
                                        "--hostname",
                                        "csc"};
    struct options *o = calloc(1, sizeof(*o));
    struct csc_buf bytes = {0};
    struct csc_value root;

    if (!o || csc_read_input(plans, 4 << 20, &bytes, NULL) < 0 ||
        csc_json_parse(&o->arena, bytes.data, bytes.size, &root, NULL) < 0 || root.type != CSC_ARRAY ||
        root.count == 0) {
        free(o);
        csc_buf_free(&bytes);
        return NULL;
    }
    const struct csc_value *mounts = csc_value_get(&root.items[0], "mounts");
    const struct csc_value *identity = csc_value_get(&root.items[0], "identity");
    for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
        add(o, fixed[i]);
    add(o, "--uid");
    add(o, number(o, identity, "inner_uid", false));
    add(o, "--gid");
    add(o, number(o, identity, "inner_gid", false));
    for (size_t i = 0; mounts && i < mounts->count; i++)
        add_mount(o, &mounts->items[i]);
    add(o, "--");
    for (; *argv; argv++)
        add(o, *argv);
    return o->words;
}
