/* SPDX-License-Identifier: Apache-2.0 */
/* What knows nothing of CSC: errors, ownership, memory, bytes, descriptors. The public header of base/. */
#ifndef CSC_BASE_H
#define CSC_BASE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/child.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/program.h"
#include "base/text.h"
#include "base/trusted.h"

#endif
