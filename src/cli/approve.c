/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <termios.h>

#include "cli/approve.h"

enum {
    OPT_POLICY,
    OPT_IDENTITY,
    OPT_SSH_KEY,
    OPT_AGENT,
    OPT_EXPIRES,
    OPT_SCOPE,
    OPT_TICKET,
    OPT_REASON,
    OPT_OUT,
    OPT_SSH_KEYGEN,
    OPT_YES,
};

enum { DAY = 24 * 60 * 60, EXPIRES_MAX_SEC = 30 * DAY, PATH_TEXT = PATH_MAX };

/* What becomes of one invocation. */
struct approving {
    const struct csc_cli *cli;
    struct csc_approval approval; /* borrows its strings */
    int64_t lifetime_sec;
    const char *out;
    char sig[PATH_TEXT];
    struct csc_buf bytes, signature;
    char key[CSC_APPROVAL_KEY];
    int terminal; /* or -1 */
};

static void approving_free(struct approving *approving)
{
    csc_buf_free(&approving->bytes);
    csc_buf_free(&approving->signature);
    csc_close_cleanup(&approving->terminal);
}

/* ---- options ------------------------------------------------------------------------------------------------------
 */

/* A number and one of s, m, h, d. */
static bool parse_lifetime(const char *text, int64_t *ret_sec)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', DAY}};
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 7 || !text[digits] || text[digits + 1])
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (units[i].unit == text[digits]) {
            *ret_sec = strtol(text, NULL, 10) * units[i].seconds;
            return *ret_sec > 0 && *ret_sec <= EXPIRES_MAX_SEC;
        }
    return false;
}

static int parse_scope(struct approving *approving)
{
    const char *scope = approving->cli->options[OPT_SCOPE];

    if (!scope || strcmp(scope, "single_execution") == 0)
        approving->approval.scope = CSC_APPROVAL_SINGLE_EXECUTION;
    else if (strcmp(scope, "time_window") == 0)
        approving->approval.scope = CSC_APPROVAL_TIME_WINDOW;
    else
        return csc_cli_usage(approving->cli, "unknown scope '%s'; known: single_execution, time_window", scope);
    return 0;
}

static int parse_options(struct approving *approving)
{
    const struct csc_cli *cli = approving->cli;
    const char *identity = cli->options[OPT_IDENTITY], *keygen = cli->options[OPT_SSH_KEYGEN];

    if (!csc_approval_identity_is_plain(identity))
        return csc_cli_usage(cli,
                             "the identity '%s' has white space or special characters; give it as the allowed "
                             "signers name you, such as your mail address",
                             identity);
    if (!cli->options[OPT_SSH_KEY] && !cli->options[OPT_AGENT])
        return csc_cli_usage(cli, "missing option '--ssh-key KEY' or '--agent'");
    if (keygen && keygen[0] != '/')
        return csc_cli_usage(cli, "'%s' is no absolute path; give ssh-keygen's whole path", keygen);
    if (!parse_lifetime(cli->options[OPT_EXPIRES] ? cli->options[OPT_EXPIRES] : "1h", &approving->lifetime_sec))
        return csc_cli_usage(cli, "--expires '%s' is no time between 1s and 30d; give a number and one of s, m, h, d",
                             cli->options[OPT_EXPIRES]);
    if (snprintf(approving->sig, sizeof(approving->sig), "%s.sig", approving->out) >= PATH_TEXT)
        return csc_cli_usage(cli, "the path of --out is too long");
    approving->approval.ticket_id = cli->options[OPT_TICKET];
    approving->approval.reason = cli->options[OPT_REASON];
    return parse_scope(approving);
}

/* A script has no terminal, and --yes; a person has one, and is asked: what is shown to nobody is read by nobody. */
static int check_terminal(struct approving *approving)
{
    const struct csc_cli *cli = approving->cli;

    approving->terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (approving->terminal >= 0 && cli->options[OPT_YES])
        return csc_cli_usage(cli, "--yes is for where there is no terminal; without it, the contract is shown and you "
                                  "are asked");
    if (approving->terminal < 0 && !cli->options[OPT_YES])
        return csc_cli_usage(cli, "there is no terminal to ask on; run it on one, or say --yes");
    return 0;
}

/* ---- the contract -------------------------------------------------------------------------------------------------
 */

struct inputs {
    struct csc_contract *contract;
    struct csc_policy *policy;
    struct csc_decision *decision;
};

static void inputs_free(struct inputs *inputs)
{
    csc_contract_free(inputs->contract);
    csc_policy_free(inputs->policy);
    csc_decision_free(inputs->decision);
}

static int load_policy(const struct csc_cli *cli, struct inputs *inputs)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    const char *path = cli->options[OPT_POLICY];
    struct csc_error err = {0};

    int code = csc_cli_read(cli, path, CSC_POLICY_BYTES_MAX, &bytes);
    if (code != 0)
        return code;
    if (csc_policy_parse(bytes.data, bytes.size, &inputs->policy, &err) < 0)
        return csc_cli_fail(cli, path, &err);
    if (csc_decide(inputs->contract, inputs->policy, &inputs->decision, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    return 0;
}

static int load_inputs(const struct csc_cli *cli, struct inputs *inputs)
{
    _cleanup_buf_ struct csc_buf bytes = {0};
    const char *path = cli->parameters[0];
    struct csc_error err = {0};

    if (cli->options[OPT_POLICY] && strcmp(path, "-") == 0 && strcmp(cli->options[OPT_POLICY], "-") == 0)
        return csc_cli_usage(cli, "only one of CONTRACT and POLICY can be standard input");
    int code = csc_cli_read(cli, path, CSC_CONTRACT_BYTES_MAX, &bytes);
    if (code != 0)
        return code;
    if (csc_contract_parse(bytes.data, bytes.size, &inputs->contract, &err) < 0 ||
        csc_contract_check_limits(inputs->contract, &err) < 0)
        return csc_cli_fail(cli, path, &err);
    return cli->options[OPT_POLICY] ? load_policy(cli, inputs) : 0;
}

/* ---- asking -------------------------------------------------------------------------------------------------------
 */

/* To the terminal as it is; elsewhere as lines of ours, for whoever reads the log. */
static void show(const struct approving *approving, const struct csc_buf *text)
{
    const char *line = text->data;

    if (approving->terminal >= 0) {
        (void)csc_write_all(approving->terminal, text->data, text->size);
        return;
    }
    while (*line) {
        size_t size = strcspn(line, "\n");
        csc_cli_say("%.*s", (int)size, line);
        line += size + (line[size] == '\n');
    }
}

/* What was typed before the question was there is no answer to it. */
static bool ask(const struct approving *approving)
{
    static const char question[] = "\nApprove exactly this? [y/N] ";
    char answer[16];
    size_t size = 0;

    (void)tcflush(approving->terminal, TCIFLUSH);
    if (csc_write_all(approving->terminal, question, sizeof(question) - 1) < 0)
        return false;
    while (size < sizeof(answer) - 1) {
        ssize_t n = read(approving->terminal, answer + size, sizeof(answer) - 1 - size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        size += (size_t)n;
        if (answer[size - 1] == '\n')
            break;
    }
    answer[size] = '\0';
    return strcasecmp(answer, "y\n") == 0 || strcasecmp(answer, "yes\n") == 0;
}

/* An error that is a "no". */
static int refuse(const struct csc_cli *cli, const char *text)
{
    struct csc_error err = {0};

    csc_fail(&err, CSC_E_INVALID, "%s", text);
    return csc_cli_fail(cli, NULL, &err);
}

static int check_use(const struct approving *approving, const struct inputs *inputs)
{
    const struct csc_contract *contract = inputs->contract;

    if (inputs->decision && inputs->decision->verdict == CSC_DENY)
        return refuse(approving->cli,
                      "the policy denies the contract, and no approval lifts a denial; see csc explain");
    if (contract->approval_mode == CSC_APPROVAL_DUAL_CONTROL &&
        strcasecmp(contract->initiating_user, approving->approval.identity) == 0)
        return refuse(approving->cli,
                      "you asked for this contract, and it needs dual control; two others must approve");
    if (inputs->decision && inputs->decision->verdict == CSC_ALLOW)
        csc_cli_say("the policy allows the contract as it stands: no approval is needed");
    else if (!inputs->decision && contract->approval_mode == CSC_APPROVAL_POLICY_ONLY)
        csc_cli_say("the contract itself asks for no approval; a policy may");
    if (contract->approval_mode == CSC_APPROVAL_DUAL_CONTROL)
        csc_cli_say("dual control: somebody else must approve too, with another key");
    return 0;
}

static int decide(const struct approving *approving, const struct inputs *inputs)
{
    const struct csc_cli_question question = {inputs->contract, inputs->policy, inputs->decision};
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_error err = {0};

    csc_cli_show_question(&text, &question);
    if (text.failed) {
        csc_fail_memory(&err);
        return csc_cli_fail(approving->cli, NULL, &err);
    }
    show(approving, &text);
    int code = check_use(approving, inputs);
    if (code != 0)
        return code;
    return approving->terminal < 0 || ask(approving) ? 0 : refuse(approving->cli, "not approved; nothing was written");
}

/* ---- making it ------------------------------------------------------------------------------------------------------
 */

static int make(struct approving *approving, const char *contract_sha256, struct csc_error *err)
{
    const struct csc_cli *cli = approving->cli;
    const struct csc_approval_signer signer = {
        .ssh_keygen = cli->options[OPT_SSH_KEYGEN] ? cli->options[OPT_SSH_KEYGEN] : CSC_APPROVAL_SSH_KEYGEN,
        .key = cli->options[OPT_SSH_KEY],
        .agent = cli->options[OPT_AGENT] != NULL,
    };
    struct csc_approval *approval = &approving->approval;
    char id[CSC_UUID_TEXT];

    int r = csc_uuid_make(id, err);
    if (r < 0)
        return r;
    approval->id = id;
    approval->contract_sha256 = contract_sha256;
    approval->approved_at = csc_time_now();
    approval->expires_at = approval->approved_at + approving->lifetime_sec * CSC_SECOND;
    r = csc_approval_write(approval, &approving->bytes, err);
    approval->id = NULL;
    if (r < 0)
        return r;
    return csc_approval_sign(&signer, &approving->bytes, &approving->signature, approving->key, err);
}

/* The signature first: whoever finds the approval finds it too. */
static int store(const struct approving *approving, struct csc_file *approval, struct csc_file *signature,
                 struct csc_error *err)
{
    int r = csc_file_commit(signature, approving->signature.data, approving->signature.size, false, err);

    if (r < 0)
        return r;
    r = csc_file_commit(approval, approving->bytes.data, approving->bytes.size, false, err);
    if (r < 0)
        (void)unlinkat(signature->dir, signature->name, 0);
    return r;
}

static int check_free(const char *path, struct csc_error *err)
{
    if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    return csc_fail(err, CSC_E_OUTPUT, "%s: exists already; choose another name with --out, or remove it", path);
}

static int make_and_store(struct approving *approving, const char *contract_sha256, struct csc_error *err)
{
    _cleanup_file_ struct csc_file approval = CSC_FILE_NONE;
    _cleanup_file_ struct csc_file signature = CSC_FILE_NONE;
    int r = check_free(approving->out, err);

    if (r == 0)
        r = check_free(approving->sig, err);
    if (r == 0)
        r = csc_file_begin(&approval, approving->out, 0644, false, err);
    if (r == 0)
        r = csc_file_begin(&signature, approving->sig, 0644, false, err);
    if (r == 0)
        r = make(approving, contract_sha256, err);
    return r == 0 ? store(approving, &approval, &signature, err) : r;
}

/* Interrupted, it still takes its working files away, and ends then. */
static int make_undisturbed(struct approving *approving, const char *contract_sha256, struct csc_error *err)
{
    sigset_t ends, before;

    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGINT);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &ends, &before);
    int r = make_and_store(approving, contract_sha256, err);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return r;
}

static int print_json(const struct approving *approving)
{
    _cleanup_arena_ struct csc_arena arena = {0};
    _cleanup_buf_ struct csc_buf out = {0}, sig = {0};
    struct csc_value artifact, value;
    struct csc_object object;
    struct csc_error err = {0};

    csc_buf_escape(&out, approving->out, strlen(approving->out));
    csc_buf_escape(&sig, approving->sig, strlen(approving->sig));
    csc_object_begin(&object, &arena, 4);
    if (out.failed || sig.failed) {
        csc_fail_memory(&err);
        return csc_cli_fail(approving->cli, NULL, &err);
    }
    if (csc_json_parse(&arena, approving->bytes.data, approving->bytes.size, &artifact, &err) == 0)
        csc_object_value(&object, "approval", artifact);
    csc_object_string(&object, "file", out.data);
    csc_object_string(&object, "signature_file", sig.data);
    csc_object_string(&object, "key", approving->key);
    if (csc_object_end(&object, &value, &err) < 0 || err.code != CSC_OK)
        return csc_cli_fail(approving->cli, NULL, &err);
    return csc_cli_print_json(approving->cli, &value, 0);
}

static int print(const struct approving *approving)
{
    _cleanup_buf_ struct csc_buf text = {0};

    if (approving->cli->json)
        return print_json(approving);
    csc_buf_escape(&text, approving->out, strlen(approving->out));
    csc_buf_putc(&text, '\n');
    csc_buf_escape(&text, approving->sig, strlen(approving->sig));
    csc_buf_putc(&text, '\n');
    return csc_cli_print(approving->cli, &text, 0);
}

static int approve(const struct csc_cli *cli)
{
    _cleanup_(approving_free) struct approving approving = {
        .cli = cli,
        .approval.identity = cli->options[OPT_IDENTITY],
        .out = cli->options[OPT_OUT] ? cli->options[OPT_OUT] : "approval.json",
        .terminal = -1,
    };
    _cleanup_(inputs_free) struct inputs inputs = {0};
    struct csc_error err = {0};

    int code = parse_options(&approving);
    if (code == 0)
        code = check_terminal(&approving);
    if (code == 0)
        code = load_inputs(cli, &inputs);
    if (code != 0 || !inputs.contract)
        return code != 0 ? code : CSC_E_INTERNAL;
    code = decide(&approving, &inputs);
    if (code != 0)
        return code;
    if (make_undisturbed(&approving, inputs.contract->sha256, &err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    csc_cli_say("approved by '%s' with the key %s", approving.approval.identity, approving.key);
    return print(&approving);
}

static const struct csc_cli_option options[] = {
    [OPT_POLICY] = {"policy", "POLICY", "also show what this policy says", CSC_CLI_OPTIONAL},
    [OPT_IDENTITY] = {"identity", "WHO", "who approves, as the allowed signers name them", CSC_CLI_REQUIRED},
    [OPT_SSH_KEY] = {"ssh-key", "KEY", "sign with this SSH key; with --agent, its public key", CSC_CLI_OPTIONAL},
    [OPT_AGENT] = {"agent", NULL, "sign by ssh-agent; without --ssh-key, with its only key", CSC_CLI_OPTIONAL},
    [OPT_EXPIRES] = {"expires", "TIME", "how long it holds, such as 30s, 15m, 1h or 2d; default 1h, at most 30d",
                     CSC_CLI_OPTIONAL},
    [OPT_SCOPE] = {"scope", "single_execution|time_window", "how often it can be used; default: once",
                   CSC_CLI_OPTIONAL},
    [OPT_TICKET] = {"ticket", "ID", "the ticket that this belongs to", CSC_CLI_OPTIONAL},
    [OPT_REASON] = {"reason", "TEXT", "why it is approved", CSC_CLI_OPTIONAL},
    [OPT_OUT] = {"out", "PATH", "where it goes; default ./approval.json, and .sig beside it", CSC_CLI_OPTIONAL},
    [OPT_SSH_KEYGEN] = {"ssh-keygen", "PATH", "absolute path; default " CSC_APPROVAL_SSH_KEYGEN, CSC_CLI_OPTIONAL},
    [OPT_YES] = {"yes", NULL, "don't ask; only where there is no terminal", CSC_CLI_OPTIONAL},
    {"json", NULL, "print the approval and the files' names as a JSON object", CSC_CLI_OPTIONAL},
    {0},
};

const struct csc_cli_command csc_cli_approve = {
    .name = "approve",
    .summary = "show a contract, and approve it with an SSH signature",
    .parameters = {"CONTRACT"},
    .options = options,
    .description = "Shows what would run, asks, and writes an approval and its detached SSH signature. Prints the two\n"
                   "paths; existing files are never overwritten. What the policy denies cannot be approved. By hand:\n"
                   "ssh-keygen -Y sign -n " CSC_APPROVAL_NAMESPACE " -f KEY approval.json\n"
                   "Exit code: 0 approved, 1 not.\n",
    .examples =
        "  csc approve contract.json --policy policy.yaml --identity ann@example.com --ssh-key ~/.ssh/id_ed25519\n"
        "  csc approve contract.json --identity ann@example.com --agent --expires 15m --ticket OPS-7\n",
    .run = approve,
};
