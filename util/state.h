/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State field lists: what of an object is saved, as data. Fields travel by
 * name, so order and struct layout may change between versions. Snapshots,
 * migration and the round-trip tests all walk these lists.
 *
 * Stream: per object a sequence of {u8 name length, name, u32 byte length,
 * payload}, closed by a zero name length; integers little-endian; a struct
 * array's payload is its elements' sequences one after the other.
 */
#ifndef UTIL_STATE_H
#define UTIL_STATE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum StateKind {
    STATE_KIND_UINT = 1, /* unsigned, 1/2/4/8 bytes, count elements */
    STATE_KIND_BOOL,
    STATE_KIND_BYTES,  /* size raw bytes */
    STATE_KIND_BUFFER, /* uint8_t *pointer, size bytes, never resized */
    STATE_KIND_STRUCT, /* count structs of size bytes with own fields */
} StateKind;

typedef struct StateField {
    const char *name;
    StateKind kind;
    size_t offset;
    size_t size;                     /* bytes of one element */
    unsigned count;                  /* elements; 1 for a scalar */
    const struct StateField *fields; /* STATE_KIND_STRUCT */
    unsigned since; /* version the field appeared in; 0: always there */
} StateField;

#define STATE_CHECK_(type, field, t) (0 * sizeof((t *)0 == &((type *)0)->field))
#define STATE_UINT_(type, field, t, n)                                         \
    {                                                                          \
        .name = #field, .kind = STATE_KIND_UINT,                               \
        .offset = offsetof(type, field) + STATE_CHECK_(type, field, t),        \
        .size = sizeof(t), .count = (n),                                       \
    }
#define STATE_U8(type, field) STATE_UINT_(type, field, uint8_t, 1)
#define STATE_U16(type, field) STATE_UINT_(type, field, uint16_t, 1)
#define STATE_U32(type, field) STATE_UINT_(type, field, uint32_t, 1)
#define STATE_U64(type, field) STATE_UINT_(type, field, uint64_t, 1)
#define STATE_BOOL(type, field)                                                \
    {                                                                          \
        .name = #field, .kind = STATE_KIND_BOOL,                               \
        .offset = offsetof(type, field) + STATE_CHECK_(type, field, bool),     \
        .size = 1, .count = 1,                                                 \
    }
/* Signed and enum scalars travel as unsigned of their size. */
#define STATE_INT(type, field)                                                 \
    {                                                                          \
        .name = #field, .kind = STATE_KIND_UINT,                               \
        .offset = offsetof(type, field), .size = sizeof(((type *)0)->field),   \
        .count = 1,                                                            \
    }
/* Arrays of an unsigned integer type, e.g. uint16_t latch[3]. */
#define STATE_ARRAY(type, field)                                               \
    {                                                                          \
        .name = #field, .kind = STATE_KIND_UINT,                               \
        .offset = offsetof(type, field),                                       \
        .size = sizeof(((type *)0)->field[0]),                                 \
        .count = G_N_ELEMENTS(((type *)0)->field),                             \
    }
#define STATE_BYTES(type, field, n)                                            \
    {                                                                          \
        .name = #field, .kind = STATE_KIND_BYTES,                              \
        .offset = offsetof(type, field), .size = (n), .count = 1,              \
    }
#define STATE_BUFFER(type, field, n)                                           \
    {                                                                          \
        .name = #field, .kind = STATE_KIND_BUFFER,                             \
        .offset = offsetof(type, field), .size = (n), .count = 1,              \
    }
#define STATE_STRUCT(type, field, sub)                                         \
    {                                                                          \
        .name = #field, .kind = STATE_KIND_STRUCT,                             \
        .offset = offsetof(type, field), .size = sizeof(((type *)0)->field),   \
        .count = 1, .fields = (sub),                                           \
    }
#define STATE_STRUCT_ARRAY(type, field, sub)                                   \
    {                                                                          \
        .name = #field, .kind = STATE_KIND_STRUCT,                             \
        .offset = offsetof(type, field),                                       \
        .size = sizeof(((type *)0)->field[0]),                                 \
        .count = G_N_ELEMENTS(((type *)0)->field), .fields = (sub),            \
    }

/* Append obj's fields to out. */
void state_save(const StateField *fields, const void *obj, GByteArray *out);
/* Read them back from data[*pos..len); advances *pos. Unknown names are an
 * error, so is a missing field with since == 0. obj is unspecified after a
 * failure. */
bool state_load(const StateField *fields, void *obj, const uint8_t *data,
                size_t len, size_t *pos, GError **errp);

#endif
