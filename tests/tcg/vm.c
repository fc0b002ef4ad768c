/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See vm.h. The callbacks are what an accelerator would provide. */
#include "tests/tcg/vm.h"

#include <string.h>
#include <sys/mman.h>

#define LIGHT __attribute__((target("general-regs-only")))

/* ---- the callbacks, light ones first ---------------------------------- */

static LIGHT uint8_t *vm_page(Vm *vm, uint64_t addr, bool write)
{
    if (addr - VM_BASE < VM_PAGES * 4096) {
        return vm->ram + (addr - VM_BASE) / 4096 * 4096;
    }
    if (addr - VM_READ_ONLY < 4096 && !write) {
        return vm->ram + VM_PAGES * 4096;
    }
    return NULL;
}

static LIGHT uint8_t *vm_fill(void *env, uint64_t addr, unsigned size,
                              unsigned mode, bool write)
{
    VmCpu *cpu = env;
    uint8_t *page = vm_page(cpu->vm, addr, write);

    cpu->fills++;
    if (addr - VM_DEVICE < 4096) {
        return NULL;
    }
    if (!page) {
        cpu->fault_address = addr;
        tcg_unwind(env, VM_LEAVE_FAULT);
    }
    if (cpu->vm->table) {
        unsigned index = (addr >> 12) & (TCG_TLB_SIZE - 1);
        TcgTlbEntry *t = &cpu->tlb[mode][index];
        uint64_t addend = (uintptr_t)page - (addr & ~UINT64_C(4095));

        if (t->addend != addend) {
            t->read = t->write = TCG_SLOT_EMPTY | (1 | (~index & 2)) << 12;
        }
        t->addend = addend;
        t->paddr = 0; /* not watched */
        *(write ? &t->write : &t->read) = addr & ~UINT64_C(4095);
    }
    return page + (addr & 4095);
}

static LIGHT TcgCode *vm_lookup(void *env, TcgCode *from, unsigned exit)
{
    VmCpu *cpu = env;
    Vm *vm = cpu->vm;

    cpu->lookups++;
    cpu->last_from = from;
    cpu->last_exit = exit;
    for (unsigned n = 0; n < vm->known_count; n++) {
        if (vm->known_pc[n] == cpu->env.pc) {
            return vm->known[n];
        }
    }
    return NULL;
}

static void vm_load_bytes(void *env, uint64_t addr, void *buf, unsigned size,
                          unsigned mode, bool rmw)
{
    VmCpu *cpu = env;

    cpu->byte_loads++;
    for (unsigned n = 0; n < size; n++) {
        uint8_t *b = buf;

        if (addr - VM_DEVICE < 4096) {
            b[n] = cpu->device_value >> 8 * (n & 7);
        } else {
            b[n] = *vm_fill(env, addr + n, 1, mode, rmw);
        }
    }
}

static void vm_store_bytes(void *env, uint64_t addr, const void *buf,
                           unsigned size, unsigned mode)
{
    VmCpu *cpu = env;
    const uint8_t *b = buf;

    cpu->byte_stores++;
    for (unsigned n = 0; n < size; n++) {
        if (addr - VM_DEVICE < 4096) {
            cpu->device_value &= ~(UINT64_C(0xff) << 8 * (n & 7));
            cpu->device_value |= (uint64_t)b[n] << 8 * (n & 7);
        } else {
            *vm_fill(env, addr + n, 1, mode, true) = b[n];
        }
    }
}

/* Uses vector registers on purpose. */
static void vm_spoil_vectors(void)
{
    __asm__ volatile("pcmpeqb %%xmm0, %%xmm0\n\tmovdqa %%xmm0, %%xmm7\n\t"
                     "fldz\n\tfstp %%st(0)" ::
                         : "xmm0", "xmm7");
}

static uint64_t vm_load(void *env, uint64_t addr, unsigned size, unsigned mode)
{
    VmCpu *cpu = env;
    uint64_t v = 0;

    cpu->loads++;
    vm_spoil_vectors();
    vm_load_bytes(env, addr, &v, size, mode, false);
    cpu->byte_loads--;
    return v;
}

static void vm_store(void *env, uint64_t addr, uint64_t val, unsigned size,
                     unsigned mode)
{
    VmCpu *cpu = env;

    cpu->stores++;
    vm_spoil_vectors();
    vm_store_bytes(env, addr, &val, size, mode);
    cpu->byte_stores--;
}

/* ---- the machine ------------------------------------------------------ */

static VmCpu *vm_cpu_new(Vm *vm)
{
    VmCpu *cpu = tcg_env_alloc(sizeof(VmCpu));

    g_assert_nonnull(cpu);
    cpu->vm = vm;
    for (unsigned m = 0; m < TCG_MODES; m++) {
        tcg_tlb_clear(cpu->tlb[m]);
        cpu->env.tlb[m] = cpu->tlb[m];
    }
    memset(cpu->jumps, 0xff, sizeof(cpu->jumps));
    memset(cpu->no_jumps, 0xff, sizeof(cpu->no_jumps));
    cpu->env.jumps = cpu->jumps;
    cpu->fpu[0] = 0x7f; /* FCW 37f, MXCSR 1f80 */
    cpu->fpu[1] = 0x03;
    cpu->fpu[24] = 0x80;
    cpu->fpu[25] = 0x1f;
    cpu->env.flags = vm_flags(0);
    return cpu;
}

Vm *vm_new(const char *backend, unsigned switches)
{
    g_autoptr(GError) err = NULL;
    Vm *vm = g_new0(Vm, 1);

    vm->cpu = vm_cpu_new(vm);
    vm->table = true;
    vm->ram = mmap(NULL, (VM_PAGES + 1) * 4096, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    vm->ctx = (TcgContext){
        .backend = tcg_backend_find(backend),
        .buffer = code_buffer_new(4 << 20, &err),
        .lookup = vm_lookup,
        .fill = vm_fill,
        .load = vm_load,
        .store = vm_store,
        .load_bytes = vm_load_bytes,
        .store_bytes = vm_store_bytes,
        .fpu_offset = offsetof(VmCpu, fpu),
        .fpu_mask = 7,
        .switches = switches,
    };
    g_assert_no_error(err);
    vm->ctx.backend->init(&vm->ctx, &err);
    g_assert_no_error(err);
    ir_init(&vm->ir);
    return vm;
}

void vm_open_page(Vm *vm, unsigned page, unsigned ram_page)
{
    uint64_t addr = VM_BASE + page * 4096;
    uint64_t host = (uintptr_t)vm->ram + ram_page * 4096;

    vm->cpu->tlb[0][tcg_tlb_index(addr)] =
        (TcgTlbEntry){ addr, addr, host - addr, 0 };
}

void vm_free(Vm *vm)
{
    if (vm->ctx.backend->destroy) {
        vm->ctx.backend->destroy(&vm->ctx);
    }
    ir_clear(&vm->ir);
    code_buffer_free(vm->ctx.buffer);
    munmap(vm->ram, (VM_PAGES + 1) * 4096);
    tcg_env_free(vm->cpu, sizeof(VmCpu));
    g_free(vm);
}

IrBlock *vm_begin(Vm *vm, uint64_t pc)
{
    ir_reset(&vm->ir, pc, 0);
    vm->ir.plain = !vm->groups;
    ir_append(&vm->ir, IR_INSN)->imm = pc;
    vm->ir.guest_insns = 1;
    return &vm->ir;
}

void vm_compile(Vm *vm, TcgCode *code)
{
    g_autoptr(GString) why = g_string_new(NULL);

    if (!vm->loose && !ir_verify(&vm->ir, why)) {
        g_autoptr(GString) text = g_string_new(NULL);

        ir_print(&vm->ir, text);
        g_error("%s\n%s", why->str, text->str);
    }
    memset(code, 0, sizeof(*code));
    g_assert_true(vm->ctx.backend->compile(&vm->ctx, &vm->ir, code));
    if (g_getenv("TEST_PRINT")) {
        g_autoptr(GString) text = g_string_new(NULL);

        ir_print(&vm->ir, text);
        vm->ctx.backend->print(&vm->ctx, code, text);
        g_print("%s\n", text->str);
    }
}

int vm_run(Vm *vm, TcgCode *code)
{
    return vm->ctx.backend->run(&vm->ctx, vm->cpu, code);
}

int vm_run_once(Vm *vm)
{
    TcgCode code;

    vm_compile(vm, &code);
    int why = vm_run(vm, &code);
    vm->ctx.backend->release(&vm->ctx, &code);
    return why;
}

void vm_know(Vm *vm, uint64_t pc, TcgCode *code)
{
    g_assert_cmpuint(vm->known_count, <, G_N_ELEMENTS(vm->known));
    vm->known[vm->known_count] = code;
    vm->known_pc[vm->known_count++] = pc;
}

TcgFlags vm_flags(unsigned eflags)
{
    return ((eflags & 0xd5) | 2) << 8 | (eflags >> 11 & 1);
}

unsigned vm_eflags(TcgFlags f)
{
    return (f >> 8 & 0xd5) | (f & 1) << 11;
}

/* ---- building blocks -------------------------------------------------- */

void vm_done(IrBlock *b)
{
    ir_leave(b, VM_LEAVE_DONE);
}

void vm_set_registers(Vm *vm, uint64_t step)
{
    for (unsigned g = 0; g < TCG_GLOBALS; g++) {
        vm->cpu->env.r[g] = step * (g + 1);
    }
}

void vm_run_to_end(Vm *vm)
{
    g_assert_cmpint(vm_run_once(vm), ==, VM_LEAVE_DONE);
}

void vm_new_insn(Vm *vm)
{
    ir_append(&vm->ir, IR_INSN)->imm = vm->ir.pc + ++vm->ir.guest_insns;
}

IrMem vm_mem(unsigned size_log2, unsigned slot)
{
    return (IrMem){ .size = size_log2, .slot = slot, .steady = 1 };
}

NativeInsn *vm_native(Vm *vm, uint8_t map, uint8_t opcode)
{
    unsigned index;
    NativeInsn *n = ir_append_native(&vm->ir, &index);
    IrInsn *i = ir_append(&vm->ir, IR_NATIVE);

    i->imm = index;
    n->map = map;
    n->opcode = opcode;
    n->modrm = true;
    return n;
}

NativeInsn *vm_native_rr(Vm *vm, uint8_t map, uint8_t opcode, unsigned reg,
                         unsigned rm)
{
    NativeInsn *n = vm_native(vm, map, opcode);

    n->reg = reg;
    n->rm = rm;
    n->reg_kind = n->rm_kind = NATIVE_REG_GPR;
    n->gpr_in = 1u << reg | 1u << rm;
    return n;
}

/* Memory operand at global `base` + VM_BASE. */
NativeInsn *vm_native_rm(Vm *vm, uint8_t map, uint8_t opcode, unsigned reg,
                         IrVal base, unsigned bytes, bool write)
{
    NativeInsn *n = vm_native(vm, map, opcode);
    IrInsn *i = &vm->ir.insns[vm->ir.count - 1];

    i->a = base;
    i->imm2 = VM_BASE;
    i->mem.slot = write;
    n->mem = true;
    n->mem_bytes = bytes;
    n->mem_write = write;
    n->reg = reg;
    n->reg_kind = NATIVE_REG_GPR;
    n->gpr_in = 1u << reg;
    return n;
}
