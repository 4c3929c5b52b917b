/* SPDX-License-Identifier: Apache-2.0 */
/* YAML 1.1 with one meaning: libyaml's events, resolved as PyYAML's SafeLoader does, with unique keys. */
#ifndef CSC_FORMAT_YAML_H
#define CSC_FORMAT_YAML_H

#include "format/value.h"

/* After aliases are expanded: protocol section 2, and what their strings may add up to (threat: a short text whose
 * canonical form fills the memory). */
enum { CSC_YAML_NODES_MAX = 100000, CSC_YAML_BYTES_MAX = 4 << 20 };

/*
 * Reads exactly one YAML document, whose root is a mapping, into the arena. Refused, with the position:
 * invalid UTF-8, duplicate keys (compared after resolution), merge keys, reals, timestamps, foreign tags,
 * duplicate anchors, recursive nodes, keys that are no scalars, integers outside 64 bits, more than
 * CSC_DEPTH_MAX levels, CSC_YAML_NODES_MAX nodes or CSC_YAML_BYTES_MAX bytes of strings. Keys come out as strings: a
 * key that resolves to anything else is refused, since no object of the protocol has one.
 */
int csc_yaml_parse(struct csc_arena *arena, const void *bytes, size_t size, struct csc_value *ret_value,
                   struct csc_error *err);

#endif
