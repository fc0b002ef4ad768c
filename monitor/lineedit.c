/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line editor, see lineedit.h. What is typed at the end of the line is
 * echoed as it is, so that scripts see their own input; any other change
 * redraws from the cursor on with ECMA-48 sequences.
 */
#include "monitor/lineedit.h"

#include <string.h>

enum {
    LINE_EDIT_MAX = 4095,
    LINE_EDIT_HISTORY = 128,
    LINE_EDIT_COLUMNS = 80,
};

typedef enum LineEditEscape {
    LINE_EDIT_PLAIN,
    LINE_EDIT_ESC,
    LINE_EDIT_CSI, /* ESC [ */
    LINE_EDIT_SS3, /* ESC O */
} LineEditEscape;

struct LineEdit {
    const LineEditOps *ops;
    void *opaque;
    char *prompt;
    GString *line;
    size_t cursor; /* byte offset in line */
    GPtrArray *history;
    unsigned history_at; /* history->len: the line being typed */
    char *typed;         /* that line, while history is looked through */
    GString *killed;
    LineEditEscape escape;
    unsigned csi_param;
    bool after_cr; /* a LF that follows belongs to it */
};

/* ---- Output ------------------------------------------------------------ */

static void line_edit_print(LineEdit *edit, const char *text)
{
    edit->ops->print(edit->opaque, text);
}

static void line_edit_move_left(LineEdit *edit, size_t columns)
{
    if (columns) {
        g_autofree char *text = g_strdup_printf("\033[%zuD", columns);

        line_edit_print(edit, text);
    }
}

/* The terminal's cursor stands at edit->cursor: draw what follows. */
static void line_edit_redraw_tail(LineEdit *edit)
{
    line_edit_print(edit, edit->line->str + edit->cursor);
    line_edit_print(edit, "\033[K");
    line_edit_move_left(edit, edit->line->len - edit->cursor);
}

static void line_edit_show(LineEdit *edit)
{
    line_edit_print(edit, edit->prompt);
    line_edit_print(edit, edit->line->str);
    line_edit_move_left(edit, edit->line->len - edit->cursor);
}

static void line_edit_go(LineEdit *edit, size_t to)
{
    if (to < edit->cursor) {
        line_edit_move_left(edit, edit->cursor - to);
    } else {
        g_autofree char *text =
            g_strndup(edit->line->str + edit->cursor, to - edit->cursor);

        line_edit_print(edit, text);
    }
    edit->cursor = to;
}

static void line_edit_set(LineEdit *edit, const char *text)
{
    line_edit_go(edit, 0);
    g_string_assign(edit->line, text);
    line_edit_print(edit, edit->line->str);
    line_edit_print(edit, "\033[K");
    edit->cursor = edit->line->len;
}

/* ---- Editing ----------------------------------------------------------- */

static void line_edit_insert(LineEdit *edit, const char *text)
{
    size_t len = strlen(text);

    if (edit->line->len + len > LINE_EDIT_MAX) {
        return;
    }
    g_string_insert(edit->line, edit->cursor, text);
    line_edit_print(edit, text);
    edit->cursor += len;
    if (edit->cursor < edit->line->len) {
        line_edit_redraw_tail(edit);
    }
}

/* Remove [from, to) and leave the cursor there; kept for Ctrl-Y. */
static void line_edit_cut(LineEdit *edit, size_t from, size_t to, bool keep)
{
    if (from >= to) {
        return;
    }
    if (keep) {
        g_string_truncate(edit->killed, 0);
        g_string_append_len(edit->killed, edit->line->str + from, to - from);
    }
    line_edit_go(edit, from);
    g_string_erase(edit->line, from, to - from);
    line_edit_redraw_tail(edit);
}

static void line_edit_home(LineEdit *edit)
{
    line_edit_go(edit, 0);
}

static void line_edit_end(LineEdit *edit)
{
    line_edit_go(edit, edit->line->len);
}

static void line_edit_left(LineEdit *edit)
{
    if (edit->cursor) {
        line_edit_go(edit, edit->cursor - 1);
    }
}

static void line_edit_right(LineEdit *edit)
{
    if (edit->cursor < edit->line->len) {
        line_edit_go(edit, edit->cursor + 1);
    }
}

static void line_edit_backspace(LineEdit *edit)
{
    if (edit->cursor) {
        line_edit_cut(edit, edit->cursor - 1, edit->cursor, false);
    }
}

static void line_edit_delete(LineEdit *edit)
{
    if (edit->cursor < edit->line->len) {
        line_edit_cut(edit, edit->cursor, edit->cursor + 1, false);
    }
}

static size_t line_edit_word_start(const LineEdit *edit)
{
    size_t at = edit->cursor;

    while (at && edit->line->str[at - 1] == ' ') {
        at--;
    }
    while (at && edit->line->str[at - 1] != ' ') {
        at--;
    }
    return at;
}

static size_t line_edit_word_end(const LineEdit *edit)
{
    size_t at = edit->cursor;

    while (edit->line->str[at] == ' ') {
        at++;
    }
    while (edit->line->str[at] && edit->line->str[at] != ' ') {
        at++;
    }
    return at;
}

static void line_edit_word_left(LineEdit *edit)
{
    line_edit_go(edit, line_edit_word_start(edit));
}

static void line_edit_word_right(LineEdit *edit)
{
    line_edit_go(edit, line_edit_word_end(edit));
}

static void line_edit_kill_word(LineEdit *edit)
{
    line_edit_cut(edit, line_edit_word_start(edit), edit->cursor, true);
}

static void line_edit_kill_end(LineEdit *edit)
{
    line_edit_cut(edit, edit->cursor, edit->line->len, true);
}

static void line_edit_kill_start(LineEdit *edit)
{
    line_edit_cut(edit, 0, edit->cursor, true);
}

static void line_edit_yank(LineEdit *edit)
{
    line_edit_insert(edit, edit->killed->str);
}

static void line_edit_cancel(LineEdit *edit)
{
    line_edit_print(edit, "^C\n");
    line_edit_start(edit);
}

static void line_edit_clear_screen(LineEdit *edit)
{
    line_edit_print(edit, "\033[2J\033[1;1H");
    line_edit_show(edit);
}

/* ---- History ----------------------------------------------------------- */

static void line_edit_remember(LineEdit *edit, const char *line)
{
    GPtrArray *history = edit->history;

    if (!*line) {
        return;
    }
    for (unsigned i = 0; i < history->len; i++) {
        if (!strcmp(history->pdata[i], line)) {
            g_ptr_array_remove_index(history, i);
            break;
        }
    }
    if (history->len == LINE_EDIT_HISTORY) {
        g_ptr_array_remove_index(history, 0);
    }
    g_ptr_array_add(history, g_strdup(line));
}

static void line_edit_older(LineEdit *edit)
{
    if (!edit->history_at) {
        return;
    }
    if (edit->history_at == edit->history->len) {
        g_free(edit->typed);
        edit->typed = g_strdup(edit->line->str);
    }
    edit->history_at--;
    line_edit_set(edit, edit->history->pdata[edit->history_at]);
}

static void line_edit_newer(LineEdit *edit)
{
    if (edit->history_at == edit->history->len) {
        return;
    }
    edit->history_at++;
    line_edit_set(edit, edit->history_at == edit->history->len
                            ? edit->typed
                            : edit->history->pdata[edit->history_at]);
}

/* ---- Completion -------------------------------------------------------- */

static size_t line_edit_common_prefix(const GPtrArray *words)
{
    const char *first = words->pdata[0];
    size_t len = strlen(first);

    for (unsigned i = 1; i < words->len; i++) {
        const char *word = words->pdata[i];
        size_t same = 0;

        while (same < len && word[same] == first[same]) {
            same++;
        }
        len = same;
    }
    return len;
}

static void line_edit_list(LineEdit *edit, const GPtrArray *words)
{
    size_t width = 0;
    unsigned columns;
    g_autoptr(GString) out = g_string_new("\n");

    for (unsigned i = 0; i < words->len; i++) {
        width = MAX(width, strlen(words->pdata[i]) + 2);
    }
    columns = MAX(1, LINE_EDIT_COLUMNS / MAX(width, 1));
    for (unsigned i = 0; i < words->len; i++) {
        bool last = (i + 1) % columns == 0 || i + 1 == words->len;

        g_string_append_printf(out, "%-*s%s", last ? 0 : (int)width,
                               (const char *)words->pdata[i], last ? "\n" : "");
    }
    line_edit_print(edit, out->str);
    line_edit_show(edit);
}

static void line_edit_complete(LineEdit *edit)
{
    g_autofree char *before = g_strndup(edit->line->str, edit->cursor);
    g_autoptr(GPtrArray) words = NULL;
    g_autofree char *prefix = NULL;
    size_t start = edit->cursor;
    size_t typed;
    size_t common;

    words = edit->ops->complete(edit->opaque, before, &start);
    if (!words || !words->len) {
        return;
    }
    typed = edit->cursor - start;
    common = line_edit_common_prefix(words);
    if (common > typed) {
        prefix = g_strndup((char *)words->pdata[0] + typed, common - typed);
        line_edit_insert(edit, prefix);
    } else if (words->len > 1) {
        line_edit_list(edit, words);
    }
    if (words->len == 1 && !g_str_has_suffix(words->pdata[0], "/")) {
        line_edit_insert(edit, " ");
    }
}

/* ---- Keys -------------------------------------------------------------- */

static void line_edit_accept(LineEdit *edit)
{
    g_autofree char *line = g_strdup(edit->line->str);

    line_edit_print(edit, "\n");
    line_edit_remember(edit, line);
    g_string_truncate(edit->line, 0);
    edit->cursor = 0;
    edit->history_at = edit->history->len;
    edit->ops->accept(edit->opaque, line);
}

typedef struct LineEditKey {
    uint8_t byte;
    void (*act)(LineEdit *edit);
} LineEditKey;

static const LineEditKey line_edit_keys[] = {
    { 0x01, line_edit_home },         /* Ctrl-A */
    { 0x02, line_edit_left },         /* Ctrl-B */
    { 0x03, line_edit_cancel },       /* Ctrl-C */
    { 0x04, line_edit_delete },       /* Ctrl-D */
    { 0x05, line_edit_end },          /* Ctrl-E */
    { 0x06, line_edit_right },        /* Ctrl-F */
    { 0x08, line_edit_backspace },    /* Ctrl-H */
    { 0x09, line_edit_complete },     /* Tab */
    { 0x0b, line_edit_kill_end },     /* Ctrl-K */
    { 0x0c, line_edit_clear_screen }, /* Ctrl-L */
    { 0x0e, line_edit_newer },        /* Ctrl-N */
    { 0x10, line_edit_older },        /* Ctrl-P */
    { 0x15, line_edit_kill_start },   /* Ctrl-U */
    { 0x17, line_edit_kill_word },    /* Ctrl-W */
    { 0x19, line_edit_yank },         /* Ctrl-Y */
    { 0x7f, line_edit_backspace },
};

/* After ESC [ or ESC O: the final byte. */
static const LineEditKey line_edit_cursor_keys[] = {
    { 'A', line_edit_older }, { 'B', line_edit_newer },
    { 'C', line_edit_right }, { 'D', line_edit_left },
    { 'H', line_edit_home },  { 'F', line_edit_end },
};

/* After ESC [: the number before "~". */
static const LineEditKey line_edit_tilde_keys[] = {
    { 1, line_edit_home }, { 3, line_edit_delete }, { 4, line_edit_end },
    { 7, line_edit_home }, { 8, line_edit_end },
};

/* After ESC (Alt with a letter). */
static const LineEditKey line_edit_alt_keys[] = {
    { 'b', line_edit_word_left },
    { 'f', line_edit_word_right },
    { 0x7f, line_edit_kill_word },
};

static bool line_edit_press(LineEdit *edit, const LineEditKey *keys, unsigned n,
                            unsigned byte)
{
    for (unsigned i = 0; i < n; i++) {
        if (keys[i].byte == byte) {
            keys[i].act(edit);
            return true;
        }
    }
    return false;
}

static void line_edit_plain(LineEdit *edit, uint8_t c)
{
    bool lf_of_crlf = c == '\n' && edit->after_cr;

    edit->after_cr = c == '\r';
    if (c == 0x1b) {
        edit->escape = LINE_EDIT_ESC;
    } else if (c == '\r' || (c == '\n' && !lf_of_crlf)) {
        line_edit_accept(edit);
    } else if (!line_edit_press(edit, line_edit_keys,
                                G_N_ELEMENTS(line_edit_keys), c) &&
               c >= 0x20) {
        char text[] = { c, '\0' };

        line_edit_insert(edit, text);
    }
}

static void line_edit_after_esc(LineEdit *edit, uint8_t c)
{
    edit->csi_param = 0;
    edit->escape = c == '['   ? LINE_EDIT_CSI
                   : c == 'O' ? LINE_EDIT_SS3
                              : LINE_EDIT_PLAIN;
    if (edit->escape == LINE_EDIT_PLAIN) {
        line_edit_press(edit, line_edit_alt_keys,
                        G_N_ELEMENTS(line_edit_alt_keys), c);
    }
}

static void line_edit_csi(LineEdit *edit, uint8_t c)
{
    if (g_ascii_isdigit(c)) {
        edit->csi_param = (edit->csi_param * 10 + c - '0') % 1000;
        return;
    }
    if (c == ';') {
        edit->csi_param = 0;
        return;
    }
    edit->escape = LINE_EDIT_PLAIN;
    if (c == '~') {
        line_edit_press(edit, line_edit_tilde_keys,
                        G_N_ELEMENTS(line_edit_tilde_keys), edit->csi_param);
    } else {
        line_edit_press(edit, line_edit_cursor_keys,
                        G_N_ELEMENTS(line_edit_cursor_keys), c);
    }
}

static void line_edit_byte(LineEdit *edit, uint8_t c)
{
    switch (edit->escape) {
    case LINE_EDIT_PLAIN:
        line_edit_plain(edit, c);
        break;
    case LINE_EDIT_ESC:
        line_edit_after_esc(edit, c);
        break;
    case LINE_EDIT_CSI:
        line_edit_csi(edit, c);
        break;
    case LINE_EDIT_SS3:
        edit->escape = LINE_EDIT_PLAIN;
        line_edit_press(edit, line_edit_cursor_keys,
                        G_N_ELEMENTS(line_edit_cursor_keys), c);
        break;
    }
}

/* ---- Public ------------------------------------------------------------ */

LineEdit *line_edit_new(const LineEditOps *ops, void *opaque,
                        const char *prompt)
{
    LineEdit *edit = g_new0(LineEdit, 1);

    edit->ops = ops;
    edit->opaque = opaque;
    edit->prompt = g_strdup(prompt);
    edit->line = g_string_new(NULL);
    edit->killed = g_string_new(NULL);
    edit->history = g_ptr_array_new_with_free_func(g_free);
    return edit;
}

void line_edit_free(LineEdit *edit)
{
    if (!edit) {
        return;
    }
    g_free(edit->prompt);
    g_free(edit->typed);
    g_string_free(edit->line, TRUE);
    g_string_free(edit->killed, TRUE);
    g_ptr_array_unref(edit->history);
    g_free(edit);
}

void line_edit_start(LineEdit *edit)
{
    g_string_truncate(edit->line, 0);
    edit->cursor = 0;
    edit->history_at = edit->history->len;
    edit->escape = LINE_EDIT_PLAIN;
    line_edit_show(edit);
}

void line_edit_feed(LineEdit *edit, const uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        line_edit_byte(edit, buf[i]);
    }
}

void line_edit_print_above(LineEdit *edit, const char *text)
{
    line_edit_print(edit, "\r\033[K");
    line_edit_print(edit, text);
    line_edit_show(edit);
}

const GPtrArray *line_edit_history(const LineEdit *edit)
{
    return edit->history;
}
