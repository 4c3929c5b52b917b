/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/shape.h"

const char *const csc_network_names[] = {"deny", "allowlisted", "full", NULL};
const char *const csc_risk_names[] = {"low", "medium", "high", "critical", NULL};
const char *const csc_approval_mode_names[] = {"policy_only", "human_required", "dual_control_required", NULL};
const char *const csc_effect_names[] = {
    "observe", "transform_local", "fetch_external", "mutate_repo", "deploy", "touch_secrets", NULL,
};

static const char *const version_names[] = {CSC_CONTRACT_VERSION, NULL};

#define ENUM(names_)                                                                                                   \
    {                                                                                                                  \
        .kind = CSC_KIND_ENUM, .size = sizeof(int), .names = (names_)                                                  \
    }
#define STRING(min_, max_)                                                                                             \
    {                                                                                                                  \
        .kind = CSC_KIND_STRING, .size = sizeof(const char *), .min = (min_), .max = (max_)                            \
    }
#define OBJECT(type, fields_)                                                                                          \
    {                                                                                                                  \
        .kind = CSC_KIND_OBJECT, .size = sizeof(struct type), .fields = (fields_)                                      \
    }
#define ARRAY(item_, min_, max_)                                                                                       \
    {                                                                                                                  \
        .kind = CSC_KIND_ARRAY, .size = sizeof(struct csc_list), .item = (item_), .min = (min_), .max = (max_)         \
    }

static const struct csc_shape version = ENUM(version_names);
static const struct csc_shape network = ENUM(csc_network_names);
static const struct csc_shape effect = ENUM(csc_effect_names);
static const struct csc_shape risk = ENUM(csc_risk_names);
static const struct csc_shape approval_mode = ENUM(csc_approval_mode_names);
static const struct csc_shape contract_id = STRING(8, 128);
static const struct csc_shape intent = STRING(1, 1000);
static const struct csc_shape justification = STRING(1, 4000);
static const struct csc_shape timeout = {.kind = CSC_KIND_INT, .size = sizeof(int64_t), .min = 1, .max = 86400};
const struct csc_shape csc_shape_path = {.kind = CSC_KIND_STRING,
                                         .size = sizeof(const char *),
                                         .min = 1,
                                         .max = INT64_MAX,
                                         .check = csc_path_is_schema_absolute,
                                         .expect = "an absolute path"};
static const struct csc_shape paths = ARRAY(&csc_shape_path, 0, INT64_MAX);

/* exec, and a segment of a pipeline. */
static const struct csc_shape words = ARRAY(&csc_shape_text, 1, INT64_MAX);
static const struct csc_field argv_fields[] = {
    CSC_REQUIRED(csc_contract_argv, argv, &words),
    CSC_FIELDS_END,
};
static const struct csc_shape argv = OBJECT(csc_contract_argv, argv_fields);

static const struct csc_shape segments = ARRAY(&argv, 2, 10);
static const struct csc_field pipeline_fields[] = {
    CSC_REQUIRED(csc_contract_pipeline, segments, &segments),
    CSC_FIELDS_END,
};
static const struct csc_shape pipeline = OBJECT(csc_contract_pipeline, pipeline_fields);

static const struct csc_field actor_fields[] = {
    CSC_REQUIRED(csc_contract_actor, agent_id, &csc_shape_text),
    CSC_REQUIRED(csc_contract_actor, session_id, &csc_shape_text),
    CSC_REQUIRED(csc_contract_actor, initiating_user, &csc_shape_text),
    CSC_REQUIRED(csc_contract_actor, delegation_scope, &csc_shape_text),
    CSC_FIELDS_END,
};
static const struct csc_shape actor = OBJECT(csc_contract_actor, actor_fields);

/* That one of exec and pipeline is there, and not both, is parse.c's to check. */
static const struct csc_field command_fields[] = {
    CSC_REQUIRED(csc_contract_command, id, &csc_shape_text),
    CSC_OPTIONAL_FLAG(csc_contract_command, exec, &argv, has_exec),
    CSC_OPTIONAL_FLAG(csc_contract_command, pipeline, &pipeline, has_pipeline),
    CSC_REQUIRED(csc_contract_command, cwd, &csc_shape_path),
    CSC_REQUIRED(csc_contract_command, read_paths, &paths),
    CSC_REQUIRED(csc_contract_command, write_paths, &paths),
    CSC_REQUIRED(csc_contract_command, network, &network),
    CSC_REQUIRED(csc_contract_command, env_allow, &csc_shape_texts),
    CSC_REQUIRED(csc_contract_command, secret_refs, &csc_shape_texts),
    CSC_REQUIRED(csc_contract_command, timeout_sec, &timeout),
    CSC_REQUIRED(csc_contract_command, proposed_effect_type, &effect),
    CSC_FIELDS_END,
};
static const struct csc_shape command = OBJECT(csc_contract_command, command_fields);
static const struct csc_shape commands = ARRAY(&command, 1, 20);

static const struct csc_field contract_fields[] = {
    CSC_REQUIRED(csc_contract_text, version, &version),
    CSC_REQUIRED(csc_contract_text, contract_id, &contract_id),
    CSC_REQUIRED(csc_contract_text, intent, &intent),
    CSC_REQUIRED(csc_contract_text, actor, &actor),
    CSC_REQUIRED(csc_contract_text, commands, &commands),
    CSC_REQUIRED(csc_contract_text, risk_class, &risk),
    CSC_REQUIRED(csc_contract_text, approval_mode, &approval_mode),
    CSC_OPTIONAL_FLAG(csc_contract_text, expected_outputs, &paths, has_expected_outputs),
    CSC_REQUIRED(csc_contract_text, justification, &justification),
    CSC_FIELDS_END,
};
const struct csc_shape csc_shape_contract = OBJECT(csc_contract_text, contract_fields);
