/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/programs.h"

#include <stddef.h>
#include <string.h>

#include "base/base.h"

#define TEXT CSC_OPERANDS_TEXT
#define NONE CSC_OPERANDS_NONE
#define READS CSC_OPERANDS_READ
#define WRITES CSC_OPERANDS_WRITE
#define PROJECT .reads_project = true, .writes_project = CSC_PROJECT_WRITTEN

/* One line a kind of program. The last one is for every other. */
static const struct csc_program_scopes table[] = {
    {"echo|printf|true|false|pwd|date|whoami|id|hostname|uname|sleep|seq|expr|yes|basename|dirname|nproc|arch|tr",
     .operands = TEXT},
    {"cat|head|tail|less|more|wc|cut|nl|tac|rev|fold|fmt|column|expand|paste|join|comm|cmp|diff|od|hexdump|"
     "strings|file|stat|ls|tree|du|df|md5sum|sha1sum|sha256sum|sha512sum|cksum|b2sum|base64|readlink|realpath|test|[",
     .operands = READS},
    {"uniq|xxd", .operands = CSC_OPERANDS_SECOND},
    {"sort", .operands = READS, .output = "-o|--output", .valued = "kStT"},
    {"grep|egrep|fgrep|zgrep", .operands = READS, .skips_first = true},
    {"rg|ag|ack", .operands = READS, .reads_project = true, .skips_first = true},
    {"find|fd|fdfind", .operands = READS,
     .in_place = "-delete|-exec|-execdir|-ok|-okdir|-fprint|-fprint0|-fprintf|-fls|--exec|--exec-batch"},
    {"sed", .operands = READS, .skips_first = true, .in_place = "-i|--in-place", .valued = "efl"},
    {"yq", .operands = READS, .skips_first = true, .in_place = "-i|--inplace", .valued = "opI"},
    {"awk|gawk|mawk|jq", .operands = READS, .skips_first = true},
    {"touch|mkdir|rmdir|rm|unlink|truncate|shred|tee|mkfifo|mktemp|mv", .operands = WRITES},
    {"chmod|chown|chgrp", .operands = WRITES, .skips_first = true},
    {"cp|ln|install", .operands = CSC_OPERANDS_LAST, .output = "-t|--target-directory", .valued = "Sgmo"},
    {"rsync|scp", .operands = CSC_OPERANDS_LAST},
    {"dd", .operands = NONE, .output = "of="},
    {"tar|bsdtar|zip|unzip|gzip|gunzip|xz|unxz|bzip2|bunzip2|zstd|unzstd|7z|cpio|patch|split|csplit",
     .operands = WRITES, .writes_project = CSC_PROJECT_WRITTEN, .output = "-f|--file", .valued = "CIXbgH"},
    {"curl", .operands = NONE,
     .output = "-o|--output|-D|--dump-header|-c|--cookie-jar|--output-dir|--trace|--trace-ascii|--stderr|--libcurl|"
               "--etag-save|--hsts|--alt-svc",
     .in_place = "-O|--remote-name|--remote-name-all|-J|--remote-header-name", .valued = "AbCdEeFHKmPQrTtUuwXxYyz"},
    {"wget", .operands = NONE, .writes_project = CSC_PROJECT_WRITTEN,
     .output = "-O|--output-document|-o|--output-file|-P|--directory-prefix|-a|--append-output",
     .valued = "AeiIlQRtTUwX"},
    {"xargs|parallel|env|timeout|nice|ionice|nohup|setsid|stdbuf|time|watch|sudo|doas|busybox|toybox|flock|script|"
     "unshare|nsenter|chroot|strace|ltrace|gdb|valgrind",
     .operands = NONE, PROJECT, .writes_elsewhere = true},

    {"git|hg|svn|gh|glab", .operands = READS, .reads_project = true, .writes_project = CSC_PROJECT_WRITTEN_WHEN_RULED,
     .output = "-o|--output|--output-directory", .valued = "*"},
    {"make|gmake|ninja|cmake|ctest|meson|bazel|buck2|pre-commit|just|task|scons|autoconf|automake|autoreconf|"
     "configure|tox|nox|mvn|mvnw|gradle|gradlew|ant|sbt|dotnet|msbuild|swift|xcodebuild|zig|mix|rebar3|stack|cabal|"
     "rake|bundle#|cargo|npm|npx|pnpm|yarn|bun|jest|vitest|mocha|eslint|prettier|webpack|vite|rollup|next|pip#|pipx|"
     "uv|uvx|poetry|pdm|hatch|pytest|mypy|ruff|black|isort|flake8|pylint|coverage|gem#|rspec|rubocop|composer|phpunit",
     .operands = READS, PROJECT, .writes_elsewhere = true},
    {"gcc#|g++#|cc|c++|clang#|clang++#|ld|ar|rustc|javac|tsc|go#|gofmt|rustfmt|cross", .operands = READS, PROJECT,
     .output = "-o|-MF|--output|-coverprofile|-d|--outDir", .valued = "*"},
    {"python#|pypy#|node|nodejs|deno|ts-node|tsx|ruby#|perl|php#|lua#|Rscript|julia|java|kotlin|scala|elixir|erl|ghc",
     .operands = READS, PROJECT},
    {"sh|bash|dash|zsh|ksh|fish", .operands = READS, PROJECT},
    {"clang-format|clang-tidy|cppcheck|shellcheck|shfmt|hadolint|mandoc", .operands = READS, .reads_project = true,
     .in_place = "-i|--fix|-w|--write|--fix-errors", .valued = "*"},
    {"terraform|tofu|kubectl|helm|docker|podman|ansible|ansible-playbook|pulumi|aws|gcloud|az", .operands = READS,
     PROJECT, .writes_elsewhere = true},

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
