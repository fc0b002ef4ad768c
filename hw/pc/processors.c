/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PC's processors: their memory, system management mode, and building them
 * for an accelerator; see pc.c. */
#include "hw/pc/pc-internal.h"

#include "hw/pc/i440fx.h"

#include <inttypes.h>

/* ---- System management mode
 * ----------------------------------------------------------- */

static void pc_smram_update_locked(PcBoard *pc, unsigned n)
{
    PcCpu *c = &pc->cpus[n];

    region_set_enabled(&c->smram, c->smm && pc->smram_enabled);
}

static void pc_smm_changed(void *opaque, unsigned index, bool smm)
{
    PcBoard *pc = opaque;
    g_autoptr(GMutexLocker) lock = g_mutex_locker_new(&pc->smm_lock);

    pc->cpus[index].smm = smm;
    pc_smram_update_locked(pc, index);
}

void pc_smram_set(void *opaque, unsigned n, bool level)
{
    PcBoard *pc = opaque;
    g_autoptr(GMutexLocker) lock = g_mutex_locker_new(&pc->smm_lock);

    pc->smram_enabled = level;
    for (unsigned i = 0; i < pc->parent.config->cpus; i++) {
        pc_smram_update_locked(pc, i);
    }
}

void pc_smi_set(void *opaque, unsigned n, bool level)
{
    if (level) {
        x86_set_pending(pc_cpu(opaque, 0), X86_PENDING_SMI);
    }
}

bool pc_has_smm(const PcBoard *pc)
{
    BoardChoice smm = pc->parent.config->smm;

    return smm == BOARD_AUTO ? pc->parent.accel->class->has_smm
                             : smm == BOARD_ON;
}

/* ---- Processors
 * -------------------------------------------------------------------------- */

static void pc_vcpu_stopped(void *opaque, Vcpu *vcpu, VcpuExit why)
{
    Board *board = opaque;

    board->vcpu_stopped(board->env.machine, why);
}

static AddressSpace *pc_init_cpu_memory(PcBoard *pc, unsigned n)
{
    PcCpu *c = &pc->cpus[n];
    g_autofree char *name = g_strdup_printf("cpu-memory-%u", n);

    region_init_container(&c->memory, "memory", UINT64_MAX);
    region_init_alias(&c->system, "system", &pc->system, 0, UINT64_MAX);
    region_add(&c->memory, 0, &c->system);
    region_init_ram(&c->smram, "smram", pc->parent.ram, I440FX_SMRAM_BASE,
                    I440FX_SMRAM_SIZE);
    region_set_enabled(&c->smram, false);
    region_add_priority(&c->memory, I440FX_SMRAM_BASE, &c->smram, 1);
    c->space = space_new(name, &c->memory);
    return c->space;
}

static bool pc_add_cpu(PcBoard *pc, unsigned n, const X86Topology *topology,
                       GError **errp)
{
    Board *board = &pc->parent;
    X86Cpu *cpu = x86_cpu_new(n, pc->model, pc_init_cpu_memory(pc, n),
                              board->env.io, board->env.clock, errp);

    if (!cpu) {
        return false;
    }
    x86_cpu_set_topology(cpu, topology);
    region_add_priority(&pc->cpus[n].memory, PC_LAPIC_BASE,
                        x86_apic_region(cpu->apic), 1);
    x86_apic_set_eoi_hook(cpu->apic, pc_eoi, pc);
    x86_apic_set_bus(cpu->apic, pc_ipi, pc);
    cpu->pic_ack = pc_pic_ack;
    cpu->pic_opaque = pc;
    cpu->on_smm = pc_smm_changed;
    cpu->on_smm_opaque = pc;
    if (n) {
        x86_cpu_share_tsc(cpu, pc_cpu(pc, 0));
    }
    Vcpu *vcpu = vcpu_new(board->accel, cpu, pc_vcpu_stopped, board, errp);

    if (!vcpu) {
        x86_cpu_free(cpu);
        return false;
    }
    g_ptr_array_add(board->vcpus, vcpu);
    return true;
}

X86Topology pc_topology(const BoardConfig *config)
{
    return (X86Topology){ .dies = config->dies,
                          .cores = config->cores,
                          .threads = config->threads };
}

static bool pc_check_apic_ids(const BoardConfig *config,
                              const X86Topology *topology, GError **errp)
{
    uint32_t last = x86_topology_apic_id(topology, config->maxcpus - 1);

    return last <= PC_MAX_APIC_ID ||
           emu_fail(errp, EMU_ERROR_INVALID,
                    "-smp: this topology numbers processors up to %" PRIu32
                    ", machine pc takes %d",
                    last, PC_MAX_APIC_ID);
}

static void pc_clear_cpu_memory(PcBoard *pc)
{
    for (unsigned n = 0; pc->cpus && n < pc->parent.config->cpus; n++) {
        space_free(pc->cpus[n].space);
        region_clear(&pc->cpus[n].smram);
        region_clear(&pc->cpus[n].system);
        region_clear(&pc->cpus[n].memory);
    }
    g_clear_pointer(&pc->cpus, g_free);
}

void pc_clear_cpus(PcBoard *pc)
{
    GPtrArray *vcpus = pc->parent.vcpus;

    for (guint n = 0; n < vcpus->len; n++) {
        X86Cpu *cpu = pc_cpu(pc, n);

        vcpu_free(vcpus->pdata[n]);
        x86_cpu_free(cpu);
    }
    g_ptr_array_set_size(vcpus, 0);
    pc_clear_cpu_memory(pc);
    x86_model_free(pc->model);
    pc->model = NULL;
}

static bool pc_build_cpus(PcBoard *pc, Accel *accel, GError **errp)
{
    const BoardConfig *config = pc->parent.config;
    X86Topology topology = pc_topology(config);
    X86Model *model = x86_model_find(config->cpu_model, errp);

    pc->model = model;
    if (!model || !accel->class->adapt_model(accel, model, errp)) {
        return false;
    }
    if (config->smm == BOARD_ON && !accel->class->has_smm) {
        return emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                        "machine pc: smm=on: accelerator %s has no system "
                        "management mode",
                        accel->class->name);
    }
    pc->cpus = g_new0(PcCpu, config->cpus);
    for (unsigned n = 0; n < config->cpus; n++) {
        if (!pc_add_cpu(pc, n, &topology, errp)) {
            return false;
        }
    }
    x86_model_warn(model);
    return true;
}

/* An accelerator that cannot do what was asked for may be followed by one that
 * can: processors and all go with it. */
static bool pc_accel_works(void *opaque, Accel *accel, GError **errp)
{
    PcBoard *pc = opaque;

    pc->parent.accel = accel;
    if (pc_build_cpus(pc, accel, errp)) {
        return true;
    }
    pc_clear_cpus(pc);
    pc->parent.accel = NULL;
    return false;
}

bool pc_init_cpus(PcBoard *pc, const BoardConfig *config, GError **errp)
{
    Board *board = &pc->parent;
    X86Topology topology = pc_topology(config);
    X86Model *model = x86_model_find(config->cpu_model, errp);

    x86_model_free(model); /* each accelerator gets its own */
    return model && pc_check_apic_ids(config, &topology, errp) &&
           accel_choose(config->accels, config->accels_asked, board->env.memory,
                        board->env.io, pc_accel_works, pc, &board->accel_notes,
                        errp);
}
