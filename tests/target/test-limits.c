/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The limit of 64 KiB in real and virtual-8086 mode, on each engine: accesses
 * that cross it fault, with registers as they were (those of string
 * instructions: as after the last element), addresses that wrap do not; and
 * what unreal mode lifts. SDM 3A 5.3, 20.1.1; 2A, 2B for ENTER, PUSHA.
 */
#include "tests/target/engine.h"

#include <string.h>

enum { NONE = -1 };

/* A register and its value before the instruction. */
typedef struct Set {
    uint8_t reg;
    uint32_t val;
} Set;

typedef struct Case {
    const char *name;
    int fault;
    uint8_t len, bytes[10];
    Set before[4];
    uint32_t moved; /* elements of a string instruction that were done */
    bool unreal;    /* segments of 4 GiB: then nothing faults */
    bool down;
} Case;

#define BYTES(...)                                                             \
    sizeof((uint8_t[]){ __VA_ARGS__ }),                                        \
    {                                                                          \
        __VA_ARGS__                                                            \
    }
#define DI(v)                                                                  \
    {                                                                          \
        X86_RDI, v                                                             \
    }
#define SI(v)                                                                  \
    {                                                                          \
        X86_RSI, v                                                             \
    }
#define SP(v)                                                                  \
    {                                                                          \
        X86_RSP, v                                                             \
    }
#define BP(v)                                                                  \
    {                                                                          \
        X86_RBP, v                                                             \
    }
#define CX(v)                                                                  \
    {                                                                          \
        X86_RCX, v                                                             \
    }

/* clang-format off */
static const Case cases[] = {
    { "byte at the end", NONE, BYTES(0x8a, 0x05), { DI(0xffff) } },
    { "word at the end", NONE, BYTES(0x8b, 0x05), { DI(0xfffe) } },
    { "word over it", EXC_GP, BYTES(0x8b, 0x05), { DI(0xffff) } },
    { "dword at the end", NONE, BYTES(0x66, 0x8b, 0x05), { DI(0xfffc) } },
    { "dword over it", EXC_GP, BYTES(0x66, 0x8b, 0x05), { DI(0xfffd) } },
    { "store over it", EXC_GP, BYTES(0x89, 0x05), { DI(0xffff) } },
    { "constant store", EXC_GP, BYTES(0xc7, 0x05, 1, 2), { DI(0xffff) } },
    { "inc word", EXC_GP, BYTES(0xff, 0x05), { DI(0xffff) } },
    { "absolute", EXC_GP, BYTES(0xa1, 0xff, 0xff), {} },
    { "displacement that wraps", NONE, BYTES(0x8b, 0x45, 0x02), { DI(0xfffe) } },
    { "stack operand", EXC_SS, BYTES(0x8b, 0x46, 0x00), { BP(0xffff) } },
    { "stack operand, DS", EXC_GP, BYTES(0x3e, 0x8b, 0x46, 0x00), { BP(0xffff) } },
    { "FS", EXC_GP, BYTES(0x64, 0x8b, 0x05), { DI(0xffff) } },
    { "CS", EXC_GP, BYTES(0x2e, 0x8b, 0x05), { DI(0xffff) } },
    { "32-bit address", NONE, BYTES(0x67, 0x8a, 0x07), { DI(0xffff) } },
    { "32-bit address, beyond", EXC_GP, BYTES(0x67, 0x8a, 0x07), { DI(0x10000) } },
    { "32-bit address, far beyond", EXC_GP, BYTES(0x67, 0x8b, 0x07), { DI(0xffffffff) } },
    { "lea", NONE, BYTES(0x67, 0x8d, 0x07), { DI(0x10000) } },
    { "les", EXC_GP, BYTES(0xc4, 0x05), { DI(0xfffd) } },
    { "bound", EXC_GP, BYTES(0x62, 0x05), { DI(0xfffd) } },
    { "sidt", EXC_GP, BYTES(0x0f, 0x01, 0x0d), { DI(0xfffb) } },
    { "bts, far bit", EXC_GP, BYTES(0x0f, 0xab, 0x0d), { DI(0xfffd), CX(16) } },
    { "xlat", NONE, BYTES(0xd7), { { X86_RBX, 0xffff }, { X86_RAX, 1 } } },
    { "xlat, 32-bit, beyond", EXC_GP, BYTES(0x67, 0xd7), { { X86_RBX, 0x10000 } } },
    { "cmpxchg8b", EXC_GP, BYTES(0x0f, 0xc7, 0x0d), { DI(0xfff9) } },
    { "fld m64", EXC_GP, BYTES(0xdd, 0x05), { DI(0xfff9) } },
    { "fnsave", EXC_GP, BYTES(0xdd, 0x35), { DI(0xffff - 92) } },
    { "fxsave", EXC_GP, BYTES(0x0f, 0xae, 0x05), { DI(0xfff0) } },
    { "jmp [di]", EXC_GP, BYTES(0xff, 0x25), { DI(0xffff) } },
    { "push [di]", EXC_GP, BYTES(0xff, 0x35), { DI(0xffff), SP(0x800) } },

    { "push wraps", NONE, BYTES(0x50), { SP(0) } },
    { "push over the end", EXC_SS, BYTES(0x50), { SP(1) } },
    { "push of 32 bits", EXC_SS, BYTES(0x66, 0x50), { SP(2) } },
    { "push of 32 bits wraps", NONE, BYTES(0x66, 0x50), { SP(0) } },
    { "pop", EXC_SS, BYTES(0x58), { SP(0xffff) } },
    { "pop wraps", NONE, BYTES(0x58), { SP(0xfffe) } },
    { "pop [di]", EXC_SS, BYTES(0x8f, 0x05), { SP(0xffff), DI(0x800) } },
    { "pop [di], beyond", EXC_GP, BYTES(0x8f, 0x05), { SP(0x800), DI(0xffff) } },
    { "pushf", EXC_SS, BYTES(0x9c), { SP(1) } },
    { "popf", EXC_SS, BYTES(0x9d), { SP(0xffff) } },
    { "call", EXC_SS, BYTES(0xe8, 0, 0), { SP(1) } },
    { "ret", EXC_SS, BYTES(0xc3), { SP(0xffff) } },
    { "far call", EXC_SS, BYTES(0x9a, 0, 0, 0, 0), { SP(3) } },
    { "far ret", EXC_SS, BYTES(0xcb), { SP(0xfffd) } },
    { "iret", EXC_SS, BYTES(0xcf), { SP(0xfffb) } },
    { "leave", EXC_SS, BYTES(0xc9), { BP(0xffff) } },
    { "enter", EXC_SS, BYTES(0xc8, 0, 0, 0), { SP(1) } },
    { "enter, its locals", EXC_SS, BYTES(0xc8, 1, 0, 0), { SP(2) } },
    { "enter wraps", NONE, BYTES(0xc8, 2, 0, 0), { SP(2) } },
    { "enter, levels", EXC_SS, BYTES(0xc8, 0, 0, 3), { SP(5), BP(0x800) } },
    { "enter, frames", EXC_SS, BYTES(0xc8, 0, 0, 2), { SP(0x800), BP(1) } },
    { "pusha", EXC_SS, BYTES(0x60), { SP(15) } },
    { "pusha, in its midst", EXC_SS, BYTES(0x60), { SP(7) } },
    { "pusha wraps", NONE, BYTES(0x60), { SP(6) } },
    { "popa", EXC_SS, BYTES(0x61), { SP(0xfffb) } },
    { "popa, where SP stands", EXC_SS, BYTES(0x66, 0x61), { SP(0xfff3) } },
    { "popa wraps", NONE, BYTES(0x61), { SP(0xfff8) } },

    { "movsb", NONE, BYTES(0xa4), { SI(0xffff), DI(0xffff) } },
    { "movsw, source", EXC_GP, BYTES(0xa5), { SI(0xffff), DI(0x800) } },
    { "movsw, destination", EXC_GP, BYTES(0xa5), { SI(0x800), DI(0xffff) } },
    { "lodsw, SS", EXC_SS, BYTES(0x36, 0xad), { SI(0xffff) } },
    { "rep movsb wraps", NONE, BYTES(0xf3, 0xa4), { SI(0x800), DI(0xfffe), CX(2) }, 2 },
    { "rep movsw", EXC_GP, BYTES(0xf3, 0xa5), { SI(0x800), DI(0xfffb), CX(4) }, 2 },
    { "rep movsw, source", EXC_GP, BYTES(0xf3, 0xa5), { SI(0xfffb), DI(0x800), CX(4) }, 2 },
    { "rep movsw, FS", EXC_GP, BYTES(0x64, 0xf3, 0xa5), { SI(0xfffd), DI(0x800), CX(4) }, 1 },
    { "rep movsw, SS", EXC_SS, BYTES(0x36, 0xf3, 0xa5), { SI(0xfffd), DI(0x800), CX(4) }, 1 },
    { "rep movsw wraps", NONE, BYTES(0xf3, 0xa5), { SI(0xfffc), DI(0x800), CX(4) }, 4 },
    { "rep movsw, down", EXC_GP, BYTES(0xf3, 0xa5), { SI(1), DI(0x800), CX(4) }, 1, .down = true },
    { "rep stosw", EXC_GP, BYTES(0xf3, 0xab), { DI(0xfffb), CX(4) }, 2 },
    { "rep stosd", EXC_GP, BYTES(0xf3, 0x66, 0xab), { DI(0xfffa), CX(4) }, 1 },
    { "repe cmpsw", EXC_GP, BYTES(0xf3, 0xa7), { SI(0xfffb), DI(0xf000), CX(4) }, 2 },
    { "repne scasw", EXC_GP, BYTES(0xf2, 0xaf), { { X86_RAX, 1 }, DI(0xfffb), CX(4) }, 2 },
    { "rep lodsw", EXC_GP, BYTES(0xf3, 0xad), { SI(0xfffb), CX(4) }, 2 },
    { "rep stosb, 32-bit", EXC_GP, BYTES(0x67, 0xf3, 0xaa), { DI(0xfffe), CX(4) }, 2 },
    { "rep stosb, beyond", EXC_GP, BYTES(0x67, 0xf3, 0xaa), { DI(0x10000), CX(4) }, 0 },
    { "rep movsb, beyond", EXC_GP, BYTES(0x67, 0xf3, 0xa4), { SI(0x10001), DI(0x800), CX(4) }, 0 },
    { "rep insw", EXC_GP, BYTES(0xf3, 0x6d), { DI(0xfffb), CX(4) }, 2 },
    { "rep outsw", EXC_GP, BYTES(0xf3, 0x6f), { SI(0xfffb), CX(4) }, 2 },
    { "rep outsw, SS", EXC_SS, BYTES(0x36, 0xf3, 0x6f), { SI(0xffff), CX(4) }, 0 },
    { "insw", EXC_GP, BYTES(0x6d), { DI(0xffff) } },

    /* Their segments begin 32 KiB below the memory. */
    { "unreal", NONE, BYTES(0x67, 0x8b, 0x07), { DI(0x10800) }, .unreal = true },
    { "unreal, stack operand", NONE, BYTES(0x67, 0x8b, 0x45, 0), { BP(0x10800) }, .unreal = true },
    { "unreal, word at FFFFh", NONE, BYTES(0x8b, 0x05), { DI(0xffff) }, .unreal = true },
    { "unreal, rep stosd", NONE, BYTES(0x67, 0xf3, 0x66, 0xab), { DI(0x10800), CX(4) }, 4, .unreal = true },
    { "unreal, 32-bit IP", EXC_GP, BYTES(0x66, 0xff, 0xe0), { { X86_RAX, 0x10000 } }, .unreal = true },
};
/* clang-format on */

static bool case_is_string(const Case *c)
{
    return c->moved || strstr(c->name, "rep");
}

static unsigned case_element(const Case *c)
{
    for (unsigned n = 0; n + 1 < c->len; n++) {
        if (c->bytes[n] == 0x66) {
            return 4;
        }
    }
    return c->bytes[c->len - 1] & 1 ? 2 : 1;
}

/* A register that has moved by so many elements. */
static uint32_t case_moved(const Case *c, const Set *s)
{
    uint32_t by = c->moved * case_element(c);
    bool wide = memchr(c->bytes, 0x67, c->len);
    uint32_t val = s->reg == X86_RCX ? s->val - c->moved
                   : c->down         ? s->val - by
                                     : s->val + by;

    return wide ? val : val & 0xffff;
}

static void case_check(const Engine *e, const Case *c)
{
    const uint64_t *r = e->cpu->env.r;

    if (e->cpu->raised != c->fault) {
        g_error("%s: raised %d", c->name, e->cpu->raised);
    }
    if (c->fault != NONE) {
        g_assert_true(e->cpu->raised_has_error);
        g_assert_cmphex(e->cpu->raised_error, ==, 0);
        if (e->cpu->env.pc) {
            g_error("%s: at %" PRIx64, c->name, e->cpu->env.pc);
        }
    }
    for (unsigned n = 0; n < G_N_ELEMENTS(c->before); n++) {
        const Set *s = &c->before[n];
        bool moves = s->reg == X86_RSI || s->reg == X86_RDI;

        if (case_is_string(c) && (moves || s->reg == X86_RCX) && s->val) {
            if (r[s->reg] != case_moved(c, s)) {
                g_error("%s: register %u is %" PRIx64, c->name, s->reg,
                        r[s->reg]);
            }
        } else if (c->fault != NONE && s->val && r[s->reg] != s->val) {
            g_error("%s: register %u is %" PRIx64, c->name, s->reg, r[s->reg]);
        }
    }
}

static void case_run(Engine *e, const Case *c, bool vm86)
{
    X86Cpu *cpu = e->cpu;

    memset(e->mem, 0, ENGINE_SIZE);
    memset(cpu->env.r, 0, sizeof(cpu->env.r));
    engine_set_code(e, X86_CODE16, 0);
    cpu->eflags = 2 | (c->down ? EFLAGS_DF : 0);
    for (unsigned n = 0; n < X86_SEGMENTS; n++) {
        X86Segment *s = &cpu->seg[n];

        s->limit = c->unreal && n != X86_CS ? UINT32_MAX : 0xffff;
        s->attr = vm86 ? 0xf3 : 0x93;
        s->base = ENGINE_BASE - (c->unreal && n != X86_CS ? 0x8000 : 0);
    }
    if (vm86) {
        cpu->cr0 |= CR0_PE;
        cpu->eflags |= EFLAGS_VM | EFLAGS_IOPL;
        cpu->tr = (X86Segment){ .limit = 0, .attr = 0x8b };
    } else {
        cpu->cr0 &= ~CR0_PE;
    }
    x86_update_key(cpu);
    for (unsigned n = 0; n < G_N_ELEMENTS(c->before); n++) {
        cpu->env.r[c->before[n].reg] |= c->before[n].val;
    }
    cpu->env.pc = 0;
    engine_run(e, c->bytes, c->len);
    case_check(e, c);
}

typedef struct Config {
    const char *name, *backend;
    unsigned switches;
} Config;

static const Config configs[] = {
    { "/limits/interp", "interp", 0 },
    { "/limits/x86_64", "x86_64", 0 },
    { "/limits/x86_64-portable", "x86_64", TCG_OFF_NATIVE },
    { "/limits/x86_64-strings-off", "x86_64", TCG_OFF_STRINGS },
};

static void test_cases(const void *data)
{
    const Config *config = data;
    g_autoptr(Engine) e = engine_new(config->backend, config->switches);

    if (!e) {
        g_test_skip("no such back end");
        return;
    }
    for (unsigned n = 0; n < G_N_ELEMENTS(cases); n++) {
        const Case *c = &cases[n];
        bool ports = c->bytes[c->len - 1] >> 2 == 0x6c >> 2;

        case_run(e, c, false);
        if (!c->unreal && !ports) { /* V86 mode has neither */
            case_run(e, c, true);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned n = 0; n < G_N_ELEMENTS(configs); n++) {
        g_test_add_data_func(configs[n].name, &configs[n], test_cases);
    }
    return g_test_run();
}
