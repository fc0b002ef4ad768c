/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log and the switch of trace points. The one process-wide thing: a command
 * line has one -d and one -D.
 */
#include "util/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"

uint32_t log_mask;

/* log_lock guards everything below; it is a leaf. */
static GMutex log_lock;
static int log_fd = STDERR_FILENO;
static GPtrArray *log_patterns;  /* of GPatternSpec */
static GHashTable *log_verdicts; /* trace point name -> enabled */

typedef struct LogItemName {
    const char *name;
    uint32_t item;
    const char *help;
} LogItemName;

static const LogItemName log_items[] = {
    { "guest_errors", LOG_GUEST_ERRORS, "what the guest did wrong" },
    { "unimp", LOG_UNIMP, "what this program does not do yet" },
    { "in_asm", LOG_IN_ASM, "guest code of each translated block" },
    { "op", LOG_OP, "intermediate code of each block" },
    { "op_opt", LOG_OP_OPT, "intermediate code after the passes" },
    { "out_asm", LOG_OUT_ASM, "host code of each block" },
    { "int", LOG_INT, "interrupts and exceptions" },
    { "cpu", LOG_CPU, "registers before each block" },
    { "exec", LOG_EXEC, "each block that is entered" },
    { "page", LOG_PAGE, "memory layout at start" },
    { "cpu_reset", LOG_RESET, "registers at processor resets" },
    { "mmu", LOG_MMU, "address translation" },
    { "nochain", LOG_NOCHAIN, "do not chain blocks (full exec logs)" },
};

static void log_print_items(void)
{
    printf("Log items (comma separated):\n");
    for (size_t i = 0; i < G_N_ELEMENTS(log_items); i++) {
        printf("%-16s %s\n", log_items[i].name, log_items[i].help);
    }
    printf("%-16s %s\n", "trace:PATTERN", "trace points that match");
    printf("%-16s %s\n", "all, none", "everything but nochain; nothing");
}

static const LogItemName *log_item_find(const char *word)
{
    for (size_t i = 0; i < G_N_ELEMENTS(log_items); i++) {
        if (!strcmp(log_items[i].name, word)) {
            return &log_items[i];
        }
    }
    return NULL;
}

static bool log_item_unknown(const char *word, GError **errp)
{
    const char *names[G_N_ELEMENTS(log_items)];

    for (size_t i = 0; i < G_N_ELEMENTS(log_items); i++) {
        names[i] = log_items[i].name;
    }
    const char *near = emu_nearest(word, names, G_N_ELEMENTS(names));

    return emu_fail(errp, EMU_ERROR_INVALID,
                    near ? "unknown log item '%s' (did you mean '%s'?)"
                         : "unknown log item '%s'",
                    word, near);
}

static bool log_parse_item(const char *word, uint32_t *mask, GError **errp)
{
    const LogItemName *item = log_item_find(word);

    if (item) {
        *mask |= item->item;
    } else if (!strcmp(word, "all")) {
        for (size_t i = 0; i < G_N_ELEMENTS(log_items); i++) {
            *mask |= log_items[i].item & ~LOG_NOCHAIN;
        }
    } else if (!strcmp(word, "none")) {
        *mask = 0;
    } else if (!g_str_has_prefix(word, "trace:")) {
        return log_item_unknown(word, errp);
    }
    return true;
}

bool log_set_items(const char *items, bool *help, GError **errp)
{
    g_auto(GStrv) words = g_strsplit(items, ",", -1);
    uint32_t mask = 0;

    *help = !strcmp(items, "help") || !strcmp(items, "?");
    if (*help) {
        log_print_items();
        return true;
    }
    for (char **w = words; *w; w++) {
        if (!log_parse_item(*w, &mask, errp)) {
            return false;
        }
    }
    __atomic_store_n(&log_mask, mask | (log_mask & LOG_TRACE),
                     __ATOMIC_RELAXED);
    for (char **w = words; *w; w++) {
        if (g_str_has_prefix(*w, "trace:")) {
            log_enable_trace(*w + strlen("trace:"));
        }
    }
    return true;
}

bool log_set_file(const char *path, GError **errp)
{
    int fd =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);

    if (fd < 0) {
        return emu_fail_errno(errp, errno, "cannot open log file '%s'", path);
    }
    g_mutex_lock(&log_lock);
    int old = log_fd;
    log_fd = fd;
    g_mutex_unlock(&log_lock);
    if (old != STDERR_FILENO) {
        close(old);
    }
    return true;
}

void log_enable_trace(const char *pattern)
{
    g_mutex_lock(&log_lock);
    if (!log_patterns) {
        log_patterns =
            g_ptr_array_new_with_free_func((GDestroyNotify)g_pattern_spec_free);
        log_verdicts = g_hash_table_new(g_str_hash, g_str_equal);
    }
    g_ptr_array_add(log_patterns, g_pattern_spec_new(pattern));
    g_hash_table_remove_all(log_verdicts);
    g_mutex_unlock(&log_lock);
    __atomic_fetch_or(&log_mask, LOG_TRACE, __ATOMIC_RELAXED);
}

static bool log_trace_matches_locked(const char *name)
{
    for (guint i = 0; i < log_patterns->len; i++) {
        if (g_pattern_spec_match_string(log_patterns->pdata[i], name)) {
            return true;
        }
    }
    return false;
}

/* Names are string literals of trace(), so the cache may keep the pointers. */
bool log_trace_enabled(const char *name)
{
    gpointer verdict = NULL;

    g_mutex_lock(&log_lock);
    if (log_patterns &&
        !g_hash_table_lookup_extended(log_verdicts, name, NULL, &verdict)) {
        verdict = GINT_TO_POINTER(log_trace_matches_locked(name));
        g_hash_table_insert(log_verdicts, (gpointer)name, verdict);
    }
    g_mutex_unlock(&log_lock);
    return verdict != NULL;
}

/* A log that cannot be written has nobody to tell: short writes are lost. */
static void log_write_locked(const char *text, size_t len)
{
    while (len) {
        ssize_t n = write(log_fd, text, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return;
        }
        text += n;
        len -= n;
    }
}

void log_printf(const char *fmt, ...)
{
    char line[512];
    g_autofree char *longer = NULL;
    const char *text = line;
    va_list ap;

    va_start(ap, fmt);
    int len = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    if (len < 0) {
        return;
    }
    if ((size_t)len >= sizeof(line)) {
        va_start(ap, fmt);
        text = longer = g_strdup_vprintf(fmt, ap);
        va_end(ap);
    }
    g_mutex_lock(&log_lock);
    log_write_locked(text, len);
    g_mutex_unlock(&log_lock);
}
