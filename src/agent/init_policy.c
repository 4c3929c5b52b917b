/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/init.h"

/* ---- what there is to compose from ---------------------------------------------------------------------------- */

enum { MARKERS_MAX = 4, COMMANDS_MAX = 24, DENIED_MAX = 24, WORDS_MAX = 4 };

/* What one kind of project adds. NULL-padded; no command stands in two parts. */
struct part {
    const char *kind;
    const char *markers[MARKERS_MAX]; /* files of its root that tell it; none: every project */
    const char *commands[COMMANDS_MAX];
    const char *denied[DENIED_MAX][WORDS_MAX];
};

/*
 * Not here on purpose: find, rg, sed, sort, awk, xargs and env, which start programs; less and man, which wait for a
 * person; every shell. In `denied` stands what is classified as something that the policy allows, and is seldom meant.
 * It holds up slips alone: an entry is a beginning, word by word, and most programs take options before it. What nobody
 * types by mistake is left out: it would look like a boundary.
 */
static const struct part parts[] = {
    {
        .commands = {"cat", "cmp", "cp",  "cut",       "diff", "echo", "file", "grep",  "head", "ls",   "mkdir",
                     "mv",  "nl",  "pwd", "sha256sum", "stat", "tail", "tee",  "touch", "tr",   "uniq", "wc"},
    },
    {
        .kind = "git",
        .markers = {".git"},
        .commands = {"git"},
        .denied = {{"git", "-C"},
                   {"git", "-c"},
                   {"git", "--git-dir"},
                   {"git", "--work-tree"},
                   {"git", "clean"},
                   {"git", "config"},
                   {"git", "filter-branch"},
                   {"git", "push", "--force"},
                   {"git", "push", "--mirror"},
                   {"git", "push", "-f"},
                   {"git", "reset", "--hard"}},
    },
    {
        .kind = "npm",
        .markers = {"package.json"},
        .commands = {"npm"},
        .denied = {{"npm", "config"},
                   {"npm", "link"},
                   {"npm", "login"},
                   {"npm", "publish"},
                   {"npm", "run", "deploy"},
                   {"npm", "run", "publish"},
                   {"npm", "run", "release"},
                   {"npm", "token"},
                   {"npm", "version"}},
    },
    {
        .kind = "cargo",
        .markers = {"Cargo.toml"},
        .commands = {"cargo", "rustfmt"},
        .denied =
            {{"cargo", "install"}, {"cargo", "login"}, {"cargo", "owner"}, {"cargo", "publish"}, {"cargo", "yank"}},
    },
    {
        .kind = "go",
        .markers = {"go.mod"},
        .commands = {"go", "gofmt"},
        .denied = {{"go", "clean", "-modcache"}, {"go", "env", "-w"}, {"go", "install"}, {"go", "telemetry"}},
    },
    {
        .kind = "make",
        .markers = {"Makefile", "makefile", "GNUmakefile"},
        .commands = {"make"},
        .denied = {{"make", "deploy"}, {"make", "install"}, {"make", "publish"}, {"make", "release"}},
    },
    {
        .kind = "meson",
        .markers = {"meson.build"},
        .commands = {"meson", "ninja"},
        .denied = {{"meson", "install"}, {"ninja", "install"}},
    },
    {
        .kind = "python",
        .markers = {"pyproject.toml", "setup.py", "requirements.txt"},
        .commands = {"black", "mypy", "pytest", "python3", "ruff"},
        .denied = {{"python3", "-m", "pip"}, {"python3", "-m", "twine"}, {"python3", "-m", "venv"}},
    },
};

const char *csc_project_kind_name(size_t number)
{
    return number + 1 < ARRAY_SIZE(parts) ? parts[number + 1].kind : NULL;
}

static bool has_part(const struct csc_project *project, size_t part)
{
    return part == 0 || (project->kinds & 1U << (part - 1)) != 0;
}

/* ---- the project ---------------------------------------------------------------------------------------------- */

static bool is_there(const char *folder, const char *name)
{
    char path[PATH_MAX + 32];

    (void)snprintf(path, sizeof(path), "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name);
    return access(path, F_OK) == 0;
}

/* Upwards to the folder with .git; where there is none, `root` stays. */
static void find_root(char root[PATH_MAX])
{
    char folder[PATH_MAX];

    memcpy(folder, root, PATH_MAX);
    while (!is_there(folder, ".git")) {
        char *slash = strrchr(folder, '/');
        if (!slash || slash == folder)
            return;
        *slash = '\0';
    }
    memcpy(root, folder, PATH_MAX);
}

/* From the folder's name, which may be anything, and a hash of its path: of two projects called "app", the second must
 * not be taken for one whose policy is there already. */
static void name_project(struct csc_project *project)
{
    const char *last = strrchr(project->root, '/') + 1;
    char hex[CSC_SHA256_HEX], word[48];
    size_t n = 0;

    for (; *last && n < sizeof(word) - 1; last++)
        word[n++] = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *last) ? *last : '-';
    word[n] = '\0';
    if (word[0] == '.')
        word[0] = '-';
    csc_sha256_hex(project->root, strlen(project->root), hex);
    (void)snprintf(project->name, sizeof(project->name), "%s-%.8s", word, hex);
}

int csc_project_find(const char *folder, struct csc_project *ret_project, struct csc_error *err)
{
    struct csc_project project = {0};

    if (!realpath(folder, project.root))
        return csc_fail_errno(err, CSC_E_INPUT, errno, "%s", folder);
    if (!is_there(project.root, "."))
        return csc_fail(err, CSC_E_INPUT, "%s: is no folder that can be entered; give the project's folder", folder);
    find_root(project.root);
    if (strcmp(project.root, "/") == 0)
        return csc_fail(err, CSC_E_DATA, "the project would be all of the machine; give its folder with --project");
    if (!csc_utf8_valid(project.root, strlen(project.root)))
        return csc_fail(err, CSC_E_DATA, "%s: is no UTF-8, which a policy has to be; rename the folder", project.root);
    if (csc_glob_is_pattern(project.root))
        return csc_fail(err, CSC_E_DATA,
                        "%s: has a * ? or [ in it, which in a scope is a pattern, so that no command could run there; "
                        "rename the folder",
                        project.root);
    for (size_t i = 1; i < ARRAY_SIZE(parts); i++)
        for (size_t k = 0; k < MARKERS_MAX && parts[i].markers[k]; k++)
            if (is_there(project.root, parts[i].markers[k]))
                project.kinds |= 1U << (i - 1);
    name_project(&project);
    *ret_project = project;
    return 0;
}

/* ---- YAML ----------------------------------------------------------------------------------------------------- */

/* What YAML 1.1 calls printable, without what is no text of one line. */
static bool is_plain(uint32_t c)
{
    return c != '"' && c != '\\' && c != 0xFEFF && c < 0xFFFE && !csc_text_is_unsafe(c);
}

void csc_yaml_quote(struct csc_buf *buf, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t left = strlen(text);

    csc_buf_putc(buf, '"');
    while (left > 0) {
        size_t n = csc_utf8_sequence(s, left);
        uint32_t c = n > 0 ? csc_utf8_character(s, n) : 0xFFFD;
        n = n > 0 ? n : 1;
        if (is_plain(c))
            csc_buf_append(buf, s, n);
        else
            csc_buf_printf(buf, c <= 0xFF ? "\\x%02X" : c <= 0xFFFF ? "\\u%04X" : "\\U%08X", c);
        s += n;
        left -= n;
    }
    csc_buf_putc(buf, '"');
}

static void write_head(struct csc_buf *yaml, const struct csc_project *project)
{
    csc_buf_puts(yaml, "# A policy to start from, made by csc init for a project");
    for (size_t i = 1, found = 0; i < ARRAY_SIZE(parts); i++)
        if (has_part(project, i))
            csc_buf_printf(yaml, "%s%s", found++ > 0 ? ", " : " with ", parts[i].kind);
    csc_buf_puts(yaml,
                 ".\n#\n"
                 "# Allows:   looking, building, testing, committing and changing files below the project's\n"
                 "#           folder. Changes of the repository need nobody: they are what an agent is for.\n"
                 "# Refuses:  other programs, files elsewhere as far as words name them, what needs the network.\n"
                 "# A person: publishing and handling credentials, as far as you open the network for them.\n"
                 "#\n"
                 "# It judges the words of a command: a fence against mistakes, and no boundary. Builds, tests,\n"
                 "# interpreters and git (hooks, aliases, options like --exec-path=DIR, rebase -x, grep -O) start\n"
                 "# whatever the project says, with the rights of the agent. That is bounded by hardened mode\n"
                 "# alone (csc hook --rewrite --mode hardened). Keep this file where no agent can write.\n\n"
                 "policy_schema_version: csc.policy.v0.1\nname: ");
    csc_yaml_quote(yaml, project->name);
    csc_buf_putc(yaml, '\n');
}

static void write_commands(struct csc_buf *yaml, const struct csc_project *project)
{
    csc_buf_puts(yaml, "\n# A command's first word, letter by letter.\nallow_commands:\n");
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        if (!has_part(project, i))
            continue;
        csc_buf_printf(yaml, "  # %s\n", i == 0 ? "looking, and changing files" : parts[i].kind);
        for (size_t k = 0; k < COMMANDS_MAX && parts[i].commands[k]; k++)
            csc_buf_printf(yaml, "  - %s\n", parts[i].commands[k]);
    }
}

static void write_denied(struct csc_buf *yaml, const struct csc_project *project)
{
    bool begun = false;

    for (size_t i = 1; i < ARRAY_SIZE(parts); i++)
        for (size_t k = 0; has_part(project, i) && k < DENIED_MAX && parts[i].denied[k][0]; k++) {
            csc_buf_puts(
                yaml,
                begun ? ""
                      : "\n# Beginnings of commands that are denied, word by word: against slips. An option in "
                        "between, as in\n"
                        "# git --no-pager config or make -s install, is another beginning, which these do not see.\n"
                        "deny_argv_prefixes:\n");
            begun = true;
            for (size_t w = 0; w < WORDS_MAX && parts[i].denied[k][w]; w++)
                csc_buf_printf(yaml, "%s\"%s\"", w == 0 ? "  - [" : ", ", parts[i].denied[k][w]);
            csc_buf_puts(yaml, "]\n");
        }
}

static void write_prefixes(struct csc_buf *yaml, const struct csc_project *project)
{
    static const char *const fields[] = {"allowed_cwd_prefixes", "allowed_read_prefixes", "allowed_write_prefixes"};

    csc_buf_puts(yaml, "\n");
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        csc_buf_printf(yaml, "%s:\n  - ", fields[i]);
        csc_yaml_quote(yaml, project->root);
        csc_buf_putc(yaml, '\n');
    }
}

int csc_project_policy(const struct csc_project *project, struct csc_buf *ret_yaml, struct csc_error *err)
{
    write_head(ret_yaml, project);
    write_commands(ret_yaml, project);
    write_denied(ret_yaml, project);
    csc_buf_puts(
        ret_yaml,
        "\n# To let it fetch, add fetch_external here, and set network to allowlisted with allowed_egress_hosts,\n"
        "# or to full.\n"
        "allowed_effect_types:\n  - observe\n  - transform_local\n  - mutate_repo\n  - deploy\n"
        "  - touch_secrets\n"
        "manual_approval_for_classified_effect_types:\n  - deploy\n  - touch_secrets\n"
        "allowed_risk_classes:\n  - low\n  - medium\n  - high\n  - critical\n\n"
        "max_timeout_sec: 600\nnetwork: deny\nallow_secret_refs: false\n");
    write_prefixes(ret_yaml, project);
    return ret_yaml->failed ? csc_fail_memory(err) : 0;
}
