/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line editor for whatever terminal is at the other end: cursor keys and
 * the usual control keys, history, completion. It knows bytes in and bytes
 * out only.
 */
#ifndef MONITOR_LINEEDIT_H
#define MONITOR_LINEEDIT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct LineEdit LineEdit;

typedef struct LineEditOps {
    void (*print)(void *opaque, const char *text);
    /* Enter was typed. line is valid during the call. */
    void (*accept)(void *opaque, const char *line);
    /* Words that could stand at the end of line; *start: where the word
     * begins. Of char *, owned by the array. */
    GPtrArray *(*complete)(void *opaque, const char *line, size_t *start);
} LineEditOps;

LineEdit *line_edit_new(const LineEditOps *ops, void *opaque,
                        const char *prompt);
void line_edit_free(LineEdit *edit);
/* Forget the line being typed and show the prompt. */
void line_edit_start(LineEdit *edit);
void line_edit_feed(LineEdit *edit, const uint8_t *buf, size_t len);
/* Print text above the line being typed. */
void line_edit_print_above(LineEdit *edit, const char *text);
/* Of char *, oldest first. */
const GPtrArray *line_edit_history(const LineEdit *edit);

#endif
