/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMBIOS 2.8 structures: system, enclosure, processors, memory. Firmware adds
 * the BIOS information (type 0) and places the tables. DSP0134 3.0, chapter 7.
 */
#include "hw/pc/smbios.h"

#include <string.h>

/* Guests and their tools know an emulated PC by this vendor. */
#define SMBIOS_MANUFACTURER "QEMU"

typedef struct SmbiosBuilder {
    GByteArray *tables;
    guint start;      /* of the structure being made */
    GString *strings; /* its text part */
    uint8_t string_count;
    uint16_t count;
    uint16_t largest;
} SmbiosBuilder;

/* Little-endian; what is beyond eight bytes is zero. */
static void smbios_put(SmbiosBuilder *b, uint64_t val, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        guint8 byte = i < sizeof(val) ? val >> (8 * i) : 0;

        g_byte_array_append(b->tables, &byte, 1);
    }
}

/* A string field: its number in the text part. */
static void smbios_put_string(SmbiosBuilder *b, const char *text)
{
    if (!text || !*text) {
        smbios_put(b, 0, 1);
        return;
    }
    g_string_append_len(b->strings, text, strlen(text) + 1);
    smbios_put(b, ++b->string_count, 1);
}

static void smbios_begin(SmbiosBuilder *b, uint8_t type, uint16_t handle)
{
    b->start = b->tables->len;
    b->string_count = 0;
    g_string_truncate(b->strings, 0);
    smbios_put(b, type, 1);
    smbios_put(b, 0, 1); /* length */
    smbios_put(b, handle, 2);
}

static void smbios_end(SmbiosBuilder *b)
{
    b->tables->data[b->start + 1] = b->tables->len - b->start;
    g_byte_array_append(b->tables, (guint8 *)b->strings->str, b->strings->len);
    smbios_put(b, 0, b->string_count ? 1 : 2);
    b->largest = MAX(b->largest, b->tables->len - b->start);
    b->count++;
}

/* The first three fields of a UUID are little-endian in the table. 7.2.1 */
static void smbios_put_uuid(SmbiosBuilder *b, const SmbiosConfig *config)
{
    static const uint8_t order[16] = { 3, 2, 1,  0,  5,  4,  7,  6,
                                       8, 9, 10, 11, 12, 13, 14, 15 };

    for (unsigned i = 0; i < 16; i++) {
        smbios_put(b, config->uuid_set ? config->uuid[order[i]] : 0, 1);
    }
}

static void smbios_system(SmbiosBuilder *b, const SmbiosConfig *config)
{
    smbios_begin(b, 1, 0x100);
    smbios_put_string(b, SMBIOS_MANUFACTURER);
    smbios_put_string(b, config->product);
    smbios_put_string(b, config->version);
    smbios_put_string(b, NULL); /* serial number */
    smbios_put_uuid(b, config);
    smbios_put(b, 6, 1); /* woken by the power switch */
    smbios_put_string(b, NULL);
    smbios_put_string(b, NULL);
    smbios_end(b);
}

static void smbios_enclosure(SmbiosBuilder *b, const SmbiosConfig *config)
{
    smbios_begin(b, 3, 0x300);
    smbios_put_string(b, SMBIOS_MANUFACTURER);
    smbios_put(b, 1, 1); /* other */
    smbios_put_string(b, config->version);
    smbios_put_string(b, NULL);
    smbios_put_string(b, NULL);
    smbios_put(b, 3, 1); /* boot-up, power and thermal state: safe */
    smbios_put(b, 3, 1);
    smbios_put(b, 3, 1);
    smbios_put(b, 2, 1); /* security: unknown */
    smbios_put(b, 0, 4);
    smbios_put(b, 0, 4); /* height, power cords, contained elements */
    smbios_put_string(b, NULL);
    smbios_end(b);
}

static void smbios_processor(SmbiosBuilder *b, const SmbiosConfig *config,
                             unsigned n)
{
    g_autofree char *socket = g_strdup_printf("CPU %u", n);

    smbios_begin(b, 4, 0x400 + n);
    smbios_put_string(b, socket);
    smbios_put(b, 3, 1); /* central processor */
    smbios_put(b, 1, 1); /* family: other */
    smbios_put_string(b, SMBIOS_MANUFACTURER);
    smbios_put(b, 0, 8); /* id */
    smbios_put_string(b, config->version);
    smbios_put(b, 0, 1);    /* voltage */
    smbios_put(b, 0, 2);    /* external clock */
    smbios_put(b, 2000, 2); /* MHz */
    smbios_put(b, 2000, 2);
    smbios_put(b, 0x41, 1);           /* populated and enabled */
    smbios_put(b, 1, 1);              /* upgrade: other */
    smbios_put(b, 0xffffffffffff, 6); /* no cache handles */
    smbios_put_string(b, NULL);
    smbios_put_string(b, NULL);
    smbios_put_string(b, NULL);
    smbios_put(b, MIN(config->cores, 255), 1);
    smbios_put(b, MIN(config->cores, 255), 1);
    smbios_put(b, MIN(config->cores * config->threads, 255), 1);
    smbios_put(b, 2, 2); /* characteristics: unknown */
    smbios_put(b, 1, 2);
    smbios_put(b, config->cores, 2);
    smbios_put(b, config->cores, 2);
    smbios_put(b, config->cores * config->threads, 2);
    smbios_end(b);
}

static void smbios_memory(SmbiosBuilder *b, const SmbiosConfig *config)
{
    uint64_t total = config->ram_below_4g + config->ram_above_4g;
    uint64_t mib = total >> 20;

    smbios_begin(b, 16, 0x1000); /* physical memory array, 7.17 */
    smbios_put(b, 1, 1);
    smbios_put(b, 3, 1); /* system memory */
    smbios_put(b, 6, 1); /* multi-bit ECC */
    smbios_put(b, total >> 10 < 0x80000000 ? total >> 10 : 0x80000000, 4);
    smbios_put(b, 0xfffe, 2); /* no error information */
    smbios_put(b, 1, 2);
    smbios_put(b, total >> 10 < 0x80000000 ? 0 : total, 8);
    smbios_end(b);

    smbios_begin(b, 17, 0x1100); /* memory device, 7.18 */
    smbios_put(b, 0x1000, 2);
    smbios_put(b, 0xfffe, 2);
    smbios_put(b, 0xffff, 4); /* widths unknown (two words) */
    smbios_put(b, mib < 0x7fff ? mib : 0x7fff, 2);
    smbios_put(b, 9, 1); /* DIMM */
    smbios_put(b, 0, 1);
    smbios_put_string(b, "DIMM 0");
    smbios_put_string(b, NULL);
    smbios_put(b, 7, 1); /* RAM */
    smbios_put(b, 2, 2);
    smbios_put(b, 0, 2); /* speed */
    smbios_put_string(b, SMBIOS_MANUFACTURER);
    smbios_put_string(b, NULL);
    smbios_put_string(b, NULL);
    smbios_put_string(b, NULL);
    smbios_put(b, 0, 1);
    smbios_put(b, mib < 0x7fff ? 0 : mib, 4);
    smbios_put(b, 0, 2);
    smbios_put(b, 0, 6); /* voltages */
    smbios_end(b);
}

/* Memory array mapped address, 7.20. */
static void smbios_memory_map(SmbiosBuilder *b, uint16_t handle, uint64_t start,
                              uint64_t size)
{
    if (!size) {
        return;
    }
    smbios_begin(b, 19, handle);
    smbios_put(b, start >> 10, 4);
    smbios_put(b, ((start + size) >> 10) - 1, 4);
    smbios_put(b, 0x1000, 2);
    smbios_put(b, 1, 1);
    smbios_put(b, 0, 16);
    smbios_end(b);
}

static uint8_t smbios_sum(const uint8_t *data, size_t len)
{
    uint8_t sum = 0;

    while (len--) {
        sum += *data++;
    }
    return -sum;
}

/* Entry point, 5.2.1; firmware fills in the address and sums again. */
static bool smbios_anchor(const SmbiosBuilder *b, FwCfg *cfg, GError **errp)
{
    uint8_t ep[31] = "_SM_";

    ep[5] = sizeof(ep);
    ep[6] = 2;
    ep[7] = 8;
    ep[8] = b->largest;
    ep[9] = b->largest >> 8;
    memcpy(ep + 16, "_DMI_", 5);
    ep[22] = b->tables->len;
    ep[23] = b->tables->len >> 8;
    ep[28] = b->count;
    ep[29] = b->count >> 8;
    ep[30] = 0x28;
    ep[21] = smbios_sum(ep + 16, 15);
    ep[4] = smbios_sum(ep, sizeof(ep));
    return fw_cfg_set_file(cfg, "etc/smbios/smbios-anchor", ep, sizeof(ep),
                           false, errp);
}

bool smbios_setup(FwCfg *cfg, const SmbiosConfig *config, GError **errp)
{
    g_autoptr(GByteArray) tables = g_byte_array_new();
    g_autoptr(GString) strings = g_string_new(NULL);
    SmbiosBuilder b = { .tables = tables, .strings = strings };

    smbios_system(&b, config);
    smbios_enclosure(&b, config);
    for (unsigned n = 0; n < config->sockets; n++) {
        smbios_processor(&b, config, n);
    }
    smbios_memory(&b, config);
    smbios_memory_map(&b, 0x1300, 0, config->ram_below_4g);
    smbios_memory_map(&b, 0x1301, UINT64_C(1) << 32, config->ram_above_4g);
    smbios_begin(&b, 32, 0x2000); /* system boot information, 7.33 */
    smbios_put(&b, 0, 7);
    smbios_end(&b);
    smbios_begin(&b, 127, 0x7f00);
    smbios_end(&b);
    return fw_cfg_set_file(cfg, "etc/smbios/smbios-tables", tables->data,
                           tables->len, false, errp) &&
           smbios_anchor(&b, cfg, errp);
}
