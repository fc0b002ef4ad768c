/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tlb.c does to one table, for tlb-spaces.c, which knows them all. Light.
 */
#ifndef ACCEL_TCG_TLB_H
#define ACCEL_TCG_TLB_H

#include <stdbool.h>
#include <stdint.h>

typedef struct TcgTlb TcgTlb;
typedef struct TcgVcpu TcgVcpu;

/* The first time: make it empty. */
void tlb_prepare(TcgTlb *tlb);
void tlb_sweep_all(TcgTlb *tlb);
/* What is not global. False: there was nothing to do. */
bool tlb_sweep_local(TcgTlb *tlb);
/* A page in the present space, with its slots. */
void tlb_sweep_page(TcgVcpu *v, unsigned mode, uint64_t addr);
/* In a space that is not present: it has no slots. */
void tlb_sweep_global_page(TcgTlb *tlb, uint64_t addr);
/* Stores to a host page are watched from now on. */
void tlb_close(TcgTlb *tlb, const uint8_t *host);
/* The slots of a mode, and what is noted beside them. */
void tlb_clear_slots(TcgVcpu *v, unsigned mode);
/* A host page has a write entry, or gets one: engine.h, 6. */
void tlb_note_open(TcgVcpu *v, const uint8_t *host);

#endif
