/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "cli/ledger.h"

static int parse_time(const struct csc_cli *cli, int option, int64_t now, int64_t *ret_time)
{
    const char *text = cli->options[option];

    if (!text || csc_cli_when(text, now, option == CSC_LEDGER_OPT_UNTIL, ret_time))
        return 0;
    return csc_cli_usage(cli,
                         "--%s '%s' is no point in time; give a date-time as 2026-01-31T12:00:00Z, a date as "
                         "2026-01-31, or a time ago as 2h or 7d",
                         cli->command->options[option].name, text);
}

static int parse_limit(const struct csc_cli *cli, uint64_t *ret_limit)
{
    const char *text = cli->options[CSC_LEDGER_OPT_LIMIT];
    char *end = NULL;

    if (!text)
        return 0;
    errno = 0;
    long long limit = strtoll(text, &end, 10);
    if (text[0] < '1' || text[0] > '9' || *end || errno != 0)
        return csc_cli_usage(cli, "--limit '%s' is no number of entries; give 1 or more", text);
    *ret_limit = (uint64_t)limit;
    return 0;
}

static int check_status(const struct csc_cli *cli)
{
    const char *status = cli->options[CSC_LEDGER_OPT_STATUS];

    for (size_t i = 0; status && csc_status_names[i]; i++)
        if (strcmp(csc_status_names[i], status) == 0)
            return 0;
    return status ? csc_cli_usage(cli, "unknown status '%s'; there are: success, failed, blocked, expired", status) : 0;
}

int csc_cli_ledger_filter(const struct csc_cli *cli, struct csc_ledger_filter *ret_filter)
{
    int64_t now = csc_time_now();

    *ret_filter = (struct csc_ledger_filter){
        .status = cli->options[CSC_LEDGER_OPT_STATUS],
        .agent = cli->options[CSC_LEDGER_OPT_AGENT],
        .user = cli->options[CSC_LEDGER_OPT_USER],
        .contract = cli->options[CSC_LEDGER_OPT_CONTRACT],
        .policy = cli->options[CSC_LEDGER_OPT_POLICY],
        .since = INT64_MIN,
        .until = INT64_MAX,
    };
    int code = check_status(cli);
    if (code == 0)
        code = parse_time(cli, CSC_LEDGER_OPT_SINCE, now, &ret_filter->since);
    if (code == 0)
        code = parse_time(cli, CSC_LEDGER_OPT_UNTIL, now, &ret_filter->until);
    if (code == 0 && ret_filter->since > ret_filter->until)
        code = csc_cli_usage(cli, "--since is later than --until; nothing begins in between");
    return code == 0 ? parse_limit(cli, &ret_filter->limit) : code;
}

static bool is_either(const char *wanted, const char *a, const char *b)
{
    return !wanted || (a && strcmp(wanted, a) == 0) || (b && strcmp(wanted, b) == 0);
}

bool csc_cli_ledger_filter_intent(const struct csc_ledger_filter *filter, const struct csc_intent *intent)
{
    return !filter->status && is_either(filter->agent, intent->actor.agent_id, NULL) &&
           is_either(filter->user, intent->actor.initiating_user, NULL) &&
           is_either(filter->contract, intent->contract_id, intent->contract_sha256) &&
           is_either(filter->policy, intent->policy_profile, intent->policy_sha256) &&
           intent->started_at >= filter->since && intent->started_at <= filter->until;
}
