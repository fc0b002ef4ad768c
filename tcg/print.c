/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IR as text, for -d op and -d op_opt and for the verifier's complaints. One
 * operation a line: results, name.type, sources, then what is special to it.
 */
#include "tcg/ir.h"

#include <inttypes.h>

static const char *const ir_cond_names[16] = {
    "o", "no", "b", "ae", "e", "ne", "be", "a",
    "s", "ns", "p", "np", "l", "ge", "le", "g",
};
static const char *const ir_atomic_names[] = {
    "xchg", "add", "and", "or", "xor", "cmpxchg",
};
static const char *const ir_type_names[] = { "8", "16", "32", "64" };

static void ir_print_imm(GString *out, int64_t imm)
{
    if (imm >= -9 && imm <= 9) {
        g_string_append_printf(out, "%" PRId64, imm);
        return;
    }
    g_string_append_printf(out, "0x%" PRIx64, (uint64_t)imm);
}

static void ir_print_value(GString *out, const IrInsn *insn, IrVal v)
{
    if (v == IR_IMM) {
        ir_print_imm(out, insn->imm);
    } else if (v == IR_NONE) {
        g_string_append(out, "none");
    } else {
        g_string_append_printf(out, "%c%u", v < IR_TEMP0 ? 'r' : 't',
                               (unsigned)(v < IR_TEMP0 ? v : v - IR_TEMP0));
    }
}

static void ir_print_sources(GString *out, const IrInsn *insn)
{
    const IrVal v[3] = { insn->a, insn->b, insn->c };
    const char *separator = " ";
    for (unsigned i = 0; i < ir_op_sources[insn->op]; i++) {
        if (v[i] == IR_NONE) {
            continue;
        }
        g_string_append(out, separator);
        ir_print_value(out, insn, v[i]);
        separator = ", ";
    }
}

static void ir_print_mem(GString *out, const IrInsn *insn)
{
    const IrMem m = insn->mem;
    g_string_append_printf(out, " [%+" PRId64 " %u bytes slot %u", insn->imm2,
                           1u << m.size, m.slot);
    if (m.sign) {
        g_string_append(out, " signed");
    }
    if (m.rmw) {
        g_string_append(out, " rmw");
    }
    if (m.has_mode) {
        g_string_append_printf(out, " mode %u", m.mode);
    }
    g_string_append_c(out, ']');
}

static void ir_print_native(GString *out, const IrBlock *b, const IrInsn *insn)
{
    static const char *const maps[] = { "", "0f ", "0f38 ", "0f3a " };
    if ((uint64_t)insn->imm >= b->native_count) {
        g_string_append(out, " #bad");
        return;
    }
    const NativeInsn *n = &b->native[insn->imm];
    g_string_append_printf(out, " {%s%s%s%s%s%02x reg %u rm %u",
                           n->p66 ? "66 " : "", n->pf2 ? "f2 " : "",
                           n->pf3 ? "f3 " : "", n->rex_w ? "w " : "",
                           maps[n->map & 3], n->opcode, n->reg, n->rm);
    if (n->vex) {
        g_string_append_printf(out, " vvvv %u l %u", n->vvvv, n->vex_l);
    }
    if (n->mem) {
        g_string_append_printf(out, " mem %u%s%+" PRId64, n->mem_bytes,
                               n->mem_write ? "w" : "", insn->imm2);
    }
    if (n->imm_bytes) {
        g_string_append_printf(out, " imm 0x%x", n->imm);
    }
    g_string_append_printf(out, " in %04x out %04x flags %02x/%02x%s}",
                           n->gpr_in, n->gpr_out, n->flags_in, n->flags_out,
                           n->flags_out && !n->flags_sure ? "?" : "");
}

/* What an operation has besides results and sources. */
static void ir_print_extra(GString *out, const IrBlock *b, const IrInsn *insn)
{
    switch (insn->op) {
    case IR_INSN:
        g_string_append_printf(out, " ---- 0x%" PRIx64, (uint64_t)insn->imm);
        break;
    case IR_LABEL:
    case IR_BR:
    case IR_BRF:
        g_string_append_printf(out, " L%" PRId64, insn->imm);
        break;
    case IR_BRCOND:
        g_string_append_printf(out, " L%u", insn->c);
        break;
    case IR_EXTRACT:
    case IR_DEPOSIT:
        g_string_append_printf(out, " pos %u len %u", (unsigned)insn->imm & 63,
                               (unsigned)(insn->imm >> 8));
        break;
    case IR_LDENV:
    case IR_STENV:
        g_string_append_printf(out, " env+0x%" PRIx64 " %u bytes", insn->imm,
                               1u << insn->mem.size);
        break;
    case IR_STENVI:
        g_string_append_c(out, ' ');
        ir_print_imm(out, insn->imm2);
        g_string_append_printf(out, " env+0x%" PRIx64 " %u bytes", insn->imm,
                               1u << insn->mem.size);
        break;
    case IR_LDHOST: /* where is another matter at each run */
        g_string_append_printf(out, " %u bytes%s", 1u << insn->mem.size,
                               insn->mem.sign ? " signed" : "");
        break;
    case IR_NATIVE:
        ir_print_native(out, b, insn);
        break;
    case IR_CALL:
        g_string_append_printf(out, " %s(",
                               ((const TcgHelper *)(intptr_t)insn->imm)->name);
        ir_print_imm(out, insn->imm2);
        g_string_append_c(out, ')');
        break;
    case IR_EXIT:
        g_string_append_printf(out, " %u 0x%" PRIx64 "%s", insn->cond,
                               (uint64_t)insn->imm,
                               insn->mem.poll ? " poll" : "");
        g_string_append(out, insn->mem.far ? " far" : "");
        break;
    case IR_LEAVE:
        g_string_append_printf(out, " %" PRId64, insn->imm);
        break;
    }
    if (ir_op_attrs[insn->op] & IRA_MEM) {
        ir_print_mem(out, insn);
    }
}

static void ir_print_insn(GString *out, const IrBlock *b, const IrInsn *insn)
{
    if (ir_op_results[insn->op] && insn->dst != IR_NONE) {
        ir_print_value(out, insn, insn->dst);
        g_string_append(out, " = ");
    }
    g_string_append(out, ir_op_names[insn->op]);
    if (ir_op_results[insn->op] || ir_op_sources[insn->op]) {
        g_string_append_printf(out, ".%s", ir_type_names[insn->type & 3]);
    }
    if (ir_op_attrs[insn->op] & IRA_COND) {
        const char *name = insn->op == IR_ATOMIC
                               ? ir_atomic_names[MIN(insn->cond, 5)]
                               : ir_cond_names[insn->cond & 15];
        g_string_append_printf(out, ".%s", name);
    }
    ir_print_sources(out, insn);
    ir_print_extra(out, b, insn);
    if ((insn->dead & IR_DEAD_FLAGS) &&
        (ir_op_attrs[insn->op] & (IRA_FW | IRA_FP))) {
        g_string_append(out, " (flags dead)");
    }
    g_string_append_c(out, '\n');
}

void ir_print(const IrBlock *b, GString *out)
{
    for (unsigned i = 0; i < b->count; i++) {
        const IrInsn *insn = &b->insns[i];
        if (insn->op == IR_NOP) {
            continue;
        }
        g_string_append(out, insn->op == IR_LABEL ? "  " : "    ");
        ir_print_insn(out, b, insn);
    }
}
