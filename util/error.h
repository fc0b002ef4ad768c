/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors: a fallible function returns bool (or a pointer) and takes a
 * GError ** last; emu_fail() fills it and returns false.
 */
#ifndef UTIL_ERROR_H
#define UTIL_ERROR_H

#include <glib.h>
#include <stdbool.h>

typedef enum EmuError {
    EMU_ERROR_INVALID,     /* the user's or the file's input is wrong */
    EMU_ERROR_NOT_FOUND,   /* no such option, device, file, ... */
    EMU_ERROR_IO,          /* the host refused: text carries the errno text */
    EMU_ERROR_BUSY,        /* in use: locked image, taken address */
    EMU_ERROR_UNSUPPORTED, /* valid, but not implemented here */
    EMU_ERROR_CORRUPT,     /* an image contradicts itself */
    EMU_ERROR_NO_SPACE,    /* the host's disk or an address range is full */
} EmuError;

#define EMU_ERROR (emu_error_quark())
GQuark emu_error_quark(void);

/* Set *errp (if errp is not NULL) and return false. The text is a part of a
 * sentence for the user: lower case, no newline, names what and why. */
bool emu_fail(GError **errp, EmuError code, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);

/* The same with ": " and strerror(err) appended; code is EMU_ERROR_IO, or
 * EMU_ERROR_NO_SPACE for ENOSPC, EMU_ERROR_NOT_FOUND for ENOENT. */
bool emu_fail_errno(GError **errp, int err, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);

/* The entry of names[0..n) nearest to word (edit distance), or NULL when none
 * is near: for "did you mean". */
const char *emu_nearest(const char *word, const char *const *names, size_t n);

#endif
