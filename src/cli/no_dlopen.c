/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csc is one static file, and loads nothing into itself. SQLite can load extensions, which is switched off, but names
 * dlopen(3) all the same; the C library's, in a static program, would look for shared libraries on the host. Linked
 * into the static csc only.
 */
#include <dlfcn.h>
#include <stddef.h>

void *dlopen(const char *file, int mode)
{
    (void)file;
    (void)mode;
    return NULL;
}

void *dlsym(void *restrict handle, const char *restrict name)
{
    (void)handle;
    (void)name;
    return NULL;
}

int dlclose(void *handle)
{
    (void)handle;
    return -1;
}

char *dlerror(void)
{
    static char text[] = "csc loads no shared libraries";

    return text;
}
