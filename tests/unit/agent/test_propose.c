/* SPDX-License-Identifier: Apache-2.0 */
/* What is filled in where an agent says nothing: the least that its programs need, and never more than the policy has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/agent.h"
#include "support/folder.h"

#define HEAD                                                                                                           \
    "policy_schema_version: csc.policy.v0.1\n"                                                                         \
    "name: test\n"                                                                                                     \
    "allow_commands: [cat]\n"                                                                                          \
    "allow_secret_refs: false\n"

/* Reads and writes of a project, and reads of one folder beside it. */
static const char dev[] = HEAD "allowed_effect_types: [observe, transform_local, mutate_repo]\n"
                               "allowed_risk_classes: [low, medium]\n"
                               "max_timeout_sec: 60\n"
                               "network: deny\n"
                               "allowed_cwd_prefixes: [/w]\n"
                               "allowed_read_prefixes: [/w, /w/p, /data]\n"
                               "allowed_write_prefixes: [/w/p, /w/p/out, /scratch]\n";
static const char reader[] = HEAD "allowed_effect_types: [observe]\n"
                                  "allowed_risk_classes: [medium]\n"
                                  "max_timeout_sec: 600\n"
                                  "network: allowlisted\n"
                                  "require_write_paths_empty: true\n"
                                  "allowed_cwd_prefixes: [/w]\n"
                                  "allowed_read_prefixes: [/]\n";
static const char worker[] = HEAD "allowed_effect_types: [transform_local, fetch_external, deploy]\n"
                                  "allowed_risk_classes: [low, high]\n"
                                  "max_timeout_sec: 600\n"
                                  "network: full\n"
                                  "allowed_cwd_prefixes: [/w]\n"
                                  "allowed_read_prefixes: [/w/p/]\n"
                                  "allowed_write_prefixes: [/w/p/out]\n";

static const char apart[] = HEAD "allowed_effect_types: [observe]\n"
                                 "allowed_risk_classes: [low]\n"
                                 "max_timeout_sec: 60\n"
                                 "network: deny\n"
                                 "allowed_cwd_prefixes: [/w]\n"
                                 "allowed_read_prefixes: [/data]\n";

struct expectation {
    const char *policy;         /* NULL: none */
    const char *argv;           /* words separated by blanks, programs by " | " */
    const char *reads, *writes; /* separated by blanks */
    const char *network, *effect, *risk;
};

/* In /w/p/src. */
static const struct expectation rows[] = {
    /* What only reads gets cwd. */
    {dev, "cat a", "/w/p/src", "", "deny", "observe", "low"},
    {dev, "ls", "/w/p/src", "", "deny", "observe", "low"},
    {dev, "echo /etc/passwd", "/w/p/src", "", "deny", "observe", "low"},
    {NULL, "cat a", "/w/p/src", "", "deny", "observe", "low"},
    /* Operands that lie elsewhere, however they are spelled; whether they may is for the policy to say. */
    {dev, "cat /etc/hosts", "/w/p/src /etc/hosts", "", "deny", "observe", "low"},
    {dev, "cat ../../../etc/hosts", "/w/p/src /etc/hosts", "", "deny", "observe", "low"},
    {dev, "cat ../README //etc//x /etc/./y/../z", "/w/p/src /w/p/README /etc/x /etc/z", "", "deny", "observe", "low"},
    {dev, "cat -- -a /data/x", "/w/p/src /data/x", "", "deny", "observe", "low"},
    {dev, "diff --from-file=/etc/a b", "/w/p/src /etc/a", "", "deny", "observe", "low"},
    {dev, "head -n/etc/a b", "/w/p/src /etc/a", "", "deny", "observe", "low"},
    {dev, "cat file:///etc/a @/etc/b", "/w/p/src /etc/a /etc/b", "", "deny", "observe", "low"},
    {dev, "cat /dev/null /dev/urandom", "/w/p/src", "", "deny", "observe", "low"},
    {dev, "cat /dev/sda", "/w/p/src /dev/sda", "", "deny", "observe", "low"},
    {dev, "cat /data/[a]/x", "/w/p/src /data", "", "deny", "observe", "low"},
    {dev, "cat /[a", "/w/p/src /", "", "deny", "observe", "low"},
    {dev, "cat /data/a /data/a /data/a/b /w/p/src/x", "/w/p/src /data/a", "", "deny", "observe", "low"},
    {NULL, "cat ../x /etc/y", "/w/p/src /w/p/x /etc/y", "", "deny", "observe", "low"},
    /* A pattern is no file, unless an option gives it. */
    {dev, "grep /api x", "/w/p/src", "", "deny", "observe", "low"},
    {dev, "grep -rn /api /data", "/w/p/src /data", "", "deny", "observe", "low"},
    {dev, "grep -e /api /etc/hosts", "/w/p/src /api /etc/hosts", "", "deny", "observe", "low"},
    {dev, "grep -ne x /etc/hosts", "/w/p/src /etc/hosts", "", "deny", "observe", "low"},
    {dev, "grep --regexp=x /etc/hosts", "/w/p/src /etc/hosts", "", "deny", "observe", "low"},
    {dev, "sed -n /x/p f", "/w/p/src", "", "deny", "observe", "low"},
    {dev, "sed -f /etc/s f", "/w/p/src /etc/s", "", "deny", "observe", "low"},
    /* What writes gets the folder of what it writes, as far as the policy has it. */
    {dev, "sed -i s/a/b/ f", "/w/p/src", "/w/p/src", "deny", "transform_local", "low"},
    {dev, "touch a", "/w/p/src", "/w/p/src", "deny", "transform_local", "low"},
    {dev, "touch ../a", "/w/p/src", "/w/p", "deny", "transform_local", "low"},
    {dev, "touch ../out/a", "/w/p/src", "/w/p/out", "deny", "transform_local", "low"},
    {dev, "touch /scratch/a/b", "/w/p/src", "/scratch", "deny", "transform_local", "low"},
    {dev, "touch /etc/a", "/w/p/src", "/etc/a", "deny", "transform_local", "low"},
    {NULL, "touch /etc/a b", "/w/p/src", "/etc /w/p/src", "deny", "transform_local", "low"},
    {dev, "cp /data/a b", "/w/p/src /data/a", "/w/p/src", "deny", "transform_local", "low"},
    {dev, "cp a /etc/b", "/w/p/src", "/etc/b", "deny", "transform_local", "low"},
    {dev, "mv /etc/a b", "/w/p/src", "/etc/a /w/p/src", "deny", "transform_local", "low"},
    {dev, "rm -rf /", "/w/p/src", "/", "deny", "transform_local", "low"},
    {dev, "chmod 600 /etc/a", "/w/p/src", "/etc/a", "deny", "transform_local", "low"},
    {dev, "dd if=/etc/a of=/etc/b", "/w/p/src /etc/a", "/etc/b", "deny", "transform_local", "low"},
    {dev, "sort -o /etc/a b", "/w/p/src", "/etc/a", "deny", "transform_local", "low"},
    {dev, "sort -o/etc/a b", "/w/p/src", "/etc/a", "deny", "transform_local", "low"},
    {dev, "sort --output=/etc/a b", "/w/p/src", "/etc/a", "deny", "transform_local", "low"},
    {dev, "sort -- -o /etc/a", "/w/p/src /etc/a", "", "deny", "observe", "low"},
    {dev, "cat a | tee /w/p/out/x", "/w/p/src", "/w/p/out", "deny", "transform_local", "low"},
    {reader, "touch a", "/w/p/src", "/w/p/src/a", "deny", "transform_local", "medium"},
    /* What works on the project gets it, no more than the policy has of it. */
    {dev, "make all", "/w/p", "/w/p", "deny", "transform_local", "low"},
    {reader, "make all", "/w/p/src", "/w/p/src", "deny", "transform_local", "medium"},
    {worker, "make all", "/w/p/", "/w/p/src", "deny", "transform_local", "low"},
    {NULL, "make all", "/w/p/src", "/w/p/src", "deny", "transform_local", "low"},
    {dev, "git status", "/w/p", "", "deny", "observe", "low"},
    {dev, "git commit -m x", "/w/p", "/w/p", "deny", "mutate_repo", "medium"},
    {dev, "git -C /other log", "/w/p /other", "", "deny", "observe", "low"},
    {dev, "python3.11 x.py", "/w/p", "/w/p", "deny", "transform_local", "low"},
    /* An unknown program is taken at its words. */
    {dev, "/opt/tool --in=/etc/a ../b", "/w/p /etc/a", "", "deny", "observe", "low"},
    {dev, "timeout 5 cat /etc/hosts", "/w/p", "/w/p /etc/hosts", "deny", "transform_local", "low"},
    /* Where the policy has nothing of cwd, an operand below it is asked for by name; a subcommand is none. */
    {apart, "cat a", "/w/p/src/a", "", "deny", "observe", "low"},
    {apart, "git log ./x", "/w/p/src/x", "", "deny", "observe", "low"},
    /* Threat: a path that a word holds, and no scope. It is looked for wherever a word could hold one. */
    {dev, "make -C ..", "/w/p", "/w/p", "deny", "transform_local", "low"},
    {dev, "make -C ../../x", "/w/p", "/w/p /w/x", "deny", "transform_local", "low"},
    {dev, "git -C ../../x log", "/w/p /w/x", "", "deny", "observe", "low"},
    {dev, "git init ../../x", "/w/p", "/w/p /w/x", "deny", "mutate_repo", "medium"},
    {dev, "diff --from-file=a/../../../../x b", "/w/p/src /x", "", "deny", "observe", "low"},
    {dev, "grep -f./../../../x a", "/w/p/src /x", "", "deny", "observe", "low"},
    {dev, "make --file=./../../../x", "/w/p", "/w/p /x", "deny", "transform_local", "low"},
    {dev, "dd if=./../../../x of=y", "/w/p/src /x /w/x", "/w/p/src", "deny", "transform_local", "low"},
    {dev, "cp -at../../../x a", "/w/p/src", "/x /w/p/src", "deny", "transform_local", "low"},
    {dev, "cp --target-directory=../../../x a", "/w/p/src", "/x /w/p/src", "deny", "transform_local", "low"},
    {dev, "cp --tar ../../../x a", "/w/p/src", "/x /w/p/src", "deny", "transform_local", "low"},
    {dev, "sort -uo/etc/a b", "/w/p/src", "/etc/a", "deny", "transform_local", "low"},
    {dev, "sort -uo /etc/a b", "/w/p/src", "/etc/a", "deny", "transform_local", "low"},
    {dev, "sort --outp=/etc/a b", "/w/p/src", "/etc/a", "deny", "transform_local", "low"},
    {dev, "sort -to /etc/a", "/w/p/src /etc/a", "", "deny", "observe", "low"},
    {dev, "tar -cf/etc/a b", "/w/p/src", "/w/p /etc/a", "deny", "transform_local", "low"},
    {dev, "grep --regex=x /etc/hosts", "/w/p/src /etc/hosts", "", "deny", "observe", "low"},
    {dev, "sed --expr=p /etc/hosts", "/w/p/src /etc/hosts", "", "deny", "observe", "low"},
    {dev, "sed -Ei s/a/b/ /etc/a", "/w/p/src", "/w/p/src /etc/a", "deny", "transform_local", "low"},
    {dev, "sed --in-pl s/a/b/ /etc/a", "/w/p/src", "/w/p/src /etc/a", "deny", "transform_local", "low"},
    {dev, "uniq a /etc/b", "/w/p/src", "/etc/b", "deny", "transform_local", "low"},
    {dev, "uniq a", "/w/p/src", "", "deny", "observe", "low"},
    {dev, "find /etc -delete", "/w/p/src", "/w/p/src /etc", "deny", "transform_local", "low"},
    {dev, "find . -fprint /etc/a", "/w/p/src", "/w/p/src /etc/a", "deny", "transform_local", "low"},
    {dev, "find . -name x", "/w/p/src", "", "deny", "observe", "low"},
    {dev, "xargs rm /etc/a", "/w/p", "/w/p /etc/a", "deny", "transform_local", "low"},
    {dev, "xargs -a /etc/a echo", "/w/p", "/w/p /etc/a", "deny", "transform_local", "low"},
    {dev, "git diff --output=/etc/a", "/w/p", "/etc/a", "deny", "transform_local", "low"},
    {dev, "git format-patch -o /etc/a HEAD", "/w/p", "/etc/a", "deny", "transform_local", "low"},
    {dev, "go build -o /etc/a", "/w/p", "/w/p /etc/a", "deny", "transform_local", "low"},
    {dev, "gcc -o /etc/a -fno-common x.c", "/w/p", "/w/p /etc/a", "deny", "transform_local", "low"},
    {dev, "gcc -I/usr/include -o x x.c", "/w/p /usr/include", "/w/p", "deny", "transform_local", "low"},
    {dev, "split /etc/a", "/w/p/src", "/w/p /etc/a", "deny", "transform_local", "low"},
    {dev, "curl -T /etc/a -XPOST x", "/w/p/src /etc/a", "", "full", "fetch_external", "medium"},
    {dev, "curl -sSLo /etc/a x", "/w/p/src", "/etc/a", "full", "fetch_external", "medium"},
    {dev, "curl -d@/etc/a x", "/w/p/src /etc/a", "", "full", "fetch_external", "medium"},
    {dev, "curl --data=@/etc/a x", "/w/p/src /etc/a", "", "full", "fetch_external", "medium"},
    {dev, "curl -sO x", "/w/p/src", "/w/p/src", "full", "fetch_external", "medium"},
    {dev, "wget -qO/etc/a x", "/w/p/src", "/w/p /etc/a", "full", "fetch_external", "medium"},
    {reader, "sed -i s/a/b/ f", "/w/p/src", "/w/p/src", "deny", "transform_local", "medium"},
    {reader, "patch -p1", "/w/p/src", "/w/p/src", "deny", "transform_local", "medium"},
    /* The network that a rule names, as far as the policy goes; under none, what it would take. */
    {dev, "curl https://example.com", "/w/p/src", "", "full", "fetch_external", "medium"},
    {reader, "curl https://example.com", "/w/p/src", "", "allowlisted", "fetch_external", "medium"},
    {worker, "curl -o /w/p/out/x https://example.com", "/w/p/src", "/w/p/out", "full", "fetch_external", "high"},
    {worker, "git push", "/w/p/", "/w/p/src", "full", "deploy", "high"},
    {NULL, "git push", "/w/p/src", "/w/p/src", "full", "deploy", "high"},
    /* The effect and the class are the least that the policy has, and not below what the command is. */
    {worker, "cat a", "/w/p/src", "", "deny", "transform_local", "low"},
    {reader, "cat a", "/w/p/src", "", "deny", "observe", "medium"},
    {reader, "cat ~/.ssh/id_ed25519", "/w/p/src", "", "deny", "touch_secrets", "critical"},
};

/* ---- making --------------------------------------------------------------------------------------------------- */

static struct csc_policy *load(const char *text)
{
    struct csc_policy *policy = NULL;

    if (text)
        assert_int_equal(csc_policy_parse(text, strlen(text), &policy, NULL), 0);
    return policy;
}

static void split(struct csc_arena *arena, const char *words, struct csc_proposed_command *command)
{
    char *text = csc_arena_copy(arena, words, strlen(words)), *rest = NULL;

    *command = (struct csc_proposed_command){.cwd = "/w/p/src", .network = -1};
    command->argvs = csc_arena_array(arena, 10, sizeof(struct csc_argv));
    command->argv_count = 1;
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        struct csc_argv *argv = &command->argvs[command->argv_count - 1];
        if (strcmp(word, "|") == 0) {
            command->argv_count++;
            continue;
        }
        if (!argv->items)
            argv->items = csc_arena_array(arena, 300, sizeof(char *));
        argv->items[argv->count++] = word;
    }
}

static int propose(const struct csc_proposal *given, const char *policy_text, struct csc_proposed **ret_proposed,
                   struct csc_error *err)
{
    struct csc_policy *policy = load(policy_text);
    int r = csc_propose(given, policy, ret_proposed, err);

    csc_policy_free(policy);
    return r;
}

static void assert_paths(const char *what, const char *const *paths, size_t count, const char *expected)
{
    struct csc_buf seen = {0};

    for (size_t i = 0; i < count; i++)
        csc_buf_printf(&seen, "%s%s", i > 0 ? " " : "", paths[i]);
    if (strcmp(count > 0 ? seen.data : "", expected) != 0)
        fail_msg("%s: saw \"%s\", wanted \"%s\"", what, count > 0 ? seen.data : "", expected);
    csc_buf_free(&seen);
}

/* ---- tests ---------------------------------------------------------------------------------------------------- */

static void test_filled_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct expectation *row = &rows[i];
        struct csc_arena arena = {0};
        struct csc_proposed_command command;
        struct csc_proposed *proposed = NULL;

        split(&arena, row->argv, &command);
        const struct csc_proposal proposal = {.commands = &command, .command_count = 1, .risk = -1};
        assert_int_equal(propose(&proposal, row->policy, &proposed, NULL), 0);
        const struct csc_command *made = &proposed->contract->commands[0];
        assert_paths(row->argv, made->read_paths, made->read_path_count, row->reads);
        assert_paths(row->argv, made->write_paths, made->write_path_count, row->writes);
        if (strcmp(csc_network_names[made->network], row->network) != 0 ||
            strcmp(csc_effect_names[made->proposed_effect], row->effect) != 0 ||
            strcmp(csc_risk_names[proposed->contract->risk], row->risk) != 0)
            fail_msg("%s: saw %s, %s, %s", row->argv, csc_network_names[made->network],
                     csc_effect_names[made->proposed_effect], csc_risk_names[proposed->contract->risk]);
        csc_proposed_free(proposed);
        csc_arena_free(&arena);
    }
}

/* Every path and every level above deny is told, with a reason. */
static void test_notes(void **state)
{
    struct csc_arena arena = {0};
    struct csc_proposed_command commands[2];
    struct csc_proposed *proposed = NULL;

    (void)state;
    split(&arena, "cp /data/a b", &commands[0]);
    split(&arena, "curl https://example.com", &commands[1]);
    const struct csc_proposal proposal = {.commands = commands, .command_count = 2, .risk = -1};
    assert_int_equal(propose(&proposal, dev, &proposed, NULL), 0);
    static const struct csc_proposed_note expected[] = {
        {"cmd_1", "read_paths", "/w/p/src", "cwd"},
        {"cmd_1", "read_paths", "/data/a", "operand of cp"},
        {"cmd_1", "write_paths", "/w/p/src", "written operand of cp"},
        {"cmd_2", "read_paths", "/w/p/src", "cwd"},
        {"cmd_2", "network", "full", NULL},
    };
    assert_int_equal(proposed->note_count, ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        assert_string_equal(proposed->notes[i].command_id, expected[i].command_id);
        assert_string_equal(proposed->notes[i].field, expected[i].field);
        assert_string_equal(proposed->notes[i].value, expected[i].value);
        if (expected[i].why)
            assert_string_equal(proposed->notes[i].why, expected[i].why);
    }
    csc_proposed_free(proposed);
    csc_arena_free(&arena);
}

/* What is asked for stands as it is; "exact" adds nothing to it. */
static void test_asked_for(void **state)
{
    struct csc_arena arena = {0};
    struct csc_proposed_command command;
    struct csc_proposed *proposed = NULL;
    const char *paths[] = {"/etc/a"};

    (void)state;
    split(&arena, "cp /data/a b", &command);
    command.read_paths = command.write_paths = (struct csc_strings){paths, 1};
    command.exact_writes = true;
    command.network = CSC_NETWORK_FULL;
    command.timeout_sec = 7;
    const char *names[] = {"LANG"};
    const struct csc_proposal proposal = {.commands = &command,
                                          .command_count = 1,
                                          .env_allow = {names, 1},
                                          .risk = CSC_RISK_CRITICAL,
                                          .intent = "why",
                                          .agent_id = "a",
                                          .session_id = "s",
                                          .initiating_user = "u"};
    assert_int_equal(propose(&proposal, dev, &proposed, NULL), 0);
    const struct csc_contract *contract = proposed->contract;
    const struct csc_command *made = &contract->commands[0];
    assert_paths("reads", made->read_paths, made->read_path_count, "/etc/a /w/p/src /data/a");
    assert_paths("writes", made->write_paths, made->write_path_count, "/etc/a");
    assert_int_equal(made->network, CSC_NETWORK_FULL);
    assert_int_equal(made->timeout_sec, 7);
    assert_int_equal(contract->risk, CSC_RISK_CRITICAL);
    assert_string_equal(made->env_allow[0], "LANG");
    assert_string_equal(contract->intent, "why");
    assert_string_equal(contract->agent_id, "a");
    assert_string_equal(contract->session_id, "s");
    assert_string_equal(contract->initiating_user, "u");
    csc_proposed_free(proposed);
    csc_arena_free(&arena);
}

/* The same proposal is the same contract, and another one is another. */
static void test_hash(void **state)
{
    struct csc_arena arena = {0};
    struct csc_proposed_command command;
    struct csc_proposed *proposed[3] = {0};

    (void)state;
    split(&arena, "cat a", &command);
    struct csc_proposal proposal = {.commands = &command, .command_count = 1, .risk = -1};
    for (int i = 0; i < 3; i++) {
        proposal.session_id = i == 2 ? "other" : "one";
        assert_int_equal(propose(&proposal, dev, &proposed[i], NULL), 0);
    }
    assert_string_equal(proposed[0]->contract->sha256, proposed[1]->contract->sha256);
    assert_string_equal(proposed[0]->json, proposed[1]->json);
    assert_string_not_equal(proposed[0]->contract->sha256, proposed[2]->contract->sha256);
    assert_string_not_equal(proposed[0]->contract->id, proposed[2]->contract->id);
    for (int i = 0; i < 3; i++)
        csc_proposed_free(proposed[i]);
    csc_arena_free(&arena);
}

/* What a name in cwd leads to is asked for, too. Threat: a link in a repository that was cloned. */
static void test_links(void **state)
{
    static const struct {
        const char *argv, *reads, *writes; /* @ stands for the folder */
    } cases[] = {
        {"cat in", "@/w", ""},
        {"cat out", "@/w @/away/f", ""},
        {"cat folder/f", "@/w @/away/f", ""},
        {"cat folder/../g", "@/w @/g", ""},
        {"cat folder/new", "@/w @/away/new", ""},
        {"tee folder/new", "@/w", "@/w @/away"},
        {"tool --x=out", "@/w @/away/f", ""},
        {"git log out", "@/w @/away/f", ""},
        {"echo out", "@/w", ""},
        {"cat missing/../out", "@/w @/away/f", ""},
    };
    char *root = folder_create();

    (void)state;
    assert_int_equal(mkdir(folder_path(root, "w"), 0700), 0);
    assert_int_equal(mkdir(folder_path(root, "away"), 0700), 0);
    folder_write(root, "away/f", "x");
    folder_write(root, "g", "x");
    folder_write(root, "w/file", "x");
    assert_int_equal(symlink("file", folder_path(root, "w/in")), 0);
    assert_int_equal(symlink("../away/f", folder_path(root, "w/out")), 0);
    assert_int_equal(symlink(folder_path(root, "away"), folder_path(root, "w/folder")), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_arena arena = {0};
        struct csc_proposed_command command;
        struct csc_proposed *proposed = NULL;
        struct csc_buf seen = {0}, wanted = {0};

        split(&arena, cases[i].argv, &command);
        command.cwd = folder_path(root, "w");
        const struct csc_proposal proposal = {.commands = &command, .command_count = 1, .risk = -1};
        assert_int_equal(propose(&proposal, NULL, &proposed, NULL), 0);
        const struct csc_command *made = &proposed->contract->commands[0];
        for (size_t k = 0; k < made->read_path_count; k++)
            csc_buf_printf(&seen, "%s%s", k > 0 ? " " : "", made->read_paths[k]);
        csc_buf_puts(&seen, " > ");
        for (size_t k = 0; k < made->write_path_count; k++)
            csc_buf_printf(&seen, "%s%s", k > 0 ? " " : "", made->write_paths[k]);
        for (const char *part = cases[i].reads; part; part = part == cases[i].reads ? cases[i].writes : NULL) {
            csc_buf_puts(&wanted, part == cases[i].writes ? " > " : "");
            for (const char *c = part; *c; c++)
                csc_buf_printf(&wanted, *c == '@' ? "%s" : "%.0s%c", root, *c);
        }
        if (strcmp(seen.data, wanted.data) != 0)
            fail_msg("%s: saw \"%s\", wanted \"%s\"", cases[i].argv, seen.data, wanted.data);
        csc_buf_free(&seen);
        csc_buf_free(&wanted);
        csc_proposed_free(proposed);
        csc_arena_free(&arena);
    }
    folder_remove(root);
}

static void test_limits(void **state)
{
    struct csc_arena arena = {0};
    struct csc_proposed_command commands[21], command;
    struct csc_proposed *proposed = NULL;
    struct csc_error err = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        split(&arena, "cat a", &commands[i]);
    struct csc_proposal proposal = {.commands = commands, .command_count = 21, .risk = -1};
    assert_int_equal(propose(&proposal, dev, &proposed, &err), -CSC_E_DATA);
    proposal.command_count = 20;
    assert_int_equal(propose(&proposal, dev, &proposed, NULL), 0);
    csc_proposed_free(proposed);
    proposed = NULL;
    /* A folder whose name would be a pattern in a scope. */
    split(&arena, "cat a", &command);
    command.cwd = "/w/p*";
    proposal = (struct csc_proposal){.commands = &command, .command_count = 1, .risk = -1};
    assert_int_equal(propose(&proposal, dev, &proposed, NULL), -CSC_E_DATA);
    /* More paths than anybody would look at, each in none of the others. */
    split(&arena, "cat a", &command);
    for (size_t i = 1; i < 260; i++)
        command.argvs[0].items[i] = csc_arena_printf(&arena, "/data/%zu", i);
    command.argvs[0].count = 256;
    proposal = (struct csc_proposal){.commands = &command, .command_count = 1, .risk = -1};
    assert_int_equal(propose(&proposal, dev, &proposed, NULL), 0);
    csc_proposed_free(proposed);
    proposed = NULL;
    command.argvs[0].count = 258;
    assert_int_equal(propose(&proposal, dev, &proposed, NULL), -CSC_E_DATA);
    /* Words for people are cut at a character; the command itself is whole. */
    split(&arena, "echo x", &command);
    char *word = csc_arena_alloc(&arena, 10001);
    for (size_t i = 0; i < 10000; i += 2)
        memcpy(word + i, "\xC3\xA9", 2);
    command.argvs[0].items[1] = word;
    proposal = (struct csc_proposal){.commands = &command, .command_count = 1, .risk = -1};
    assert_int_equal(propose(&proposal, dev, &proposed, NULL), 0);
    assert_int_equal(csc_utf8_count(proposed->contract->intent, strlen(proposed->contract->intent)), 1000);
    assert_int_equal(strlen(proposed->contract->commands[0].argvs[0].items[1]), 10000);
    csc_proposed_free(proposed);
    csc_arena_free(&arena);
}

static void test_resolve(void **state)
{
    static const struct {
        const char *cwd, *path, *expected;
    } cases[] = {
        {"/a/b", "c", "/a/b/c"},
        {"/a/b", "../c", "/a/c"},
        {"/a/b", "../../../c", "/c"},
        {"/a/b", "..", "/a"},
        {"/a/b", "../..", "/"},
        {"/a/b", "", "/a/b"},
        {"/a/b", ".", "/a/b"},
        {"/a/b/", "./c//d/", "/a/b/c/d"},
        {"/a/b", "/c/../d", "/d"},
        {"/", "x", "/x"},
        {"/", "..", "/"},
        {"/a/b", "//c", "/c"},
        {"/a/b", "...", "/a/b/..."},
        {"/a/b", "..c/c..", "/a/b/..c/c.."},
    };
    struct csc_arena arena = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(csc_shell_resolve(&arena, cases[i].cwd, cases[i].path), cases[i].expected);
    csc_arena_free(&arena);
}

static void test_quote(void **state)
{
    static const struct {
        const char *word, *expected;
    } cases[] = {
        {"a", "a"},
        {"/a-b_c.d:e@f%g+h,i", "/a-b_c.d:e@f%g+h,i"},
        {"", "''"},
        {"a b", "'a b'"},
        {"it's", "'it'\\''s'"},
        {"'", "''\\'''"},
        {"$x", "'$x'"},
        {"a\nb", "'a\nb'"},
        {"~", "'~'"},
        {"A=b", "'A=b'"},
        {"\\", "'\\'"},
        {"\xC3\xA9", "'\xC3\xA9'"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct csc_buf buf = {0};
        csc_shell_quote(&buf, cases[i].word);
        assert_string_equal(buf.data, cases[i].expected);
        csc_buf_free(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filled_in), cmocka_unit_test(test_notes), cmocka_unit_test(test_asked_for),
        cmocka_unit_test(test_hash),      cmocka_unit_test(test_links), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_resolve),   cmocka_unit_test(test_quote),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
