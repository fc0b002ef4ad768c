/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes come and go: allocation, references, the list of formats. */
#include "block/node.h"

#include <string.h>

const BlockDriver *const block_formats[] = {
    &raw_driver,
    &qcow2_driver,
    NULL,
};

const BlockDriver *block_format_find(const char *name)
{
    for (const BlockDriver *const *d = block_formats; *d; d++) {
        if (!strcmp((*d)->name, name)) {
            return *d;
        }
    }
    return NULL;
}

BlockNode *block_node_new(const BlockDriver *driver, const char *filename)
{
    BlockNode *node = g_malloc0(driver->size);

    node->driver = driver;
    node->refs = 1;
    node->filename = g_strdup(filename);
    node->cluster_size = BLOCK_SECTOR;
    range_lock_init(&node->ranges);
    return node;
}

BlockNode *block_node_ref(BlockNode *node)
{
    __atomic_fetch_add(&node->refs, 1, __ATOMIC_RELAXED);
    return node;
}

static void block_node_free(BlockNode *node)
{
    if (node->driver->close) {
        node->driver->close(node);
    }
    block_node_unref(node->file);
    block_node_unref(node->backing);
    range_lock_clear(&node->ranges);
    g_free(node->filename);
    g_free(node->backing_name);
    g_free(node->backing_format);
    g_free(node);
}

void block_node_unref(BlockNode *node)
{
    if (node && __atomic_sub_fetch(&node->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        block_node_free(node);
    }
}
