/* SPDX-License-Identifier: Apache-2.0 */
/* peak PROGRAM ARGUMENT...: prints the peak memory of a program in KiB. A program of its own, and a small one: a child
 * is accounted the memory of the process that it was started from (getrusage(2), ru_maxrss). */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    posix_spawn_file_actions_t actions;
    struct rusage usage;
    pid_t child;

    if (argc < 2 || posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) != 0 ||
        posix_spawn(&child, argv[1], &actions, NULL, argv + 1, environ) != 0 || wait4(child, NULL, 0, &usage) != child)
        return 70;
    (void)printf("%ld\n", usage.ru_maxrss);
    return 0;
}
