/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile of what the guest does: its processors are asked where they are,
 * many times a second, under any accelerator. Kernel functions of Linux have
 * names (kallsyms.h), user code is [user].
 *
 * Main thread.
 */
#ifndef SYSTEM_PROFILE_PROFILE_H
#define SYSTEM_PROFILE_PROFILE_H

#include "accel/accel.h"

typedef struct Profile Profile;

enum { PROFILE_HZ = 249, PROFILE_HZ_MAX = 10000 };

/* vcpus: of Vcpu *. *accel may change while profile_hold() is in force. */
Profile *profile_start(GPtrArray *vcpus, Accel *const *accel, unsigned hz,
                       GError **errp);
void profile_stop(Profile *p); /* what was found stays */
void profile_free(Profile *p);
bool profile_running(const Profile *p);
/* No processor is asked meanwhile. */
void profile_hold(Profile *p);
void profile_release(Profile *p);

/* A table of functions. */
void profile_report(Profile *p, GString *out);
/* Folded stacks into path, a flame graph into path.svg. */
bool profile_write(Profile *p, const char *path, GError **errp);

#endif
