/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions that are not compared like the others, and why. What is not
 * here is: with the host's processor as far as it has the instruction, else
 * between the engines.
 */
#include "tests/target/isa/isa.h"

static const char order[] =
    "with two pages, the order of its accesses is each maker's own";

/* clang-format off */
static const IsaException exceptions[] = {
    { X86_SYSCALL, ISA_EXCLUDE, "enters the host's kernel" },
    { X86_SYSENTER, ISA_EXCLUDE, "enters the host's kernel" },
    { X86_INT, ISA_EXCLUDE, "enters the host's kernel by its gates" },
    { X86_NOP, ISA_ENGINES_ONLY, "PREFETCHW with a register: AMD's raise #UD", 0x10d },
    { X86_INT1, ISA_EXCLUDE, "under a hypervisor, hosts tell another address" },
    { X86_VMCALL, ISA_EXCLUDE, "calls the host's hypervisor" },
    { X86_VMMCALL, ISA_EXCLUDE, "calls the host's hypervisor" },
    { X86_MONITORX, ISA_EXCLUDE, "waits for other processors" },
    { X86_MWAITX, ISA_EXCLUDE, "waits for other processors" },
    { X86_SGDT, ISA_EXCLUDE, "UMIP: the host's kernel makes up a result" },
    { X86_SIDT, ISA_EXCLUDE, "UMIP: the host's kernel makes up a result" },
    { X86_SLDT, ISA_EXCLUDE, "UMIP: the host's kernel makes up a result" },
    { X86_SMSW, ISA_EXCLUDE, "UMIP: the host's kernel makes up a result" },
    { X86_STR, ISA_EXCLUDE, "UMIP: the host's kernel makes up a result" },
    { X86_RDPMC, ISA_EXCLUDE, "whether user code may, is CR4's" },
    { X86_RDPKRU, ISA_EXCLUDE, "whether there are keys, is CR4's" },
    { X86_WRPKRU, ISA_EXCLUDE, "whether there are keys, is CR4's" },
    { X86_VMRUN, ISA_EXCLUDE, "whether there is SVM, is EFER's" },
    { X86_VMLOAD, ISA_EXCLUDE, "whether there is SVM, is EFER's" },
    { X86_VMSAVE, ISA_EXCLUDE, "whether there is SVM, is EFER's" },
    { X86_STGI, ISA_EXCLUDE, "whether there is SVM, is EFER's" },
    { X86_CLGI, ISA_EXCLUDE, "whether there is SVM, is EFER's" },
    { X86_INVLPGA, ISA_EXCLUDE, "whether there is SVM, is EFER's" },
    { X86_CPUID, ISA_EXCLUDE, "says which processor it is" },
    { X86_RDTSC, ISA_NO_RESULT, "the time" },
    { X86_RDTSCP, ISA_NO_RESULT, "the time" },
    { X86_RDPID, ISA_NO_RESULT, "the processor's number" },
    { X86_RDRAND, ISA_NO_RESULT, "random" },
    { X86_RDSEED, ISA_NO_RESULT, "random" },
    { X86_ARPL, ISA_ORDER, order },
    { X86_CMPS, ISA_ORDER, order },
    { X86_FXRSTOR, ISA_ORDER, order },
    { X86_XSAVE, ISA_ORDER, order },
    { X86_XSAVEC, ISA_ORDER, order },
    { X86_XSAVEOPT, ISA_ORDER, order },
    { X86_XRSTOR, ISA_ORDER, order },
    { X86_POPA, ISA_ORDER, order },
    { X86_PUSHA, ISA_ORDER, order },
    { X86_ENTER, ISA_ORDER, order },
    { X86_FXSAVE, ISA_ORDER, order },
    { X86_RETF, ISA_ORDER, order },
    { X86_IRET, ISA_ORDER, order },
    { X86_FNSTENV, ISA_ORDER, order },
    { X86_FNSAVE, ISA_ORDER, order },
    { X86_FLDENV, ISA_ORDER, order },
    { X86_FRSTOR, ISA_ORDER, order },
    { X86_MASKMOVQ, ISA_ORDER, order },
    { X86_MASKMOVDQU, ISA_ORDER, order },
    { X86_VMASKMOVPS, ISA_ORDER, order },
    { X86_VMASKMOVPD, ISA_ORDER, order },
    { X86_VPMASKMOVD, ISA_ORDER, order },
    { X86_VPMASKMOVQ, ISA_ORDER, order },
};
/* clang-format on */

const IsaException *isa_exception(unsigned mnemonic, unsigned map,
                                  unsigned opcode)
{
    for (unsigned n = 0; n < G_N_ELEMENTS(exceptions); n++) {
        const IsaException *x = &exceptions[n];
        if (x->mnemonic == mnemonic &&
            (!x->opcode || x->opcode == (map << 8 | opcode))) {
            return x;
        }
    }
    return NULL;
}
