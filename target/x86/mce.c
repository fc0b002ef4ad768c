/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine-check errors on demand: what hardware does when a bank detects one.
 * Nothing here fails by itself; monitors report errors to test a guest.
 *
 * SDM 3B 15.3.2 (banks), 15.3.1.2 (MCG_STATUS), 15.9 (MCE delivery).
 */
#include "target/x86/mce.h"

#include "target/x86/model.h"

#define MC_STATUS_VAL (UINT64_C(1) << 63)
#define MC_STATUS_OVER (UINT64_C(1) << 62)
#define MC_STATUS_UC (UINT64_C(1) << 61)
#define MC_ALL UINT64_MAX /* of a CTL register: everything is reported */
enum { MC_BANKS = 10, MCG_STATUS_MCIP = 1 << 2 };

/* The four registers of a bank. */
enum { BANK_CTL, BANK_STATUS, BANK_ADDR, BANK_MISC };

static void mce_store(uint64_t *bank, const X86MachineCheck *e)
{
    uint64_t over = bank[BANK_STATUS] & MC_STATUS_VAL ? MC_STATUS_OVER : 0;

    bank[BANK_STATUS] = e->status | over;
    bank[BANK_ADDR] = e->addr;
    bank[BANK_MISC] = e->misc;
}

/* A corrected error never takes the place of one that was not. */
static void mce_corrected(uint64_t *bank, const X86MachineCheck *e)
{
    const uint64_t lasting = MC_STATUS_VAL | MC_STATUS_UC;

    if ((bank[BANK_STATUS] & lasting) == lasting) {
        bank[BANK_STATUS] |= MC_STATUS_OVER;
    } else {
        mce_store(bank, e);
    }
}

static const char *mce_uncorrected(X86Cpu *cpu, uint64_t *bank,
                                   const X86MachineCheck *e)
{
    if (cpu->mcg_ctl != MC_ALL) {
        return "the guest has switched reporting off (MCG_CTL)";
    }
    if (bank[BANK_CTL] != MC_ALL) {
        return "the guest has switched the bank off (MCi_CTL)";
    }
    if ((cpu->mcg_status & MCG_STATUS_MCIP) || !(cpu->cr4 & CR4_MCE)) {
        x86_shut_down(cpu);
        return NULL;
    }
    mce_store(bank, e);
    cpu->mcg_status = e->mcg_status;
    x86_set_pending(cpu, X86_PENDING_MC);
    return NULL;
}

const char *x86_machine_check(X86Cpu *cpu, const X86MachineCheck *e)
{
    if (!x86_model_has(cpu->model, FEATURE_MCA)) {
        return "the processor has no machine-check architecture";
    }
    if (e->bank >= MC_BANKS) {
        return "there is no such bank";
    }
    if (!(e->status & MC_STATUS_VAL)) {
        return "the status is not valid (bit 63)";
    }
    uint64_t *bank = &cpu->mc_bank[4 * e->bank];

    if (e->status & MC_STATUS_UC) {
        return mce_uncorrected(cpu, bank, e);
    }
    mce_corrected(bank, e);
    return NULL;
}
