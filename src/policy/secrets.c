/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "policy/classify.h"
#include "policy/match.h"

#define ONE(name)                                                                                                      \
    {                                                                                                                  \
        name, sizeof(name) - 1, 0                                                                                      \
    }
#define TWO(folder, name)                                                                                              \
    {                                                                                                                  \
        folder "/" name, sizeof(folder) - 1, sizeof(name) - 1                                                          \
    }

/* Only what is named literally counts: a scope such as /home/u reaches credential files too, but it says nothing of
 * what the command means to touch. Keeping those out is the work of the prefixes, and of the sandbox. */
const struct csc_secret_path csc_secret_paths[] = {
    ONE(".ssh"),
    ONE("id_rsa"),
    ONE("id_dsa"),
    ONE("id_ecdsa"),
    ONE("id_ecdsa_sk"),
    ONE("id_ed25519"),
    ONE("id_ed25519_sk"),
    ONE("ssh_host_rsa_key"),
    ONE("ssh_host_ecdsa_key"),
    ONE("ssh_host_ed25519_key"),
    ONE("*.pem"),
    ONE("*.key"),
    ONE("*.p12"),
    ONE("*.pfx"),
    ONE("*.ppk"),
    ONE("*.jks"),
    ONE("*.keystore"),
    ONE("*.kdbx"),
    ONE(".gnupg"),
    ONE(".password-store"),
    ONE(".netrc"),
    ONE("_netrc"),
    ONE(".authinfo"),
    ONE(".authinfo.gpg"),
    ONE(".git-credentials"),
    TWO("git", "credentials"),
    ONE(".npmrc"),
    ONE(".yarnrc.yml"),
    ONE(".pypirc"),
    TWO(".gem", "credentials"),
    TWO(".cargo", "credentials"),
    TWO(".cargo", "credentials.toml"),
    TWO(".m2", "settings.xml"),
    TWO(".m2", "settings-security.xml"),
    TWO(".gradle", "gradle.properties"),
    TWO(".composer", "auth.json"),
    TWO(".nuget", "NuGet.Config"),
    ONE(".pgpass"),
    ONE(".my.cnf"),
    ONE(".mylogin.cnf"),
    TWO(".aws", "credentials"),
    TWO(".aws", "sso"),
    TWO(".aws", "cli"),
    ONE(".azure"),
    TWO(".config", "gcloud"),
    ONE("application_default_credentials.json"),
    ONE(".boto"),
    ONE(".s3cfg"),
    TWO(".config", "rclone"),
    TWO(".docker", "config.json"),
    TWO("containers", "auth.json"),
    ONE(".dockercfg"),
    TWO(".kube", "config"),
    TWO("kubernetes.io", "serviceaccount"),
    ONE(".vault-token"),
    ONE(".terraformrc"),
    TWO(".terraform.d", "credentials.tfrc.json"),
    TWO(".config", "gh"),
    TWO(".config", "hub"),
    ONE(".htpasswd"),
    TWO("etc", "shadow"),
    TWO("etc", "gshadow"),
    TWO("etc", "sudoers"),
    TWO("etc", "krb5.keytab"),
    TWO("proc", "environ"),
    {NULL, 0, 0},
};

enum { SECRET_PATHS = sizeof(csc_secret_paths) / sizeof(csc_secret_paths[0]) - 1 };

/* A path in an argument may follow an option, a user or a host: --file=PATH, @PATH, host:PATH. */
static const char separators[] = "/\\=@:,;";

static bool name_is(const char *pattern, size_t pattern_size, const char *name, size_t size)
{
    if (pattern[0] != '*')
        return size == pattern_size && csc_ascii_equal(name, pattern, size);
    /* A leading dot needs to be spelled out, as in a shell: `.data.key` is a filter of jq. */
    return size >= pattern_size && name[0] != '.' &&
           csc_ascii_equal(name + size - (pattern_size - 1), pattern + 1, pattern_size - 1);
}

/* Whether the component completes the path. `begun` remembers that its folder was seen, whatever stood between:
 * .aws/./credentials, .aws/x/../credentials. */
static bool completes(const struct csc_secret_path *path, bool *begun, const char *name, size_t size)
{
    if (path->file == 0)
        return name_is(path->name, path->first, name, size);
    if (*begun && name_is(path->name + path->first + 1, path->file, name, size))
        return true;
    *begun = *begun || name_is(path->name, path->first, name, size);
    return false;
}

const char *csc_secret_path_find(const char *text)
{
    bool begun[SECRET_PATHS] = {false};

    while (*text) {
        size_t size = strcspn(text, separators);
        /* -i.netrc: an option with its value behind it. */
        size_t skip = size > 2 && text[0] == '-' && text[1] != '-' ? 2 : 0;
        for (size_t i = 0; size > 0 && i < SECRET_PATHS; i++)
            if (completes(&csc_secret_paths[i], &begun[i], text + skip, size - skip))
                return csc_secret_paths[i].name;
        text += size + (text[size] != '\0');
    }
    return NULL;
}
