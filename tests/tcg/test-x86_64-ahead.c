/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks at a block's start (ahead.c): loops whose carry lives on from turn to
 * turn, and what happens where such a check fails.
 */
#include "tcg/x86_64/x86_64.h"
#include "tests/tcg/vm.h"

#include <signal.h>
#include <string.h>

enum { PC = 0x1000, AFTER = 0x2000, TURNS = 40, WORDS = VM_PAGES * 4096 / 8 };

typedef struct Loop {
    Vm *vm;
    TcgCode code;
} Loop;

/* t = r0 + CF + [r6 + r1 * 8]; r2 += CF + [r5 + 16]; r1++; until --r3 is 0. */
static void loop_sum(IrBlock *b)
{
    IrVal t = ir_temp(b), u = ir_temp(b), v = ir_temp(b);

    ir_op2i(b, IR_SHL, IR_I64, t, 1, 3);
    ir_op2(b, IR_ADD, IR_I64, u, 6, t);
    ir_ld(b, IR_I64, v, u, 0, vm_mem(3, 2));
    ir_op2(b, IR_ADCF, IR_I64, 0, 0, v);
}

static void loop_fixed(IrBlock *b)
{
    IrVal t = ir_temp(b);

    ir_ld(b, IR_I64, t, 5, 16, vm_mem(3, 4));
    ir_op2(b, IR_ADCF, IR_I64, 2, 2, t);
}

static void loop_end(IrBlock *b)
{
    unsigned again = ir_new_label(b);

    ir_op1(b, IR_DECF, IR_I64, 3, 3);
    ir_brf(b, IR_CC_NE, again);
    ir_exit(b, 0, AFTER, false);
    ir_label(b, again);
    ir_exit(b, 1, PC, true);
}

static IrBlock *loop_begin(Loop *l, unsigned off)
{
    Vm *vm = l->vm = vm_new("x86_64", off);

    vm->groups = true;
    for (unsigned n = 0; n < WORDS; n++) {
        ((uint64_t *)vm->ram)[n] = n * UINT64_C(0x9e3779b97f4a7c15);
    }
    for (unsigned n = 0; n < VM_PAGES; n++) {
        vm_open_page(vm, n, n);
    }
    TcgEnv *env = &vm->cpu->env;
    env->r[0] = env->r[2] = -UINT64_C(3);
    env->r[1] = 0;
    env->r[3] = TURNS;
    env->r[5] = VM_BASE + 64;
    env->r[6] = VM_BASE + 512;
    env->flags = vm_flags(1);
    return vm_begin(vm, PC);
}

static void loop_compile(Loop *l)
{
    vm_compile(l->vm, &l->code);
    if (l->code.exit[1].used) { /* not with TCG_OFF_CHAIN */
        l->vm->ctx.backend->link(&l->vm->ctx, &l->code, 1, &l->code,
                                 &l->vm->cpu->env);
    }
}

static void loop_start(Loop *l, unsigned off)
{
    IrBlock *b = loop_begin(l, off);

    loop_sum(b);
    vm_new_insn(l->vm);
    loop_fixed(b);
    vm_new_insn(l->vm);
    ir_op2i(b, IR_ADD, IR_I64, 1, 1, 1);
    vm_new_insn(l->vm);
    loop_end(b);
    loop_compile(l);
}

static uint64_t add_carry(uint64_t a, uint64_t b, bool *carry)
{
    unsigned __int128 sum = (unsigned __int128)a + b + *carry;

    *carry = sum >> 64;
    return sum;
}

/* So many turns, from the word that r6 points to. */
static void loop_check_from(const Loop *l, unsigned word, unsigned turns)
{
    const uint64_t *ram = (const uint64_t *)l->vm->ram;
    const TcgEnv *env = &l->vm->cpu->env;
    uint64_t sum = -UINT64_C(3), fixed = -UINT64_C(3);
    bool carry = true;

    for (unsigned n = 0; n < turns; n++) {
        sum = add_carry(sum, ram[word + n], &carry);
        fixed = add_carry(fixed, ram[8 + 2], &carry);
    }
    g_assert_cmphex(env->r[0], ==, sum);
    g_assert_cmphex(env->r[2], ==, fixed);
    g_assert_cmpint(vm_eflags(env->flags) & 1, ==, carry);
}

static void loop_check(const Loop *l, unsigned word, unsigned turns)
{
    loop_check_from(l, word, turns);
    g_assert_cmpuint(l->vm->cpu->env.r[3], ==, TURNS - turns);
}

static void test_sum(void)
{
    static const unsigned off[] = { 0, TCG_OFF_SLOTS, TCG_OFF_TABLE,
                                    TCG_OFF_GROUP, TCG_OFF_CHAIN };

    for (unsigned n = 0; n < G_N_ELEMENTS(off); n++) {
        Loop l;

        loop_start(&l, off[n]);
        g_assert_cmpint(l.code.loop != 0, ==, off[n] != TCG_OFF_GROUP);
        if (off[n] != TCG_OFF_CHAIN) {
            g_assert_cmpint(vm_run(l.vm, &l.code), ==, TCG_LEAVE_LOOKUP);
            g_assert_cmphex(l.vm->cpu->env.pc, ==, AFTER);
            loop_check(&l, 64, TURNS);
        }
        g_assert_cmpuint(l.vm->cpu->fills, ==, 0);
        vm_free(l.vm);
    }
}

/* It is seen at each jump back, where the flags go to env. */
static void test_request(void)
{
    Loop l;

    loop_start(&l, TCG_OFF_STRIDE);
    TcgEnv *env = &l.vm->cpu->env;
    for (unsigned turns = 1; turns < 4; turns++) {
        env->exit_request = 1;
        g_assert_cmpint(vm_run(l.vm, &l.code), ==, TCG_LEAVE_REQUEST);
        g_assert_cmphex(env->pc, ==, PC);
        loop_check(&l, 64, turns);
    }
    env->exit_request = 0;
    g_assert_cmpint(vm_run(l.vm, &l.code), ==, TCG_LEAVE_LOOKUP);
    loop_check(&l, 64, TURNS);
    vm_free(l.vm);
}

/* At most 256 turns later, at the end of the page at the latest. */
static void test_request_of_many(void)
{
    static const unsigned turns[] = { 256, 192, 256, 256, 40 };
    Loop l;

    loop_start(&l, 0);
    TcgEnv *env = &l.vm->cpu->env;
    unsigned all = 0;
    for (unsigned n = 0; n < G_N_ELEMENTS(turns); n++) {
        all += turns[n];
    }
    env->r[3] = all;
    for (unsigned n = 0; n < G_N_ELEMENTS(turns); n++) {
        bool last = n == G_N_ELEMENTS(turns) - 1;

        env->exit_request = !last;
        g_assert_cmpint(vm_run(l.vm, &l.code), ==,
                        last ? TCG_LEAVE_LOOKUP : TCG_LEAVE_REQUEST);
        all -= turns[n];
        g_assert_cmpuint(env->r[3], ==, all);
    }
    env->r[3] = 0;
    loop_check_from(&l, 64, 1000);
    vm_free(l.vm);
}

/* Who enters the block again finds what has been mapped meanwhile. */
static void test_remapped(void)
{
    Loop l;

    loop_start(&l, TCG_OFF_STRIDE);
    TcgEnv *env = &l.vm->cpu->env;
    env->r[6] += 4096;
    env->exit_request = 1;
    g_assert_cmpint(vm_run(l.vm, &l.code), ==, TCG_LEAVE_REQUEST);
    vm_open_page(l.vm, 0, 2);
    tcg_slots_clear(env, -1);
    env->r[2] = env->flags = 0;
    g_assert_cmpint(vm_run(l.vm, &l.code), ==, TCG_LEAVE_REQUEST);
    uint64_t word;
    memcpy(&word, l.vm->ram + 2 * 4096 + 64 + 16, 8);
    g_assert_cmphex(env->r[2] - word, <=, 1); /* and the carry */
    vm_free(l.vm);
}

/* Nothing is known of the page that the eleventh turn comes to, or there are
 * bytes of two pages: that turn is begun anew. */
static void test_missing(void)
{
    for (unsigned n = 0; n < 2; n++) {
        Loop l;

        loop_start(&l, 0);
        TcgEnv *env = &l.vm->cpu->env;
        env->r[6] = VM_BASE + 4096 - 10 * 8;
        if (n) {
            env->r[5] = VM_BASE + 4096 - 16 - 4;
        } else {
            unsigned index = tcg_tlb_index(VM_BASE + 4096);
            l.vm->cpu->tlb[0][index] =
                (TcgTlbEntry){ tcg_tlb_none(index), tcg_tlb_none(index), 0, 0 };
        }
        g_assert_cmpint(vm_run(l.vm, &l.code), ==, TCG_LEAVE_PLAIN);
        g_assert_cmphex(env->pc, ==, PC);
        loop_check(&l, 512 - 10, n ? 0 : 10);
        g_assert_cmpuint(l.vm->cpu->fills, ==, 0);
        vm_free(l.vm);
    }
}

static __attribute__((target("general-regs-only"))) bool
loop_touch(void *env, uint64_t addr, unsigned mode)
{
    VmCpu *cpu = env;
    uint64_t page = addr & ~UINT64_C(4095);

    cpu->tlb[mode][addr / 4096 & (TCG_TLB_SIZE - 1)] =
        (TcgTlbEntry){ page, page, (uintptr_t)cpu->vm->ram - VM_BASE, 0 };
    return true;
}

/* But a page that can be had without a trace is. */
static void test_touched(void)
{
    Loop l;

    loop_start(&l, 0);
    TcgEnv *env = &l.vm->cpu->env;
    l.vm->ctx.touch = loop_touch;
    tcg_tlb_clear(l.vm->cpu->tlb[0]);
    env->r[6] = VM_BASE + 4096 - 10 * 8;
    g_assert_cmpint(vm_run(l.vm, &l.code), ==, TCG_LEAVE_LOOKUP);
    loop_check(&l, 512 - 10, TURNS);
    g_assert_cmpuint(l.vm->cpu->fills, ==, 0);
    vm_free(l.vm);
}

/* Pages 1 and 2 stand in each other's place. */
static void loop_swap_pages(Loop *l)
{
    vm_open_page(l->vm, 1, 2);
    vm_open_page(l->vm, 2, 1);
}

/* What the guest reads then, in one page. */
static uint64_t loop_word(const Loop *l, uint64_t off)
{
    uint64_t page = off / 4096, word;

    page = page == 1 || page == 2 ? 3 - page : page;
    memcpy(&word, l->vm->ram + page * 4096 + off % 4096, 8);
    return word;
}

/* r0 += [r6 + r1 * 8 + disp], as flags are not read in between; then r6 and r1
 * move. */
typedef struct Stride {
    const char *what;
    int32_t base, index, disp;
    uint64_t r6, r1;
    unsigned turns; /* before bytes of two pages are read, or TURNS */
} Stride;

static const Stride strides[] = {
    { "forwards", 8, 0, 0, 0, 0, TURNS },
    { "into the next page", 8, 0, 0, 4096 - 8 * 5, 0, TURNS },
    { "backwards", -8, 0, 0, 3 * 4096 - 8, 0, TURNS },
    { "backwards, over its start", -8, 0, 16, 4096 + 64, 0, TURNS },
    { "by an index", 0, 1, -64, 64, 0, TURNS },
    { "by an index that becomes 0", 0, 1, 0, 4096 + 8 * 20, -20, TURNS },
    { "both", 16, -1, 8, 512, 3, TURNS },
    { "neither, as both do", 8, -1, 0, 512, 5, TURNS },
    { "no power of two", 24, 0, 0, 4096 - 24 * 7, 0, TURNS },
    { "across pages", 12, 0, 0, 4096 - 12 * 8 - 4, 0, 8 },
    { "too far", 1200, 0, 0, 8, 0, 3 },
    { "far", 1024, 0, 0, 8, 0, 16 },
};

static void stride_check(const Stride *t)
{
    Loop l;
    IrBlock *b = loop_begin(&l, 0);
    IrVal u = ir_temp(b), v = ir_temp(b), w = ir_temp(b);
    TcgEnv *env = &l.vm->cpu->env;
    uint64_t sum = 0, at = t->r6 + t->r1 * 8 + t->disp;
    unsigned turns = MIN(t->turns, TURNS);

    ir_op2i(b, IR_SHL, IR_I64, u, 1, 3);
    ir_op2(b, IR_ADD, IR_I64, v, 6, u);
    ir_ld(b, IR_I64, w, v, t->disp, vm_mem(3, 2));
    ir_op2(b, IR_ADD, IR_I64, 0, 0, w);
    vm_new_insn(l.vm);
    ir_op2i(b, IR_ADD, IR_I64, 6, 6, t->base);
    vm_new_insn(l.vm);
    ir_op2i(b, IR_ADD, IR_I64, 1, 1, t->index);
    vm_new_insn(l.vm);
    loop_end(b);
    loop_compile(&l);
    env->r[0] = 0;
    env->r[1] = t->r1;
    env->r[3] = turns;
    env->r[6] = VM_BASE + t->r6;
    loop_swap_pages(&l);
    for (unsigned n = 0; n < turns; n++) {
        sum += loop_word(&l, at);
        at += t->base + t->index * 8;
    }
    g_test_message("%s", t->what);
    g_assert_cmpint(vm_run(l.vm, &l.code), ==, TCG_LEAVE_LOOKUP);
    g_assert_cmphex(env->r[0], ==, sum);
    g_assert_cmphex(env->r[6], ==, VM_BASE + t->r6 + turns * (int64_t)t->base);
    if (t->turns < TURNS && t->base == 12) { /* one turn more */
        env->r[3] = 1;
        g_assert_cmpint(vm_run(l.vm, &l.code), ==, TCG_LEAVE_PLAIN);
        g_assert_cmphex(env->r[0], ==, sum);
    }
    g_assert_cmpuint(l.vm->cpu->fills, ==, 0);
    vm_free(l.vm);
}

static void test_strides(void)
{
    for (unsigned n = 0; n < G_N_ELEMENTS(strides); n++) {
        stride_check(&strides[n]);
    }
}

typedef enum CrookedWay {
    WAY_OF_ITS_OWN, /* each has its jump back */
    WAY_THROUGH,    /* one runs into the other's */
    WAY_BRANCH,     /* both branch to one */
    WAY_COUNT
} CrookedWay;

/* Words that r6 moves by; what the last branch knows of is less than what
 * others do. */
static int crooked_step(CrookedWay way, bool odd)
{
    return odd == (way == WAY_BRANCH) ? 2 : 1;
}

static void crooked_way(IrBlock *b, CrookedWay way)
{
    int odd_step = crooked_step(way, true), step = crooked_step(way, false);
    unsigned out = ir_new_label(b), back = ir_new_label(b);
    IrVal odd = ir_temp(b);

    ir_op1(b, IR_DECF, IR_I64, 3, 3);
    ir_brf(b, IR_CC_E, out);
    ir_op2i(b, IR_ADD, IR_I64, 6, 6, odd_step * 8);
    ir_op2i(b, IR_AND, IR_I64, odd, 3, 1);
    ir_brcondi(b, IR_CC_NE, IR_I64, odd, 0, back);
    ir_op2i(b, IR_ADD, IR_I64, 6, 6, (step - odd_step) * 8);
    if (way == WAY_OF_ITS_OWN) {
        ir_exit(b, 2, PC, true);
    } else if (way == WAY_BRANCH) { /* always taken */
        ir_brcondi(b, IR_CC_NE, IR_I64, 3, TURNS + 1, back);
        ir_exit(b, 2, AFTER, false);
    }
    ir_label(b, back);
    ir_exit(b, 1, PC, true);
    ir_label(b, out);
    ir_exit(b, 0, AFTER, false);
}

/* Where the ways back differ, no turn is like another. */
static void test_crooked(void)
{
    for (CrookedWay way = 0; way < WAY_COUNT; way++) {
        Loop l;
        IrBlock *b = loop_begin(&l, 0);
        IrVal w = ir_temp(b);
        uint64_t sum = 0;

        ir_ld(b, IR_I64, w, 6, 0, vm_mem(3, 2));
        ir_op2(b, IR_ADDF, IR_I64, 0, 0, w);
        vm_new_insn(l.vm);
        crooked_way(b, way);
        loop_compile(&l);
        TcgEnv *env = &l.vm->cpu->env;
        const TcgBackend *backend = l.vm->ctx.backend;
        if (way == WAY_OF_ITS_OWN) {
            backend->link(&l.vm->ctx, &l.code, 2, &l.code, env);
        }
        unsigned word = 512 - 20;
        env->r[0] = 0;
        env->r[6] = VM_BASE + word * 8;
        loop_swap_pages(&l);
        g_assert_cmpint(vm_run(l.vm, &l.code), ==, TCG_LEAVE_LOOKUP);
        for (unsigned left = TURNS; left-- > 0;) {
            sum += loop_word(&l, word * 8);
            word += left ? crooked_step(way, left & 1) : 0;
        }
        g_assert_cmphex(env->r[0], ==, sum);
        g_assert_cmphex(env->r[6], ==, VM_BASE + word * 8);
        vm_free(l.vm);
    }
}

static Vm *signal_vm;

static void on_signal(int sig, siginfo_t *info, void *uc)
{
    if (!tcg_x86_64_fault(&signal_vm->ctx, uc)) {
        signal(sig, SIG_DFL);
    }
}

/* The addresses that an empty slot lets through. */
static void test_not_canonical(void)
{
    struct sigaction sa = { .sa_sigaction = on_signal,
                            .sa_flags = SA_SIGINFO | SA_NODEFER };

    sigaction(SIGSEGV, &sa, NULL);
    for (unsigned n = 0; n < 4; n++) {
        Loop l;

        loop_start(&l, 0);
        signal_vm = l.vm;
        TcgEnv *env = &l.vm->cpu->env;
        env->flags = vm_flags(n & 1);
        env->r[n & 2 ? 5 : 6] = TCG_SLOT_EMPTY + 64;
        g_assert_cmpint(vm_run(l.vm, &l.code), ==, TCG_LEAVE_PLAIN);
        g_assert_cmphex(env->pc, ==, PC);
        g_assert_cmphex(env->r[0], ==, -UINT64_C(3));
        g_assert_cmpint(vm_eflags(env->flags) & 1, ==, n & 1);
        vm_free(l.vm);
    }
    signal(SIGSEGV, SIG_DFL);
}

/* adcx r0, [r6 + VM_BASE]; adox r2, [r5 + VM_BASE]; r6 += 8; until --r3 is 0,
 * which clears OF. */
static void chain_start(Loop *l)
{
    static const bool overflow[] = { false, true };
    IrBlock *b = loop_begin(l, 0);

    for (unsigned n = 0; n < G_N_ELEMENTS(overflow); n++) {
        uint8_t flag = n ? IR_FLAG_O : IR_FLAG_C;
        NativeInsn *i =
            vm_native_rm(l->vm, 2, 0xf6, n ? 2 : 0, n ? 5 : 6, 8, false);

        i->rex_w = true;
        i->p66 = !overflow[n];
        i->pf3 = overflow[n];
        i->gpr_in = i->gpr_out = 1u << i->reg;
        i->flags_in = i->flags_out = flag;
        i->flags_sure = true;
        vm_new_insn(l->vm);
    }
    ir_op2i(b, IR_ADD, IR_I64, 6, 6, 8);
    vm_new_insn(l->vm);
    loop_end(b);
    loop_compile(l);
}

/* Both flags wait, through slow parts as well. */
static void test_two_flags(void)
{
    if (!__builtin_cpu_supports("adx")) {
        g_test_skip("this host has no ADX");
        return;
    }
    for (unsigned n = 0; n < 4; n++) {
        bool carry = n & 1, overflow = n & 2;
        Loop l;

        chain_start(&l);
        g_assert_cmpuint(l.code.loop, !=, 0);
        TcgEnv *env = &l.vm->cpu->env;
        const uint64_t *ram = (const uint64_t *)l.vm->ram;
        env->r[5] = 80;
        env->r[6] = 4096 - 80; /* through two pages */
        env->flags = vm_flags(carry | overflow << 11);
        g_assert_cmpint(vm_run(l.vm, &l.code), ==, TCG_LEAVE_LOOKUP);
        uint64_t sum = -UINT64_C(3), fixed = sum;
        for (unsigned turn = 0; turn < TURNS; turn++) {
            sum = add_carry(sum, ram[512 - 10 + turn], &carry);
            fixed = add_carry(fixed, ram[10], &overflow);
            overflow = false;
        }
        g_assert_cmphex(env->r[0], ==, sum);
        g_assert_cmphex(env->r[2], ==, fixed);
        g_assert_cmpint(vm_eflags(env->flags) & 1, ==, carry);
        vm_free(l.vm);
    }
}

/* Where the flags that an addition leaves are read behind a load, its check is
 * made before. */
static void test_straight(void)
{
    Vm *vm = vm_new("x86_64", 0);
    TcgCode code;

    vm->groups = true;
    IrBlock *b = vm_begin(vm, PC);
    ir_op2(b, IR_ADDF, IR_I64, 0, 0, 1);
    vm_new_insn(vm);
    ir_ld(b, IR_I64, 2, 5, 8, vm_mem(3, 2));
    vm_new_insn(vm);
    ir_op2(b, IR_ADCF, IR_I64, 3, 3, 2);
    vm_done(b);
    vm_compile(vm, &code);
    for (unsigned n = 0; n < 2; n++) {
        vm->cpu->env.r[0] = UINT64_MAX;
        vm->cpu->env.r[1] = 1;
        vm->cpu->env.r[3] = 5;
        vm->cpu->env.r[5] = VM_BASE;
        if (!n) { /* the addition is not made */
            g_assert_cmpint(vm_run(vm, &code), ==, TCG_LEAVE_PLAIN);
            g_assert_cmphex(vm->cpu->env.pc, ==, PC);
            g_assert_cmphex(vm->cpu->env.r[0], ==, UINT64_MAX);
            vm_open_page(vm, 0, 0);
            memset(vm->ram + 8, 7, 1);
        }
    }
    g_assert_cmpint(vm_run(vm, &code), ==, VM_LEAVE_DONE);
    g_assert_cmphex(vm->cpu->env.r[0], ==, 0);
    g_assert_cmpuint(vm->cpu->env.r[3], ==, 5 + 7 + 1);
    vm_free(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86_64/ahead/sum", test_sum);
    g_test_add_func("/x86_64/ahead/request", test_request);
    g_test_add_func("/x86_64/ahead/request-of-many", test_request_of_many);
    g_test_add_func("/x86_64/ahead/remapped", test_remapped);
    g_test_add_func("/x86_64/ahead/missing", test_missing);
    g_test_add_func("/x86_64/ahead/touched", test_touched);
    g_test_add_func("/x86_64/ahead/strides", test_strides);
    g_test_add_func("/x86_64/ahead/crooked", test_crooked);
    g_test_add_func("/x86_64/ahead/not-canonical", test_not_canonical);
    g_test_add_func("/x86_64/ahead/two-flags", test_two_flags);
    g_test_add_func("/x86_64/ahead/straight", test_straight);
    return g_test_run();
}
