/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cutting a stream of bytes into JSON values. */
#ifndef MONITOR_QMP_FRAME_H
#define MONITOR_QMP_FRAME_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    QMP_FRAME_BYTES_MAX = 1 << 20, /* of a value */
    QMP_FRAME_DEPTH_MAX = 128,     /* of objects and lists in each other */
};

typedef struct QmpFrame {
    GString *text;  /* the value as far as it has come */
    unsigned depth; /* objects and lists that are open */
    bool is_list[QMP_FRAME_DEPTH_MAX];
    uint8_t state;
    bool key;  /* the string is a member's name */
    bool skip; /* after an error, up to the end of the line */
} QmpFrame;

typedef enum QmpFrameResult {
    QMP_FRAME_MORE,  /* nothing is complete yet */
    QMP_FRAME_VALUE, /* text is an object or a list; the next byte clears it */
    QMP_FRAME_BAD,   /* *why; what follows is skipped to the end of the line */
} QmpFrameResult;

void qmp_frame_init(QmpFrame *f);
void qmp_frame_clear(QmpFrame *f);
/* As if nothing had come yet. */
void qmp_frame_reset(QmpFrame *f);
QmpFrameResult qmp_frame_feed(QmpFrame *f, uint8_t byte, const char **why);

#endif
