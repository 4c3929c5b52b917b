/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tool of the build: turns the tables of syscalls.c into BPF (seccomp(2)), for every machine that csc knows, and
 * writes a C file. Starting csc then costs no compilation, and csc links no libseccomp, which is asked for the numbers
 * here.
 *
 * The instructions are chosen here because the kernel's work at loading, which every run waits for, grows with their
 * number: neighbouring calls with the same answer share a leaf of one binary tree, and arguments are looked at below
 * the leaf of their call. What libseccomp's own compiler makes of the same tables takes
 * three times as long to load.
 *
 * usage: seccomp_compile OUTPUT.c
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <nettle/sha2.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "sandbox/syscalls.h"

enum {
    NUMBERS = 1024, /* more than any machine has; beyond them ENOSYS */
    NAME_BYTES = 64,
    X32_BIT = 0x40000000 /* __X32_SYSCALL_BIT */
};

struct machine {
    const char *name, *condition;
    uint32_t scmp, audit;
    bool x86_64;
};

static const struct machine machines[] = {
    {"x86_64", "CSC_SECCOMP_X86_64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, true},
    {"aarch64", "CSC_SECCOMP_AARCH64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, false},
};

/* What happens to a number: an enum csc_syscall_answer, or one of these. */
enum {
    ANSWER_KILL = CSC_SYSCALL_ENOSYS + 1,
    ANSWER_BY_RULES, /* plus the place of the first rule for its arguments */
};

static const uint32_t actions[] = {
    [CSC_SYSCALL_ALLOW] = SECCOMP_RET_ALLOW,
    [CSC_SYSCALL_EPERM] = SECCOMP_RET_ERRNO | EPERM,
    [CSC_SYSCALL_ENOSYS] = SECCOMP_RET_ERRNO | ENOSYS,
    [ANSWER_KILL] = SECCOMP_RET_KILL_PROCESS,
};

/* Numbers from `first` on, to the next run, have one answer. */
struct run {
    uint32_t first;
    unsigned answer;
};

struct runs {
    struct run items[NUMBERS + 2];
    size_t count;
};

struct program {
    struct sock_filter filter[BPF_MAXINSNS];
    size_t count;
    bool failed; /* too long */
};

static int complain(const char *what, const char *name, const struct machine *machine)
{
    (void)fprintf(stderr, "seccomp_compile: %s: %s: %s\n", machine->name, name, what);
    return -1;
}

/* ---- answers ---------------------------------------------------------------------------------------------------- */

/* Copies the next name of a group; false at the end. */
static bool next_name(const char **names, char ret_name[NAME_BYTES])
{
    size_t length = strcspn(*names, " ");

    if (length == 0 || length >= NAME_BYTES)
        return false;
    memcpy(ret_name, *names, length);
    ret_name[length] = '\0';
    *names += length;
    *names += **names == ' ';
    return true;
}

/*
 * Negative where the machine has no such call. A name that nobody knows, or that the machine does not know though the
 * table says so, must not silently vanish; nor must one that it knows though the table denies it.
 */
static int resolve(const char *name, bool expected, const struct machine *machine, int *ret_number)
{
    int number = seccomp_syscall_resolve_name_arch(machine->scmp, name);

    if (number == __NR_SCMP_ERROR || number >= NUMBERS)
        return complain("libseccomp knows no such system call", name, machine);
    if ((number >= 0) != expected)
        return complain(expected ? "does not exist here" : "exists, though the table denies it", name, machine);
    *ret_number = number;
    return 0;
}

static int answer_group(const struct csc_syscalls *group, const struct machine *machine, unsigned answers[NUMBERS],
                        bool listed[NUMBERS])
{
    const char *names = group->names;
    char name[NAME_BYTES];
    int number;

    while (next_name(&names, name)) {
        if (resolve(name, machine->x86_64 || !group->x86_64_only, machine, &number) < 0)
            return -1;
        if (number < 0)
            continue;
        if (listed[number])
            return complain("listed twice", name, machine);
        listed[number] = true;
        answers[number] = group->answer;
    }
    return *names == '\0' ? 0 : complain("too long, or a second space", names, machine);
}

/* Calls whose arguments matter have the place of their first rule for an answer. */
static int answer_rules(const struct machine *machine, unsigned answers[NUMBERS])
{
    for (size_t i = 0; i < csc_argument_rule_count; i++) {
        const char *name = csc_argument_rules[i].name;
        int number = seccomp_syscall_resolve_name_arch(machine->scmp, name);
        if (number == __NR_SCMP_ERROR || number >= NUMBERS)
            return complain("libseccomp knows no such system call", name, machine);
        if (number < 0 || answers[number] >= ANSWER_BY_RULES)
            continue;
        if (answers[number] != CSC_SYSCALL_ALLOW)
            return complain("has a rule for its arguments, but is not allowed", name, machine);
        answers[number] = ANSWER_BY_RULES + (unsigned)i;
    }
    return 0;
}

static void add_run(struct runs *runs, uint32_t first, unsigned answer)
{
    if (runs->count == 0 || runs->items[runs->count - 1].answer != answer)
        runs->items[runs->count++] = (struct run){.first = first, .answer = answer};
}

static int answer_all(const struct machine *machine, struct runs *ret_runs)
{
    unsigned answers[NUMBERS];
    bool listed[NUMBERS] = {false};

    for (size_t i = 0; i < NUMBERS; i++)
        answers[i] = CSC_SYSCALL_ENOSYS;
    for (size_t i = 0; i < csc_syscall_group_count; i++)
        if (answer_group(&csc_syscall_groups[i], machine, answers, listed) < 0)
            return -1;
    if (answer_rules(machine, answers) < 0)
        return -1;
    ret_runs->count = 0;
    for (uint32_t i = 0; i < NUMBERS; i++)
        add_run(ret_runs, i, answers[i]);
    add_run(ret_runs, NUMBERS, CSC_SYSCALL_ENOSYS);
    /* Calls of x32 are those of x86_64 with a bit set. */
    if (machine->x86_64)
        add_run(ret_runs, X32_BIT, ANSWER_KILL);
    add_run(ret_runs, UINT32_MAX, CSC_SYSCALL_ENOSYS); /* a tracer outside has skipped the call */
    return 0;
}

/* ---- instructions ----------------------------------------------------------------------------------------------- */

static struct sock_filter *emit(struct program *program, unsigned code, uint32_t k)
{
    program->failed |= program->count == BPF_MAXINSNS;
    program->count -= program->failed; /* overwrites; nothing of it is used */
    program->filter[program->count] = (struct sock_filter){.code = (uint16_t)code, .k = k};
    return &program->filter[program->count++];
}

static void emit_return(struct program *program, uint32_t action)
{
    (void)emit(program, BPF_RET | BPF_K, action);
}

static void emit_load(struct program *program, size_t offset)
{
    (void)emit(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* Where a jump goes that has its target still to come; 0 is the next instruction. */
enum { TO_HIT = 254, TO_MISS = 255 };

static void emit_jump(struct program *program, unsigned code, uint32_t k, uint8_t if_true, uint8_t if_false)
{
    struct sock_filter *jump = emit(program, BPF_JMP | code | BPF_K, k);

    jump->jt = if_true;
    jump->jf = if_false;
}

/* What comes next is where the jumps since `start` meant to go. */
static void land(struct program *program, size_t start, uint8_t target)
{
    for (size_t i = start; i < program->count; i++) {
        struct sock_filter *jump = &program->filter[i];
        size_t distance = program->count - i - 1;
        if (BPF_CLASS(jump->code) != BPF_JMP)
            continue;
        program->failed |= (jump->jt == target || jump->jf == target) && distance >= TO_HIT;
        jump->jt = jump->jt == target ? (uint8_t)distance : jump->jt;
        jump->jf = jump->jf == target ? (uint8_t)distance : jump->jf;
    }
}

/* Goes on behind when the test holds, else to TO_MISS. */
static void emit_test(struct program *program, const struct csc_argument *test)
{
    size_t start = program->count;

    if (test->test == CSC_ARGUMENT_NOT_LOOKED_AT)
        return;
    /* The low half: both machines are little-endian. */
    emit_load(program, offsetof(struct seccomp_data, args) + test->index * sizeof(uint64_t));
    if (test->test == CSC_ARGUMENT_HAS_ANY)
        emit_jump(program, BPF_JSET, test->mask, 0, TO_MISS);
    if (test->test == CSC_ARGUMENT_IS_ONE && test->mask != UINT32_MAX)
        (void)emit(program, BPF_ALU | BPF_AND | BPF_K, test->mask);
    for (size_t i = 0; i < test->count; i++) {
        bool last = i + 1 == test->count;
        if (test->test == CSC_ARGUMENT_IS_ONE)
            emit_jump(program, BPF_JEQ, test->values[i], TO_HIT, last ? TO_MISS : 0);
        else
            emit_jump(program, BPF_JEQ, test->values[i], TO_MISS, 0);
    }
    land(program, start, TO_HIT);
}

/* The rules for the call that `first` is about. */
static void emit_rules(struct program *program, size_t first, unsigned sockets)
{
    for (size_t i = first; i < csc_argument_rule_count; i++) {
        const struct csc_argument_rule *rule = &csc_argument_rules[i];
        size_t start = program->count;
        if (strcmp(rule->name, csc_argument_rules[first].name) != 0 || !(rule->sockets & 1U << sockets))
            continue;
        for (size_t k = 0; k < CSC_ARGUMENT_TESTS; k++)
            emit_test(program, &rule->tests[k]);
        emit_return(program, actions[CSC_SYSCALL_EPERM]);
        land(program, start, TO_MISS);
    }
    emit_return(program, actions[CSC_SYSCALL_ALLOW]);
}

/* The number is known to lie in one of `count` runs. */
static void emit_tree(struct program *program, const struct run *runs, size_t count)
{
    if (count == 1) {
        if (runs->answer < ANSWER_BY_RULES)
            emit_return(program, actions[runs->answer]);
        else /* to the rules, which stand behind the tree: a jump there may be a long one */
            (void)emit(program, BPF_JMP | BPF_JA, runs->answer);
        return;
    }
    size_t half = count / 2, start = program->count;
    emit_jump(program, BPF_JGE, runs[half].first, TO_HIT, 0);
    emit_tree(program, runs, half);
    land(program, start, TO_HIT);
    emit_tree(program, runs + half, count - half);
}

static int compile(const struct machine *machine, unsigned sockets, struct program *ret_program)
{
    struct program program = {.count = 0};
    struct runs runs;

    if (answer_all(machine, &runs) < 0)
        return -1;
    emit_load(&program, offsetof(struct seccomp_data, arch));
    emit_jump(&program, BPF_JEQ, machine->audit, 1, 0);
    emit_return(&program, actions[ANSWER_KILL]);
    emit_load(&program, offsetof(struct seccomp_data, nr));
    emit_tree(&program, runs.items, runs.count);
    for (size_t i = 0, end = program.count; i < end && !program.failed; i++) {
        struct sock_filter *jump = &program.filter[i];
        if (jump->code != (BPF_JMP | BPF_JA))
            continue;
        size_t first = jump->k - ANSWER_BY_RULES;
        jump->k = (uint32_t)(program.count - i - 1);
        emit_rules(&program, first, sockets);
    }
    if (program.failed)
        return complain("too long", "the program", machine);
    *ret_program = program;
    return 0;
}

/* ---- the C file ------------------------------------------------------------------------------------------------- */

static void write_program(FILE *file, unsigned sockets, const struct program *program)
{
    (void)fprintf(file, "static const struct sock_filter program_%u[] = {\n", sockets);
    for (size_t i = 0; i < program->count; i++)
        (void)fprintf(file, "    {0x%02x, %u, %u, 0x%08" PRIx32 "},\n", (unsigned)program->filter[i].code,
                      (unsigned)program->filter[i].jt, (unsigned)program->filter[i].jf, program->filter[i].k);
    (void)fprintf(file, "};\n\n");
}

static void write_hash(FILE *file, const struct program *program)
{
    struct sha256_ctx context;
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_init(&context);
    sha256_update(&context, program->count * sizeof(struct sock_filter), (const uint8_t *)program->filter);
    sha256_digest(&context, sizeof(digest), digest);
    (void)fprintf(file, "    \"");
    for (size_t i = 0; i < sizeof(digest); i++)
        (void)fprintf(file, "%02x", (unsigned)digest[i]);
    (void)fprintf(file, "\",\n");
}

static int write_machine(FILE *file, const struct machine *machine)
{
    struct program programs[CSC_SOCKETS_COUNT];

    (void)fprintf(file, "#ifdef %s\n\n", machine->condition);
    for (unsigned i = 0; i < CSC_SOCKETS_COUNT; i++) {
        if (compile(machine, i, &programs[i]) < 0)
            return -1;
        write_program(file, i, &programs[i]);
    }
    (void)fprintf(file, "const struct csc_seccomp_filter csc_seccomp_filters[CSC_SOCKETS_COUNT] = {\n");
    for (unsigned i = 0; i < CSC_SOCKETS_COUNT; i++)
        (void)fprintf(file, "    {program_%u, %zu},\n", i, programs[i].count);
    (void)fprintf(file, "};\n\nconst char csc_seccomp_hashes[CSC_SOCKETS_COUNT][65] = {\n");
    for (unsigned i = 0; i < CSC_SOCKETS_COUNT; i++)
        write_hash(file, &programs[i]);
    (void)fprintf(file, "};\n\n#endif\n");
    return 0;
}

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "we") : NULL;
    bool failed = !file;

    if (file)
        (void)fprintf(file, "/* Made by seccomp_compile from the tables in src/sandbox/syscalls.c. */\n"
                            "#include \"sandbox/seccomp_programs.h\"\n\n");
    for (size_t i = 0; i < ARRAY_SIZE(machines) && !failed; i++)
        failed = write_machine(file, &machines[i]) < 0;
    if (file && fclose(file) != 0)
        failed = true;
    if (failed)
        (void)fprintf(stderr, "seccomp_compile: nothing usable was written\n");
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
