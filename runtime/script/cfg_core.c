/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The variables of the groups "core" and "tcp". Those in CORE_VARS are what the script set at start: they can be
 * read, and changing them is refused, because the parts that use them read them once.
 */
#include "core/latency.h"
#include "core/log.h"
#include "script/cfg.h"
#include "script/load.h"
#include "script/run.h"

static int64_t debug_level;

static void set_debug(int64_t v)
{
	log_set_level((int)v);
}

/* group, variable, core parameter, default, flags, what it is */
#define CORE_VARS(X)                                                                               \
	X(core, log_facility, "", 0, CFG_HIDDEN, "syslog facility")                                \
	X(core, memdbg, "memdbg", 4, 0, "level of memory tracing")                                 \
	X(core, use_dst_blocklist, "use_dst_blocklist", 0, CFG_HIDDEN, "avoid destinations that failed")   \
	X(core, dst_blocklist_expire, "dst_blocklist_expire", 60, 0, "how long a destination is avoided, s")\
	X(core, dst_blocklist_udp_imask, "dst_blocklist_udp_imask", 0, 0, "errors over UDP that do not count")\
	X(core, dst_blocklist_tcp_imask, "dst_blocklist_tcp_imask", 0, 0, "errors over TCP that do not count")\
	X(core, dst_blocklist_tls_imask, "dst_blocklist_tls_imask", 0, 0, "errors over TLS that do not count")\
	X(core, dst_blocklist_sctp_imask, "dst_blocklist_sctp_imask", 0, 0, "errors over SCTP that do not count")\
	X(core, dns_try_ipv6, "dns_try_ipv6", 1, CFG_HIDDEN, "ask for AAAA records")              \
	X(core, dns_try_naptr, "dns_try_naptr", 0, 0, "ask for NAPTR records")                    \
	X(core, dns_udp_pref, "dns_udp_pref", 30, 0, "preference of UDP among NAPTR records")     \
	X(core, dns_tcp_pref, "dns_tcp_pref", 20, 0, "preference of TCP among NAPTR records")     \
	X(core, dns_tls_pref, "dns_tls_pref", 10, 0, "preference of TLS among NAPTR records")     \
	X(core, dns_sctp_pref, "dns_sctp_pref", 20, 0, "preference of SCTP among NAPTR records")  \
	X(core, dns_retr_time, "dns_retr_time", -1, 0, "wait before a DNS retry, s")              \
	X(core, dns_slow_query_ms, "dns_slow_query_ms", 0, 0, "DNS queries slower than this are logged")\
	X(core, dns_retr_no, "dns_retr_no", -1, 0, "DNS retries")                                 \
	X(core, dns_servers_no, "dns_servers_no", -1, 0, "DNS servers that are asked")            \
	X(core, dns_use_search_list, "dns_use_search_list", 1, 0, "use the search list of resolv.conf")\
	X(core, dns_search_full_match, "dns_search_full_match", 1, 0, "names of a search must match in full")\
	X(core, dns_naptr_ignore_rfc, "dns_naptr_ignore_rfc", 1, 0, "choose NAPTR records by our preference")\
	X(core, use_dns_cache, "use_dns_cache", 1, CFG_HIDDEN, "keep DNS answers")                \
	X(core, dns_cache_flags, "dns_cache_flags", 0, 0, "which record types are asked for")     \
	X(core, use_dns_failover, "use_dns_failover", 0, CFG_HIDDEN, "try the next address")      \
	X(core, dns_srv_lb, "dns_srv_lb", 0, 0, "spread over SRV records by weight")              \
	X(core, dns_cache_negative_ttl, "dns_cache_negative_ttl", 60, 0, "how long a missing name is remembered, s")\
	X(core, dns_cache_min_ttl, "dns_cache_min_ttl", 0, 0, "shortest life of an answer, s")    \
	X(core, dns_cache_max_ttl, "dns_cache_max_ttl", -1, 0, "longest life of an answer, s")    \
	X(core, dns_cache_mem, "dns_cache_mem", 500, CFG_HIDDEN, "size of the DNS cache, KB")     \
	X(core, dns_cache_del_nonexp, "dns_cache_del_nonexp", 0, 0, "delete answers that are still good when full")\
	X(core, dns_cache_rec_pref, "dns_cache_rec_pref", 0, 0, "which of several answers stays")  \
	X(core, udp_mtu, "udp_mtu", 0, 0, "requests longer than this leave over another protocol") \
	X(core, udp4_raw_mtu, "udp4_raw_mtu", 1500, 0, "MTU of raw sockets")                      \
	X(core, force_rport, "force_rport", 0, 0, "treat all requests as if they had rport")      \
	X(core, memlog, "memlog", 4, 0, "level of memory reports")                                \
	X(core, mem_summary, "mem_summary", 12, 0, "memory reports at the end")                   \
	X(core, mem_safety, "mem_safety", 1, 0, "memory checks")                                  \
	X(core, mem_join, "mem_join", 1, 0, "join free memory")                                   \
	X(core, mem_status_mode, "mem_status_mode", 0, 0, "what memory reports show")             \
	X(core, sip_parser_log_oneline, "sip_parser_log_oneline", 0, 0, "parser messages in one line")\
	X(core, sip_parser_log, "sip_parser_log", -1, 0, "level of parser messages")              \
	X(core, corelog, "corelog", -1, 0, "level of some messages of the core")                  \
	X(core, latency_limit_action, "latency_limit_action", 0, 0, "actions slower than this are logged, us")\
	X(core, pv_cache_limit, "pv_cache_limit", 2048, 0, "variables at which the cache warns")   \
	X(core, pv_cache_action, "pv_cache_action", 0, 0, "what happens then")                    \
	X(tcp, connect_timeout, "tcp_connect_timeout", 10, CFG_HIDDEN, "limit of connecting, s")   \
	X(tcp, send_timeout, "tcp_send_timeout", 10, CFG_HIDDEN, "limit of sending, s")           \
	X(tcp, connection_lifetime, "tcp_connection_lifetime", 120, CFG_HIDDEN, "idle life of a connection, s")\
	X(tcp, max_connections, "tcp_max_connections", 2048, CFG_HIDDEN, "connections at a time")  \
	X(tcp, no_connect, "tcp_no_connect", 0, 0, "never connect")                               \
	X(tcp, fd_cache, "tcp_fd_cache", 1, 0, "keep descriptors")                                \
	X(tcp, async, "tcp_async", 1, 0, "queue what a peer does not take yet")                   \
	X(tcp, conn_wq_max, "tcp_conn_wq_max", 32768, 0, "bytes queued for one connection")       \
	X(tcp, wq_max, "tcp_wq_max", 10485760, 0, "bytes queued for all connections")             \
	X(tcp, defer_accept, "tcp_defer_accept", 0, 0, "TCP_DEFER_ACCEPT")                        \
	X(tcp, delayed_ack, "tcp_delayed_ack", 1, 0, "delay the first ACK")                       \
	X(tcp, syncnt, "tcp_syncnt", 0, 0, "SYN retransmissions")                                 \
	X(tcp, linger2, "tcp_linger2", 0, 0, "life of FIN_WAIT2, s")                              \
	X(tcp, keepalive, "tcp_keepalive", 1, 0, "SO_KEEPALIVE")                                  \
	X(tcp, keepidle, "tcp_keepidle", 0, 0, "idle time before keepalives, s")                  \
	X(tcp, keepintvl, "tcp_keepintvl", 0, 0, "interval of keepalives, s")                     \
	X(tcp, keepcnt, "tcp_keepcnt", 0, 0, "lost keepalives that end a connection")             \
	X(tcp, crlf_ping, "tcp_crlf_ping", 1, 0, "answer CRLF keepalives")                        \
	X(tcp, accept_aliases, "tcp_accept_aliases", 0, 0, "take ;alias of Via")                  \
	X(tcp, accept_no_cl, "tcp_accept_no_cl", 0, 0, "messages without Content-Length")         \
	X(tcp, reuse_port, "tcp_reuse_port", 0, 0, "SO_REUSEPORT for connections made")           \
	X(tcp, wait_data_ms, "tcp_wait_data", 5000, 0, "how long a message may take, ms")         \
	X(tcp, rd_buf_size, "tcp_rd_buf_size", 16384, 0, "read buffer")                           \
	X(tcp, wq_blk_size, "tcp_wq_blk_size", 2100, 0, "block of the write queue")

#define COUNT(g, n, p, d, f, doc) V_##g##_##n,
enum { CORE_VARS(COUNT) N_FIXED };

static int64_t fixed[N_FIXED];

static const struct {
	const char *param;
	int64_t def;
} sources[] = {
#define SOURCE(g, n, p, d, f, doc) {p, d},
	CORE_VARS(SOURCE)
};

static const struct cfg_row rows[] = {
	{.group = "core", .name = "debug", .kind = CFG_INT, .min = -100, .max = 100, .value = &debug_level,
	 .changed = set_debug, .doc = "log level"},
	{.group = "core", .name = "max_while_loops", .kind = CFG_INT, .min = 0, .max = 1 << 30,
	 .value = &script_conf.max_while_loops, .doc = "rounds of a while"},
	{.group = "core", .name = "latency_cfg_log", .kind = CFG_INT, .value = &latency_conf.cfg_level, .doc = "level of the time a script took"},
	{.group = "core", .name = "latency_log", .kind = CFG_INT, .value = &latency_conf.level, .doc = "level of slow operations"},
	{.group = "core", .name = "latency_limit_db", .kind = CFG_INT, .value = &latency_conf.db_us,
	 .doc = "database operations slower than this are logged, us"},
	{.group = "core", .name = "latency_limit_cfg", .kind = CFG_INT, .value = &latency_conf.cfg_us,
	 .doc = "script runs slower than this are logged, us"},
#define ROW(g, n, p, d, f, text)                                                                   \
	{.group = #g, .name = #n, .kind = CFG_INT, .flags = (f) | CFG_FIXED, .value = &fixed[V_##g##_##n], .doc = text},
	CORE_VARS(ROW)
	{.group = NULL},
};

int cfg_core_declare(const struct program *p)
{
	debug_level = log_get_level();
	for (int i = 0; i < N_FIXED; i++)
		fixed[i] = *sources[i].param ? program_core_int(p, sources[i].param, sources[i].def) : 0;
	return cfg_declare(rows);
}
