/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI tables: one blob with FACS, DSDT (from dsdt.asl, with the few values
 * that depend on the command line), FADT, MADT, HPET, an SSDT with the
 * processors, and RSDT; the RSDP; and the script by which firmware places
 * them, links them and fixes their checksums. ACPI 6.5 chapter 5; the script
 * is QEMU's "linker/loader" (guest ABI that SeaBIOS and OVMF know).
 */
#include "hw/pc/acpi/acpi.h"

#include "hw/pc/acpi/dsdt.h" /* made from dsdt.asl: acpi_dsdt[] */
#include "hw/pc/piix4_pm.h"

#include <string.h>

#define ACPI_TABLES "etc/acpi/tables"
#define ACPI_RSDP "etc/acpi/rsdp"
#define ACPI_LOADER "etc/table-loader"

enum {
    ACPI_HEADER_SIZE = 36, /* length at 4, checksum at 9 */
    ACPI_CHECKSUM_AT = 9,
    ACPI_SCI_IRQ = 9,
    ACPI_LOADER_ENTRY = 128,
    ACPI_LOADER_NAME = 56,
    ACPI_ZONE_HIGH = 1,
    ACPI_ZONE_FSEG = 2,
};
#define ACPI_IOAPIC_BASE 0xfec00000u
#define ACPI_LAPIC_BASE 0xfee00000u
#define ACPI_HPET_BASE 0xfed00000u

typedef struct AcpiBuilder {
    GByteArray *tables;
    GByteArray *loader;
    uint32_t entries[16]; /* offsets of the tables that the RSDT lists */
    unsigned entry_count;
} AcpiBuilder;

/* ---- Bytes ------------------------------------------------------------------
 */

static void acpi_put(GByteArray *a, uint64_t val, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        guint8 byte = val >> (8 * i);

        g_byte_array_append(a, &byte, 1);
    }
}

static void acpi_put_zeroes(GByteArray *a, unsigned n)
{
    while (n--) {
        acpi_put(a, 0, 1);
    }
}

/* Text padded with zeroes to size. */
static void acpi_put_text(GByteArray *a, const char *text, unsigned size)
{
    unsigned len = MIN(strlen(text), size);

    g_byte_array_append(a, (const guint8 *)text, len);
    acpi_put_zeroes(a, size - len);
}

static void acpi_set32(GByteArray *a, uint32_t off, uint32_t val)
{
    val = GUINT32_TO_LE(val);
    memcpy(a->data + off, &val, sizeof(val));
}

/* Generic address structure, 5.2.3.2: system I/O. */
static void acpi_put_gas_io(GByteArray *a, unsigned bits, unsigned access,
                            uint16_t port)
{
    acpi_put(a, 1, 1);
    acpi_put(a, bits, 1);
    acpi_put(a, 0, 1);
    acpi_put(a, access, 1);
    acpi_put(a, port, 8);
}

/* ---- The loader script
 * -------------------------------------------------------- */

static void acpi_loader_allocate(AcpiBuilder *b, const char *file,
                                 uint32_t align, uint8_t zone)
{
    guint start = b->loader->len;

    acpi_put(b->loader, 1, 4);
    acpi_put_text(b->loader, file, ACPI_LOADER_NAME);
    acpi_put(b->loader, align, 4);
    acpi_put(b->loader, zone, 1);
    acpi_put_zeroes(b->loader, ACPI_LOADER_ENTRY - (b->loader->len - start));
}

/* Add src's address to the pointer at dest + off. */
static void acpi_loader_pointer(AcpiBuilder *b, const char *dest,
                                const char *src, uint32_t off, uint8_t size)
{
    guint start = b->loader->len;

    acpi_put(b->loader, 2, 4);
    acpi_put_text(b->loader, dest, ACPI_LOADER_NAME);
    acpi_put_text(b->loader, src, ACPI_LOADER_NAME);
    acpi_put(b->loader, off, 4);
    acpi_put(b->loader, size, 1);
    acpi_put_zeroes(b->loader, ACPI_LOADER_ENTRY - (b->loader->len - start));
}

static void acpi_loader_checksum(AcpiBuilder *b, const char *file, uint32_t off,
                                 uint32_t first, uint32_t len)
{
    guint start = b->loader->len;

    acpi_put(b->loader, 3, 4);
    acpi_put_text(b->loader, file, ACPI_LOADER_NAME);
    acpi_put(b->loader, off, 4);
    acpi_put(b->loader, first, 4);
    acpi_put(b->loader, len, 4);
    acpi_put_zeroes(b->loader, ACPI_LOADER_ENTRY - (b->loader->len - start));
}

/* ---- Tables
 * --------------------------------------------------------------------- */

/* Begin a table; gives its offset. 5.2.6 */
static uint32_t acpi_begin(AcpiBuilder *b, const char *signature,
                           uint8_t revision)
{
    GByteArray *t = b->tables;
    uint32_t start;

    acpi_put_zeroes(t, -t->len & 7);
    start = t->len;
    acpi_put_text(t, signature, 4);
    acpi_put(t, 0, 4); /* length */
    acpi_put(t, revision, 1);
    acpi_put(t, 0, 1); /* checksum */
    acpi_put_text(t, "EMU   ", 6);
    acpi_put_text(t, "EMU", 3);
    acpi_put_text(t, signature, 4);
    acpi_put_text(t, " ", 1);
    acpi_put(t, 1, 4);
    acpi_put_text(t, "EMU ", 4);
    acpi_put(t, 1, 4);
    return start;
}

static void acpi_end(AcpiBuilder *b, uint32_t start, bool listed)
{
    uint32_t len = b->tables->len - start;

    acpi_set32(b->tables, start + 4, len);
    acpi_loader_checksum(b, ACPI_TABLES, start + ACPI_CHECKSUM_AT, start, len);
    if (listed) {
        g_assert(b->entry_count < G_N_ELEMENTS(b->entries));
        b->entries[b->entry_count++] = start;
    }
}

/* A pointer field: the offset within the blob, made absolute by the script. */
static void acpi_put_pointer(AcpiBuilder *b, uint32_t target, uint8_t size)
{
    acpi_loader_pointer(b, ACPI_TABLES, ACPI_TABLES, b->tables->len, size);
    acpi_put(b->tables, target, size);
}

/* 5.2.10; it has no checksum and must be 64-byte aligned. */
static uint32_t acpi_facs(AcpiBuilder *b)
{
    GByteArray *t = b->tables;
    uint32_t start = t->len;

    acpi_put_text(t, "FACS", 4);
    acpi_put(t, 64, 4);
    acpi_put_zeroes(t, 56);
    return start;
}

/* The value of Name (\XXXX, four bytes), 20.2.5.1: opcode, name, DWordPrefix,
 * value. */
static void acpi_dsdt_set(GByteArray *t, uint32_t start, const char *name,
                          uint32_t val)
{
    const uint8_t op[6] = { 0x08, name[0], name[1], name[2], name[3], 0x0c };
    const uint8_t *at = memmem(t->data + start, t->len - start, op, sizeof(op));

    g_assert(at); /* dsdt.asl is ours */
    acpi_set32(t, at + sizeof(op) - t->data, val);
}

static uint32_t acpi_dsdt_table(AcpiBuilder *b, const AcpiConfig *config)
{
    GByteArray *t = b->tables;

    acpi_put_zeroes(t, -t->len & 7);
    uint32_t start = t->len;

    g_byte_array_append(t, acpi_dsdt, sizeof(acpi_dsdt));
    acpi_dsdt_set(t, start, "P0S_", config->pci_hole_start);
    acpi_dsdt_set(t, start, "P0E_", ACPI_IOAPIC_BASE - 1);
    acpi_dsdt_set(t, start, "HPTE", config->hpet);
    t->data[start + ACPI_CHECKSUM_AT] = 0;
    acpi_loader_checksum(b, ACPI_TABLES, start + ACPI_CHECKSUM_AT, start,
                         sizeof(acpi_dsdt));
    return start;
}

/* 5.2.9, revision 3. */
static void acpi_fadt(AcpiBuilder *b, uint32_t facs, uint32_t dsdt)
{
    GByteArray *t = b->tables;
    uint32_t start = acpi_begin(b, "FACP", 3);

    acpi_put_pointer(b, facs, 4);
    acpi_put_pointer(b, dsdt, 4);
    acpi_put(t, 1, 1); /* INT_MODEL, reserved since 2.0 */
    acpi_put(t, 0, 1); /* preferred profile: unspecified */
    acpi_put(t, ACPI_SCI_IRQ, 2);
    acpi_put(t, PIIX4_PM_SMI_COMMAND, 4);
    acpi_put(t, PIIX4_PM_ACPI_ENABLE, 1);
    acpi_put(t, PIIX4_PM_ACPI_DISABLE, 1);
    acpi_put(t, 0, 2);             /* S4BIOS_REQ, PSTATE_CNT */
    acpi_put(t, PIIX4_PM_BASE, 4); /* PM1a event block */
    acpi_put(t, 0, 4);
    acpi_put(t, PIIX4_PM_BASE + 4, 4); /* PM1a control block */
    acpi_put(t, 0, 4);
    acpi_put(t, 0, 4);
    acpi_put(t, PIIX4_PM_BASE + 8, 4); /* PM timer */
    acpi_put(t, PIIX4_PM_GPE_BASE, 4);
    acpi_put(t, 0, 4);
    acpi_put(t, 4, 1); /* lengths: PM1 event, control, PM2, timer, GPE0, 1 */
    acpi_put(t, 2, 1);
    acpi_put(t, 0, 1);
    acpi_put(t, 4, 1);
    acpi_put(t, PIIX4_PM_GPE_LEN, 1);
    acpi_put(t, 0, 1);
    acpi_put(t, 0, 2);     /* GPE1 base, _CST */
    acpi_put(t, 0xfff, 2); /* no C2 */
    acpi_put(t, 0xfff, 2); /* no C3 */
    acpi_put(t, 0, 4);     /* flush size and stride */
    acpi_put(t, 0, 3);     /* duty offset and width, day alarm */
    acpi_put(t, 0, 1);     /* month alarm */
    acpi_put(t, 0x32, 1);  /* century is in CMOS 32h */
    acpi_put(t, 0x2, 2);   /* IA-PC boot flags: 8042 */
    acpi_put(t, 0, 1);
    /* WBINVD, PROC_C1, SLP_BUTTON (none), RESET_REG_SUP. */
    acpi_put(t, 1 << 0 | 1 << 2 | 1 << 5 | 1 << 10, 4);
    acpi_put_gas_io(t, 8, 1, 0xcf9);
    acpi_put(t, 0x06, 1);
    acpi_put(t, 0, 3);
    acpi_put(t, 0, 8); /* X_FIRMWARE_CTRL: the 32-bit one counts */
    acpi_put(t, 0, 8); /* X_DSDT, likewise */
    acpi_put_gas_io(t, 32, 2, PIIX4_PM_BASE);
    acpi_put_zeroes(t, 12);
    acpi_put_gas_io(t, 16, 2, PIIX4_PM_BASE + 4);
    acpi_put_zeroes(t, 12);
    acpi_put_zeroes(t, 12);
    acpi_put_gas_io(t, 32, 3, PIIX4_PM_BASE + 8);
    acpi_put_gas_io(t, 8 * PIIX4_PM_GPE_LEN, 1, PIIX4_PM_GPE_BASE);
    acpi_put_zeroes(t, 12);
    acpi_end(b, start, true);
}

/* Interrupt source override, 5.2.12.5. flags: 0 bus default, Dh level high. */
static void acpi_madt_override(GByteArray *t, uint8_t irq, uint32_t gsi,
                               uint16_t flags)
{
    acpi_put(t, 2, 1);
    acpi_put(t, 10, 1);
    acpi_put(t, 0, 1); /* ISA */
    acpi_put(t, irq, 1);
    acpi_put(t, gsi, 4);
    acpi_put(t, flags, 2);
}

/* 5.2.12 */
static void acpi_madt(AcpiBuilder *b, const AcpiConfig *config)
{
    static const uint8_t pci_irqs[] = { 5, 9, 10, 11 };
    GByteArray *t = b->tables;
    uint32_t start = acpi_begin(b, "APIC", 1);

    acpi_put(t, ACPI_LAPIC_BASE, 4);
    acpi_put(t, 1, 4); /* there are 8259s, too */
    for (unsigned i = 0; i < config->maxcpus; i++) {
        acpi_put(t, 0, 1);
        acpi_put(t, 8, 1);
        acpi_put(t, i, 1); /* processor */
        acpi_put(t, x86_topology_apic_id(&config->topology, i), 1);
        acpi_put(t, i < config->cpus, 4);
    }
    acpi_put(t, 1, 1);
    acpi_put(t, 12, 1);
    acpi_put(t, 0, 2); /* id, reserved */
    acpi_put(t, ACPI_IOAPIC_BASE, 4);
    acpi_put(t, 0, 4);
    acpi_madt_override(t, 0, 2, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(pci_irqs); i++) {
        acpi_madt_override(t, pci_irqs[i], pci_irqs[i], 0xd);
    }
    acpi_put(t, 4, 1); /* NMI on LINT1 of every processor */
    acpi_put(t, 6, 1);
    acpi_put(t, 0xff, 1);
    acpi_put(t, 0, 2);
    acpi_put(t, 1, 1);
    acpi_end(b, start, true);
}

/* IA-PC HPET 1.0a, 3.2.4. */
static void acpi_hpet(AcpiBuilder *b)
{
    GByteArray *t = b->tables;
    uint32_t start = acpi_begin(b, "HPET", 1);

    acpi_put(t, 0x8086a201, 4); /* event timer block id */
    acpi_put(t, 0, 4);          /* base address: memory, 0 bits, ... */
    acpi_put(t, ACPI_HPET_BASE, 8);
    acpi_put(t, 0, 1);
    acpi_put(t, 0, 2);
    acpi_put(t, 0, 1);
    acpi_end(b, start, true);
}

/* PkgLength of a package with so many bytes behind it, itself included in the
 * value. 20.2.4 */
static void acpi_aml_length(GByteArray *t, unsigned bytes)
{
    if (bytes + 1 < 64) {
        acpi_put(t, bytes + 1, 1);
        return;
    }
    bytes += 2;
    acpi_put(t, 1 << 6 | (bytes & 15), 1);
    acpi_put(t, bytes >> 4, 1);
}

/* Scope (\_SB) { Processor (C000, 0, 0, 0) {} ... } with the MADT's numbers.
 * 20.2.5.1, 20.2.5.2 */
static void acpi_aml_processors(GByteArray *t, unsigned cpus)
{
    enum { SCOPE_NAME = 5, PROCESSOR_BODY = 10, PROCESSOR = 13 };

    acpi_put(t, 0x10, 1);
    acpi_aml_length(t, SCOPE_NAME + cpus * PROCESSOR);
    acpi_put_text(t, "\\_SB_", SCOPE_NAME);
    for (unsigned i = 0; i < cpus; i++) {
        g_autofree char *name = g_strdup_printf("C%03X", i & 0xfff);

        acpi_put(t, 0x835b, 2);
        acpi_aml_length(t, PROCESSOR_BODY);
        acpi_put_text(t, name, 4);
        acpi_put(t, i, 1);
        acpi_put(t, 0, 4); /* no register block: _CST would say */
        acpi_put(t, 0, 1);
    }
}

static void acpi_ssdt(AcpiBuilder *b, const AcpiConfig *config)
{
    uint32_t start = acpi_begin(b, "SSDT", 1);

    acpi_aml_processors(b->tables, config->cpus);
    acpi_end(b, start, true);
}

static uint32_t acpi_rsdt(AcpiBuilder *b)
{
    uint32_t start = acpi_begin(b, "RSDT", 1);

    for (unsigned i = 0; i < b->entry_count; i++) {
        acpi_put_pointer(b, b->entries[i], 4);
    }
    acpi_end(b, start, false);
    return start;
}

/* 5.2.5.3, the ACPI 1.0 form. */
static bool acpi_rsdp(AcpiBuilder *b, FwCfg *cfg, uint32_t rsdt, GError **errp)
{
    g_autoptr(GByteArray) rsdp = g_byte_array_new();

    acpi_put_text(rsdp, "RSD PTR ", 8);
    acpi_put(rsdp, 0, 1); /* checksum */
    acpi_put_text(rsdp, "EMU   ", 6);
    acpi_put(rsdp, 0, 1);
    acpi_put(rsdp, rsdt, 4);
    acpi_loader_pointer(b, ACPI_RSDP, ACPI_TABLES, 16, 4);
    acpi_loader_checksum(b, ACPI_RSDP, 8, 0, rsdp->len);
    return fw_cfg_set_file(cfg, ACPI_RSDP, rsdp->data, rsdp->len, false, errp);
}

bool acpi_setup(FwCfg *cfg, const AcpiConfig *config, GError **errp)
{
    g_autoptr(GByteArray) tables = g_byte_array_new();
    g_autoptr(GByteArray) loader = g_byte_array_new();
    AcpiBuilder b = { .tables = tables, .loader = loader };

    acpi_loader_allocate(&b, ACPI_RSDP, 16, ACPI_ZONE_FSEG);
    acpi_loader_allocate(&b, ACPI_TABLES, 64, ACPI_ZONE_HIGH);
    uint32_t facs = acpi_facs(&b);
    uint32_t dsdt = acpi_dsdt_table(&b, config);

    acpi_fadt(&b, facs, dsdt);
    acpi_madt(&b, config);
    if (config->hpet) {
        acpi_hpet(&b);
    }
    acpi_ssdt(&b, config);
    uint32_t rsdt = acpi_rsdt(&b);

    return acpi_rsdp(&b, cfg, rsdt, errp) &&
           fw_cfg_set_file(cfg, ACPI_TABLES, tables->data, tables->len, false,
                           errp) &&
           fw_cfg_set_file(cfg, ACPI_LOADER, loader->data, loader->len, false,
                           errp);
}
