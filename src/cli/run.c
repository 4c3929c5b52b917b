/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "cli/run.h"

#define DEFAULT_RECEIPT "out/receipt.json"

enum {
    OPT_MODE,
    OPT_RECEIPT_OUT,
    OPT_SIGN,
    OPT_SIGNING_KEY,
    OPT_KEY_ID,
    OPT_APPROVAL,
    OPT_ALLOWED_SIGNERS,
    OPT_LEDGER,
    OPT_EVIDENCE_OUT,
    OPT_CONFIG,
    OPT_BACKEND,
    OPT_SANDBOX_DEBUG,
    OPT_QUIET,
    OPT_RAW,
    OPT_JSON,
    OPT_STDOUT_FD,
    OPT_STDERR_FD,
};

enum { FILE_RESERVE = 64 << 10 }; /* bytes; more than a receipt or evidence has but for extreme ones */

/* What is open during a run. */
struct session {
    struct csc_contract *contract;
    struct csc_policy *policy;
    struct csc_signing_key *key;
    struct csc_file receipt_file, evidence_file;
    struct csc_flow_result result;
    struct csc_cli_configuration configuration;
    struct csc_cli_approvals approvals;
    struct csc_cli_recorder recorder;
    bool hardened, lost_evidence;
    int signal_fd;
    bool open_line[2]; /* output so far ends within a line */
    struct csc_buf notices;
    int out_fd[2]; /* where output goes: stdout and stderr, or, with --json, two files in memory */
    bool json;
};

static void session_end(struct session *session)
{
    csc_flow_result_free(&session->result);
    csc_file_drop(&session->receipt_file);
    csc_file_drop(&session->evidence_file);
    csc_buf_free(&session->notices);
    csc_signing_key_free(session->key);
    csc_policy_free(session->policy);
    csc_contract_free(session->contract);
    csc_cli_recorder_free(&session->recorder);
    csc_cli_approvals_free(&session->approvals);
    csc_cli_configuration_free(&session->configuration);
    csc_close_cleanup(&session->signal_fd);
    if (session->json) {
        csc_close_cleanup(&session->out_fd[0]);
        csc_close_cleanup(&session->out_fd[1]);
    }
}

/* The receipt is a file; else, with --json, it is in the object alone. */
static bool has_receipt_file(const struct csc_cli *cli)
{
    return !cli->options[OPT_RECEIPT_OUT] || strcmp(cli->options[OPT_RECEIPT_OUT], "none") != 0;
}

static bool is_hardened(const struct csc_cli *cli)
{
    return cli->options[OPT_MODE] && strcmp(cli->options[OPT_MODE], "hardened") == 0;
}

static int check_mode(const struct csc_cli *cli)
{
    static const int hardened_only[] = {OPT_BACKEND, OPT_SANDBOX_DEBUG};
    const char *mode = cli->options[OPT_MODE];

    if (mode && strcmp(mode, "local") != 0 && !is_hardened(cli))
        return csc_cli_usage(cli, "unknown mode '%s'; there are local and hardened", mode);
    for (size_t i = 0; i < ARRAY_SIZE(hardened_only) && !is_hardened(cli); i++)
        if (cli->options[hardened_only[i]])
            return csc_cli_usage(cli, "--%s is for --mode hardened", cli->command->options[hardened_only[i]].name);
    if (is_hardened(cli) && !cli->options[OPT_SIGN] && !cli->options[OPT_SANDBOX_DEBUG])
        return csc_cli_usage(cli,
                             "hardened mode signs its receipts: it needs --sign, --signing-key PATH and --key-id ID");
    return 0;
}

static int check_receipt_out(const struct csc_cli *cli)
{
    if (cli->options[OPT_RECEIPT_OUT] && strcmp(cli->options[OPT_RECEIPT_OUT], "-") == 0)
        return csc_cli_usage(cli, "--receipt-out needs a file; --json prints the receipt on standard output");
    if (!has_receipt_file(cli) && !cli->json)
        return csc_cli_usage(cli, "--receipt-out none is for --json, which prints the receipt");
    return 0;
}

static int check_options(const struct csc_cli *cli)
{
    bool key = cli->options[OPT_SIGNING_KEY], key_id = cli->options[OPT_KEY_ID];
    const char *const *approvals;
    size_t approval_count = csc_cli_values(cli, OPT_APPROVAL, &approvals);

    if (cli->options[OPT_SIGN] && (!key || !key_id))
        return csc_cli_usage(cli, "--sign needs --signing-key PATH and --key-id ID");
    if (!cli->options[OPT_SIGN] && (key || key_id))
        return csc_cli_usage(cli, "--signing-key and --key-id are for --sign, which is not given");
    if (key_id && !csc_utf8_valid(cli->options[OPT_KEY_ID], strlen(cli->options[OPT_KEY_ID])))
        return csc_cli_usage(cli, "--key-id is no valid UTF-8, which a receipt must be");
    for (size_t i = 0; i < approval_count; i++)
        if (strcmp(approvals[i], "-") == 0)
            return csc_cli_usage(cli, "--approval needs a file: its signature lies beside it");
    if (cli->options[OPT_EVIDENCE_OUT] && !cli->options[OPT_SIGN])
        return csc_cli_usage(cli, "--evidence-out needs --sign: evidence is what the runner signs");
    if (cli->options[OPT_EVIDENCE_OUT] && strcmp(cli->options[OPT_EVIDENCE_OUT], "-") == 0)
        return csc_cli_usage(cli, "--evidence-out needs a file");
    if (!cli->options[OPT_STDOUT_FD] != !cli->options[OPT_STDERR_FD])
        return csc_cli_usage(cli, "--stdout-fd and --stderr-fd go together");
    if (cli->options[OPT_STDOUT_FD] && !cli->json)
        return csc_cli_usage(cli, "--stdout-fd and --stderr-fd are for --json; redirect the output in the shell");
    int code = check_receipt_out(cli);
    return code != 0 ? code : check_mode(cli);
}

static int load_key(const struct csc_cli *cli, struct session *session)
{
    const char *path = cli->options[OPT_SIGNING_KEY];
    struct csc_error err = {0};

    if (!path)
        return 0;
    /* No other process of this user may read the key out of this one. */
    if (prctl(PR_SET_DUMPABLE, 0) < 0)
        csc_fail_errno(&err, CSC_E_INTERNAL, errno, "prctl");
    else if (csc_signing_key_load(path, &session->key, &err) == 0)
        return 0;
    return csc_cli_fail(cli, path, &err);
}

static int configure(const struct csc_cli *cli, struct session *session)
{
    const struct csc_cli_configure_options options = {
        .config = cli->options[OPT_CONFIG],
        .backend = cli->options[OPT_BACKEND],
        .signing_key = cli->options[OPT_SIGNING_KEY],
        .policy = cli->parameters[1],
        .allowed_signers = cli->options[OPT_ALLOWED_SIGNERS],
        .hardened = session->hardened,
    };

    int code = csc_cli_configure(cli, &options, &session->configuration);
    if (code != 0)
        return code;
    csc_cli_name_ledger(cli->options[OPT_LEDGER], &session->configuration.config, &session->recorder);
    return session->hardened ? csc_cli_protect_ledger(cli, &session->configuration, &session->recorder) : 0;
}

/* A descriptor that was handed in for output. Only a file takes all there is: a pipe that nobody reads would hold the
 * commands up. */
static int take_output(const char *number, int *ret_fd, struct csc_error *err)
{
    char *end = NULL;
    struct stat st;

    errno = 0;
    long fd = strtol(number, &end, 10);
    if (errno != 0 || end == number || *end || fd < 3 || fd > INT_MAX)
        return csc_fail(err, CSC_E_USAGE, "'%s' is no descriptor; give a number above 2", number);
    int flags = fcntl((int)fd, F_GETFL);
    if (flags < 0 || fstat((int)fd, &st) < 0)
        return csc_fail_errno(err, CSC_E_USAGE, errno, "descriptor %ld", fd);
    if (!S_ISREG(st.st_mode) || (flags & O_ACCMODE) != O_RDWR)
        return csc_fail(err, CSC_E_USAGE, "descriptor %ld is no file that is open for reading and writing", fd);
    if (fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "descriptor %ld", fd);
    *ret_fd = (int)fd;
    return 0;
}

static int open_output(const struct csc_cli *cli, struct session *session, struct csc_error *err)
{
    if (!cli->json)
        return 0;
    if (cli->options[OPT_STDOUT_FD]) {
        int r = take_output(cli->options[OPT_STDOUT_FD], &session->out_fd[0], err);
        if (r == 0)
            r = take_output(cli->options[OPT_STDERR_FD], &session->out_fd[1], err);
        session->json = r == 0;
        return r;
    }
    session->json = true;
    session->out_fd[0] = memfd_create("csc-stdout", MFD_CLOEXEC);
    session->out_fd[1] = memfd_create("csc-stderr", MFD_CLOEXEC);
    if (session->out_fd[0] < 0 || session->out_fd[1] < 0)
        return csc_fail_errno(err, CSC_E_INTERNAL, errno, "memfd_create");
    return 0;
}

static struct csc_flow_approvals approvals_of(const struct csc_cli *cli, const struct session *session)
{
    const struct csc_approving *config = &session->configuration.config.approvals;
    const char *signers = cli->options[OPT_ALLOWED_SIGNERS];

    return (struct csc_flow_approvals){
        .files = session->approvals.files,
        .count = session->approvals.count,
        .trust = {.allowed_signers = signers ? signers : config->allowed_signers,
                  .revoked = config->revoked_keys,
                  .ssh_keygen = config->ssh_keygen,
                  .signed_only = session->hardened,
                  .skew_us = config->clock_skew_sec * 1000000},
    };
}

static int begin_files(const struct csc_cli *cli, struct session *session, struct csc_error *err)
{
    const char *receipt = cli->options[OPT_RECEIPT_OUT], *evidence = cli->options[OPT_EVIDENCE_OUT];

    int r = 0;

    if (has_receipt_file(cli))
        r = csc_file_begin(&session->receipt_file, receipt ? receipt : DEFAULT_RECEIPT, 0644, !receipt, err);
    if (r == 0 && has_receipt_file(cli))
        r = csc_file_reserve(&session->receipt_file, FILE_RESERVE, err);
    if (r == 0 && evidence)
        r = csc_file_begin(&session->evidence_file, evidence, 0644, false, err);
    if (r == 0 && evidence)
        r = csc_file_reserve(&session->evidence_file, FILE_RESERVE, err);
    return r;
}

/* A receipt in the place of the key that signs it would be the last one. */
static int check_outputs(const struct csc_cli *cli, const struct session *session)
{
    const char *receipt = cli->options[OPT_RECEIPT_OUT] ? cli->options[OPT_RECEIPT_OUT] : DEFAULT_RECEIPT;
    const struct csc_flow_approvals approvals = approvals_of(cli, session);
    const char *ledger = session->recorder.path ? session->recorder.path : "";
    char wal[PATH_MAX + 8], shm[PATH_MAX + 8];
    struct csc_cli_kept kept[CSC_CLI_VALUES_MAX + 12] = {
        {cli->parameters[0], "the contract"},
        {cli->parameters[1], "the policy"},
        {cli->options[OPT_SIGNING_KEY], "the signing key"},
        {session->configuration.config_path, "the configuration"},
        {approvals.trust.allowed_signers, "the allowed signers"},
        {approvals.trust.revoked, "the list of revoked keys"},
        {ledger, "the ledger"},
        {wal, "a part of the ledger"},
        {shm, "a part of the ledger"},
    };
    size_t count = 9;

    (void)snprintf(wal, sizeof(wal), *ledger ? "%s-wal" : "%s", ledger);
    (void)snprintf(shm, sizeof(shm), *ledger ? "%s-shm" : "%s", ledger);
    for (size_t i = 0; i < approvals.count; i++)
        kept[count++] = (struct csc_cli_kept){approvals.files[i].name, "an approval"};
    const char *what = has_receipt_file(cli) ? csc_cli_replaces(&session->receipt_file, kept, count) : NULL;
    if (what)
        return csc_cli_usage(cli, "--receipt-out would replace %s; name another file", what);
    kept[count++] = (struct csc_cli_kept){receipt, "the receipt"};
    what = session->evidence_file.dir >= 0 ? csc_cli_replaces(&session->evidence_file, kept, count) : NULL;
    return what ? csc_cli_usage(cli, "--evidence-out would replace %s; name another file", what) : 0;
}

/* Kept until the commands have ended: their output may be within a line now. */
static void keep_notice(void *context, const char *text)
{
    struct session *session = context;

    csc_buf_append(&session->notices, text, strlen(text) + 1);
}

/* Threat: somebody put the old one away, and with it the approvals that were used up. */
static void tell_new_ledger(struct session *session)
{
    _cleanup_buf_ struct csc_buf text = {0};

    csc_buf_puts(&text, "a new ledger was begun: ");
    csc_buf_escape(&text, session->recorder.path, strlen(session->recorder.path));
    if (!text.failed)
        keep_notice(session, text.data);
}

/* Everything that can fail before a command runs does so here. */
static int prepare(const struct csc_cli *cli, struct session *session)
{
    struct csc_error err = {0};

    session->hardened = is_hardened(cli);
    int code = csc_cli_load(cli, &session->contract, &session->policy);
    if (code == 0)
        code = load_key(cli, session);
    if (code == 0)
        code = csc_cli_read_approvals(cli, OPT_APPROVAL, &session->approvals);
    if (code == 0)
        code = configure(cli, session);
    if (code != 0 || cli->options[OPT_SANDBOX_DEBUG])
        return code;
    /* From here on a signal leaves a receipt instead of a temporary file. */
    session->signal_fd = csc_cli_signal_fd(&err);
    if (session->signal_fd < 0 || begin_files(cli, session, &err) < 0 || open_output(cli, session, &err) < 0 ||
        csc_exec_become_supervisor(&err) < 0)
        return csc_cli_fail(cli, NULL, &err);
    code = check_outputs(cli, session);
    if (code == 0)
        csc_cli_open_ledger(&session->recorder);
    if (code == 0 && session->recorder.flow.ledger && csc_ledger_is_new(session->recorder.flow.ledger))
        tell_new_ledger(session);
    return code;
}

static bool is_same_file(int a, int b)
{
    struct stat of_a, of_b;

    return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

/* A line of ours begins at the beginning of a line, whatever the commands printed. */
static void begin_line(const struct session *session)
{
    if (session->json)
        return;
    if (session->open_line[CSC_STDERR] ||
        (session->open_line[CSC_STDOUT] && is_same_file(STDOUT_FILENO, STDERR_FILENO)))
        (void)csc_write_all(STDERR_FILENO, "\n", 1);
}

static void say_notices(const struct session *session)
{
    for (size_t at = 0; at < session->notices.size; at += strlen(session->notices.data + at) + 1)
        csc_cli_say("%s", session->notices.data + at);
}

static int64_t cap_of(const struct session *session, enum csc_stream stream)
{
    const struct csc_config *config = &session->configuration.config;

    if (!session->hardened)
        return stream == CSC_STDOUT ? CSC_STDOUT_CAP : CSC_STDERR_CAP;
    return stream == CSC_STDOUT ? config->stdout_bytes : config->stderr_bytes;
}

static struct csc_flow make_flow(const struct csc_cli *cli, struct session *session)
{
    bool raw = cli->options[OPT_RAW] != NULL;
    const struct csc_config *config = session->hardened ? &session->configuration.config : NULL;

    return (struct csc_flow){
        .contract = session->contract,
        .policy = session->policy,
        .approvals = approvals_of(cli, session),
        .recorder = session->recorder.flow,
        .make_evidence = session->recorder.path || cli->options[OPT_EVIDENCE_OUT],
        .signing_key = session->key,
        .key_id = cli->options[OPT_KEY_ID],
        .hardening = config ? &session->configuration.flow : NULL,
        .io = {.out_fd = {session->out_fd[0], session->out_fd[1]},
               .neutralise = {!raw && isatty(session->out_fd[0]), !raw && isatty(session->out_fd[1])},
               .signal_fd = session->signal_fd,
               .cancel_fd = -1,
               .open_line = session->open_line,
               .stdout_cap = cap_of(session, CSC_STDOUT),
               .stderr_cap = cap_of(session, CSC_STDERR),
               .grace_ms = config ? config->grace_sec * 1000 : CSC_GRACE_MS},
        .notice = keep_notice,
        .context = session,
    };
}

static int write_receipt(struct session *session, struct csc_error *err)
{
    _cleanup_free_ char *text = NULL;

    int r = csc_receipt_json(session->result.receipt, &text, err);
    return r < 0 ? r : csc_file_commit(&session->receipt_file, text, strlen(text), true, err);
}

/* The run is over, and its receipt written: what fails here is said beside them. */
static void write_evidence(const struct csc_cli *cli, struct session *session)
{
    const char *evidence = session->result.evidence;
    struct csc_error err = {0};

    if (!cli->options[OPT_EVIDENCE_OUT])
        return;
    if (evidence && csc_file_commit(&session->evidence_file, evidence, strlen(evidence), true, &err) == 0)
        return;
    session->lost_evidence = true;
    csc_cli_say("error: the evidence was not written: %s", evidence ? err.text : "there is none");
}

static int execute(const struct csc_cli *cli, struct session *session)
{
    const struct csc_flow flow = make_flow(cli, session);
    struct csc_error err = {0};

    int r = csc_flow_run(&flow, &session->result, &err);
    if (r == 0 && has_receipt_file(cli))
        r = write_receipt(session, &err);
    if (r < 0 || session->result.lost_output || !cli->options[OPT_QUIET])
        begin_line(session);
    if (!cli->options[OPT_QUIET])
        say_notices(session);
    if (r < 0)
        return csc_cli_fail(cli, NULL, &err);
    write_evidence(cli, session);
    return 0;
}

/* An entry that was to be made and was not is a failure of csc's; that there is no ledger is known before, and in local
 * mode a warning. */
static int say_unrecorded(const struct session *session, int code)
{
    if (!session->result.unrecorded[0])
        return code;
    csc_cli_say("%s: not recorded in the ledger: %s", session->recorder.flow.ledger ? "error" : "warning",
                session->result.unrecorded);
    return code == 0 && session->recorder.flow.ledger ? CSC_E_OUTPUT : code;
}

static int report(const struct csc_cli *cli, const struct session *session)
{
    const struct csc_cli_report report = {
        .result = &session->result,
        .receipt_path = !has_receipt_file(cli)          ? NULL
                        : cli->options[OPT_RECEIPT_OUT] ? cli->options[OPT_RECEIPT_OUT]
                                                        : DEFAULT_RECEIPT,
        .output_elsewhere = cli->options[OPT_STDOUT_FD] != NULL,
        .key_id = cli->options[OPT_KEY_ID],
        .caps = {cap_of(session, CSC_STDOUT), cap_of(session, CSC_STDERR)},
    };
    int code = csc_cli_run_code(&session->result);

    if (!cli->options[OPT_QUIET])
        csc_cli_summarise(&report);
    code = say_unrecorded(session, code);
    if (code == 0 && session->lost_evidence)
        code = CSC_E_OUTPUT;
    if (session->result.lost_output) {
        csc_cli_say("output of the command was lost: standard output or error took no more");
        if (code == 0)
            code = CSC_E_OUTPUT;
    }
    return cli->json ? csc_cli_print_run(cli, &report, session->out_fd, code) : code;
}

static int run_here(const struct csc_cli *cli)
{
    _cleanup_(session_end) struct session session = {.receipt_file = CSC_FILE_NONE,
                                                     .evidence_file = CSC_FILE_NONE,
                                                     .signal_fd = -1,
                                                     .out_fd = {STDOUT_FILENO, STDERR_FILENO}};

    int code = prepare(cli, &session);
    if (code == 0 && cli->options[OPT_SANDBOX_DEBUG]) {
        const struct csc_flow flow = make_flow(cli, &session);
        return csc_cli_print_plans(cli, &flow);
    }
    if (code == 0)
        code = execute(cli, &session);
    return code != 0 ? code : report(cli, &session);
}

static int run(const struct csc_cli *cli)
{
    int code = check_options(cli);

    if (code != 0)
        return code;
    return csc_exec_has_children() ? csc_cli_run_in_child(cli, run_here) : run_here(cli);
}

static const struct csc_cli_option options[] = {
    [OPT_MODE] = {"mode", "local|hardened", "local: no isolation (the default); hardened: in a sandbox, signed", false},
    [OPT_RECEIPT_OUT] = {"receipt-out", "PATH",
                         "where the receipt goes (default: ./" DEFAULT_RECEIPT "); none: --json alone has it", false},
    [OPT_SIGN] = {"sign", NULL, "sign the receipt; needs the next two", false},
    [OPT_SIGNING_KEY] = {"signing-key", "PATH", "an Ed25519 private key that you alone can read", false},
    [OPT_KEY_ID] = {"key-id", "ID", "the name verifiers know that key by", false},
    [OPT_APPROVAL] = {"approval", "PATH", "what somebody signed to let it run; its signature is PATH.sig",
                      CSC_CLI_REPEATABLE},
    [OPT_ALLOWED_SIGNERS] = {"allowed-signers", "PATH", "who may approve, with which keys; see ssh-keygen(1)", false},
    [OPT_LEDGER] = {"ledger", "PATH|none", "where the receipt is recorded; see below for the default", false},
    [OPT_EVIDENCE_OUT] = {"evidence-out", "PATH", "where the evidence goes, too; needs --sign", false},
    [OPT_CONFIG] = {"config", "PATH", "the one configuration to read; see csc-config(5)", false},
    [OPT_BACKEND] = {"backend", "auto|bwrap|native", "hardened: what makes the sandbox, instead of what is configured",
                     false},
    [OPT_SANDBOX_DEBUG] = {"sandbox-debug", NULL, "hardened: print the sandbox of each command as JSON; run nothing",
                           false},
    [OPT_QUIET] = {"quiet", NULL, "no summary and no notices; errors are still said", false},
    [OPT_RAW] = {"raw", NULL, "let escape sequences of the output reach the terminal", false},
    [OPT_JSON] = {"json", NULL, "stream nothing; print decision, receipt and output as one object", false},
    [OPT_STDOUT_FD] = {"stdout-fd", "FD", "with --json: an open file that gets stdout as it comes, not the object",
                       false},
    [OPT_STDERR_FD] = {"stderr-fd", "FD", "the same for stderr", false},
    {0},
};

const struct csc_cli_command csc_cli_run = {
    .name = "run",
    .summary = "execute what a policy allows, and write a receipt of what happened",
    .parameters = {"CONTRACT", "POLICY"},
    .options = options,
    .description =
        "Output of the commands goes to standard output and error as it comes. Whatever the outcome, denial\n"
        "included, there is a receipt. One input may be \"-\", standard input. Receipts are recorded in a ledger:\n"
        "/var/lib/csc/ledger.db for root, else $XDG_STATE_HOME/csc/ledger.db; CSC_LEDGER names another one.\n"
        "Exit code: 0 success, 1 denied, blocked, failed or expired, 2 needs approval, 130 or 143 interrupted.\n",
    .examples =
        "  csc run contract.json policies/dev-readonly.yaml\n"
        "  csc run contract.json policy.yaml --sign --signing-key runner.key --key-id runner-1\n"
        "  csc run contract.json policy.yaml --mode hardened --sign --signing-key runner.key --key-id runner-1\n"
        "  csc run contract.json policy.yaml --approval approval.json --allowed-signers /etc/csc/allowed_signers\n"
        "  csc run - policy.yaml --json --receipt-out /var/lib/csc/receipt.json < contract.json\n",
    .run = run,
};
