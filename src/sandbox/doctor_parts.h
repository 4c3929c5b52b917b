/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of an examination. Private to sandbox/. */
#ifndef CSC_SANDBOX_DOCTOR_PARTS_H
#define CSC_SANDBOX_DOCTOR_PARTS_H

#include "sandbox/doctor.h"

/* doctor_identity.c. Rows: backend, identity, idmapped mounts. Fills in which backend, and whom commands run as. */
void csc_doctor_check_identity(struct csc_doctor *doctor);

#endif
