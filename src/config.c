/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "contract/contract.h"
#include "format/format.h"

/* A configuration as its text has it. */
struct output {
    int64_t stdout_bytes, stderr_bytes;
};

struct evidence {
    int argv; /* enum argv_form */
};

struct text {
    int version;
    int backend;
    const char *bwrap;
    const char *run_as;
    struct csc_list system_paths;
    struct csc_list blocked_programs;
    bool has_blocked_programs;
    bool unix_sockets;
    struct csc_limits limits;
    struct output output;
    int64_t grace_sec;
    const char *ledger;
    struct evidence evidence;
    struct csc_approving approvals;
};

enum argv_form { ARGV_HASH, ARGV_FULL };

static const char version_field[] = "config_version";
static const char *const versions[] = {CSC_CONFIG_VERSION, NULL};

/* Where nothing of the host is shown, whatever the configuration says: the sandbox has its own there. */
static const struct {
    const char *path;
    bool below; /* nor what lies below it */
} reserved[] = {
    {"/proc", true}, {"/sys", true}, {"/dev", true}, {CSC_SANDBOX_FOLDER, true}, {"/etc", false}, {"/tmp", false},
};

/* "/a/b": written as the kernel would name it, so that a path has one spelling. */
static bool is_plain_path(const char *path)
{
    size_t size = strlen(path);

    if (size < 2 || size >= PATH_MAX || path[0] != '/' || path[size - 1] == '/')
        return false;
    while (*path == '/') {
        size_t length = strcspn(++path, "/");
        if (length == 0 || (length == 1 && path[0] == '.') || (length == 2 && path[0] == '.' && path[1] == '.'))
            return false;
        path += length;
    }
    return true;
}

static bool is_ledger(const char *string)
{
    return strcmp(string, "none") == 0 || is_plain_path(string);
}

/* A name that a basename can be, with or without a '*' at its end. */
static bool is_program(const char *string)
{
    size_t size = strlen(string);

    if (size > 0 && string[size - 1] == '*')
        size--;
    return size > 0 && strcspn(string, "*/") == size;
}

/* Digits without a sign or leading zeros; moves behind them. UINT32_MAX, which is no id, for all that is too large. */
static bool read_id(const char **cursor, uint32_t *ret_id)
{
    size_t size = strspn(*cursor, "0123456789");

    if (size == 0 || (size > 1 && **cursor == '0'))
        return false;
    uint64_t id = size <= 10 ? strtoull(*cursor, NULL, 10) : UINT32_MAX;
    *ret_id = id < UINT32_MAX ? (uint32_t)id : UINT32_MAX;
    *cursor += size;
    return true;
}

static bool read_ids(const char *string, struct csc_identity *ret_identity)
{
    struct csc_identity identity = {.set = true};

    if (!read_id(&string, &identity.uid) || *string++ != ':' || !read_id(&string, &identity.gid) || *string)
        return false;
    *ret_identity = identity;
    return true;
}

/* A user name holds no ':' (passwd(5)). */
static bool is_user(const char *string)
{
    struct csc_identity identity;

    return !strchr(string, ':') || read_ids(string, &identity);
}

#define INTEGER(min_, max_)                                                                                            \
    {                                                                                                                  \
        .kind = CSC_KIND_INT, .size = sizeof(int64_t), .min = (min_), .max = (max_)                                    \
    }
#define STRING(max_, check_, expect_)                                                                                  \
    {                                                                                                                  \
        .kind = CSC_KIND_STRING, .size = sizeof(const char *), .min = 1, .max = (max_), .check = (check_),             \
        .expect = (expect_)                                                                                            \
    }
#define ARRAY_OF(item_, max_)                                                                                          \
    {                                                                                                                  \
        .kind = CSC_KIND_ARRAY, .size = sizeof(struct csc_list), .max = (max_), .unique = true, .item = (item_)        \
    }

/* More than any machine has, and far from where arithmetic would overflow. */
#define BYTES_MAX (INT64_C(1) << 50)

static const struct csc_shape version = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = versions};
static const struct csc_shape backend = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = csc_backend_names};
static const struct csc_shape path =
    STRING(PATH_MAX - 1, is_plain_path, "an absolute path such as /opt/tools, without '.', '..', '//' and a last '/'");
static const struct csc_shape user =
    STRING(256, is_user, "the name of a user, or \"UID:GID\" in decimal digits without leading zeros");
static const struct csc_shape program = STRING(255, is_program,
                                               "the name of a program, without '/'; a '*' may only stand behind it");
static const struct csc_shape paths = ARRAY_OF(&path, 100);
static const struct csc_shape programs = ARRAY_OF(&program, 1000);

static const struct csc_shape cpu_sec = INTEGER(1, 31536000);
static const struct csc_shape memory_bytes = INTEGER(16 << 20, BYTES_MAX);
static const struct csc_shape processes = INTEGER(4, 4 << 20); /* PID_MAX_LIMIT */
static const struct csc_shape file_bytes = INTEGER(4096, BYTES_MAX);
static const struct csc_shape open_files = INTEGER(16, 1 << 20); /* fs.nr_open */
static const struct csc_shape kernel_bytes = INTEGER(0, BYTES_MAX);
static const struct csc_shape tmpfs_bytes = INTEGER(64 << 10, BYTES_MAX); /* a size of 0 would be no limit: tmpfs(5) */
static const struct csc_shape cpu_percent = INTEGER(0, 1000000);
static const struct csc_field limit_fields[] = {
    CSC_OPTIONAL(csc_limits, cpu_sec, &cpu_sec),          CSC_OPTIONAL(csc_limits, memory_bytes, &memory_bytes),
    CSC_OPTIONAL(csc_limits, processes, &processes),      CSC_OPTIONAL(csc_limits, file_bytes, &file_bytes),
    CSC_OPTIONAL(csc_limits, open_files, &open_files),    CSC_OPTIONAL(csc_limits, locked_bytes, &kernel_bytes),
    CSC_OPTIONAL(csc_limits, queue_bytes, &kernel_bytes), CSC_OPTIONAL(csc_limits, tmp_bytes, &tmpfs_bytes),
    CSC_OPTIONAL(csc_limits, home_bytes, &tmpfs_bytes),   CSC_OPTIONAL(csc_limits, shm_bytes, &tmpfs_bytes),
    CSC_OPTIONAL(csc_limits, cpu_percent, &cpu_percent),  CSC_FIELDS_END,
};
static const struct csc_shape limits = {
    .kind = CSC_KIND_OBJECT, .size = sizeof(struct csc_limits), .fields = limit_fields};

/* The protocol captures to at most so much; a configuration may only ask for less. */
static const struct csc_shape stdout_bytes = INTEGER(1024, 10 << 20);
static const struct csc_shape stderr_bytes = INTEGER(1024, 1 << 20);
static const struct csc_field output_fields[] = {
    CSC_OPTIONAL(output, stdout_bytes, &stdout_bytes),
    CSC_OPTIONAL(output, stderr_bytes, &stderr_bytes),
    CSC_FIELDS_END,
};
static const struct csc_shape output = {
    .kind = CSC_KIND_OBJECT, .size = sizeof(struct output), .fields = output_fields};

static const struct csc_shape grace_sec = INTEGER(0, 60);

static const struct csc_shape ledger = STRING(
    PATH_MAX - 1, is_ledger, "\"none\", or an absolute path such as /srv/csc/ledger.db, without '.', '..' and '//'");
static const char *const argv_names[] = {[ARGV_HASH] = "hash", [ARGV_FULL] = "full", NULL};
static const struct csc_shape argv = {.kind = CSC_KIND_ENUM, .size = sizeof(int), .names = argv_names};
static const struct csc_field evidence_fields[] = {CSC_OPTIONAL(evidence, argv, &argv), CSC_FIELDS_END};
static const struct csc_shape evidence = {
    .kind = CSC_KIND_OBJECT, .size = sizeof(struct evidence), .fields = evidence_fields};

static const struct csc_shape clock_skew_sec = INTEGER(0, 3600);
static const struct csc_field approval_fields[] = {
    CSC_OPTIONAL(csc_approving, allowed_signers, &path),
    CSC_OPTIONAL(csc_approving, revoked_keys, &path),
    CSC_OPTIONAL(csc_approving, ssh_keygen, &path),
    CSC_OPTIONAL(csc_approving, clock_skew_sec, &clock_skew_sec),
    CSC_FIELDS_END,
};
static const struct csc_shape approvals = {
    .kind = CSC_KIND_OBJECT, .size = sizeof(struct csc_approving), .fields = approval_fields};

static const struct csc_field fields[] = {
    {version_field, &version, offsetof(struct text, version), SIZE_MAX, true},
    CSC_OPTIONAL(text, backend, &backend),
    CSC_OPTIONAL(text, bwrap, &path),
    CSC_OPTIONAL(text, run_as, &user),
    CSC_OPTIONAL(text, system_paths, &paths),
    CSC_OPTIONAL_FLAG(text, blocked_programs, &programs, has_blocked_programs),
    CSC_OPTIONAL(text, unix_sockets, &csc_shape_bool),
    CSC_OPTIONAL(text, limits, &limits),
    CSC_OPTIONAL(text, output, &output),
    CSC_OPTIONAL(text, grace_sec, &grace_sec),
    CSC_OPTIONAL(text, ledger, &ledger),
    CSC_OPTIONAL(text, evidence, &evidence),
    CSC_OPTIONAL(text, approvals, &approvals),
    CSC_FIELDS_END,
};
static const struct csc_shape shape = {.kind = CSC_KIND_OBJECT, .size = sizeof(struct text), .fields = fields};

/* What YAML 1.1 makes of 1000:50 without quotes is a number to the base of 60. */
static int refuse_number(const struct csc_value *root, struct csc_error *err)
{
    const struct csc_value *value = csc_value_get(root, "run_as");

    if (!value || value->type != CSC_INT)
        return 0;
    return csc_fail_value(err, value, "run_as", "is an integer to YAML; write \"UID:GID\", with the quotes");
}

static int check_system_paths(const struct csc_value *root, const struct csc_list *list, struct csc_error *err)
{
    const struct csc_value *value = csc_value_get(root, "system_paths");
    const char **items = list->items;
    char excerpt[CSC_EXCERPT], field[40];

    for (size_t i = 0; i < list->count; i++)
        for (size_t k = 0; k < ARRAY_SIZE(reserved); k++) {
            if (reserved[k].below ? !csc_path_has_prefix(items[i], reserved[k].path)
                                  : strcmp(items[i], reserved[k].path) != 0)
                continue;
            (void)snprintf(field, sizeof(field), "system_paths[%zu]", i);
            return csc_fail_value(err, &value->items[i], field,
                                  "'%s' would show the host's %s; the sandbox has its own, %s",
                                  csc_text_excerpt(excerpt, items[i], strlen(items[i])), reserved[k].path,
                                  reserved[k].below ? "leave it out" : "name what is needed below it");
        }
    return 0;
}

/* Not by getpwnam(3): csc is linked statically, and NSS would load libraries. */
static int find_user(const char *passwd, const struct csc_value *name, struct csc_identity *ret_identity,
                     struct csc_error *err)
{
    char line[4096], excerpt[CSC_EXCERPT];
    struct passwd entry = {0}, *found = NULL;
    int r;

    FILE *file = fopen(passwd, "re");
    if (!file)
        return csc_fail_errno(err, CSC_E_INPUT, errno, "%s: cannot look up the user of run_as", passwd);
    do
        r = fgetpwent_r(file, &entry, line, sizeof(line), &found);
    while (r == 0 && strcmp(entry.pw_name, name->string) != 0);
    (void)fclose(file);
    if (r == ENOENT)
        return csc_fail_value(err, name, "run_as", "no user '%s' in %s; name one of it, or write \"UID:GID\"",
                              csc_text_excerpt(excerpt, name->string, name->count), passwd);
    if (r != 0)
        return csc_fail_errno(err, CSC_E_INPUT, r, "%s: cannot look up the user of run_as", passwd);
    *ret_identity = (struct csc_identity){.set = true, .uid = entry.pw_uid, .gid = entry.pw_gid};
    return 0;
}

/* Threat: files that belong to root or its group are open to whoever has that number, capabilities or not. */
static int set_identity(struct csc_identity *identity, const struct csc_value *name, const char *passwd,
                        struct csc_error *err)
{
    struct csc_identity found = {0};

    int r = read_ids(name->string, &found) ? 0 : find_user(passwd, name, &found, err);
    if (r < 0)
        return r;
    if (found.uid == 0 || found.gid == 0)
        return csc_fail_value(err, name, "run_as", "means %s 0, root's; name a user without rights of its own",
                              found.uid == 0 ? "uid" : "gid");
    if (found.uid == UINT32_MAX || found.gid == UINT32_MAX)
        return csc_fail_value(err, name, "run_as", "has a %s that is none; must be at most %" PRIu32,
                              found.uid == UINT32_MAX ? "uid" : "gid", UINT32_MAX - 1);
    *identity = found;
    return 0;
}

static struct csc_names names_of(const struct csc_list *list)
{
    return (struct csc_names){.items = list->items, .count = list->count};
}

static void fill(struct csc_config *config, const struct text *text)
{
    config->backend = (enum csc_backend)text->backend;
    config->bwrap = text->bwrap;
    config->system_paths = names_of(&text->system_paths);
    if (text->has_blocked_programs)
        config->blocked_programs = names_of(&text->blocked_programs);
    config->unix_sockets = text->unix_sockets;
    config->limits = text->limits;
    config->stdout_bytes = text->output.stdout_bytes;
    config->stderr_bytes = text->output.stderr_bytes;
    config->grace_sec = text->grace_sec;
    config->recording = (struct csc_recording){text->ledger, text->evidence.argv == ARGV_FULL};
    config->approvals = text->approvals;
}

/* The decoder leaves alone what is absent: defaults stay. */
static struct text defaults_of(const struct csc_config *config)
{
    return (struct text){
        .backend = (int)config->backend,
        .limits = config->limits,
        .output = {.stdout_bytes = config->stdout_bytes, .stderr_bytes = config->stderr_bytes},
        .grace_sec = config->grace_sec,
        .approvals = config->approvals,
    };
}

static int parse(struct csc_config *config, const char *bytes, size_t size, const char *passwd, struct csc_error *err)
{
    struct text text = defaults_of(config);
    struct csc_value root = {0};

    if (size > CSC_CONFIG_BYTES_MAX)
        return csc_fail(err, CSC_E_DATA, "larger than the %d bytes allowed; shorten the configuration",
                        CSC_CONFIG_BYTES_MAX);
    int r = csc_yaml_parse(&config->arena, bytes, size, &root, err);
    if (r == 0)
        r = csc_decode_version(&root, version_field, CSC_CONFIG_VERSION, err);
    if (r == 0)
        r = refuse_number(&root, err);
    if (r == 0)
        r = csc_decode(&config->arena, &root, &shape, &text, err);
    if (r == 0)
        r = check_system_paths(&root, &text.system_paths, err);
    if (r == 0 && text.run_as)
        r = set_identity(&config->run_as, csc_value_get(&root, "run_as"), passwd, err);
    if (r == 0)
        fill(config, &text);
    return r;
}

int csc_config_parse_with(const void *bytes, size_t size, const char *passwd, struct csc_config *ret_config,
                          struct csc_error *err)
{
    struct csc_config config;

    csc_config_default(&config);
    int r = parse(&config, bytes, size, passwd, err);
    if (r < 0) {
        csc_config_free(&config);
        return csc_error_in_stage(err, "config", r);
    }
    *ret_config = config;
    return 0;
}

int csc_config_parse(const void *bytes, size_t size, struct csc_config *ret_config, struct csc_error *err)
{
    return csc_config_parse_with(bytes, size, CSC_CONFIG_PASSWD, ret_config, err);
}

void csc_config_free(struct csc_config *config)
{
    csc_arena_free(&config->arena);
    *config = (struct csc_config){0};
}
