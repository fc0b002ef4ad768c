/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pages KVM's guest wrote: exactly these, in every way that KVM has to
 * tell; where it fails, all of them. */
#include "accel/kvm/kvm.h"
#include "tests/accel/bare.h"
#include "util/log.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <urcu.h>

enum {
    CODE = 0x1000,
    TABLES = 0x4000,
    FIRST = 0x100000, /* that the program writes to */
    PAGES = BARE_RAM / PAGE_SIZE,
    RING = 1024, /* as in ways[] */
    FREE = (BARE_RAM - FIRST) / PAGE_SIZE,
};

/* ---- a KVM that fails ---------------------------------------------------- */

/* The program's own ioctl(): so many calls of this request fail; of
 * KVM_CHECK_EXTENSION those with this argument. */
static struct {
    unsigned long request;
    long argument;
    unsigned count;
} fault;

int ioctl(int fd, unsigned long request, ...)
{
    va_list ap;

    va_start(ap, request);
    long arg = va_arg(ap, long);
    va_end(ap);
    if (fault.count && request == fault.request &&
        (request != KVM_CHECK_EXTENSION || arg == fault.argument)) {
        fault.count--;
        errno = EIO;
        return -1;
    }
    return syscall(SYS_ioctl, fd, request, arg);
}

/* ---- a guest that writes ------------------------------------------------- */

static const struct {
    const char *name, *accel;
    long lacks; /* capability */
} ways[] = {
    { "ring", "kvm,kernel-irqchip=off,dirty-ring-size=1024" },
    { "bitmap", "kvm,kernel-irqchip=off" },
    { "bitmap-at-once", "kvm,kernel-irqchip=off",
      KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 },
};

static bool has(const char *capability)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *none = g_strdup_printf("  %-16s 0\n", capability);

    accel_class_find("kvm", NULL)->help(out);
    return !strstr(out->str, none);
}

static bool is_ring(gconstpointer way)
{
    return GPOINTER_TO_UINT(way) == 0;
}

/* NULL: skipped. The program comes out for every page, as a KVM that emulates
 * many instructions at once looks at its ring only then. */
static Bare *dirty_new(gconstpointer way)
{
    unsigned n = GPOINTER_TO_UINT(way);

    if (access("/dev/kvm", R_OK | W_OK) != 0) {
        g_test_skip("/dev/kvm cannot be opened");
        return NULL;
    }
    if (is_ring(way) && !has("dirty-ring")) {
        g_test_skip("KVM has no dirty ring");
        return NULL;
    }
    fault.request = KVM_CHECK_EXTENSION;
    fault.argument = ways[n].lacks;
    fault.count = ways[n].lacks != 0;
    Bare *m = bare_new(ways[n].accel);

    g_assert_cmpuint(fault.count, ==, 0);
    bare_long_mode(m, TABLES);
    BARE_CODE(m, CODE, 0x01, 0x0f, /* add %ecx, (%rdi) */
              0x48, 0x01, 0xf7,    /* add %rsi, %rdi */
              0xe6, 0x80,          /* out %al, $0x80 */
              0xff, 0xc9,          /* dec %ecx */
              0x75, 0xf5,          /* jnz */
              0xf4);
    return m;
}

/* The first bytes of `count` pages, every `step`th from page `first` of those
 * that are free. */
static void write_pages(Bare *m, unsigned first, unsigned count, unsigned step)
{
    g_autoptr(GError) err = NULL;

    g_assert(m->accel->class->get_state(m->accel, m->cpu, &err));
    m->cpu->env.r[X86_RDI] = FIRST + first * PAGE_SIZE;
    m->cpu->env.r[X86_RSI] = step * PAGE_SIZE;
    m->cpu->env.r[X86_RCX] = count;
    m->accel->class->put_state(m->accel, m->cpu);
    bare_run(m, CODE);
}

/* A processor may count its walks as writes (SDM 3C 29.3.5, for EPT). */
static bool is_table(unsigned page)
{
    return page - TABLES / PAGE_SIZE < 3;
}

/* Exactly these are dirty; they are not any more. */
static void expect(Bare *m, unsigned first, unsigned count, unsigned step)
{
    for (unsigned page = 0; page < PAGES; page++) {
        unsigned n = page - FIRST / PAGE_SIZE - first;
        bool is = page >= FIRST / PAGE_SIZE + first && n % step == 0 &&
                  n / step < count;

        if (!is_table(page) &&
            (ram_dirty_test(m->ram, DIRTY_DISPLAY, page * PAGE_SIZE) != is ||
             ram_dirty_test(m->ram, DIRTY_MIGRATION, page * PAGE_SIZE) != is)) {
            g_error("page %x: should %sbe dirty", page, is ? "" : "not ");
        }
    }
    ram_dirty_test_and_clear(m->ram, DIRTY_DISPLAY, 0, BARE_RAM);
    ram_dirty_test_and_clear(m->ram, DIRTY_MIGRATION, 0, BARE_RAM);
}

static void expect_all(Bare *m)
{
    for (unsigned page = 0; page < PAGES; page++) {
        g_assert(ram_dirty_test(m->ram, DIRTY_MIGRATION, page * PAGE_SIZE));
        g_assert(ram_dirty_test(m->ram, DIRTY_DISPLAY, page * PAGE_SIZE));
    }
    ram_dirty_test_and_clear(m->ram, DIRTY_DISPLAY, 0, BARE_RAM);
    ram_dirty_test_and_clear(m->ram, DIRTY_MIGRATION, 0, BARE_RAM);
}

static void sync_dirty(Bare *m)
{
    space_sync_dirty(m->memory, m->ram);
}

/* Logged, with the page tables' accessed bits set. */
static Bare *dirty_new_logged(gconstpointer way)
{
    Bare *m = dirty_new(way);

    if (m) {
        write_pages(m, 0, FREE, 1);
        space_log_dirty(m->memory, m->ram, true);
        expect_all(m); /* nobody knows */
        sync_dirty(m);
        expect(m, 0, 0, 1);
    }
    return m;
}

static void dirty_free(Bare *m)
{
    space_log_dirty(m->memory, m->ram, false);
    bare_free(m);
}

/* ---- the tests ----------------------------------------------------------- */

static void test_exact(gconstpointer way)
{
    Bare *m = dirty_new_logged(way);

    if (!m) {
        return;
    }
    for (unsigned i = 0; i < 3; i++) { /* the same pages are noticed again */
        write_pages(m, 5, 40, 7);
        sync_dirty(m);
        expect(m, 5, 40, 7);
        sync_dirty(m);
        expect(m, 0, 0, 1);
    }
    write_pages(m, FREE - 1, 1, 1);
    sync_dirty(m);
    expect(m, FREE - 1, 1, 1);
    dirty_free(m);
}

/* More than a ring holds: it comes out, and is emptied. */
static void test_many(gconstpointer way)
{
    Bare *m = dirty_new_logged(way);
    g_autoptr(GString) info = g_string_new(NULL);

    if (!m) {
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        write_pages(m, 0, FREE, 1);
        sync_dirty(m);
        expect(m, 0, FREE, 1);
    }
    m->accel->class->info(m->accel, info);
    g_assert_cmpint(strstr(info->str, "dirty ring full") != NULL, ==,
                    is_ring(way));
    g_assert_nonnull(
        strstr(info->str, is_ring(way) ? "rings of 1024, " : "bitmaps"));
    dirty_free(m);
}

/* ---- a copy of the memory of a guest that runs --------------------------- */

static void copy_dirty(Bare *m, uint8_t *copy)
{
    sync_dirty(m);
    for (uint64_t off = 0; off < BARE_RAM; off += PAGE_SIZE) {
        if (ram_dirty_test_and_clear(m->ram, DIRTY_MIGRATION, off, 1)) {
            memcpy(copy + off, m->ram->host + off, PAGE_SIZE);
        }
    }
}

typedef struct Writing {
    Bare *m;
    int done; /* atomic */
} Writing;

static void *writing_thread(void *opaque)
{
    Writing *w = opaque;

    rcu_register_thread();
    for (unsigned i = 0; i < 8; i++) {
        write_pages(w->m, 0, FREE, 1);
    }
    g_atomic_int_set(&w->done, 1);
    rcu_unregister_thread();
    return NULL;
}

static void test_copy(gconstpointer way)
{
    Bare *m = dirty_new_logged(way);

    if (!m) {
        return;
    }
    g_autofree uint8_t *copy = g_memdup2(m->ram->host, BARE_RAM);
    Writing w = { .m = m };
    GThread *thread = g_thread_new("writing", writing_thread, &w);

    while (!g_atomic_int_get(&w.done)) {
        copy_dirty(m, copy);
        g_usleep(100);
    }
    g_thread_join(thread);
    copy_dirty(m, copy);
    g_assert_cmpint(memcmp(copy, m->ram->host, BARE_RAM), ==, 0);
    dirty_free(m);
}

/* Who looks: the second asks for nothing new, the last leaves it unknown. */
static void test_clients(gconstpointer way)
{
    Bare *m = dirty_new_logged(way);

    if (!m) {
        return;
    }
    space_log_dirty(m->memory, m->ram, true);
    space_log_dirty(m->memory, m->ram, false);
    write_pages(m, 3, 1, 1);
    sync_dirty(m);
    expect(m, 3, 1, 1);
    space_log_dirty(m->memory, m->ram, false);
    write_pages(m, 4, 1, 1);
    space_log_dirty(m->memory, m->ram, true);
    expect_all(m);
    write_pages(m, 5, 1, 1);
    sync_dirty(m);
    expect(m, 5, 1, 1);
    dirty_free(m);
}

/* A slot goes with its log, and comes back. */
static void test_slot(gconstpointer way)
{
    Bare *m = dirty_new_logged(way);

    if (!m) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        write_pages(m, 8, 9, 3);
        region_set_enabled(&m->low, false);
        expect(m, 8, 9, 3);
        region_set_enabled(&m->low, true);
    }
    space_log_dirty(m->memory, m->ram, false);
    region_set_enabled(&m->low, false);
    expect_all(m);
    bare_free(m);
}

/* Another engine goes on. */
static void test_hand_over(gconstpointer way)
{
    Bare *m = dirty_new_logged(way);
    g_autoptr(GError) err = NULL;

    if (!m) {
        return;
    }
    write_pages(m, 2, 5, 2);
    bare_detach(m);
    m->accel->class->destroy(m->accel);
    expect(m, 2, 5, 2);
    m->accel = accel_create("tcg", m->memory, m->io, &err);
    g_assert_no_error(err);
    g_assert(m->accel->class->vcpu_init(m->accel, m->cpu, &err));
    sync_dirty(m); /* it knows at once */
    expect(m, 0, 0, 1);
    dirty_free(m);
}

/* ---- failures ------------------------------------------------------------ */

static void fail_calls(unsigned long request, unsigned count)
{
    fault.request = request;
    fault.count = count;
}

/* Once all that was said is this. */
static void expect_log(const char *path, const char *text)
{
    g_autofree char *log = NULL;

    g_assert(g_file_get_contents(path, &log, NULL, NULL));
    g_assert_cmpstr(log, ==, text);
}

static char *open_log(void)
{
    g_autoptr(GError) err = NULL;
    char *path = NULL;
    int fd = g_file_open_tmp("dirty-XXXXXX", &path, &err);

    g_assert_no_error(err);
    close(fd);
    g_assert(log_set_file(path, &err));
    return path;
}

static void close_log(char *path)
{
    g_assert(log_set_file("/dev/stderr", NULL));
    unlink(path);
    g_free(path);
}

/* Nothing is lost, and it is said once. */
static void test_get_fails(gconstpointer way)
{
    Bare *m = dirty_new_logged(way);

    if (!m) {
        return;
    }
    char *path = open_log();

    for (unsigned i = 0; i < 2; i++) {
        write_pages(m, 1, 1, 1);
        fail_calls(is_ring(way) ? KVM_RESET_DIRTY_RINGS : KVM_GET_DIRTY_LOG, 1);
        sync_dirty(m);
        expect_all(m);
    }
    expect_log(path, is_ring(way)
                         ? "kvm: KVM_RESET_DIRTY_RINGS: Input/output error\n"
                         : "kvm: KVM_GET_DIRTY_LOG: Input/output error\n");
    write_pages(m, 2, 1, 1);
    sync_dirty(m);
    if (is_ring(way)) {
        expect_all(m); /* they were not protected since */
        write_pages(m, 2, 1, 1);
        sync_dirty(m);
        expect(m, 2, 1, 1);
    } else {
        expect(m, 1, 2, 1);
    }
    close_log(path);
    dirty_free(m);
}

static void test_clear_fails(gconstpointer way)
{
    Bare *m = dirty_new_logged(way);

    if (!m) {
        return;
    }
    if (!has("manual-dirty-log")) {
        g_test_skip("KVM has no manual-dirty-log");
        dirty_free(m);
        return;
    }
    char *path = open_log();

    write_pages(m, 1, 1, 1);
    fail_calls(KVM_CLEAR_DIRTY_LOG, 1);
    sync_dirty(m);
    expect(m, 1, 1, 1);
    expect_log(path, "kvm: KVM_CLEAR_DIRTY_LOG: Input/output error\n");
    sync_dirty(m);
    expect(m, 1, 1, 1);
    sync_dirty(m);
    expect(m, 0, 0, 1);
    close_log(path);
    dirty_free(m);
}

/* A slot that KVM does not log. */
static void test_log_fails(gconstpointer way)
{
    Bare *m = dirty_new(way);

    if (!m) {
        return;
    }
    char *path = open_log();

    fail_calls(KVM_SET_USER_MEMORY_REGION, 1);
    space_log_dirty(m->memory, m->ram, true);
    for (unsigned i = 0; i < 2; i++) {
        sync_dirty(m);
        expect_all(m);
    }
    expect_log(path, "kvm: KVM_SET_USER_MEMORY_REGION 0+800000: "
                     "Input/output error\n");
    close_log(path);
    dirty_free(m);
}

static void expect_stop(Bare *m)
{
    g_autoptr(GError) err = NULL;

    g_assert(m->accel->class->get_state(m->accel, m->cpu, &err));
    m->cpu->env.r[X86_RDI] = FIRST;
    m->cpu->env.r[X86_RCX] = FREE;
    m->cpu->env.pc = CODE;
    m->cpu->halted = false;
    m->accel->class->put_state(m->accel, m->cpu);
    g_assert_cmpint(m->accel->class->run(m->accel, m->cpu), ==,
                    VCPU_EXIT_FAILED);
}

/* A full ring that cannot be emptied: the guest stops. */
static void test_full_fails(void)
{
    Bare *m = dirty_new_logged(GUINT_TO_POINTER(0));

    if (!m) {
        return;
    }
    char *path = open_log();

    fail_calls(KVM_RESET_DIRTY_RINGS, UINT_MAX);
    expect_stop(m);
    sync_dirty(m);
    expect_all(m);
    fault.count = 0;
    close_log(path);
    dirty_free(m);
}

/* A KVM that does not stop for a full ring: nothing is lost, and no vCPU goes
 * round in circles. */
static void test_overrun(void)
{
    Bare *m = dirty_new_logged(GUINT_TO_POINTER(0));

    if (!m) {
        return;
    }
    char *path = open_log();
    struct kvm_dirty_gfn *ring = kvm_vcpu(m->cpu)->ring;

    for (unsigned i = 0; i < RING; i++) {
        ring[i] = (struct kvm_dirty_gfn){ .flags = KVM_DIRTY_GFN_F_DIRTY };
    }
    for (unsigned i = 0; i < 2; i++) {
        sync_dirty(m);
        expect_all(m);
    }
    expect_log(path, "kvm: cpu 0: KVM wrote over its dirty ring; do without "
                     "dirty-ring-size, or with a larger one\n");
    expect_stop(m);
    close_log(path);
    dirty_free(m);
}

static void test_options(void)
{
    static const struct {
        const char *size, *says;
    } rows[] = {
        { "1000", "dirty-ring-size=1000: not a power of two" },
        { "2147483648", "dirty-ring-size=2147483648: KVM_CAP_DIRTY_LOG_RING" },
        { "1", "dirty-ring-size=1: KVM_CAP_DIRTY_LOG_RING" },
    };
    Bare *m = dirty_new(GUINT_TO_POINTER(0));

    for (unsigned i = 0; m && i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *spec =
            g_strdup_printf("kvm,dirty-ring-size=%s", rows[i].size);
        g_autoptr(GError) err = NULL;

        g_assert_null(accel_create(spec, m->memory, m->io, &err));
        g_assert_nonnull(strstr(err->message, rows[i].says));
    }
    if (m) {
        bare_free(m);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*fn)(gconstpointer way);
    } tests[] = {
        { "exact", test_exact },         { "many", test_many },
        { "clients", test_clients },     { "slot", test_slot },
        { "copy", test_copy },           { "hand-over", test_hand_over },
        { "get-fails", test_get_fails }, { "log-fails", test_log_fails },
    };

    g_test_init(&argc, &argv, NULL);
    for (unsigned way = 0; way < G_N_ELEMENTS(ways); way++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
            g_autofree char *path = g_strdup_printf(
                "/kvm/dirty/%s/%s", ways[way].name, tests[i].name);

            g_test_add_data_func(path, GUINT_TO_POINTER(way), tests[i].fn);
        }
    }
    g_test_add_data_func("/kvm/dirty/bitmap/clear-fails", GUINT_TO_POINTER(1),
                         test_clear_fails);
    g_test_add_func("/kvm/dirty/ring/full-fails", test_full_fails);
    g_test_add_func("/kvm/dirty/ring/overrun", test_overrun);
    g_test_add_func("/kvm/dirty/ring/options", test_options);
    return g_test_run();
}
