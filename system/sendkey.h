/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys pressed by a program: chords held for a while, one after the other. */
#ifndef SYSTEM_SENDKEY_H
#define SYSTEM_SENDKEY_H

#include "ui/console.h"

typedef struct KeySender KeySender;

KeySender *key_sender_new(InputHub *hub);
void key_sender_free(KeySender *sender); /* releases nothing: the guest ends */
/* Press all codes, hold them, release them in reverse; after what is queued
 * already. */
void key_sender_chord(KeySender *sender, const uint16_t *codes, unsigned n,
                      unsigned hold_ms);

#endif
