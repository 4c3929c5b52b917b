/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether approvals suffice: keys and signatures are made by the ssh-keygen command; exits 77 where there is none.
 * Hardware keys (sk-ssh-ed25519) cannot be tested without the hardware.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "approval/approval.h"
#include "support/folder.h"

#define MINUTE (60 * CSC_SECOND)
#define NS " namespaces=\"csc-approval@v0.1\" "

static char *folder;

/* Runs a line of shell in the folder; true when it succeeded. */
static bool shell(const char *line)
{
    char command[5000];

    (void)snprintf(command, sizeof(command), "cd '%s' && umask 077 && { %s; } >/dev/null 2>&1", folder, line);
    return system(command) == 0;
}

/* The keys are one, two, ec, rsa; ca certified "certified" for the principal ann. Signatures are "-n NAMESPACE". */
static const char make_keys[] =
    "for key in one two ca certified; do ssh-keygen -q -t ed25519 -N '' -C '' -f $key || exit 1; done;"
    "ssh-keygen -q -t ecdsa -N '' -C '' -f ec && ssh-keygen -q -t rsa -b 2048 -N '' -C '' -f rsa &&"
    "ssh-keygen -q -s ca -I id -n ann -V always:forever certified.pub &&"
    "ssh-keygen -q -k -f krl two.pub";

static const char make_signers[] =
    "line() { echo \"$1 $(cut -d' ' -f1,2 $2.pub)\"; };"
    "{ line 'ann" NS "' one; line 'bob" NS "' two; line 'eve" NS "' one; line 'Ann" NS "' two; line 'ec" NS "' ec;"
    "line 'rsa" NS "' rsa; line '*@example.com" NS "' one; line 'user" NS "' one;"
    "line 'later valid-after=\"20990101\"' one; line 'earlier valid-before=\"20200101\"' one;"
    "line 'elsewhere namespaces=\"git\"' one; line 'ann cert-authority,namespaces=\"csc-approval@v0.1\"' ca; } "
    ">signers;"
    "{ echo 'no entry at all'; line 'ann" NS "' one; } >broken-line; { echo '# nobody'; echo; } >nobody;"
    "head -c 200 /dev/zero >zeros; echo 'ann nonsense' >nonsense;"
    "cp one.pub revoked-list; cp ca.pub revoked-ca; : >revoked-none; printf 'no key\\n' >revoked-nonsense";

/* One approval as it is given. An empty one ends the list. */
struct given {
    const char *identity;
    const char *sign;    /* what makes a.json.sig out of a.json; NULL: nothing does */
    int64_t from, until; /* relative to now; both 0: an hour around it */
    const char *id;
    const char *edit; /* what happens to the file afterwards */
    const char *hash; /* another contract */
};

#define BY(key) "ssh-keygen -q -Y sign -n csc-approval@v0.1 -f " key " a.json"
#define ONE BY("one")
#define TWO BY("two")

enum { HUMAN, DUAL, POLICY_ONLY };

static const struct {
    const char *name;
    int mode;
    struct given given[3];
    const char *signers; /* NULL: none are known */
    const char *revoked;
    int64_t skew;
    enum csc_approval_answer answer;
    bool local;
    const char *says;
} rows[] = {
#define GRANTED .answer = CSC_APPROVALS_GRANTED, .says = ""
#define REFUSED(text) .answer = CSC_APPROVALS_REFUSED, .says = (text)
    {"signed", HUMAN, {{.identity = "ann", .sign = ONE}}, "signers", GRANTED},
    {"signed, policy_only", POLICY_ONLY, {{.identity = "ann", .sign = ONE}}, "signers", GRANTED},
    {"by ECDSA", HUMAN, {{.identity = "ec", .sign = BY("ec")}}, "signers", GRANTED},
    {"by RSA", HUMAN, {{.identity = "rsa", .sign = BY("rsa")}}, "signers", GRANTED},
    {"by a certificate", HUMAN, {{.identity = "ann", .sign = BY("certified-cert.pub")}}, "signers", GRANTED},
    {"by a certificate of another",
     HUMAN,
     {{.identity = "bob", .sign = BY("certified-cert.pub")}},
     "signers",
     REFUSED("not accepted")},
    {"a pattern of signers", HUMAN, {{.identity = "joe@example.com", .sign = ONE}}, "signers", GRANTED},
    {"upper case hash", HUMAN, {{.identity = "ann", .sign = ONE, .hash = "upper"}}, "signers", GRANTED},
    {"a time window",
     HUMAN,
     {{.identity = "ann", .sign = ONE, .from = -30 * MINUTE, .until = 1 * MINUTE}},
     "signers",
     GRANTED},
    {"an unsigned line beside", HUMAN, {{.identity = "ann", .sign = ONE}}, "broken-line", GRANTED},
    {"revocation list without it", HUMAN, {{.identity = "ann", .sign = ONE}}, "signers", "krl", GRANTED},
    {"empty list of revoked keys", HUMAN, {{.identity = "ann", .sign = ONE}}, "signers", "revoked-none", GRANTED},
    {"two where one is needed",
     HUMAN,
     {{.identity = "ann", .sign = ONE}, {.identity = "bob", .sign = TWO, .id = "b"}},
     "signers",
     GRANTED},
    {"the initiating user, where one is needed", HUMAN, {{.identity = "user", .sign = ONE}}, "signers", GRANTED},

    {"none", HUMAN, {{.identity = NULL}}, "signers", .answer = CSC_APPROVALS_MISSING, .says = "0 of 1 approvals given"},
    {"expired",
     HUMAN,
     {{.identity = "ann", .sign = ONE, .from = -2 * MINUTE, .until = -MINUTE}},
     "signers",
     .answer = CSC_APPROVALS_EXPIRED,
     .says = "a0.json: expired at 2"},
    {"expires now",
     HUMAN,
     {{.identity = "ann", .sign = ONE, .from = -MINUTE, .until = 0}},
     "signers",
     .answer = CSC_APPROVALS_EXPIRED,
     .says = "expired"},
    {"expired beside forged",
     HUMAN,
     {{.identity = "ann", .sign = ONE, .from = -2 * MINUTE, .until = -MINUTE},
      {.identity = "bob", .sign = ONE, .id = "b"}},
     "signers",
     REFUSED("a1.json: its signature")},
    {"expired for dual control",
     DUAL,
     {{.identity = "ann", .sign = ONE, .from = -2 * MINUTE, .until = -MINUTE}},
     "signers",
     .answer = CSC_APPROVALS_EXPIRED,
     .says = "expired"},

    {"forged",
     HUMAN,
     {{.identity = "bob", .sign = ONE}},
     "signers",
     REFUSED("signers allows 'bob' no key that made it")},
    {"forged beside good",
     HUMAN,
     {{.identity = "ann", .sign = ONE}, {.identity = "bob", .sign = ONE, .id = "b"}},
     "signers",
     REFUSED("a1.json: its sign")},
    {"a key of nobody", HUMAN, {{.identity = "ann", .sign = BY("ca")}}, "signers", REFUSED("allows 'ann' no key")},
    {"nobody's name", HUMAN, {{.identity = "zoe", .sign = ONE}}, "signers", REFUSED("allows 'zoe' no key")},
    {"another contract",
     HUMAN,
     {{.identity = "ann", .sign = ONE, .hash = "other"}},
     "signers",
     REFUSED("is for another contract")},
    {"another namespace",
     HUMAN,
     {{.identity = "ann", .sign = "ssh-keygen -q -Y sign -n file -f one a.json"}},
     "signers",
     REFUSED("namespace does not match")},
    {"revoked in a list", HUMAN, {{.identity = "ann", .sign = ONE}}, "signers", "revoked-list", REFUSED("revoked by")},
    {"revoked in a KRL", HUMAN, {{.identity = "bob", .sign = TWO}}, "signers", "krl", REFUSED("revoked by")},
    {"revoked authority",
     HUMAN,
     {{.identity = "ann", .sign = BY("certified-cert.pub")}},
     "signers",
     "revoked-ca",
     REFUSED("revoked by")},
    {"revocation list of nonsense",
     HUMAN,
     {{.identity = "ann", .sign = ONE}},
     "signers",
     "revoked-nonsense",
     REFUSED("or that file is d")},
    {"a key of the future",
     HUMAN,
     {{.identity = "later", .sign = ONE}},
     "signers",
     REFUSED("signers:9: key is not yet valid")},
    {"a key of the past",
     HUMAN,
     {{.identity = "earlier", .sign = ONE}},
     "signers",
     REFUSED("signers:10: key has expired")},
    {"a key for something else",
     HUMAN,
     {{.identity = "elsewhere", .sign = ONE}},
     "signers",
     REFUSED("not permitted for use in sig")},
    {"signers of nonsense", HUMAN, {{.identity = "ann", .sign = ONE}}, "nonsense", REFUSED("nonsense:1: missing key")},
    {"no signature, only text",
     HUMAN,
     {{.identity = "ann", .sign = "echo nonsense >a.json.sig"}},
     "signers",
     REFUSED("not accepted")},
    {"an empty signature", HUMAN, {{.identity = "ann", .sign = ": >a.json.sig"}}, "signers", REFUSED("not accepted")},
    {"half a signature",
     HUMAN,
     {{.identity = "ann", .sign = ONE " && truncate -s 150 a.json.sig"}},
     "signers",
     REFUSED("not accepted")},
    {"signature of another file",
     HUMAN,
     {{.identity = "ann", .sign = "cp a.json b && echo >>a.json && " ONE " && cp b a.json"}},
     "signers",
     REFUSED("incorrect signature")},
    {"edited",
     HUMAN,
     {{.identity = "ann", .sign = ONE, .edit = "echo >>a.json"}},
     "signers",
     REFUSED("incorrect signature")},
    {"line ends exchanged",
     HUMAN,
     {{.identity = "ann", .sign = ONE, .edit = "sed -i 's/$/\\r/' a.json"}},
     "signers",
     REFUSED("incorrect signature")},
    {"before its beginning",
     HUMAN,
     {{.identity = "ann", .sign = ONE, .from = MINUTE, .until = 2 * MINUTE}},
     "signers",
     REFUSED("which is yet to come")},
    {"before its beginning, within the skew",
     HUMAN,
     {{.identity = "ann", .sign = ONE, .from = MINUTE, .until = 2 * MINUTE}},
     "signers",
     .skew = 60 * CSC_SECOND,
     GRANTED},
    {"before its beginning, beyond the skew",
     HUMAN,
     {{.identity = "ann", .sign = ONE, .from = MINUTE + 1, .until = 2 * MINUTE}},
     "signers",
     .skew = 60 * CSC_SECOND,
     REFUSED("which is yet to come")},
    {"the same one twice",
     HUMAN,
     {{.identity = "ann", .sign = ONE}, {.identity = "ann", .sign = ONE}},
     "signers",
     REFUSED("has the approval_id of a0.json")},

    {"a star for a name",
     HUMAN,
     {{.identity = "*@example.com", .sign = ONE}},
     "signers",
     REFUSED("characters of patterns")},
    {"a question mark", HUMAN, {{.identity = "?nn", .sign = ONE}}, "signers", REFUSED("characters of patterns")},
    {"two names", HUMAN, {{.identity = "ann,bob", .sign = ONE}}, "signers", REFUSED("characters of patterns")},
    {"a negation", HUMAN, {{.identity = "!bob", .sign = ONE}}, "signers", REFUSED("characters of patterns")},
    {"a space", HUMAN, {{.identity = "ann bob", .sign = ONE}}, "signers", REFUSED("characters of patterns")},
    {"a line end", HUMAN, {{.identity = "ann\nbob", .sign = ONE}}, "signers", REFUSED("characters of patterns")},
    {"an invisible character",
     HUMAN,
     {{.identity = "an\xE2\x80\x8Bn", .sign = ONE}},
     "signers",
     REFUSED("characters of patterns")},
    {"an option", HUMAN, {{.identity = "-rrevoked-none", .sign = ONE}}, "signers", REFUSED("characters of patterns")},

    {"unsigned", HUMAN, {{.identity = "ann"}}, "signers", REFUSED("has no signature")},
    {"unsigned beside signed",
     HUMAN,
     {{.identity = "ann", .sign = ONE}, {.identity = "bob", .id = "b"}},
     "signers",
     REFUSED("a1.json: has no sign")},
    {"nobody known", HUMAN, {{.identity = "ann", .sign = ONE}}, NULL, REFUSED("name the allowed signers")},
    {"unsigned, local", HUMAN, {{.identity = "ann"}}, "signers", .local = true, GRANTED},
    {"nobody known, local", HUMAN, {{.identity = "ann", .sign = ONE}}, NULL, .local = true, GRANTED},
    {"forged, local", HUMAN, {{.identity = "bob", .sign = ONE}}, "signers", .local = true, REFUSED("not accepted")},
    {"a space, unsigned, local", HUMAN, {{.identity = "Ann Other"}}, NULL, .local = true, GRANTED},

    {"dual control",
     DUAL,
     {{.identity = "ann", .sign = ONE}, {.identity = "bob", .sign = TWO, .id = "b"}},
     "signers",
     GRANTED},
    {"dual control by a certificate and a key",
     DUAL,
     {{.identity = "ann", .sign = BY("certified-cert.pub")}, {.identity = "bob", .sign = TWO, .id = "b"}},
     "signers",
     GRANTED},
    {"dual control of one",
     DUAL,
     {{.identity = "ann", .sign = ONE}},
     "signers",
     .answer = CSC_APPROVALS_MISSING,
     .says = "1 of 2"},
    {"one key, two names",
     DUAL,
     {{.identity = "ann", .sign = ONE}, {.identity = "eve", .sign = ONE, .id = "b"}},
     "signers",
     REFUSED("with the same key")},
    {"one name, two keys",
     DUAL,
     {{.identity = "ann", .sign = ONE}, {.identity = "ann", .sign = BY("certified-cert.pub"), .id = "b"}},
     "signers",
     REFUSED("is by 'ann' again")},
    {"names alike but for their case",
     DUAL,
     {{.identity = "ann", .sign = ONE}, {.identity = "Ann", .sign = TWO, .id = "b"}},
     "signers",
     REFUSED("is by 'Ann' again")},
    {"one id, two people",
     DUAL,
     {{.identity = "ann", .sign = ONE}, {.identity = "bob", .sign = TWO}},
     "signers",
     REFUSED("has the approval_id of")},
    {"the initiating user",
     DUAL,
     {{.identity = "user", .sign = ONE}, {.identity = "bob", .sign = TWO, .id = "b"}},
     "signers",
     REFUSED("who asked for")},
    {"the initiating user second",
     DUAL,
     {{.identity = "bob", .sign = TWO}, {.identity = "user", .sign = ONE, .id = "b"}},
     "signers",
     REFUSED("who asked for")},
    {"the initiating user in capitals, local",
     DUAL,
     {{.identity = "USER"}, {.identity = "bob", .id = "b"}},
     NULL,
     .local = true,
     REFUSED("who asked for")},
    {"dual control, unsigned, local",
     DUAL,
     {{.identity = "ann"}, {.identity = "bob", .id = "b"}},
     NULL,
     .local = true,
     GRANTED},
    {"dual control, unsigned, one name",
     DUAL,
     {{.identity = "ann"}, {.identity = "ann", .id = "b"}},
     NULL,
     .local = true,
     REFUSED("again")},
    {"three, two of them one person",
     DUAL,
     {{.identity = "ann", .sign = ONE},
      {.identity = "bob", .sign = TWO, .id = "b"},
      {.identity = "eve", .sign = ONE, .id = "c"}},
     "signers",
     REFUSED("a2.json: is signed with the same key")},
};

static const char contract_text[] =
    "{\"version\":\"csc.v0.1\",\"contract_id\":\"contract-1\",\"intent\":\"t\",\"actor\":{\"agent_id\":\"a\","
    "\"session_id\":\"s\",\"initiating_user\":\"user\",\"delegation_scope\":\"d\"},\"commands\":[{\"id\":\"one\","
    "\"exec\":{\"argv\":[\"true\"]},\"cwd\":\"/\",\"read_paths\":[],\"write_paths\":[],\"network\":\"deny\","
    "\"env_allow\":[],\"secret_refs\":[],\"timeout_sec\":1,\"proposed_effect_type\":\"observe\"}],"
    "\"risk_class\":\"low\",\"approval_mode\":\"%s\",\"justification\":\"j\"}";

static struct csc_contract *parse_contract(int mode)
{
    static const char *const modes[] = {"human_required", "dual_control_required", "policy_only"};
    struct csc_contract *contract = NULL;
    char text[1000];

    (void)snprintf(text, sizeof(text), contract_text, modes[mode]);
    assert_int_equal(csc_contract_parse(text, strlen(text), &contract, NULL), 0);
    return contract;
}

static void read_whole(const char *name, struct csc_buf *ret_bytes)
{
    assert_int_equal(csc_read_input(folder_path(folder, name), 1 << 20, ret_bytes, NULL), 0);
}

static void set_hash(char hash[CSC_SHA256_HEX], const struct csc_contract *contract, const char *which)
{
    memcpy(hash, contract->sha256, CSC_SHA256_HEX);
    for (char *p = hash; which && *p; p++)
        *p = strcmp(which, "upper") != 0 ? '0' : (char)(*p >= 'a' ? *p - 'a' + 'A' : *p);
}

/* Writes it as a.json, has it signed, and reads both. */
static void give(const struct given *given, const struct csc_contract *contract, int64_t now,
                 struct csc_approval_file *file)
{
    bool usual = given->from == 0 && given->until == 0;
    char hash[CSC_SHA256_HEX];
    struct csc_buf bytes = {0}, read = {0}, signature = {0};
    struct csc_error err = {0};

    set_hash(hash, contract, given->hash);
    const struct csc_approval approval = {.id = given->id ? given->id : "a",
                                          .contract_sha256 = hash,
                                          .identity = given->identity,
                                          .approved_at = now + (usual ? -30 * MINUTE : given->from),
                                          .expires_at = now + (usual ? 30 * MINUTE : given->until)};
    if (csc_approval_write(&approval, &bytes, &err) < 0)
        fail_msg("%s", err.text);
    assert_true(shell("rm -f a.json a.json.sig"));
    folder_write(folder, "a.json", bytes.data);
    csc_buf_free(&bytes);
    if (given->sign && !shell(given->sign))
        fail_msg("failed: %s", given->sign);
    if (given->edit)
        assert_true(shell(given->edit));
    read_whole("a.json", &read);
    file->size = read.size;
    file->bytes = csc_buf_take(&read);
    if (!given->sign)
        return;
    read_whole("a.json.sig", &signature);
    file->signature_size = signature.size;
    file->signature = csc_buf_take(&signature);
}

static void judge_row(size_t i)
{
    static const char *const names[] = {"a0.json", "a1.json", "a2.json"};
    struct csc_contract *contract = parse_contract(rows[i].mode);
    struct csc_approval_file files[3] = {0};
    char signers[300] = "", revoked[300] = "";
    struct csc_approvals *approvals = NULL;
    struct csc_error err = {0};
    bool any_unsigned = false;
    int64_t now = csc_time_now();
    size_t count = 0;

    for (; count < 3 && rows[i].given[count].identity; count++) {
        files[count].name = names[count];
        give(&rows[i].given[count], contract, now, &files[count]);
        any_unsigned |= !rows[i].given[count].sign || !rows[i].signers;
    }
    (void)snprintf(signers, sizeof(signers), "%s/%s", folder, rows[i].signers ? rows[i].signers : "");
    (void)snprintf(revoked, sizeof(revoked), "%s/%s", folder, rows[i].revoked ? rows[i].revoked : "");
    const struct csc_approval_trust trust = {.allowed_signers = rows[i].signers ? signers : NULL,
                                             .revoked = rows[i].revoked ? revoked : NULL,
                                             .ssh_keygen = CSC_APPROVAL_SSH_KEYGEN,
                                             .signed_only = !rows[i].local,
                                             .skew_us = rows[i].skew};
    const struct csc_approval_request request = {contract, files, count, &trust, now};
    if (csc_approvals_judge(&request, &approvals, &err) < 0)
        fail_msg("%s: %s", rows[i].name, err.text);
    if (approvals->answer != rows[i].answer || !strstr(approvals->reason, rows[i].says) ||
        (rows[i].answer == CSC_APPROVALS_GRANTED && approvals->reason[0]))
        fail_msg("%s: %d, '%s'", rows[i].name, (int)approvals->answer, approvals->reason);
    bool granted = rows[i].answer == CSC_APPROVALS_GRANTED;
    if (approvals->count != (granted ? count : 0) || (granted && approvals->any_unsigned != any_unsigned))
        fail_msg("%s: %zu, %d", rows[i].name, approvals->count, approvals->any_unsigned);
    for (size_t k = 0; k < approvals->count; k++) {
        bool has_key = strncmp(approvals->items[k].key, "SHA256:", 7) == 0 && strlen(approvals->items[k].key) == 50;
        assert_true(has_key == (rows[i].given[k].sign && rows[i].signers));
        assert_int_equal(strlen(approvals->items[k].sha256), 64);
        assert_string_equal(approvals->items[k].approval->identity, rows[i].given[k].identity);
    }
    csc_approvals_free(approvals);
    for (size_t k = 0; k < count; k++) {
        free((char *)files[k].bytes);
        free((char *)files[k].signature);
    }
    csc_contract_free(contract);
}

static void every_row_is_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        judge_row(i);
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *name, *bytes, *signers, *revoked, *ssh_keygen, *prepare;
    int code;
    const char *says;
} errors[] = {
    {"malformed", "{\n x", "signers", .code = CSC_E_DATA, .says = "a.json:2:2: "},
    {"a field", "{\"approval_version\":\"csc.approval.v0.1\"}", "signers", .code = CSC_E_DATA,
     .says = "a.json: approval_id: is missing"},
    {"no signers", NULL, "absent", .code = CSC_E_INPUT, .says = "absent: failed to read: No such"},
    {"signers that are no text", NULL, "zeros", .code = CSC_E_CONFIG, .says = "zeros: is no list of allowed signers"},
    {"signers that are nobody", NULL, "nobody", .code = CSC_E_CONFIG, .says = "nobody: names nobody"},
    {"a folder of signers", NULL, "folder", .prepare = "mkdir -p folder", .code = CSC_E_INPUT,
     .says = "folder: failed"},
    {"signers that the group can write", NULL, "loose", .prepare = "cp signers loose; chmod 664 loose",
     .code = CSC_E_PERMISSION, .says = "chmod go-w"},
    {"signers in a folder that others can write", NULL, "open/signers",
     .prepare = "mkdir -p open; cp signers open; chmod 777 open", .code = CSC_E_PERMISSION, .says = "chmod go-w"},
    {"a FIFO of signers", NULL, "fifo", .prepare = "mkfifo fifo", .code = CSC_E_PERMISSION, .says = "no regular file"},
    {"no revoked keys", NULL, "signers", "absent", .code = CSC_E_INPUT, .says = "absent: failed to read"},
    {"revoked keys that are neither", NULL, "signers", "zeros", .code = CSC_E_CONFIG, .says = "zeros: is neither"},
    {"revoked keys that others can write", NULL, "signers", "loose-krl",
     .prepare = "cp krl loose-krl; chmod 666 loose-krl", .code = CSC_E_PERMISSION, .says = "chmod go-w"},
    {"no ssh-keygen", NULL, "signers", .ssh_keygen = "/nonexistent", .code = CSC_E_CONFIG, .says = "cannot execute"},
    {"a name to search for", NULL, "signers", .ssh_keygen = "ssh-keygen", .code = CSC_E_CONFIG, .says = "no absolute"},
    {"something else", NULL, "signers", .ssh_keygen = "/bin/true", .code = CSC_E_CONFIG, .says = "answered what"},
};

static void what_trust_rests_on_is_checked(void **state)
{
    static const char signature[] = "nothing that is looked at";
    struct csc_contract *contract = parse_contract(HUMAN);
    struct csc_approval_file good = {0};
    char signers[300], revoked[300];
    int64_t now = csc_time_now();

    (void)state;
    give(&(const struct given){.identity = "ann", .sign = ONE}, contract, now, &good);
    good.name = "a.json";
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        const char *bytes = errors[i].bytes;
        const struct csc_approval_file bad = {"a.json", bytes, bytes ? strlen(bytes) : 0, signature, 25};
        struct csc_approvals *approvals = NULL;
        struct csc_error err = {0};
        if (errors[i].prepare && !shell(errors[i].prepare))
            fail_msg("failed: %s", errors[i].prepare);
        (void)snprintf(signers, sizeof(signers), "%s/%s", folder, errors[i].signers);
        (void)snprintf(revoked, sizeof(revoked), "%s/%s", folder, errors[i].revoked ? errors[i].revoked : "");
        const struct csc_approval_trust trust = {signers, errors[i].revoked ? revoked : NULL,
                                                 errors[i].ssh_keygen ? errors[i].ssh_keygen : CSC_APPROVAL_SSH_KEYGEN,
                                                 true, 0};
        const struct csc_approval_request request = {contract, errors[i].bytes ? &bad : &good, 1, &trust, now};
        int r = csc_approvals_judge(&request, &approvals, &err);
        if (r != -errors[i].code || !strstr(err.text, errors[i].says) || approvals)
            fail_msg("%s: %d, '%s'", errors[i].name, r, err.text);
        assert_string_equal(err.stage, "approval");
    }
    free((char *)good.bytes);
    free((char *)good.signature);
    csc_contract_free(contract);
}

static void more_than_the_most_is_an_error(void **state)
{
    struct csc_contract *contract = parse_contract(HUMAN);
    const struct csc_approval_file files[CSC_APPROVAL_FILES_MAX + 1] = {0};
    const struct csc_approval_trust trust = {.ssh_keygen = CSC_APPROVAL_SSH_KEYGEN};
    const struct csc_approval_request request = {contract, files, ARRAY_SIZE(files), &trust, 0};
    struct csc_approvals *approvals = NULL;

    (void)state;
    assert_int_equal(csc_approvals_judge(&request, &approvals, NULL), -CSC_E_USAGE);
    assert_null(approvals);
    csc_contract_free(contract);
}

static void expiry_is_asked_again(void **state)
{
    struct csc_approval early = {.expires_at = 10}, late = {.expires_at = 20};
    struct csc_approved items[] = {{.approval = &late}, {.approval = &early}};
    const struct csc_approvals approvals = {.items = items, .count = 2};

    (void)state;
    assert_false(csc_approvals_expired(&approvals, 9));
    assert_true(csc_approvals_expired(&approvals, 10));
    assert_true(csc_approvals_expired(&approvals, 25));
}

/* ---- signing ------------------------------------------------------------------------------------------------------
 */

/* What ssh-keygen makes of the same bytes by hand is the same: Ed25519 signatures are deterministic. */
static void signing_by_hand_gives_the_same(void **state)
{
    struct csc_buf bytes = {0}, signature = {0}, by_hand = {0};
    char path[300], key[CSC_APPROVAL_KEY] = "";
    const struct csc_approval_signer signer = {CSC_APPROVAL_SSH_KEYGEN, path, false};
    struct csc_error err = {0};

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/one", folder);
    folder_write(folder, "a.json", "any bytes");
    assert_true(shell("rm -f a.json.sig; " ONE));
    read_whole("a.json.sig", &by_hand);
    csc_buf_puts(&bytes, "any bytes");
    if (csc_approval_sign(&signer, &bytes, &signature, key, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(signature.data, by_hand.data);
    assert_int_equal(strncmp(key, "SHA256:", 7), 0);
    csc_buf_free(&bytes);
    csc_buf_free(&signature);
    csc_buf_free(&by_hand);
}

static void what_cannot_be_signed_leaves_nothing(void **state)
{
    struct csc_buf bytes = {0}, signature = {0};
    char key[CSC_APPROVAL_KEY] = "";
    const struct csc_approval_signer signer = {CSC_APPROVAL_SSH_KEYGEN, "/nonexistent/key", false};

    (void)state;
    csc_buf_puts(&bytes, "any bytes");
    assert_true(shell("mkdir tmp"));
    (void)setenv("TMPDIR", folder_path(folder, "tmp"), 1);
    assert_int_equal(csc_approval_sign(&signer, &bytes, &signature, key, NULL), -CSC_E_INVALID);
    assert_int_equal(folder_count(folder_path(folder, "tmp")), 0);
    (void)unsetenv("TMPDIR");
    assert_null(signature.data);
    csc_buf_free(&bytes);
}

/* Of a long path the end is shown: it is what tells two files apart. */
static void test_shown_names(void **state)
{
    static const char *const cases[][2] = {
        {"approval.json", "approval.json"},
        {"a\nb", "a\\x0ab"},
        {"/home/ann/a-folder-with-a-rather-long-name/csc/requests/0123456789abcdef0123456789abcdef/approval-2.json",
         ".../csc/requests/0123456789abcdef0123456789abcdef/approval-2.json"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char shown[CSC_EXCERPT];
        assert_string_equal(csc_approval_shown_name(shown, cases[i][0]), cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shown_names),
        cmocka_unit_test(every_row_is_answered),
        cmocka_unit_test(what_trust_rests_on_is_checked),
        cmocka_unit_test(more_than_the_most_is_an_error),
        cmocka_unit_test(expiry_is_asked_again),
        cmocka_unit_test(signing_by_hand_gives_the_same),
        cmocka_unit_test(what_cannot_be_signed_leaves_nothing),
    };
    int result = 77;

    if (access(CSC_APPROVAL_SSH_KEYGEN, X_OK) < 0) {
        puts("SKIP: there is no " CSC_APPROVAL_SSH_KEYGEN);
        return 77;
    }
    folder = folder_create();
    if (shell(make_keys) && shell(make_signers))
        result = cmocka_run_group_tests(tests, NULL, NULL);
    else
        puts("SKIP: ssh-keygen makes no keys here");
    folder_remove(folder);
    return result;
}
