/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * emu-img: make, examine and convert disk images. Options, output and exit
 * codes are qemu-img's, so that scripts need no change.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tools/img/img.h"

#define IMG_VERSION "0.1.0"

static const ImgCommand img_commands[] = {
    { "check", "[-q] [-f fmt] [--output=ofmt] [-r [leaks | all]] [-U] filename",
      img_check },
    { "compare", "[-f fmt] [-F fmt] [-p] [-q] [-s] [-U] filename1 filename2",
      img_compare },
    { "convert",
      "[-U] [-c] [-p] [-q] [-n] [--target-is-zero] [-f fmt] [-t cache] "
      "[-T src_cache] [-O output_fmt] [-B backing_file [-F backing_fmt]] "
      "[-o options] [-S sparse_size] [-m num] [-W] filename [filename2 [...]] "
      "output_filename",
      img_convert },
    { "create",
      "[-q] [-f fmt] [-b backing_file [-F backing_fmt]] [-u] [-o options] "
      "filename [size]",
      img_create },
    { "info", "[-f fmt] [--output=ofmt] [--backing-chain] [-U] filename",
      img_info },
    { "map",
      "[-f fmt] [--start-offset=offset] [--max-length=len] [--output=ofmt] "
      "[-U] filename",
      img_map },
    { "measure",
      "[--output=ofmt] [-O output_fmt] [-o options] [--size N | [-f fmt] "
      "filename]",
      img_measure },
    { "resize", "[-f fmt] [-q] [--shrink] filename [+ | -]size", img_resize },
    {},
};

static int img_help(void)
{
    printf("emu-img version " IMG_VERSION "\n"
           "usage: emu-img command [command options]\n"
           "Disk images: make, examine, convert\n\nCommands:\n");
    for (const ImgCommand *c = img_commands; c->name; c++) {
        printf("  %s %s\n", c->name, c->usage);
    }
    printf("\nSupported formats:");
    for (const BlockDriver *const *d = block_formats; *d; d++) {
        printf(" %s", (*d)->name);
    }
    printf("\n");
    return 0;
}

static int img_unknown(const char *word)
{
    const char *names[G_N_ELEMENTS(img_commands)];
    size_t n = 0;

    for (; img_commands[n].name; n++) {
        names[n] = img_commands[n].name;
    }
    const char *near = emu_nearest(word, names, n);
    img_error("Command not found: %s%s%s%s", word,
              near ? " (did you mean '" : "", near ? near : "",
              near ? "'?)" : "");
    fprintf(stderr, "Try 'emu-img --help' for more information\n");
    return 1;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "--help";

    signal(SIGXFSZ, SIG_IGN); /* a write past the limit fails instead */
    if (!strcmp(word, "--help") || !strcmp(word, "-h") ||
        !strcmp(word, "help")) {
        return img_help();
    }
    if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
        printf("emu-img version " IMG_VERSION "\n");
        return 0;
    }
    for (const ImgCommand *c = img_commands; c->name; c++) {
        if (!strcmp(c->name, word)) {
            return c->run(argc - 1, argv + 1);
        }
    }
    return img_unknown(word);
}
