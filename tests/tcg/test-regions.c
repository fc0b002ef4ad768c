/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regions of the code buffer under the x86-64 back end: each is filled to its
 * end and again, while blocks in others stay what they are.
 */
#include "tests/tcg/vm.h"

#define LIGHT __attribute__((target("general-regs-only")))

static LIGHT uint64_t help_sync(void *env, uint64_t a, uint64_t b, uint64_t c,
                                uint64_t d)
{
    return tcg_sync_pc(env);
}

static const TcgHelper helper_sync = { "sync", help_sync, TCG_LIGHT };

/* A block that puts its pc into register 1. */
static bool compile_sync(Vm *vm, uint64_t pc, TcgCode *code)
{
    IrBlock *b = vm_begin(vm, pc);

    ir_call(b, &helper_sync, 1, IR_NONE, IR_NONE, IR_NONE, 0);
    vm_done(b);
    return vm->ctx.backend->compile(&vm->ctx, b, code);
}

static void check_sync(Vm *vm, uint64_t pc, TcgCode *code)
{
    vm->cpu->env.r[1] = 0;
    g_assert_cmpint(vm_run(vm, code), ==, VM_LEAVE_DONE);
    g_assert_cmphex(vm->cpu->env.r[1], ==, pc);
}

/* Fills the present region. The first and the last one: what was compiled. */
static unsigned fill_region(Vm *vm, uint64_t pc, TcgCode *first, TcgCode *last)
{
    TcgCode code;
    unsigned n = 0;

    for (; compile_sync(vm, pc + n, &code); n++) {
        *first = n ? *first : code;
        *last = code;
    }
    return n;
}

/* Every region takes as much as the others, and says when it is full. */
static void test_fill(void)
{
    Vm *vm = vm_new("x86_64", 0);
    unsigned count = code_buffer_regions(vm->ctx.buffer);
    TcgCode first, last;
    unsigned n = fill_region(vm, 0x1000, &first, &last);

    g_assert_cmpuint(count, >=, 8);
    g_assert_cmpuint(n, >, 100);
    for (unsigned r = 1; r < count; r++) {
        size_t size;
        const uint8_t *start = code_buffer_region(vm->ctx.buffer, r, &size);

        vm->ctx.backend->enter_region(&vm->ctx, r);
        g_assert_cmpuint(fill_region(vm, r << 20, &first, &last), ==, n);
        /* What runs stands together, away from what rarely does. */
        g_assert((const uint8_t *)first.entry > start);
        g_assert((const uint8_t *)last.entry + last.size < start + size / 2);
    }
    vm->ctx.backend->clear(&vm->ctx);
    g_assert_cmpuint(fill_region(vm, 0x1000, &first, &last), ==, n);
    vm_free(vm);
}

/* Code is found by its address in every region, whichever was filled last. */
static void test_again(void)
{
    Vm *vm = vm_new("x86_64", 0);
    TcgCode first[4], last[4];
    unsigned count[4];

    for (unsigned turn = 0; turn < 12; turn++) {
        unsigned r = turn % 4;
        uint64_t pc = (turn + 1) << 20;

        vm->ctx.backend->enter_region(&vm->ctx, r);
        count[r] = fill_region(vm, pc, &first[r], &last[r]);
        for (unsigned k = 0; k < MIN(turn + 1, 4); k++) {
            uint64_t base = (turn - k + 1) << 20;
            unsigned old = (turn - k) % 4;

            check_sync(vm, base, &first[old]);
            check_sync(vm, base + count[old] - 1, &last[old]);
        }
    }
    vm_free(vm);
}

/* What does not fit at a region's end leaves nothing there. */
static void test_large(void)
{
    Vm *vm = vm_new("x86_64", 0);
    TcgCode code, first, last;

    for (unsigned k = 1; k < 8; k++) {
        fill_region(vm, k << 20, &first, &last);
        vm_begin(vm, 0x1000);
        for (unsigned n = 0; n < k * 100; n++) {
            ir_movi(&vm->ir, n & 15, INT64_MAX);
        }
        vm_done(&vm->ir);
        g_assert_false(vm->ctx.backend->compile(&vm->ctx, &vm->ir, &code));
        check_sync(vm, k << 20, &first);
        vm->ctx.backend->enter_region(&vm->ctx, k);
        g_assert(vm->ctx.backend->compile(&vm->ctx, &vm->ir, &code));
        g_assert_cmpint(vm_run(vm, &code), ==, VM_LEAVE_DONE);
        g_assert_cmphex(vm->cpu->env.r[3], ==, INT64_MAX);
    }
    vm_free(vm);
}

/* clear() gives the memory of the regions back. */
static void test_give_back(void)
{
    Vm *vm = vm_new("x86_64", 0);
    TcgCode first, last;
    size_t before = code_buffer_used(vm->ctx.buffer);

    fill_region(vm, 0x1000, &first, &last);
    g_assert_cmpuint(code_buffer_used(vm->ctx.buffer), >, before);
    vm->ctx.backend->clear(&vm->ctx);
    g_assert_cmpuint(code_buffer_used(vm->ctx.buffer), ==, before);
    g_assert_cmpuint(*(const uint8_t *)last.entry, ==, 0);
    vm_free(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/regions/fill", test_fill);
    g_test_add_func("/regions/again", test_again);
    g_test_add_func("/regions/large", test_large);
    g_test_add_func("/regions/give-back", test_give_back);
    return g_test_run();
}
