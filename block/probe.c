/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which format is it? By the first sector. Formats of others that we cannot
 * read are recognised too, so that nobody takes them for raw and writes into
 * them.
 */
#include "block/node.h"

#include <string.h>

typedef struct ForeignMagic {
    const char *format;
    size_t off;
    const char *magic;
    size_t len;
} ForeignMagic;

static const ForeignMagic foreign_magics[] = {
    { "vmdk", 0, "KDMV", 4 },
    { "vmdk", 0, "COWD", 4 },
    { "vmdk", 0, "# Disk DescriptorFile", 21 },
    { "vhdx", 0, "vhdxfile", 8 },
    { "vpc", 0, "conectix", 8 },
    { "vdi", 0x40, "\x7f\x10\xda\xbe", 4 },
    { "qed", 0, "QED\0", 4 },
    { "qcow", 0, "QFI\xfb\0\0\0\1", 8 },
    { "luks", 0, "LUKS\xba\xbe", 6 },
    { "parallels", 0, "WithoutFreeSpace", 16 },
    { "parallels", 0, "WithouFreSpacExt", 16 },
    { "bochs", 0, "Bochs Virtual HD Image", 22 },
    {},
};

static const char *probe_foreign(const uint8_t *buf, size_t len)
{
    for (const ForeignMagic *m = foreign_magics; m->format; m++) {
        if (len >= m->off + m->len && !memcmp(buf + m->off, m->magic, m->len)) {
            return m->format;
        }
    }
    return NULL;
}

const BlockDriver *block_probe_buffer(const uint8_t *buf, size_t len,
                                      const char **name)
{
    const BlockDriver *best = &raw_driver;
    int best_score = 0;

    *name = probe_foreign(buf, len);
    if (*name) {
        return NULL;
    }
    for (const BlockDriver *const *d = block_formats; *d; d++) {
        int score = (*d)->probe ? (*d)->probe(buf, len) : 0;
        if (score > best_score) {
            best = *d;
            best_score = score;
        }
    }
    *name = best->name;
    return best;
}

const BlockDriver *block_probe(BlockNode *file, GError **errp)
{
    uint8_t buf[BLOCK_PROBE_BYTES];
    const char *name;
    int ret = node_pread(file, 0, buf, sizeof(buf));

    if (ret) {
        emu_fail_errno(errp, -ret, "could not read '%s'", file->filename);
        return NULL;
    }
    const BlockDriver *driver = block_probe_buffer(buf, sizeof(buf), &name);
    if (!driver) {
        emu_fail(errp, EMU_ERROR_UNSUPPORTED,
                 "'%s' is an image of format '%s', which is not supported "
                 "(say format=raw to use it as a plain disk)",
                 file->filename, name);
    }
    return driver;
}
