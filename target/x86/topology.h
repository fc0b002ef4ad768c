/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which threads make a core, which cores a die, which dies a package: an APIC
 * id has a field of bits for each, as wide as its count needs. SDM 3A 8.9.
 */
#ifndef TARGET_X86_TOPOLOGY_H
#define TARGET_X86_TOPOLOGY_H

#include <stdint.h>

typedef struct X86Topology {
    unsigned dies;    /* of a package; each is at least 1 */
    unsigned cores;   /* of a die */
    unsigned threads; /* of a core */
} X86Topology;

/* Where the field begins, from bit 0. */
unsigned x86_topology_core_shift(const X86Topology *t);
unsigned x86_topology_die_shift(const X86Topology *t);
unsigned x86_topology_package_shift(const X86Topology *t);
/* Logical processors of a package. */
unsigned x86_topology_package_cpus(const X86Topology *t);
/* APIC id of the index-th processor, threads first. */
uint32_t x86_topology_apic_id(const X86Topology *t, unsigned index);

#endif
