/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sampler is a thread of its own. A vCPU only copies its pc and its stack,
 * between two instructions (vcpu_call()); names are looked for here. Halted
 * processors are left asleep.
 *
 * The kernel's image is copied and searched when the first sample inside it
 * comes, and again, at most every RETRY_US, while there are samples outside of
 * what is known: it may have been too early, or the guest began anew.
 *
 * lock guards stacks and counts; busy is held while vCPUs are asked.
 */
#include "system/profile/profile.h"

#include <string.h>
#include <urcu.h>

#include "system/profile/flame.h"
#include "system/profile/sample.h"
#include "system/profile/unwind.h"
#include "util/error.h"

#define KERNEL_FIRST UINT64_C(0xffffffff80000000) /* Linux's own image */
#define MODULES_FIRST UINT64_C(0xffffffffc0000000)

enum {
    DEPTH_MAX = 64,
    STACKS_MAX = 20000, /* different ones; the rest is [other] */
    RETRY_US = 1000000,
    REPORT_ROWS = 30,
};

struct Profile {
    GPtrArray *vcpus;
    Accel *const *accel;
    unsigned hz;
    GThread *thread;
    bool quit; /* atomic */
    GMutex busy, lock;

    /* The sampler's. */
    Sample sample;
    KernelImage image; /* bytes NULL: unknown */
    Kallsyms *symbols;
    gint64 searched; /* when last */

    GHashTable *stacks; /* char * to count */
    guint64 samples, halted;
    gint64 started, ran_us;
};

/* ---- Names
 * -------------------------------------------------------------------
 */

typedef struct ProfileJob {
    Profile *p;
    Accel *accel;
    uint8_t *bytes; /* of a new image */
    uint64_t base;
    size_t size;
} ProfileJob;

static void profile_image_job(X86Cpu *cpu, void *opaque)
{
    ProfileJob *job = opaque;

    job->bytes = sample_image(cpu, job->p->sample.pc, &job->base, &job->size);
}

static void profile_forget_image(Profile *p)
{
    g_free((void *)p->image.bytes);
    p->image = (KernelImage){};
    kallsyms_free(p->symbols);
    p->symbols = NULL;
}

static void profile_search(Profile *p, Vcpu *vcpu)
{
    ProfileJob job = { .p = p };
    gint64 now = g_get_monotonic_time();

    if (p->searched && now - p->searched < RETRY_US) {
        return;
    }
    vcpu_call(vcpu, profile_image_job, &job);
    if (job.bytes) {
        profile_forget_image(p);
        p->image = (KernelImage){ job.base, job.bytes, job.size };
        p->symbols = kallsyms_find(&p->image);
    }
    p->searched = g_get_monotonic_time();
}

static bool profile_knows(const Profile *p, uint64_t pc)
{
    return p->symbols && pc - p->image.base < p->image.size;
}

/* "outer;inner" of the sample. */
static void profile_fold(Profile *p, GString *out)
{
    const Sample *s = &p->sample;
    const char *names[DEPTH_MAX];
    unsigned depth;

    g_string_truncate(out, 0);
    if (s->user) {
        g_string_append(out, "[user]");
    } else if (!s->long_mode) {
        g_string_append(out, "[firmware]");
    } else if (!p->symbols) {
        g_string_append(out, "[kernel]");
    } else {
        depth = unwind_kernel(&p->image, p->symbols, s->pc, s->words, s->count,
                              names, DEPTH_MAX);
        g_string_append(out, "kernel");
        while (depth-- > 0) {
            g_string_append_printf(out, ";%s", names[depth]);
        }
    }
}

/* ---- The sampler
 * --------------------------------------------------------------
 */

static void profile_count(Profile *p, const char *stack)
{
    gpointer count;

    g_mutex_lock(&p->lock);
    p->samples++;
    if (!g_hash_table_contains(p->stacks, stack) &&
        g_hash_table_size(p->stacks) >= STACKS_MAX) {
        stack = "[other]";
    }
    count = g_hash_table_lookup(p->stacks, stack);
    g_hash_table_insert(p->stacks, g_strdup(stack),
                        GUINT_TO_POINTER(GPOINTER_TO_UINT(count) + 1));
    g_mutex_unlock(&p->lock);
}

static void profile_sample_job(X86Cpu *cpu, void *opaque)
{
    ProfileJob *job = opaque;

    if (job->accel->class->get_state(job->accel, cpu, NULL)) {
        sample_take(cpu, &job->p->sample);
    } else { /* it has no state to be shown: not counted as a sample */
        job->p->sample.halted = true;
    }
}

static void profile_ask(Profile *p, Vcpu *vcpu, GString *stack)
{
    const X86Cpu *cpu = vcpu_cpu(vcpu);
    ProfileJob job = { .p = p, .accel = *p->accel };

    if (!vcpu_running(vcpu)) {
        return;
    }
    if (!__atomic_load_n(&cpu->halted, __ATOMIC_RELAXED)) {
        vcpu_call(vcpu, profile_sample_job, &job);
    } else {
        p->sample.halted = true;
    }
    if (p->sample.halted) {
        p->halted++;
        return;
    }
    if (p->sample.pc >= KERNEL_FIRST && p->sample.pc < MODULES_FIRST &&
        !p->sample.user && !profile_knows(p, p->sample.pc)) {
        profile_search(p, vcpu);
    }
    profile_fold(p, stack);
    profile_count(p, stack->str);
}

static void *profile_main(void *opaque)
{
    Profile *p = opaque;
    g_autoptr(GString) stack = g_string_new(NULL);

    rcu_register_thread();
    while (!__atomic_load_n(&p->quit, __ATOMIC_ACQUIRE)) {
        g_usleep(G_USEC_PER_SEC / p->hz);
        g_mutex_lock(&p->busy);
        for (unsigned n = 0; n < p->vcpus->len; n++) {
            profile_ask(p, p->vcpus->pdata[n], stack);
        }
        g_mutex_unlock(&p->busy);
    }
    rcu_unregister_thread();
    return NULL;
}

/* ---- From outside
 * -------------------------------------------------------------
 */

Profile *profile_start(GPtrArray *vcpus, Accel *const *accel, unsigned hz,
                       GError **errp)
{
    Profile *p = g_new0(Profile, 1);

    p->vcpus = vcpus;
    p->accel = accel;
    p->hz = hz;
    p->stacks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    p->started = g_get_monotonic_time();
    g_mutex_init(&p->busy);
    g_mutex_init(&p->lock);
    p->thread = g_thread_try_new("profile", profile_main, p, errp);
    if (!p->thread) {
        profile_free(p);
        return NULL;
    }
    return p;
}

void profile_stop(Profile *p)
{
    if (p->thread) {
        __atomic_store_n(&p->quit, true, __ATOMIC_RELEASE);
        g_thread_join(p->thread);
        p->thread = NULL;
        p->ran_us = g_get_monotonic_time() - p->started;
    }
}

void profile_free(Profile *p)
{
    if (!p) {
        return;
    }
    profile_stop(p);
    profile_forget_image(p);
    g_hash_table_destroy(p->stacks);
    g_mutex_clear(&p->busy);
    g_mutex_clear(&p->lock);
    g_free(p);
}

bool profile_running(const Profile *p)
{
    return p->thread != NULL;
}

void profile_hold(Profile *p)
{
    if (p) {
        g_mutex_lock(&p->busy);
    }
}

void profile_release(Profile *p)
{
    if (p) {
        g_mutex_unlock(&p->busy);
    }
}

/* ---- Reports
 * ------------------------------------------------------------------
 */

typedef struct ProfileRow {
    char *name;
    guint64 self, total;
} ProfileRow;

static ProfileRow *profile_row(GHashTable *rows, const char *name, gsize len)
{
    g_autofree char *key = g_strndup(name, len);
    ProfileRow *row = g_hash_table_lookup(rows, key);

    if (!row) {
        row = g_new0(ProfileRow, 1);
        row->name = g_steal_pointer(&key);
        g_hash_table_insert(rows, row->name, row);
    }
    return row;
}

static void profile_row_free(void *opaque)
{
    ProfileRow *row = opaque;

    g_free(row->name);
    g_free(row);
}

/* A function that calls itself counts once. */
static void profile_add_stack(GHashTable *rows, const char *stack, guint count)
{
    g_auto(GStrv) names = g_strsplit(stack, ";", -1);

    for (unsigned n = 0; names[n]; n++) {
        ProfileRow *row = profile_row(rows, names[n], strlen(names[n]));
        bool again = false;

        for (unsigned k = 0; k < n && !again; k++) {
            again = !strcmp(names[k], names[n]);
        }
        row->total += again ? 0 : count;
        row->self += names[n + 1] ? 0 : count;
    }
}

/* keys: of a table's strings; else its values. */
static GPtrArray *profile_list(GHashTable *table, bool keys)
{
    GPtrArray *list = g_ptr_array_sized_new(g_hash_table_size(table));
    GHashTableIter iter;
    gpointer key, value;

    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        g_ptr_array_add(list, keys ? key : value);
    }
    return list;
}

static int profile_compare_rows(const void *a, const void *b)
{
    const ProfileRow *x = *(ProfileRow *const *)a, *y = *(ProfileRow *const *)b;

    return x->self != y->self ? (x->self < y->self) - (x->self > y->self)
                              : strcmp(x->name, y->name);
}

static gint64 profile_time(const Profile *p)
{
    return p->thread ? g_get_monotonic_time() - p->started : p->ran_us;
}

static void profile_print_rows(const Profile *p, GHashTable *rows, GString *out)
{
    g_autoptr(GPtrArray) sorted = profile_list(rows, false);
    double share = 100.0 / MAX(p->samples, 1);

    g_ptr_array_sort(sorted, profile_compare_rows);
    g_string_append(out, "   self   total  function\n");
    for (unsigned n = 0; n < MIN(sorted->len, REPORT_ROWS); n++) {
        const ProfileRow *row = sorted->pdata[n];

        g_string_append_printf(out, "%6.1f%% %6.1f%%  %s\n", row->self * share,
                               row->total * share, row->name);
    }
}

void profile_report(Profile *p, GString *out)
{
    g_autoptr(GHashTable) rows =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, profile_row_free);
    GHashTableIter iter;
    gpointer stack, count;

    g_mutex_lock(&p->lock);
    g_string_append_printf(out,
                           "%" G_GUINT64_FORMAT
                           " samples in %.1f s, %" G_GUINT64_FORMAT
                           " times a processor was halted%s\n",
                           p->samples, profile_time(p) / 1e6, p->halted,
                           profile_running(p) ? "" : "; stopped");
    g_hash_table_iter_init(&iter, p->stacks);
    while (g_hash_table_iter_next(&iter, &stack, &count)) {
        profile_add_stack(rows, stack, GPOINTER_TO_UINT(count));
    }
    profile_print_rows(p, rows, out);
    g_mutex_unlock(&p->lock);
}

static int profile_compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void profile_folded(Profile *p, GString *out)
{
    g_autoptr(GPtrArray) stacks = profile_list(p->stacks, true);

    g_ptr_array_sort(stacks, profile_compare_text);
    for (unsigned n = 0; n < stacks->len; n++) {
        const char *stack = stacks->pdata[n];

        g_string_append_printf(
            out, "%s %u\n", stack,
            GPOINTER_TO_UINT(g_hash_table_lookup(p->stacks, stack)));
    }
}

bool profile_write(Profile *p, const char *path, GError **errp)
{
    g_autofree char *svg_path = g_strconcat(path, ".svg", NULL);
    g_autoptr(GString) folded = g_string_new(NULL);
    g_autoptr(GString) svg = g_string_new(NULL);

    g_mutex_lock(&p->lock);
    g_autofree char *title =
        g_strdup_printf("%" G_GUINT64_FORMAT " samples in %.1f s", p->samples,
                        profile_time(p) / 1e6);

    profile_folded(p, folded);
    flame_svg(p->stacks, title, svg);
    g_mutex_unlock(&p->lock);
    return g_file_set_contents(path, folded->str, folded->len, errp) &&
           g_file_set_contents(svg_path, svg->str, svg->len, errp);
}
