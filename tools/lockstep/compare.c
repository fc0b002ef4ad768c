/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must agree: all that x86_cpu_state[] saves, but for what the manual
 * leaves open; main memory; and what devices save.
 *
 * Left open are the upper halves of registers outside of 64-bit code, x87
 * instruction and data pointers (shown by each maker in a way of its own), and
 * the image of components that are in their initial state.
 */
#include "target/x86/xstate.h"
#include "tools/lockstep/lockstep.h"

#include <inttypes.h>
#include <string.h>

enum { COMPARE_PAGES_SHOWN = 8 };

/* ---- Registers ------------------------------------------------------------
 */

static void compare_canonical_fpu(X86Fpu *f)
{
    f->fop = f->reserved = 0;
    f->fip = f->fdp = 0;
    f->mxcsr_mask = 0;
    for (unsigned n = 0; n < G_N_ELEMENTS(f->st); n++) {
        memset(f->st[n].pad, 0, sizeof(f->st[n].pad));
    }
    memset(f->legacy_rest, 0, sizeof(f->legacy_rest));
    if (!(f->xstate_bv & 1)) {
        f->fcw = 0x37f;
        f->fsw = f->ftw = 0;
        memset(f->st, 0, sizeof(f->st));
    }
    if (!(f->xstate_bv & 2)) {
        memset(f->xmm, 0, sizeof(f->xmm));
    }
    for (unsigned n = 0; n < XSTATE_COUNT; n++) {
        const XState *x = &x86_xstates[n];
        if (x->image && !(f->xstate_bv >> x->number & 1)) {
            memset((uint8_t *)f + x->image, 0, x->size);
        }
    }
    memset(&f->xstate_bv, 0, 64);
}

/* What the manual defines of a CPU's saved state. */
static void compare_copy(const Side *s, X86Cpu *to)
{
    const X86Cpu *cpu = s->cpu;

    memcpy(to, cpu, sizeof(*to));
    compare_canonical_fpu(&to->fpu);
    for (unsigned n = 0; n < 16 && cpu->key.code != X86_CODE64; n++) {
        to->env.r[n] = (uint32_t)to->env.r[n];
    }
    to->env.flags = x86_flags_pack(x86_flags_unpack(to->env.flags));
    to->pending &= ~(X86_PENDING_STOP | X86_PENDING_FLUSH); /* the host's */
}

static uint64_t compare_value(const void *from, size_t size)
{
    uint64_t value = 0;

    memcpy(&value, from, MIN(size, sizeof(value)));
    return value;
}

/* Name the parts of a field that differ. */
static void compare_print_field(const StateField *f, const uint8_t *a,
                                const uint8_t *b, GString *what)
{
    size_t step = f->size > 8 ? 8 : f->size;

    for (size_t off = 0; off < f->size * f->count; off += step) {
        size_t n = MIN(step, f->size * f->count - off);

        if (memcmp(a + off, b + off, n)) {
            g_string_append_printf(
                what, "  %s%s%.0zu%s: %0*" PRIx64 " and %0*" PRIx64 "\n",
                f->name, f->size * f->count > n ? "[" : "",
                f->size * f->count > n ? off / step : 0,
                f->size * f->count > n ? "]" : "", (int)n * 2,
                compare_value(a + off, n), (int)n * 2,
                compare_value(b + off, n));
        }
    }
}

bool compare_registers(Side *a, Side *b, GString *what)
{
    X86Cpu ca, cb;
    bool same = true;

    compare_copy(a, &ca);
    compare_copy(b, &cb);
    for (const StateField *f = x86_cpu_state; f->name; f++) {
        const uint8_t *fa = (uint8_t *)&ca + f->offset;
        const uint8_t *fb = (uint8_t *)&cb + f->offset;

        if (memcmp(fa, fb, f->size * f->count)) {
            same = false;
            if (what) {
                compare_print_field(f, fa, fb, what);
            }
        }
    }
    if (a->count != b->count) {
        same = false;
        if (what) {
            g_string_append_printf(
                what, "  instructions: %" PRIu64 " and %" PRIu64 "\n", a->count,
                b->count);
        }
    }
    return same && a->result == b->result;
}

/* ---- Memory and devices ---------------------------------------------------
 */

static void compare_print_page(const Side *a, const Side *b, uint64_t page,
                               GString *what)
{
    const uint8_t *pa = a->ram->host + page, *pb = b->ram->host + page;

    for (unsigned off = 0; off < PAGE_SIZE; off += 8) {
        if (memcmp(pa + off, pb + off, 8)) {
            g_string_append_printf(what,
                                   "  memory %09" PRIx64 ": %016" PRIx64
                                   " and %016" PRIx64 "\n",
                                   page + off, compare_value(pa + off, 8),
                                   compare_value(pb + off, 8));
            return;
        }
    }
}

static bool compare_ram(const Side *a, const Side *b, GString *what)
{
    unsigned shown = 0;

    if (!memcmp(a->ram->host, b->ram->host, a->ram->size)) {
        return true;
    }
    for (uint64_t page = 0; what && page < a->ram->size; page += PAGE_SIZE) {
        if (memcmp(a->ram->host + page, b->ram->host + page, PAGE_SIZE) &&
            shown++ < COMPARE_PAGES_SHOWN) {
            compare_print_page(a, b, page, what);
        }
    }
    return false;
}

bool compare_written(Side *a, Side *b, GString *what)
{
    bool same = true, written = false;

    for (uint64_t page = 0; page < a->ram->size; page += PAGE_SIZE) {
        bool in_a = ram_dirty_test_and_clear(a->ram, DIRTY_MIGRATION, page, 1);
        bool in_b = ram_dirty_test_and_clear(b->ram, DIRTY_MIGRATION, page, 1);

        if (!in_a && !in_b) {
            continue;
        }
        written = true;
        if (memcmp(a->ram->host + page, b->ram->host + page, PAGE_SIZE)) {
            same = false;
            compare_print_page(a, b, page, what);
        }
    }
    if (written) { /* the next stores must be seen again */
        x86_set_pending(a->cpu, X86_PENDING_FLUSH);
        x86_set_pending(b->cpu, X86_PENDING_FLUSH);
    }
    return same;
}

typedef struct CompareDevices {
    GPtrArray *names;  /* of const char *, the classes' */
    GPtrArray *states; /* of GByteArray * */
} CompareDevices;

static bool compare_save_device(Device *dev, void *opaque)
{
    CompareDevices *d = opaque;
    GByteArray *bytes = g_byte_array_new();

    if (dev->class->state) {
        state_save(dev->class->state, dev, bytes);
    }
    g_ptr_array_add(d->names, (void *)dev->class->name);
    g_ptr_array_add(d->states, bytes);
    return true;
}

static void compare_save_devices(const Side *s, CompareDevices *d)
{
    d->names = g_ptr_array_new();
    d->states =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    board_walk(machine_board(s->m), compare_save_device, d);
}

static void compare_clear_devices(CompareDevices *d)
{
    g_ptr_array_unref(d->names);
    g_ptr_array_unref(d->states);
}

static bool compare_devices(const Side *a, const Side *b, GString *what)
{
    CompareDevices da, db;
    bool same = true;

    compare_save_devices(a, &da);
    compare_save_devices(b, &db);
    for (unsigned i = 0; i < da.states->len && i < db.states->len; i++) {
        const GByteArray *sa = da.states->pdata[i], *sb = db.states->pdata[i];

        if (sa->len != sb->len || memcmp(sa->data, sb->data, sa->len)) {
            same = false;
            if (what) {
                g_string_append_printf(what, "  device %s\n",
                                       (char *)da.names->pdata[i]);
            }
        }
    }
    compare_clear_devices(&da);
    compare_clear_devices(&db);
    return same;
}

bool compare_memory(Side *a, Side *b, GString *what)
{
    bool ram = compare_ram(a, b, what);

    return compare_devices(a, b, what) && ram;
}
