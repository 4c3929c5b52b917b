/* SPDX-License-Identifier: Apache-2.0 */
/* Walking a path component by component; shared by path.c and glob.c alone. */
#ifndef CSC_CONTRACT_COMPONENT_H
#define CSC_CONTRACT_COMPONENT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A part of a path, not terminated. */
struct csc_component {
    const char *at;
    size_t size;
};

static inline bool csc_component_is(const struct csc_component *component, const char *name)
{
    return component->size == strlen(name) && memcmp(component->at, name, component->size) == 0;
}

/*
 * Gives the next component and moves the cursor behind it; false at the end of the path. Repeated separators and
 * "." components are passed over: this is what makes them collapse.
 */
static inline bool csc_component_next(const char **cursor, const char *separators, struct csc_component *ret_component)
{
    for (;;) {
        const char *at = *cursor + strspn(*cursor, separators);
        struct csc_component component = {.at = at, .size = strcspn(at, separators)};

        *cursor = at + component.size;
        if (component.size == 0)
            return false;
        if (!csc_component_is(&component, ".")) {
            *ret_component = component;
            return true;
        }
    }
}

#endif
