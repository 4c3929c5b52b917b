/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes <-> values. The public header of format/. */
#ifndef CSC_FORMAT_H
#define CSC_FORMAT_H

#include "format/base64.h"
#include "format/canon.h"
#include "format/decode.h"
#include "format/hash.h"
#include "format/json.h"
#include "format/time.h"
#include "format/uuid.h"
#include "format/value.h"
#include "format/yaml.h"

#endif
