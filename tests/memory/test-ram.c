/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RAM blocks: dirty bitmaps, the code hook, giving pages back. */
#include "memory/memory.h"

#include <string.h>

#include "util/error.h"

static void test_new(void)
{
    g_autoptr(GError) err = NULL;

    g_assert_null(ram_new("odd", 4097, &err));
    g_assert_error(err, EMU_ERROR, EMU_ERROR_INVALID);
    RamBlock *ram = ram_new("ram", 1 << 20, NULL);
    g_assert_nonnull(ram);
    g_assert_cmpuint(ram->host[12345], ==, 0);
    ram_free(ram);
    ram_free(NULL);
}

static void test_dirty(void)
{
    RamBlock *ram = ram_new("ram", 200 * PAGE_SIZE, NULL);

    g_assert_false(ram_dirty_test(ram, DIRTY_DISPLAY, 0));
    ram_dirty_set(ram, DIRTY_DISPLAY, 60 * PAGE_SIZE + 4095, 2);
    g_assert_false(ram_dirty_test(ram, DIRTY_DISPLAY, 59 * PAGE_SIZE));
    g_assert_true(ram_dirty_test(ram, DIRTY_DISPLAY, 60 * PAGE_SIZE));
    g_assert_true(ram_dirty_test(ram, DIRTY_DISPLAY, 61 * PAGE_SIZE));
    g_assert_false(ram_dirty_test(ram, DIRTY_DISPLAY, 62 * PAGE_SIZE));
    g_assert_false(ram_dirty_test(ram, DIRTY_MIGRATION, 60 * PAGE_SIZE));

    /* Across words, to the very last page. */
    ram_dirty_set(ram, DIRTY_MIGRATION, 0, 200 * PAGE_SIZE);
    g_assert_true(ram_dirty_test(ram, DIRTY_MIGRATION, 199 * PAGE_SIZE));
    g_assert_true(ram_dirty_test_and_clear(ram, DIRTY_MIGRATION, PAGE_SIZE,
                                           198 * PAGE_SIZE));
    g_assert_true(ram_dirty_test(ram, DIRTY_MIGRATION, 0));
    g_assert_false(ram_dirty_test(ram, DIRTY_MIGRATION, PAGE_SIZE));
    g_assert_false(ram_dirty_test(ram, DIRTY_MIGRATION, 198 * PAGE_SIZE));
    g_assert_true(ram_dirty_test(ram, DIRTY_MIGRATION, 199 * PAGE_SIZE));
    g_assert_false(ram_dirty_test_and_clear(ram, DIRTY_MIGRATION, PAGE_SIZE,
                                            198 * PAGE_SIZE));
    g_assert_false(ram_dirty_test_and_clear(ram, DIRTY_MIGRATION, 0, 0));
    ram_free(ram);
}

static void code_written(void *opaque, RamBlock *block, uint64_t off,
                         uint64_t len)
{
    g_string_append_printf(opaque, "%" PRIx64 "+%" PRIx64 " ", off, len);
}

static void test_code_hook(void)
{
    RamBlock *ram = ram_new("ram", 8 * PAGE_SIZE, NULL);
    g_autoptr(GString) log = g_string_new(NULL);

    ram->code_written = code_written;
    ram->code_opaque = log;
    ram_written(ram, 0, 8 * PAGE_SIZE);
    g_assert_cmpstr(log->str, ==, "");
    ram_dirty_set(ram, DIRTY_CODE, 2 * PAGE_SIZE, 1);
    ram_dirty_set(ram, DIRTY_CODE, 3 * PAGE_SIZE, 1);
    ram_written(ram, PAGE_SIZE, 2 * PAGE_SIZE + 16);
    g_assert_cmpstr(log->str, ==, "2000+1000 3000+10 ");
    ram_free(ram);
}

static void test_discard(void)
{
    RamBlock *ram = ram_new("ram", 16 * PAGE_SIZE, NULL);

    memset(ram->host, 0x5a, ram->size);
    g_assert_cmpuint(ram_resident(ram), ==, ram->size);
    g_assert_true(ram_discard(ram, PAGE_SIZE - 1, 2 * PAGE_SIZE + 1, NULL));
    g_assert_cmpuint(ram_resident(ram), ==, ram->size - 2 * PAGE_SIZE);
    g_assert_cmphex(ram->host[PAGE_SIZE - 1], ==, 0x5a);
    g_assert_cmphex(ram->host[PAGE_SIZE], ==, 0);
    g_assert_cmphex(ram->host[3 * PAGE_SIZE - 1], ==, 0);
    g_assert_cmphex(ram->host[3 * PAGE_SIZE], ==, 0x5a);
    g_assert_true(ram_dirty_test(ram, DIRTY_MIGRATION, PAGE_SIZE));
    g_assert_true(ram_discard(ram, 5, 100, NULL));
    g_assert_false(ram_discard(ram, 15 * PAGE_SIZE, 2 * PAGE_SIZE, NULL));
    g_assert_false(ram_discard(ram, UINT64_MAX, 2, NULL));
    ram_free(ram);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ram/new", test_new);
    g_test_add_func("/ram/dirty", test_dirty);
    g_test_add_func("/ram/code-hook", test_code_hook);
    g_test_add_func("/ram/discard", test_discard);
    return g_test_run();
}
