/* SPDX-License-Identifier: Apache-2.0 */
/* core_operand.h - numbers of the core's operands, shared by the compiler and rt_core_*. */
#ifndef ABI_CORE_OPERAND_H
#define ABI_CORE_OPERAND_H

enum ast_core {
	CORE_METHOD, CORE_URI, CORE_STATUS, CORE_FROM_URI, CORE_TO_URI,
	CORE_SRC_IP, CORE_DST_IP, CORE_SND_IP, CORE_TO_IP,
	CORE_SRC_PORT, CORE_DST_PORT, CORE_SND_PORT, CORE_TO_PORT,
	CORE_PROTO, CORE_SND_PROTO, CORE_AF, CORE_SND_AF, CORE_MSG_LEN,
};

#endif
