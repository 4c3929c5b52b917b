/* SPDX-License-Identifier: Apache-2.0 */
/* A contract's hash is that of its canonical form, which is a contract with the same hash. */
#include "fuzz.h"

#include <string.h>

#include "contract/contract.h"

static void check_contract(const struct csc_contract *contract)
{
    struct csc_buf canonical = {0};
    struct csc_contract *again = NULL;
    struct csc_error err = {0};

    fuzz_check_sha256(contract->sha256);
    PROMISE(contract->command_count >= 1 && contract->command_count <= 20);
    for (size_t i = 0; i < contract->command_count; i++) {
        const struct csc_command *command = &contract->commands[i];
        PROMISE(command->argv_count >= 1 && command->argv_count <= 10);
        PROMISE(csc_path_is_schema_absolute(command->cwd));
        PROMISE(command->timeout_sec >= 1 && command->timeout_sec <= 86400);
        for (size_t a = 0; a < command->argv_count; a++)
            PROMISE(command->argvs[a].count >= 1 && !command->argvs[a].items[command->argvs[a].count]);
    }
    csc_canon_write(&canonical, contract->canonical);
    PROMISE(!canonical.failed);
    /* Filling in expected_outputs may take a contract over the limit of its size, as its text alone is not. */
    if (canonical.size <= CSC_CONTRACT_BYTES_MAX) {
        PROMISE(csc_contract_parse(canonical.data, canonical.size, &again, &err) == 0);
        PROMISE(strcmp(again->sha256, contract->sha256) == 0);
        PROMISE(csc_contract_check_limits(again, NULL) == csc_contract_check_limits(contract, NULL));
    }
    csc_contract_free(again);
    csc_buf_free(&canonical);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct csc_contract *contract = NULL;
    struct csc_error err = {0};

    int code = csc_contract_parse(bytes, size, &contract, &err);
    if (code == 0) {
        check_contract(contract);
    } else {
        PROMISE(!contract);
        fuzz_check_refusal(code, &err);
    }
    csc_contract_free(contract);
    return 0;
}
