/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/programs.h"

#include <stddef.h>
#include <string.h>

#include "base/base.h"

#define READS CSC_OPERANDS_READ
#define WRITES CSC_OPERANDS_WRITE
#define LAST CSC_OPERANDS_LAST

/* One line a kind of program. The last one is for every other. */
static const struct csc_program_scopes table[] = {
    {"echo|printf|true|false|pwd|date|whoami|id|hostname|uname|sleep|seq|expr|yes|basename|dirname|nproc|arch",
     .operands = CSC_OPERANDS_NONE},
    {"cat|head|tail|less|more|wc|uniq|cut|nl|tac|rev|fold|fmt|column|expand|paste|join|comm|cmp|diff|od|xxd|hexdump|"
     "strings|file|stat|ls|tree|du|df|md5sum|sha1sum|sha256sum|sha512sum|cksum|b2sum|base64|readlink|realpath|test|[",
     .operands = READS},
    {"sort", .operands = READS, .output = "-o|--output"},
    {"grep|egrep|fgrep|zgrep", .operands = READS, .skips_first = true},
    {"rg|ag|ack", .operands = READS, .reads_project = true, .skips_first = true},
    {"find|fd|fdfind", .operands = READS},
    {"sed", .operands = READS, .skips_first = true, .in_place = "-i|--in-place"},
    {"awk|gawk|mawk|jq|yq", .operands = READS, .skips_first = true},
    {"tr|xargs", .operands = CSC_OPERANDS_NONE},
    {"touch|mkdir|rmdir|rm|unlink|truncate|shred|mv|tee|mkfifo|mktemp", .operands = WRITES},
    {"chmod|chown|chgrp", .operands = WRITES, .skips_first = true},
    {"cp|ln|install|rsync|scp", .operands = LAST},
    {"dd", .operands = CSC_OPERANDS_NONE, .output = "of="},
    {"tar|bsdtar|zip|unzip|gzip|gunzip|xz|unxz|bzip2|bunzip2|zstd|unzstd|7z|cpio|patch", .operands = WRITES},
    {"curl", .operands = CSC_OPERANDS_NONE, .output = "-o|--output|-D|--dump-header|-c|--cookie-jar|--output-dir"},
    {"wget", .operands = CSC_OPERANDS_NONE, .output = "-O|--output-document|-o|--output-file|-P|--directory-prefix"},

    {"git|hg|svn|gh|glab", .operands = READS, .reads_project = true, .writes_project = CSC_PROJECT_WRITTEN_WHEN_RULED},
    {"make|gmake|ninja|cmake|ctest|meson|bazel|buck2|pre-commit|just|task|scons|autoconf|automake|autoreconf|configure|"
     "tox|nox|"
     "mvn|mvnw|gradle|gradlew|ant|sbt|dotnet|msbuild|swift|xcodebuild|zig|mix|rebar3|stack|cabal|rake|bundle#",
     .operands = READS, .reads_project = true, .writes_project = CSC_PROJECT_WRITTEN},
    {"gcc#|g++#|cc|c++|clang#|clang++#|ld|ar|rustc|javac|tsc|go#|gofmt|cargo|rustfmt|cross", .operands = READS,
     .reads_project = true, .writes_project = CSC_PROJECT_WRITTEN},
    {"npm|npx|pnpm|yarn|bun|deno|node|nodejs|ts-node|tsx|jest|vitest|mocha|eslint|prettier|webpack|vite|rollup|next",
     .operands = READS, .reads_project = true, .writes_project = CSC_PROJECT_WRITTEN},
    {"python#|pypy#|pip#|pipx|uv|uvx|poetry|pdm|hatch|pytest|mypy|ruff|black|isort|flake8|pylint|coverage",
     .operands = READS, .reads_project = true, .writes_project = CSC_PROJECT_WRITTEN},
    {"ruby#|gem#|rspec|rubocop|perl|php#|composer|phpunit|lua#|Rscript|julia|java|kotlin|scala|elixir|erl|ghc",
     .operands = READS, .reads_project = true, .writes_project = CSC_PROJECT_WRITTEN},
    {"sh|bash|dash|zsh|ksh|fish", .operands = READS, .reads_project = true, .writes_project = CSC_PROJECT_WRITTEN},
    {"clang-format|clang-tidy|cppcheck|shellcheck|shfmt|hadolint|mandoc", .operands = READS, .reads_project = true,
     .in_place = "-i|--fix|-w"},
    {"terraform|tofu|kubectl|helm|docker|podman|ansible|ansible-playbook|pulumi|aws|gcloud|az", .operands = READS,
     .reads_project = true, .writes_project = CSC_PROJECT_WRITTEN},

    {"*", .operands = READS, .reads_project = true},
};

static bool is_version(const char *text)
{
    return text[strspn(text, "0123456789.-")] == '\0';
}

static bool name_is(const char *pattern, size_t size, const char *name)
{
    if (pattern[size - 1] != '#')
        return strlen(name) == size && memcmp(name, pattern, size) == 0;
    return strncmp(name, pattern, size - 1) == 0 && is_version(name + size - 1);
}

static bool is_among(const char *programs, const char *name)
{
    while (*programs) {
        size_t size = strcspn(programs, "|");
        if (name_is(programs, size, name))
            return true;
        programs += size + (programs[size] == '|');
    }
    return false;
}

const struct csc_program_scopes *csc_program_scopes_of(const char *program)
{
    const char *slash = strrchr(program, '/');
    size_t i = 0;

    while (i < ARRAY_SIZE(table) - 1 && !is_among(table[i].programs, slash ? slash + 1 : program))
        i++;
    return &table[i];
}
