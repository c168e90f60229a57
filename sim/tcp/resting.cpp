#include "sim/tcp/resting.h"

namespace fourtuple::tcp {
namespace {

/// A moment of the past as jiffies before `now`; `never` stands for 0. What is too long ago comes
/// back as something else, and pack() sees it.
constexpr std::uint16_t never = 0xffff;

std::uint16_t age_of(std::uint32_t then, std::uint32_t now) {
  return then == 0 ? never : static_cast<std::uint16_t>(now - then);
}
std::uint32_t moment_of(std::uint16_t age, std::uint32_t now) {
  return age == never ? 0 : now - age;
}

std::uint16_t short_of(std::uint32_t n) { return static_cast<std::uint16_t>(n); }

/// What most connections have to tell apart from rest, asked first because it is cheap.
bool is_quiet(const tcb& t) {
  return t.st == state::established && t.transit == 0 && t.cubic == 0 && t.snd_una == t.write_seq &&
         t.copied_seq == t.rcv_nxt && !t.ack_scheduled && t.pending == pending::none;
}

void pack_numbers(const tcb& t, resting& r) {
  r.snd_nxt = t.snd_nxt;
  r.rcv_nxt = t.rcv_nxt;
  r.rcv_wnd = t.rcv_wnd;
  r.snd_wnd = t.snd_wnd;
  r.max_window = t.max_window;
  r.rcv_ssthresh = t.rcv_ssthresh;
  r.ts_recent = t.ts_recent;
  r.ts_recent_stamp_s = t.ts_recent_stamp_s;
  r.ts_offset = t.ts_offset;
  r.last_heard = t.last_heard;
  r.srtt_us8 = t.srtt_us8;
  r.mdev_us = t.mdev_us;
  r.mdev_max_us = t.mdev_max_us;
  r.rttvar_us = t.rttvar_us;
  r.min_rtt_us = t.min_rtt_us;
  r.rcv_rtt_echo = t.rcv_rtt_echo;
  r.rcvq_space = t.rcvq_space;
  r.rcvq_us = t.rcvq_us;
  r.sndbuf = t.opt.sndbuf;
}

void pack_distances(const tcb& t, resting& r) {
  r.rtt_seq = short_of(t.snd_nxt - t.rtt_seq);
  r.snd_sml = short_of(t.snd_nxt - t.snd_sml);
  r.rcv_wup = short_of(t.rcv_nxt - t.rcv_wup);
  r.snd_wl1 = short_of(t.rcv_nxt - t.snd_wl1);
  r.rcvq_seq = short_of(t.rcv_nxt - t.rcvq_seq);
  r.last_receive = age_of(t.last_receive, t.last_heard);
  r.last_send = age_of(t.last_send, t.last_heard);
  r.cwnd_stamp = age_of(t.cwnd_stamp, t.last_heard);
  r.ack_timeout = age_of(t.last_receive, t.ack_timeout);
  if (t.ack_timeout == 0) r.ack_timeout = never;
}

void pack_small(const tcb& t, resting& r) {
  r.rto = short_of(t.rto);
  r.ack_ato = t.ack_ato;
  r.rcv_mss = t.rcv_mss;
  r.last_seg_size = t.last_seg_size;
  r.mss = t.mss;
  r.mss_cache = t.mss_cache;
  r.advmss = t.advmss;
  r.cwnd = t.cwnd;
  r.cwnd_used = t.cwnd_used;
  r.reordering = static_cast<std::uint8_t>(t.reordering);
  r.ack_quick = t.ack_quick;
  r.ack_pingpong = t.ack_pingpong;
  r.window_ratio = t.window_ratio;
  r.snd_wscale = t.snd_wscale;
  r.rcv_wscale = t.rcv_wscale;
  r.timestamps = t.timestamps;
  r.sack = t.sack;
  r.window_scaling = t.window_scaling;
  r.passive = t.passive;
  r.direct_path = t.direct_path;
  r.loopback = t.loopback;
  r.ecn_ok = t.ecn_ok;
  r.nodelay = t.opt.nodelay;
  r.keepalive = t.opt.keepalive;
}

void unpack_numbers(const resting& r, tcb& t) {
  t.snd_una = t.snd_nxt = t.write_seq = r.snd_nxt;
  t.rcv_nxt = t.copied_seq = r.rcv_nxt;
  t.iss = r.snd_nxt - 1;
  t.irs = r.rcv_nxt - 1;
  t.rcv_wnd = r.rcv_wnd;
  t.snd_wnd = r.snd_wnd;
  t.max_window = r.max_window;
  t.rcv_ssthresh = r.rcv_ssthresh;
  t.ts_recent = r.ts_recent;
  t.ts_recent_stamp_s = r.ts_recent_stamp_s;
  t.ts_offset = r.ts_offset;
  t.last_heard = r.last_heard;
  t.srtt_us8 = r.srtt_us8;
  t.mdev_us = r.mdev_us;
  t.mdev_max_us = r.mdev_max_us;
  t.rttvar_us = r.rttvar_us;
  t.min_rtt_us = r.min_rtt_us;
  t.rcv_rtt_echo = r.rcv_rtt_echo;
  t.rcvq_space = r.rcvq_space;
  t.rcvq_us = r.rcvq_us;
  t.opt.sndbuf = r.sndbuf;
}

void unpack_distances(const resting& r, tcb& t) {
  t.rtt_seq = r.snd_nxt - r.rtt_seq;
  t.snd_sml = r.snd_nxt - r.snd_sml;
  t.rcv_wup = r.rcv_nxt - r.rcv_wup;
  t.snd_wl1 = r.rcv_nxt - r.snd_wl1;
  t.rcvq_seq = r.rcv_nxt - r.rcvq_seq;
  t.last_receive = moment_of(r.last_receive, r.last_heard);
  t.last_send = moment_of(r.last_send, r.last_heard);
  t.cwnd_stamp = moment_of(r.cwnd_stamp, r.last_heard);
  t.ack_timeout = r.ack_timeout == never ? 0 : t.last_receive + r.ack_timeout;
}

void unpack_small(const resting& r, tcb& t) {
  t.rto = r.rto;
  t.ack_ato = r.ack_ato;
  t.rcv_mss = r.rcv_mss;
  t.last_seg_size = r.last_seg_size;
  t.mss = r.mss;
  t.mss_cache = r.mss_cache;
  t.advmss = r.advmss;
  t.cwnd = r.cwnd;
  t.cwnd_used = r.cwnd_used;
  t.reordering = r.reordering;
  t.ack_quick = r.ack_quick;
  t.ack_pingpong = r.ack_pingpong;
  t.window_ratio = r.window_ratio;
  t.snd_wscale = r.snd_wscale;
  t.rcv_wscale = r.rcv_wscale;
  t.timestamps = r.timestamps;
  t.sack = r.sack;
  t.window_scaling = r.window_scaling;
  t.passive = r.passive;
  t.direct_path = r.direct_path;
  t.loopback = r.loopback;
  t.ecn_ok = r.ecn_ok;
  t.opt.nodelay = r.nodelay;
  t.opt.keepalive = r.keepalive;
}

}  // namespace

bool pack(const tcb& t, resting& r) {
  if (!is_quiet(t)) return false;
  pack_numbers(t, r);
  pack_distances(t, r);
  pack_small(t, r);
  // Whatever else a tcb may remember, now or in a later version: then it stays as it is.
  tcb back = unpacked(r, t.tuple);
  back.iss = t.iss;
  back.irs = t.irs;
  return back == t;
}

tcb unpacked(const resting& r, const wire::four_tuple& tuple) {
  tcb t;
  t.tuple = tuple;
  t.st = state::established;
  unpack_numbers(r, t);
  unpack_distances(r, t);
  unpack_small(r, t);
  return t;
}

}  // namespace fourtuple::tcp
