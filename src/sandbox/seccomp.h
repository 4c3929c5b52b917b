/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system call filter (seccomp(2)), compiled to BPF when csc is built: which calls there are (an allow-list), and
 * which of their arguments are refused. Private to sandbox/ and its init.
 */
#ifndef CSC_SANDBOX_SECCOMP_H
#define CSC_SANDBOX_SECCOMP_H

#include <linux/filter.h>

/* Which sockets socket(2) makes. socketpair(2) always works, but for datagrams where there is no AF_UNIX: one can send
 * such to any address. */
enum csc_sockets {
    CSC_SOCKETS_NONE,
    CSC_SOCKETS_UNIX,          /* AF_UNIX */
    CSC_SOCKETS_INTERNET,      /* AF_INET, AF_INET6, and the routing kind of AF_NETLINK, which resolvers ask */
    CSC_SOCKETS_INTERNET_UNIX, /* both */
    CSC_SOCKETS_COUNT,
};

/* Names for plans: "none", "unix", "internet", "internet+unix". */
extern const char *const csc_sockets_names[];

/* Lowercase hex SHA-256 of the program for `sockets`, set at build time: names exactly what is enforced. */
const char *csc_seccomp_sha256(enum csc_sockets sockets);

/* The program for this machine's architecture. */
struct sock_fprog csc_seccomp_program(enum csc_sockets sockets);

/* Loads it for the calling thread, which must have no_new_privs. 0, or -1 with errno. */
int csc_seccomp_load(enum csc_sockets sockets);

#endif
