/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Without libFuzzer: run a fuzzer's function on the files of the command line.
 */
#include <glib.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    if (LLVMFuzzerInitialize) {
        LLVMFuzzerInitialize(&argc, &argv);
    }
    for (int i = 1; i < argc; i++) {
        g_autofree char *data = NULL;
        g_autoptr(GError) err = NULL;
        gsize size;

        g_file_get_contents(argv[i], &data, &size, &err);
        g_assert_no_error(err);
        LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    }
    return 0;
}
