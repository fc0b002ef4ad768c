/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host signals that translated code causes, turned into the guest's faults. */
#ifndef ACCEL_TCG_SIGNALS_H
#define ACCEL_TCG_SIGNALS_H

#include "accel/tcg/engine.h"

void engine_signals_install(void); /* once per process; keeps what was there */
/* This thread runs t's translated code from now on. */
void engine_signals_enter(TcgCpu *t);
void engine_signals_leave(void);

#endif
