/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8259s while somebody else runs them: util/chips.h. */
#include "hw/intc/i8259-internal.h"

static PicState pic_save(const Pic *pic)
{
    return (PicState){
        .lines = pic->lines,
        .irr = pic->irr,
        .imr = pic->imr,
        .isr = pic->isr,
        .elcr = pic->elcr,
        .highest = pic->highest,
        .vector_base = pic->vector_base,
        .icw_expected = pic->icw_expected,
        .icw1_ic4 = pic->icw1_ic4,
        .icw1_single = pic->icw1_single,
        .read_isr = pic->read_isr,
        .poll = pic->poll,
        .special_mask = pic->special_mask,
        .special_nested = pic->special_nested,
        .auto_eoi = pic->auto_eoi,
        .rotate_on_aeoi = pic->rotate_on_aeoi,
    };
}

/* The lines are known better here, but for the cascade's. */
static void pic_load(Pic *pic, const PicState *from)
{
    uint8_t cascade = pic_is_master(pic) ? 1u << PIC_CASCADE : 0;

    pic->lines = (pic->lines & ~cascade) | (from->lines & cascade);
    pic->elcr = from->elcr & pic->elcr_mask;
    pic->irr = (from->irr & ~pic->elcr) | (pic->lines & pic->elcr);
    pic->imr = from->imr;
    pic->isr = from->isr;
    pic->highest = from->highest & 7;
    pic->vector_base = from->vector_base & 0xf8;
    pic->icw_expected = from->icw_expected <= 4 ? from->icw_expected : 0;
    pic->icw1_ic4 = from->icw1_ic4;
    pic->icw1_single = from->icw1_single;
    pic->read_isr = from->read_isr;
    pic->poll = from->poll;
    pic->special_mask = from->special_mask;
    pic->special_nested = from->special_nested;
    pic->auto_eoi = from->auto_eoi;
    pic->rotate_on_aeoi = from->rotate_on_aeoi;
}

void i8259_fetch(I8259 *s)
{
    ChipState state;

    if (!s->host) {
        return;
    }
    for (unsigned i = 0; i < CHIP_PICS; i++) {
        state.pic[i] = pic_save(&s->pic[i]);
    }
    s->host->get(s->host->opaque, &state);
    for (unsigned i = 0; i < CHIP_PICS; i++) {
        pic_load(&s->pic[i], &state.pic[i]);
    }
}

void i8259_store(I8259 *s)
{
    ChipState state;

    if (!s->host) {
        return;
    }
    for (unsigned i = 0; i < CHIP_PICS; i++) {
        state.pic[i] = pic_save(&s->pic[i]);
    }
    s->host->put(s->host->opaque, &state);
}

void i8259_set_host(Device *dev, const ChipHost *host)
{
    I8259 *s = i8259(dev);

    g_mutex_lock(&dev->lock);
    i8259_fetch(s);
    s->host = host;
    i8259_store(s);
    if (host) {
        i8259_set_intr(s, false);
    }
    i8259_update(s);
    g_mutex_unlock(&dev->lock);
}
