/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threat: the contract is written by who wants it approved. Values stand in quotes wherever they are more than a plain
 * word, so that their ends are seen; every character that a reader cannot see, or that moves others, is spelled out;
 * and lines of text that the agent wrote begin with a bar.
 */
#include <string.h>

#include "cli/approve.h"

/* Beyond what csc_text_escape() spells out: what is drawn as nothing, or as a space. In order. */
static const struct {
    uint32_t first, last;
} unseen[] = {
    {0xA0, 0xA0},     {0x34F, 0x34F},   {0x115F, 0x1160}, {0x1680, 0x1680}, {0x17B4, 0x17B5},
    {0x180B, 0x180F}, {0x2000, 0x200D}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x2800, 0x2800},
    {0x3000, 0x3000}, {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFFA0, 0xFFA0}, {0x1D173, 0x1D17A},
};

static bool is_unseen(uint32_t c)
{
    for (size_t i = 0; i < ARRAY_SIZE(unseen); i++)
        if (c >= unseen[i].first && c <= unseen[i].last)
            return true;
    return false;
}

/* Escaped so that it can be read back: a backslash of its own is doubled. Contracts are valid UTF-8. */
static void spell(struct csc_buf *buf, const char *s, size_t size, const char *special)
{
    for (size_t i = 0; i < size;) {
        size_t n = csc_utf8_sequence((const unsigned char *)s + i, size - i);
        uint32_t c = csc_utf8_character((const unsigned char *)s + i, n);
        if (n > 1 && is_unseen(c))
            csc_buf_printf(buf, c > 0xFFFF ? "\\U%08x" : "\\u%04x", (unsigned)c);
        else if (n == 1 && strchr(special, s[i]))
            csc_buf_printf(buf, "\\%c", s[i]);
        else
            csc_buf_escape(buf, s + i, n ? n : 1);
        i += n ? n : 1;
    }
}

static void quote(struct csc_buf *buf, const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";

    if (s[0] && !s[strspn(s, plain)]) {
        csc_buf_puts(buf, s);
        return;
    }
    csc_buf_putc(buf, '"');
    spell(buf, s, strlen(s), "\"\\");
    csc_buf_putc(buf, '"');
}

static void label(struct csc_buf *buf, const char *name)
{
    csc_buf_printf(buf, "  %-12s ", name);
}

static void show_list(struct csc_buf *buf, const char *name, const char *const *items, size_t count)
{
    label(buf, name);
    for (size_t i = 0; i < count; i++) {
        csc_buf_puts(buf, i > 0 ? ", " : "");
        quote(buf, items[i]);
    }
    csc_buf_puts(buf, count == 0 ? "nothing\n" : "\n");
}

static void show_argv(struct csc_buf *buf, const char *name, const struct csc_argv *argv)
{
    label(buf, name);
    for (size_t i = 0; i < argv->count; i++) {
        csc_buf_puts(buf, i > 0 ? " " : "");
        quote(buf, argv->items[i]);
    }
    csc_buf_putc(buf, '\n');
}

static void show_effect(struct csc_buf *buf, const struct csc_command *command, const struct csc_policy *policy)
{
    static const struct csc_policy none = {0};
    struct csc_classification found = csc_classify(command, policy ? policy : &none);

    label(buf, "effect");
    csc_buf_printf(buf, "%s, as the agent says; ", csc_effect_names[command->proposed_effect]);
    if (found.rule) {
        csc_buf_printf(buf, "%s by the rule ", found.effect_type);
        quote(buf, found.rule);
    } else {
        csc_buf_puts(buf, "no rule says more");
    }
    csc_buf_putc(buf, '\n');
}

static void show_command(struct csc_buf *buf, const struct csc_cli_question *question, size_t index)
{
    const struct csc_command *command = &question->contract->commands[index];

    csc_buf_printf(buf, "\nCommand %zu of %zu, ", index + 1, question->contract->command_count);
    quote(buf, command->id);
    csc_buf_puts(buf, command->argv_count > 1 ? ", a pipeline\n" : "\n");
    for (size_t i = 0; i < command->argv_count; i++)
        show_argv(buf, i == 0 ? "runs" : "  | into", &command->argvs[i]);
    label(buf, "in");
    quote(buf, command->cwd);
    csc_buf_putc(buf, '\n');
    show_list(buf, "may read", command->read_paths, command->read_path_count);
    show_list(buf, "may write", command->write_paths, command->write_path_count);
    label(buf, "network");
    csc_buf_printf(buf, "%s\n", csc_network_names[command->network]);
    show_list(buf, "environment", command->env_allow, command->env_allow_count);
    show_list(buf, "secrets", command->secret_refs, command->secret_ref_count);
    label(buf, "for at most");
    csc_buf_printf(buf, "%lld s\n", (long long)command->timeout_sec);
    show_effect(buf, command, question->policy);
}

/* Its own lines, each behind a bar. */
static void show_claim(struct csc_buf *buf, const char *name, const char *text)
{
    csc_buf_printf(buf, "  %s\n", name);
    for (;;) {
        size_t size = strcspn(text, "\n");
        csc_buf_puts(buf, "  | ");
        spell(buf, text, size, "\\");
        csc_buf_putc(buf, '\n');
        if (!text[size])
            return;
        text += size + 1;
    }
}

static void show_claims(struct csc_buf *buf, const struct csc_contract *contract)
{
    csc_buf_puts(buf, "\nWhat the agent says about it; nobody has checked that it is true:\n");
    show_claim(buf, "intent", contract->intent);
    show_claim(buf, "justification", contract->justification);
}

static void show_who(struct csc_buf *buf, const struct csc_contract *contract)
{
    csc_buf_puts(buf, "Contract ");
    quote(buf, contract->id);
    csc_buf_puts(buf, ", asked for by ");
    quote(buf, contract->initiating_user);
    csc_buf_puts(buf, " through the agent ");
    quote(buf, contract->agent_id);
    csc_buf_puts(buf, " (session ");
    quote(buf, contract->session_id);
    csc_buf_puts(buf, ")\n");
}

static void show_decision(struct csc_buf *buf, const struct csc_decision *decision)
{
    label(buf, "policy");
    if (!decision) {
        csc_buf_puts(buf, "none was asked; give one by --policy to see what it says\n");
        return;
    }
    quote(buf, decision->policy_name);
    csc_buf_printf(buf, ": %s", csc_verdict_names[decision->verdict]);
    if (decision->verdict != CSC_ALLOW) {
        csc_buf_printf(buf, " %s: ", csc_reason_name(decision->code));
        spell(buf, decision->reason, strlen(decision->reason), "");
    }
    csc_buf_putc(buf, '\n');
}

/* Last, right above the question, where nothing long pushes it out of sight. */
static void show_summary(struct csc_buf *buf, const struct csc_cli_question *question)
{
    const struct csc_contract *contract = question->contract;

    csc_buf_puts(buf, "\nIn short\n");
    label(buf, "commands");
    csc_buf_printf(buf, "%zu\n", contract->command_count);
    label(buf, "risk");
    csc_buf_printf(buf, "%s, as the agent says\n", csc_risk_names[contract->risk]);
    label(buf, "approval");
    csc_buf_printf(buf, "%s\n", csc_approval_mode_names[contract->approval_mode]);
    show_decision(buf, question->decision);
    label(buf, "SHA-256");
    csc_buf_printf(buf, "%s\n", contract->sha256);
}

void csc_cli_show_question(struct csc_buf *buf, const struct csc_cli_question *question)
{
    show_who(buf, question->contract);
    for (size_t i = 0; i < question->contract->command_count; i++)
        show_command(buf, question, i);
    csc_buf_putc(buf, '\n');
    show_list(buf, "results in", question->contract->expected_outputs, question->contract->expected_output_count);
    show_claims(buf, question->contract);
    show_summary(buf, question);
}
