/* SPDX-License-Identifier: Apache-2.0 */
#include "hardened.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "exec/exec.h"
#include "measure.h"
#include "same_options.h"

enum { PLAIN = 65534, WORKERS = 2, LAUNCHES = 20 };

static const char contract[] =
    "{\"version\":\"csc.v0.1\",\"contract_id\":\"bench-hardened\",\"intent\":\"measure\",\"actor\":{\"agent_id\":"
    "\"bench\","
    "\"session_id\":\"bench\",\"initiating_user\":\"bench\",\"delegation_scope\":\"bench\"},\"commands\":[{\"id\":"
    "\"cmd_1\",\"exec\":{\"argv\":[\"true\"]},\"cwd\":\"%s\",\"read_paths\":[],\"write_paths\":[],\"network\":"
    "\"deny\",\"env_allow\":[],\"secret_refs\":[],\"timeout_sec\":600,\"proposed_effect_type\":\"observe\"}],"
    "\"risk_class\":\"low\",\"approval_mode\":\"policy_only\",\"expected_outputs\":[],\"justification\":\"measure\"}";
static const char policy[] =
    "policy_schema_version: csc.policy.v0.1\nname: bench\nallow_commands: ['true']\nallowed_effect_types: [observe]\n"
    "allowed_risk_classes: [low]\nmax_timeout_sec: 600\nnetwork: deny\nallow_secret_refs: false\n"
    "allowed_cwd_prefixes: [/]\nallowed_read_prefixes: [/]\n";
static const char config[] = "config_version: csc.config.v0.1\n";

/* The folder where we are, with everything that a run reads; the workspace is `work` in it. */
static void write_inputs(char folder[PATH_MAX])
{
    char text[sizeof(contract) + PATH_MAX], work[PATH_MAX];
    unsigned char seed[32];

    if (!getcwd(folder, PATH_MAX) || mkdir("work", 0755) < 0 ||
        snprintf(work, sizeof(work), "%s/work", folder) >= PATH_MAX)
        die("folder");
    int size = snprintf(text, sizeof(text), contract, work);
    write_file("contract.json", text, (size_t)size);
    write_file("policy.yaml", policy, sizeof(policy) - 1);
    write_file("csc.yaml", config, sizeof(config) - 1);
    memset(seed, 7, sizeof(seed));
    write_file("bench.key", (const char *)seed, sizeof(seed));
}

/* The plan in hardened mode; false where this machine can't hold it. */
static bool write_plans(const char *csc)
{
    const char *const argv[] = {csc,        "run",      "contract.json", "policy.yaml", "--mode",          "hardened",
                                "--config", "csc.yaml", "--backend",     "bwrap",       "--sandbox-debug", NULL};
    int fd = open("plans.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int status = 0;

    pid_t child = fork();
    if (child == 0) {
        (void)dup2(fd, STDOUT_FILENO);
        (void)execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    (void)close(fd);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* ---- launches: without reading, deciding, signing, storing --------------------------------------------------------
 */

struct launch {
    struct csc_command command;
    struct csc_policy policy;
    struct csc_config config;
    struct csc_sandbox_request request;
    struct csc_exec_io io;
    struct csc_exec_result result;
};

static struct launch *new_launch(const char *folder, enum csc_backend backend)
{
    static char program[] = "true", *items[] = {program, NULL};
    static struct csc_argv argv = {.items = items, .count = 1};
    static const char *anywhere[] = {"/"};
    struct launch *launch = calloc(1, sizeof(*launch));
    char work[PATH_MAX];

    if (!launch || snprintf(work, sizeof(work), "%s/work", folder) >= PATH_MAX)
        die("launch");
    launch->command = (struct csc_command){.id = "one",
                                           .argvs = &argv,
                                           .argv_count = 1,
                                           .cwd = strdup(work),
                                           .network = CSC_NETWORK_DENY,
                                           .timeout_sec = 600};
    launch->policy.cwd_prefixes = (struct csc_names){.items = anywhere, .count = 1};
    csc_config_default(&launch->config);
    launch->config.backend = backend;
    launch->request =
        (struct csc_sandbox_request){.command = &launch->command, .policy = &launch->policy, .config = &launch->config};
    launch->io = (struct csc_exec_io){.out_fd = {-1, -1},
                                      .signal_fd = -1,
                                      .cancel_fd = -1,
                                      .stdout_cap = CSC_STDOUT_CAP,
                                      .stderr_cap = CSC_STDERR_CAP,
                                      .grace_ms = CSC_GRACE_MS};
    return launch;
}

/* What a hardened run does between the decision and the receipt. */
static void run_launch(const void *context)
{
    struct launch *launch = (struct launch *)context;
    struct csc_boundary *boundary = NULL;
    struct csc_error err = {0};

    int r = csc_boundary_make(&launch->request, &boundary, &launch->result, &err);
    if (r == 0 && boundary) {
        launch->io.boundary = boundary;
        r = csc_exec_run(&launch->command, &launch->policy, &launch->io, &launch->result, &err);
    }
    csc_boundary_free(boundary);
    if (r < 0 || launch->result.end != CSC_EXEC_EXITED || launch->result.exit_code != 0) {
        (void)fprintf(stderr, "bench: launch: %s%s\n", err.text, launch->result.reason);
        exit(70);
    }
}

/* ---- several at a time ---------------------------------------------------------------------------------------------
 */

struct crowd {
    void (*call)(const void *context);
    const void *context;
    const char *const *argv;
};

static void work_alone(const struct crowd *crowd)
{
    struct csc_error err = {0};

    if (csc_exec_become_supervisor(&err) < 0)
        die("supervisor");
    for (int i = 0; i < LAUNCHES; i++) {
        if (crowd->call)
            crowd->call(crowd->context);
        else
            run_program(crowd->argv);
    }
}

static void run_crowd(const void *context)
{
    pid_t workers[WORKERS];
    int status;

    for (int i = 0; i < WORKERS; i++) {
        workers[i] = fork();
        if (workers[i] == 0) {
            work_alone(context);
            _exit(0);
        }
    }
    for (int i = 0; i < WORKERS; i++)
        if (waitpid(workers[i], &status, 0) != workers[i] || status != 0)
            die("worker");
}

/* ---- rows ----------------------------------------------------------------------------------------------------------
 */

/* Runs of the command line, signed and on disk. */
#define LOCAL(csc)                                                                                                     \
    csc, "run", "contract.json", "policy.yaml", "--quiet", "--receipt-out", "receipt.json", "--sign", "--signing-key", \
        "bench.key", "--key-id=k"
#define HARDENED(csc, backend) LOCAL(csc), "--mode", "hardened", "--config", "csc.yaml", "--backend", backend
#define RECORDED "--ledger", "state/ledger.db"

static void compare_runs(const char *csc, const char *who, const char *const *bwrap)
{
    char what[120], also[120];
    const struct comparison runs = {
        what,
        150,
        {{"csc run --backend native", .argv = {HARDENED(csc, "native")}},
         {"csc run --backend bwrap", .argv = {HARDENED(csc, "bwrap")}},
         {"bwrap alone, the same namespaces and mounts", .more = bwrap},
         {"csc run --mode local", .argv = {LOCAL(csc)}},
         {"spawn and wait of /bin/true", .argv = {"/bin/true"}}},
    };
    const struct comparison recorded = {
        also,
        150,
        {{"csc run --backend native, in a ledger", .argv = {HARDENED(csc, "native"), RECORDED}},
         {"csc run --backend native", .argv = {HARDENED(csc, "native")}},
         {"bwrap alone, the same namespaces and mounts", .more = bwrap},
         {"csc run --mode local, in a ledger", .argv = {LOCAL(csc), RECORDED}},
         {"csc run --mode local", .argv = {LOCAL(csc)}}},
    };

    (void)snprintf(what, sizeof(what), "hardened run of /bin/true: all layers, signed, receipt synced; %s", who);
    (void)snprintf(also, sizeof(also), "the same with the ledger and evidence; %s", who);
    compare(&runs);
    compare(&recorded);
}

static void compare_launches(const char *folder, const char *who, const char *const *bwrap, const char *const *chain)
{
    struct launch *native = new_launch(folder, CSC_BACKEND_NATIVE), *other = new_launch(folder, CSC_BACKEND_BWRAP);
    const struct crowd natives = {.call = run_launch, .context = native}, chains = {.argv = chain};
    char what[120], crowd[120];
    const struct comparison launches = {
        what,
        150,
        {{"native executor, host looked at and planned for each", .call = run_launch, .context = native},
         {"bwrap executor, the same", .call = run_launch, .context = other},
         {"bwrap alone, the same namespaces and mounts", .more = bwrap},
         {"bwrap, setpriv, prlimit: one after the other", .more = chain}},
    };
    const struct comparison throughput = {
        crowd,
        30,
        {{"native executor", .call = run_crowd, .context = &natives},
         {"bwrap, setpriv, prlimit", .call = run_crowd, .context = &chains}},
    };

    (void)snprintf(what, sizeof(what), "launch of /bin/true in a sandbox; %s", who);
    (void)snprintf(crowd, sizeof(crowd), "%d launches by %d workers; %s", WORKERS * LAUNCHES, WORKERS, who);
    compare(&launches);
    compare(&throughput);
}

static void compare_here(const char *csc, const char *who)
{
    static const char *const limits[] = {"/usr/bin/setpriv", "--no-new-privs", "/usr/bin/prlimit", "--nofile=1024",
                                         "--cpu=300",        "--core=0",       "/bin/true",        NULL};
    static const char *const nothing[] = {"/bin/true", NULL};
    struct csc_error err = {0};
    char folder[PATH_MAX];

    write_inputs(folder);
    if (!write_plans(csc)) {
        (void)fprintf(stderr, "bench: hardened mode %s is left out: this machine cannot hold it; see csc doctor\n",
                      who);
        return;
    }
    if (csc_exec_become_supervisor(&err) < 0)
        die("supervisor");
    const char *const *bwrap = same_options("plans.json", nothing), *const *chain = same_options("plans.json", limits);
    if (!bwrap || !chain)
        die("plans.json");
    compare_runs(csc, who, bwrap);
    compare_launches(folder, who, bwrap, chain);
}

/* In a process of its own: its children are its own business. */
static void compare_as(const char *csc, const char *name, uid_t user)
{
    char peak[80];
    int status;

    (void)fflush(stdout);
    (void)snprintf(peak, sizeof(peak), "%s/peak", name);
    if (mkdir(name, 0755) < 0 || chown(name, user, user) < 0 || symlink("../peak", peak) < 0)
        die(name);
    pid_t child = fork();
    if (child == 0) {
        if (chdir(name) < 0 || (user != geteuid() && (setgroups(0, NULL) < 0 || setgid(user) < 0 || setuid(user) < 0)))
            die(name);
        compare_here(csc, name);
        exit(0);
    }
    if (waitpid(child, &status, 0) != child || status != 0)
        die(name);
}

void compare_hardened(const char *csc)
{
    if (geteuid() == 0)
        compare_as(csc, "as root", 0);
    compare_as(csc, "as a plain user", geteuid() == 0 ? PLAIN : geteuid());
}
