/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for a virtual CPU: one mapping, from low to high addresses
 *
 *   guard page | stack, TCG_STACK_SIZE | CPU struct, whole pages | guard page
 *
 * so that on x86-64 hosts rsp can point to the struct while translated code
 * runs, with room below it for calls and signal frames.
 */
#include "tcg/env.h"

#include <glib.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t env_guard_size(void)
{
    return sysconf(_SC_PAGESIZE);
}

static size_t env_round(size_t size)
{
    size_t page = env_guard_size();

    return (size + page - 1) / page * page;
}

static size_t env_mapping_size(size_t size)
{
    return 2 * env_guard_size() + TCG_STACK_SIZE + env_round(size);
}

void *tcg_env_alloc(size_t size)
{
    size_t guard = env_guard_size();
    char *base = mmap(NULL, env_mapping_size(size), PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (base == MAP_FAILED) {
        return NULL;
    }
    if (mprotect(base + guard, TCG_STACK_SIZE + env_round(size),
                 PROT_READ | PROT_WRITE) < 0) {
        munmap(base, env_mapping_size(size));
        return NULL;
    }
    tcg_slots_clear((TcgEnv *)(base + guard + TCG_STACK_SIZE), -1);
    return base + guard + TCG_STACK_SIZE;
}

void tcg_env_free(void *env, size_t size)
{
    if (env) {
        munmap((char *)env - TCG_STACK_SIZE - env_guard_size(),
               env_mapping_size(size));
    }
}

/* Its pages are the host's until they are used. */
TcgJump *tcg_jumps_new(void)
{
    void *jumps =
        mmap(NULL, TCG_JUMP_SIZE * sizeof(TcgJump), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (jumps == MAP_FAILED) {
        g_error("no memory for the cache of jumps");
    }
    return jumps;
}

void tcg_jumps_free(TcgJump *jumps)
{
    if (jumps) {
        munmap(jumps, TCG_JUMP_SIZE * sizeof(TcgJump));
    }
}

/* ---- slots: light, so not vectorised -----------------------------------
 */

#define LIGHT __attribute__((target("general-regs-only")))

/* The guard page below the stack serves as the inaccessible one. */
static LIGHT TcgSlot slot_empty(const TcgEnv *env)
{
    uintptr_t nowhere = (uintptr_t)env - TCG_STACK_SIZE - 4096;

    return (TcgSlot){ TCG_SLOT_EMPTY, nowhere - TCG_SLOT_EMPTY };
}

LIGHT void tcg_slots_clear(TcgEnv *env, int mode)
{
    const TcgSlot empty = slot_empty(env);
    unsigned first = mode < 0 ? 0 : mode;
    unsigned last = mode < 0 ? TCG_MODES - 1 : mode;

    for (unsigned m = first; m <= last; m++) {
        for (unsigned i = 0; i < TCG_SLOTS; i++) {
            env->slot[m][i] = empty;
        }
    }
}

LIGHT void tcg_slots_drop(TcgEnv *env, unsigned mode, uint64_t page)
{
    for (unsigned i = 0; i < TCG_SLOTS; i++) {
        TcgSlot *s = &env->slot[mode][i];
        if (s->page == page) {
            *s = slot_empty(env);
        }
    }
}

LIGHT void tcg_slots_drop_host(TcgEnv *env, const uint8_t *host)
{
    for (unsigned m = 0; m < TCG_MODES; m++) {
        for (unsigned i = 1; i < TCG_SLOTS; i += 2) {
            TcgSlot *s = &env->slot[m][i];
            if (s->page + s->addend == (uintptr_t)host) {
                *s = slot_empty(env);
            }
        }
    }
}
