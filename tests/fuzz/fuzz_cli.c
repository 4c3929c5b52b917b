/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line as a whole, but for what executes or writes: an input is a line of arguments and two files, parted
 * by NUL; among the arguments A and B stand for the files. Whatever comes, csc ends with an exit code of its list, and
 * prints nothing that acts on a terminal; with --json exactly one JSON value, or nothing where a command has no such
 * option.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/cli.h"

int csc_main(int argc, char **argv);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { WORDS_MAX = 16, OUTPUT_MAX = 64 << 20 };

/* csc's three standard streams; the fuzzer itself keeps copies of its own (-close_fd_mask). */
static int output_fd = -1;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)argc;
    (void)argv;
    output_fd = memfd_create("stdout", MFD_CLOEXEC);
    PROMISE(null >= 0 && output_fd >= 0);
    PROMISE(dup2(null, STDIN_FILENO) == STDIN_FILENO && dup2(output_fd, STDOUT_FILENO) == STDOUT_FILENO);
    return 0;
}

/* A file of the bytes up to the next NUL; its path is good while the descriptor is. */
static int make_file(const char **bytes, const char *end, char path[40])
{
    size_t size = *bytes < end ? strnlen(*bytes, (size_t)(end - *bytes)) : 0;
    int fd = memfd_create("input", MFD_CLOEXEC);

    PROMISE(fd >= 0 && csc_write_all(fd, *bytes, size) == 0);
    *bytes += size + (*bytes + size < end);
    (void)snprintf(path, 40, "/proc/self/fd/%d", fd);
    return fd;
}

static bool is_allowed_here(const char *command)
{
    return strcmp(command, "run") != 0 && strcmp(command, "keygen") != 0 && strcmp(command, "ledger") != 0 &&
           strcmp(command, "mcp") != 0;
}

/* The commands of this list that know --json. */
static bool has_json(const char *command)
{
    return strcmp(command, "check") == 0 || strcmp(command, "explain") == 0 || strcmp(command, "verify-receipt") == 0 ||
           strcmp(command, "verify-evidence") == 0 || strcmp(command, "from-shell") == 0;
}

static void check_output(bool json)
{
    _cleanup_buf_ struct csc_buf text = {0};
    struct csc_arena arena = {0};
    struct csc_value value;

    PROMISE(lseek(output_fd, 0, SEEK_SET) == 0);
    PROMISE(csc_read_fd(output_fd, OUTPUT_MAX, &text, NULL) == 0);
    PROMISE(csc_utf8_valid(text.data, text.size));
    for (size_t i = 0; i < text.size; i++)
        PROMISE((unsigned char)text.data[i] >= 0x20 || text.data[i] == '\n');
    if (json && text.size > 0)
        PROMISE(csc_json_parse(&arena, text.data, text.size, &value, NULL) == 0);
    csc_arena_free(&arena);
}

static void check_code(int code)
{
    static const int known[] = {0, 1, 2, CSC_E_USAGE, CSC_E_DATA, CSC_E_INPUT, CSC_E_PERMISSION};
    bool found = false;

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        found |= code == known[i];
    PROMISE(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *next = (const char *)bytes, *end = next + size;
    size_t line_size = strnlen(next, size);
    char line[512], paths[2][40], *words[WORDS_MAX + 2] = {(char *)"csc"}, *rest = line;
    int count = 1;

    if (line_size >= sizeof(line))
        return 0;
    memcpy(line, next, line_size);
    line[line_size] = '\0';
    next += line_size + (line_size < size);
    _cleanup_close_ int a = make_file(&next, end, paths[0]);
    _cleanup_close_ int b = make_file(&next, end, paths[1]);
    bool json = false;
    while (count <= WORDS_MAX && (words[count] = strsep(&rest, " "))) {
        json |= strcmp(words[count], "--json") == 0;
        if (strcmp(words[count], "A") == 0 || strcmp(words[count], "B") == 0)
            words[count] = paths[words[count][0] - 'A'];
        count++;
    }
    words[count] = NULL;
    PROMISE(a >= 0 && b >= 0 && ftruncate(output_fd, 0) == 0 && lseek(output_fd, 0, SEEK_SET) == 0);
    if (!is_allowed_here(words[1]))
        return 0;
    check_code(csc_main(count, words));
    check_output(json && has_json(words[1]));
    return 0;
}
