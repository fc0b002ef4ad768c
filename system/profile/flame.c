/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stacks, sorted, become a tree; a frame is a box as wide as its share, upon
 * that of its caller. Names, counts and shares are the boxes' tooltips. Boxes
 * too narrow to be seen are left out.
 */
#include "system/profile/flame.h"

#include <string.h>

enum { WIDTH = 1200, MARGIN = 10, ROW = 17, TITLE = 40, CHARACTER = 7 };

typedef struct Frame Frame;
struct Frame {
    char *name;
    guint64 count;
    GPtrArray *children; /* of Frame, in the order of their names */
};

static Frame *frame_new(const char *name, gsize len)
{
    Frame *f = g_new0(Frame, 1);

    f->name = g_strndup(name, len);
    f->children = g_ptr_array_new();
    return f;
}

static void frame_free(Frame *f)
{
    for (unsigned n = 0; n < f->children->len; n++) {
        frame_free(f->children->pdata[n]);
    }
    g_ptr_array_free(f->children, TRUE);
    g_free(f->name);
    g_free(f);
}

static Frame *frame_child(Frame *f, const char *name, gsize len)
{
    for (unsigned n = 0; n < f->children->len; n++) {
        Frame *child = f->children->pdata[n];
        if (strlen(child->name) == len && !memcmp(child->name, name, len)) {
            return child;
        }
    }
    Frame *child = frame_new(name, len);

    g_ptr_array_add(f->children, child);
    return child;
}

static void frame_add(Frame *root, const char *stack, guint count)
{
    Frame *f = root;

    f->count += count;
    while (*stack) {
        gsize len = strcspn(stack, ";");

        f = frame_child(f, stack, len);
        f->count += count;
        stack += len + (stack[len] == ';');
    }
}

static int frame_compare(const void *a, const void *b)
{
    return strcmp((*(Frame *const *)a)->name, (*(Frame *const *)b)->name);
}

static unsigned frame_depth(const Frame *f)
{
    unsigned most = 0;

    for (unsigned n = 0; n < f->children->len; n++) {
        unsigned depth = frame_depth(f->children->pdata[n]);
        most = MAX(most, depth);
    }
    return most + 1;
}

/* A warm colour that a name always has. */
static unsigned frame_colour(const char *name)
{
    unsigned h = g_str_hash(name);

    return (205 + h % 50) << 16 | (60 + h / 50 % 130) << 8 | h / 6500 % 55;
}

static void frame_box(const Frame *f, double x, double width, unsigned y,
                      guint64 total, GString *out)
{
    g_autofree char *name = g_markup_escape_text(f->name, -1);
    char left[G_ASCII_DTOSTR_BUF_SIZE], wide[G_ASCII_DTOSTR_BUF_SIZE];
    int room = (int)width / CHARACTER;

    g_ascii_formatd(left, sizeof(left), "%.1f", x);
    g_ascii_formatd(wide, sizeof(wide), "%.1f", width);
    g_string_append_printf(
        out,
        "<g><title>%s: %" G_GUINT64_FORMAT " samples, %" G_GUINT64_FORMAT
        ".%" G_GUINT64_FORMAT " %%</title><rect x=\"%s\" y=\"%u\" "
        "width=\"%s\" height=\"%d\" rx=\"2\" fill=\"#%06x\"/>",
        name, f->count, f->count * 100 / total, f->count * 1000 / total % 10,
        left, y, wide, ROW - 1, frame_colour(f->name));
    if (room >= 3) {
        g_autofree char *cut = g_strndup(f->name, room);
        g_autofree char *text = g_markup_escape_text(cut, -1);
        g_string_append_printf(out,
                               "<text x=\"%s\" dx=\"3\" y=\"%u\">%s</text>",
                               left, y + 12, text);
    }
    g_string_append(out, "</g>\n");
}

static void frame_draw(Frame *f, double x, unsigned y, guint64 total,
                       GString *out)
{
    double width = (double)f->count * (WIDTH - 2 * MARGIN) / total;

    if (width < 0.3) {
        return;
    }
    frame_box(f, x, width, y, total, out);
    g_ptr_array_sort(f->children, frame_compare);
    for (unsigned n = 0; n < f->children->len; n++) {
        Frame *child = f->children->pdata[n];

        frame_draw(child, x, y - ROW, total, out);
        x += (double)child->count * (WIDTH - 2 * MARGIN) / total;
    }
}

void flame_svg(GHashTable *stacks, const char *title, GString *out)
{
    Frame *root = frame_new("all", 3);
    GHashTableIter iter;
    gpointer stack, count;

    g_hash_table_iter_init(&iter, stacks);
    while (g_hash_table_iter_next(&iter, &stack, &count)) {
        frame_add(root, stack, GPOINTER_TO_UINT(count));
    }
    unsigned height = TITLE + MARGIN + frame_depth(root) * ROW;
    g_autofree char *text = g_markup_escape_text(title, -1);

    g_string_append_printf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
        "font-family=\"monospace\" font-size=\"11\">\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"#fffbf0\"/>\n"
        "<text x=\"%d\" y=\"24\" font-size=\"16\">%s</text>\n",
        WIDTH, height, MARGIN, text);
    if (root->count) {
        frame_draw(root, MARGIN, height - MARGIN - ROW, root->count, out);
    }
    g_string_append(out, "</svg>\n");
    frame_free(root);
}
