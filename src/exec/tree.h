/* SPDX-License-Identifier: Apache-2.0 */
/* The process tree below the calling process, which is a subreaper. Private to exec/. */
#ifndef CSC_EXEC_TREE_H
#define CSC_EXEC_TREE_H

#include <stddef.h>
#include <stdint.h>

/* Nanoseconds by a clock that nobody can set, and that runs on while the machine sleeps. */
int64_t csc_clock_ns(void);

/*
 * Sends a signal to every descendant that can be found, setsid'ed and orphaned ones included. Returns how many of
 * them are alive, zombies not counted.
 */
size_t csc_tree_signal(int signal_number);

/*
 * The kernel's list of the calling thread's children, or -1. Opened before a command runs: that the system, or csc, has
 * run out of descriptors must not keep the command alive.
 */
int csc_tree_open_children(void);

/*
 * Kills and reaps all descendants. `child_fd` is a non-blocking signalfd(2) of SIGCHLD, `children_fd` from above.
 * Returns how many could not be killed: those of other users, and what the kernel holds.
 */
size_t csc_tree_kill(int child_fd, int children_fd);

#endif
