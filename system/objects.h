/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -object: things with an id that devices name in a property but that are no
 * devices, back ends or drives.
 */
#ifndef SYSTEM_OBJECTS_H
#define SYSTEM_OBJECTS_H

#include "util/keyval.h"

typedef struct ObjectType {
    const char *name;
    const char *kind; /* what a device asks for: "rng" */
    const char *summary;
    const KeyValKey *keys; /* beside id= */
    void *(*create)(const KeyVal *opts, GError **errp);
    void (*destroy)(void *self);
} ObjectType;

/* An -object as the command line has it. */
typedef struct ObjectConfig {
    const ObjectType *type;
    KeyVal *opts;
    char *text; /* as written, for errors */
} ObjectConfig;

/* One that was made. */
typedef struct Object {
    const ObjectType *type;
    char *id;
    void *self;
} Object;

/* Print and return true for "help" and "TYPE,help". */
bool objects_print_help(const KeyVal *opts, GString *out);
/* Takes opts. */
ObjectConfig *object_config_new(KeyVal *opts, const char *text, GError **errp);
void object_config_free(ObjectConfig *config);

Object *object_new(const ObjectConfig *config, GError **errp);
void object_free(Object *object);

#endif
