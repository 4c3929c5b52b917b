/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "policy/classify.h"
#include "policy/match.h"

/* Only what is named literally counts: a scope such as /home/u reaches credential files too, but it says nothing of
 * what the command means to touch. Keeping those out is the work of the prefixes, and of the sandbox. */
const char *const csc_secret_paths[] = {
    ".ssh",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ecdsa_sk",
    "id_ed25519",
    "id_ed25519_sk",
    "ssh_host_rsa_key",
    "ssh_host_ecdsa_key",
    "ssh_host_ed25519_key",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.ppk",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    ".gnupg",
    ".password-store",
    ".netrc",
    "_netrc",
    ".authinfo",
    ".authinfo.gpg",
    ".git-credentials",
    "git/credentials",
    ".npmrc",
    ".yarnrc.yml",
    ".pypirc",
    ".gem/credentials",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".m2/settings.xml",
    ".m2/settings-security.xml",
    ".gradle/gradle.properties",
    ".composer/auth.json",
    ".nuget/NuGet.Config",
    ".pgpass",
    ".my.cnf",
    ".mylogin.cnf",
    ".aws/credentials",
    ".aws/sso",
    ".aws/cli",
    ".azure",
    ".config/gcloud",
    "application_default_credentials.json",
    ".boto",
    ".s3cfg",
    ".config/rclone",
    ".docker/config.json",
    "containers/auth.json",
    ".dockercfg",
    ".kube/config",
    "kubernetes.io/serviceaccount",
    ".vault-token",
    ".terraformrc",
    ".terraform.d/credentials.tfrc.json",
    ".config/gh",
    ".config/hub",
    ".htpasswd",
    "etc/shadow",
    "etc/gshadow",
    "etc/sudoers",
    "etc/krb5.keytab",
    "proc/environ",
    NULL,
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

/* Whether the component completes the pattern. `begun` remembers that its first half was seen, whatever stood between:
 * .aws/./credentials, .aws/x/../credentials. */
static bool advance(const char *pattern, bool *begun, const char *name, size_t size)
{
    size_t first = strcspn(pattern, "/");

    if (!pattern[first])
        return name_is(pattern, first, name, size);
    if (*begun && name_is(pattern + first + 1, strlen(pattern + first + 1), name, size))
        return true;
    *begun = *begun || name_is(pattern, first, name, size);
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
            if (advance(csc_secret_paths[i], &begun[i], text + skip, size - skip))
                return csc_secret_paths[i];
        text += size + (text[size] != '\0');
    }
    return NULL;
}
