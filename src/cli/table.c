/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that fit a terminal, decided on before the first of them is known, so that no number of them has to be kept. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cli/ledger.h"

enum { GAP = 2, WIDTH_UNKNOWN = 80, WIDTH_MAX = 1000 };

unsigned csc_terminal_width(void)
{
    struct winsize size = {0};

    if (!isatty(STDOUT_FILENO))
        return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return WIDTH_UNKNOWN;
    return size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
}

/* ---- widths ------------------------------------------------------------------------------------------------- */

static unsigned code_point(const unsigned char *s, size_t size)
{
    switch (size) {
    case 2:
        return (s[0] & 0x1FU) << 6 | (s[1] & 0x3FU);
    case 3:
        return (s[0] & 0x0FU) << 12 | (s[1] & 0x3FU) << 6 | (s[2] & 0x3FU);
    case 4:
        return (s[0] & 0x07U) << 18 | (s[1] & 0x3FU) << 12 | (s[2] & 0x3FU) << 6 | (s[3] & 0x3FU);
    default:
        return s[0];
    }
}

/* Roughly those that terminals show in two cells. Where in doubt, two: a line may be short, but must not wrap. */
static bool is_wide(unsigned c)
{
    static const struct {
        unsigned first, last;
    } ranges[] = {
        {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23F3},   {0x2600, 0x27BF},
        {0x2B1B, 0x2B55},   {0x2E80, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},
        {0xF900, 0xFAFF},   {0xFE10, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
        {0x16FE0, 0x18DFF}, {0x1AFF0, 0x1B2FF}, {0x1F000, 0x1FAFF}, {0x20000, 0x3FFFD},
    };

    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

/* Bytes of the text's beginning that fits into `width` cells, and how many of them it takes. */
static size_t fit_text(const char *text, size_t size, unsigned width, unsigned *ret_taken)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned taken = 0;
    size_t i = 0;

    while (i < size) {
        size_t n = csc_utf8_sequence(s + i, size - i);
        n = n ? n : 1;
        unsigned cells = is_wide(code_point(s + i, n)) ? 2 : 1;
        if (cells > width - taken)
            break;
        taken += cells;
        i += n;
    }
    *ret_taken = taken;
    return i;
}

unsigned csc_text_width(const char *text, size_t size)
{
    unsigned taken;

    (void)fit_text(text, size, UINT32_MAX, &taken);
    return taken;
}

/* ---- columns ------------------------------------------------------------------------------------------------ */

static unsigned table_width(const struct csc_table *table)
{
    unsigned sum = 0;

    for (size_t i = 0; i < table->count; i++)
        if (!table->columns[i].hidden)
            sum += table->columns[i].width + (sum > 0 ? GAP : 0);
    return sum;
}

/* The column with most to give, or NULL. */
static struct csc_column *find_slack(struct csc_table *table, bool below_min)
{
    struct csc_column *found = NULL;
    unsigned most = 0;

    for (size_t i = 0; i < table->count; i++) {
        struct csc_column *column = &table->columns[i];
        unsigned least = below_min ? 1 : column->min;
        if (!column->hidden && column->width > least && column->width - least > most) {
            most = column->width - least;
            found = column;
        }
    }
    return found;
}

/* The last of those with the highest rank, or NULL. */
static struct csc_column *find_dispensable(struct csc_table *table)
{
    struct csc_column *found = NULL;

    for (size_t i = 0; i < table->count; i++) {
        struct csc_column *column = &table->columns[i];
        if (!column->hidden && column->rank > 0 && (!found || column->rank >= found->rank))
            found = column;
    }
    return found;
}

static unsigned least_width(const struct csc_table *table)
{
    unsigned sum = 0;

    for (size_t i = 0; i < table->count; i++)
        if (!table->columns[i].hidden)
            sum += table->columns[i].min + (sum > 0 ? GAP : 0);
    return sum;
}

void csc_table_fit(struct csc_table *table, unsigned width)
{
    struct csc_column *column;

    table->cut = width > 0;
    for (size_t i = 0; i < table->count; i++) {
        table->columns[i].width = table->columns[i].max;
        table->columns[i].hidden = false;
    }
    if (width == 0)
        return;
    while (least_width(table) > width && (column = find_dispensable(table)))
        column->hidden = true;
    while (table_width(table) > width && (column = find_slack(table, false)))
        column->width--;
    while (table_width(table) > width && (column = find_slack(table, true)))
        column->width--;
}

/* ---- rows --------------------------------------------------------------------------------------------------- */

/* Appends the cell, and gives the cells it takes. */
static unsigned put_cell(struct csc_buf *buf, const struct csc_column *column, bool cut, const struct csc_buf *text,
                         enum csc_cli_tone tone)
{
    static const char sign[] = "..";
    unsigned taken, sign_width = column->is_id || column->width <= sizeof(sign) ? 0 : sizeof(sign) - 1;
    char piece[64];

    size_t size = fit_text(text->data, text->size, cut ? column->width : UINT32_MAX, &taken);
    if (size < text->size) {
        size = fit_text(text->data, text->size, column->width - sign_width, &taken);
        csc_buf_append(buf, text->data, size);
        csc_buf_append(buf, sign, sign_width);
        return taken + sign_width;
    }
    if (tone != CSC_TONE_PLAIN && size < sizeof(piece)) {
        (void)snprintf(piece, sizeof(piece), "%s", text->data);
        csc_cli_paint(buf, STDOUT_FILENO, tone, piece);
    } else {
        csc_buf_append(buf, text->data, size);
    }
    return taken;
}

void csc_table_row(struct csc_buf *buf, const struct csc_table *table, const char *const *cells, size_t toned,
                   enum csc_cli_tone tone)
{
    unsigned pending = 0; /* blanks, which no line ends with */

    for (size_t i = 0; i < table->count; i++) {
        const struct csc_column *column = &table->columns[i];
        _cleanup_buf_ struct csc_buf text = {0};
        if (column->hidden)
            continue;
        csc_buf_escape(&text, cells[i] ? cells[i] : "-", strlen(cells[i] ? cells[i] : "-"));
        if (text.failed || !text.data) {
            buf->failed = true;
            return;
        }
        csc_buf_printf(buf, "%*s", (int)pending, "");
        unsigned taken = put_cell(buf, column, table->cut, &text, i == toned ? tone : CSC_TONE_PLAIN);
        pending = (taken < column->width ? column->width - taken : 0) + GAP;
    }
    csc_buf_putc(buf, '\n');
}
