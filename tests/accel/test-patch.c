/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions whose immediate or displacement is stored to again and again:
 * by stores of every kind, whole, in parts and over its edges, by the block
 * that it is in, and where other code was made from the same bytes. What comes
 * out is what an interpreter finds that translates it each time.
 */
#include "accel/tcg/engine.h"
#include "accel/tcg/tcg.h"
#include "tests/accel/bare.h"

#include <string.h>

enum {
    CODE = 0x2000,
    STORE = 0x5000, /* the guest's stores, 16 bytes each */
    BYTES = 0x6000, /* what one of them copies */
    DATA = 0x100000,
    DATA_SIZE = 0x4000,
    TABLES = 0x700000,
    OFTEN = 10, /* after so many stores nothing is translated any more */
};

#define PROGRAM(name, text)                                                    \
    asm(".pushsection .rodata\n"                                               \
        "patch_" #name ": .intel_syntax noprefix\n" text                       \
        "\nhlt\n.att_syntax\n"                                                 \
        "patch_" #name "_end: .popsection\n");                                 \
    extern const uint8_t patch_##name[], patch_##name##_end[];

/* What is patched: `bytes` that stand so many bytes before the instruction's
 * end; it gets random bits of `mask` and those of `base`. */
typedef struct PatchField {
    uint64_t off, bytes, mask, base;
} PatchField;

#define FIELD(bytes, behind, mask, base)                                       \
    "77: .pushsection patch_fields, \"a\"\n"                                   \
    ".quad 77b - patch_all - " #behind " - " #bytes ", " #bytes ", " #mask     \
    ", " #base "\n.popsection\n"
#define ANY(bytes) FIELD(bytes, 0, -1, 0)

/* rsi and r9 point to data. Flags are looked at where they are defined. */
/* clang-format off */
PROGRAM(all,
        "mov eax, 0x12345678\n" ANY(4)
        "movabs rbx, 0x123456789abcdef0\n" ANY(8)
        "mov rdx, 0x12345678\n" ANY(4)
        "mov cl, 1; mov ch, 2\n" ANY(1)
        "mov di, 0x1234\n" ANY(2)
        "add rbx, 0x12345678\n" ANY(4) "setc r10b\n"
        "add rbx, 0x12\n" ANY(1) "seto r11b\n"
        "add eax, 0x12345678\n" ANY(4) "adc bx, 0x1234\n" ANY(2)
        "sbb al, 0x12\n" ANY(1)
        "sub edx, 0x12345678\n" ANY(4) "sets r12b\n"
        "and rdi, 0x12\n" ANY(1) "or ebp, 0x12345678\n" ANY(4)
        "xor ebp, 0x12\n" ANY(1) "add rdi, rbp\n"
        "cmp eax, 0x12345678\n" ANY(4) "setb r13b; setg r14b\n"
        "cmp word ptr [rsi + 8], 0x1234\n" ANY(2) "setle r15b\n"
        "test edx, 0x12345678\n" ANY(4) "cmovz rdx, rdi\n"
        "imul r8, rbx, 0x12345678\n" ANY(4) "imul rbp, rdx, 0x12\n" ANY(1)
        "push 0x12345678\n" ANY(4) "add rax, [rsp]; pop rcx\n"
        "push 0x12\n" ANY(1) "xor rdx, [rsp]; pop rcx\n"
        "shl rax, 7\n" ANY(1) "shr edx, 7\n" ANY(1) "sar bx, 7\n" ANY(1)
        "rol r8, 7\n" ANY(1) "ror di, 7\n" ANY(1)
        "clc; rcl rbp, 7\n" ANY(1) "stc; rcr r10, 7\n" ANY(1)
        "shld rax, rdx, 7\n" ANY(1) "shrd rbx, rax, 7\n" ANY(1)
        "mov byte ptr [rsi], 1\n" ANY(1) "mov word ptr [rsi + 2], 1\n" ANY(2)
        "mov dword ptr [rsi + 4], 1\n" ANY(4)
        "mov qword ptr [rsi + 16], 1\n" ANY(4)
        "add dword ptr [rsi + 24], 0x12345678\n" ANY(4)
        "lock add dword ptr [rsi + 28], 0x12345678\n"
        "mov r11, [r9 + 0x1234]\n" FIELD(4, 0, 0x1fff, 0)
        "xor r11, [r9 + rcx*8 + 0x12]\n"
        "add r11d, [r9 + 0x12]\n" ANY(1)
        "add r11, [r9d + 0x1234]\n" FIELD(4, 0, 0x1fff, 0)
        "add r11, qword ptr [0x101230]\n" FIELD(4, 0, 0x1fff, 0x100000)
        "movabs al, [0x101234]\n" FIELD(8, 0, 0x1fff, 0x100000)
        "add qword ptr [r9 + 0x1234], 0x12345678\n"
        FIELD(4, 4, 0x1fff, 0) ANY(4)
        "lea r12, [rbx + rdi*4 + 0x12345678]\n" ANY(4)
        "lea r13, [rip + 0x12345678]\n" ANY(4)
        "lea r14d, [rbx + 0x12345678]\n" ANY(4)
        "movups xmm1, [r9 + 0x1234]\n" FIELD(4, 0, 0x1ff0, 0)
        "pshufd xmm1, xmm1, 0x12; movq r15, xmm1\n")
/* clang-format on */
extern const PatchField __start_patch_fields[], __stop_patch_fields[];

/* It patches what comes next, each turn. */
PROGRAM(inside, "mov ecx, 200; 1: mov [rip + 2f - 4], ecx\n"
                "mov eax, 0x11111111; 2: add rbx, rax; dec ecx; jnz 1b")
/* It doubles its own operand. */
PROGRAM(itself, "mov ecx, 25; 1: add dword ptr [rip - 4], 0x11111111\n"
                "dec ecx; jnz 1b; mov eax, [rip + 1b + 6]")
/* From its second byte on it is mov bl, imm8; hlt. */
PROGRAM(middle, "mov eax, 0x90f411b3")
PROGRAM(plain, "mov eax, 0x12345678")

static const struct {
    unsigned size; /* 0: rcx bytes, from BYTES */
    uint8_t code[4];
} patch_stores[] = {
    { 1, { 0x88, 0x07, 0xf4 } },       /* mov [rdi], al */
    { 2, { 0x66, 0x89, 0x07, 0xf4 } }, /* mov [rdi], ax */
    { 4, { 0x89, 0x07, 0xf4 } },       /* mov [rdi], eax */
    { 8, { 0x48, 0x89, 0x07, 0xf4 } }, /* mov [rdi], rax */
    { 4, { 0x87, 0x07, 0xf4 } },       /* xchg [rdi], eax */
    { 0, { 0xf3, 0xa4, 0xf4 } },       /* rep movsb */
};
enum { REP_MOVSB = 5, BY_DEVICE };

static void patch_enter(Bare *m, const uint8_t *code, const uint8_t *end)
{
    bare_long_mode(m, TABLES);
    bare_put(m, CODE, code, end - code);
    for (unsigned n = 0; n < G_N_ELEMENTS(patch_stores); n++) {
        bare_put(m, STORE + 16 * n, patch_stores[n].code, 4);
    }
}

/* By the n-th kind of store; its size, or that of any size. */
static void patch_store(Bare *m, unsigned n, uint64_t addr, const void *bytes,
                        unsigned size)
{
    uint64_t *r = m->cpu->env.r;

    if (n == BY_DEVICE) {
        g_assert(dma_write(m->memory, addr, bytes, size));
        return;
    }
    bare_put(m, BYTES, bytes, size);
    memcpy(&r[X86_RAX], bytes, size);
    r[X86_RCX] = size;
    r[X86_RSI] = BYTES;
    r[X86_RDI] = addr;
    bare_run(m, STORE + 16 * n);
}

/* The kind of plain stores of a size. */
static unsigned patch_kind(unsigned size)
{
    return __builtin_ctz(size);
}

static uint64_t patch_translated(Bare *m)
{
    return tcg_engine(m->cpu)->stats.translated;
}

static bool patch_is_on(Bare *m)
{
    return !(m->cpu->tcg->switches & TCG_OFF_PATCH);
}

/* ---- Every operand, compared with a translator that loads none ------------
 */

typedef struct Pair {
    Bare *m, *other;
    GRand *rand;
} Pair;

static void pair_run(Pair *p)
{
    uint64_t r[16];

    for (unsigned n = 0; n < 16; n++) {
        r[n] = (uint64_t)g_rand_int(p->rand) << 32 | g_rand_int(p->rand);
    }
    r[X86_RSI] = DATA + 0x1000;
    r[X86_R9] = DATA + 0x1800;
    r[X86_RSP] = 0x8000;
    memcpy(p->m->cpu->env.r, r, sizeof(r));
    memcpy(p->other->cpu->env.r, r, sizeof(r));
    bare_run(p->m, CODE);
    bare_run(p->other, CODE);
    for (unsigned n = 0; n < 16; n++) {
        g_assert_cmphex(p->m->cpu->env.r[n], ==, p->other->cpu->env.r[n]);
    }
    g_assert(memcmp(p->m->ram->host + CODE, p->other->ram->host + CODE,
                    PAGE_SIZE) == 0);
    g_assert(memcmp(p->m->ram->host + DATA, p->other->ram->host + DATA,
                    DATA_SIZE) == 0);
}

static void pair_store(Pair *p, unsigned kind, uint64_t addr, const void *bytes,
                       unsigned size)
{
    patch_store(p->m, kind, addr, bytes, size);
    patch_store(p->other, kind, addr, bytes, size);
}

static void pair_new_value(Pair *p, const PatchField *f, uint8_t value[8])
{
    uint64_t any = (uint64_t)g_rand_int(p->rand) << 32 | g_rand_int(p->rand);

    any = (any & f->mask) | f->base;
    memcpy(value, &any, 8);
}

/* All of it, one byte of it, or it and what is around it. */
static void pair_patch(Pair *p, const PatchField *f)
{
    uint64_t addr = CODE + f->off;
    uint8_t value[8], around[8];
    unsigned n = g_rand_int_range(p->rand, 0, f->bytes);
    unsigned before = g_rand_int_range(p->rand, 0, 9 - f->bytes);

    pair_new_value(p, f, value);
    memcpy(around, p->m->ram->host + addr - before, 8);
    memcpy(around + before, value, f->bytes);
    switch (g_rand_int_range(p->rand, 0, 6)) {
    case 0:
        pair_store(p, 0, addr + n, value + n, 1);
        return;
    case 1:
        pair_store(p, 3, addr - before, around, 8);
        return;
    case 2:
        pair_store(p, REP_MOVSB, addr, value, f->bytes);
        return;
    case 3:
        pair_store(p, BY_DEVICE, addr, value, f->bytes);
        return;
    case 4:
        if (f->bytes == 4) {
            pair_store(p, 4, addr, value, 4);
            return;
        }
        break;
    }
    pair_store(p, patch_kind(f->bytes), addr, value, f->bytes);
}

static void pair_start(Pair *p, Bare *m)
{
    p->m = m;
    p->other = bare_new_second("tcg,backend=interp,patch=off");
    p->rand = g_rand_new_with_seed(7);
    patch_enter(m, patch_all, patch_all_end);
    patch_enter(p->other, patch_all, patch_all_end);
    for (unsigned n = 0; n < DATA_SIZE; n += 4) {
        uint32_t any = g_rand_int(p->rand);
        bare_put_long(m, DATA + n, any);
        bare_put_long(p->other, DATA + n, any);
    }
}

static void pair_end(Pair *p)
{
    g_rand_free(p->rand);
    bare_free(p->other);
}

static void test_random(Bare *m)
{
    unsigned count = __stop_patch_fields - __start_patch_fields;
    const PatchField *some[5];
    Pair p;

    pair_start(&p, m);
    for (unsigned n = 0; n < 3000; n++) {
        unsigned k = g_rand_int_range(p.rand, 0, G_N_ELEMENTS(some));

        if (n % 100 == 0) { /* so many at a time */
            for (unsigned i = 0; i < G_N_ELEMENTS(some); i++) {
                some[i] =
                    &__start_patch_fields[g_rand_int_range(p.rand, 0, count)];
            }
        }
        pair_patch(&p, some[k]);
        if (n % 3) {
            pair_run(&p);
        }
    }
    pair_end(&p);
}

/* None of them is translated for ever. When the first stores to all of them
 * have made data of the page, it begins anew. */
static void test_each(Bare *m)
{
    const TcgStats *stats = &tcg_engine(m->cpu)->stats;
    uint64_t translated = 0, opened = 0;
    uint8_t value[8];
    Pair p;

    pair_start(&p, m);
    for (const PatchField *f = __start_patch_fields; f < __stop_patch_fields;
         f++) {
        ram_written(m->ram, CODE, PAGE_SIZE); /* there is room for it */
        for (unsigned n = 0; n < 2 * OFTEN; n++) {
            pair_new_value(&p, f, value);
            pair_store(&p, patch_kind(f->bytes), CODE + f->off, value,
                       f->bytes);
            pair_run(&p);
            translated = n < OFTEN ? patch_translated(m) : translated;
            opened = n < OFTEN ? stats->pages_opened : opened;
        }
        if (patch_is_on(m) && opened == stats->pages_opened) {
            g_assert_cmpuint(patch_translated(m), ==, translated);
        }
    }
    pair_end(&p);
}

/* ---- Its other bytes ------------------------------------------------------
 */

static uint32_t patch_run(Bare *m, uint64_t at, unsigned reg)
{
    m->cpu->env.r[reg] = UINT64_MAX;
    bare_run(m, at);
    g_assert_cmphex(m->cpu->env.r[reg] >> 32, ==, 0);
    return m->cpu->env.r[reg];
}

static void patch_often(Bare *m, uint64_t at)
{
    for (uint32_t n = 0; n < OFTEN; n++) {
        patch_store(m, 2, at + 1, &n, 4);
        g_assert_cmphex(patch_run(m, at, X86_RAX), ==, n);
    }
}

/* The opcode changes alone, with the operand, with a byte of it. */
static void test_opcode(Bare *m)
{
    static const uint8_t mov_ecx[] = { 0xb9 };
    static const uint8_t mov_edx[] = { 0xba, 0x44, 0x33, 0x22,
                                       0x11, 0xf4, 0x90, 0x90 };
    static const uint8_t mov_ebx[] = { 0xbb, 0x66 };
    static const uint8_t mov_eax[] = { 0xb8 };

    patch_enter(m, patch_plain, patch_plain_end);
    for (unsigned n = 0; n < 3; n++) {
        patch_often(m, CODE);
        patch_store(m, 0, CODE, mov_ecx, 1);
        g_assert_cmphex(patch_run(m, CODE, X86_RCX), ==, OFTEN - 1);
        patch_store(m, 3, CODE, mov_edx, 8);
        g_assert_cmphex(patch_run(m, CODE, X86_RDX), ==, 0x11223344);
        patch_store(m, 1, CODE, mov_ebx, 2);
        g_assert_cmphex(patch_run(m, CODE, X86_RBX), ==, 0x11223366);
        patch_store(m, 0, CODE, mov_eax, 1);
        g_assert_cmphex(patch_run(m, CODE, X86_RAX), ==, 0x11223366);
    }
}

/* A store reaches over the operand's end into the next instruction. */
static void test_end(Bare *m)
{
    static const uint8_t over[] = { 0x77, 0x66, 0x90, 0xf4 };

    patch_enter(m, patch_plain, patch_plain_end);
    patch_often(m, CODE);
    patch_store(m, 2, CODE + 3, over, 4);
    g_assert_cmphex(patch_run(m, CODE, X86_RAX), ==, 0x66770000 | (OFTEN - 1));
    g_assert_cmphex(m->cpu->env.pc, ==, CODE + 7);
}

/* At a page's end, and over it. */
static void test_page(Bare *m)
{
    patch_enter(m, patch_plain, patch_plain_end);
    for (unsigned left = 6; left > 0; left--) {
        uint64_t at = CODE + PAGE_SIZE - left;

        bare_put(m, at, patch_plain, patch_plain_end - patch_plain);
        ram_written(m->ram, at, 6);
        patch_often(m, at);
    }
}

/* ---- Who else has its bytes -----------------------------------------------
 */

static void test_inside(Bare *m)
{
    uint64_t translated = 0;

    patch_enter(m, patch_inside, patch_inside_end);
    for (unsigned n = 0; n < 4; n++) {
        m->cpu->env.r[X86_RBX] = 0;
        bare_run(m, CODE);
        g_assert_cmpuint(m->cpu->env.r[X86_RBX], ==, 200 * 201 / 2);
        if (n > 1 && patch_is_on(m)) { /* what the first dropped came back */
            g_assert_cmpuint(patch_translated(m), ==, translated);
        }
        translated = patch_translated(m);
    }
}

static void test_itself(Bare *m)
{
    patch_enter(m, patch_itself, patch_itself_end);
    bare_run(m, CODE);
    g_assert_cmphex(m->cpu->env.r[X86_RAX], ==, 0x11111111u << 25);
}

/* The store hits an operand of two instructions, whose fields differ; then one
 * that is an opcode to the second. */
static void test_middle(Bare *m)
{
    static const uint8_t mov_cl[] = { 0xb1 }, mov_bl[] = { 0xb3 };

    patch_enter(m, patch_middle, patch_middle_end);
    for (unsigned n = 0; n < 100; n++) {
        uint8_t byte = n;

        patch_store(m, 0, CODE + 2, &byte, 1);
        if (n % 3) {
            g_assert_cmphex(patch_run(m, CODE, X86_RAX), ==,
                            0x90f400b3 | n << 8);
        }
        if (n % 5) {
            bare_run(m, CODE + 1);
            g_assert_cmphex((uint8_t)m->cpu->env.r[X86_RBX], ==, n);
        }
        patch_store(m, 0, CODE + 1, mov_cl, 1);
        g_assert_cmphex(patch_run(m, CODE, X86_RAX), ==, 0x90f400b1 | n << 8);
        bare_run(m, CODE + 1);
        g_assert_cmphex((uint8_t)m->cpu->env.r[X86_RCX], ==, n);
        patch_store(m, 0, CODE + 1, mov_bl, 1);
    }
}

static const BareTest test_rows[] = {
    { "random", test_random },
    { "each", test_each },
    { "opcode", test_opcode },
    { "end", test_end },
    { "page", test_page },
    { "inside", test_inside },
    { "itself", test_itself },
    { "middle", test_middle },
    {},
};

static const char *const test_variants[] = {
    "x86_64",
    "x86_64,patch=off",
    "x86_64,watch=off",
    "x86_64,native=off,opt=off",
    "x86_64,slots=off,chain=off,jumps=off",
    "x86_64,insns=1",
    "x86_64,exact=on",
    "interp",
    "interp,patch=off",
    NULL,
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bare_add_tests("/accel/patch", test_rows, test_variants);
    return g_test_run();
}
