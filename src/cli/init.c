/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/init.h"

enum { OPT_WRITE, OPT_FORCE, OPT_POLICY, OPT_PROJECT, OPT_JSON, OPT_HANDED };

/* ---- where ---------------------------------------------------------------------------------------------------- */

/* `name` below the folder that an environment variable names, or below `fallback` of the home folder. What is there of
 * the path may lie behind symlinks, as home folders do on some systems. */
static int place_below(const char *variable, const char *fallback, const char *name, char ret_path[CSC_INIT_PATH],
                       struct csc_error *err)
{
    const char *folder = variable ? getenv(variable) : NULL, *home = getenv("HOME");
    char path[PATH_MAX], real[PATH_MAX];

    if (folder && folder[0] == '/')
        (void)snprintf(path, sizeof(path), "%s", folder);
    else if (!home || home[0] != '/')
        return csc_fail(err, CSC_E_CONFIG, "HOME is not set to an absolute path; set it");
    else if (snprintf(path, sizeof(path), "%s/%s", realpath(home, real) ? real : home, fallback) >= (int)sizeof(path))
        return csc_fail_errno(err, CSC_E_CONFIG, ENAMETOOLONG, "%s", home);
    (void)snprintf(ret_path, CSC_INIT_PATH, "%s/%s", realpath(path, real) ? real : path, name);
    return 0;
}

static int find_policy(const struct csc_cli *cli, struct csc_init *init, struct csc_error *err)
{
    const char *given = cli->options[OPT_POLICY];
    char name[128];

    if (!given) {
        (void)snprintf(name, sizeof(name), "csc/policies/%s.yaml", init->project.name);
        return place_below("XDG_CONFIG_HOME", ".config", name, init->policy, err);
    }
    init->policy_is_given = true;
    return realpath(given, init->policy) ? 0 : csc_fail_errno(err, CSC_E_INPUT, errno, "%s", given);
}

/* Threat: an agent that edits the policy it is judged by, the hook that asks, or what either relies on. */
static int check_places(const struct csc_init *init, struct csc_error *err)
{
    const char *root = init->project.root;
    const struct csc_names project = {.items = &root, .count = 1};
    const struct csc_protected *place = csc_cli_find_below(&init->relied, &project);

    if (!place)
        return 0;
    return csc_fail(err, CSC_E_PERMISSION,
                    "%s, %s, lies below the project %s, where the agent can change it; keep it elsewhere, or give the "
                    "project's own folder with --project",
                    place->path, place->what, root);
}

/* Settings that are a symlink, as those who keep such files in a repository have them: the file itself is changed, and
 * the link stays. */
static int find_settings(struct csc_init *init, struct csc_error *err)
{
    const struct csc_settings_form *form = csc_settings_form(init->dialect);
    char real[PATH_MAX];
    struct stat st;

    int r = place_below(form->folder_variable, form->folder, form->file, init->settings, err);
    if (r < 0 || lstat(init->settings, &st) < 0 || !S_ISLNK(st.st_mode))
        return r;
    if (!realpath(init->settings, real))
        return csc_fail_errno(err, CSC_E_INPUT, errno,
                              "%s: is a symlink that leads nowhere; make the file, or remove it", init->settings);
    memcpy(init->link, init->settings, sizeof(init->link));
    (void)snprintf(init->settings, sizeof(init->settings), "%s", real);
    return 0;
}

static int find_files(const struct csc_cli *cli, struct csc_init *init, struct csc_error *err)
{
    const char *project = cli->options[OPT_PROJECT];

    int r = csc_project_find(project ? project : ".", &init->project, err);
    if (r == 0)
        r = find_settings(init, err);
    return r < 0 ? r : find_policy(cli, init, err);
}

/* Returns an exit code. */
static int find_places(const struct csc_cli *cli, struct csc_init *init)
{
    struct csc_error err = {0};

    if (find_files(cli, init, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    int code = csc_cli_rely(cli, OPT_HANDED, init->policy, &init->relied);
    if (code != 0)
        return code;
    csc_cli_protect(&init->relied.configuration, init->settings, "the agent's settings", true);
    csc_cli_protect(&init->relied.configuration, init->link, "the agent's settings", true);
    return check_places(init, &err) < 0 ? csc_cli_fail(cli, NULL, &err) : 0;
}

/* ---- what ------------------------------------------------------------------------------------------------------ */

/* The policy's text, made or read; either way one that loads. */
static int prepare_policy(struct csc_init *init, struct csc_error *err)
{
    _cleanup_policy_ struct csc_policy *policy = NULL;
    int r;

    init->policy_is_there = access(init->policy, F_OK) == 0;
    if (init->policy_is_there)
        r = csc_read_input(init->policy, CSC_POLICY_BYTES_MAX, &init->policy_text, err);
    else
        r = csc_project_policy(&init->project, &init->policy_text, err);
    if (r == 0)
        r = csc_policy_parse(init->policy_text.data, init->policy_text.size, &policy, err);
    return r < 0 ? r : csc_cli_check_places(&init->relied, policy, err);
}

/* The settings with the hook in them; for showing, the hook alone. */
static int prepare_settings(const struct csc_cli *cli, struct csc_init *init, struct csc_error *err)
{
    const struct csc_settings_call call = {.dialect = init->dialect,
                                           .program = init->relied.program,
                                           .policy = init->policy,
                                           .rewrite = cli->options[OPT_HANDED + CSC_HAND_REWRITE] != NULL,
                                           .options = init->options};
    _cleanup_buf_ struct csc_buf line = {0};
    struct csc_settings_merge merge = {.dialect = init->dialect, .replace = cli->options[OPT_FORCE] != NULL};
    struct csc_value settings = {.type = CSC_OBJECT};

    int r = csc_settings_command(&call, &line, err);
    if (r < 0)
        return r;
    merge.command = csc_arena_copy(&init->arena, line.data, line.size);
    if (!merge.command)
        return csc_fail_memory(err);
    r = csc_settings_add(&init->arena, &settings, &merge, &init->snippet, err);
    if (r < 0 || !cli->options[OPT_WRITE])
        return r;
    r = csc_init_read_settings(init, &settings, err);
    return r < 0 ? r : csc_settings_add(&init->arena, &settings, &merge, &init->added, err);
}

/* ---- telling ---------------------------------------------------------------------------------------------------- */

static void show_path(struct csc_buf *text, const char *label, const char *path)
{
    csc_buf_puts(text, label);
    csc_buf_escape(text, path, strlen(path));
}

static const char *policy_state(const struct csc_cli *cli, const struct csc_init *init)
{
    if (init->policy_is_there)
        return "kept as it is";
    return cli->options[OPT_WRITE] ? "written" : "to be written";
}

static const char *settings_state(const struct csc_cli *cli, const struct csc_init *init)
{
    static const char *const changes[] = {[CSC_SETTINGS_SAME] = "unchanged: the hook is in them",
                                          [CSC_SETTINGS_ADDED] = "hook added",
                                          [CSC_SETTINGS_REPLACED] = "hook replaced"};

    return cli->options[OPT_WRITE] ? changes[init->added.change] : "to hold";
}

static int tell_json(const struct csc_cli *cli, struct csc_init *init)
{
    struct csc_error err = {0};
    struct csc_object object;
    struct csc_value value;

    csc_object_begin(&object, &init->arena, 8);
    csc_object_string(&object, "agent", init->dialect->agent);
    csc_object_string(&object, "settings", init->settings);
    csc_object_string(&object, "settings_state", settings_state(cli, init));
    csc_object_value(&object, "snippet", init->snippet.settings);
    if (init->backup[0])
        csc_object_string(&object, "backup", init->backup);
    csc_object_string(&object, "policy", init->policy);
    csc_object_string(&object, "policy_state", policy_state(cli, init));
    csc_object_string(&object, "policy_text", init->policy_text.data);
    if (csc_object_end(&object, &value, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    return csc_cli_print_json(cli, &value, 0);
}

static int tell(const struct csc_cli *cli, struct csc_init *init)
{
    const struct csc_settings_form *form = csc_settings_form(init->dialect);
    _cleanup_buf_ struct csc_buf text = {0};

    if (cli->json)
        return tell_json(cli, init);
    show_path(&text, "settings: ", init->settings);
    csc_buf_printf(&text, " (%s)\n", settings_state(cli, init));
    if (init->backup[0]) {
        show_path(&text, "backup:   ", init->backup);
        csc_buf_putc(&text, '\n');
    }
    if (!cli->options[OPT_WRITE])
        csc_json_write(&text, &init->snippet.settings);
    show_path(&text, "policy:   ", init->policy);
    csc_buf_printf(&text, " (%s)\n", policy_state(cli, init));
    if (!cli->options[OPT_WRITE] && !init->policy_is_there)
        csc_buf_append(&text, init->policy_text.data, init->policy_text.size);
    int code = csc_cli_print(cli, &text, 0);
    if (code == 0 && !cli->options[OPT_WRITE])
        csc_cli_say("nothing was written; --write does it");
    else if (code == 0 && init->added.change != CSC_SETTINGS_SAME && form->trust)
        csc_cli_say("%s", form->trust);
    return code;
}

static int set_up(const struct csc_cli *cli, struct csc_init *init)
{
    struct csc_error err = {0};

    int code = find_places(cli, init);
    if (code != 0)
        return code;
    if (prepare_policy(init, &err) < 0)
        return csc_cli_fail(cli, init->policy, &err);
    if (prepare_settings(cli, init, &err) < 0)
        return csc_cli_fail(cli, init->settings, &err);
    /* The policy first: a hook without its policy blocks everything. */
    if (cli->options[OPT_WRITE] && (csc_init_write_policy(init, &err) < 0 || csc_init_write_settings(init, &err) < 0))
        return csc_cli_fail(cli, NULL, &err);
    return tell(cli, init);
}

static void init_free(struct csc_init *init)
{
    csc_cli_relied_free(&init->relied);
    csc_buf_free(&init->policy_text);
    csc_buf_free(&init->old_settings);
    csc_arena_free(&init->arena);
}

static int init_command(const struct csc_cli *cli)
{
    _cleanup_(init_free) struct csc_init init = {.dialect = csc_cli_dialect(cli, cli->parameters[0])};

    if (!init.dialect)
        return CSC_E_USAGE;
    if (cli->options[OPT_HANDED + CSC_HAND_REWRITE] && !init.dialect->can_replace)
        return csc_cli_usage(cli, "%s cannot replace a command; leave --rewrite out", init.dialect->agent);
    int code = csc_cli_hand_on(cli, OPT_HANDED, &init.arena, &init.options);
    return code != 0 ? code : set_up(cli, &init);
}

static const struct csc_cli_option options[] = {
    [OPT_WRITE] = {"write", NULL, "write both files; without it they are shown", CSC_CLI_OPTIONAL},
    [OPT_FORCE] = {"force", NULL, "replace a hook of csc that is set up in another way", CSC_CLI_OPTIONAL},
    [OPT_POLICY] = {"policy", "POLICY", "use this one, and make none", CSC_CLI_OPTIONAL},
    [OPT_PROJECT] = {"project", "DIR", "the project (default: where you are)", CSC_CLI_OPTIONAL},
    [OPT_JSON] = {"json", NULL, "print a JSON object", CSC_CLI_OPTIONAL},
    CSC_CLI_HANDED(OPT_HANDED),
    {0},
};

const struct csc_cli_command csc_cli_init = {
    .name = "init",
    .summary = "set up the hook of a coding agent, and a policy to start from",
    .parameters = {"AGENT"},
    .options = options,
    .description =
        "AGENT is claude, codex, gemini or cursor. Shows, or with --write makes, what csc hook needs: the hook in\n"
        "the agent's settings in your home folder, merged with what is there (the old file is kept as\n"
        "FILE.csc-backup), and a policy for the project below ~/.config/csc/policies, where the agent cannot\n"
        "change it. A policy that is there is never overwritten. Done twice, it changes nothing.\n"
        "Exit code: 0, or why not: 65 settings that are no JSON object, 73 cannot write, 77 a place below the "
        "project.\n",
    .examples = "  csc init claude\n"
                "  csc init codex --write\n"
                "  csc init claude --write --rewrite --mode hardened --sign --signing-key ~/.config/csc/runner.key \\\n"
                "      --key-id runner\n",
    .run = init_command,
};
