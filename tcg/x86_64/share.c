/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses off one base share a check. A walk over the block values each
 * address as base + (index << shift) + displacement, where base and index are
 * numbers for what registers held: adding a constant keeps the number, any
 * other write is a new one. Addresses that differ in the displacement only form
 * a group. The first access, its leader, checks that the bytes of all are in
 * one page, and leaves what leads to the host's page in env->shared[]; the
 * others, its followers, have no check and no slow part.
 *
 * So while a group is open nothing may happen that changes what a page is:
 * groups end at calls of helpers and where paths meet, and what light code
 * cannot do goes on in a translation without groups (IrBlock.plain), as does a
 * leader whose group is not in one page. Both begin their instruction anew
 * there, which nothing has come of yet; but where it has probed for writing,
 * that may not be so, and there are no groups.
 */
#include "tcg/x86_64/emit.h"

enum {
    SHARE_OPEN = 8,      /* groups at a time; the oldest one ends */
    SHARE_FIELDS = 4,    /* fields of env whose value has a number */
    SHARE_FAR = 1 << 30, /* displacements that are not looked at ahead */
};

/* Modulo 2^32 if wrap. base, index: 0 is none; constants have neither. */
typedef struct ShareValue {
    uint32_t base, index;
    uint8_t shift;
    bool wrap;
    int64_t disp;
} ShareValue;

typedef struct ShareOpen {
    ShareValue address; /* the leader's */
    uint8_t mode;
    unsigned group;
} ShareOpen;

typedef struct ShareField {
    int64_t offset;
    uint32_t number;
} ShareField;

typedef struct Share {
    Emit *e;
    uint32_t numbers;
    bool probed; /* the present instruction has */
    bool sure;   /* whoever enters the block comes here, with the same groups */
    bool loop;   /* it may jump back to its start */
    unsigned index;
    ShareOpen open[SHARE_OPEN];
    unsigned open_count;
    ShareField field[SHARE_FIELDS];
    unsigned field_count;
} Share;

/* ---- values ----------------------------------------------------------- */

static ShareValue share_number(uint32_t number)
{
    return (ShareValue){ .base = number };
}

static ShareValue share_new(Share *s)
{
    return share_number(++s->numbers);
}

static void share_set(Share *s, IrVal v, ShareValue x)
{
    s->e->values[v] = x;
    s->e->written |= v < TCG_GLOBALS ? 1u << v : 0;
}

/* share_new() in place, a field at a time: what is stored in pieces and copied
 * as a whole waits for the stores. */
static void share_renew(Share *s, ShareValue *x)
{
    x->base = ++s->numbers;
    x->index = 0;
    x->shift = 0;
    x->wrap = false;
    x->disp = 0;
}

static void share_set_new(Share *s, IrVal v)
{
    share_renew(s, &s->e->values[v]);
    s->e->written |= v < TCG_GLOBALS ? 1u << v : 0;
}

/* Nothing is known of so many values. */
static void share_forget(Share *s, unsigned values)
{
    for (unsigned v = 0; v < values; v++) {
        share_renew(s, &s->e->values[v]);
    }
    s->field_count = 0;
    s->open_count = 0;
    s->sure = false;
}

/* What a page is may change here. */
static void share_close(Share *s)
{
    s->open_count = 0;
    s->sure = s->e->steady = false;
}

static ShareValue share_modulo(ShareValue x)
{
    x.wrap = x.base || x.index;
    x.disp = x.wrap ? (int32_t)x.disp : (int64_t)(uint32_t)x.disp;
    return x;
}

/* A source of the instruction; as a 64-bit sum. */
static ShareValue share_source(Share *s, const IrInsn *i, IrVal v)
{
    if (v == IR_IMM) {
        return (ShareValue){ .disp = i->imm };
    }
    ShareValue *x = &s->e->values[v];
    if (x->wrap && i->type == IR_I64) {
        *x = share_new(s);
    }
    return *x;
}

static bool share_is_const(ShareValue x)
{
    return !x.base && !x.index;
}

static ShareValue share_sum(Share *s, ShareValue x, ShareValue y)
{
    if (y.index && (x.index || (x.base && y.base))) {
        return share_new(s);
    }
    if (y.index) {
        x.index = y.index;
        x.shift = y.shift;
    }
    if (!x.base) {
        x.base = y.base;
    } else if (y.base && x.index) {
        return share_new(s);
    } else if (y.base) { /* in one order */
        x.index = MAX(x.base, y.base);
        x.base = MIN(x.base, y.base);
    }
    x.disp = (uint64_t)x.disp + (uint64_t)y.disp;
    return x;
}

static ShareValue share_shifted(Share *s, ShareValue x, ShareValue count)
{
    if (!share_is_const(count) || count.disp < 1 || count.disp > 3 || !x.base ||
        x.index) {
        return share_new(s);
    }
    return (ShareValue){ .index = x.base,
                         .shift = count.disp,
                         .disp = (uint64_t)x.disp << count.disp };
}

static ShareValue share_negated(ShareValue constant)
{
    constant.disp = 0 - (uint64_t)constant.disp;
    return constant;
}

static ShareValue share_field(Share *s, const IrInsn *i)
{
    if (i->mem.size != IR_I64) {
        return share_new(s);
    }
    for (unsigned n = 0; n < s->field_count; n++) {
        if (s->field[n].offset == i->imm) {
            return share_number(s->field[n].number);
        }
    }
    ShareValue x = share_new(s);
    if (s->field_count < SHARE_FIELDS) {
        s->field[s->field_count++] = (ShareField){ i->imm, x.base };
    }
    return x;
}

/* What the instruction assigns. */
static ShareValue share_result(Share *s, const IrInsn *i)
{
    ShareValue a = {}, b = {};

    if (i->op != IR_LDENV && i->type < IR_I32) {
        return share_new(s);
    }
    if (i->a != IR_NONE) {
        a = share_source(s, i, i->a);
    }
    if (i->b != IR_NONE) {
        b = share_source(s, i, i->b);
    }
    switch (i->op) {
    case IR_LDENV:
        return share_field(s, i);
    case IR_MOV:
        break;
    case IR_EXTU32:
        return share_modulo(a);
    case IR_ADD:
    case IR_ADDF:
        a = share_sum(s, a, b);
        break;
    case IR_SUB:
    case IR_SUBF:
        a = share_is_const(b) ? share_sum(s, a, share_negated(b))
                              : share_new(s);
        break;
    case IR_INCF:
        a.disp = (uint64_t)a.disp + 1;
        break;
    case IR_DECF:
        a.disp = (uint64_t)a.disp - 1;
        break;
    case IR_SHL:
        a = share_shifted(s, a, b);
        break;
    default:
        return share_new(s);
    }
    return i->type == IR_I32 ? share_modulo(a) : a;
}

/* ADD and SUB of a constant, INC and DEC: 81 and 83 /0, /5, FF /0, /1. False:
 * it is none of them. */
static bool share_native_sum(const NativeInsn *n, int64_t *imm)
{
    if (n->map || n->vex || !n->modrm || n->mem || !n->rex_w ||
        n->rm_kind != NATIVE_REG_GPR) {
        return false;
    }
    if (n->opcode == 0xff && n->reg <= 1) {
        *imm = n->reg ? -1 : 1;
        return true;
    }
    if ((n->opcode != 0x81 && n->opcode != 0x83) ||
        (n->reg != 0 && n->reg != 5)) {
        return false;
    }
    int64_t v = n->opcode == 0x83 ? (int64_t)(int8_t)n->imm : (int32_t)n->imm;
    *imm = n->reg ? -v : v;
    return true;
}

static void share_native_results(Share *s, const NativeInsn *n)
{
    int64_t imm;

    if (share_native_sum(n, &imm)) {
        const ShareValue *x = &s->e->values[n->rm];

        ShareValue sum = x->wrap ? share_new(s) : *x;
        sum.disp = (uint64_t)sum.disp + (uint64_t)imm;
        share_set(s, n->rm, sum);
        return;
    }
    for (uint32_t out = n->gpr_out; out; out &= out - 1) {
        share_set_new(s, __builtin_ctz(out));
    }
}

/* ---- groups ----------------------------------------------------------- */

typedef struct ShareCandidate {
    ShareValue address;
    uint8_t mode;
    unsigned size;
    bool write;
} ShareCandidate;

static bool share_same_base(ShareValue x, ShareValue y)
{
    return x.base == y.base && x.index == y.index && x.shift == y.shift &&
           x.wrap == y.wrap;
}

/* False: it is too far from the others. */
static bool share_join(Share *s, const ShareOpen *o, const ShareCandidate *a)
{
    ShareGroup *g = &s->e->groups[o->group];
    int64_t at = (uint64_t)a->address.disp - (uint64_t)o->address.disp;

    if (at < -MEM_GROUP || at > MEM_GROUP) {
        return false;
    }
    int64_t low = MIN(g->low, at);
    int64_t high = MAX(g->low + (int64_t)g->size, at + a->size);
    if (high - low > MEM_GROUP) {
        return false;
    }
    g->low = low;
    g->size = high - low;
    g->write |= a->write;
    g->last = s->index;
    s->e->share[s->index] = (ShareAccess){ o->group + 1, at };
    return true;
}

/* Is the base in a register of its own? */
static bool share_at_home(const Share *s, ShareValue x)
{
    for (unsigned g = 0; g < TCG_GLOBALS && !x.index && !x.wrap; g++) {
        const ShareValue *v = &s->e->values[g];
        if (emit_home[g] != NO_REG && v->base == x.base && !v->index &&
            !v->wrap) {
            return true;
        }
    }
    return false;
}

/* The global whose value at the block's start has that number: share_analyse()
 * gives them the first ones. */
static IrVal share_entry_global(uint32_t number)
{
    return number && number <= TCG_GLOBALS ? number - 1 : IR_NONE;
}

static void share_note_address(const Share *s, ShareGroup *g, ShareValue x)
{
    IrVal base = share_entry_global(x.base);
    IrVal index = share_entry_global(x.index);

    if (s->sure && !x.wrap && (index != IR_NONE) == (x.index != 0) &&
        x.disp >= -SHARE_FAR && x.disp <= SHARE_FAR) {
        g->base = base;
        g->index = index;
        g->shift = x.shift;
        g->disp = x.disp;
    }
}

static void share_lead(Share *s, const ShareCandidate *a)
{
    unsigned group = s->e->group_count++;

    s->e->groups[group] = (ShareGroup){ .first = s->index,
                                        .last = s->index,
                                        .size = a->size,
                                        .write = a->write,
                                        .joined = !share_at_home(s, a->address),
                                        .base = IR_NONE };
    share_note_address(s, &s->e->groups[group], a->address);
    if (s->open_count == SHARE_OPEN) {
        memmove(s->open, s->open + 1, --s->open_count * sizeof(s->open[0]));
    }
    s->open[s->open_count++] = (ShareOpen){ a->address, a->mode, group };
    s->e->share[s->index] = (ShareAccess){ group + 1, 0 };
}

static void share_access(Share *s, const IrInsn *i, unsigned size, bool write)
{
    ShareValue x = share_source(
        s, &(IrInsn){ .type = i->imm2 ? IR_I64 : IR_I32, .imm = i->imm }, i->a);
    ShareCandidate a = { .address = x,
                         .mode = i->mem.has_mode ? i->mem.mode : s->e->ir->mode,
                         .size = size,
                         .write = write };

    a.address.disp = (uint64_t)x.disp + (uint64_t)i->imm2;
    for (unsigned n = s->open_count; n-- > 0;) {
        const ShareOpen *o = &s->open[n];

        if (o->mode == a.mode && share_same_base(o->address, a.address) &&
            share_join(s, o, &a)) {
            return;
        }
    }
    share_lead(s, &a);
}

/* ---- loops ------------------------------------------------------------ */

/* What the globals are here, from what they were at the block's start. */
static void share_note_steps(Share *s)
{
    ShareTurn *t = &s->e->turn;

    t->steady = 0;
    for (unsigned g = 0; g < TCG_GLOBALS; g++) {
        const ShareValue *x = &s->e->values[g];

        if (share_entry_global(x->base) == g && !x->index && !x->wrap &&
            asm_fits32(x->disp)) {
            t->steady |= 1u << g;
            t->step[g] = x->disp;
        }
    }
}

static void share_branch(Share *s, uint32_t label)
{
    s->sure = false;
    if (s->loop) {
        share_note_steps(s);
        s->e->turn.label = label;
    }
}

/* A branch's steps are good behind its label, too, where only exits stand
 * between. */
static void share_exit(Share *s, const IrInsn *i)
{
    const IrBlock *ir = s->e->ir;
    ShareTurn *t = &s->e->turn;

    s->open_count = 0;
    s->sure = false;
    if (i->op != IR_EXIT || i->imm != (int64_t)ir->pc || s->index < 2) {
        return;
    }
    t->labelled = i[-1].op == IR_LABEL;
    t->known = s->loop && (!t->labelled || (i[-1].imm == t->label &&
                                            ir_op_attrs[i[-2].op] & IRA_END));
    s->loop = false; /* a second one is one too many */
    if (t->known && !t->labelled) {
        share_note_steps(s);
    }
}

/* Exits are the last instructions. */
static bool share_may_loop(const IrBlock *ir)
{
    enum { LAST = 8 };

    for (uint32_t n = ir->count - MIN(LAST, ir->count); n < ir->count; n++) {
        const IrInsn *i = &ir->insns[n];
        if (i->op == IR_EXIT && i->imm == (int64_t)ir->pc) {
            return true;
        }
    }
    return false;
}

/* ---- the walk --------------------------------------------------------- */

static void share_call(Share *s, const IrInsn *i)
{
    const TcgHelper *h = (const TcgHelper *)(intptr_t)i->imm;

    if (h->flags & TCG_PURE && !(h->flags & TCG_WRITES_GLOBALS)) {
        return;
    }
    share_close(s);
    s->field_count = 0;
    if (h->flags & TCG_WRITES_GLOBALS) {
        share_forget(s, TCG_GLOBALS);
    }
}

static void share_native(Share *s, const IrInsn *i)
{
    const NativeInsn *n = &s->e->ir->native[i->imm];

    if (n->mem && !s->probed && !n->mask && n->mem_bytes <= MEM_WIDE) {
        share_access(s, i, n->mem_bytes, n->mem_write);
    }
    share_native_results(s, n);
}

static void share_insn(Share *s, const IrInsn *i)
{
    switch (i->op) {
    case IR_INSN:
        s->probed = false;
        return;
    case IR_PROBEW:
        s->probed = true;
        share_close(s);
        return;
    case IR_LABEL:
        share_forget(s, TCG_GLOBALS + s->e->ir->temps);
        return;
    case IR_BR:
        s->open_count = 0;
        s->sure = false;
        return;
    case IR_BRF:
    case IR_BRCOND:
        share_branch(s, i->op == IR_BRF ? i->imm : i->c);
        return;
    case IR_STENV:
    case IR_STENVI:
        s->field_count = 0;
        return;
    case IR_NATIVE:
        share_native(s, i);
        return;
    case IR_LD:
    case IR_ST:
    case IR_ATOMIC:
        if (!s->probed) {
            share_access(s, i, 1u << i->mem.size, i->op != IR_LD || i->mem.rmw);
        }
        break;
    case IR_CALL:
        share_call(s, i);
        break;
    default:
        if (ir_op_attrs[i->op] & IRA_END) {
            share_exit(s, i);
        }
        break;
    }
    if (i->dst == IR_NONE) {
        return;
    }
    if (ir_op_attrs[i->op] & (IRA_MEM | IRA_CALL)) {
        share_set_new(s, i->dst);
    } else {
        share_set(s, i->dst, share_result(s, i));
    }
}

size_t share_value_bytes(void)
{
    return sizeof(ShareValue);
}

void share_analyse(Emit *e)
{
    const IrBlock *ir = e->ir;
    Share s = { .e = e };

    e->group_count = e->places = e->written = 0;
    e->steady = true;
    e->turn = (ShareTurn){ 0 };
    memset(e->share, 0, ir->count * sizeof(e->share[0]));
    if (ir->plain || e->ctx->switches & TCG_OFF_GROUP) {
        return;
    }
    share_forget(&s, TCG_GLOBALS + ir->temps);
    s.sure = true;
    s.loop = share_may_loop(ir) && !(e->ctx->switches & TCG_OFF_STRIDE);
    for (s.index = 0; s.index < ir->count; s.index++) {
        share_insn(&s, &ir->insns[s.index]);
    }
}

bool share_follows(const Emit *e, uint32_t index)
{
    unsigned n = e->share[index].group;
    return n && (e->groups[n - 1].ahead || e->groups[n - 1].first != index);
}

bool share_is_joined(const Emit *e, uint32_t index)
{
    return share_follows(e, index) &&
           e->groups[e->share[index].group - 1].joined;
}

/* ---- while code is emitted -------------------------------------------- */

ShareGroup *share_group(const Emit *e)
{
    unsigned n = e->share[e->index].group;
    ShareGroup *g = n ? &e->groups[n - 1] : NULL;

    return g && (g->ahead || g->first != g->last) ? g : NULL;
}

bool share_leads(const Emit *e, const ShareGroup *g)
{
    return g && !g->ahead && g->first == e->index;
}

int32_t share_at(const Emit *e)
{
    return e->share[e->index].at;
}

bool share_fits(const ShareGroup *g, int64_t disp)
{
    return asm_fits32(disp + g->low) && asm_fits32(disp + g->low + g->size);
}

/* There is always a place: not more groups are open at a time. */
void share_begin(Emit *e, ShareGroup *g)
{
    unsigned free = ~e->places & ((1u << TCG_SHARED) - 1);

    G_STATIC_ASSERT(SHARE_OPEN <= TCG_SHARED);
    g->place = __builtin_ctz(free);
    e->places |= 1u << g->place;
}

void share_end(Emit *e)
{
    const ShareGroup *g = share_group(e);

    if (g && g->last == e->index && !g->fixed) {
        e->places &= ~(1u << g->place);
        held_forget(e, held_group(e, g));
    }
}
