/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threat: an agent that may run an allowed program names, in env_allow, a variable through which that program
 * loads or runs something else. The values are those of csc's own environment, but a value that is harmless there
 * (PYTHONSTARTUP, GIT_SSH_COMMAND) gets its power from the files it points to, which earlier commands may have
 * written.
 */
#include "exec/environment.h"

#include <stdlib.h>
#include <string.h>

#include "exec/exec.h"

/* A '*' at the end stands for any ending. */
static const char *const refused[] = {
    /* the dynamic loader and the C library: ld.so(8), glibc's list of variables unsafe under AT_SECURE */
    "LD_*",
    "DYLD_*",
    "GLIBC_TUNABLES",
    "GCONV_PATH",
    "GETCONF_DIR",
    "LOCPATH",
    "NLSPATH",
    "MALLOC_*",
    "HOSTALIASES",
    "RESOLV_HOST_CONF",
    "NIS_PATH",
    "TZDIR",
    /* shells: start-up files, options, exported functions, word splitting */
    "BASH_ENV",
    "BASH_FUNC_*",
    "BASH_LOADABLES_PATH",
    "BASHOPTS",
    "SHELLOPTS",
    "ENV",
    "ZDOTDIR",
    "FPATH",
    "IFS",
    "CDPATH",
    "GLOBIGNORE",
    "PS4",
    "PROMPT_COMMAND",
    /* interpreters and virtual machines: search paths, options, start-up code */
    "PYTHON*",
    "PERL*",
    "RUBY*",
    "GEM_HOME",
    "GEM_PATH",
    "BUNDLE_GEMFILE",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NODE_REPL_EXTERNAL_MODULE",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "LUA_*",
    "TCLLIBPATH",
    "TCL_LIBRARY",
    "R_PROFILE*",
    "R_ENVIRON*",
    "R_LIBS*",
    "JULIA_LOAD_PATH",
    "JULIA_DEPOT_PATH",
    "ERL_*",
    "ELIXIR_ERL_OPTIONS",
    "GUILE_LOAD_*",
    "EMACSLOADPATH",
    "AWKPATH",
    "AWKLIBPATH",
    "VIMINIT",
    "EXINIT",
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "JAVA_OPTS",
    "CLASSPATH",
    "MAVEN_OPTS",
    "GRADLE_OPTS",
    "DOTNET_STARTUP_HOOKS",
    "DOTNET_ADDITIONAL_DEPS",
    "CORECLR_*",
    "COR_*",
    /* plug-ins of common libraries */
    "OPENSSL_*",
    "GIO_EXTRA_MODULES",
    "GTK_MODULES",
    "GTK_PATH",
    "QT_PLUGIN_PATH",
    "GST_PLUGIN_*",
    "SASL_PATH",
    /* programs that others start by name: git(1), make(1), less(1) */
    "GIT_EXEC_PATH",
    "GIT_SSH*",
    "GIT_CONFIG*",
    "GIT_ASKPASS",
    "GIT_EDITOR",
    "GIT_SEQUENCE_EDITOR",
    "GIT_PAGER",
    "GIT_EXTERNAL_DIFF",
    "GIT_PROXY_COMMAND",
    "GIT_TEMPLATE_DIR",
    "MAKEFILES",
    "LESSOPEN",
    "LESSCLOSE",
};

static const char default_entry[] = "PATH=/usr/local/bin:/usr/bin:/bin";

static size_t name_size(const char *entry)
{
    return strcspn(entry, "=");
}

static bool has_name(const char *entry, const char *name)
{
    size_t size = strlen(name);

    return strncmp(entry, name, size) == 0 && entry[size] == '=';
}

static bool is_allowed(const struct csc_command *command, const char *entry)
{
    for (size_t i = 0; i < command->env_allow_count; i++)
        if (has_name(entry, command->env_allow[i]) && !csc_env_is_refused(command->env_allow[i]))
            return true;
    return false;
}

/* Of several entries of one name, getenv(3) sees the first; programs differ, so only that one is handed on. */
static bool is_shadowed(char *const *entries, size_t index)
{
    size_t size = name_size(entries[index]);

    for (size_t i = 0; i < index; i++)
        if (name_size(entries[i]) == size && memcmp(entries[i], entries[index], size) == 0)
            return true;
    return false;
}

bool csc_env_is_refused(const char *name)
{
    /* "IFS=x" would match the entry IFS=x... and slip past the list below. */
    if (strchr(name, '='))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        size_t size = strlen(refused[i]);
        bool open_ended = refused[i][size - 1] == '*';
        if (open_ended ? strncmp(name, refused[i], size - 1) == 0 : strcmp(name, refused[i]) == 0)
            return true;
    }
    return false;
}

int csc_env_build(const struct csc_command *command, char ***ret_envp, struct csc_error *err)
{
    size_t total = 0, count = 0;
    bool has_path = false;

    while (environ && environ[total])
        total++;
    char **envp = calloc(total + 2, sizeof(*envp));
    if (!envp)
        return csc_fail_memory(err);
    for (size_t i = 0; i < total; i++) {
        bool is_path = has_name(environ[i], "PATH");
        if ((!is_path && !is_allowed(command, environ[i])) || is_shadowed(environ, i))
            continue;
        envp[count++] = environ[i];
        has_path |= is_path;
    }
    if (!has_path)
        envp[count] = (char *)default_entry; /* execve(2) takes no const, and changes nothing */
    *ret_envp = envp;
    return 0;
}

const char *csc_env_path(char *const *envp)
{
    for (; *envp; envp++)
        if (has_name(*envp, "PATH"))
            return *envp + strlen("PATH=");
    return "";
}
