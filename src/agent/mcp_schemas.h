/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schemas of the tools (JSON Schema 2020-12), as texts. Objects are closed, so that a client's check of a result
 * against them means something. Private to mcp_tools.c.
 */
#ifndef CSC_AGENT_MCP_SCHEMAS_H
#define CSC_AGENT_MCP_SCHEMAS_H

/* clang-format off */

#define STRING "{\"type\":\"string\"}"
#define INTEGER "{\"type\":\"integer\"}"
#define BOOLEAN "{\"type\":\"boolean\"}"
#define OBJECT "{\"type\":\"object\"}"
#define LIST(item) "{\"type\":\"array\",\"items\":" item "}"
#define STRINGS LIST(STRING)
#define TEXT(words) "{\"type\":\"string\",\"description\":\"" words "\"}"
#define NUMBER(words) "{\"type\":\"integer\",\"description\":\"" words "\"}"
#define PATH(words) "{\"type\":\"string\",\"pattern\":\"^(/|[A-Za-z]:)\",\"description\":\"" words "\"}"
#define TEXTS(words) "{\"type\":\"array\",\"items\":" STRING ",\"description\":\"" words "\"}"
#define WORDS "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"minLength\":1},\"minItems\":1,\"maxItems\":200}"
#define AT_MOST(count, words)                                                                                          \
    "{\"type\":\"array\",\"maxItems\":" #count ",\"items\":" STRING ",\"description\":\"" words "\"}"
#define TIMEOUT "{\"type\":\"integer\",\"minimum\":1,\"maximum\":86400}"
#define ENUM(names) "{\"enum\":[" names "]}"
#define NETWORK ENUM("\"deny\",\"allowlisted\",\"full\"")
#define MEMBER(name, schema) "\"" name "\":" schema
#define CLOSED(members) "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{" members "}}"
#define CLOSED_WITH(required, members)                                                                                 \
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"" required "\"],\"properties\":{" members "}}"

/* ---- what tools take ---------------------------------------------------------------------------------------- */

#define COMMAND                                                                                                        \
    CLOSED(MEMBER("argv", WORDS)                                                                                       \
        "," MEMBER("pipeline", "{\"type\":\"array\",\"minItems\":2,\"maxItems\":10,\"items\":" WORDS "}")              \
        "," MEMBER("shell", TEXT("A shell line of the subset that `policy` describes"))                                \
        "," MEMBER("cwd", PATH("Absolute"))                                                                            \
        "," MEMBER("read_paths", AT_MOST(256, "Absolute; beside those that are found from the arguments"))             \
        "," MEMBER("write_paths", AT_MOST(256, "Absolute; what the command changes"))                                  \
        "," MEMBER("network", NETWORK)                                                                                 \
        "," MEMBER("timeout_sec", TIMEOUT))

#define WHAT_TO_RUN                                                                                                    \
    CLOSED(MEMBER("shell", TEXT("What to run, as a shell line of the subset that `policy` describes. "                 \
                                "Exactly one of shell, commands and contract is given"))                               \
        "," MEMBER("commands", "{\"type\":\"array\",\"minItems\":1,\"maxItems\":20,\"items\":" COMMAND                 \
                               ",\"description\":\"In order, up to the first that fails; each has exactly one of "     \
                               "argv, pipeline and shell\"}")                                                          \
        "," MEMBER("contract", "{\"type\":\"object\",\"description\":\"A whole CommandContract, csc.v0.1, of the "     \
                               "user that this server works for\"}")                                                   \
        "," MEMBER("cwd", PATH("Absolute; where commands run that name no cwd"))                                       \
        "," MEMBER("timeout_sec", TIMEOUT)                                                                             \
        "," MEMBER("env_allow", AT_MOST(64, "Names of environment variables to hand on"))                              \
        "," MEMBER("intent", TEXT("What this is for"))                                                                 \
        "," MEMBER("justification", TEXT("Why it is needed; for people")))

#define EXECUTION_ID TEXT("As run gave it, or a beginning of at least 8 characters")
#define WHICH_REQUEST CLOSED_WITH("request_id", MEMBER("request_id", TEXT("As run gave it")))
#define WHICH_EXECUTION CLOSED_WITH("execution_id", MEMBER("execution_id", EXECUTION_ID))
#define WHICH_RECEIPT                                                                                                  \
    CLOSED(MEMBER("execution_id", EXECUTION_ID)                                                                        \
        "," MEMBER("receipt", "{\"type\":\"object\",\"description\":\"The receipt itself, instead\"}"))

/* ---- what they give ----------------------------------------------------------------------------------------- */

/* In every result: that it could not be done, and why. */
#define FAILURE                                                                                                        \
    MEMBER("message", STRING)                                                                                          \
        "," MEMBER("error_field", TEXT("The argument that is wrong"))                                                  \
        "," MEMBER("refusal", CLOSED(MEMBER("what", STRING)                                                            \
                                 "," MEMBER("instead", STRING)                                                         \
                                 "," MEMBER("field", STRING)                                                           \
                                 "," MEMBER("line", INTEGER)                                                           \
                                 "," MEMBER("column", INTEGER)))

#define CHANGES                                                                                                        \
    "{\"type\":\"array\",\"description\":\"All of them together would be allowed; those in policy are its owner's\","  \
    "\"items\":" CLOSED(MEMBER("in", ENUM("\"contract\",\"policy\""))                                                  \
                    "," MEMBER("field", STRING)                                                                        \
                    "," MEMBER("text", STRING)) "}"

#define DENIAL                                                                                                         \
    MEMBER("reason_code", STRING)                                                                                      \
        "," MEMBER("reason", STRING)                                                                                   \
        "," MEMBER("rule", TEXT("What was looked at"))                                                                 \
        "," MEMBER("field", TEXT("Where the first change belongs"))                                                    \
        "," MEMBER("smallest_change", CHANGES)                                                                         \
        "," MEMBER("decision_with_changes", STRING)

#define SCOPES                                                                                                         \
    LIST(CLOSED(MEMBER("command_id", STRING)                                                                           \
            "," MEMBER("field", STRING)                                                                                \
            "," MEMBER("value", STRING)                                                                                \
            "," MEMBER("why", TEXT("Why this is in a scope"))))

#define OUTPUT                                                                                                         \
    CLOSED(MEMBER("text", TEXT("Untrusted: the beginning and the end, escaped"))                                       \
        "," MEMBER("bytes", NUMBER("How many were captured"))                                                          \
        "," MEMBER("truncated", BOOLEAN))

#define RUN_STATUS                                                                                                     \
    ENUM("\"success\",\"failed\",\"blocked\",\"denied\",\"expired\",\"needs_approval\",\"cancelled\",\"error\"")

#define RUN_RESULT                                                                                                     \
    CLOSED_WITH("status",                                                                                              \
                MEMBER("status", RUN_STATUS)                                                                           \
            "," MEMBER("exit_code", INTEGER)                                                                           \
            "," MEMBER("stdout", OUTPUT)                                                                               \
            "," MEMBER("stderr", OUTPUT)                                                                               \
            "," MEMBER("untrusted", STRING)                                                                            \
            "," MEMBER("failed_command_id", STRING)                                                                    \
            "," MEMBER("execution_id", STRING)                                                                         \
            "," MEMBER("contract_sha256", STRING)                                                                      \
            "," MEMBER("receipt_status", STRING)                                                                       \
            "," MEMBER("ledger_entry", INTEGER)                                                                        \
            "," MEMBER("receipt", OBJECT)                                                                              \
            "," MEMBER("scopes", SCOPES)                                                                               \
            "," MEMBER("scopes_left_out", NUMBER("More of them"))                                                      \
            "," MEMBER("notices", TEXTS("What csc says of it"))                                                        \
            "," DENIAL                                                                                                 \
            "," MEMBER("denied_times", NUMBER("This time included"))                                                   \
            "," MEMBER("request_id", STRING)                                                                           \
            "," MEMBER("approvals", NUMBER("That are there"))                                                          \
            "," MEMBER("approve_command", TEXT("For a person to type"))                                                \
            "," MEMBER("poll", STRING)                                                                                 \
            "," FAILURE)

#define VERDICT ENUM("\"allow\",\"deny\",\"needs_approval\",\"error\"")

#define CHECK_RESULT                                                                                                   \
    CLOSED_WITH("status",                                                                                              \
                MEMBER("status", VERDICT)                                                                              \
            "," MEMBER("contract_sha256", STRING)                                                                      \
            "," MEMBER("scopes", SCOPES)                                                                               \
            "," MEMBER("scopes_left_out", NUMBER("More of them"))                                                      \
            "," DENIAL                                                                                                 \
            "," FAILURE)

#define FINDING                                                                                                        \
    CLOSED(MEMBER("command_id", STRING)                                                                                \
        "," MEMBER("rule", STRING)                                                                                     \
        "," MEMBER("verdict", ENUM("\"pass\",\"deny\",\"approval\""))                                                  \
        "," MEMBER("reason_code", STRING)                                                                              \
        "," MEMBER("saw", STRING)                                                                                      \
        "," MEMBER("decided", BOOLEAN))

#define EXPLAIN_RESULT                                                                                                 \
    CLOSED_WITH("status",                                                                                              \
                MEMBER("status", VERDICT)                                                                              \
            "," MEMBER("contract_sha256", STRING)                                                                      \
            "," MEMBER("scopes", SCOPES)                                                                               \
            "," MEMBER("scopes_left_out", NUMBER("More of them"))                                                      \
            "," MEMBER("reason_code", STRING)                                                                          \
            "," MEMBER("rule", STRING)                                                                                 \
            "," MEMBER("decision", OBJECT)                                                                             \
            "," MEMBER("findings", LIST(FINDING))                                                                      \
            "," MEMBER("changes", CHANGES)                                                                             \
            "," MEMBER("decision_with_changes", STRING)                                                                \
            "," MEMBER("contract", OBJECT)                                                                             \
            "," FAILURE)

#define POLICY_RESULT                                                                                                  \
    CLOSED_WITH("status",                                                                                              \
                MEMBER("status", ENUM("\"ok\",\"error\""))                                                             \
            "," MEMBER("name", STRING)                                                                                 \
            "," MEMBER("policy_sha256", STRING)                                                                        \
            "," MEMBER("mode", ENUM("\"local\",\"hardened\""))                                                         \
            "," MEMBER("cwd", STRING)                                                                                  \
            "," MEMBER("summary", STRING)                                                                              \
            "," MEMBER("shell_lines", STRING)                                                                          \
            "," MEMBER("commands", STRINGS)                                                                            \
            "," MEMBER("denied_prefixes", LIST(STRINGS))                                                               \
            "," MEMBER("effects", STRINGS)                                                                             \
            "," MEMBER("approval_for", STRINGS)                                                                        \
            "," MEMBER("risk_classes", STRINGS)                                                                        \
            "," MEMBER("max_timeout_sec", INTEGER)                                                                     \
            "," MEMBER("network", NETWORK)                                                                             \
            "," MEMBER("egress_hosts", STRINGS)                                                                        \
            "," MEMBER("secrets", BOOLEAN)                                                                             \
            "," MEMBER("read_only", BOOLEAN)                                                                           \
            "," MEMBER("cwd_prefixes", STRINGS)                                                                        \
            "," MEMBER("read_prefixes", STRINGS)                                                                       \
            "," MEMBER("write_prefixes", STRINGS)                                                                      \
            "," MEMBER("can_approve", BOOLEAN)                                                                         \
            "," FAILURE)

#define RECEIPT_RESULT                                                                                                 \
    CLOSED_WITH("status",                                                                                              \
                MEMBER("status", ENUM("\"found\",\"error\""))                                                          \
            "," MEMBER("execution_id", STRING)                                                                         \
            "," MEMBER("ledger_entry", INTEGER)                                                                        \
            "," MEMBER("has_evidence", BOOLEAN)                                                                        \
            "," MEMBER("receipt", OBJECT)                                                                              \
            "," MEMBER("untrusted", STRING)                                                                            \
            "," FAILURE)

#define VERIFY_RESULT                                                                                                  \
    CLOSED_WITH("status",                                                                                              \
                MEMBER("status", ENUM("\"valid\",\"invalid\",\"error\""))                                              \
            "," MEMBER("execution_id", STRING)                                                                         \
            "," MEMBER("receipt_status", STRING)                                                                       \
            "," MEMBER("signed_at", STRING)                                                                            \
            "," MEMBER("key_id", STRING)                                                                               \
            "," MEMBER("reason", STRING)                                                                               \
            "," FAILURE)

/* clang-format on */

#endif
