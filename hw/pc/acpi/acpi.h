/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI tables of the PC, handed to firmware through fw_cfg. */
#ifndef HW_PC_ACPI_ACPI_H
#define HW_PC_ACPI_ACPI_H

#include "hw/misc/fw_cfg.h"
#include "target/x86/topology.h"

typedef struct AcpiConfig {
    unsigned cpus, maxcpus;
    X86Topology topology;
    bool hpet;
    uint64_t pci_hole_start; /* below 4 GiB; end is the I/O APIC's page */
} AcpiConfig;

/* Writes etc/acpi/tables, etc/acpi/rsdp and etc/table-loader. */
bool acpi_setup(FwCfg *cfg, const AcpiConfig *config, GError **errp);

#endif
