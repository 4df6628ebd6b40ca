/* SPDX-License-Identifier: Apache-2.0 */
/* siputils_priv.h - shared by the files of this module. */
#ifndef SIPUTILS_SIPUTILS_PRIV_H
#define SIPUTILS_SIPUTILS_PRIV_H

#include "abi/run.h"

/* "+" and up to 15 digits. */
bool siputils_e164(struct str s);

/* encode_contact and its reverse, fields parted by `sep` (contact.c). */
int32_t siputils_encode_contacts(struct run *r, struct str prefix, struct str host, char sep);
int32_t siputils_decode_contacts(struct run *r, char sep);
int32_t siputils_decode_ruri(struct run *r, char sep);

#endif
