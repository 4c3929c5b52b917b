/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csc is one static file, and loads nothing into itself. SQLite can load extensions, which nobody switches on, but it
 * names dlopen(3) all the same; the C library's, in a static program, would look for shared libraries on the host.
 * Linked, with --wrap, into the static csc only.
 */
#include <stddef.h>

void *__wrap_dlopen(const char *file, int mode);
void *__wrap_dlsym(void *handle, const char *name);
int __wrap_dlclose(void *handle);
char *__wrap_dlerror(void);

void *__wrap_dlopen(const char *file, int mode)
{
    (void)file;
    (void)mode;
    return NULL;
}

void *__wrap_dlsym(void *handle, const char *name)
{
    (void)handle;
    (void)name;
    return NULL;
}

int __wrap_dlclose(void *handle)
{
    (void)handle;
    return -1;
}

char *__wrap_dlerror(void)
{
    return NULL;
}
