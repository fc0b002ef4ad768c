/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integer arithmetic that is too long for IR. All light: general registers
 * only, nothing called outside of this directory. Flags are in env.flags.
 */
#include "target/x86/cpu.h"
#include "target/x86/emit/emit.h"
#include "target/x86/tsc.h"

#define HELPER(name, attributes)                                               \
    const TcgHelper x86_helper_##name = { #name, int_##name, (attributes) }

typedef unsigned __int128 Int128;

static uint32_t int_flags(void *env)
{
    return x86_flags_unpack(((X86Cpu *)env)->env.flags);
}

static void int_set_flags(void *env, uint32_t eflags)
{
    ((X86Cpu *)env)->env.flags = x86_flags_pack(eflags);
}

/* Also of 64: all ones. */
static uint64_t int_mask(unsigned bits)
{
    return UINT64_MAX >> (64 - bits);
}

static bool int_even_parity(uint8_t v)
{
    v ^= v >> 4;
    return !(0x6996 >> (v & 15) & 1);
}

/* SF, ZF and PF of a result. */
static uint32_t int_result_flags(uint64_t v, unsigned bits)
{
    v &= int_mask(bits);
    return (v ? 0 : EFLAGS_ZF) | (v >> (bits - 1) ? EFLAGS_SF : 0) |
           (int_even_parity(v) ? EFLAGS_PF : 0);
}

/* ---- division --------------------------------------------------------------
 */

/* Dividend halves by size; AX for bytes. */
static uint64_t int_dividend_high(const uint64_t *r, unsigned bytes)
{
    return bytes == 1 ? r[X86_RAX] >> 8 & 0xff
                      : r[X86_RDX] & int_mask(bytes * 8);
}

static void int_set_quotient(uint64_t *r, unsigned bytes, uint64_t quotient,
                             uint64_t remainder)
{
    switch (bytes) {
    case 1:
        r[X86_RAX] = (r[X86_RAX] & ~UINT64_C(0xffff)) | (quotient & 0xff) |
                     (remainder & 0xff) << 8;
        return;
    case 2:
        r[X86_RAX] = (r[X86_RAX] & ~UINT64_C(0xffff)) | (quotient & 0xffff);
        r[X86_RDX] = (r[X86_RDX] & ~UINT64_C(0xffff)) | (remainder & 0xffff);
        return;
    default:
        r[X86_RAX] = quotient & int_mask(bytes * 8);
        r[X86_RDX] = remainder & int_mask(bytes * 8);
    }
}

/* 128 by 64 bits with high < divisor, by shifting and subtracting. */
static uint64_t int_divide_long(uint64_t high, uint64_t low, uint64_t divisor,
                                uint64_t *remainder)
{
    for (unsigned n = 0; n < 64; n++) {
        bool carry = high >> 63;
        high = high << 1 | low >> 63;
        low <<= 1;
        if (carry || high >= divisor) {
            high -= divisor;
            low |= 1;
        }
    }
    *remainder = high;
    return low;
}

/* The dividend's halves are below 2^63 * divisor, or the quotient overflows:
 * checked by the callers. */
static uint64_t int_divide(uint64_t high, uint64_t low, uint64_t divisor,
                           unsigned bits, uint64_t *remainder)
{
    if (bits == 64 && high) {
        return int_divide_long(high, low, divisor, remainder);
    }
    uint64_t dividend = bits == 64 ? low : high << bits | low;
    *remainder = dividend % divisor;
    return dividend / divisor;
}

static uint64_t int_div(void *env, uint64_t divisor, uint64_t b, uint64_t c,
                        uint64_t bytes)
{
    uint64_t *r = ((TcgEnv *)env)->r, remainder;
    uint64_t high = int_dividend_high(r, bytes);

    if (high >= divisor) {
        x86_raise(env, EXC_DE);
    }
    uint64_t quotient = int_divide(high, r[X86_RAX] & int_mask(bytes * 8),
                                   divisor, bytes * 8, &remainder);
    int_set_quotient(r, bytes, quotient, remainder);
    return 0;
}

static uint64_t int_idiv(void *env, uint64_t divisor, uint64_t b, uint64_t c,
                         uint64_t bytes)
{
    uint64_t *r = ((TcgEnv *)env)->r, remainder;
    unsigned bits = bytes * 8;
    uint64_t sign = UINT64_C(1) << (bits - 1), mask = int_mask(bits);
    uint64_t high = int_dividend_high(r, bytes), low = r[X86_RAX] & mask;
    bool negative = high & sign;
    bool odd = negative != !!(divisor & sign);

    if (negative) {
        low = -low & mask;
        high = (~high + !low) & mask;
    }
    divisor = divisor & sign ? -divisor & mask : divisor;
    if (high >= divisor) {
        x86_raise(env, EXC_DE);
    }
    uint64_t quotient = int_divide(high, low, divisor, bits, &remainder);
    if (quotient > sign - !odd) {
        x86_raise(env, EXC_DE);
    }
    int_set_quotient(r, bytes, odd ? -quotient : quotient,
                     negative ? -remainder : remainder);
    return 0;
}

HELPER(div, TCG_LIGHT | TCG_MAY_RAISE | TCG_WRITES_GLOBALS);
HELPER(idiv, TCG_LIGHT | TCG_MAY_RAISE | TCG_WRITES_GLOBALS);

/* ---- rotates through carry, double shifts ----------------------------------
 */

static uint64_t int_rotate_flags(void *env, uint64_t r, unsigned bits,
                                 bool carry, bool overflow)
{
    uint32_t f = int_flags(env) & ~(EFLAGS_CF | EFLAGS_OF);
    int_set_flags(env,
                  f | (carry ? EFLAGS_CF : 0) | (overflow ? EFLAGS_OF : 0));
    return r & int_mask(bits);
}

/* A rotate of bits + 1 bits, carry on top. */
static uint64_t int_rcl(void *env, uint64_t a, uint64_t count, uint64_t c,
                        uint64_t bytes)
{
    unsigned bits = bytes * 8;
    bool carry = int_flags(env) & EFLAGS_CF;

    count = (count & (bytes == 8 ? 63 : 31)) % (bits + 1);
    a &= int_mask(bits);
    if (!count) {
        return a;
    }
    Int128 v = (Int128)carry << bits | a;
    v = v << count | v >> (bits + 1 - count);
    carry = v >> bits & 1;
    bool top = (uint64_t)v >> (bits - 1) & 1;
    return int_rotate_flags(env, v, bits, carry, top != carry);
}

static uint64_t int_rcr(void *env, uint64_t a, uint64_t count, uint64_t c,
                        uint64_t bytes)
{
    unsigned bits = bytes * 8;
    bool carry = int_flags(env) & EFLAGS_CF;

    count = (count & (bytes == 8 ? 63 : 31)) % (bits + 1);
    a &= int_mask(bits);
    if (!count) {
        return a;
    }
    Int128 v = (Int128)carry << bits | a;
    v = v >> count | v << (bits + 1 - count);
    carry = v >> bits & 1;
    unsigned top = (uint64_t)v >> (bits - 2) & 3;
    return int_rotate_flags(env, v, bits, carry, top == 1 || top == 2);
}

HELPER(rcl, TCG_LIGHT | TCG_READS_FLAGS | TCG_WRITES_FLAGS);
HELPER(rcr, TCG_LIGHT | TCG_READS_FLAGS | TCG_WRITES_FLAGS);

/* OF is defined for a count of one: the sign has changed. */
static uint64_t int_shift_flags(void *env, uint64_t r, uint64_t old,
                                unsigned bits, bool carry)
{
    bool overflow = (r ^ old) >> (bits - 1) & 1;
    int_set_flags(env, int_result_flags(r, bits) | (carry ? EFLAGS_CF : 0) |
                           (overflow ? EFLAGS_OF : 0));
    return r & int_mask(bits);
}

/* A 16-bit operand with a count above 16 is undefined: it goes on with the
 * destination's bits, as Intel's processors do. */
static uint64_t int_shld(void *env, uint64_t a, uint64_t b, uint64_t count,
                         uint64_t bytes)
{
    unsigned bits = bytes * 8;
    uint64_t mask = int_mask(bits);

    count &= bytes == 8 ? 63 : 31;
    a &= mask;
    b &= mask;
    if (!count) {
        return a;
    }
    Int128 v = (Int128)a << bits | b;
    if (bits == 16) {
        v = v << 16 | a;
        v = v << count >> 16;
    } else {
        v <<= count;
    }
    bool carry =
        count <= bits ? a >> (bits - count) & 1 : b >> (2 * bits - count) & 1;
    return int_shift_flags(env, v >> bits, a, bits, carry);
}

static uint64_t int_shrd(void *env, uint64_t a, uint64_t b, uint64_t count,
                         uint64_t bytes)
{
    unsigned bits = bytes * 8;
    uint64_t mask = int_mask(bits);

    count &= bytes == 8 ? 63 : 31;
    a &= mask;
    b &= mask;
    if (!count) {
        return a;
    }
    Int128 v = (Int128)b << bits | a;
    if (bits == 16) {
        v |= (Int128)a << 32;
    }
    bool carry = v >> (count - 1) & 1;
    return int_shift_flags(env, v >> count, a, bits, carry);
}

HELPER(shld, TCG_LIGHT | TCG_READS_FLAGS | TCG_WRITES_FLAGS);
HELPER(shrd, TCG_LIGHT | TCG_READS_FLAGS | TCG_WRITES_FLAGS);

/* ---- decimal adjustment: SDM 2A AAA to AAS, DAA, DAS -----------------------
 */

static uint64_t int_ascii_adjust(void *env, uint64_t ax, int step)
{
    bool adjust = (ax & 15) > 9 || (int_flags(env) & EFLAGS_AF);

    if (adjust) {
        ax += step * 0x106;
    }
    ax &= 0xff0f;
    int_set_flags(env, (adjust ? EFLAGS_AF | EFLAGS_CF : 0) |
                           int_result_flags(ax, 8));
    return ax;
}

static uint64_t int_aaa(void *env, uint64_t ax, uint64_t b, uint64_t c,
                        uint64_t d)
{
    return int_ascii_adjust(env, ax, 1);
}

static uint64_t int_aas(void *env, uint64_t ax, uint64_t b, uint64_t c,
                        uint64_t d)
{
    return int_ascii_adjust(env, ax, -1);
}

static uint64_t int_decimal_adjust(void *env, uint64_t ax, int sign)
{
    uint32_t old = int_flags(env), f = 0;
    unsigned al = ax & 0xff, r = al;

    if ((al & 15) > 9 || (old & EFLAGS_AF)) {
        r += sign * 6;
        f |= EFLAGS_AF;
        /* DAS: a borrow out of AL sets CF. */
        f |= sign < 0 && al < 6 ? EFLAGS_CF : 0;
    }
    if (al > 0x99 || (old & EFLAGS_CF)) {
        r += sign * 0x60;
        f |= EFLAGS_CF;
    }
    int_set_flags(env, f | int_result_flags(r, 8));
    return (ax & 0xff00) | (r & 0xff);
}

static uint64_t int_daa(void *env, uint64_t ax, uint64_t b, uint64_t c,
                        uint64_t d)
{
    return int_decimal_adjust(env, ax, 1);
}

static uint64_t int_das(void *env, uint64_t ax, uint64_t b, uint64_t c,
                        uint64_t d)
{
    return int_decimal_adjust(env, ax, -1);
}

static uint64_t int_aad(void *env, uint64_t ax, uint64_t base, uint64_t c,
                        uint64_t d)
{
    uint64_t al = ((ax & 0xff) + (ax >> 8) * base) & 0xff;
    int_set_flags(env, int_result_flags(al, 8));
    return al;
}

static uint64_t int_aam(void *env, uint64_t ax, uint64_t base, uint64_t c,
                        uint64_t d)
{
    unsigned al = ax & 0xff;
    int_set_flags(env, int_result_flags(al % base, 8));
    return al / base << 8 | al % base;
}

HELPER(aaa, TCG_LIGHT | TCG_READS_FLAGS | TCG_WRITES_FLAGS);
HELPER(aas, TCG_LIGHT | TCG_READS_FLAGS | TCG_WRITES_FLAGS);
HELPER(daa, TCG_LIGHT | TCG_READS_FLAGS | TCG_WRITES_FLAGS);
HELPER(das, TCG_LIGHT | TCG_READS_FLAGS | TCG_WRITES_FLAGS);
HELPER(aad, TCG_LIGHT | TCG_WRITES_FLAGS);
HELPER(aam, TCG_LIGHT | TCG_WRITES_FLAGS);

/* ---- bit fields, CRC -------------------------------------------------------
 */

static uint64_t int_bextr(void *env, uint64_t a, uint64_t control, uint64_t c,
                          uint64_t d)
{
    unsigned start = control & 0xff, len = control >> 8 & 0xff;
    a = start < 64 ? a >> start : 0;
    return len < 64 ? a & ((UINT64_C(1) << len) - 1) : a;
}

static uint64_t int_bzhi(void *env, uint64_t a, uint64_t index, uint64_t c,
                         uint64_t d)
{
    return index < 64 ? a & ((UINT64_C(1) << index) - 1) : a;
}

static uint64_t int_pdep(void *env, uint64_t a, uint64_t mask, uint64_t c,
                         uint64_t d)
{
    uint64_t r = 0;
    for (; mask; mask &= mask - 1, a >>= 1) {
        r |= a & 1 ? mask & -mask : 0;
    }
    return r;
}

static uint64_t int_pext(void *env, uint64_t a, uint64_t mask, uint64_t c,
                         uint64_t d)
{
    uint64_t r = 0;
    for (unsigned n = 0; mask; mask &= mask - 1, n++) {
        r |= (uint64_t) !!(a & mask & -mask) << n;
    }
    return r;
}

/* CRC-32C, least significant bit first. */
static uint64_t int_crc32(void *env, uint64_t crc, uint64_t data, uint64_t c,
                          uint64_t bytes)
{
    crc = (uint32_t)crc;
    for (unsigned n = 0; n < bytes; n++) {
        crc ^= data >> (8 * n) & 0xff;
        for (unsigned k = 0; k < 8; k++) {
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
        }
    }
    return crc;
}

HELPER(bextr, TCG_LIGHT | TCG_PURE);
HELPER(bzhi, TCG_LIGHT | TCG_PURE);
HELPER(pdep, TCG_LIGHT | TCG_PURE);
HELPER(pext, TCG_LIGHT | TCG_PURE);
HELPER(crc32, TCG_LIGHT | TCG_PURE);

/* ---- CMPXCHG16B ------------------------------------------------------------
 */

/* Where the back end does not run it as itself. */
static uint64_t int_cmpxchg16b(void *env, uint64_t addr, uint64_t b, uint64_t c,
                               uint64_t d)
{
    X86Cpu *cpu = env;
    uint64_t *r = cpu->env.r;
    uint64_t seen[2] = { r[X86_RAX], r[X86_RDX] };
    const uint64_t desired[2] = { r[X86_RBX], r[X86_RCX] };

    if (addr & 15) {
        x86_raise_error(cpu, EXC_GP, 0);
    }
    bool equal = x86_cmpxchg16(cpu, addr, seen, desired, cpu->env.mode);
    if (!equal) {
        r[X86_RAX] = seen[0];
        r[X86_RDX] = seen[1];
    }
    int_set_flags(env, (int_flags(env) & ~EFLAGS_ZF) | (equal ? EFLAGS_ZF : 0));
    return 0;
}

HELPER(cmpxchg16b, TCG_LIGHT | TCG_MAY_RAISE | TCG_READS_FLAGS |
                       TCG_WRITES_FLAGS | TCG_WRITES_GLOBALS);

/* ---- fences ----------------------------------------------------------------
 */

static uint64_t int_fence(void *env, uint64_t a, uint64_t b, uint64_t c,
                          uint64_t d)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    x86_tsc_order();
    return 0;
}

HELPER(fence, TCG_LIGHT);
