// The metrics of FORMAT 4 as patterns of paths, with the kind of value that each has. For metric.cpp.
// <errno>, <state> and <nstat> stand for closed lists of names, <port> for a port number, [] for any
// index.
#pragma once

#include <array>
#include <string_view>

#include "sim/spec/condition.h"

namespace fourtuple::spec::metrics {

using enum value_kind;

struct row {
  std::string_view pattern;
  value_kind kind;
};

inline constexpr row app_rows[] = {
    {"kind", text},
    {"requests", count},
    {"attempted", count},
    {"connected", count},
    {"completed", count},
    {"failed", count},
    {"failed_share", decimal},
    {"errors.<errno>", count},
    {"first_failure", list},
    {"first_failure.at", time},
    {"first_failure.error", text},
    {"first_failure.call", text},
    {"first_failure.attempt", count},
    {"connect_time", list},
    {"connect_time.min", time},
    {"connect_time.p50", time},
    {"connect_time.p99", time},
    {"connect_time.max", time},
    {"fds.limit", count},
    {"fds.peak", count},
    {"tuples.distinct", count},
    {"connections.[].fd", count},
    {"connections.[].local", text},
    {"connections.[].remote", text},
    {"connections.[].opened_at", time},
    {"connections.[].closed_at", time},
    {"connections.[].closed_by", text},
};

inline constexpr row server_rows[] = {
    {"listening", boolean},   {"accepted", count}, {"active.now", count}, {"active.peak", count},
    {"active.peak_at", time}, {"bytes_in", count}, {"bytes_out", count},
};

inline constexpr row udp_server_rows[] = {{"listening", boolean}};

inline constexpr row udp_rows[] = {{"bytes_in", count}, {"bytes_out", count}};

inline constexpr row client_rows[] = {{"replies.[]", text}};

inline constexpr row pool_rows[] = {
    {"size", count}, {"waited", count}, {"opened", count}, {"reused", count}};

inline constexpr row proxy_rows[] = {{"upstream.opened", count},
                              {"upstream.reused", count},
                              {"upstream.errors", count},
                              {"upstream.errors.<errno>", count},
                              {"resets_on_reuse", count}};

inline constexpr row scan_rows[] = {{"ports.<port>", list},
                             {"ports.<port>.state", text},
                             {"ports.<port>.error", text},
                             {"ports.<port>.service", text},
                             {"ports.<port>.after", time},
                             {"open", count},
                             {"closed", count},
                             {"filtered", count},
                             {"open_ports", text}};

inline constexpr row host_rows[] = {
    {"ports.range.[]", count},     {"ports.capacity", count},     {"ports.now", count},
    {"ports.peak", count},         {"ports.peak_at", time},       {"ports.tuples_peak", count},
    {"ports.udp.range.[]", count}, {"ports.udp.capacity", count}, {"ports.udp.now", count},
    {"ports.udp.peak", count},     {"ports.udp.peak_at", time},   {"ports.udp.tuples_peak", count},
    {"time_wait.now", count},      {"time_wait.peak", count},     {"time_wait.peak_at", time},
    {"time_wait.reused", count},   {"sockets.<state>", count},    {"nstat.<nstat>", count},
};

inline constexpr row script_rows[] = {
    {"step", count},         {"host", text},        {"call", text},         {"result", text},
    {"data", text},          {"data_hex", text},    {"address", text},      {"events.[]", text},
    {"error", text},         {"at", time},          {"took", time},         {"expect", text},
    {"pass", boolean},       {"failed_call", text}, {"failed_step", count}, {"value.onoff", count},
    {"value.linger", count}, {"events", list},
};

inline constexpr row run_rows[] = {
    {"events", count}, {"wall_seconds", decimal}, {"peak_rss_bytes", count}};

inline constexpr std::array<std::string_view, 11> states{
    "LISTEN",     "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2",
    "CLOSE-WAIT", "CLOSING",  "LAST-ACK",     "TIME-WAIT",   "CLOSED"};

// FORMAT section 4; after TcpExtTCPChallengeACK: what else the models give rise to.
inline constexpr std::string_view counters[] = {"TcpActiveOpens",
                                         "TcpPassiveOpens",
                                         "TcpAttemptFails",
                                         "TcpEstabResets",
                                         "TcpCurrEstab",
                                         "TcpInSegs",
                                         "TcpOutSegs",
                                         "TcpRetransSegs",
                                         "TcpOutRsts",
                                         "UdpInDatagrams",
                                         "UdpNoPorts",
                                         "UdpOutDatagrams",
                                         "TcpExtTW",
                                         "TcpExtTWRecycled",
                                         "TcpExtTWKilled",
                                         "TcpExtListenOverflows",
                                         "TcpExtListenDrops",
                                         "TcpExtSyncookiesSent",
                                         "TcpExtSyncookiesRecv",
                                         "TcpExtSyncookiesFailed",
                                         "TcpExtTCPTimeWaitOverflow",
                                         "TcpExtTCPAbortOnData",
                                         "TcpExtTCPAbortOnClose",
                                         "TcpExtTCPAbortOnTimeout",
                                         "TcpExtTCPAbortOnLinger",
                                         "TcpExtTCPTimeouts",
                                         "TcpExtTCPLossProbes",
                                         "TcpExtTCPSynRetrans",
                                         "TcpExtTCPReqQFullDrop",
                                         "TcpExtTCPReqQFullDoCookies",
                                         "TcpExtPAWSActive",
                                         "TcpExtDelayedACKs",
                                         "TcpExtTCPChallengeACK",
                                         "TcpExtEmbryonicRsts",
                                         "TcpExtPAWSEstab",
                                         "TcpExtTSEcrRejected",
                                         "TcpExtTCPAbortOnMemory",
                                         "TcpExtTCPKeepAlive",
                                         "TcpExtTCPFastRetrans",
                                         "TcpExtTCPSYNChallenge",
                                         "TcpExtDelayedACKLost",
                                         "TcpExtTCPDSACKOldSent",
                                         "TcpExtTCPOFOQueue",
                                         "TcpExtTCPACKSkippedSynRecv",
                                         "TcpExtTCPACKSkippedPAWS",
                                         "TcpExtTCPACKSkippedSeq",
                                         "TcpExtTCPACKSkippedFinWait2",
                                         "TcpExtTCPACKSkippedTimeWait",
                                         "TcpExtTCPACKSkippedChallenge",
                                         "TcpExtTCPPureAcks",
                                         "TcpExtTCPDeferAcceptDrop",
                                         "TcpExtTCPFromZeroWindowAdv",
                                         "TcpExtTCPToZeroWindowAdv",
                                         "TcpExtTCPWantZeroWindowAdv",
                                         "TcpExtTCPAutoCorking",
                                         "TcpExtTCPRcvCoalesce",
                                         "TcpExtTCPOrigDataSent",
                                         "TcpExtTCPOFOMerge",
                                         "TcpExtTCPDSACKOfoSent",
                                         "TcpExtTCPDSACKRecv",
                                         "TcpExtTCPDSACKOfoRecv",
                                         "TcpExtTCPSACKDiscard",
                                         "TcpExtTCPSACKReneging",
                                         "TcpExtTCPSACKReorder",
                                         "TcpExtTCPTSReorder",
                                         "TcpExtTCPRenoReorder",
                                         "TcpExtTCPSackRecovery",
                                         "TcpExtTCPRenoRecovery",
                                         "TcpExtTCPSackRecoveryFail",
                                         "TcpExtTCPRenoRecoveryFail",
                                         "TcpExtTCPLossFailures",
                                         "TcpExtTCPSackFailures",
                                         "TcpExtTCPRenoFailures",
                                         "TcpExtTCPSlowStartRetrans",
                                         "TcpExtTCPLostRetransmit",
                                         "TcpExtTCPFullUndo",
                                         "TcpExtTCPPartialUndo",
                                         "TcpExtTCPDSACKUndo",
                                         "TcpExtTCPLossUndo",
                                         "TcpExtTCPHystartTrainDetect",
                                         "TcpExtTCPHystartTrainCwnd",
                                         "TcpExtTCPHystartDelayDetect",
                                         "TcpExtTCPHystartDelayCwnd",
                                         "TcpExtTCPSpuriousRTOs",
                                         "TcpExtTCPLossProbeRecovery",
                                         "TcpExtTCPRetransFail",
                                         "TcpExtTCPMigrateReqSuccess",
                                         "TcpExtTCPMigrateReqFailure",
                                         "TcpExtTCPRcvQDrop",
                                         "UdpInErrors",
                                         "UdpRcvbufErrors",
                                         "UdpIgnoredMulti",
                                         "Udp6InDatagrams",
                                         "Udp6NoPorts",
                                         "Udp6OutDatagrams",
                                         "Udp6InErrors",
                                         "Udp6RcvbufErrors",
                                         "IcmpInDestUnreachs",
                                         "IcmpOutDestUnreachs",
                                         "Icmp6InDestUnreachs",
                                         "Icmp6OutDestUnreachs",
                                         "IcmpOutTimeExcds",
                                         "IcmpInTimeExcds",
                                         "Icmp6OutTimeExcds",
                                         "Icmp6InTimeExcds",
                                         "Icmp6OutPktTooBigs",
                                         "Icmp6InPktTooBigs",
                                         "IpForwDatagrams",
                                         "Ip6OutForwDatagrams",
                                         "IpInHdrErrors",
                                         "Ip6InHdrErrors",
                                         "IpExtInNoRoutes",
                                         "Ip6InNoRoutes",
                                         "IpFragFails",
                                         "Ip6InTooBigErrors"};

}  // namespace fourtuple::spec::metrics
