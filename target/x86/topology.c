/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of APIC ids; see topology.h. */
#include "target/x86/topology.h"

static unsigned topology_bits(unsigned count)
{
    unsigned bits = 0;

    while (1u << bits < count) {
        bits++;
    }
    return bits;
}

unsigned x86_topology_core_shift(const X86Topology *t)
{
    return topology_bits(t->threads);
}

unsigned x86_topology_die_shift(const X86Topology *t)
{
    return x86_topology_core_shift(t) + topology_bits(t->cores);
}

unsigned x86_topology_package_shift(const X86Topology *t)
{
    return x86_topology_die_shift(t) + topology_bits(t->dies);
}

unsigned x86_topology_package_cpus(const X86Topology *t)
{
    return t->dies * t->cores * t->threads;
}

uint32_t x86_topology_apic_id(const X86Topology *t, unsigned index)
{
    unsigned core = index / t->threads, die = core / t->cores;

    return die / t->dies << x86_topology_package_shift(t) |
           die % t->dies << x86_topology_die_shift(t) |
           core % t->cores << x86_topology_core_shift(t) | index % t->threads;
}
