/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "cli/hook.h"

enum {
    OPT_POLICY,
    OPT_MODE,
    OPT_SIGN,
    OPT_SIGNING_KEY,
    OPT_KEY_ID,
    OPT_ALLOWED_SIGNERS,
    OPT_LEDGER,
    OPT_CONFIG,
    OPT_BACKEND,
    OPT_PUBLIC_KEY,
    OPT_CWD,
    OPT_USER,
};

enum { RUN_OPTIONS_MAX = 20 };

/* What the server is told, and what that lies in. */
struct setting {
    struct csc_mcp_options options;
    const char *run_options[RUN_OPTIONS_MAX];
    char cwd[PATH_MAX], requests[PATH_MAX], user[32];
    struct csc_cli_relied relied;
    struct csc_arena arena;
};

static void setting_free(struct setting *setting)
{
    csc_cli_relied_free(&setting->relied);
    csc_arena_free(&setting->arena);
}

static bool is_hardened(const struct csc_cli *cli)
{
    return cli->options[OPT_MODE] && strcmp(cli->options[OPT_MODE], "hardened") == 0;
}

/* What csc run would refuse for every call is refused once, here. */
static int check_options(const struct csc_cli *cli)
{
    const char *mode = cli->options[OPT_MODE], *key_id = cli->options[OPT_KEY_ID];

    if (mode && strcmp(mode, "local") != 0 && !is_hardened(cli))
        return csc_cli_usage(cli, "unknown mode '%s'; there are local and hardened", mode);
    if (cli->options[OPT_BACKEND] && !is_hardened(cli))
        return csc_cli_usage(cli, "--backend is for --mode hardened");
    if (is_hardened(cli) && !cli->options[OPT_SIGN])
        return csc_cli_usage(cli,
                             "hardened mode signs its receipts: it needs --sign, --signing-key PATH and --key-id ID");
    if (cli->options[OPT_SIGN] && (!cli->options[OPT_SIGNING_KEY] || !key_id))
        return csc_cli_usage(cli, "--sign needs --signing-key PATH and --key-id ID");
    if (!cli->options[OPT_SIGN] && cli->options[OPT_SIGNING_KEY])
        return csc_cli_usage(cli, "--signing-key is for --sign, which is not given");
    if (cli->options[OPT_PUBLIC_KEY] && !key_id)
        return csc_cli_usage(cli, "--public-key needs --key-id ID, the name you know that key by");
    if (key_id && !cli->options[OPT_SIGN] && !cli->options[OPT_PUBLIC_KEY])
        return csc_cli_usage(cli, "--key-id is for --sign or --public-key; give one of them");
    if (key_id && !csc_utf8_valid(key_id, strlen(key_id)))
        return csc_cli_usage(cli, "--key-id is no valid UTF-8, which a receipt must be");
    if (strcmp(cli->options[OPT_POLICY], "-") == 0)
        return csc_cli_usage(cli, "--policy needs a file: standard input is the client's");
    if (cli->options[OPT_USER] &&
        (!cli->options[OPT_USER][0] || !csc_utf8_valid(cli->options[OPT_USER], strlen(cli->options[OPT_USER]))))
        return csc_cli_usage(cli, "--user is empty, or no valid UTF-8, which a contract must be");
    return 0;
}

/* Handed on to every csc run. */
static void gather_run_options(const struct csc_cli *cli, struct setting *setting)
{
    static const int handed_on[] = {OPT_MODE,   OPT_SIGNING_KEY, OPT_KEY_ID, OPT_ALLOWED_SIGNERS,
                                    OPT_LEDGER, OPT_CONFIG,      OPT_BACKEND};
    size_t count = 0;

    if (cli->options[OPT_SIGN])
        setting->run_options[count++] = "--sign";
    for (size_t i = 0; i < ARRAY_SIZE(handed_on); i++) {
        const char *value = cli->options[handed_on[i]];
        if (!value || (handed_on[i] == OPT_KEY_ID && !cli->options[OPT_SIGN]))
            continue;
        const char *dashed = csc_arena_printf(&setting->arena, "--%s", cli->command->options[handed_on[i]].name);
        setting->run_options[count++] = dashed ? dashed : "";
        setting->run_options[count++] = value;
    }
    setting->options.run_options = setting->run_options;
    setting->options.run_option_count = count;
}

/* Whole, so that the line that a person is to type holds wherever it is typed. What it leads to is looked up each time.
 */
static int name_policy(const struct csc_cli *cli, struct setting *setting)
{
    const char *given = cli->options[OPT_POLICY];
    char here[PATH_MAX];
    struct csc_error err = {0};

    setting->options.policy = given;
    if (given[0] == '/')
        return 0;
    if (!getcwd(here, sizeof(here)))
        csc_fail_errno(&err, CSC_E_INPUT, errno, "cannot tell which folder this is");
    else if (!(setting->options.policy = csc_arena_printf(&setting->arena, "%s/%s", here, given)))
        (void)csc_fail_memory(&err);
    return err.code ? csc_cli_fail(cli, given, &err) : 0;
}

static int find_cwd(const struct csc_cli *cli, struct setting *setting)
{
    const char *wanted = cli->options[OPT_CWD] ? cli->options[OPT_CWD] : ".";
    struct csc_error err = {0};

    if (realpath(wanted, setting->cwd))
        return 0;
    csc_fail_errno(&err, CSC_E_INPUT, errno, "cannot find the folder that commands are to run in");
    return csc_cli_fail(cli, wanted, &err);
}

static int name_ledger(const struct csc_cli *cli, struct setting *setting)
{
    struct csc_cli_recorder *recorder = &setting->relied.recorder;

    csc_cli_name_ledger(cli->options[OPT_LEDGER], &setting->relied.configuration.config, recorder);
    if (recorder->flow.unavailable)
        csc_cli_say("warning: %s", recorder->flow.unavailable);
    setting->options.ledger = recorder->path;
    setting->options.has_ledger = recorder->path != NULL;
    return csc_cli_protect_ledger(cli, &setting->relied.configuration, recorder);
}

/* Where contracts wait for a person; where there is no place, none wait. */
static void find_requests(struct setting *setting)
{
    struct csc_error err = {0};

    if (csc_requests_folder(setting->requests, &err) < 0) {
        csc_cli_say("warning: %s", err.text);
        return;
    }
    setting->options.requests = setting->requests;
}

static int configure(const struct csc_cli *cli, struct setting *setting)
{
    struct csc_cli_configuration *configuration = &setting->relied.configuration;
    const struct csc_cli_configure_options options = {
        .config = cli->options[OPT_CONFIG],
        .backend = cli->options[OPT_BACKEND],
        .signing_key = cli->options[OPT_SIGNING_KEY],
        .policy = setting->options.policy,
        .allowed_signers = cli->options[OPT_ALLOWED_SIGNERS],
        .hardened = is_hardened(cli),
    };
    struct csc_error err = {0};

    int code = csc_cli_configure(cli, &options, configuration);
    if (code != 0)
        return code;
    if (csc_cli_own_path(setting->relied.program, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    csc_cli_protect(configuration, setting->relied.program, "csc itself", true);
    csc_cli_protect(configuration, cli->options[OPT_PUBLIC_KEY], "the public key", true);
    setting->options.config = &configuration->config;
    setting->options.can_approve = cli->options[OPT_ALLOWED_SIGNERS] || configuration->config.approvals.allowed_signers;
    return name_ledger(cli, setting);
}

/* Threat: an agent whose command rewrites the policy that judges the next one. In hardened mode the sandbox shows no
 * such file for writing, and csc run refuses the scope. */
static int check_places(const void *context, const struct csc_policy *policy, struct csc_error *err)
{
    const struct setting *setting = context;
    const struct csc_protected *place = setting->options.hardened
                                            ? NULL
                                            : csc_cli_find_below(&setting->relied, &policy->write_prefixes);

    if (!place)
        return 0;
    return csc_fail(err, CSC_E_CONFIG,
                    "%s: %s lies where the policy lets commands write; keep it elsewhere, or narrow "
                    "allowed_write_prefixes",
                    place->path, place->what);
}

static int check_policy(const struct csc_cli *cli, struct setting *setting)
{
    _cleanup_policy_ struct csc_policy *policy = NULL;
    struct csc_error err = {0};

    setting->options.check_policy = check_places;
    setting->options.check_context = setting;
    return csc_mcp_policy(&setting->options, &policy, &err) < 0 ? csc_cli_fail(cli, NULL, &err) : 0;
}

static int set_up(const struct csc_cli *cli, struct setting *setting)
{
    int code = check_options(cli);

    if (code != 0)
        return code;
    (void)snprintf(setting->user, sizeof(setting->user), "uid:%lu", (unsigned long)getuid());
    setting->options = (struct csc_mcp_options){
        .program = "/proc/self/exe",
        .cwd = setting->cwd,
        .user = cli->options[OPT_USER] ? cli->options[OPT_USER] : setting->user,
        .hardened = is_hardened(cli),
        .public_key = cli->options[OPT_PUBLIC_KEY],
        .key_id = cli->options[OPT_KEY_ID],
        .typed_as = "csc",
    };
    code = name_policy(cli, setting);
    if (code == 0)
        code = find_cwd(cli, setting);
    if (code == 0)
        code = configure(cli, setting);
    if (code == 0)
        code = check_policy(cli, setting);
    if (code == 0) {
        find_requests(setting);
        gather_run_options(cli, setting);
    }
    return code;
}

static int mcp(const struct csc_cli *cli)
{
    _cleanup_(setting_free) struct setting setting = {0};
    struct csc_error err = {0};
    int signal_number = 0;

    int code = set_up(cli, &setting);
    if (code != 0)
        return code;
    if (!setting.options.hardened)
        csc_cli_say("mcp: local mode: what the policy allows runs without isolation");
    if (csc_mcp_serve(&setting.options, &signal_number, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    return signal_number ? 128 + signal_number : 0;
}

static const struct csc_cli_option options[] = {
    [OPT_POLICY] = {"policy", "PATH", "what is allowed; read anew for every call", CSC_CLI_REQUIRED},
    [OPT_MODE] = {"mode", "local|hardened", "local: no isolation (the default); hardened: in a sandbox, signed",
                  CSC_CLI_OPTIONAL},
    [OPT_SIGN] = {"sign", NULL, "sign the receipts; needs the next two", CSC_CLI_OPTIONAL},
    [OPT_SIGNING_KEY] = {"signing-key", "PATH", "an Ed25519 private key that you alone can read", CSC_CLI_OPTIONAL},
    [OPT_KEY_ID] = {"key-id", "ID", "the name verifiers know that key by", CSC_CLI_OPTIONAL},
    [OPT_ALLOWED_SIGNERS] = {"allowed-signers", "PATH", "who may approve, with which keys; see ssh-keygen(1)",
                             CSC_CLI_OPTIONAL},
    [OPT_LEDGER] = {"ledger", "PATH|none", "where receipts are recorded; the default is that of csc run",
                    CSC_CLI_OPTIONAL},
    [OPT_CONFIG] = {"config", "PATH", "the one configuration to read; see csc-config(5)", CSC_CLI_OPTIONAL},
    [OPT_BACKEND] = {"backend", "auto|bwrap|native", "hardened: what makes the sandbox, instead of what is configured",
                     CSC_CLI_OPTIONAL},
    [OPT_PUBLIC_KEY] = {"public-key", "PATH", "the key that the tool verify checks receipts by", CSC_CLI_OPTIONAL},
    [OPT_CWD] = {"cwd", "DIR", "where commands run that name no cwd (default: here)", CSC_CLI_OPTIONAL},
    [OPT_USER] = {"user", "WHO", "on whose behalf, for receipts (default: uid:N)", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_mcp = {
    .name = "mcp",
    .summary = "serve agents by the Model Context Protocol, on standard input and output",
    .options = options,
    .description =
        "An agent gets the tools run, status, check, explain, policy, receipt and verify, and with them nothing\n"
        "but what the policy allows, every run with its receipt. Options are those of csc run, which does the work.\n"
        "It serves until standard input ends; what still runs then is stopped. In local mode it refuses a policy that\n"
        "lets commands write the policy itself, or what else it relies on.\n"
        "Exit code: 0, or as csc run where it cannot begin; 130, 143 interrupted.\n",
    .examples = "  csc mcp --policy policies/dev-readonly.yaml --cwd /work\n"
                "  csc mcp --policy policy.yaml --mode hardened --sign --signing-key runner.key --key-id runner-1 \\\n"
                "      --public-key runner.pub --allowed-signers /etc/csc/allowed_signers\n",
    .run = mcp,
};
