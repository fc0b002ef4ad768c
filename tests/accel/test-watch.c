/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stores into pages that hold code: beside it, over it, of every size, and
 * pages that become data.
 */
#include "tests/accel/bare.h"

#include <string.h>

enum {
    PAGE = 0x20000,
    FUNCTIONS = 100, /* of 6 bytes, every 32 from 3: mov eax,imm32; ret */
    STEP = 32,
    FIRST = 3,
    DATA = 0x5000,
    STORE = 0x1000, /* a page for each of the stores, then call esi; hlt */
};

static uint64_t watch_info(Bare *m, const char *name)
{
    g_autoptr(GString) out = g_string_new(NULL);
    m->accel->class->info(m->accel, out);
    return g_ascii_strtoull(strstr(out->str, name) + strlen(name), NULL, 10);
}

static void watch_enter(Bare *m)
{
    m->cpu->cr4 |= CR4_OSFXSR;
    bare_flat32(m, UINT32_MAX);
    m->cpu->env.r[X86_RSP] = 0x8000;
}

/* ---- Beside the code ------------------------------------------------------
 */

/*  20000: mov ecx,1000; x: inc dword [20100]; mov [20200],ecx; loop x; hlt */
static void test_beside(Bare *m)
{
    uint64_t dropped = 0;
    uint32_t count, last;

    watch_enter(m);
    BARE_CODE(m, PAGE, 0xb9, 0xe8, 0x03, 0x00, 0x00, 0xff, 0x05, 0x00, 0x01,
              0x02, 0x00, 0x89, 0x0d, 0x00, 0x02, 0x02, 0x00, 0xe2, 0xf2, 0xf4);
    for (unsigned n = 1; n < 4; n++) {
        bare_run(m, PAGE);
        memcpy(&count, m->ram->host + PAGE + 0x100, 4);
        memcpy(&last, m->ram->host + PAGE + 0x200, 4);
        g_assert_cmpuint(count, ==, n * 1000);
        g_assert_cmpuint(last, ==, 1);
        dropped = n < 3 ? watch_info(m, "dropped") : dropped;
    }
    if (!(m->cpu->tcg->switches & TCG_OFF_WATCH) &&
        m->cpu->tcg->backend->has_native) {
        g_assert_cmpuint(watch_info(m, "slow stores"), ==, 0);
        /* Once, to be translated without groups. */
        g_assert_cmpuint(dropped, <=, 4);
        g_assert_cmpuint(watch_info(m, "dropped"), ==, dropped);
    }
}

/* Groups of accesses that fail, as they stand in the code's page, are given up
 * there only: other code of the page keeps its translation.
 * 20400: mov esi,5000; mov eax,[esi]; add eax,[esi+4]; hlt */
static void test_neighbour(Bare *m)
{
    watch_enter(m);
    BARE_CODE(m, PAGE + 0x400, 0xbe, 0x00, 0x50, 0x00, 0x00, 0x8b, 0x06, 0x03,
              0x46, 0x04, 0xf4);
    bare_run(m, PAGE + 0x400);
    test_beside(m);
    uint64_t translated = watch_info(m, "translated");
    bare_run(m, PAGE + 0x400);
    if (!(m->cpu->tcg->switches & TCG_OFF_WATCH)) {
        g_assert_cmpuint(watch_info(m, "translated"), ==, translated);
    }
}

/* ---- Over it --------------------------------------------------------------
 */

typedef struct WatchStore {
    uint8_t size;
    bool adds;
    uint8_t code[7]; /* of eax, or 16 bytes at [ebx], to [edi] */
    uint8_t length;
} WatchStore;

static const WatchStore watch_stores[] = {
    { 1, false, { 0x88, 0x07 }, 2 },
    { 2, false, { 0x66, 0x89, 0x07 }, 3 },
    { 4, false, { 0x89, 0x07 }, 2 },
    { 4, true, { 0x01, 0x07 }, 2 },
    { 4, true, { 0xf0, 0x01, 0x07 }, 3 },
    { 8, false, { 0x0f, 0x10, 0x03, 0x0f, 0x13, 0x07 }, 6 },
    { 16, false, { 0x0f, 0x10, 0x03, 0x0f, 0x11, 0x07 }, 6 },
};

static void watch_put_stores(Bare *m)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(watch_stores); i++) {
        const WatchStore *w = &watch_stores[i];
        uint64_t at = STORE + i * 16;

        bare_put(m, at, w->code, w->length);
        BARE_CODE(m, at + w->length, 0xff, 0xd6, 0xf4);
    }
}

static void watch_put_functions(uint8_t *page)
{
    for (unsigned i = 0; i < FUNCTIONS; i++) {
        page[FIRST + i * STEP] = 0xb8;
        page[FIRST + i * STEP + 5] = 0xc3;
    }
}

/* Store what the page shall have at `off`, by the i-th store, and call a
 * function. */
static void watch_store(Bare *m, unsigned i, const uint8_t *page, unsigned off,
                        unsigned function)
{
    const WatchStore *w = &watch_stores[i];
    uint64_t *r = m->cpu->env.r;
    uint32_t value, old, expected;

    memcpy(&value, page + off, 4);
    memcpy(&old, m->ram->host + PAGE + off, 4);
    bare_put(m, DATA, page + off, 16);
    r[X86_RAX] = w->adds ? value - old : value;
    r[X86_RBX] = DATA;
    r[X86_RDI] = PAGE + off;
    r[X86_RSI] = PAGE + FIRST + function * STEP;
    bare_run(m, STORE + i * 16);
    memcpy(&expected, page + FIRST + function * STEP + 1, 4);
    g_assert_cmphex((uint32_t)r[X86_RAX], ==, expected);
    g_assert(memcmp(m->ram->host + PAGE, page, PAGE_SIZE) == 0);
}

static void watch_random(Bare *m, GRand *rand, unsigned rounds, unsigned range)
{
    uint8_t page[PAGE_SIZE] = { 0 };

    watch_put_functions(page);
    bare_put(m, PAGE, page, PAGE_SIZE);
    ram_written(m->ram, PAGE, PAGE_SIZE);
    for (unsigned n = 0; n < rounds; n++) {
        unsigned i = g_rand_int_range(rand, 0, G_N_ELEMENTS(watch_stores));
        unsigned off = g_rand_int_range(rand, 0, range - 16);
        bool same = g_rand_int_range(rand, 0, 4) == 0;

        for (unsigned k = 0; !same && k < watch_stores[i].size; k++) {
            page[off + k] = g_rand_int(rand);
        }
        watch_put_functions(page);
        watch_store(m, i, page, off,
                    g_rand_int_range(rand, 0, range / STEP - 1));
    }
}

static void test_over(Bare *m)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);

    watch_enter(m);
    watch_put_stores(m);
    watch_random(m, rand, 3000, PAGE_SIZE - STEP * 27);
    watch_random(m, rand, 1000, 128);
}

/* ---- Code becomes data ----------------------------------------------------
 */

/*  mov edi,20000; mov ecx,1024; rep stosd; jmp 20000 (nops; hlt at the end) */
static void test_filled_anew(Bare *m)
{
    watch_enter(m);
    BARE_CODE(m, STORE, 0xbf, 0x00, 0x00, 0x02, 0x00, 0xb9, 0x00, 0x04, 0x00,
              0x00, 0xf3, 0xab, 0xe9, 0xef, 0xef, 0x01, 0x00);
    BARE_CODE(m, PAGE + PAGE_SIZE, 0xf4);
    for (unsigned n = 0; n < 20; n++) {
        m->cpu->env.r[X86_RAX] = n & 1 ? 0x42424242 : 0x90909090;
        m->cpu->env.r[X86_RDX] = 0;
        bare_run(m, STORE); /* inc edx, or nothing */
        g_assert_cmpuint((uint32_t)m->cpu->env.r[X86_RDX], ==,
                         n & 1 ? 4096 : 0);
        g_assert_cmphex(m->cpu->env.pc, ==, PAGE + PAGE_SIZE + 1);
    }
}

/* Code that stores over two others of its page, which have run, and over its
 * own last instruction: so many stores make data of a page, but not of this.
 *  20000, 20020: mov al,X; hlt
 *  20800: mov [20001],dl; mov [20021],dl; mov [20813],dl; mov al,X; hlt */
static void test_own_page(Bare *m)
{
    watch_enter(m);
    BARE_CODE(m, PAGE, 0xb0, 0, 0xf4);
    BARE_CODE(m, PAGE + 0x20, 0xb0, 0, 0xf4);
    BARE_CODE(m, PAGE + 0x800, 0x88, 0x15, 0x01, 0x00, 0x02, 0x00, 0x88, 0x15,
              0x21, 0x00, 0x02, 0x00, 0x88, 0x15, 0x13, 0x08, 0x02, 0x00, 0xb0,
              0x00, 0xf4);
    for (unsigned n = 1; n <= 200; n++) {
        m->cpu->env.r[X86_RDX] = n;
        bare_run(m, PAGE);
        bare_run(m, PAGE + 0x20);
        g_assert_cmphex((uint8_t)m->cpu->env.r[X86_RAX], ==, n - 1);
        bare_run(m, PAGE + 0x800);
        g_assert_cmphex((uint8_t)m->cpu->env.r[X86_RAX], ==, n);
    }
}

static const BareTest test_rows[] = {
    { "beside", test_beside },     { "neighbour", test_neighbour },
    { "over", test_over },         { "filled-anew", test_filled_anew },
    { "own-page", test_own_page }, {},
};

static const char *const test_variants[] = {
    "x86_64",
    "x86_64,watch=off",
    "x86_64,native=off",
    "x86_64,slots=off,chain=off,jumps=off",
    "x86_64,insns=1",
    "x86_64,tb-size=1",
    "interp",
    NULL,
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bare_add_tests("/accel/watch", test_rows, test_variants);
    return g_test_run();
}
