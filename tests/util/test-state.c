/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State field lists: round trips, and streams that lie. */
#include "util/state.h"

#include <string.h>

#include "util/error.h"

typedef struct Inner {
    uint16_t a;
    bool b;
} Inner;

typedef struct Outer {
    uint8_t u8;
    uint32_t u32;
    int64_t when;
    uint16_t array[3];
    uint8_t bytes[5];
    uint8_t *buffer;
    Inner inner[2];
    uint32_t later;
} Outer;

static const StateField inner_state[] = {
    STATE_U16(Inner, a),
    STATE_BOOL(Inner, b),
    {},
};

static const StateField outer_state[] = {
    STATE_U8(Outer, u8),
    STATE_U32(Outer, u32),
    STATE_INT(Outer, when),
    STATE_ARRAY(Outer, array),
    STATE_BYTES(Outer, bytes, 5),
    STATE_BUFFER(Outer, buffer, 4),
    STATE_STRUCT_ARRAY(Outer, inner, inner_state),
    {},
};

static const StateField newer_state[] = {
    STATE_U8(Outer, u8),
    { .name = "later",
      .kind = STATE_KIND_UINT,
      .offset = offsetof(Outer, later),
      .size = 4,
      .count = 1,
      .since = 2 },
    {},
};

static const StateField older_state[] = {
    STATE_U8(Outer, u8),
    {},
};

static void test_round_trip(void)
{
    uint8_t from_buffer[4] = { 9, 8, 7, 6 };
    uint8_t to_buffer[4] = { 0 };
    Outer from = { .u8 = 1,
                   .u32 = 0x12345678,
                   .when = -5,
                   .array = { 1, 2, 0xffff },
                   .bytes = { 1, 2, 3, 4, 5 },
                   .buffer = from_buffer,
                   .inner = { { 7, true }, { 8, false } } };
    Outer to = { .buffer = to_buffer };
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GByteArray) again = g_byte_array_new();
    g_autoptr(GError) err = NULL;
    size_t pos = 0;

    state_save(outer_state, &from, out);
    g_assert_true(
        state_load(outer_state, &to, out->data, out->len, &pos, &err));
    g_assert_no_error(err);
    g_assert_cmpuint(pos, ==, out->len);
    g_assert_cmpint(to.when, ==, -5);
    g_assert_cmpmem(to_buffer, 4, from_buffer, 4);
    g_assert_true(to.inner[0].b);
    state_save(outer_state, &to, again);
    g_assert_cmpmem(out->data, out->len, again->data, again->len);
}

static void test_format(void)
{
    static const uint8_t expected[] = { 2, 'u', '8', 1, 0, 0, 0, 0x5a, 0 };
    Outer from = { .u8 = 0x5a };
    g_autoptr(GByteArray) out = g_byte_array_new();

    state_save(older_state, &from, out);
    g_assert_cmpmem(out->data, out->len, expected, sizeof(expected));
}

static void test_versions(void)
{
    Outer from = { .u8 = 3 };
    Outer to = { .later = 77 };
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GError) err = NULL;
    size_t pos = 0;

    state_save(older_state, &from, out);
    g_assert_true(
        state_load(newer_state, &to, out->data, out->len, &pos, NULL));
    g_assert_cmpuint(to.u8, ==, 3);
    g_assert_cmpuint(to.later, ==, 77);

    g_byte_array_set_size(out, 0);
    state_save(newer_state, &from, out);
    pos = 0;
    g_assert_false(
        state_load(older_state, &to, out->data, out->len, &pos, &err));
    g_assert_error(err, EMU_ERROR, EMU_ERROR_CORRUPT);
}

/* Every cut and every changed byte is refused or read within bounds. */
static void test_hostile(void)
{
    uint8_t buffer[4] = { 0 };
    Outer from = { .buffer = buffer };
    g_autoptr(GByteArray) out = g_byte_array_new();

    state_save(outer_state, &from, out);
    for (size_t len = 0; len < out->len; len++) {
        g_autofree uint8_t *cut = g_memdup2(out->data, len);
        size_t pos = 0;

        g_assert_false(state_load(outer_state, &from, cut, len, &pos, NULL));
    }
    for (size_t i = 0; i < out->len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            g_autofree uint8_t *bad = g_memdup2(out->data, out->len);
            size_t pos = 0;

            bad[i] ^= 1u << bit;
            state_load(outer_state, &from, bad, out->len, &pos, NULL);
            g_assert_cmpuint(pos, <=, out->len);
        }
    }
}

static void test_missing_and_double(void)
{
    static const uint8_t nothing[] = { 0 };
    static const uint8_t twice[] = { 2,   'u', '8', 1, 0, 0, 0, 1, 2,
                                     'u', '8', 1,   0, 0, 0, 1, 0 };
    Outer to;
    size_t pos = 0;

    g_assert_false(
        state_load(older_state, &to, nothing, sizeof(nothing), &pos, NULL));
    pos = 0;
    g_assert_false(
        state_load(older_state, &to, twice, sizeof(twice), &pos, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/state/round-trip", test_round_trip);
    g_test_add_func("/state/format", test_format);
    g_test_add_func("/state/versions", test_versions);
    g_test_add_func("/state/hostile", test_hostile);
    g_test_add_func("/state/missing-and-double", test_missing_and_double);
    return g_test_run();
}
