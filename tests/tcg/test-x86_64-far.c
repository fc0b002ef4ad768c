/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Far exits on the x86-64 back end: a block that runs at any page leaves for
 * others, by a jump or by a branch, with flags that its target wants or not.
 */
#include "tests/tcg/vm.h"

enum { FROM = 0x10, ABOVE = 0x2468, BELOW = -0x0ff8 };
#define BASE UINT64_C(0x7f1234567000)
#define KEY (UINT64_C(0x123) << 48)

typedef struct Far {
    Vm *vm;
    TcgCode from, above, below;
} Far;

/* cmp r0, r1; jl ABOVE, else BELOW; both in other pages. */
static void far_compile_from(Far *f, bool poll)
{
    IrBlock *b = vm_begin(f->vm, FROM);
    unsigned l = ir_new_label(b);
    IrInsn *i = ir_append(b, IR_CMPF);

    b->relative = true;
    i->a = 0;
    i->b = 1;
    ir_brf(b, IR_CC_L, l);
    ir_exit_far(b, 0, BELOW, poll);
    ir_label(b, l);
    ir_exit_far(b, 1, ABOVE, poll);
    vm_compile(f->vm, &f->from);
    b->relative = false;
}

/* What becomes of the flags in the block that is entered. */
typedef enum FarFlags { FAR_READ, FAR_KEPT, FAR_DEAD } FarFlags;

static void far_compile_to(Far *f, TcgCode *code, uint64_t pc, FarFlags flags)
{
    IrBlock *b = vm_begin(f->vm, pc);

    if (flags == FAR_READ) {
        ir_append(b, IR_SETCC)->dst = 3;
        b->insns[b->count - 1].cond = IR_CC_B;
    } else if (flags == FAR_DEAD) {
        ir_append(b, IR_CMPF)->a = 0;
        b->insns[b->count - 1].b = 0;
    }
    ir_movi(b, 2, pc);
    vm_done(b);
    vm_compile(f->vm, code);
    vm_know(f->vm, pc, code);
}

static void far_link(Far *f, unsigned n, TcgCode *to, uint64_t pc)
{
    f->from.exit[n].to = to;
    f->vm->cpu->env.pc = pc;
    f->vm->ctx.backend->link(&f->vm->ctx, &f->from, n, to, &f->vm->cpu->env);
}

/* Both ways, each with so many look-ups. */
static void far_run(Far *f, uint64_t base, FarFlags flags, unsigned lookups)
{
    TcgEnv *env = &f->vm->cpu->env;

    for (unsigned less = 0; less < 2; less++) {
        unsigned before = f->vm->cpu->lookups;

        env->r[0] = less ? 5 : 9;
        env->r[1] = 7;
        env->r[2] = 0;
        env->r[3] = 5;
        env->r[13] = UINT64_C(0x1313131313131313);
        env->pc_base = base;
        g_assert_cmpint(vm_run(f->vm, &f->from), ==, VM_LEAVE_DONE);
        g_assert_cmphex(env->r[1], ==, 7); /* the check may borrow it */
        g_assert_cmphex(env->r[2], ==, base + (less ? ABOVE : BELOW));
        g_assert_cmpuint(f->vm->cpu->lookups - before, ==, lookups);
        if (!lookups) { /* else the look-up's business */
            g_assert_cmphex(env->pc_base, ==, tcg_pc_base(env->r[2]));
        }
        if (flags == FAR_READ) {
            g_assert_cmphex(env->r[3], ==, less);
        } else if (flags == FAR_KEPT) { /* 5 - 7: SF AF CF */
            g_assert_cmphex(vm_eflags(env->flags), ==, less ? 0x91 : 0x00);
        }
    }
}

static void far_test(FarFlags flags, bool poll, unsigned switches)
{
    Far f = { vm_new("x86_64", switches) };
    TcgEnv *env = &f.vm->cpu->env;
    TcgCode other[2];
    bool linkable = !switches;

    env->jump_key = KEY;
    far_compile_from(&f, poll);
    far_compile_to(&f, &f.above, BASE + ABOVE, flags);
    far_compile_to(&f, &f.below, BASE + BELOW, flags);
    far_compile_to(&f, &other[0], 2 * BASE + ABOVE, flags);
    far_compile_to(&f, &other[1], 2 * BASE + BELOW, flags);
    far_run(&f, BASE, flags, 1);
    for (unsigned round = 0; linkable && round < 3; round++) {
        uint64_t base = round == 1 ? 2 * BASE : BASE;

        far_link(&f, 0, round == 1 ? &other[1] : &f.below, base + BELOW);
        far_link(&f, 1, round == 1 ? &other[0] : &f.above, base + ABOVE);
        far_run(&f, base, flags, 0);
        far_run(&f, 3 * BASE - base, flags, 1);
        env->jump_key = KEY * 2;
        far_run(&f, base, flags, 1);
        env->jump_key = KEY;
        far_run(&f, base, flags, 0);
        f.vm->ctx.backend->unlink(&f.vm->ctx, &f.from, 0);
        f.vm->ctx.backend->unlink(&f.vm->ctx, &f.from, 1);
        far_run(&f, base, flags, 1);
    }
    vm_free(f.vm);
}

static void test_all(gconstpointer data)
{
    unsigned switches = GPOINTER_TO_UINT(data);

    for (FarFlags flags = FAR_READ; flags <= FAR_DEAD; flags++) {
        far_test(flags, false, switches);
        far_test(flags, true, switches);
    }
}

/* A linked one that polls sees the request, with the flags where they are
 * wanted. */
static void test_request(void)
{
    for (FarFlags flags = FAR_READ; flags <= FAR_DEAD; flags++) {
        Far f = { vm_new("x86_64", 0) };
        TcgEnv *env = &f.vm->cpu->env;

        env->jump_key = KEY;
        far_compile_from(&f, true);
        far_compile_to(&f, &f.below, BASE + BELOW, flags);
        far_link(&f, 0, &f.below, BASE + BELOW);
        env->r[0] = 9;
        env->r[1] = 7;
        env->pc_base = BASE;
        env->exit_request = 1;
        g_assert_cmpint(vm_run(f.vm, &f.from), ==, TCG_LEAVE_REQUEST);
        g_assert_cmphex(env->pc, ==, BASE + BELOW);
        if (flags != FAR_DEAD) {
            g_assert_cmphex(vm_eflags(env->flags), ==, 0x00);
        }
        vm_free(f.vm);
    }
}

/* Not linked, it finds its way in the jump cache, and asks the 17th time. */
static void test_jumps(void)
{
    Far f = { vm_new("x86_64", 0) };
    VmCpu *cpu = f.vm->cpu;
    const uint64_t pc = BASE + BELOW;

    cpu->env.jump_key = KEY;
    far_compile_from(&f, false);
    far_compile_to(&f, &f.below, pc, FAR_READ);
    cpu->jumps[tcg_jump_hash(pc)] = (TcgJump){ pc ^ KEY, f.below.entry };
    for (unsigned n = 0; n < 17; n++) {
        cpu->env.r[0] = 9;
        cpu->env.r[1] = 7;
        cpu->env.pc_base = BASE;
        g_assert_cmpint(vm_run(f.vm, &f.from), ==, VM_LEAVE_DONE);
        g_assert_cmphex(cpu->env.r[3], ==, 0x00);
        g_assert_cmpuint(cpu->lookups, ==, n / 16);
        g_assert_true(n == 16 || cpu->env.pc_base == tcg_pc_base(pc));
    }
    g_assert_true(cpu->last_from == &f.from);
    vm_free(f.vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/far/all", GUINT_TO_POINTER(0), test_all);
    g_test_add_data_func("/far/chain-off", GUINT_TO_POINTER(TCG_OFF_CHAIN),
                         test_all);
    g_test_add_data_func("/far/jumps-off", GUINT_TO_POINTER(TCG_OFF_JUMPS),
                         test_all);
    g_test_add_func("/far/request", test_request);
    g_test_add_func("/far/jumps", test_jumps);
    return g_test_run();
}
