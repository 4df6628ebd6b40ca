/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies come straight to the socket of the worker that sent the request. The system spreads datagrams over the
 * sockets of an address by their source, so that all replies of one neighbour would come to one worker, and most
 * would have to be handed over. The branch of our Via tells the worker in two letters; a filter looks for its cookie
 * where a reply's first Via has it. What it does not find, or takes for another worker's, goes the old way: this
 * saves work and decides nothing.
 */
#include <linux/filter.h>

#include "net/net_priv.h"
#include "world/world_real.h"

/* Where the cookie may begin: behind "SIP/2.0 200 OK" and "Via: SIP/2.0/UDP h", jumps do not reach further than 255. */
enum { COOKIE_FROM = 28, COOKIE_PLACES = 80, LETTERS_AT = 8 };
enum { BASE = 'a', PROLOGUE = 4, EACH = 3, EPILOGUE = 11, LENGTH = PROLOGUE + EACH * COOKIE_PLACES + EPILOGUE };
#define WORD(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

void net_branch_letters(unsigned worker, char to[NET_BRANCH_LETTERS])
{
	to[0] = (char)(BASE + worker / 16);
	to[1] = (char)(BASE + worker % 16);
}

int net_steer(int fd)
{
	/* both letters at once; what is none of ours comes out larger than there are workers, or as another of them */
	static const struct sock_filter epilogue[EPILOGUE] = {
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX), /* no cookie: by source */
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, LETTERS_AT),
		BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, BASE << 8 | BASE),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
		BPF_STMT(BPF_ST, 0),
		BPF_STMT(BPF_MISC | BPF_TXA, 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 15),
		BPF_STMT(BPF_LDX | BPF_MEM, 0),
		BPF_STMT(BPF_ALU | BPF_OR | BPF_X, 0),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_filter f[LENGTH] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, COOKIE_FROM + COOKIE_PLACES + LETTERS_AT + NET_BRANCH_LETTERS, 0,
			 EACH * COOKIE_PLACES + 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WORD('S', 'I', 'P', '/'), 0, EACH * COOKIE_PLACES),
	};

	for (unsigned i = 0; i < COOKIE_PLACES; i++) {
		struct sock_filter *at = f + PROLOGUE + EACH * i;
		uint8_t found = (uint8_t)(EACH * (COOKIE_PLACES - 1 - i) + 1);

		at[0] = (struct sock_filter)BPF_STMT(BPF_LDX | BPF_IMM, COOKIE_FROM + i);
		at[1] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, COOKIE_FROM + i);
		at[2] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WORD('z', '9', 'h', 'G'), found, 0);
	}
	memcpy(f + PROLOGUE + EACH * COOKIE_PLACES, epilogue, sizeof(epilogue));
	return world_udp_filter_fd(fd, f, LENGTH);
}
