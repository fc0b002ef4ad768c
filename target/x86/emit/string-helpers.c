/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * String instructions by the run: as many elements as both pages, the count
 * and the index registers' wrap allow are done as one host operation; an
 * element that is not plain RAM or straddles pages goes alone, through the
 * slow accesses.
 *
 * Invariants: rCX, rSI and rDI are exact in env.r[] before anything that can
 * fault, so a fault finds the state after the elements that were done (SDM 2B
 * REP); a helper comes back after STRING_BUDGET bytes so that interrupts wait
 * for microseconds. All light, but the port transfers in the middle of INS and
 * OUTS: those move bytes between the device and cpu->ports_buffer, and the
 * helpers around them between that and memory.
 */
#include "target/x86/cpu.h"
#include "target/x86/emit/emit.h"
#include "target/x86/emit/string-flat.h"
#include "target/x86/emit/string-host.h"

#define HELPER(name, attributes)                                               \
    const TcgHelper x86_helper_##name = { #name, string_##name, (attributes) }

typedef struct StringRun {
    X86Cpu *cpu;
    unsigned log2, bytes;
    uint64_t mask; /* of the address size */
    unsigned si_segment;
    uint64_t si_base, di_base; /* of the segments */
    uint64_t si_last, di_last; /* the index registers' greatest values: of the
                                  address size, or less by a limit */
    uint64_t linear_mask;
    bool down, rep, repne;
    bool synced;     /* env.pc is exact, should this element fault */
    unsigned budget; /* elements */
} StringRun;

static uint64_t string_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t string_segment_base(const X86Cpu *cpu, unsigned seg)
{
    bool base = cpu->key.code != X86_CODE64 || seg == X86_FS || seg == X86_GS;
    return base ? cpu->seg[seg].base : 0;
}

static uint64_t string_last(const StringRun *s, unsigned seg)
{
    return s->cpu->key.code == X86_CODE64
               ? s->mask
               : string_min(s->mask, s->cpu->seg[seg].limit);
}

/* desc as tr_string_desc() made it. */
static void string_begin(StringRun *s, void *env, uint64_t desc)
{
    X86Cpu *cpu = env;
    unsigned addr_bits = 8u << (desc >> 2 & 3);

    s->cpu = cpu;
    s->log2 = desc & 3;
    s->bytes = 1u << s->log2;
    s->mask = UINT64_MAX >> (64 - addr_bits);
    s->si_segment = desc >> 4 & 7;
    s->si_base = string_segment_base(cpu, s->si_segment);
    s->di_base = string_segment_base(cpu, X86_ES);
    s->si_last = string_last(s, s->si_segment);
    s->di_last = string_last(s, X86_ES);
    s->linear_mask = cpu->key.code == X86_CODE64 ? UINT64_MAX : UINT32_MAX;
    s->down = cpu->eflags & EFLAGS_DF;
    s->rep = desc & STRING_REP;
    s->repne = desc & STRING_REPNE;
    s->budget = STRING_BUDGET >> s->log2;
    s->synced = false;
}

/* Before what looks at env.pc, and before env.flags is written: runs in pages
 * of RAM need no look at the side tables. (What raises looks for itself.) */
static void string_sync(StringRun *s)
{
    if (!s->synced) {
        tcg_sync_pc(s->cpu);
        s->synced = true;
    }
}

static uint64_t string_reg(const StringRun *s, unsigned reg)
{
    return s->cpu->env.r[reg] & s->mask;
}

/* As the address size says: 32 bits clear the upper half, 16 keep it. */
static void string_set_reg(StringRun *s, unsigned reg, uint64_t v)
{
    uint64_t *r = &s->cpu->env.r[reg];
    *r = s->mask == 0xffff ? (*r & ~s->mask) | (v & s->mask) : v & s->mask;
}

static uint64_t string_si(const StringRun *s)
{
    return (s->si_base + string_reg(s, X86_RSI)) & s->linear_mask;
}

static uint64_t string_di(const StringRun *s)
{
    return (s->di_base + string_reg(s, X86_RDI)) & s->linear_mask;
}

static void string_move(StringRun *s, unsigned reg, uint64_t n)
{
    uint64_t delta = n << s->log2;
    uint64_t v = s->cpu->env.r[reg];
    string_set_reg(s, reg, s->down ? v - delta : v + delta);
}

/* Account n elements. */
static void string_count(StringRun *s, uint64_t n)
{
    if (s->rep) {
        string_set_reg(s, X86_RCX, s->cpu->env.r[X86_RCX] - n);
    }
    s->budget -= n < s->budget ? n : s->budget;
}

/* Bytes that were done elsewhere. */
static void string_spend(StringRun *s, uint64_t bytes)
{
    s->budget -= bytes >> s->log2;
}

/* Between two pieces of a long one: interrupts, and whoever else waits for the
 * CPU. The instruction begins once more then, with what is left. */
static void string_pause(X86Cpu *cpu, uint64_t desc)
{
    if (__atomic_load_n(&cpu->env.exit_request, __ATOMIC_RELAXED)) {
        tcg_sync_pc(cpu);
        cpu->env.insn_count -= (desc & STRING_COUNTED) != 0;
        tcg_unwind(cpu, TCG_LEAVE_REQUEST);
    }
}

static bool string_is_flat(const X86Cpu *cpu, uint64_t desc)
{
    return desc & STRING_FLAT && !(cpu->eflags & EFLAGS_DF);
}

/* Elements left: of the count, of this call. */
static uint64_t string_left(const StringRun *s)
{
    uint64_t count = s->rep ? string_reg(s, X86_RCX) : 1;
    return string_min(count, s->budget);
}

static void string_check_segment(StringRun *s, unsigned reg, bool write)
{
    unsigned seg = reg == X86_RSI ? s->si_segment : X86_ES;

    string_sync(s);
    x86_check_segment(s->cpu, seg, string_reg(s, reg), s->bytes, write);
}

/* For INS and OUTS, which have no slow form. */
static void string_check_type(StringRun *s, unsigned reg)
{
    if (s->cpu->key.limits || s->cpu->key.fs_gs_limits) {
        string_check_segment(s, reg, reg == X86_RDI);
    }
}

/* Whole elements from offset v that do not go beyond a last byte. */
static uint64_t string_room(const StringRun *s, uint64_t v, uint64_t last)
{
    uint64_t above = last - v; /* bytes after the first one */
    if (v > last || above < s->bytes - 1) {
        return 0;
    }
    return s->down ? (v >> s->log2) + 1
                   : ((above - (s->bytes - 1)) >> s->log2) + 1;
}

/* Elements from an index register's address in one page, without wrap. One that
 * is in two pages is inside of its segment, too, or faults. */
static uint64_t string_run(StringRun *s, unsigned reg, uint64_t linear)
{
    uint64_t page = string_room(s, linear & (STRING_PAGE - 1), STRING_PAGE - 1);
    uint64_t wrap = string_room(s, string_reg(s, reg),
                                reg == X86_RSI ? s->si_last : s->di_last);

    if (!wrap && s->cpu->key.code != X86_CODE64) {
        string_check_segment(s, reg, false);
    }
    return string_min(page, wrap);
}

/* Host address of the element at a linear address; NULL if it must go the slow
 * way. Faults. */
static uint8_t *string_host(StringRun *s, uint64_t linear, bool write)
{
    X86Cpu *cpu = s->cpu;
    unsigned mode = cpu->env.mode;
    const TcgTlbEntry *tlb = cpu->env.tlb[mode];
    uint64_t page = linear & ~(uint64_t)(STRING_PAGE - 1);

    if (tlb) {
        tlb += linear / STRING_PAGE & (TCG_TLB_SIZE - 1);
        if ((write ? tlb->write : tlb->read) == page) {
            return tcg_tlb_host(tlb, linear);
        }
    }
    return cpu->tcg->fill(cpu, linear, s->bytes, mode, write);
}

static uint64_t string_load(StringRun *s, uint64_t linear)
{
    string_sync(s);
    return x86_load(s->cpu, linear, s->bytes, s->cpu->env.mode);
}

static void string_store(StringRun *s, uint64_t linear, uint64_t v)
{
    string_sync(s);
    x86_store(s->cpu, linear, v, s->bytes, s->cpu->env.mode);
}

static uint64_t string_get(const uint8_t *p, unsigned log2)
{
    uint16_t w;
    uint32_t l;
    uint64_t q;

    switch (log2) {
    case 0:
        return *p;
    case 1:
        __builtin_memcpy(&w, p, 2);
        return w;
    case 2:
        __builtin_memcpy(&l, p, 4);
        return l;
    default:
        __builtin_memcpy(&q, p, 8);
        return q;
    }
}

/* ---- MOVS ------------------------------------------------------------------
 */

static bool string_overlap(const uint8_t *a, const uint8_t *b, uint64_t len)
{
    return a < b + len && b < a + len;
}

/* dst and src are the first elements in the direction of the operation. */
static void string_copy(const StringRun *s, uint8_t *dst, const uint8_t *src,
                        uint64_t n)
{
    uint64_t back = s->down ? (n - 1) << s->log2 : 0;

    if (!string_overlap(dst - back, src - back, n << s->log2)) {
        string_host_copy(dst - back, src - back, n << s->log2, 0);
        return;
    }
    if (!s->down) {
        string_host_copy(dst, src, n, s->log2);
        return;
    }
    for (; n; n--, dst -= s->bytes, src -= s->bytes) {
        string_host_copy(dst, src, 1, s->log2);
    }
}

static void string_movs_one(StringRun *s, uint64_t src, uint64_t dst)
{
    string_store(s, dst, string_load(s, src));
}

/* True if there is more to do after the budget. Apart, so that the usual case
 * saves no registers. */
static __attribute__((noinline)) bool string_movs_rest(X86Cpu *cpu,
                                                       uint64_t desc)
{
    bool flat = string_is_flat(cpu, desc);
    StringRun s;
    string_begin(&s, cpu, desc);
    for (uint64_t n; (n = string_left(&s));) {
        uint64_t src = string_si(&s), dst = string_di(&s);
        n = string_min(n, string_run(&s, X86_RSI, src));
        n = string_min(n, string_run(&s, X86_RDI, dst));
        const uint8_t *from = n ? string_host(&s, src, false) : NULL;
        uint8_t *to = from ? string_host(&s, dst, true) : NULL;
        if (to) {
            string_copy(&s, to, from, n);
        } else {
            n = 1;
            string_movs_one(&s, src, dst);
        }
        string_move(&s, X86_RSI, n);
        string_move(&s, X86_RDI, n);
        string_count(&s, n);
        if (flat) {
            string_spend(&s, string_flat_movs(cpu, s.log2, s.budget << s.log2));
        }
    }
    return string_reg(&s, X86_RCX) != 0;
}

static uint64_t string_rep_movs(void *env, uint64_t a, uint64_t b, uint64_t c,
                                uint64_t desc)
{
    X86Cpu *cpu = env;

    do {
        if (string_is_flat(cpu, desc)) {
            string_flat_movs(cpu, desc & 3, STRING_BUDGET);
            if (!cpu->env.r[X86_RCX]) {
                return 0;
            }
        }
        string_pause(cpu, desc);
    } while (string_movs_rest(cpu, desc));
    return 0;
}

/* ---- STOS ------------------------------------------------------------------
 */

static __attribute__((noinline)) bool string_stos_rest(X86Cpu *cpu,
                                                       uint64_t desc)
{
    bool flat = string_is_flat(cpu, desc);
    StringRun s;
    string_begin(&s, cpu, desc);
    uint64_t value = s.cpu->env.r[X86_RAX];
    for (uint64_t n; (n = string_left(&s));) {
        uint64_t dst = string_di(&s);
        n = string_min(n, string_run(&s, X86_RDI, dst));
        uint8_t *to = n ? string_host(&s, dst, true) : NULL;
        if (to) {
            to -= s.down ? (n - 1) << s.log2 : 0;
            string_host_fill(to, value, n, s.log2);
        } else {
            n = 1;
            string_store(&s, dst, value);
        }
        string_move(&s, X86_RDI, n);
        string_count(&s, n);
        if (flat) {
            string_spend(&s, string_flat_stos(cpu, s.log2, s.budget << s.log2));
        }
    }
    return string_reg(&s, X86_RCX) != 0;
}

static uint64_t string_rep_stos(void *env, uint64_t a, uint64_t b, uint64_t c,
                                uint64_t desc)
{
    X86Cpu *cpu = env;

    do {
        if (string_is_flat(cpu, desc)) {
            string_flat_stos(cpu, desc & 3, STRING_BUDGET);
            if (!cpu->env.r[X86_RCX]) {
                return 0;
            }
        }
        string_pause(cpu, desc);
    } while (string_stos_rest(cpu, desc));
    return 0;
}

/* ---- CMPS, SCAS ------------------------------------------------------------
 */

static uint64_t string_word(const uint8_t *p)
{
    uint64_t v;
    __builtin_memcpy(&v, p, sizeof(v));
    return v;
}

/* 1 in each element of a word, by log2 of their bytes. */
static const uint64_t string_ones[] = { 0x0101010101010101, 0x0001000100010001,
                                        0x0000000100000001, 1 };

static bool string_has_zero(uint64_t x, unsigned log2)
{
    uint64_t ones = string_ones[log2];
    return (x - ones) & ~x & ones << ((8 << log2) - 1);
}

/* Elements before the n-th, by words of eight bytes, that do not end the
 * comparison. a: an array like b, or one element. */
static uint64_t string_skip(const StringRun *s, const uint8_t *a, int a_step,
                            const uint8_t *b, uint64_t n)
{
    uint64_t per = 8 >> s->log2, k = 0;
    uint64_t one = a_step ? 0 : string_get(a, s->log2) * string_ones[s->log2];
    const uint64_t ones[4] = { one, one, one, one };

    if (s->down) {
        return 0;
    }
    /* Not the last element: its pair is looked at in any case. */
    k = string_host_skip(a_step ? a : (const uint8_t *)ones, !a_step, b,
                         (n - 1) << s->log2, s->log2, s->repne) >>
        s->log2;
    for (; n - k > per; k += per) {
        uint64_t off = k << s->log2;
        uint64_t x =
            (a_step ? string_word(a + off) : one) ^ string_word(b + off);
        if (s->repne ? string_has_zero(x, s->log2) : x != 0) {
            break;
        }
    }
    return k;
}

/* Compare until the condition ends the repetition; the number of elements
 * done. a is constant if its step is 0. The last pair is left in v. */
static uint64_t string_compare(const StringRun *s, const uint8_t *a, int a_step,
                               const uint8_t *b, uint64_t n, uint64_t v[2])
{
    int b_step = s->down ? -(int)s->bytes : (int)s->bytes;
    uint64_t k = string_skip(s, a, a_step, b, n);

    a += (int64_t)k * a_step;
    b += (int64_t)k * b_step;
    for (k++;; k++) {
        v[0] = string_get(a, s->log2);
        v[1] = string_get(b, s->log2);
        if (k == n || (v[0] == v[1]) == s->repne) {
            return k;
        }
        a += a_step;
        b += b_step;
    }
}

/* CMP's flags. */
static void string_set_flags(X86Cpu *cpu, uint64_t a, uint64_t b, unsigned bits)
{
    uint64_t mask = UINT64_MAX >> (64 - bits), r = (a - b) & mask;
    uint32_t f = (a & mask) < (b & mask) ? EFLAGS_CF : 0;
    uint8_t p = r ^ r >> 4;

    f |= 0x6996 >> (p & 15) & 1 ? 0 : EFLAGS_PF;
    f |= (a ^ b ^ r) & 0x10 ? EFLAGS_AF : 0;
    f |= r ? 0 : EFLAGS_ZF;
    f |= r >> (bits - 1) & 1 ? EFLAGS_SF : 0;
    f |= ((a ^ b) & (a ^ r)) >> (bits - 1) & 1 ? EFLAGS_OF : 0;
    cpu->env.flags = x86_flags_pack(f);
}

/* Account n compared elements; true if the repetition is over. */
static bool string_compared(StringRun *s, uint64_t n, const uint64_t v[2],
                            bool move_si)
{
    string_sync(s);
    if (move_si) {
        string_move(s, X86_RSI, n);
    }
    string_move(s, X86_RDI, n);
    string_count(s, n);
    string_set_flags(s->cpu, v[0], v[1], s->bytes * 8);
    return (v[0] == v[1]) == s->repne;
}

/* True if there is more to do after the budget. */
static bool string_cmps_some(X86Cpu *cpu, uint64_t desc)
{
    StringRun s;
    string_begin(&s, cpu, desc);
    for (uint64_t n; (n = string_left(&s));) {
        uint64_t si = string_si(&s), di = string_di(&s), v[2];
        n = string_min(n, string_run(&s, X86_RSI, si));
        n = string_min(n, string_run(&s, X86_RDI, di));
        const uint8_t *x = n ? string_host(&s, si, false) : NULL;
        const uint8_t *y = x ? string_host(&s, di, false) : NULL;
        if (y) {
            int step = s.down ? -(int)s.bytes : (int)s.bytes;
            n = string_compare(&s, x, step, y, n, v);
        } else {
            n = 1;
            v[0] = string_load(&s, si);
            v[1] = string_load(&s, di);
        }
        if (string_compared(&s, n, v, true)) {
            return false;
        }
    }
    return string_reg(&s, X86_RCX) != 0;
}

static bool string_scas_some(X86Cpu *cpu, uint64_t desc)
{
    StringRun s;
    string_begin(&s, cpu, desc);
    const uint8_t *acc = (const uint8_t *)&s.cpu->env.r[X86_RAX];
    for (uint64_t n; (n = string_left(&s));) {
        uint64_t di = string_di(&s), v[2];
        n = string_min(n, string_run(&s, X86_RDI, di));
        const uint8_t *y = n ? string_host(&s, di, false) : NULL;
        if (y) {
            n = string_compare(&s, acc, 0, y, n, v);
        } else {
            n = 1;
            v[0] = string_get(acc, s.log2);
            v[1] = string_load(&s, di);
        }
        if (string_compared(&s, n, v, false)) {
            return false;
        }
    }
    return string_reg(&s, X86_RCX) != 0;
}

static uint64_t string_rep_cmps(void *env, uint64_t a, uint64_t b, uint64_t c,
                                uint64_t desc)
{
    while (string_cmps_some(env, desc)) {
        string_pause(env, desc);
    }
    return 0;
}

static uint64_t string_rep_scas(void *env, uint64_t a, uint64_t b, uint64_t c,
                                uint64_t desc)
{
    while (string_scas_some(env, desc)) {
        string_pause(env, desc);
    }
    return 0;
}

enum {
    STRING_MOVES = TCG_LIGHT | TCG_MAY_RAISE | TCG_WRITES_GLOBALS,
    STRING_COMPARES = STRING_MOVES | TCG_READS_FLAGS | TCG_WRITES_FLAGS,
};
HELPER(rep_movs, STRING_MOVES);
HELPER(rep_stos, STRING_MOVES);
HELPER(rep_cmps, STRING_COMPARES);
HELPER(rep_scas, STRING_COMPARES);

/* Where segments have no base. */
#define HELPER_FLAT(movement, kind)                                            \
    const TcgHelper x86_helper_flat_##movement = {                             \
        .name = "flat_" #movement,                                             \
        .fn = string_##movement,                                               \
        .flags = STRING_MOVES,                                                 \
        .quick = (kind),                                                       \
        .unless_bits = EFLAGS_DF >> 8,                                         \
        .unless = offsetof(X86Cpu, eflags) + 1,                                \
    }
HELPER_FLAT(rep_movs, TCG_QUICK_COPY);
HELPER_FLAT(rep_stos, TCG_QUICK_FILL);

/* ---- INS, OUTS -------------------------------------------------------------
 */

/* At most what the buffer holds. */
static uint64_t string_io_left(const StringRun *s)
{
    return string_min(string_left(s), sizeof(s->cpu->ports_buffer) >> s->log2);
}

/* Number of elements for which memory is known to be there. */
static uint64_t string_ins_prepare(void *env, uint64_t a, uint64_t b,
                                   uint64_t c, uint64_t desc)
{
    StringRun s;
    string_begin(&s, env, desc);
    uint64_t n = string_io_left(&s), dst = string_di(&s);
    if (!n) {
        return 0;
    }
    string_check_type(&s, X86_RDI);
    n = string_min(n, string_run(&s, X86_RDI, dst));
    if (n) {
        string_host(&s, dst, true);
        return n;
    }
    /* One element in two pages. */
    unsigned mode = s.cpu->env.mode;
    string_sync(&s);
    s.cpu->tcg->fill(s.cpu, dst, 1, mode, true);
    s.cpu->tcg->fill(s.cpu, dst + s.bytes - 1, 1, mode, true);
    return 1;
}

static uint64_t string_ins_transfer(void *env, uint64_t port, uint64_t bytes,
                                    uint64_t n, uint64_t d)
{
    uint8_t *p = ((X86Cpu *)env)->ports_buffer;
    for (; n; n--, p += bytes) {
        uint64_t v = x86_helper_in.fn(env, port, bytes, 0, 0);
        __builtin_memcpy(p, &v, bytes);
    }
    return 0;
}

static uint64_t string_io_finish(StringRun *s, uint64_t n, unsigned reg)
{
    string_move(s, reg, n);
    string_count(s, n);
    return s->rep && string_reg(s, X86_RCX);
}

static uint64_t string_ins_finish(void *env, uint64_t n, uint64_t b, uint64_t c,
                                  uint64_t desc)
{
    StringRun s;
    string_begin(&s, env, desc);
    uint64_t dst = string_di(&s);
    uint8_t *host =
        string_run(&s, X86_RDI, dst) >= n ? string_host(&s, dst, true) : NULL;
    for (uint64_t k = 0; k < n; k++) {
        const uint8_t *from = s.cpu->ports_buffer + (k << s.log2);
        uint64_t off = s.down ? -(k << s.log2) : k << s.log2;
        if (host) {
            string_host_copy(host + off, from, 1, s.log2);
        } else {
            string_store(&s, (dst + off) & s.linear_mask,
                         string_get(from, s.log2));
        }
    }
    return string_io_finish(&s, n, X86_RDI);
}

/* Number of elements read into the buffer. */
static uint64_t string_outs_prepare(void *env, uint64_t a, uint64_t b,
                                    uint64_t c, uint64_t desc)
{
    StringRun s;
    string_begin(&s, env, desc);
    uint64_t n = string_io_left(&s), src = string_si(&s);
    if (!n) {
        return 0;
    }
    string_check_type(&s, X86_RSI);
    n = string_min(n, string_run(&s, X86_RSI, src));
    n += n == 0;
    for (uint64_t k = 0; k < n; k++) {
        uint64_t off = s.down ? -(k << s.log2) : k << s.log2;
        uint64_t v = string_load(&s, (src + off) & s.linear_mask);
        string_host_copy(s.cpu->ports_buffer + (k << s.log2),
                         (const uint8_t *)&v, 1, s.log2);
    }
    return n;
}

static uint64_t string_outs_transfer(void *env, uint64_t port, uint64_t bytes,
                                     uint64_t n, uint64_t d)
{
    const uint8_t *p = ((X86Cpu *)env)->ports_buffer;
    for (; n; n--, p += bytes) {
        x86_helper_out.fn(env, port, bytes, string_get(p, __builtin_ctz(bytes)),
                          0);
    }
    return 0;
}

static uint64_t string_outs_finish(void *env, uint64_t n, uint64_t b,
                                   uint64_t c, uint64_t desc)
{
    StringRun s;
    string_begin(&s, env, desc);
    return string_io_finish(&s, n, X86_RSI);
}

HELPER(ins_prepare, TCG_LIGHT | TCG_MAY_RAISE);
HELPER(ins_transfer, 0);
HELPER(ins_finish, TCG_LIGHT | TCG_MAY_RAISE | TCG_WRITES_GLOBALS);
HELPER(outs_prepare, TCG_LIGHT | TCG_MAY_RAISE);
HELPER(outs_transfer, 0);
HELPER(outs_finish, TCG_LIGHT | TCG_WRITES_GLOBALS);
