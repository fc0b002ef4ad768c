/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cutting a stream of bytes into JSON values: clients need not put one in a
 * line, nor in a packet. Structure is checked while it comes (RFC 8259, 2), so
 * that nonsense is answered when it is sent and not swallowed with what follows
 * it; words, numbers and what strings hold are left to the parser.
 */
#include "monitor/qmp-frame.h"

#include <string.h>

typedef enum FrameState {
    FRAME_NOTHING,     /* between values */
    FRAME_VALUE,       /* a value must come */
    FRAME_FIRST_VALUE, /* a value, or the end of the list */
    FRAME_KEY,         /* a member's name must come */
    FRAME_FIRST_KEY,   /* a member's name, or the end of the object */
    FRAME_COLON,
    FRAME_COMMA, /* a comma, or the end of what is open */
    FRAME_STRING,
    FRAME_ESCAPE,
    FRAME_WORD, /* a number, true, false, null */
} FrameState;

void qmp_frame_init(QmpFrame *f)
{
    *f = (QmpFrame){ .text = g_string_new(NULL) };
}

void qmp_frame_clear(QmpFrame *f)
{
    g_string_free(f->text, TRUE);
}

void qmp_frame_reset(QmpFrame *f)
{
    g_string_truncate(f->text, 0);
    f->depth = 0;
    f->state = FRAME_NOTHING;
    f->skip = false;
}

static bool frame_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool frame_in_word(uint8_t c)
{
    return g_ascii_isalnum(c) || (c && strchr("+-.", c));
}

static QmpFrameResult frame_fail(const char **why, const char *text)
{
    *why = text;
    return QMP_FRAME_BAD;
}

static QmpFrameResult frame_go_on(QmpFrame *f, FrameState state)
{
    f->state = state;
    return QMP_FRAME_MORE;
}

static QmpFrameResult frame_open(QmpFrame *f, bool is_list, const char **why)
{
    if (f->depth == QMP_FRAME_DEPTH_MAX) {
        return frame_fail(why, "too many values in each other");
    }
    f->is_list[f->depth++] = is_list;
    return frame_go_on(f, is_list ? FRAME_FIRST_VALUE : FRAME_FIRST_KEY);
}

static QmpFrameResult frame_close(QmpFrame *f)
{
    f->state = FRAME_COMMA;
    return --f->depth ? QMP_FRAME_MORE : QMP_FRAME_VALUE;
}

static QmpFrameResult frame_value(QmpFrame *f, uint8_t c, const char **why)
{
    if (c == '{' || c == '[') {
        return frame_open(f, c == '[', why);
    }
    if (!f->depth) {
        return frame_fail(why, "expecting an object");
    }
    if (c == '"') {
        f->key = false;
        return frame_go_on(f, FRAME_STRING);
    }
    if (c == ']' && f->state == FRAME_FIRST_VALUE) {
        return frame_close(f);
    }
    return frame_in_word(c) ? frame_go_on(f, FRAME_WORD)
                            : frame_fail(why, "expecting a value");
}

static QmpFrameResult frame_key(QmpFrame *f, uint8_t c, const char **why)
{
    if (c == '"') {
        f->key = true;
        return frame_go_on(f, FRAME_STRING);
    }
    return c == '}' && f->state == FRAME_FIRST_KEY
               ? frame_close(f)
               : frame_fail(why, "expecting a member's name");
}

static QmpFrameResult frame_comma(QmpFrame *f, uint8_t c, const char **why)
{
    bool is_list = f->is_list[f->depth - 1];

    if (c == ',') {
        return frame_go_on(f, is_list ? FRAME_VALUE : FRAME_KEY);
    }
    return c == (is_list ? ']' : '}')
               ? frame_close(f)
               : frame_fail(why, is_list ? "expecting ',' or ']'"
                                         : "expecting ',' or '}'");
}

static QmpFrameResult frame_string(QmpFrame *f, uint8_t c, const char **why)
{
    if (c < 0x20) {
        return frame_fail(why, "control character in a string");
    }
    if (f->state == FRAME_ESCAPE) {
        return frame_go_on(f, FRAME_STRING);
    }
    return frame_go_on(f, c == '\\'  ? FRAME_ESCAPE
                          : c != '"' ? FRAME_STRING
                          : f->key   ? FRAME_COLON
                                     : FRAME_COMMA);
}

static QmpFrameResult frame_step(QmpFrame *f, uint8_t c, const char **why)
{
    if (f->state == FRAME_WORD) {
        if (frame_in_word(c)) {
            return QMP_FRAME_MORE;
        }
        f->state = FRAME_COMMA;
    }
    if (f->state == FRAME_STRING || f->state == FRAME_ESCAPE) {
        return frame_string(f, c, why);
    }
    if (frame_space(c)) {
        return QMP_FRAME_MORE;
    }
    switch (f->state) {
    case FRAME_KEY:
    case FRAME_FIRST_KEY:
        return frame_key(f, c, why);
    case FRAME_COLON:
        return c == ':' ? frame_go_on(f, FRAME_VALUE)
                        : frame_fail(why, "expecting ':'");
    case FRAME_COMMA:
        return frame_comma(f, c, why);
    default:
        return frame_value(f, c, why);
    }
}

/* True: the byte is between values, or part of what is not looked at. */
static bool frame_passes(QmpFrame *f, uint8_t c)
{
    if (f->skip) {
        f->skip = c != '\n';
        return true;
    }
    return f->state == FRAME_NOTHING && frame_space(c);
}

QmpFrameResult qmp_frame_feed(QmpFrame *f, uint8_t byte, const char **why)
{
    QmpFrameResult result;

    if (!f->depth && f->state != FRAME_NOTHING) {
        qmp_frame_reset(f);
    }
    if (frame_passes(f, byte)) {
        return QMP_FRAME_MORE;
    }
    if (f->text->len == QMP_FRAME_BYTES_MAX) {
        result = frame_fail(why, "too long");
    } else {
        g_string_append_c(f->text, byte);
        result = frame_step(f, byte, why);
    }
    if (result == QMP_FRAME_BAD) {
        qmp_frame_reset(f);
        f->skip = byte != '\n';
    }
    return result;
}
