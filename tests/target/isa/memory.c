/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The windows of memory that a case is given and that are compared. */
#include "tests/target/isa/isa.h"

#include <string.h>

static const struct {
    uint64_t addr;
    size_t off, len;
} mem_windows[] = {
    { ISA_DATA - 0x800, offsetof(IsaMem, data), 0x1400 },
    { ISA_STACK - 0x400, offsetof(IsaMem, stack), 0x800 },
    { ISA_END - 0x400, offsetof(IsaMem, end), 0x400 },
};

void isa_mem_get(IsaMem *mem)
{
    for (unsigned n = 0; n < G_N_ELEMENTS(mem_windows); n++) {
        memcpy((uint8_t *)mem + mem_windows[n].off,
               (const void *)mem_windows[n].addr, mem_windows[n].len);
    }
}

void isa_mem_put(const IsaMem *mem)
{
    for (unsigned n = 0; n < G_N_ELEMENTS(mem_windows); n++) {
        memcpy((void *)mem_windows[n].addr,
               (const uint8_t *)mem + mem_windows[n].off, mem_windows[n].len);
    }
}

void *isa_mem_at(IsaMem *mem, uint64_t addr, size_t len)
{
    for (unsigned n = 0; n < G_N_ELEMENTS(mem_windows); n++) {
        uint64_t off = addr - mem_windows[n].addr;
        if (off < mem_windows[n].len && len <= mem_windows[n].len - off) {
            return (uint8_t *)mem + mem_windows[n].off + off;
        }
    }
    return NULL;
}
