/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 82371AB (PIIX4) function 3: the ACPI fixed hardware registers (PM1
 * events, PM1 control, PM timer), a general-purpose event block, and the APM
 * ports through which firmware's tables switch ACPI on. Intel 290562-001
 * chapter 7, ACPI 6.5 chapter 4.8. The SMBus host has no slaves and is not
 * decoded. Other APM commands than those two interrupt for system management;
 * nothing else does (no timers, no device traps).
 */
#include "hw/pc/piix4_pm.h"

#include "util/span.h"

#include <inttypes.h>

enum {
    PM_PMBASE = 0x40,
    PM_DEVACTB = 0x58,
    PM_PMREGMISC = 0x80, /* bit 0: PMIOSE, registers are decoded */

    PM1_STS = 0x00,
    PM1_EN = 0x02,
    PM1_CNT = 0x04,
    PM_TMR = 0x08,
    PM_IO_SIZE = 0x40,

    PM1_TMR = 1 << 0, /* bits of PM1_STS and PM1_EN; ACPI 6.5 4.8.3.1 */
    PM1_GBL = 1 << 5,
    PM1_PWRBTN = 1 << 8,
    PM1_SLPBTN = 1 << 9,
    PM1_RTC = 1 << 10,
    PM1_WAK = 1 << 15,

    PM1_CNT_SCI_EN = 1 << 0,
    PM1_CNT_SLP_TYP = 7 << 10,
    PM1_CNT_SLP_EN = 1 << 13,

    SLP_TYP_SOFT_OFF = 0, /* as the tables' \_Sx packages say */
    SLP_TYP_SUSPEND = 1,
};
#define PM_DEVACTB_APMC_EN (1u << 25)
#define PM_TIMER_HZ INT64_C(3579545)

typedef struct Piix4Pm {
    PciDevice pci;

    /* Wiring and properties: fixed once realized. */
    MemoryRegion *io_space;
    MemoryRegion io, gpe_io, apm_io;
    IrqLine sci, smi;
    Timer timer; /* the next flip of the PM timer's bit 23 */

    /* Guest-visible state. */
    uint16_t status, enable, control;
    uint8_t gpe_status[2], gpe_enable[2];
    uint8_t apm_command, apm_data;
    bool mapped; /* derived */
} Piix4Pm;

static Piix4Pm *piix4_pm_from(Device *dev)
{
    return container_of(container_of(dev, PciDevice, parent), Piix4Pm, pci);
}

void piix4_pm_wire(Device *dev, MemoryRegion *io, IrqLine sci)
{
    Piix4Pm *s = piix4_pm_from(dev);

    s->io_space = io;
    s->sci = sci;
}

void piix4_pm_wire_smi(Device *dev, IrqLine smi)
{
    piix4_pm_from(dev)->smi = smi;
}

/* ---- PM timer
 * ------------------------------------------------------------------ */

static uint64_t piix4_pm_ticks(int64_t ns)
{
    return (unsigned __int128)ns * PM_TIMER_HZ / NS_PER_SECOND;
}

static int64_t piix4_pm_clock(const Piix4Pm *s)
{
    return clock_now(s->pci.parent.env->clock);
}

/* Arm for the next change of bit 23, if somebody wants to hear of it. */
static void piix4_pm_timer_update(Piix4Pm *s)
{
    uint64_t ticks = piix4_pm_ticks(piix4_pm_clock(s));
    uint64_t flip = (ticks | 0x7fffff) + 1;

    if (!(s->enable & PM1_TMR)) {
        timer_disarm(&s->timer);
        return;
    }
    timer_arm(&s->timer,
              (unsigned __int128)flip * NS_PER_SECOND / PM_TIMER_HZ + 1);
}

/* ---- Interrupt
 * --------------------------------------------------------------------- */

static void piix4_pm_sci_update(Piix4Pm *s)
{
    bool level = (s->status & s->enable &
                  (PM1_TMR | PM1_GBL | PM1_PWRBTN | PM1_SLPBTN | PM1_RTC)) ||
                 (s->gpe_status[0] & s->gpe_enable[0]) ||
                 (s->gpe_status[1] & s->gpe_enable[1]);

    irq_set(&s->sci, level);
}

static void piix4_pm_timer_flipped(void *opaque)
{
    Piix4Pm *s = opaque;

    s->status |= PM1_TMR;
    piix4_pm_timer_update(s);
    piix4_pm_sci_update(s);
}

bool piix4_pm_power_button(Device *dev)
{
    Piix4Pm *s = piix4_pm_from(dev);

    g_mutex_lock(&dev->lock);
    bool heard = (s->control & PM1_CNT_SCI_EN) && (s->enable & PM1_PWRBTN);

    s->status |= PM1_PWRBTN;
    piix4_pm_sci_update(s);
    g_mutex_unlock(&dev->lock);
    return heard;
}

/* ---- PM registers
 * ---------------------------------------------------------------------- */

/* The four bytes from an aligned offset on: the PM timer is read whole, so
 * that its halves belong together. */
static uint32_t piix4_pm_dword(const Piix4Pm *s, hwaddr off)
{
    switch (off) {
    case PM1_STS:
        return s->status | (uint32_t)s->enable << 16;
    case PM1_CNT:
        return s->control;
    case PM_TMR:
        return piix4_pm_ticks(piix4_pm_clock(s)) & 0xffffff;
    default:
        return 0;
    }
}

static bool piix4_pm_read(void *opaque, hwaddr off, unsigned size,
                          uint64_t *val)
{
    *val = piix4_pm_dword(opaque, off & ~3u) >> (8 * (off & 3));
    trace(piix4_pm_read, "off %" PRIx64 " size %u = %" PRIx64, off, size, *val);
    return true;
}

static void piix4_pm_sleep(Piix4Pm *s)
{
    const DeviceEnv *env = s->pci.parent.env;
    unsigned type = (s->control & PM1_CNT_SLP_TYP) >> 10;

    if (type == SLP_TYP_SUSPEND) {
        env->request(env->machine, MACHINE_REQUEST_SUSPEND, 0);
        return;
    }
    /* S5, and S4 whose image the guest has written itself. */
    env->request(env->machine, MACHINE_REQUEST_POWEROFF, 0);
}

/* A register of 16 bits; mask: the bits that are written. */
static void piix4_pm_write_word(Piix4Pm *s, hwaddr off, uint16_t val,
                                uint16_t mask)
{
    val &= mask;
    switch (off) {
    case PM1_STS:
        s->status &= ~val;
        break;
    case PM1_EN:
        s->enable = (s->enable & ~mask) | val;
        piix4_pm_timer_update(s);
        break;
    case PM1_CNT:
        /* SCI_EN is firmware's: only the APM command changes it. */
        mask &= ~PM1_CNT_SCI_EN;
        s->control = (s->control & ~mask) | (val & mask & ~PM1_CNT_SLP_EN);
        if (val & PM1_CNT_SLP_EN) {
            piix4_pm_sleep(s);
        }
        break;
    default:
        break;
    }
}

static bool piix4_pm_write(void *opaque, hwaddr off, unsigned size,
                           uint64_t val)
{
    Piix4Pm *s = opaque;
    hwaddr word = off & ~1u;
    unsigned shift = 8 * (off & 1);
    uint32_t mask = (UINT32_MAX >> (32 - 8 * size)) << shift;

    trace(piix4_pm_write, "off %" PRIx64 " size %u = %" PRIx64, off, size, val);
    piix4_pm_write_word(s, word, val << shift, mask);
    if (mask >> 16) {
        piix4_pm_write_word(s, word + 2, val >> 16, mask >> 16);
    }
    piix4_pm_sci_update(s);
    return true;
}

/* ---- General-purpose events: status bytes, then enable bytes
 * --------------------------------- */

static bool piix4_pm_gpe_read(void *opaque, hwaddr off, unsigned size,
                              uint64_t *val)
{
    Piix4Pm *s = opaque;

    *val = off < 2 ? s->gpe_status[off] : s->gpe_enable[off - 2];
    return true;
}

static bool piix4_pm_gpe_write(void *opaque, hwaddr off, unsigned size,
                               uint64_t val)
{
    Piix4Pm *s = opaque;

    if (off < 2) {
        s->gpe_status[off] &= ~val;
    } else {
        s->gpe_enable[off - 2] = val;
    }
    piix4_pm_sci_update(s);
    return true;
}

/* ---- APM control and status ports
 * ---------------------------------------------------------------- */

static bool piix4_pm_apm_read(void *opaque, hwaddr off, unsigned size,
                              uint64_t *val)
{
    Piix4Pm *s = opaque;

    *val = off ? s->apm_data : s->apm_command;
    return true;
}

static bool piix4_pm_apm_write(void *opaque, hwaddr off, unsigned size,
                               uint64_t val)
{
    Piix4Pm *s = opaque;

    if (off) {
        s->apm_data = val;
        return true;
    }
    s->apm_command = val;
    if (val == PIIX4_PM_ACPI_ENABLE) {
        s->control |= PM1_CNT_SCI_EN;
    } else if (val == PIIX4_PM_ACPI_DISABLE) {
        s->control &= ~PM1_CNT_SCI_EN;
    } else if (!s->smi.set) {
        log_unimplemented("PIIX4_PM: SMI command %02" PRIx64 "\n", val);
    } else if (s->pci.config[PM_DEVACTB + 3] & PM_DEVACTB_APMC_EN >> 24) {
        irq_set(&s->smi, true);
        irq_set(&s->smi, false);
    }
    return true;
}

static const MemoryOps piix4_pm_io_ops = {
    .read = piix4_pm_read,
    .write = piix4_pm_write,
    .valid = { .min = 1, .max = 4 },
    .impl = { .min = 1, .max = 4 },
};

static const MemoryOps piix4_pm_gpe_ops = {
    .read = piix4_pm_gpe_read,
    .write = piix4_pm_gpe_write,
    .valid = { .min = 1, .max = 4 },
    .impl = { .min = 1, .max = 1 },
};

static const MemoryOps piix4_pm_apm_ops = {
    .read = piix4_pm_apm_read,
    .write = piix4_pm_apm_write,
    .valid = { .min = 1, .max = 4 },
    .impl = { .min = 1, .max = 1 },
};

/* ---- Configuration
 * ------------------------------------------------------------------------------------
 */

static void piix4_pm_map(Piix4Pm *s)
{
    uint16_t base = pci_get16(&s->pci, PM_PMBASE) & 0xffc0;
    bool on = (s->pci.config[PM_PMREGMISC] & 1) && base;

    if (!s->io_space) {
        return;
    }
    if (s->mapped) {
        region_remove(&s->io);
    }
    if (on) {
        region_add(s->io_space, base, &s->io);
    }
    s->mapped = on;
}

static void piix4_pm_config_written(PciDevice *dev, unsigned off, unsigned size)
{
    if (span_overlaps(off, size, PM_PMBASE, 4) ||
        span_overlaps(off, size, PM_PMREGMISC, 1)) {
        piix4_pm_map(container_of(dev, Piix4Pm, pci));
    }
}

static bool piix4_pm_realize(Device *dev, GError **errp)
{
    Piix4Pm *s = piix4_pm_from(dev);

    pci_set_interrupt_pin(&s->pci, 1);
    pci_set16(&s->pci, PM_PMBASE, 1); /* a port range */
    s->pci.wmask[PM_PMBASE] = 0xc0;
    s->pci.wmask[PM_PMBASE + 1] = 0xff;
    s->pci.wmask[PM_PMREGMISC] = 1;
    for (unsigned i = 0x44; i < 0x80; i++) {
        s->pci.wmask[i] = 0xff; /* device activity and resources: kept only */
    }
    s->pci.wmask[0x90] = 0xf0; /* SMBus base and configuration, likewise */
    s->pci.wmask[0x91] = 0xff;
    s->pci.wmask[0xd2] = 0x0f;
    region_init_io(&s->io, "piix4-pm", PM_IO_SIZE, &piix4_pm_io_ops, s,
                   &dev->lock);
    region_init_io(&s->gpe_io, "acpi-gpe0", PIIX4_PM_GPE_LEN, &piix4_pm_gpe_ops,
                   s, &dev->lock);
    region_init_io(&s->apm_io, "apm-io", 2, &piix4_pm_apm_ops, s, &dev->lock);
    if (s->io_space) {
        region_add(s->io_space, PIIX4_PM_GPE_BASE, &s->gpe_io);
        region_add(s->io_space, PIIX4_PM_SMI_COMMAND, &s->apm_io);
    }
    timer_init(&s->timer, dev->env->clock, piix4_pm_timer_flipped, s,
               &dev->lock);
    return true;
}

static void piix4_pm_unrealize(Device *dev)
{
    Piix4Pm *s = piix4_pm_from(dev);

    timer_clear(&s->timer);
    region_clear(&s->io);
    region_clear(&s->gpe_io);
    region_clear(&s->apm_io);
    s->mapped = false;
}

static void piix4_pm_reset(Device *dev)
{
    Piix4Pm *s = piix4_pm_from(dev);

    pci_device_reset(&s->pci);
    pci_set16(&s->pci, PM_PMBASE, 1);
    pci_set16(&s->pci, PCI_STATUS, 0x0280);
    s->pci.config[PM_PMREGMISC] = 0;
    pci_set32(&s->pci, PM_DEVACTB, s->smi.set ? 0 : PM_DEVACTB_APMC_EN);
    s->status = 0;
    s->enable = 0;
    s->control = 0;
    for (unsigned i = 0; i < 2; i++) {
        s->gpe_status[i] = 0;
        s->gpe_enable[i] = 0;
    }
    s->apm_command = 0;
    s->apm_data = 0;
    timer_disarm(&s->timer);
    piix4_pm_map(s);
    piix4_pm_sci_update(s);
}

static bool piix4_pm_loaded(Device *dev, GError **errp)
{
    Piix4Pm *s = piix4_pm_from(dev);

    pci_device_loaded(&s->pci);
    piix4_pm_map(s);
    piix4_pm_timer_update(s);
    piix4_pm_sci_update(s);
    return true;
}

static const StateField piix4_pm_state[] = {
    PCI_DEVICE_STATE(Piix4Pm, pci),
    STATE_U16(Piix4Pm, status),
    STATE_U16(Piix4Pm, enable),
    STATE_U16(Piix4Pm, control),
    STATE_BYTES(Piix4Pm, gpe_status, 2),
    STATE_BYTES(Piix4Pm, gpe_enable, 2),
    STATE_U8(Piix4Pm, apm_command),
    STATE_U8(Piix4Pm, apm_data),
    {},
};

static const Property piix4_pm_props[] = {
    PCI_DEVICE_PROPS(Piix4Pm, pci),
    {},
};

const PciClass piix4_pm_class = {
    .device = {
        .name = "PIIX4_PM",
        .summary = "82371AB ACPI power management",
        .bus = BUS_PCI,
        .internal = true,
        .size = sizeof(Piix4Pm),
        .props = piix4_pm_props,
        .state = piix4_pm_state,
        .realize = piix4_pm_realize,
        .unrealize = piix4_pm_unrealize,
        .reset = piix4_pm_reset,
        .loaded = piix4_pm_loaded,
    },
    .vendor_id = 0x8086,
    .device_id = 0x7113,
    .revision = 3,
    .class_id = 0x0680,
    .config_written = piix4_pm_config_written,
};
