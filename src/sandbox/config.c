/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/config.h"

#include <string.h>

/* Protocol section 5. What it says of a size is what csc-config(5) says too. */
static const struct csc_limits limits = {
    .cpu_sec = 300,
    .memory_bytes = INT64_C(1) << 30,
    .processes = 100,
    .file_bytes = 100 << 20,
    .open_files = 1024,
    .locked_bytes = 64 << 10,
    .queue_bytes = 800 << 10,
    .tmp_bytes = 256 << 20,
    .home_bytes = 64 << 20,
    .shm_bytes = 64 << 20,
};

static const char *const blocked_programs[] = {
    /* shells */
    "sh", "bash", "zsh", "fish", "csh", "tcsh", "dash", "ksh", "powershell", "pwsh", "cmd", "cmd.exe",
    /* scripting interpreters */
    "perl", "ruby", "node", "php", "python*", "pypy*",
    /* wrappers: what they start is in their arguments, where no policy looks */
    "env", "busybox", "toybox", "xargs", "nohup", "strace", "ltrace", "sudo", "su", "doas", "chroot", "unshare",
    "nsenter", "firejail"};

const char *const csc_backend_names[] = {
    [CSC_BACKEND_AUTO] = "auto",
    [CSC_BACKEND_BWRAP] = "bwrap",
    [CSC_BACKEND_NATIVE] = "native",
    NULL,
};

void csc_config_default(struct csc_config *ret_config)
{
    *ret_config = (struct csc_config){
        .backend = CSC_BACKEND_AUTO,
        /* The cast is safe: a list of names is never written to. */
        .blocked_programs = {.items = (const char **)blocked_programs, .count = ARRAY_SIZE(blocked_programs)},
        .limits = limits,
        .stdout_bytes = 10 << 20,
        .stderr_bytes = 1 << 20,
        .grace_sec = 5,
        .approvals = {.ssh_keygen = "/usr/bin/ssh-keygen", .clock_skew_sec = 60},
    };
}

/* ASCII by hand: what is blocked must not depend on the caller's locale. */
static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* `name` ends with the string or at a slash. */
static bool matches(const char *pattern, const char *name)
{
    for (; *pattern && strcmp(pattern, "*") != 0; pattern++, name++)
        if (lower(*pattern) != lower(*name))
            return false;
    return *pattern || *name == '\0' || *name == '/';
}

/*
 * The last component, by the kernel's own separator: a backslash is a character like any other, and so is a dot ("sh."
 * is another program). With a slash at its end the kernel executes nothing; that the name before it counts costs
 * nothing.
 */
static const char *basename_of(const char *program)
{
    const char *end = program + strlen(program);

    while (end > program && end[-1] == '/')
        end--;
    while (end > program && end[-1] != '/')
        end--;
    return end;
}

bool csc_config_blocks(const struct csc_config *config, const char *program)
{
    const char *name = basename_of(program);

    for (size_t i = 0; i < config->blocked_programs.count; i++)
        if (matches(config->blocked_programs.items[i], name))
            return true;
    return false;
}
