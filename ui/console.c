/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Consoles: a display device's picture, for whoever looks. */
#include "ui/console.h"

struct Console {
    char *name;
    const ConsoleOps *ops;
    void *opaque;
    GMutex lock; /* guards surface; innermost */
    pixman_image_t *surface;
};

Console *console_new(const char *name, const ConsoleOps *ops, void *opaque)
{
    Console *con = g_new0(Console, 1);

    con->name = g_strdup(name);
    con->ops = ops;
    con->opaque = opaque;
    g_mutex_init(&con->lock);
    return con;
}

void console_free(Console *con)
{
    if (!con) {
        return;
    }
    console_set_surface(con, NULL);
    g_mutex_clear(&con->lock);
    g_free(con->name);
    g_free(con);
}

const char *console_name(const Console *con)
{
    return con->name;
}

void console_set_surface(Console *con, pixman_image_t *surface)
{
    pixman_image_t *old;

    g_mutex_lock(&con->lock);
    old = con->surface;
    con->surface = surface;
    g_mutex_unlock(&con->lock);
    if (old) {
        pixman_image_unref(old);
    }
}

pixman_image_t *console_snapshot(Console *con)
{
    pixman_image_t *surface = NULL;

    if (con->ops->invalidate) {
        con->ops->invalidate(con->opaque);
    }
    if (con->ops->update) {
        con->ops->update(con->opaque);
    }
    g_mutex_lock(&con->lock);
    if (con->surface) {
        surface = pixman_image_ref(con->surface);
    }
    g_mutex_unlock(&con->lock);
    return surface;
}
