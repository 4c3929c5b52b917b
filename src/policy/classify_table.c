/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "policy/classify.h"

const struct csc_effect_rule csc_effect_rules[] = {
    /* what brings something in */
    {CSC_EFFECT_FETCH_EXTERNAL, "curl|wget|wget2|aria2c|axel|http|https|xh|lynx|w3m|links|elinks|yt-dlp"},
    {CSC_EFFECT_FETCH_EXTERNAL, "ssh|sftp|ftp|lftp|ncftp|tftp|telnet|nc|ncat|netcat|socat|mosh"},
    {CSC_EFFECT_FETCH_EXTERNAL, "scp|rsync @"},
    {CSC_EFFECT_FETCH_EXTERNAL, "git clone|fetch|pull|ls-remote|fetch-pack|http-fetch"},
    {CSC_EFFECT_FETCH_EXTERNAL, "git archive --remote"},
    {CSC_EFFECT_FETCH_EXTERNAL, "git remote update|show"},
    {CSC_EFFECT_FETCH_EXTERNAL, "git submodule update|add"},
    {CSC_EFFECT_FETCH_EXTERNAL, "git lfs fetch|pull|clone"},
    {CSC_EFFECT_FETCH_EXTERNAL, "gh repo|pr|release|run clone|checkout|download"},
    {CSC_EFFECT_FETCH_EXTERNAL, "hg clone|pull|incoming"},
    {CSC_EFFECT_FETCH_EXTERNAL, "svn checkout|co|update|up|export|switch|sw"},
    {CSC_EFFECT_FETCH_EXTERNAL, "pip#|pipx install|download|wheel|index|search|upgrade|upgrade-all|inject|run"},
    {CSC_EFFECT_FETCH_EXTERNAL, "python#|pypy# -m pip|pipx install|download|wheel|index|search|upgrade|inject|run"},
    {CSC_EFFECT_FETCH_EXTERNAL, "python#|pypy# -mpip install|download|wheel"},
    {CSC_EFFECT_FETCH_EXTERNAL, "easy_install#|npx|pnpx|bunx|uvx|yarnpkg|emerge|xbps-install|debootstrap"},
    {CSC_EFFECT_FETCH_EXTERNAL, "uv pip install|sync|compile"},
    {CSC_EFFECT_FETCH_EXTERNAL, "uv add|sync|lock|tool|run|python"},
    {CSC_EFFECT_FETCH_EXTERNAL, "poetry|pdm|pipenv|rye add|install|update|sync|lock"},
    {CSC_EFFECT_FETCH_EXTERNAL, "conda|mamba|micromamba install|create|update|upgrade|env|search"},
    {CSC_EFFECT_FETCH_EXTERNAL,
     "npm i~nstall|isnt~all|ad~d|ci|cit|ic|it|clean-install|install-clean|install-test|install-ci-test"},
    {CSC_EFFECT_FETCH_EXTERNAL, "npm up~date|udpate|upgr~ade|ex~ec|x|init|inn~it|create|audit|view|search"},
    {CSC_EFFECT_FETCH_EXTERNAL,
     "pnpm|bun|yarn install|i|add|a|ci|update|up|upgrade|exec|x|dlx|create|init|global|import|fetch"},
    {CSC_EFFECT_FETCH_EXTERNAL, "yarn $"},
    {CSC_EFFECT_FETCH_EXTERNAL, "deno install|add|cache"},
    {CSC_EFFECT_FETCH_EXTERNAL, "cargo install|add|fetch|update|vendor|search|binstall|generate-lockfile"},
    {CSC_EFFECT_FETCH_EXTERNAL, "rustup install|update|toolchain|component|target|self"},
    {CSC_EFFECT_FETCH_EXTERNAL, "go# get|install"},
    {CSC_EFFECT_FETCH_EXTERNAL, "go# mod download|tidy|vendor"},
    {CSC_EFFECT_FETCH_EXTERNAL, "gem# i~nstall|u~pdate|fetch"},
    {CSC_EFFECT_FETCH_EXTERNAL, "bundle#|bundler# install|i|update|add|lock|outdated"},
    {CSC_EFFECT_FETCH_EXTERNAL, "bundle#|bundler# $"},
    {CSC_EFFECT_FETCH_EXTERNAL, "composer i~nstall|u~pdate|upg~rade|r~equire|c~reate-project|g~lobal"},
    {CSC_EFFECT_FETCH_EXTERNAL,
     "apt|apt-get|aptitude "
     "install|reinstall|update|upgrade|full-upgrade|safe-upgrade|dist-upgrade|download|source|build-dep|satisfy"},
    {CSC_EFFECT_FETCH_EXTERNAL, "dnf|dnf5|microdnf|yum|tdnf "
                                "install|localinstall|reinstall|group|groupinstall|update|upgrade|download|builddep|"
                                "distro-sync|swap|module|makecache"},
    {CSC_EFFECT_FETCH_EXTERNAL,
     "zypper "
     "install|in|update|up|dist-upgrade|dup|patch|refresh|ref|source-install|si|install-new-recommends|inr|download"},
    {CSC_EFFECT_FETCH_EXTERNAL, "apk add|update|upgrade|fetch|fix"},
    {CSC_EFFECT_FETCH_EXTERNAL, "pacman|yay|paru -S|--sync|-U|--upgrade"},
    {CSC_EFFECT_FETCH_EXTERNAL, "brew install|reinstall|upgrade|update|fetch|tap|bundle"},
    {CSC_EFFECT_FETCH_EXTERNAL,
     "port|pkg|pkgin|snap|flatpak install|add|update|upgrade|refresh|fetch|selfupdate|sync|download"},
    {CSC_EFFECT_FETCH_EXTERNAL, "nix-env -i|--install|-u|--upgrade"},
    {CSC_EFFECT_FETCH_EXTERNAL, "nix build|develop|run|shell|profile|flake|copy|search|upgrade-nix"},
    {CSC_EFFECT_FETCH_EXTERNAL, "nix-shell|nix-build|nix-channel|nix-prefetch-url"},
    {CSC_EFFECT_FETCH_EXTERNAL, "docker|podman|nerdctl|buildah pull|run|create|build|bud|search|from"},
    {CSC_EFFECT_FETCH_EXTERNAL, "docker|podman|nerdctl image|container|buildx|compose pull|run|create|build|bake|up"},
    {CSC_EFFECT_FETCH_EXTERNAL, "docker-compose|podman-compose pull|run|create|build|up"},
    {CSC_EFFECT_FETCH_EXTERNAL, "skopeo|crane|oras inspect|list-tags|pull|export|manifest|ls|catalog"},
    {CSC_EFFECT_FETCH_EXTERNAL, "terraform|tofu|terragrunt init|get"},
    {CSC_EFFECT_FETCH_EXTERNAL, "helm pull|fetch|dependency|dep|repo"},

    /* what changes a repository */
    {CSC_EFFECT_MUTATE_REPO, "git add|stage|commit|merge|rebase|tag|reset|revert|cherry-pick|am|apply|rm|mv|clean"},
    {CSC_EFFECT_MUTATE_REPO,
     "git checkout|switch|restore|checkout-index|read-tree|sparse-checkout|bisect|init|init-db"},
    {CSC_EFFECT_MUTATE_REPO, "git stash $"},
    {CSC_EFFECT_MUTATE_REPO, "git stash push|save|pop|apply|drop|clear|create|store|branch"},
    {CSC_EFFECT_MUTATE_REPO,
     "git stash -a|-k|-m|-p|-q|-S|-u|--all|--keep-index|--include-untracked|--message|--patch|--staged"},
    {CSC_EFFECT_MUTATE_REPO, "git branch *"},
    {CSC_EFFECT_MUTATE_REPO,
     "git branch -d|-D|-m|-M|-c|-C|-u|--delete|--move|--copy|--set-upstream-to|--unset-upstream|--edit-description"},
    {CSC_EFFECT_MUTATE_REPO, "git config * *"},
    {CSC_EFFECT_MUTATE_REPO,
     "git config -e|--edit|--unset|--unset-all|--add|--replace-all|--remove-section|--rename-section"},
    {CSC_EFFECT_MUTATE_REPO, "git remote add|remove|rm|rename|set-url|set-head|set-branches|prune"},
    {CSC_EFFECT_MUTATE_REPO, "git submodule init|deinit|sync|set-url|set-branch|absorbgitdirs|foreach"},
    {CSC_EFFECT_MUTATE_REPO, "git worktree add|move|remove|prune|repair|lock|unlock"},
    {CSC_EFFECT_MUTATE_REPO, "git notes add|append|copy|edit|merge|remove|prune"},
    {CSC_EFFECT_MUTATE_REPO, "git reflog expire|delete"},
    {CSC_EFFECT_MUTATE_REPO,
     "git gc|prune|prune-packed|repack|pack-refs|pack-objects|unpack-objects|index-pack|maintenance|multi-pack-index"},
    {CSC_EFFECT_MUTATE_REPO, "git "
                             "update-ref|symbolic-ref|update-index|write-tree|commit-tree|mktree|mktag|replace|rerere|"
                             "filter-branch|filter-repo"},
    {CSC_EFFECT_MUTATE_REPO,
     "git fast-import|quiltimport|cvsimport|p4|svn|subtree|flow|gui|citool|mergetool|difftool|hash-object"},
    {CSC_EFFECT_MUTATE_REPO,
     "hg "
     "add|addremove|amend|backout|bookmark|branch|ci|commit|forget|graft|histedit|import|merge|move|mv|phase|purge|"
     "rebase|remove|revert|rm|rollback|shelve|strip|tag|unbundle|update|up|checkout|co"},

    /* what changes something outside */
    {CSC_EFFECT_DEPLOY, "git push|send-pack|http-push|send-email|imap-send|daemon"},
    {CSC_EFFECT_DEPLOY, "git remote-http|remote-https|remote-ftp|remote-ftps|remote-ext|remote-fd"},
    {CSC_EFFECT_DEPLOY, "git lfs|subtree|p4|svn push|submit|dcommit"},
    {CSC_EFFECT_DEPLOY, "gh|glab pr|mr|release|repo|workflow|secret|issue "
                        "create|merge|edit|delete|upload|run|set|close|fork|rename|archive|sync|comment"},
    {CSC_EFFECT_DEPLOY, "gh|glab api"},
    {CSC_EFFECT_DEPLOY, "hg push|email|serve"},
    {CSC_EFFECT_DEPLOY, "svn commit|ci|copy|cp|delete|mkdir|import|move|mv|lock|unlock"},
    {CSC_EFFECT_DEPLOY, "kubectl|oc "
                        "apply|delete|create|replace|patch|scale|rollout|set|edit|expose|run|autoscale|annotate|label|"
                        "taint|drain|cordon|uncordon|exec|cp|debug|attach"},
    {CSC_EFFECT_DEPLOY, "kubectl|oc auth reconcile"},
    {CSC_EFFECT_DEPLOY, "helm upgrade|install|uninstall|un|delete|del|rollback|push"},
    {CSC_EFFECT_DEPLOY, "helmfile|argocd|flux|kops|eksctl|skaffold "
                        "apply|sync|destroy|delete|create|bootstrap|reconcile|update|upgrade|scale|deploy|run|dev|app"},
    {CSC_EFFECT_DEPLOY, "terraform|tofu|terragrunt apply|destroy|import|taint|untaint|refresh|force-unlock|run-all"},
    {CSC_EFFECT_DEPLOY, "terraform|tofu|terragrunt state mv|rm|push|replace-provider"},
    {CSC_EFFECT_DEPLOY, "pulumi up|update|destroy|import|refresh|cancel"},
    {CSC_EFFECT_DEPLOY, "cdk|cdktf|sam|serverless|sls deploy|destroy|delete|remove|bootstrap|sync"},
    {CSC_EFFECT_DEPLOY, "ansible|ansible-playbook|ansible-pull|salt"},
    {CSC_EFFECT_DEPLOY, "docker|podman|nerdctl|buildah|crane|oras push|copy|cp|tag|delete"},
    {CSC_EFFECT_DEPLOY, "docker|podman|nerdctl image|manifest|compose|plugin push"},
    {CSC_EFFECT_DEPLOY, "docker|podman|nerdctl build|bake --push"},
    {CSC_EFFECT_DEPLOY, "docker|podman|nerdctl buildx|builder build|bake --push"},
    {CSC_EFFECT_DEPLOY, "docker stack|service|swarm deploy|up|rm|down|create|update|scale|rollback|init|join|leave"},
    {CSC_EFFECT_DEPLOY, "docker-compose|podman-compose push"},
    {CSC_EFFECT_DEPLOY, "skopeo copy|sync|delete"},
    {CSC_EFFECT_DEPLOY, "npm pub~lish|unp~ublish|dep~recate|dist-tag~s|access|owner|team"},
    {CSC_EFFECT_DEPLOY, "pnpm|bun|yarn|lerna|changeset publish|unpublish"},
    {CSC_EFFECT_DEPLOY, "yarn npm publish|tag"},
    {CSC_EFFECT_DEPLOY, "twine upload|register"},
    {CSC_EFFECT_DEPLOY, "python#|pypy# -m twine upload|register"},
    {CSC_EFFECT_DEPLOY, "python#|pypy# setup.py upload|register"},
    {CSC_EFFECT_DEPLOY, "poetry|pdm|hatch|flit|uv|rye publish"},
    {CSC_EFFECT_DEPLOY, "cargo publish|yank|owner"},
    {CSC_EFFECT_DEPLOY, "gem# p~ush|yank|owner"},
    {CSC_EFFECT_DEPLOY, "mvn|mvnw|gradle|gradlew deploy|publish|release:perform"},
    {CSC_EFFECT_DEPLOY, "dotnet nuget push|delete"},
    {CSC_EFFECT_DEPLOY, "nuget push|delete"},
    {CSC_EFFECT_DEPLOY, "aws s3|s3api cp|mv|rm|sync|rb|mb|put-object|delete-object"},
    {CSC_EFFECT_DEPLOY, "aws cloudformation deploy|create-stack|update-stack|delete-stack|execute-change-set"},
    {CSC_EFFECT_DEPLOY, "aws ecs|lambda "
                        "update-service|run-task|create-service|delete-service|update-function-code|create-function|"
                        "delete-function|publish-version"},
    {CSC_EFFECT_DEPLOY, "gcloud|az * create|delete|update|deploy|up"},
    {CSC_EFFECT_DEPLOY, "gcloud|az * * create|delete|update|deploy"},
    {CSC_EFFECT_DEPLOY, "gsutil|s3cmd|rclone cp|mv|rm|rsync|put|sync|del|copy|move|delete|purge|copyto|moveto"},
    {CSC_EFFECT_DEPLOY, "fly|flyctl|vercel|netlify|firebase|wrangler|heroku "
                        "deploy|publish|launch|destroy|scale|secret|secrets|apps:destroy"},

    /* what handles credentials */
    {CSC_EFFECT_TOUCH_SECRETS, "gpg|gpg2 --export-secret-keys|--export-secret-subkeys"},
    {CSC_EFFECT_TOUCH_SECRETS, "ssh-add|ssh-agent|secret-tool|vault|pass|bw|op"},
    {CSC_EFFECT_TOUCH_SECRETS, "git credential|credential-cache|credential-store"},
    {CSC_EFFECT_TOUCH_SECRETS, "gh auth token"},
    {CSC_EFFECT_TOUCH_SECRETS, "gcloud auth print-access-token|print-identity-token"},
    {CSC_EFFECT_TOUCH_SECRETS, "kubectl|oc get|describe secret|secrets"},
    {0, NULL},
};

const struct csc_extension_rule csc_extension_rules[] = {
    {CSC_EFFECT_FETCH_EXTERNAL, "financial_action", "curl", "stripe", "curl to an allowed stripe host"},
    {0, NULL, NULL, NULL, NULL},
};

const struct csc_program_options csc_program_options[] = {
    {"git", "-C|-c|--git-dir|--work-tree|--namespace|--config-env|--super-prefix|--attr-source",
     "-p|-P|--paginate|--no-pager|--bare|--no-replace-objects|--no-optional-locks|--literal-pathspecs|"
     "--glob-pathspecs|--noglob-pathspecs|--icase-pathspecs|--exec-path|--no-lazy-fetch|--no-advice"},
    {"kubectl|oc",
     "-n|--namespace|--context|--kubeconfig|--cluster|--user|--as|--as-group|--token|-s|--server|"
     "--request-timeout|--certificate-authority|--client-certificate|--client-key|--cache-dir|--tls-server-name|-v|--v",
     "--insecure-skip-tls-verify|--match-server-version|--warnings-as-errors"},
    {"helm",
     "-n|--namespace|--kube-context|--kubeconfig|--kube-apiserver|--kube-token|--registry-config|"
     "--repository-cache|--repository-config",
     "--debug"},
    {"docker", "-H|--host|--context|-c|--config|-l|--log-level|--tlscacert|--tlscert|--tlskey",
     "-D|--debug|--tls|--tlsverify"},
    {"npm|pnpm", "--prefix|-C|--dir|--registry|--userconfig|--cache", "-g|--global|-s|--silent"},
    {"cargo", "--color|-C|--config|-Z", "-v|-vv|-q|--verbose|--quiet|--offline|--locked|--frozen"},
    {"go#", "-C", ""},
    {"aws", "--profile|--region|--output|--endpoint-url|--query|--ca-bundle", "--debug|--no-cli-pager|--no-paginate"},
    {"gcloud", "--project|--account|--configuration|--format", "--quiet|-q"},
    {"apt|apt-get", "-o|--option|-c|--config-file|-t|--target-release", "-y|--yes|-q|-qq|-s|--simulate"},
    {NULL, NULL, NULL},
};

const char csc_wrappers[] =
    "env|nice|ionice|chrt|taskset|nohup|setsid|stdbuf|timeout|time|watch|xargs|parallel|find|entr|flock|script|"
    "sudo|doas|su|runuser|setpriv|pkexec|chroot|unshare|nsenter|systemd-run|systemd-inhibit|firejail|bwrap|"
    "strace|ltrace|gdb|valgrind|perf|busybox|toybox|command|exec|builtin|eval|proxychains|proxychains4|torsocks|"
    "tsocks|dbus-run-session|fakeroot|catchsegv|unbuffer|minikube|microk8s|k3s|corepack|direnv|dotenv|npx|uv|poetry|"
    "pipenv|pdm|bundle#|mise|asdf|nix|nix-shell|docker|podman|nerdctl|ssh|prlimit|start-stop-daemon|pipx|uvx|"
    "ld.so|ld-linux.so.2|ld-linux-x86-64.so.2|ld-linux-aarch64.so.1|ld-linux-armhf.so.3|ld-musl-x86_64.so.1|"
    "ld-musl-aarch64.so.1";

const char *const csc_git_settings[] = {
    "git -c alias.*",
    "git -c include.*",
    "git -c includeif.*",
    "git -c help.autocorrect",
    "git -c core.sshcommand",
    "git -c core.gitproxy",
    "git -c core.pager",
    "git -c core.editor",
    "git -c core.askpass",
    "git -c core.fsmonitor",
    "git -c core.hookspath",
    "git -c core.alternaterefscommand",
    "git -c pager.*",
    "git -c sequence.editor",
    "git -c credential.*",
    "git -c diff.external",
    "git -c diff.*.textconv",
    "git -c diff.*.command",
    "git -c difftool.*",
    "git -c mergetool.*",
    "git -c merge.*.driver",
    "git -c filter.*",
    "git -c gpg.*",
    "git -c remote.*",
    "git -c url.*",
    "git -c protocol.*",
    "git -c tar.*",
    "git -c trailer.*",
    "git -c browser.*",
    "git -c man.*",
    "git -c sendemail.*",
    "git -c uploadpack.*",
    "git -c interactive.difffilter",
    "git -c submodule.*.update",
    NULL,
};
