/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saving and loading objects by their field lists; the stream is described in
 * state.h. A stream may come from a file or a peer: nothing in it is trusted.
 */
#include "util/state.h"

#include <string.h>

#include "util/error.h"
#include "util/span.h"

static void state_put_u32(GByteArray *out, uint32_t value)
{
    uint32_t le = GUINT32_TO_LE(value);

    g_byte_array_append(out, (const guint8 *)&le, sizeof(le));
}

/* Copies one integer between host order and the stream's little-endian. */
static void state_copy_uint(uint8_t *to, const uint8_t *from, size_t size)
{
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
    memcpy(to, from, size);
#else
    for (size_t i = 0; i < size; i++) {
        to[i] = from[size - 1 - i];
    }
#endif
}

static void state_save_uint(const StateField *f, const uint8_t *at,
                            GByteArray *out)
{
    for (unsigned i = 0; i < f->count; i++) {
        uint8_t le[8];

        state_copy_uint(le, at + i * f->size, f->size);
        g_byte_array_append(out, le, f->size);
    }
}

static void state_save_payload(const StateField *f, const uint8_t *at,
                               GByteArray *out)
{
    switch (f->kind) {
    case STATE_KIND_UINT:
        state_save_uint(f, at, out);
        break;
    case STATE_KIND_BOOL:
        g_byte_array_append(out, &(uint8_t){ *(const bool *)at }, 1);
        break;
    case STATE_KIND_BYTES:
        g_byte_array_append(out, at, f->size);
        break;
    case STATE_KIND_BUFFER:
        g_byte_array_append(out, *(uint8_t *const *)at, f->size);
        break;
    case STATE_KIND_STRUCT:
        for (unsigned i = 0; i < f->count; i++) {
            state_save(f->fields, at + i * f->size, out);
        }
        break;
    }
}

void state_save(const StateField *fields, const void *obj, GByteArray *out)
{
    for (const StateField *f = fields; f && f->name; f++) {
        uint8_t name_len = strlen(f->name);

        g_byte_array_append(out, &name_len, 1);
        g_byte_array_append(out, (const guint8 *)f->name, name_len);
        guint len_at = out->len;
        state_put_u32(out, 0);
        state_save_payload(f, (const uint8_t *)obj + f->offset, out);
        uint32_t le = GUINT32_TO_LE(out->len - len_at - 4);
        memcpy(out->data + len_at, &le, sizeof(le));
    }
    g_byte_array_append(out, &(uint8_t){ 0 }, 1);
}

/* What is left to read; every taker checks it. */
typedef struct StateReader {
    const uint8_t *data;
    size_t len;
    size_t pos;
} StateReader;

static const uint8_t *state_take(StateReader *r, size_t n)
{
    if (!span_fits(r->pos, n, r->len)) {
        return NULL;
    }
    r->pos += n;
    return r->data + r->pos - n;
}

static bool state_bad_length(const StateField *f, uint32_t len, GError **errp)
{
    return emu_fail(errp, EMU_ERROR_CORRUPT,
                    "state field '%s' has a wrong length of %u bytes", f->name,
                    len);
}

static bool state_load_struct(const StateField *f, uint8_t *at,
                              const uint8_t *payload, uint32_t len,
                              GError **errp)
{
    size_t pos = 0;

    for (unsigned i = 0; i < f->count; i++) {
        if (!state_load(f->fields, at + i * f->size, payload, len, &pos,
                        errp)) {
            g_prefix_error(errp, "%s: ", f->name);
            return false;
        }
    }
    return pos == len || state_bad_length(f, len, errp);
}

static bool state_load_bool(const StateField *f, uint8_t *at, uint8_t value,
                            GError **errp)
{
    if (value > 1) {
        return emu_fail(errp, EMU_ERROR_CORRUPT,
                        "state field '%s' is neither true nor false", f->name);
    }
    *(bool *)at = value;
    return true;
}

static bool state_load_payload(const StateField *f, uint8_t *at,
                               const uint8_t *payload, uint32_t len,
                               GError **errp)
{
    if (f->kind == STATE_KIND_STRUCT) {
        return state_load_struct(f, at, payload, len, errp);
    }
    if (len != f->size * f->count) {
        return state_bad_length(f, len, errp);
    }
    switch (f->kind) {
    case STATE_KIND_UINT:
        for (unsigned i = 0; i < f->count; i++) {
            state_copy_uint(at + i * f->size, payload + i * f->size, f->size);
        }
        return true;
    case STATE_KIND_BOOL:
        return state_load_bool(f, at, payload[0], errp);
    case STATE_KIND_BYTES:
        memcpy(at, payload, len);
        return true;
    case STATE_KIND_BUFFER:
        memcpy(*(uint8_t **)at, payload, len);
        return true;
    case STATE_KIND_STRUCT:
        break;
    }
    return true;
}

static const StateField *state_find(const StateField *fields,
                                    const uint8_t *name, size_t len)
{
    for (const StateField *f = fields; f && f->name; f++) {
        if (strlen(f->name) == len && !memcmp(f->name, name, len)) {
            return f;
        }
    }
    return NULL;
}

static bool state_truncated(GError **errp)
{
    return emu_fail(errp, EMU_ERROR_CORRUPT, "state ends too early");
}

/* One {name, length, payload}; *field is NULL at the closing zero. */
static bool state_load_field(const StateField *fields, void *obj,
                             StateReader *r, const StateField **field,
                             GError **errp)
{
    const uint8_t *name_len = state_take(r, 1);
    uint32_t len;

    *field = NULL;
    if (name_len && !*name_len) {
        return true;
    }
    const uint8_t *name = name_len ? state_take(r, *name_len) : NULL;
    const uint8_t *len_le = name ? state_take(r, sizeof(len)) : NULL;
    if (!len_le) {
        return state_truncated(errp);
    }
    memcpy(&len, len_le, sizeof(len));
    len = GUINT32_FROM_LE(len);
    const uint8_t *payload = state_take(r, len);
    if (!payload) {
        return state_truncated(errp);
    }
    *field = state_find(fields, name, *name_len);
    if (!*field) {
        return emu_fail(errp, EMU_ERROR_CORRUPT, "unknown state field '%.*s'",
                        *name_len, (const char *)name);
    }
    return state_load_payload(*field, (uint8_t *)obj + (*field)->offset,
                              payload, len, errp);
}

static bool state_check_complete(const StateField *fields, const bool *seen,
                                 GError **errp)
{
    for (const StateField *f = fields; f && f->name; f++) {
        if (!f->since && !seen[f - fields]) {
            return emu_fail(errp, EMU_ERROR_CORRUPT,
                            "state field '%s' is missing", f->name);
        }
    }
    return true;
}

bool state_load(const StateField *fields, void *obj, const uint8_t *data,
                size_t len, size_t *pos, GError **errp)
{
    StateReader r = { .data = data, .len = len, .pos = *pos };
    const StateField *field;
    size_t n = 0;

    while (fields && fields[n].name) {
        n++;
    }
    g_autofree bool *seen = g_new0(bool, n + 1);
    do {
        if (!state_load_field(fields, obj, &r, &field, errp)) {
            return false;
        }
        if (field && seen[field - fields]) {
            return emu_fail(errp, EMU_ERROR_CORRUPT,
                            "state field '%s' comes twice", field->name);
        }
        if (field) {
            seen[field - fields] = true;
        }
    } while (field);
    *pos = r.pos;
    return state_check_complete(fields, seen, errp);
}
