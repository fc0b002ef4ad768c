/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log: items, suggestions, files, trace patterns. */
#include "util/log.h"

#include <glib/gstdio.h>
#include <string.h>

#include "util/error.h"

static void test_items(void)
{
    g_autoptr(GError) err = NULL;
    bool help = true;

    g_assert_true(log_set_items("unimp,guest_errors", &help, &err));
    g_assert_false(help);
    g_assert_cmphex(log_mask, ==, LOG_UNIMP | LOG_GUEST_ERRORS);
    g_assert_false(log_set_items("int,guest_eror", &help, &err));
    g_assert_error(err, EMU_ERROR, EMU_ERROR_INVALID);
    g_assert_nonnull(strstr(err->message, "guest_errors"));
    g_assert_cmphex(log_mask, ==, LOG_UNIMP | LOG_GUEST_ERRORS);
    g_assert_true(log_set_items("none", &help, NULL));
    g_assert_cmphex(log_mask, ==, 0);
}

static void test_file_and_trace(void)
{
    g_autofree char *dir = g_dir_make_tmp("emu-log-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "log", NULL);
    g_autofree char *text = NULL;
    g_autofree char *longer = g_strnfill(1000, 'x');
    bool help;

    g_assert_true(log_set_file(path, NULL));
    log_guest_error("not on\n");
    trace(rtc_read, "reg %02x", 1);
    g_assert_true(log_set_items("guest_errors,trace:rtc_*", &help, NULL));
    trace(rtc_read, "reg %02x", 2);
    trace(pit_read, "reg %02x", 3);
    log_guest_error("rtc: %d\n", 4);
    log_guest_error("%s\n", longer);
    log_enable_trace("pit_*");
    trace(pit_read, "reg %02x", 5);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_autofree char *expected = g_strdup_printf(
        "rtc_read reg 02\nrtc: 4\n%s\npit_read reg 05\n", longer);
    g_assert_cmpstr(text, ==, expected);
    g_assert_false(log_set_file("/nonexistent/log", NULL));
    g_unlink(path);
    g_rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log/items", test_items);
    g_test_add_func("/log/file-and-trace", test_file_and_trace);
    return g_test_run();
}
