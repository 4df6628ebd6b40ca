/* SPDX-License-Identifier: Apache-2.0 */
/* rr_conf.h - the parameters of rr that following routes needs. */
#ifndef RR_RR_CONF_H
#define RR_RR_CONF_H

#include <stdbool.h>

struct rr_conf {
	bool force_send_socket, double_rr;
};
extern struct rr_conf rr_conf;

#endif
