/* SPDX-License-Identifier: Apache-2.0 */
#include "measure.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

void die(const char *what)
{
    perror(what);
    exit(70);
}

static double now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Runs a program with its output thrown away. */
void run_program(const char *const *argv)
{
    /* Nothing is recorded but by the arms that name a ledger. */
    static char path[] = "PATH=/usr/bin:/bin", ledger[] = "CSC_LEDGER=none";
    static char *const environment[] = {path, ledger, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;

    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&child, argv[0], &actions, NULL, (char *const *)argv, environment) != 0)
        die(argv[0]);
    (void)posix_spawn_file_actions_destroy(&actions);
    int status;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        (void)fprintf(stderr, "bench: %s %s: status %x\n", argv[0], argv[1] ? argv[1] : "", (unsigned)status);
        exit(70);
    }
}

/* Peak memory in KiB, by the program `peak`. */
static long peak_memory(const char *const *argv)
{
    const char *measured[24] = {"./peak"};
    long kib = 0;
    int fds[2];

    for (size_t i = 0; argv[i] && i + 2 < ARRAY_SIZE(measured); i++)
        measured[i + 1] = argv[i];
    if (pipe2(fds, O_CLOEXEC) < 0)
        die("pipe");
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(fds[1], STDOUT_FILENO);
        (void)execv(measured[0], (char *const *)measured);
        _exit(127);
    }
    (void)close(fds[1]);
    FILE *text = fdopen(fds[0], "r");
    if (!text || fscanf(text, "%ld", &kib) != 1)
        die("peak");
    (void)fclose(text);
    (void)waitpid(child, NULL, 0);
    return kib;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Of this process and the children that it waited for. */
static double cpu_us(void)
{
    double sum = 0;

    for (int who = RUSAGE_CHILDREN; who <= RUSAGE_SELF; who++) {
        struct rusage u;
        (void)getrusage((__rusage_who_t)who, &u);
        sum += (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
    }
    return sum;
}

static void run_arm(const struct arm *arm)
{
    if (arm->call)
        arm->call(arm->context);
    else
        run_program(arm->more ? arm->more : arm->argv);
}

struct figures {
    double minimum, median, cpu; /* us; cpu: the median */
};

static struct figures summarise(double *times, double *cpus, int repeats)
{
    qsort(times, (size_t)repeats, sizeof(*times), by_value);
    qsort(cpus, (size_t)repeats, sizeof(*cpus), by_value);
    return (struct figures){times[0], times[repeats / 2], cpus[repeats / 2]};
}

static void print_row(const struct comparison *c, int arm, const struct figures figures[ARMS_MAX])
{
    const struct figures *mine = &figures[arm], *judged = &figures[0];
    const struct arm *what = &c->arms[arm];

    (void)printf("| %s | %s | %.1f | %.1f | %.1f |", arm == 0 ? c->what : "", what->name, mine->minimum, mine->median,
                 mine->cpu);
    if (arm == 0)
        (void)printf(" 1 | 1 | 1 |");
    else
        (void)printf(" %.2f | %.2f | %.2f |", judged->minimum / mine->minimum, judged->median / mine->median,
                     judged->cpu / mine->cpu);
    if (what->call || what->more)
        (void)printf(" – |\n");
    else
        (void)printf(" %ld |\n", peak_memory(what->argv));
    (void)fflush(stdout);
}

void print_head(void)
{
    (void)printf("| what | arm | min µs | median µs | CPU µs | min ratio | median ratio | CPU ratio | peak KiB |\n"
                 "|---|---|---|---|---|---|---|---|---|\n");
}

void compare(const struct comparison *c)
{
    static double times[ARMS_MAX][REPEATS_MAX], cpus[ARMS_MAX][REPEATS_MAX];
    struct figures figures[ARMS_MAX] = {{0}};
    int arms = 0;

    while (arms < ARMS_MAX && c->arms[arms].name)
        arms++;
    for (int i = -3; i < c->repeats; i++) { /* the first three warm the caches */
        for (int a = 0; a < arms; a++) {
            double start = now_us(), cpu = cpu_us();
            run_arm(&c->arms[a]);
            if (i < 0)
                continue;
            times[a][i] = now_us() - start;
            cpus[a][i] = cpu_us() - cpu;
        }
    }
    for (int a = 0; a < arms; a++)
        figures[a] = summarise(times[a], cpus[a], c->repeats);
    for (int a = 0; a < arms; a++)
        print_row(c, a, figures);
}

void write_file(const char *path, const char *text, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || csc_write_all(fd, text, size) < 0 || close(fd) < 0)
        die(path);
}
