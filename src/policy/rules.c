/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rules.h"

#include <string.h>

#include "policy/match.h"
#include "policy/mend.h"
#include "policy/tell.h"

static struct csc_judgement pass(void)
{
    return (struct csc_judgement){.verdict = CSC_ALLOW, .code = CSC_REASON_ALLOW};
}

static struct csc_judgement deny(enum csc_reason code, size_t item)
{
    return (struct csc_judgement){.verdict = CSC_DENY, .code = code, .item = item};
}

static struct csc_judgement pass_if(bool passes, enum csc_reason code)
{
    return passes ? pass() : deny(code, 0);
}

static struct csc_judgement ask_if(bool asks)
{
    return asks ? (struct csc_judgement){.verdict = CSC_NEEDS_APPROVAL, .code = CSC_REASON_APPROVAL_REQUIRED} : pass();
}

static struct csc_judgement judge_risk(const struct csc_view *view)
{
    return pass_if(view->policy->allowed_risks & 1U << view->contract->risk, CSC_REASON_RISK_CLASS_NOT_ALLOWED);
}

enum csc_reason csc_policy_judge_argv(const struct csc_policy *policy, const struct csc_argv *argv)
{
    if (!csc_names_contain(&policy->allow_commands, argv->items[0]))
        return CSC_REASON_COMMAND_NOT_ALLOWED;
    for (size_t i = 0; i < policy->deny_argv_prefix_count; i++)
        if (csc_argv_begins_with(argv, &policy->deny_argv_prefixes[i]))
            return CSC_REASON_ARGV_PREFIX_DENIED;
    return CSC_REASON_ALLOW;
}

static struct csc_judgement judge_argv(const struct csc_view *view)
{
    for (size_t i = 0; i < view->command->argv_count; i++) {
        enum csc_reason reason = csc_policy_judge_argv(view->policy, &view->command->argvs[i]);
        if (reason != CSC_REASON_ALLOW)
            return deny(reason, i);
    }
    return pass();
}

static bool effect_allowed(const struct csc_policy *policy, enum csc_effect effect)
{
    return policy->allowed_effects & 1U << effect;
}

static struct csc_judgement judge_proposed_effect(const struct csc_view *view)
{
    return pass_if(effect_allowed(view->policy, view->command->proposed_effect), CSC_REASON_EFFECT_TYPE_NOT_ALLOWED);
}

/* Both names of an extension effect count: a policy that wants a person to look at every fetch means payments too. */
static struct csc_judgement judge_classified_effect(const struct csc_view *view)
{
    const struct csc_classification *c = &view->classification;
    const struct csc_names *manual = &view->policy->manual_approval_effects;

    if (!effect_allowed(view->policy, c->core))
        return deny(CSC_REASON_EFFECT_TYPE_NOT_ALLOWED, 0);
    return ask_if(csc_names_contain(manual, c->effect_type) || csc_names_contain(manual, csc_effect_names[c->core]));
}

static struct csc_judgement judge_timeout(const struct csc_view *view)
{
    return pass_if(view->command->timeout_sec <= view->policy->max_timeout_sec, CSC_REASON_TIMEOUT_EXCEEDS_POLICY);
}

static struct csc_judgement judge_network(const struct csc_view *view)
{
    return pass_if(view->command->network <= view->policy->network, CSC_REASON_NETWORK_EXCEEDS_POLICY);
}

static struct csc_judgement judge_secret_refs(const struct csc_view *view)
{
    return pass_if(view->command->secret_ref_count == 0 || view->policy->allow_secret_refs,
                   CSC_REASON_SECRET_REF_NOT_ALLOWED);
}

static struct csc_judgement judge_paths(const struct csc_names *prefixes, const char *const *paths, size_t count,
                                        enum csc_reason denied)
{
    for (size_t i = 0; i < count; i++) {
        enum csc_reason reason = csc_path_judge(prefixes, paths[i], denied);
        if (reason != CSC_REASON_ALLOW)
            return deny(reason, i);
    }
    return pass();
}

static struct csc_judgement judge_cwd(const struct csc_view *view)
{
    return judge_paths(&view->policy->cwd_prefixes, &view->command->cwd, 1, CSC_REASON_CWD_NOT_ALLOWED);
}

static struct csc_judgement judge_read_paths(const struct csc_view *view)
{
    return judge_paths(&view->policy->read_prefixes, view->command->read_paths, view->command->read_path_count,
                       CSC_REASON_READ_SCOPE_DENIED);
}

static struct csc_judgement judge_write_paths_empty(const struct csc_view *view)
{
    return pass_if(view->command->write_path_count == 0 || !view->policy->require_write_paths_empty,
                   CSC_REASON_WRITE_PATHS_NOT_EMPTY);
}

static struct csc_judgement judge_write_paths(const struct csc_view *view)
{
    return judge_paths(&view->policy->write_prefixes, view->command->write_paths, view->command->write_path_count,
                       CSC_REASON_WRITE_SCOPE_DENIED);
}

static struct csc_judgement judge_approval_mode(const struct csc_view *view)
{
    return ask_if(view->contract->approval_mode != CSC_APPROVAL_POLICY_ONLY);
}

/* The order fixes which reason code is reported. */
static const struct csc_rule first_rule = {"risk_class", false, judge_risk, csc_tell_risk, csc_mend_risk};
static const struct csc_rule command_rules[] = {
    {"argv", false, judge_argv, csc_tell_argv, csc_mend_argv},
    {"proposed_effect_type", true, judge_proposed_effect, csc_tell_proposed_effect, csc_mend_proposed_effect},
    {"classified_effect", false, judge_classified_effect, csc_tell_classified_effect, csc_mend_classified_effect},
    {"timeout_sec", false, judge_timeout, csc_tell_timeout, csc_mend_timeout},
    {"network", false, judge_network, csc_tell_network, csc_mend_network},
    {"secret_refs", false, judge_secret_refs, csc_tell_secret_refs, csc_mend_secret_refs},
    {"cwd", false, judge_cwd, csc_tell_cwd, csc_mend_cwd},
    {"read_paths", false, judge_read_paths, csc_tell_read_paths, csc_mend_read_paths},
    {"require_write_paths_empty", false, judge_write_paths_empty, csc_tell_write_paths_empty,
     csc_mend_write_paths_empty},
    {"write_paths", false, judge_write_paths, csc_tell_write_paths, csc_mend_write_paths},
};
static const struct csc_rule last_rule = {"approval_mode", false, judge_approval_mode, csc_tell_approval_mode,
                                          csc_mend_approval_mode};

struct walker {
    const struct csc_walk *walk;
    struct csc_ruling ruling;
    size_t position;
};

/* A denial anywhere beats an approval requirement anywhere, and the first of each is the one reported. */
static bool decides(const struct csc_ruling *so_far, enum csc_verdict verdict)
{
    static const int weight[] = {[CSC_ALLOW] = 0, [CSC_NEEDS_APPROVAL] = 1, [CSC_DENY] = 2};
    enum csc_verdict before = so_far->judgement.verdict;

    return !so_far->rule || weight[verdict] > weight[before] || (verdict == CSC_ALLOW && before == CSC_ALLOW);
}

static bool is_over(const struct walker *walker)
{
    return walker->ruling.rule && walker->ruling.judgement.verdict == CSC_DENY && !walker->walk->to_the_end;
}

static int apply(struct walker *walker, const struct csc_rule *rule, const struct csc_view *view)
{
    struct csc_judgement judgement = rule->judge(view);

    if (decides(&walker->ruling, judgement.verdict))
        walker->ruling = (struct csc_ruling){rule, *view, judgement, walker->position};
    walker->position++;
    return walker->walk->visit ? walker->walk->visit(walker->walk->context, rule, view, &judgement) : 0;
}

static int apply_to_command(struct walker *walker, const struct csc_command *command)
{
    struct csc_view view = {.policy = walker->walk->policy, .contract = walker->walk->contract, .command = command};
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(command_rules) && r == 0 && !is_over(walker); i++) {
        if (command_rules[i].classifies)
            view.classification = csc_classify(command, view.policy);
        r = apply(walker, &command_rules[i], &view);
    }
    return r;
}

size_t csc_rules_count(const struct csc_contract *contract)
{
    return contract->command_count * ARRAY_SIZE(command_rules) + 2;
}

int csc_rules_walk(const struct csc_walk *walk, struct csc_ruling *ret_ruling)
{
    const struct csc_view view = {.policy = walk->policy, .contract = walk->contract};
    struct walker walker = {.walk = walk};
    int r = apply(&walker, &first_rule, &view);

    for (size_t i = 0; i < walk->contract->command_count && r == 0 && !is_over(&walker); i++)
        r = apply_to_command(&walker, &walk->contract->commands[i]);
    if (r == 0 && !is_over(&walker))
        r = apply(&walker, &last_rule, &view);
    if (r < 0)
        return r;
    *ret_ruling = walker.ruling;
    return 0;
}
