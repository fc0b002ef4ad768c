/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disassembly, see disas.h. */
#include "monitor/disas.h"

#include <capstone/capstone.h>

enum { DISAS_BYTES_A_LINE = 8 };

static cs_mode disas_mode(unsigned bits)
{
    return bits == 64 ? CS_MODE_64 : bits == 32 ? CS_MODE_32 : CS_MODE_16;
}

/* One line: address, up to eight bytes, maybe text. */
static void disas_line(uint64_t addr, const uint8_t *bytes, size_t len,
                       const char *mnemonic, const char *operands, GString *out)
{
    g_string_append_printf(out, "0x%08" G_GINT64_MODIFIER "x: ", addr);
    for (size_t i = 0; i < len; i++) {
        g_string_append_printf(out, " %02x", bytes[i]);
    }
    if (mnemonic) {
        g_string_append_printf(out, "%*s  %-8s %s",
                               (int)(3 * (DISAS_BYTES_A_LINE - len)), "",
                               mnemonic, operands);
    }
    g_string_append_c(out, '\n');
}

static void disas_insn(const cs_insn *insn, GString *out)
{
    size_t first = MIN(insn->size, DISAS_BYTES_A_LINE);

    disas_line(insn->address, insn->bytes, first, insn->mnemonic, insn->op_str,
               out);
    if (insn->size > first) {
        disas_line(insn->address + first, insn->bytes + first,
                   insn->size - first, NULL, NULL, out);
    }
}

unsigned disas_print(unsigned bits, uint64_t addr, const uint8_t *code,
                     size_t len, unsigned count, size_t *used, GString *out)
{
    csh handle;
    cs_insn *insns = NULL;
    size_t n;

    *used = 0;
    if (cs_open(CS_ARCH_X86, disas_mode(bits), &handle) != CS_ERR_OK) {
        return 0;
    }
    cs_option(handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
    n = cs_disasm(handle, code, len, addr, count, &insns);
    for (size_t i = 0; i < n; i++) {
        disas_insn(&insns[i], out);
        *used += insns[i].size;
    }
    if (insns) {
        cs_free(insns, n);
    }
    cs_close(&handle);
    return n;
}
