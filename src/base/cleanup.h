/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership by scope. A variable marked _cleanup_(f) is handed to f(&variable) when its scope ends; every f
 * accepts the empty value (NULL, -1). TAKE_PTR and TAKE_FD move ownership out of such a variable.
 */
#ifndef CSC_BASE_CLEANUP_H
#define CSC_BASE_CLEANUP_H

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

#define TAKE_PTR(p)                                                                                                    \
    ({                                                                                                                 \
        __typeof__(p) taken_ = (p);                                                                                    \
        (p) = NULL;                                                                                                    \
        taken_;                                                                                                        \
    })

#define TAKE_FD(fd)                                                                                                    \
    ({                                                                                                                 \
        int taken_ = (fd);                                                                                             \
        (fd) = -1;                                                                                                     \
        taken_;                                                                                                        \
    })

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline void csc_close_cleanup(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static inline void csc_free_cleanup(void *p)
{
    free(*(void **)p);
}

static inline void csc_closedir_cleanup(DIR **dir)
{
    if (*dir)
        (void)closedir(*dir);
}

#define _cleanup_close_ _cleanup_(csc_close_cleanup)
#define _cleanup_free_ _cleanup_(csc_free_cleanup)
#define _cleanup_closedir_ _cleanup_(csc_closedir_cleanup)

#endif
