/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static uint32_t load(const struct seccomp_data *data, uint32_t offset)
{
    uint32_t word;

    if (offset % sizeof(word) != 0 || offset > sizeof(*data) - sizeof(word))
        fail_msg("loads from %u", offset);
    memcpy(&word, (const char *)data + offset, sizeof(word));
    return word;
}

static bool holds(unsigned short code, uint32_t a, uint32_t k)
{
    switch (BPF_OP(code)) {
    case BPF_JEQ:
        return a == k;
    case BPF_JGT:
        return a > k;
    case BPF_JGE:
        return a >= k;
    case BPF_JSET:
        return (a & k) != 0;
    default:
        fail_msg("unknown jump 0x%x", code);
        return false;
    }
}

uint32_t bpf_run(const struct sock_fprog *program, const struct seccomp_data *data)
{
    uint32_t a = 0;

    for (size_t i = 0; i < program->len; i++) {
        const struct sock_filter *instruction = &program->filter[i];
        switch (instruction->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            a = load(data, instruction->k);
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= instruction->k;
            break;
        case BPF_JMP | BPF_JA:
            i += instruction->k;
            break;
        case BPF_RET | BPF_K:
            return instruction->k;
        default:
            if (BPF_CLASS(instruction->code) != BPF_JMP || BPF_SRC(instruction->code) != BPF_K)
                fail_msg("unknown instruction 0x%x", instruction->code);
            i += holds(instruction->code, a, instruction->k) ? instruction->jt : instruction->jf;
        }
    }
    fail_msg("runs past its end");
    return 0;
}
