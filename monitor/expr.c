/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions by recursive descent, see expr.h; and the registers' names. */
#include "monitor/expr.h"

#include <errno.h>
#include <string.h>

#include "target/x86/cpu.h"
#include "util/error.h"
#include "util/keyval.h"

enum { EXPR_DEPTH = 64 };

typedef struct Expr {
    const char *p;
    bool (*get_register)(void *opaque, const char *name, int64_t *value,
                         GError **errp);
    void *opaque;
    unsigned depth;
    GError **errp;
} Expr;

static bool expr_sum(Expr *e, int64_t *value);

static void expr_skip_space(Expr *e)
{
    while (g_ascii_isspace(*e->p)) {
        e->p++;
    }
}

static bool expr_number(Expr *e, int64_t *value)
{
    char *end;

    errno = 0;
    *value = g_ascii_strtoull(e->p, &end, 0);
    if (end == e->p || errno) {
        return emu_fail(e->errp, EMU_ERROR_INVALID, "invalid number '%s'",
                        e->p);
    }
    e->p = end;
    return true;
}

static bool expr_character(Expr *e, int64_t *value)
{
    if (!e->p[1] || e->p[2] != '\'') {
        return emu_fail(e->errp, EMU_ERROR_INVALID,
                        "a character constant is one character in quotes");
    }
    *value = (unsigned char)e->p[1];
    e->p += 3;
    return true;
}

static bool expr_register(Expr *e, int64_t *value)
{
    size_t len = 1;

    while (g_ascii_isalnum(e->p[len]) || e->p[len] == '_' || e->p[len] == '.') {
        len++;
    }
    g_autofree char *name = g_strndup(e->p + 1, len - 1);

    e->p += len;
    if (!e->get_register) {
        return emu_fail(e->errp, EMU_ERROR_INVALID,
                        "registers have no meaning here");
    }
    return e->get_register(e->opaque, name, value, e->errp);
}

static bool expr_parenthesis(Expr *e, int64_t *value)
{
    e->p++;
    if (!expr_sum(e, value)) {
        return false;
    }
    expr_skip_space(e);
    if (*e->p != ')') {
        return emu_fail(e->errp, EMU_ERROR_INVALID, "')' expected");
    }
    e->p++;
    return true;
}

static bool expr_unary(Expr *e, int64_t *value)
{
    char sign;

    expr_skip_space(e);
    sign = *e->p;
    switch (sign) {
    case '\0':
        return emu_fail(e->errp, EMU_ERROR_INVALID,
                        "unexpected end of expression");
    case '(':
        return expr_parenthesis(e, value);
    case '\'':
        return expr_character(e, value);
    case '$':
        return expr_register(e, value);
    case '+':
    case '-':
    case '~':
        if (++e->depth > EXPR_DEPTH) {
            return emu_fail(e->errp, EMU_ERROR_INVALID,
                            "the expression is nested too deeply");
        }
        e->p++;
        if (!expr_unary(e, value)) {
            return false;
        }
        if (sign == '-') {
            *value = -(uint64_t)*value;
        } else if (sign == '~') {
            *value = ~*value;
        }
        return true;
    default:
        return expr_number(e, value);
    }
}

static bool expr_divide(Expr *e, char op, int64_t *value, int64_t right)
{
    if (!right) {
        return emu_fail(e->errp, EMU_ERROR_INVALID, "division by zero");
    }
    if (right == -1) { /* INT64_MIN / -1 traps */
        *value = op == '/' ? -(uint64_t)*value : 0;
    } else {
        *value = op == '/' ? *value / right : *value % right;
    }
    return true;
}

static bool expr_product(Expr *e, int64_t *value)
{
    if (!expr_unary(e, value)) {
        return false;
    }
    for (;;) {
        int64_t right;
        char op;

        expr_skip_space(e);
        op = *e->p;
        if (op != '*' && op != '/' && op != '%') {
            return true;
        }
        e->p++;
        if (!expr_unary(e, &right) ||
            (op != '*' && !expr_divide(e, op, value, right))) {
            return false;
        }
        if (op == '*') {
            *value = (uint64_t)*value * (uint64_t)right;
        }
    }
}

static bool expr_bits(Expr *e, int64_t *value)
{
    if (!expr_product(e, value)) {
        return false;
    }
    for (;;) {
        int64_t right;
        char op;

        expr_skip_space(e);
        op = *e->p;
        if (op != '&' && op != '|' && op != '^') {
            return true;
        }
        e->p++;
        if (!expr_product(e, &right)) {
            return false;
        }
        *value = op == '&'   ? *value & right
                 : op == '|' ? *value | right
                             : *value ^ right;
    }
}

static bool expr_sum(Expr *e, int64_t *value)
{
    if (++e->depth > EXPR_DEPTH) {
        return emu_fail(e->errp, EMU_ERROR_INVALID,
                        "the expression is nested too deeply");
    }
    if (!expr_bits(e, value)) {
        return false;
    }
    for (;;) {
        int64_t right;
        char op;

        expr_skip_space(e);
        op = *e->p;
        if (op != '+' && op != '-') {
            e->depth--;
            return true;
        }
        e->p++;
        if (!expr_bits(e, &right)) {
            return false;
        }
        *value = op == '+' ? (uint64_t)*value + (uint64_t)right
                           : (uint64_t)*value - (uint64_t)right;
    }
}

bool expr_parse(const char **p,
                bool (*get_register)(void *opaque, const char *name,
                                     int64_t *value, GError **errp),
                void *opaque, int64_t *value, GError **errp)
{
    Expr e = { *p, get_register, opaque, 0, errp };

    if (!expr_sum(&e, value)) {
        return false;
    }
    *p = e.p;
    return true;
}

/* ---- Registers --------------------------------------------------------- */

#define EXPR_R64(n, i)                                                         \
    {                                                                          \
        n, offsetof(X86Cpu, env.r) + (i) * sizeof(uint64_t), 8                 \
    }
#define EXPR_R32(n, i)                                                         \
    {                                                                          \
        n, offsetof(X86Cpu, env.r) + (i) * sizeof(uint64_t), 4                 \
    }
#define EXPR_FIELD(n, f)                                                       \
    {                                                                          \
        n, offsetof(X86Cpu, f), sizeof(((X86Cpu *)0)->f)                       \
    }
#define EXPR_SEG(n, i)                                                         \
    EXPR_FIELD(n, seg[i].selector), EXPR_FIELD(n ".base", seg[i].base),        \
        EXPR_FIELD(n ".limit", seg[i].limit)

typedef struct ExprRegister {
    const char *name;
    size_t offset;
    size_t size;
} ExprRegister;

/* clang-format off */
static const ExprRegister expr_registers[] = {
    EXPR_R64("rax", 0), EXPR_R64("rcx", 1), EXPR_R64("rdx", 2), EXPR_R64("rbx", 3),
    EXPR_R64("rsp", 4), EXPR_R64("rbp", 5), EXPR_R64("rsi", 6), EXPR_R64("rdi", 7),
    EXPR_R64("r8", 8), EXPR_R64("r9", 9), EXPR_R64("r10", 10), EXPR_R64("r11", 11),
    EXPR_R64("r12", 12), EXPR_R64("r13", 13), EXPR_R64("r14", 14), EXPR_R64("r15", 15),
    EXPR_R32("eax", 0), EXPR_R32("ecx", 1), EXPR_R32("edx", 2), EXPR_R32("ebx", 3),
    EXPR_R32("esp", 4), EXPR_R32("ebp", 5), EXPR_R32("esi", 6), EXPR_R32("edi", 7),
    EXPR_R64("sp", 4), EXPR_R64("fp", 5),
    EXPR_FIELD("rip", env.pc), EXPR_FIELD("eip", env.pc),
    EXPR_SEG("es", X86_ES), EXPR_SEG("cs", X86_CS), EXPR_SEG("ss", X86_SS),
    EXPR_SEG("ds", X86_DS), EXPR_SEG("fs", X86_FS), EXPR_SEG("gs", X86_GS),
    EXPR_FIELD("cr0", cr0), EXPR_FIELD("cr2", cr2), EXPR_FIELD("cr3", cr3),
    EXPR_FIELD("cr4", cr4), EXPR_FIELD("cr8", cr8), EXPR_FIELD("efer", efer),
    EXPR_FIELD("dr0", dr[0]), EXPR_FIELD("dr1", dr[1]), EXPR_FIELD("dr2", dr[2]),
    EXPR_FIELD("dr3", dr[3]), EXPR_FIELD("dr6", dr[6]), EXPR_FIELD("dr7", dr[7]),
    EXPR_FIELD("tr", tr.selector), EXPR_FIELD("ldt", ldt.selector),
    EXPR_FIELD("gdt.base", gdt.base), EXPR_FIELD("idt.base", idt.base),
};
/* clang-format on */

static int64_t expr_read_register(const X86Cpu *cpu, const ExprRegister *r)
{
    const uint8_t *field = (const uint8_t *)cpu + r->offset;
    uint64_t value = 0;

    memcpy(&value, field, r->size); /* little-endian hosts, as guests are */
    return value;
}

bool expr_cpu_register(const X86Cpu *cpu, const char *name, int64_t *value,
                       GError **errp)
{
    const char *names[G_N_ELEMENTS(expr_registers)];

    if (!strcmp(name, "pc")) { /* linear, so that x /10i $pc works */
        *value = cpu->env.pc + cpu->seg[X86_CS].base;
        return true;
    }
    if (!strcmp(name, "eflags") || !strcmp(name, "rflags")) {
        *value = x86_get_eflags(cpu);
        return true;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(expr_registers); i++) {
        names[i] = expr_registers[i].name;
        if (!strcmp(name, names[i])) {
            *value = expr_read_register(cpu, &expr_registers[i]);
            return true;
        }
    }
    return keyval_fail_unknown(errp, "register", name, names,
                               G_N_ELEMENTS(names));
}
