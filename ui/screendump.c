/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A console's picture into a file, as PNG or as PPM (P6). */
#include <errno.h>
#include <glib/gstdio.h>
#include <png.h>
#include <stdio.h>
#include <string.h>

#include "ui/console.h"
#include "util/error.h"

typedef struct ScreendumpFormat {
    const char *name;
    const char *suffix;
    bool (*write)(FILE *file, pixman_image_t *image);
} ScreendumpFormat;

/* One row of x8r8g8b8 into bytes R, G, B. */
static void screendump_row(pixman_image_t *image, int y, uint8_t *out)
{
    int width = pixman_image_get_width(image);
    const uint8_t *data = (const uint8_t *)pixman_image_get_data(image);
    const uint32_t *row =
        (const uint32_t *)(data + (size_t)y * pixman_image_get_stride(image));

    for (int x = 0; x < width; x++) {
        *out++ = row[x] >> 16;
        *out++ = row[x] >> 8;
        *out++ = row[x];
    }
}

static bool screendump_ppm(FILE *file, pixman_image_t *image)
{
    int width = pixman_image_get_width(image);
    int height = pixman_image_get_height(image);
    g_autofree uint8_t *row = g_malloc(3 * (size_t)width);

    fprintf(file, "P6\n%d %d\n255\n", width, height);
    for (int y = 0; y < height; y++) {
        screendump_row(image, y, row);
        if (fwrite(row, 3, width, file) != (size_t)width) {
            return false;
        }
    }
    return true;
}

/* The library leaves by longjmp() on errors, so nothing in here is owned. */
static bool screendump_png_write(png_structp png, png_infop info, FILE *file,
                                 pixman_image_t *image, uint8_t *row)
{
    int height = pixman_image_get_height(image);

    if (setjmp(png_jmpbuf(png))) {
        return false;
    }
    png_init_io(png, file);
    png_set_IHDR(png, info, pixman_image_get_width(image), height, 8,
                 PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int y = 0; y < height; y++) {
        screendump_row(image, y, row);
        png_write_row(png, row);
    }
    png_write_end(png, NULL);
    return true;
}

static bool screendump_png(FILE *file, pixman_image_t *image)
{
    g_autofree uint8_t *row =
        g_malloc(3 * (size_t)pixman_image_get_width(image));
    png_structp png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool ok = info && screendump_png_write(png, info, file, image, row);

    png_destroy_write_struct(&png, &info);
    return ok;
}

static const ScreendumpFormat screendump_formats[] = {
    { "ppm", ".ppm", screendump_ppm },
    { "png", ".png", screendump_png },
};

/* format NULL: by the name's suffix; what is not .png is PPM. */
static const ScreendumpFormat *screendump_format(const char *path,
                                                 const char *format)
{
    const ScreendumpFormat *by_suffix = &screendump_formats[0];

    for (unsigned i = 0; i < G_N_ELEMENTS(screendump_formats); i++) {
        const ScreendumpFormat *f = &screendump_formats[i];

        if (format && !strcmp(f->name, format)) {
            return f;
        }
        if (g_str_has_suffix(path, f->suffix)) {
            by_suffix = f;
        }
    }
    return format ? NULL : by_suffix;
}

static bool screendump_write(const ScreendumpFormat *f, pixman_image_t *image,
                             const char *path, GError **errp)
{
    FILE *file = fopen(path, "wbe");
    bool ok;
    int err;

    if (!file) {
        return emu_fail_errno(errp, errno, "cannot create '%s'", path);
    }
    errno = 0;
    ok = f->write(file, image);
    err = errno;
    if (fclose(file) && ok) {
        ok = false;
        err = errno;
    }
    if (!ok) {
        g_unlink(path);
        return emu_fail_errno(errp, err ? err : EIO, "cannot write '%s'", path);
    }
    return true;
}

bool console_screendump(Console *con, const char *path, const char *format,
                        GError **errp)
{
    const ScreendumpFormat *f = screendump_format(path, format);
    pixman_image_t *image;
    bool ok;

    if (!f) {
        return emu_fail(errp, EMU_ERROR_INVALID,
                        "picture format '%s' is unknown; there are ppm and "
                        "png",
                        format);
    }
    image = console_snapshot(con);
    if (!image) {
        return emu_fail(errp, EMU_ERROR_NOT_FOUND,
                        "the display has no picture yet");
    }
    ok = screendump_write(f, image, path, errp);
    pixman_image_unref(image);
    return ok;
}
