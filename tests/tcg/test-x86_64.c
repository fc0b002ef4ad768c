/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The x86-64 back end, block by block. */
#include "tcg/x86_64/x86_64.h"
#include "vm.h"

#include <string.h>

static void end(IrBlock *b)
{
    ir_leave(b, VM_LEAVE_DONE);
}

static void test_leave(void)
{
    Vm *vm = vm_new("x86_64", 0);
    IrBlock *b = vm_begin(vm, 0x1000);

    for (unsigned g = 0; g < TCG_GLOBALS; g++) {
        vm->cpu->env.r[g] = UINT64_C(0x1111111111111111) * g;
    }
    for (unsigned g = 0; g < TCG_GLOBALS; g++) {
        ir_op2i(b, IR_ADD, IR_I64, g, g, g + 1);
    }
    end(b);
    vm->cpu->env.flags = vm_flags(0x8d5);
    g_assert_cmpint(vm_run_once(vm), ==, VM_LEAVE_DONE);
    for (unsigned g = 0; g < TCG_GLOBALS; g++) {
        g_assert_cmphex(vm->cpu->env.r[g], ==,
                        UINT64_C(0x1111111111111111) * g + g + 1);
    }
    g_assert_cmphex(vm_eflags(vm->cpu->env.flags), ==, 0x8d5);
    vm_free(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86_64/leave", test_leave);
    return g_test_run();
}
