/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile start|stop|report: where the guest spends its time. */
#include <string.h>

#include "monitor/command.h"
#include "system/profile/profile.h"
#include "util/error.h"

static bool profile_cmd_start(CommandCall *call, GError **errp)
{
    const CommandValue *arg = &call->arg[1];
    unsigned hz = PROFILE_HZ;

    if (arg->given) {
        char *end;
        guint64 n = g_ascii_strtoull(arg->text, &end, 10);

        if (*end || n < 1 || n > PROFILE_HZ_MAX) {
            return emu_fail(errp, EMU_ERROR_INVALID,
                            "'%s' is no rate: 1 to %d times a second",
                            arg->text, PROFILE_HZ_MAX);
        }
        hz = n;
    }
    return machine_profile_start(call->machine, hz, errp);
}

static bool profile_cmd_stop(CommandCall *call, GError **errp)
{
    Profile *p = machine_profile(call->machine, errp);

    if (p) {
        profile_stop(p);
    }
    return p != NULL;
}

static bool profile_cmd_report(CommandCall *call, GError **errp)
{
    Profile *p = machine_profile(call->machine, errp);

    if (!p) {
        return false;
    }
    if (call->arg[1].given) {
        return profile_write(p, call->arg[1].text, errp);
    }
    profile_report(p, call->out);
    return true;
}

bool cmd_profile(CommandCall *call, GError **errp)
{
    static const struct {
        const char *name;
        bool (*run)(CommandCall *call, GError **errp);
    } actions[] = {
        { "start", profile_cmd_start },
        { "stop", profile_cmd_stop },
        { "report", profile_cmd_report },
    };

    for (unsigned n = 0; n < G_N_ELEMENTS(actions); n++) {
        if (!strcmp(call->arg[0].text, actions[n].name)) {
            return actions[n].run(call, errp);
        }
    }
    return emu_fail(errp, EMU_ERROR_INVALID,
                    "profile %s: start, stop or report", call->arg[0].text);
}
