/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logging (-d ITEM,... -D FILE) and trace points (-trace PATTERN). Off, each
 * costs one load and a branch. Lines are written whole, from any thread.
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum LogItem {
    LOG_GUEST_ERRORS = 1u << 0,
    LOG_UNIMP = 1u << 1,
    LOG_IN_ASM = 1u << 2,
    LOG_OP = 1u << 3,
    LOG_OP_OPT = 1u << 4,
    LOG_OUT_ASM = 1u << 5,
    LOG_INT = 1u << 6,
    LOG_CPU = 1u << 7,
    LOG_EXEC = 1u << 8,
    LOG_PAGE = 1u << 9,
    LOG_RESET = 1u << 10,
    LOG_MMU = 1u << 11,
    LOG_TRACE = 1u << 12,
    LOG_NOCHAIN = 1u << 13,
} LogItem;

/* Process-wide: one log, as the command line has one. Read with log_on(). */
extern uint32_t log_mask;

static inline bool log_on(LogItem item)
{
    return G_UNLIKELY(log_mask & item);
}

/* Parse "item,item" ("help" lists the items to stdout and returns true with
 * *help set). On failure log_mask is unchanged. */
bool log_set_items(const char *items, bool *help, GError **errp);
/* Send the log to a file (created, truncated); default is stderr. */
bool log_set_file(const char *path, GError **errp);
/* Enable trace points whose name matches a glob pattern; may be repeated. */
void log_enable_trace(const char *pattern);

void log_printf(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

/* The guest broke a rule: name the device, the register and the value. */
#define log_guest_error(...)                                                   \
    do {                                                                       \
        if (log_on(LOG_GUEST_ERRORS)) {                                        \
            log_printf(__VA_ARGS__);                                           \
        }                                                                      \
    } while (0)

/* We do not do this yet: name the device, the register and the value. */
#define log_unimplemented(...)                                                 \
    do {                                                                       \
        if (log_on(LOG_UNIMP)) {                                               \
            log_printf(__VA_ARGS__);                                           \
        }                                                                      \
    } while (0)

bool log_trace_enabled(const char *name);

/* trace(rtc_read, "reg %02x = %02x", reg, val): at each register access,
 * state change and request boundary. */
#define trace(name, fmt, ...)                                                  \
    do {                                                                       \
        if (log_on(LOG_TRACE) && log_trace_enabled(#name)) {                   \
            log_printf(#name " " fmt "\n", ##__VA_ARGS__);                     \
        }                                                                      \
    } while (0)

#endif
