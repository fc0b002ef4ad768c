/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random integer instructions in random states, on each engine and on the
 * host's processor: registers, defined flags and memory must agree. Which
 * flags are undefined is in the decode table.
 */
#include "target/x86/host.h"
#include "tests/target/engine.h"
#include "tests/target/native-run.h"

#include <signal.h>
#include <string.h>

/* ---- what is tried ---------------------------------------------------------
 */

static const bool random_mnemonics[X86_MNEMONIC_COUNT] = {
    [X86_ADC] = 1,    [X86_ADCX] = 1,       [X86_ADD] = 1,
    [X86_ADOX] = 1,   [X86_AND] = 1,        [X86_ANDN] = 1,
    [X86_BEXTR] = 1,  [X86_BLSI] = 1,       [X86_BLSMSK] = 1,
    [X86_BLSR] = 1,   [X86_BSF] = 1,        [X86_BSR] = 1,
    [X86_BSWAP] = 1,  [X86_BT] = 1,         [X86_BTC] = 1,
    [X86_BTR] = 1,    [X86_BTS] = 1,        [X86_BZHI] = 1,
    [X86_CBW] = 1,    [X86_CLC] = 1,        [X86_CLD] = 1,
    [X86_CMC] = 1,    [X86_CMOVCC] = 1,     [X86_CMP] = 1,
    [X86_CMPS] = 1,   [X86_CMPXCHG] = 1,    [X86_CMPXCHG8B] = 1,
    [X86_CRC32] = 1,  [X86_CMPXCHG16B] = 1, [X86_CWD] = 1,
    [X86_DEC] = 1,    [X86_DIV] = 1,        [X86_ENTER] = 1,
    [X86_IDIV] = 1,   [X86_IMUL] = 1,       [X86_IMUL2] = 1,
    [X86_IMUL3] = 1,  [X86_INC] = 1,        [X86_LAHF] = 1,
    [X86_LEA] = 1,    [X86_LEAVE] = 1,      [X86_LODS] = 1,
    [X86_LZCNT] = 1,  [X86_MOV] = 1,        [X86_MOVBE] = 1,
    [X86_MOVNTI] = 1, [X86_MOVS] = 1,       [X86_MOVSX] = 1,
    [X86_MOVSXD] = 1, [X86_MOVZX] = 1,      [X86_MUL] = 1,
    [X86_MULX] = 1,   [X86_NEG] = 1,        [X86_NOP] = 1,
    [X86_NOT] = 1,    [X86_OR] = 1,         [X86_PDEP] = 1,
    [X86_PEXT] = 1,   [X86_POP] = 1,        [X86_POPCNT] = 1,
    [X86_PUSH] = 1,   [X86_PUSHF] = 1,      [X86_RCL] = 1,
    [X86_RCR] = 1,    [X86_ROL] = 1,        [X86_ROR] = 1,
    [X86_RORX] = 1,   [X86_SAHF] = 1,       [X86_SAR] = 1,
    [X86_SARX] = 1,   [X86_SBB] = 1,        [X86_SCAS] = 1,
    [X86_SETCC] = 1,  [X86_SHL] = 1,        [X86_SHLD] = 1,
    [X86_SHLX] = 1,   [X86_SHR] = 1,        [X86_SHRD] = 1,
    [X86_SHRX] = 1,   [X86_STC] = 1,        [X86_STD] = 1,
    [X86_STOS] = 1,   [X86_SUB] = 1,        [X86_TEST] = 1,
    [X86_TZCNT] = 1,  [X86_XADD] = 1,       [X86_XCHG] = 1,
    [X86_XLAT] = 1,   [X86_XOR] = 1,
};

/* These are in 32-bit code only. */
static const bool random_mnemonics32[X86_MNEMONIC_COUNT] = {
    [X86_AAA] = 1,  [X86_AAD] = 1,   [X86_AAM] = 1, [X86_AAS] = 1,
    [X86_ARPL] = 1, [X86_DAA] = 1,   [X86_DAS] = 1, [X86_POPA] = 1,
    [X86_SALC] = 1, [X86_PUSHA] = 1,
};

typedef struct Trial {
    bool code32;
    uint8_t bytes[X86_INSN_MAX];
    X86Insn insn;
    NativeState s;
} Trial;

static uint64_t random_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed * UINT64_C(0x2545f4914f6cdd1d);
}

/* Prefixes, opcode map, opcode; the rest is random bytes. */
static void random_bytes(Trial *t, uint64_t *seed)
{
    static const uint8_t prefixes[] = { 0x66, 0xf2, 0xf3, 0xf0, 0x67 };
    uint64_t r = random_next(seed);
    unsigned n = 0;

    for (unsigned k = 0; k < X86_INSN_MAX; k++) {
        t->bytes[k] = random_next(seed) >> 56;
    }
    if (r % 3 == 0) {
        t->bytes[n++] = prefixes[(r >> 8) % 5];
    }
    if ((r >> 16) % 8 == 0) {
        t->bytes[n++] = (r >> 24) & 1 ? 0xc4 : 0xc5;
        return;
    }
    if ((r >> 20) % 2 && !t->code32) {
        t->bytes[n++] = 0x40 | (r >> 28 & 15);
    }
    if ((r >> 32) % 3 == 0) {
        t->bytes[n++] = 0x0f;
        unsigned map = (r >> 36) % 4;
        if (map >= 2) {
            t->bytes[n++] = map == 2 ? 0x38 : 0x3a;
            t->bytes[n] |= map == 2 ? 0xf0 : 0;
        }
    }
}

/* ---- states ----------------------------------------------------------------
 */

/* Values with something in the corners. */
static uint64_t random_value(uint64_t *seed)
{
    static const uint64_t special[] = {
        0,          1,          0x7f,      0x80,
        0xff,       0x7fff,     0x8000,    0x7fffffff,
        0x80000000, 0xffffffff, INT64_MAX, (uint64_t)INT64_MIN,
        UINT64_MAX
    };
    uint64_t r = random_next(seed), v = random_next(seed);
    switch (r % 4) {
    case 0:
        return special[(r >> 8) % G_N_ELEMENTS(special)];
    case 1:
        return v >> (r >> 8) % 64;
    case 2:
        return (int64_t)v >> (r >> 8) % 64;
    default:
        return v;
    }
}

/* Registers that an address is made of get values that keep it in the data;
 * false if that is not possible. */
static bool random_place_memory(Trial *t, uint64_t *seed)
{
    const X86Mem *m = &t->insn.mem;
    if (!t->insn.has_mem || !t->insn.mem_bytes) {
        return true;
    }
    if (m->base == X86_NO_REG || m->rip || m->base == m->index ||
        m->disp < -128 || m->disp > 127) {
        return false;
    }
    unsigned off = random_next(seed) % 512;
    if (t->insn.mnemonic == X86_CMPXCHG16B) {
        off = off * 16 - m->disp;
        if (m->base == X86_RSP) {
            return false;
        }
    }
    t->s.r[m->base] =
        m->base == X86_RSP ? ENGINE_STACK - off % 64 * 8 : ENGINE_DATA + off;
    if (m->index != X86_NO_REG) {
        t->s.r[m->index] = random_next(seed) % 64;
        if (t->insn.mnemonic == X86_CMPXCHG16B) {
            t->s.r[m->index] = 0;
        }
    }
    return true;
}

/* A bit offset in a register moves the address; keep it near. */
static bool random_place_bit(Trial *t, uint64_t *seed)
{
    const X86Insn *i = &t->insn;
    bool bit = i->mnemonic == X86_BT || i->mnemonic == X86_BTS ||
               i->mnemonic == X86_BTR || i->mnemonic == X86_BTC;
    if (!bit || !i->has_mem || i->op[1].kind != OPERAND_GPR) {
        return true;
    }
    unsigned reg = i->op[1].reg;
    if (reg == i->mem.base || reg == i->mem.index) {
        return false;
    }
    t->s.r[reg] = (int64_t)(random_next(seed) % 4096) - 2048;
    if (t->code32) {
        t->s.r[reg] = (uint32_t)t->s.r[reg];
    }
    return true;
}

static void random_place_string(Trial *t, uint64_t *seed)
{
    if (t->insn.row->attr & X86_A_STRING) {
        t->s.r[X86_RSI] = ENGINE_DATA + random_next(seed) % 64;
        t->s.r[X86_RDI] = ENGINE_DATA + random_next(seed) % 64;
        t->s.r[X86_RCX] = random_next(seed) % 100;
    } else if (t->insn.mnemonic == X86_XLAT) {
        t->s.r[X86_RBX] = ENGINE_DATA;
    } else if (t->insn.mnemonic == X86_ENTER || t->insn.mnemonic == X86_LEAVE) {
        t->s.r[X86_RBP] = ENGINE_STACK - 64;
    }
}

static bool random_state(Trial *t, uint64_t *seed)
{
    uint64_t flags = EFLAGS_STATUS;
    for (unsigned n = 0; n < 16; n++) {
        uint64_t v = random_value(seed);
        t->s.r[n] = !t->code32 ? v : n < 8 ? (uint32_t)v : 0;
    }
    t->s.r[X86_RSP] = ENGINE_STACK - random_next(seed) % 32 * 8;
    if (t->insn.row->attr & X86_A_STRING) {
        flags |= EFLAGS_DF;
    }
    t->s.flags = (random_next(seed) & flags) | 2 | EFLAGS_IF;
    random_place_string(t, seed);
    return random_place_memory(t, seed) && random_place_bit(t, seed);
}

/* Results that the manual leaves open. */
static bool random_undefined(const Trial *t)
{
    const X86Insn *i = &t->insn;
    if (i->mnemonic == X86_BSWAP) {
        return i->op_size == 2;
    }
    if (i->mnemonic == X86_CMPXCHG) { /* the upper half, if not equal */
        return !i->has_mem && i->op_size == 4;
    }
    if (i->mnemonic != X86_SHLD && i->mnemonic != X86_SHRD) {
        return false;
    }
    unsigned count = i->op[2].kind == OPERAND_IMM ? (unsigned)i->imm
                                                  : (unsigned)t->s.r[X86_RCX];
    return i->op_size == 2 && (count & 31) > 16;
}

static bool random_wanted(const X86Cpu *cpu, const X86Insn *i)
{
    for (unsigned n = 0; n < i->op_count; n++) {
        if (i->op[n].kind == OPERAND_SEG) {
            return false;
        }
    }
    if (i->map == 1 && i->opcode == 0x0d) { /* AMD: #UD with a register */
        return false;
    }
    if (i->mem.rip) { /* the code stands elsewhere on the host */
        return false;
    }
    bool listed =
        random_mnemonics[i->mnemonic] || random_mnemonics32[i->mnemonic];
    bool memory =
        i->has_mem || (i->row->attr & X86_A_STRING) || i->mnemonic == X86_XLAT;
    return listed && !(memory && i->addr_size == 2) && i->mem.seg < X86_FS &&
           x86_host_has_feature(i->row->feature) &&
           (!i->row->feature || x86_has_feature(cpu, i->row->feature)) &&
           !(i->mnemonic == X86_ENTER && (i->imm & 0xffff) > 4096) &&
           !(i->mnemonic == X86_MOV && i->has_mem && !i->has_modrm);
}

static void random_trial(const X86Cpu *cpu, Trial *t, uint64_t *seed)
{
    do {
        random_bytes(t, seed);
    } while (x86_decode(&t->insn, t->bytes, X86_INSN_MAX,
                        t->code32 ? X86_CODE32 : X86_CODE64) != X86_DECODE_OK ||
             !random_wanted(cpu, &t->insn) || !random_state(t, seed) ||
             random_undefined(t));
}

/* ---- comparing -------------------------------------------------------------
 */

enum { RANDOM_DATA = 4096 }; /* compared from here */

static void random_describe(const Trial *t, const NativeState *got,
                            const NativeState *want, const char *what)
{
    g_autoptr(GString) s = g_string_new(NULL);
    for (unsigned n = 0; n < t->insn.len; n++) {
        g_string_append_printf(s, "%02x ", t->bytes[n]);
    }
    g_string_append_printf(s, "%s: %s\n", x86_mnemonic_name(t->insn.mnemonic),
                           what);
    for (unsigned n = 0; n < 17; n++) {
        size_t at = n * sizeof(uint64_t);
        const uint64_t *in = (const void *)((const char *)&t->s + at);
        const uint64_t *a = (const void *)((const char *)got + at);
        const uint64_t *b = (const void *)((const char *)want + at);
        g_string_append_printf(
            s,
            "%s%-2u %016" PRIx64 " -> %016" PRIx64 " want %016" PRIx64 "%s\n",
            n == 16 ? "f" : "r", n, *in, *a, *b, *a == *b ? "" : " *");
    }
    g_error("%s", s->str);
}

static void random_load(Engine *e, const Trial *t)
{
    X86Cpu *cpu = e->cpu;
    memcpy(cpu->env.r, t->s.r, sizeof(t->s.r));
    cpu->env.flags = x86_flags_pack(t->s.flags);
    cpu->eflags = t->s.flags & ~EFLAGS_STATUS;
    cpu->env.pc = ENGINE_CODE;
    cpu->raised = -1;
}

/* The signal tells which exceptions it can have been. */
static bool random_signal_fits(int signal, int vector)
{
    switch (signal) {
    case SIGFPE:
        return vector == EXC_DE;
    case SIGILL:
        return vector == EXC_UD;
    case SIGSEGV:
        return vector == EXC_GP || vector == EXC_PF || vector == EXC_SS;
    default:
        return false;
    }
}

/* A fault changes nothing (a string instruction may have done a part). */
static void random_compare_fault(const X86Cpu *cpu, const Trial *t,
                                 const NativeState *got, int signal)
{
    if (!random_signal_fits(signal, cpu->raised) ||
        cpu->env.pc != ENGINE_CODE) {
        random_describe(t, got, &t->s, "not the host's exception");
    }
    if (!(t->insn.row->attr & X86_A_STRING) &&
        memcmp(got->r, t->s.r, sizeof(got->r))) {
        random_describe(t, got, &t->s, "registers changed by a fault");
    }
}

static void random_compare(Engine *e, const Trial *t, NativeState *want,
                           int signal, const uint8_t *memory)
{
    X86Cpu *cpu = e->cpu;
    NativeState got;
    uint64_t mask = ~(uint64_t)t->insn.row->flags_undef & 0xcd5;

    memcpy(got.r, cpu->env.r, sizeof(got.r));
    got.flags = x86_get_eflags(cpu) & mask;
    want->flags &= mask;
    if (signal) {
        random_compare_fault(cpu, t, &got, signal);
        return;
    }
    if (cpu->raised >= 0 || cpu->env.pc != ENGINE_CODE + t->insn.len) {
        random_describe(t, &got, want, "exception, or wrong end");
    }
    if (memcmp(&got, want, sizeof(got))) {
        random_describe(t, &got, want, "registers differ");
    }
    if (memcmp(e->mem + RANDOM_DATA, memory + RANDOM_DATA,
               ENGINE_SIZE - RANDOM_DATA)) {
        random_describe(t, &got, want, "memory differs");
    }
}

static void random_one(Engine *e, const Trial *t, uint8_t *before,
                       uint8_t *after)
{
    NativeState want = t->s;
    int signal = native_run(&want, t->bytes, t->insn.len, t->code32);
    memcpy(after, e->mem, ENGINE_SIZE);
    memcpy(e->mem, before, ENGINE_SIZE);
    random_load(e, t);
    engine_run(e, t->bytes, t->insn.len);
    random_compare(e, t, &want, signal, after);
    memcpy(before, e->mem, ENGINE_SIZE);
}

/* ---- the tests -------------------------------------------------------------
 */

typedef struct RandomCase {
    const char *name, *backend;
    unsigned switches;
    bool code32;
} RandomCase;

static const RandomCase random_cases[] = {
    { "/integer-random/interp", "interp", 0 },
    { "/integer-random/interp-plain", "interp",
      TCG_OFF_OPT | TCG_OFF_STRINGS | TCG_OFF_INLINE },
    { "/integer-random/x86_64", "x86_64", 0 },
    { "/integer-random/x86_64-portable", "x86_64",
      TCG_OFF_NATIVE | TCG_OFF_SLOTS },
    { "/integer-random/interp-code32", "interp", 0, true },
    { "/integer-random/x86_64-code32", "x86_64", 0, true },
    { "/integer-random/x86_64-portable-code32", "x86_64", TCG_OFF_NATIVE,
      true },
};

static bool random_host; /* is an x86-64 */

static void test_random(const void *data)
{
    const RandomCase *c = data;
    g_autoptr(Engine) e = engine_new(c->backend, c->switches);
    if (!e || !random_host || (c->code32 && !native_run_has_code32())) {
        g_test_skip("no such back end or host");
        return;
    }
    g_autofree uint8_t *before = g_malloc(ENGINE_SIZE);
    g_autofree uint8_t *after = g_malloc(ENGINE_SIZE);
    uint64_t seed = 88172645463325252u + g_str_hash(c->name);
    unsigned count = g_test_slow() ? 3000000 : 60000;

    Trial t = { .code32 = c->code32 };

    e->max_insns = 1;
    engine_set_code(e, c->code32 ? X86_CODE32 : X86_CODE64, 3);

    for (unsigned n = 0; n < ENGINE_SIZE; n++) {
        e->mem[n] = random_next(&seed) >> 56;
    }
    memcpy(before, e->mem, ENGINE_SIZE);
    for (unsigned n = 0; n < count; n++) {
        random_trial(e->cpu, &t, &seed);
        random_one(e, &t, before, after);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    random_host = native_run_init();
    for (unsigned n = 0; n < G_N_ELEMENTS(random_cases); n++) {
        g_test_add_data_func(random_cases[n].name, &random_cases[n],
                             test_random);
    }
    return g_test_run();
}
