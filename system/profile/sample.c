/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See sample.h. The page tables are the guest's; a walk is bounded by nature.
 */
#include "system/profile/sample.h"

#include "accel/accel.h"

#include <string.h>

enum {
    STACK_SIZE = 16384,   /* of Linux, aligned to it */
    IMAGE_STEP = 2 << 20, /* Linux maps itself by large pages */
    IMAGE_STEPS_DOWN = 32,
    IMAGE_STEPS_UP = 64,
    IMAGE_HOLES = 8, /* steps: freed parts amid the image */
};

static bool sample_read(X86Cpu *cpu, uint64_t addr, void *buf, size_t len)
{
    uint8_t *to = buf;

    while (len > 0) {
        size_t part = MIN(len, PAGE_SIZE - addr % PAGE_SIZE);
        hwaddr paddr;

        if (!x86_mmu_peek(cpu, addr, &paddr) ||
            space_read(cpu->memory, paddr, to, part) != MEM_OK) {
            return false;
        }
        addr += part;
        to += part;
        len -= part;
    }
    return true;
}

void sample_take(X86Cpu *cpu, Sample *s)
{
    uint64_t sp = cpu->env.r[X86_RSP];
    unsigned left = (STACK_SIZE - sp % STACK_SIZE) / sizeof(s->words[0]);

    s->halted = cpu->halted || cpu->wait_sipi;
    s->user = cpu->key.cpl == 3;
    s->long_mode = cpu->key.code == X86_CODE64;
    s->pc = cpu->env.pc;
    s->count = 0;
    if (s->halted || s->user || !s->long_mode) {
        return;
    }
    while (s->count < left) {
        unsigned page = (PAGE_SIZE - sp % PAGE_SIZE) / sizeof(s->words[0]);
        unsigned n = MIN(MAX(page, 1), left - s->count);

        if (!sample_read(cpu, sp, s->words + s->count,
                         n * sizeof(s->words[0]))) {
            return;
        }
        s->count += n;
        sp += n * sizeof(s->words[0]);
    }
}

static bool sample_present(X86Cpu *cpu, uint64_t addr)
{
    hwaddr paddr;

    return x86_mmu_peek(cpu, addr, &paddr);
}

uint8_t *sample_image(X86Cpu *cpu, uint64_t pc, uint64_t *base, size_t *size)
{
    uint64_t first = pc / IMAGE_STEP * IMAGE_STEP, last = first;

    if (!sample_present(cpu, pc)) {
        return NULL;
    }
    for (unsigned n = 0; n < IMAGE_STEPS_DOWN; n++) {
        if (!sample_present(cpu, first - IMAGE_STEP)) {
            break;
        }
        first -= IMAGE_STEP;
    }
    for (unsigned n = 1, hole = 0; n < IMAGE_STEPS_UP && hole < IMAGE_HOLES;
         n++) {
        uint64_t at = pc / IMAGE_STEP * IMAGE_STEP + n * (uint64_t)IMAGE_STEP;

        hole = sample_present(cpu, at) ? 0 : hole + 1;
        last = hole ? last : at;
    }
    *base = first;
    *size = last - first + IMAGE_STEP;
    uint8_t *image = g_try_malloc0(*size);

    for (size_t at = 0; image && at < *size; at += PAGE_SIZE) {
        sample_read(cpu, first + at, image + at, PAGE_SIZE);
    }
    return image;
}
