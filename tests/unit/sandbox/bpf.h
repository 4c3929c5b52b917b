/* SPDX-License-Identifier: Apache-2.0 */
/* Runs classic BPF over struct seccomp_data, as the kernel does. */
#ifndef CSC_TEST_BPF_H
#define CSC_TEST_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>

/* What the program returns (SECCOMP_RET_*). An instruction that it doesn't know, or a jump out of the program, fails
 * the test. */
uint32_t bpf_run(const struct sock_fprog *program, const struct seccomp_data *data);

#endif
