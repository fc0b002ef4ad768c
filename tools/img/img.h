/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * emu-img: what its commands share. A command parses its own options, prints
 * to stdout, and returns the process's exit status; errors are reported by
 * img_error().
 */
#ifndef TOOLS_IMG_IMG_H
#define TOOLS_IMG_IMG_H

#include <getopt.h>
#include <stdbool.h>

#include "block/node.h"
#include "util/keyval.h"

typedef struct ImgCommand {
    const char *name;
    const char *usage;
    int (*run)(int argc, char **argv);
} ImgCommand;

int img_create(int argc, char **argv);
int img_info(int argc, char **argv);
int img_convert(int argc, char **argv);
int img_check(int argc, char **argv);
int img_map(int argc, char **argv);
int img_resize(int argc, char **argv);
int img_compare(int argc, char **argv);
int img_measure(int argc, char **argv);

enum { IMG_OPT_OUTPUT = 256, IMG_OPT_LONG }; /* first codes of long options */

/* Prints "emu-img: text" to stderr; returns 1. */
int img_error(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
int img_gerror(const GError *err); /* 1 */

/* cache: a -t/-T mode, NULL: the default. */
BlockNode *img_open(const char *path, const char *format, bool writable,
                    bool share, const char *cache, GError **errp);
bool img_cache_mode(const char *mode, BlockOpenOptions *o, GError **errp);
/* --output=human|json. */
bool img_output_is_json(const char *arg, bool *json, GError **errp);
/* Adds "a=b,c=d" to options; false with a message on nonsense. */
bool img_add_options(KeyVal *options, const char *text, GError **errp);

/* "    (12.34/100%)\r" on a terminal line, at most a hundred times. */
typedef struct ImgProgress {
    bool on;
    double shown;
} ImgProgress;
void img_progress(ImgProgress *p, double percent);
void img_progress_end(ImgProgress *p);

/* JSON as qemu-img lays it out. Values are written where they are met. */
typedef struct ImgJson {
    GString *text;
    unsigned depth;
    bool first;
} ImgJson;
void img_json_open(ImgJson *j, const char *name, char bracket);
void img_json_close(ImgJson *j, char bracket);
void img_json_raw(ImgJson *j, const char *name, const char *value);
void img_json_string(ImgJson *j, const char *name, const char *value);
void img_json_uint(ImgJson *j, const char *name, uint64_t value);
void img_json_bool(ImgJson *j, const char *name, bool value);

#endif
