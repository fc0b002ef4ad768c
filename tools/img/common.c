/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emu-img: opening, progress, JSON. */
#include "tools/img/img.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int img_error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    fprintf(stderr, "emu-img: %s\n", text);
    return 1;
}

int img_gerror(const GError *err)
{
    return img_error("%s", err ? err->message : "unknown error");
}

/* ---- Opening ------------------------------------------------------------ */

typedef struct ImgCache {
    const char *name;
    bool writeback, direct, no_flush;
} ImgCache;

static const ImgCache img_caches[] = {
    { "none", true, true, false },
    { "off", true, true, false },
    { "writeback", true, false, false },
    { "unsafe", true, false, true },
    { "writethrough", false, false, false },
    { "directsync", false, true, false },
    {},
};

bool img_cache_mode(const char *mode, BlockOpenOptions *o, GError **errp)
{
    for (const ImgCache *c = img_caches; c->name; c++) {
        if (!strcmp(c->name, mode)) {
            o->cache_writeback = c->writeback;
            o->cache_direct = c->direct;
            o->cache_no_flush = c->no_flush;
            return true;
        }
    }
    return emu_fail(errp, EMU_ERROR_INVALID, "Invalid cache option: %s", mode);
}

BlockNode *img_open(const char *path, const char *format, bool writable,
                    bool share, const char *cache, GError **errp)
{
    BlockOpenOptions o;

    block_open_options_init(&o);
    o.filename = path;
    o.format = format;
    o.read_only = !writable;
    o.force_share = share;
    o.discard = writable;
    if (cache && !img_cache_mode(cache, &o, errp)) {
        return NULL;
    }
    return block_open(&o, errp);
}

bool img_output_is_json(const char *arg, bool *json, GError **errp)
{
    *json = !strcmp(arg, "json");
    return *json || !strcmp(arg, "human") ||
           emu_fail(errp, EMU_ERROR_INVALID,
                    "--output must be used with human or json as argument.");
}

bool img_add_options(KeyVal *options, const char *text, GError **errp)
{
    g_autoptr(KeyVal) more = keyval_parse(text, NULL, errp);

    if (!more) {
        return false;
    }
    for (unsigned i = 0; i < keyval_count(more); i++) {
        keyval_set(options, keyval_key_at(more, i), keyval_value_at(more, i));
    }
    return true;
}

/* ---- Progress ----------------------------------------------------------- */

void img_progress(ImgProgress *p, double percent)
{
    if (p->on && (percent >= p->shown + 1 || p->shown == 0)) {
        printf("    (%3.2f/100%%)\r", percent);
        fflush(stdout);
        p->shown = MAX(percent, 0.001);
    }
}

void img_progress_end(ImgProgress *p)
{
    if (p->on) {
        printf("    (100.00/100%%)\n");
    }
}

/* ---- JSON --------------------------------------------------------------- */

static void json_quote(GString *out, const char *s)
{
    g_string_append_c(out, '"');
    for (; *s; s++) {
        unsigned char c = *s;
        if (c == '"' || c == '\\') {
            g_string_append_printf(out, "\\%c", c);
        } else if (c < 0x20) {
            g_string_append_printf(out, "\\u%04x", c);
        } else {
            g_string_append_c(out, c);
        }
    }
    g_string_append_c(out, '"');
}

static void json_item(ImgJson *j, const char *name)
{
    if (j->depth) {
        g_string_append(j->text, j->first ? "\n" : ",\n");
    }
    g_string_append_printf(j->text, "%*s", j->depth * 4, "");
    if (name) {
        json_quote(j->text, name);
        g_string_append(j->text, ": ");
    }
    j->first = false;
}

void img_json_open(ImgJson *j, const char *name, char bracket)
{
    json_item(j, name);
    g_string_append_c(j->text, bracket);
    j->depth++;
    j->first = true;
}

void img_json_close(ImgJson *j, char bracket)
{
    j->depth--;
    g_string_append_printf(j->text, "\n%*s%c", j->depth * 4, "", bracket);
    j->first = false;
}

void img_json_raw(ImgJson *j, const char *name, const char *value)
{
    json_item(j, name);
    g_string_append(j->text, value);
}

void img_json_string(ImgJson *j, const char *name, const char *value)
{
    json_item(j, name);
    json_quote(j->text, value);
}

void img_json_uint(ImgJson *j, const char *name, uint64_t value)
{
    json_item(j, name);
    g_string_append_printf(j->text, "%" PRIu64, value);
}

void img_json_bool(ImgJson *j, const char *name, bool value)
{
    img_json_raw(j, name, value ? "true" : "false");
}
