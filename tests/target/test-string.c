/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repeated string instructions of random length, place, direction and overlap
 * against the host's processor, which runs the same bytes on the same memory.
 * The vector registers, which some of them borrow, must come back.
 */
#include "tests/target/engine.h"

#include <string.h>

enum { FIRST = 0x1000, DATA_SIZE = ENGINE_SIZE - FIRST, CASES = 1500 };

typedef struct Config {
    const char *name, *backend;
    unsigned switches;
} Config;

typedef struct StringCase {
    uint8_t bytes[4];
    unsigned len;
    bool down;
    uint64_t si, di, count, acc;
} StringCase;

typedef struct StringEnd {
    uint64_t si, di, count, acc, flags;
    uint8_t data[DATA_SIZE];
} StringEnd;

/* A place from which n bytes fit in both directions, often near a page's end.
 */
static uint64_t random_place(GRand *r, bool down, unsigned n)
{
    unsigned low = down ? n : 0, high = DATA_SIZE - 8 - (down ? 0 : n);
    unsigned at = g_rand_int_range(r, low, high);
    unsigned end = (at | 4095) + 1 - g_rand_int_range(r, 0, 40);

    return ENGINE_BASE + FIRST +
           (g_rand_boolean(r) && end >= low && end < high ? end : at);
}

static void random_case(GRand *r, StringCase *c)
{
    static const uint8_t ops[] = { 0xa4, 0xaa, 0xa6, 0xae };
    unsigned log2 = g_rand_int_range(r, 0, 4);
    unsigned op = ops[g_rand_int_range(r, 0, 4)];
    unsigned most = g_rand_int_range(r, 0, 4) ? 200 : 9000;

    *c = (StringCase){ .down = g_rand_int_range(r, 0, 5) == 0 };
    c->bytes[c->len++] = g_rand_boolean(r) ? 0xf3 : 0xf2;
    if (log2 == 1) {
        c->bytes[c->len++] = 0x66;
    } else if (log2 == 3) {
        c->bytes[c->len++] = 0x48;
    }
    c->bytes[c->len++] = op | (log2 ? 1 : 0);
    c->count = g_rand_int_range(r, 0, most) >> log2;
    unsigned n = c->count << log2;
    c->si = random_place(r, c->down, n);
    c->di = random_place(r, c->down, n);
    if (g_rand_int_range(r, 0, 3) == 0) { /* overlap by a few bytes */
        uint64_t near = c->si + g_rand_int_range(r, -20, 20);
        uint64_t low = ENGINE_BASE + FIRST + (c->down ? n : 0);
        uint64_t high = ENGINE_BASE + ENGINE_SIZE - 8 - (c->down ? 0 : n);
        c->di = CLAMP(near, low, high);
    }
    c->acc = g_rand_boolean(r) ? 0x0101010101010101 : g_rand_int(r);
}

/* Long stretches of equal bytes, so that comparisons get far. */
static void random_data(GRand *r, uint8_t *data)
{
    memset(data, 1, DATA_SIZE);
    for (unsigned n = g_rand_int_range(r, 0, 30); n > 0; n--) {
        data[g_rand_int_range(r, 0, DATA_SIZE)] = g_rand_int_range(r, 0, 3);
    }
    if (g_rand_boolean(r)) {
        for (unsigned i = 0; i < DATA_SIZE; i++) {
            data[i] = i * 7 + (i >> 8);
        }
    }
}

static void run_on_host(Engine *e, const StringCase *c, StringEnd *end)
{
    uint64_t code = ENGINE_CODE, keep = c->down;

    memcpy(e->mem, c->bytes, c->len);
    e->mem[c->len] = 0xc3;
    end->si = c->si;
    end->di = c->di;
    end->count = c->count;
    end->acc = c->acc;
    asm volatile("lea -128(%%rsp), %%rsp\n" /* no red zone for the call */
                 "test %[down], %[down]\n"
                 "jz 1f\n"
                 "std\n"
                 "1: cmp %%al, %%al\n"
                 "call *%[code]\n"
                 "cld\n"
                 "pushf\n"
                 "pop %[down]\n"
                 "lea 128(%%rsp), %%rsp\n"
                 : "+S"(end->si), "+D"(end->di), "+c"(end->count),
                   "+a"(end->acc), [down] "+r"(keep)
                 : [code] "r"(code)
                 : "memory", "cc");
    end->flags = keep & EFLAGS_STATUS;
    memcpy(end->data, e->mem + FIRST, DATA_SIZE);
}

static void run_on_engine(Engine *e, const StringCase *c, StringEnd *end)
{
    X86Cpu *cpu = e->cpu;

    engine_set_code(e, X86_CODE64, 3);
    cpu->eflags |= c->down ? EFLAGS_DF : 0;
    cpu->env.flags = x86_flags_pack(EFLAGS_ZF | EFLAGS_PF);
    cpu->env.r[X86_RSI] = c->si;
    cpu->env.r[X86_RDI] = c->di;
    cpu->env.r[X86_RCX] = c->count;
    cpu->env.r[X86_RAX] = c->acc;
    cpu->fpu.xstate_bv = 3;
    memset(cpu->fpu.xmm, 0xa5, sizeof(cpu->fpu.xmm));
    engine_run(e, c->bytes, c->len);
    g_assert_cmpint(cpu->raised, ==, -1);
    end->si = cpu->env.r[X86_RSI];
    end->di = cpu->env.r[X86_RDI];
    end->count = cpu->env.r[X86_RCX];
    end->acc = cpu->env.r[X86_RAX];
    end->flags = x86_flags_unpack(cpu->env.flags);
    memcpy(end->data, e->mem + FIRST, DATA_SIZE);
    for (unsigned n = 0; n < sizeof(cpu->fpu.xmm); n++) {
        g_assert_cmphex(((uint8_t *)cpu->fpu.xmm)[n], ==, 0xa5);
    }
}

static void check_case(const StringCase *c, const StringEnd *want,
                       const StringEnd *got)
{
    bool same = want->si == got->si && want->di == got->di &&
                want->count == got->count && want->acc == got->acc &&
                want->flags == got->flags;

    if (same && memcmp(want->data, got->data, DATA_SIZE) == 0) {
        return;
    }
    g_error("%02x %02x %02x down %d rsi %lx rdi %lx rcx %lx rax %lx: want rsi "
            "%lx rdi %lx rcx %lx flags %lx, got %lx %lx %lx %lx, memory %s",
            c->bytes[0], c->bytes[1], c->bytes[2], c->down, c->si, c->di,
            c->count, c->acc, want->si, want->di, want->count, want->flags,
            got->si, got->di, got->count, got->flags,
            memcmp(want->data, got->data, DATA_SIZE) ? "differs" : "equal");
}

static void test_random(const void *data)
{
    static StringEnd want, got;
    static uint8_t start[DATA_SIZE];
    const Config *config = data;
    g_autoptr(Engine) e = engine_new(config->backend, config->switches);
    g_autoptr(GRand) r = g_rand_new_with_seed(1);

    for (unsigned n = 0; n < CASES; n++) {
        StringCase c;
        random_case(r, &c);
        random_data(r, start);
        memcpy(e->mem + FIRST, start, DATA_SIZE);
        run_on_host(e, &c, &want);
        memcpy(e->mem + FIRST, start, DATA_SIZE);
        run_on_engine(e, &c, &got);
        check_case(&c, &want, &got);
    }
}

int main(int argc, char **argv)
{
    static const Config configs[] = {
        { "/string/interp", "interp", 0 },
        { "/string/x86_64", "x86_64", 0 },
        { "/string/x86_64-plain", "x86_64", TCG_OFF_STRINGS },
    };

    g_test_init(&argc, &argv, NULL);
    for (unsigned n = 0; n < G_N_ELEMENTS(configs); n++) {
        g_test_add_data_func(configs[n].name, &configs[n], test_random);
    }
    return g_test_run();
}
