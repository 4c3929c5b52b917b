/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "policy/classify.h"
#include "unit/policy/fixture.h"

#define OBSERVE CSC_EFFECT_OBSERVE
#define FETCH CSC_EFFECT_FETCH_EXTERNAL
#define MUTATE CSC_EFFECT_MUTATE_REPO
#define DEPLOY CSC_EFFECT_DEPLOY
#define SECRETS CSC_EFFECT_TOUCH_SECRETS

/* For every rule, at least one command line that it stops under a policy that allows only `observe`, and one that comes
 * near and passes. */
static const struct {
    enum csc_effect effect;
    const char *matches, *near_miss;
} pairs[] = {
    {FETCH, "curl https://example.org", "curlew https://example.org"},
    {FETCH, "ssh host", "sshd -t"},
    {FETCH, "scp host:/a /b", "scp /a:b /c"},
    {FETCH, "rsync -a rsync://host/a /b", "rsync -a /a /b"},
    {FETCH, "git fetch origin", "git log fetch"},
    {FETCH, "git archive --remote=host HEAD", "git archive HEAD"},
    {FETCH, "git remote update", "git remote -v"},
    {FETCH, "git submodule update --init", "git submodule status"},
    {FETCH, "git lfs pull", "git lfs ls-files"},
    {FETCH, "gh repo clone a/b", "gh repo view a/b"},
    {FETCH, "hg pull", "hg log"},
    {FETCH, "svn checkout URL", "svn info"},
    {FETCH, "pip3.11 install x", "pip3.11 list"},
    {FETCH, "python3 -m pip install x", "python3 -m json.tool install"},
    {FETCH, "python3 -Im pip install x", "python3 x.py pip install"},
    {FETCH, "python3 -mpip install x", "python3 -mpip list"},
    {FETCH, "npx x", "node npx"},
    {FETCH, "uv pip install x", "uv pip list"},
    {FETCH, "uv sync", "uv version"},
    {FETCH, "poetry install", "poetry check"},
    {FETCH, "conda install x", "conda info"},
    {FETCH, "npm ci", "npm test"},
    {FETCH, "npm inst x", "npm root"},
    {FETCH, "npm exec x", "npm explain x"},
    {FETCH, "pnpm add x", "pnpm test"},
    {FETCH, "yarn --frozen-lockfile", "yarn test"},
    {FETCH, "deno cache x", "deno fmt"},
    {FETCH, "cargo +nightly install x", "cargo +nightly test"},
    {FETCH, "rustup update", "rustup show"},
    {FETCH, "go get x", "go vet x"},
    {FETCH, "go mod download", "go mod graph"},
    {FETCH, "gem install x", "gem list"},
    {FETCH, "bundle install", "bundle check"},
    {FETCH, "bundle", "bundle exec"},
    {FETCH, "composer req x", "composer validate"},
    {FETCH, "apt-get -y install x", "apt-get -y check"},
    {FETCH, "dnf install x", "dnf list"},
    {FETCH, "zypper in x", "zypper search x"},
    {FETCH, "apk add x", "apk info"},
    {FETCH, "pacman -Syu", "pacman -Qi x"},
    {FETCH, "brew install x", "brew list"},
    {FETCH, "snap install x", "snap list"},
    {FETCH, "nix-env -i x", "nix-env -q"},
    {FETCH, "nix build", "nix log"},
    {FETCH, "nix-shell", "nix-hash"},
    {FETCH, "docker pull x", "docker ps"},
    {FETCH, "docker image pull x", "docker image ls"},
    {FETCH, "docker-compose up", "docker-compose ps"},
    {FETCH, "skopeo inspect x", "skopeo --version"},
    {FETCH, "terraform init", "terraform fmt"},
    {FETCH, "helm pull x", "helm list"},
    {MUTATE, "git commit -m x", "git show commit"},
    {MUTATE, "git checkout x", "git describe checkout"},
    {MUTATE, "git stash", "git stash list"},
    {MUTATE, "git stash pop", "git stash show"},
    {MUTATE, "git stash -m text", "git stash show -t"},
    {MUTATE, "git branch new", "git branch"},
    {MUTATE, "git branch -d", "git branch -a"},
    {MUTATE, "git config user.name x", "git config user.name"},
    {MUTATE, "git config --unset user.name", "git config --list"},
    {MUTATE, "git remote add x y", "git remote get-url x"},
    {MUTATE, "git submodule deinit x", "git submodule summary"},
    {MUTATE, "git worktree add x", "git worktree list"},
    {MUTATE, "git notes add", "git notes list"},
    {MUTATE, "git reflog expire", "git reflog show"},
    {MUTATE, "git gc", "git fsck"},
    {MUTATE, "git update-ref x y", "git for-each-ref"},
    {MUTATE, "git fast-import", "git fast-export"},
    {MUTATE, "hg commit", "hg status"},
    {DEPLOY, "git push origin", "git log push"},
    {DEPLOY, "git remote-https x", "git rev-parse remote-https"},
    {DEPLOY, "git lfs push x", "git lfs status"},
    {DEPLOY, "gh pr merge 1", "gh pr view 1"},
    {DEPLOY, "gh api x", "gh status"},
    {DEPLOY, "hg push", "hg paths"},
    {DEPLOY, "svn commit", "svn diff"},
    {DEPLOY, "kubectl apply -f x", "kubectl get pods"},
    {DEPLOY, "kubectl auth reconcile -f x", "kubectl auth can-i x"},
    {DEPLOY, "helm upgrade x y", "helm status x"},
    {DEPLOY, "helmfile apply", "helmfile list"},
    {DEPLOY, "terraform apply", "terraform plan"},
    {DEPLOY, "terraform state rm x", "terraform state list"},
    {DEPLOY, "pulumi up", "pulumi preview"},
    {DEPLOY, "cdk deploy", "cdk synth"},
    {DEPLOY, "ansible-playbook x.yml", "ansible-lint x.yml"},
    {DEPLOY, "docker push x", "docker images push"},
    {DEPLOY, "docker manifest push x", "docker manifest annotate x"},
    {DEPLOY, "docker build --push .", "docker history --push ."},
    {DEPLOY, "docker buildx build . --push", "docker buildx ls --push"},
    {DEPLOY, "docker stack deploy x", "docker stack ls"},
    {DEPLOY, "docker-compose push", "docker-compose logs"},
    {DEPLOY, "skopeo copy a b", "skopeo standalone-verify a"},
    {DEPLOY, "npm publish", "npm pack"},
    {DEPLOY, "npm publi", "npm pu"},
    {DEPLOY, "pnpm publish", "pnpm why x"},
    {DEPLOY, "yarn npm publish", "yarn npm whoami"},
    {DEPLOY, "twine upload x", "twine check x"},
    {DEPLOY, "python3 -m twine upload x", "python3 -m twine check x"},
    {DEPLOY, "python3 setup.py upload", "python3 setup.py test"},
    {DEPLOY, "poetry publish", "poetry version"},
    {DEPLOY, "cargo publish", "cargo package"},
    {DEPLOY, "gem push x", "gem build x"},
    {DEPLOY, "mvn deploy", "mvn verify"},
    {DEPLOY, "dotnet nuget push x", "dotnet nuget list"},
    {DEPLOY, "nuget push x", "nuget list"},
    {DEPLOY, "aws s3 cp a b", "aws s3 ls"},
    {DEPLOY, "aws cloudformation deploy", "aws cloudformation describe-stacks"},
    {DEPLOY, "aws ecs update-service", "aws ecs list-services"},
    {DEPLOY, "gcloud app deploy", "gcloud app list"},
    {DEPLOY, "gcloud compute instances create x", "gcloud compute instances list"},
    {DEPLOY, "gsutil cp a b", "gsutil ls a"},
    {DEPLOY, "flyctl deploy", "flyctl status"},
    {SECRETS, "gpg --export-secret-keys", "gpg --verify x"},
    {SECRETS, "ssh-add -l", "ssh-keyscan"},
    {SECRETS, "git credential fill", "git rev-parse credential"},
    {SECRETS, "gh auth token", "gh auth status"},
    {SECRETS, "gcloud auth print-access-token", "gcloud auth list"},
    {SECRETS, "kubectl get secret x", "kubectl get pods"},
};

static struct csc_classification classify(struct fixture *f, const char *line)
{
    fixture_begin(f);
    fixture_run(f, 0, 0, line);
    fixture_seal(f);
    return csc_classify(&f->commands[0], &f->policy);
}

static void assert_code(struct fixture *f, const char *line, const char *code)
{
    struct csc_decision *decision = NULL;

    fixture_begin(f);
    fixture_run(f, 0, 0, line);
    fixture_add(&f->policy.allow_commands, f->command[0].argvs[0].items[0]);
    fixture_seal(f);
    assert_int_equal(csc_decide(&f->contract, &f->policy, &decision, NULL), 0);
    if (strcmp(csc_decision_reason_code(decision), code) != 0)
        fail_msg("%s: %s", line, decision->reason);
    csc_decision_free(decision);
}

static void each_rule_stops_one_and_lets_a_near_one_pass(void **state)
{
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        struct csc_classification c = classify(&f, pairs[i].matches);
        if (!c.rule || c.core != pairs[i].effect)
            fail_msg("%s: %s by %s", pairs[i].matches, c.effect_type, c.rule ? c.rule : "no rule");
        assert_string_equal(c.effect_type, csc_effect_names[c.core]);
        assert_code(&f, pairs[i].matches, "EFFECT_TYPE_NOT_ALLOWED");
        c = classify(&f, pairs[i].near_miss);
        if (c.rule)
            fail_msg("%s: %s by %s", pairs[i].near_miss, c.effect_type, c.rule);
        assert_code(&f, pairs[i].near_miss, "ALLOW");
    }
}

static void every_rule_has_a_pair(void **state)
{
    (void)state;
    for (const struct csc_effect_rule *rule = csc_effect_rules; rule->pattern; rule++) {
        bool seen = false;
        for (size_t i = 0; i < ARRAY_SIZE(pairs) && !seen; i++) {
            struct fixture f;
            seen = classify(&f, pairs[i].matches).rule == rule->pattern;
        }
        if (!seen)
            fail_msg("no case for the rule \"%s\"", rule->pattern);
    }
}

/* What must not fool the rules, and what they must not be fooled by. OBSERVE: no rule. */
static const struct {
    const char *line;
    enum csc_effect effect;
} lines[] = {
    /* options in front of the subcommand */
    {"git -C /x push", DEPLOY},
    {"git --no-pager push", DEPLOY},
    {"git -c color.ui=never push", DEPLOY},
    {"git -C push status", OBSERVE},
    {"git --git-dir push --work-tree commit log", OBSERVE},
    {"git --git-dir=/x push", DEPLOY},
    {"git --namespace x -p push", DEPLOY},
    {"git --unknown push", DEPLOY},
    {"git --unknown value push", DEPLOY},
    {"git --unknown value log push", OBSERVE},
    {"git --unknown=value log push", OBSERVE},
    {"git -- push", DEPLOY},
    {"git --no-pager log push", OBSERVE},
    {"git -C", OBSERVE},
    {"git", OBSERVE},
    {"kubectl -n prod --context x apply", DEPLOY},
    {"kubectl --namespace=prod delete pod x", DEPLOY},
    {"kubectl -n apply get pods", OBSERVE},
    {"terraform -chdir=x apply", DEPLOY},
    {"docker --context x -l debug push y", DEPLOY},
    {"helm --kube-context x uninstall y", DEPLOY},
    {"npm --prefix x publish", DEPLOY},
    {"aws --profile x s3 rm y", DEPLOY},
    {"cargo --color never publish", DEPLOY},
    /* other names for the same */
    {"/usr/bin/git push", DEPLOY},
    {"./git push", DEPLOY},
    {"/usr/lib/git-core/git-push origin", DEPLOY},
    {"git-receive-pack x", OBSERVE},
    {"gitpush", OBSERVE},
    {"Git push", OBSERVE},
    {"pip install x", FETCH},
    {"pip-3 install x", FETCH},
    {"pip3x install x", OBSERVE},
    {"python3.12 -m pip -q install x", FETCH},
    {"python3 -m x -m pip install y", OBSERVE},
    /* settings that hide what runs */
    {"git -c alias.x=push x", DEPLOY},
    {"git -c ALIAS.x=push x", DEPLOY},
    {"git -c include.path=/x status", DEPLOY},
    {"git -c core.sshCommand=x status", DEPLOY},
    {"git -c diff.x.textconv=y diff", DEPLOY},
    {"git -c diff.algorithm=patience diff", OBSERVE},
    {"git --config-env alias.x=Y x", DEPLOY},
    {"git --config-env=alias.x=Y x", DEPLOY},
    {"git clone --config alias.x=y z", DEPLOY},
    {"git clone -calias.x=y z", DEPLOY},
    {"git -c alias", OBSERVE},
    {"git status -c", OBSERVE},
    {"hg -c alias.x=push x", OBSERVE},
    /* wrappers */
    {"env git push", DEPLOY},
    {"prlimit --nofile=9 git push", DEPLOY},
    {"/lib64/ld-linux-x86-64.so.2 /usr/bin/git push", DEPLOY},
    {"start-stop-daemon --start --exec /usr/bin/git -- push", DEPLOY},
    {"env -u X GIT_DIR=/x git -C y push", DEPLOY},
    {"sudo -u git git push", DEPLOY},
    {"sudo -u git ls", OBSERVE},
    {"timeout -k 5 10 nice -n 5 git push", DEPLOY},
    {"xargs -0 /usr/bin/curl -O", FETCH},
    {"find /x -exec git push +", DEPLOY},
    {"docker run x git push", DEPLOY},
    {"busybox wget x", FETCH},
    {"env", OBSERVE},
    {"env FOO=bar ls", OBSERVE},
    {"echo git push", OBSERVE},
    /* minimum of the protocol's list */
    {"wget x", FETCH},
    {"git clone x", FETCH},
    {"git pull", FETCH},
    {"git merge x", MUTATE},
    {"git rebase x", MUTATE},
    {"git tag x", MUTATE},
    {"git reset --hard", MUTATE},
    {"kubectl delete x", DEPLOY},
    {"terraform destroy", DEPLOY},
    {"helm install x y", DEPLOY},
    {"git status --short", OBSERVE},
    {"git diff --stat", OBSERVE},
    {"git log -n 5 --oneline", OBSERVE},
    /* credential paths in argv */
    {"cat /home/u/.ssh/id_ed25519", SECRETS},
    {"cat .ssh", SECRETS},
    {"cat /home/u/.SSH/config", SECRETS},
    {"cat id_rsa", SECRETS},
    {"cat id_rsa.pub", OBSERVE},
    {"cat my_id_rsa", OBSERVE},
    {"tool --file=/home/u/.netrc", SECRETS},
    {"tool -i/home/u/.netrc", SECRETS},
    {"tool -i.netrc", SECRETS},
    {"tool @.netrc", SECRETS},
    {"tool key:server.pem", SECRETS},
    {"tool -v /home/u/.aws:/aws", OBSERVE},
    {"cat /home/u/.aws/credentials", SECRETS},
    {"cat /home/u/.aws//./credentials", SECRETS},
    {"cat /home/u/.aws/x/../credentials", SECRETS},
    {"cat /home/u/.aws/config", OBSERVE},
    {"cat credentials/.aws", OBSERVE},
    {"cat .git-credentials", SECRETS},
    {"cat .npmrc", SECRETS},
    {"cat .npmrc.example", OBSERVE},
    {"cat .pypirc", SECRETS},
    {"cat .docker/config.json", SECRETS},
    {"cat .kube/config", SECRETS},
    {"cat tls/server.key", SECRETS},
    {"jq .data.key x", OBSERVE},
    {"cat pem", OBSERVE},
    {"cat x.pem.txt", OBSERVE},
    {"cat C:\\Users\\u\\_netrc", SECRETS},
    {"cat /etc/shadow", SECRETS},
    {"cat /etc/passwd", OBSERVE},
    {"git push -i id_rsa", SECRETS}, /* the stronger of two */
};

static void command_lines_have_their_effects(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct fixture f;
        struct csc_classification c = classify(&f, lines[i].line);
        if (c.core != lines[i].effect || !c.rule != (lines[i].effect == OBSERVE))
            fail_msg("%s: %s by %s", lines[i].line, c.effect_type, c.rule ? c.rule : "no rule");
    }
}

static void without_a_rule_the_proposal_stands(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    f.command[0].command.proposed_effect = DEPLOY;
    fixture_seal(&f);
    struct csc_classification c = csc_classify(&f.commands[0], &f.policy);
    assert_null(c.rule);
    assert_int_equal(c.core, DEPLOY);
    fixture_run(&f, 0, 0, "git fetch"); /* a rule counts also where it says less */
    fixture_seal(&f);
    c = csc_classify(&f.commands[0], &f.policy);
    assert_int_equal(c.core, FETCH);
}

static void the_strongest_segment_counts(void **state)
{
    static const char *const pipelines[][3] = {
        {"curl x", "git push", "wc"}, {"git push", "curl x", "wc"}, {"wc", "git commit", "git push"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pipelines); i++) {
        struct fixture f;
        fixture_begin(&f);
        for (size_t k = 0; k < 3; k++)
            fixture_run(&f, 0, k, pipelines[i][k]);
        fixture_seal(&f);
        assert_int_equal(csc_classify(&f.commands[0], &f.policy).core, DEPLOY);
    }
}

/* Only what is named literally: /home/u/ and its globs hold credential files, but don't name them. */
static void scopes_name_secrets_too(void **state)
{
    static const struct {
        const char *cwd, *read, *write;
        enum csc_effect effect;
    } scopes[] = {
        {"/home/u/.ssh", NULL, NULL, SECRETS},
        {"/work", "/home/u/.netrc", NULL, SECRETS},
        {"/work", NULL, "/home/u/.aws/credentials", SECRETS},
        {"/work", "/home/u/.ssh/**", NULL, SECRETS},
        {"/work", "/work/**/*.pem", NULL, SECRETS},
        {"/work", "/home/u/**", "/home/u/*", OBSERVE},
        {"/work", "/home/u/ssh", "/home/u/netrc", OBSERVE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
        struct fixture f;
        fixture_begin(&f);
        f.command[0].command.cwd = scopes[i].cwd;
        if (scopes[i].read)
            fixture_read(&f, 0, scopes[i].read);
        if (scopes[i].write)
            fixture_write(&f, 0, scopes[i].write);
        fixture_seal(&f);
        struct csc_classification c = csc_classify(&f.commands[0], &f.policy);
        if (c.core != scopes[i].effect)
            fail_msg("scope %zu: %s", i, c.effect_type);
    }
}

static void every_secret_path_is_found(void **state)
{
    (void)state;
    for (const struct csc_secret_path *secret = csc_secret_paths; secret->name; secret++) {
        char path[128], longer[160];
        const char *star = strchr(secret->name, '*');
        (void)snprintf(path, sizeof(path), "/home/u/%s%s", star ? "name" : "", star ? star + 1 : secret->name);
        if (!csc_secret_path_find(path))
            fail_msg("%s is not found", path);
        (void)snprintf(longer, sizeof(longer), "%s-not", path);
        const char *found = csc_secret_path_find(longer);
        if (found == secret->name)
            fail_msg("%s is taken for %s", longer, found);
    }
}

static void stripe_is_a_payment_where_its_host_is_allowed(void **state)
{
    static const struct {
        const char *host, *line, *effect_type;
    } cases[] = {
        {"api.stripe.com", "curl https://api.stripe.com/v1", "financial_action"},
        {"API.Stripe.com", "curl -X POST HTTPS://api.STRIPE.com/v1", "financial_action"},
        {"api.stripe.com", "env X=1 /usr/bin/curl api.stripe.com", "financial_action"},
        {"api.stripe.com", "curl https://stripe.stripe.com@api.stripe.com", "financial_action"},
        {"stripe.stripe.com", "curl stripe.stripe.stripe.com", "financial_action"},
        {"api.stripe.com", "curl stripe.com i.stripe.com/api.stripe.co", "fetch_external"},
        {"api.stripe.com", "curl https://example.org", "fetch_external"},
        {"example.org", "curl https://api.stripe.com/v1", "fetch_external"},
        {"example.org", "curl https://example.org/stripe", "fetch_external"},
        {"api.stripe.com", "wget https://api.stripe.com/v1", "fetch_external"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture f;
        fixture_begin(&f);
        fixture_add(&f.policy.egress_hosts, cases[i].host);
        fixture_run(&f, 0, 0, cases[i].line);
        fixture_run(&f, 0, 1, "curl https://example.net"); /* as strong, and plain: the extension stays */
        fixture_seal(&f);
        struct csc_classification c = csc_classify(&f.commands[0], &f.policy);
        assert_int_equal(c.core, FETCH);
        if (strcmp(c.effect_type, cases[i].effect_type) != 0)
            fail_msg("%s: %s", cases[i].line, c.effect_type);
    }
}

/* What can be read in too many ways is not read to the end, and counts as the strongest effect there is. */
static void endless_argvs_are_not_read_to_the_end(void **state)
{
    enum { WORDS = 200000 };
    static char git[] = "git", option[] = "-x", env[] = "env";
    char **items = calloc(WORDS + 1, sizeof(*items));
    struct fixture f;

    (void)state;
    assert_non_null(items);
    for (size_t i = 0; i < WORDS; i++)
        items[i] = i % 2 ? git : option;
    items[0] = env;
    fixture_begin(&f);
    f.command[0].argvs[0] = (struct csc_argv){.items = items, .count = WORDS};
    fixture_seal(&f);
    assert_int_equal(csc_classify(&f.commands[0], &f.policy).core, SECRETS);
    free(items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_stops_one_and_lets_a_near_one_pass),
        cmocka_unit_test(every_rule_has_a_pair),
        cmocka_unit_test(command_lines_have_their_effects),
        cmocka_unit_test(without_a_rule_the_proposal_stands),
        cmocka_unit_test(the_strongest_segment_counts),
        cmocka_unit_test(scopes_name_secrets_too),
        cmocka_unit_test(every_secret_path_is_found),
        cmocka_unit_test(stripe_is_a_payment_where_its_host_is_allowed),
        cmocka_unit_test(endless_argvs_are_not_read_to_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
