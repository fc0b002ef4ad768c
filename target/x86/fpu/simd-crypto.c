/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AES (FIPS 197), carry-less multiplication, SHA-1 and SHA-256 (FIPS 180-4)
 * and Galois field bytes, as SDM 1 chapter 12.13 and SDM 2 say. The S-box is
 * computed, not tabulated: inversion in the field and an affine map.
 */
#include "target/x86/fpu/fpu.h"

#include <string.h>

/* Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
static uint8_t gf_mul(uint8_t a, uint8_t b)
{
    uint8_t r = 0;

    for (; b; b >>= 1) {
        r ^= b & 1 ? a : 0;
        a = a << 1 ^ (a & 0x80 ? 0x1b : 0);
    }
    return r;
}

/* a^254; 0 for 0. */
static uint8_t gf_inverse(uint8_t a)
{
    uint8_t r = 1, square = a;

    for (unsigned n = 1; n < 8; n++) {
        square = gf_mul(square, square);
        r = gf_mul(r, square);
    }
    return r;
}

static uint8_t aes_rotate(uint8_t v, unsigned n)
{
    return v << n | v >> (8 - n);
}

static uint8_t aes_sub(uint8_t v)
{
    uint8_t i = gf_inverse(v);
    return i ^ aes_rotate(i, 1) ^ aes_rotate(i, 2) ^ aes_rotate(i, 3) ^
           aes_rotate(i, 4) ^ 0x63;
}

static uint8_t aes_inverse_sub(uint8_t v)
{
    return gf_inverse(aes_rotate(v, 1) ^ aes_rotate(v, 3) ^ aes_rotate(v, 6) ^
                      0x05);
}

/* Rows of the state rotate by their number; bytes go by columns. */
static void aes_shift_sub(uint8_t *out, const uint8_t *in, bool inverse)
{
    for (unsigned n = 0; n < 16; n++) {
        unsigned row = n & 3, step = inverse ? 16 - row * 4 : row * 4;
        uint8_t v = in[(n + step) & 15];
        out[n] = inverse ? aes_inverse_sub(v) : aes_sub(v);
    }
}

/* Each column times a polynomial. */
static void aes_mix(uint8_t *s, const uint8_t k[4])
{
    for (unsigned c = 0; c < 16; c += 4) {
        uint8_t in[4];
        memcpy(in, s + c, 4);
        for (unsigned r = 0; r < 4; r++) {
            s[c + r] = gf_mul(in[r], k[0]) ^ gf_mul(in[(r + 1) & 3], k[1]) ^
                       gf_mul(in[(r + 2) & 3], k[2]) ^
                       gf_mul(in[(r + 3) & 3], k[3]);
        }
    }
}

static const uint8_t aes_columns[4] = { 2, 3, 1, 1 };
static const uint8_t aes_inverse_columns[4] = { 14, 11, 13, 9 };

static void aes_round(FpOp *x, bool inverse, bool last)
{
    for (unsigned block = 0; block < x->size; block += 16) {
        uint8_t s[16];
        aes_shift_sub(s, x->a.b + block, inverse);
        if (!last) {
            aes_mix(s, inverse ? aes_inverse_columns : aes_columns);
        }
        for (unsigned n = 0; n < 16; n++) {
            x->d.b[block + n] = s[n] ^ x->b.b[block + n];
        }
    }
}

static void simd_aesenc(FpOp *x)
{
    aes_round(x, false, false);
}
static void simd_aesenclast(FpOp *x)
{
    aes_round(x, false, true);
}
static void simd_aesdec(FpOp *x)
{
    aes_round(x, true, false);
}
static void simd_aesdeclast(FpOp *x)
{
    aes_round(x, true, true);
}

static void simd_aesimc(FpOp *x)
{
    memcpy(x->d.b, x->b.b, 16);
    aes_mix(x->d.b, aes_inverse_columns);
}

static uint32_t aes_sub_word(uint32_t v)
{
    return aes_sub(v) | aes_sub(v >> 8) << 8 | aes_sub(v >> 16) << 16 |
           (uint32_t)aes_sub(v >> 24) << 24;
}

static uint32_t rotate_left(uint32_t v, unsigned n)
{
    return v << n | v >> (32 - n);
}

static void simd_aeskeygenassist(FpOp *x)
{
    uint32_t s1 = aes_sub_word(x->b.l[1]), s3 = aes_sub_word(x->b.l[3]);

    x->d.l[0] = s1;
    x->d.l[1] = rotate_left(s1, 24) ^ x->imm;
    x->d.l[2] = s3;
    x->d.l[3] = rotate_left(s3, 24) ^ x->imm;
}

static void simd_pclmulqdq(FpOp *x)
{
    for (unsigned n = 0; n < x->size / 8; n += 2) {
        uint64_t a = x->a.q[n + (x->imm & 1)];
        uint64_t b = x->b.q[n + (x->imm >> 4 & 1)];
        uint64_t low = 0, high = 0;
        for (unsigned i = 0; i < 64; i++) {
            if (b >> i & 1) {
                low ^= a << i;
                high ^= i ? a >> (64 - i) : 0;
            }
        }
        x->d.q[n] = low;
        x->d.q[n + 1] = high;
    }
}

/* ---- SHA ------------------------------------------------------------------
 */

static void simd_sha1nexte(FpOp *x)
{
    x->d = x->b;
    x->d.l[3] += rotate_left(x->a.l[3], 30);
}

static void simd_sha1msg1(FpOp *x)
{
    const uint32_t *a = x->a.l, *b = x->b.l;
    uint32_t r[4] = { b[2] ^ a[0], b[3] ^ a[1], a[0] ^ a[2], a[1] ^ a[3] };

    memcpy(x->d.l, r, sizeof(r));
}

static void simd_sha1msg2(FpOp *x)
{
    uint32_t w16 = rotate_left(x->a.l[3] ^ x->b.l[2], 1);
    uint32_t w17 = rotate_left(x->a.l[2] ^ x->b.l[1], 1);
    uint32_t w18 = rotate_left(x->a.l[1] ^ x->b.l[0], 1);
    uint32_t w19 = rotate_left(x->a.l[0] ^ w16, 1);
    uint32_t r[4] = { w19, w18, w17, w16 };

    memcpy(x->d.l, r, sizeof(r));
}

static uint32_t sha1_function(unsigned which, uint32_t b, uint32_t c,
                              uint32_t d)
{
    switch (which) {
    case 0:
        return (b & c) ^ (~b & d);
    case 2:
        return (b & c) ^ (b & d) ^ (c & d);
    default:
        return b ^ c ^ d;
    }
}

static void simd_sha1rnds4(FpOp *x)
{
    static const uint32_t keys[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc,
                                      0xca62c1d6 };
    unsigned which = x->imm & 3;
    uint32_t a = x->a.l[3], b = x->a.l[2], c = x->a.l[1], d = x->a.l[0], e = 0;

    for (unsigned n = 0; n < 4; n++) {
        uint32_t t = sha1_function(which, b, c, d) + rotate_left(a, 5) +
                     x->b.l[3 - n] + keys[which] + e;
        e = d;
        d = c;
        c = rotate_left(b, 30);
        b = a;
        a = t;
    }
    uint32_t r[4] = { d, c, b, a };
    memcpy(x->d.l, r, sizeof(r));
}

static uint32_t rotate_right(uint32_t v, unsigned n)
{
    return v >> n | v << (32 - n);
}

static void simd_sha256rnds2(FpOp *x)
{
    const uint32_t *cdgh = x->a.l, *abef = x->b.l;
    uint32_t a = abef[3], b = abef[2], c = cdgh[3], d = cdgh[2];
    uint32_t e = abef[1], f = abef[0], g = cdgh[1], h = cdgh[0];

    for (unsigned n = 0; n < 2; n++) {
        uint32_t s1 =
            rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        uint32_t s0 =
            rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        uint32_t t = ((e & f) ^ (~e & g)) + s1 + x->cpu->fpu.xmm[0].l[n] + h;
        uint32_t m = ((a & b) ^ (a & c) ^ (b & c)) + s0;
        h = g;
        g = f;
        f = e;
        e = d + t;
        d = c;
        c = b;
        b = a;
        a = t + m;
    }
    uint32_t r[4] = { f, e, b, a };
    memcpy(x->d.l, r, sizeof(r));
}

static void simd_sha256msg1(FpOp *x)
{
    for (unsigned n = 0; n < 4; n++) {
        uint32_t w = n < 3 ? x->a.l[n + 1] : x->b.l[0];
        x->d.l[n] =
            x->a.l[n] + (rotate_right(w, 7) ^ rotate_right(w, 18) ^ w >> 3);
    }
}

static void simd_sha256msg2(FpOp *x)
{
    uint32_t w[6] = { x->b.l[2], x->b.l[3] };

    for (unsigned n = 0; n < 4; n++) {
        w[n + 2] = x->a.l[n] + (rotate_right(w[n], 17) ^
                                rotate_right(w[n], 19) ^ w[n] >> 10);
    }
    memcpy(x->d.l, w + 2, 16);
}

/* ---- GFNI -----------------------------------------------------------------
 */

static void simd_gf2p8mulb(FpOp *x)
{
    for (unsigned n = 0; n < x->size; n++) {
        x->d.b[n] = gf_mul(x->a.b[n], x->b.b[n]);
    }
}

/* Bit i of the result: parity of the matrix's byte 7 - i and v, and imm. */
static uint8_t gf_affine(uint64_t matrix, uint8_t v, uint8_t imm)
{
    uint8_t r = 0;

    for (unsigned i = 0; i < 8; i++) {
        uint8_t row = matrix >> (8 * (7 - i));
        r |= (__builtin_parity(row & v) ^ (imm >> i & 1)) << i;
    }
    return r;
}

static void simd_gf2p8affineqb(FpOp *x)
{
    for (unsigned n = 0; n < x->size; n++) {
        x->d.b[n] = gf_affine(x->b.q[n / 8], x->a.b[n], x->imm);
    }
}
static void simd_gf2p8affineinvqb(FpOp *x)
{
    for (unsigned n = 0; n < x->size; n++) {
        x->d.b[n] = gf_affine(x->b.q[n / 8], gf_inverse(x->a.b[n]), x->imm);
    }
}

/* clang-format off */
#define ROW(name, fn) [X86_##name] = { simd_##fn, 0 }

const FpRow fp_crypto_rows[X86_MNEMONIC_COUNT] = {
    ROW(AESENC, aesenc), ROW(AESENCLAST, aesenclast), ROW(AESDEC, aesdec), ROW(AESDECLAST, aesdeclast),
    ROW(AESIMC, aesimc), ROW(AESKEYGENASSIST, aeskeygenassist), ROW(PCLMULQDQ, pclmulqdq),
    ROW(SHA1NEXTE, sha1nexte), ROW(SHA1MSG1, sha1msg1), ROW(SHA1MSG2, sha1msg2), ROW(SHA1RNDS4, sha1rnds4),
    ROW(SHA256RNDS2, sha256rnds2), ROW(SHA256MSG1, sha256msg1), ROW(SHA256MSG2, sha256msg2),
    ROW(GF2P8MULB, gf2p8mulb), ROW(GF2P8AFFINEQB, gf2p8affineqb), ROW(GF2P8AFFINEINVQB, gf2p8affineinvqb),
};
/* clang-format on */
