/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making new images of any format from key=value options, as in -o. */
#ifndef BLOCK_CREATE_H
#define BLOCK_CREATE_H

#include "block/node.h"
#include "util/keyval.h"

/* Options of a format, ending with {}; NULL if images of it cannot be made. */
const KeyValKey *block_create_keys(const char *format);

/* Takes size, backing_file and backing_fmt from the options too. Without a
 * size the backing file's is taken. An existing file is overwritten. unsafe:
 * do not look at the backing file. */
bool block_create(const char *path, const char *format, const KeyVal *options,
                  bool unsafe, GError **errp);

/* Give every part of a new image its place on the host now. */
bool node_preallocate(BlockNode *node, GError **errp);

#endif
