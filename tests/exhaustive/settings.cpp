#include "tests/exhaustive/setting.h"

namespace fourtuple::exhaustive {

tcp::limits small_limits() {
  tcp::limits l;
  l.timestamps = false;
  l.syn_retries = 1;
  l.syn_linear_timeouts = 0;
  l.synack_retries = 1;
  l.retries2 = 2;
  l.orphan_retries = 2;
  l.rmem_default = 4096;
  l.moderate_rcvbuf = false;
  l.invalid_ratelimit_ms = 0;
  l.loss_probes = false;
  return l;
}

tcp::socket_options small_options() {
  tcp::socket_options o;
  o.nodelay = true;
  o.sndbuf = 4096;
  o.sndbuf_locked = true;
  return o;
}

namespace {

constexpr std::uint16_t call_few = call_send | call_read | call_close;

/// Segments of each direction overtake one another and get lost.
setting client_and_server() {
  setting s;
  s.name = "a client that sends and a server";
  s.bytes = {1, 0};
  s.duplications = 0;
  s.calls = call_few;
  return s;
}

setting half_close() {
  setting s = client_and_server();
  s.name = "either side finishes first and goes on reading";
  s.in_flight = 1;
  s.calls = call_few | call_shutdown_wr | call_shutdown_rd;
  return s;
}

setting every_call() {
  setting s;
  s.name = "every call at every moment";
  s.bytes = {0, 0};
  s.in_flight = 1;
  return s;
}

setting simultaneous_open() {
  setting s;
  s.name = "both open at once";
  s.opens = {1, 1};
  s.listens = {false, false};
  s.bytes = {0, 0};
  s.in_flight = 1;
  s.duplications = 0;
  return s;
}

setting talks_to_itself() {
  setting s;
  s.name = "a socket connected to itself";
  s.opens = {1, 0};
  s.listens = {false, false};
  s.bytes = {1, 0};
  s.in_flight = 2;
  s.duplications = 0;
  s.alone = true;
  return s;
}

/// The receiver has room for two bytes, the sender has three.
setting closed_window() {
  setting s = client_and_server();
  s.name = "a window that closes";
  s.limits.window_scaling = false;
  s.limits.rmem_default = 4;
  s.bytes = {3, 0};
  s.in_flight = 1;
  return s;
}

/// SACK, RACK-TLP, F-RTO and undo with their memory.
setting loss_recovery() {
  setting s = client_and_server();
  s.name = "loss recovery";
  s.recovery = true;
  s.limits.loss_probes = true;
  s.limits.syn_retries = 0;
  s.bytes = {2, 0};
  s.in_flight = 1;
  return s;
}

setting loss_recovery_without_sack() {
  setting s = loss_recovery();
  s.name = "loss recovery without SACK";
  s.limits.sack = false;
  return s;
}

/// With time stamps, as TIME-WAIT reuse wants them.
setting again() {
  setting s = client_and_server();
  s.name = "the same four-tuple again";
  s.limits.timestamps = true;
  s.opens = {2, 0};
  s.bytes = {0, 0};
  s.in_flight = 1;
  return s;
}

setting keepalive() {
  setting s = half_close();
  s.name = "keepalive";
  s.options.keepalive = true;
  s.options.keep_idle_s = s.options.keep_intvl_s = 1;
  s.options.keep_cnt = 1;
  s.bytes = {0, 0};
  return s;
}

setting rate_limits() {
  setting s = half_close();
  s.name = "rate-limited answers";
  s.limits.invalid_ratelimit_ms = 500;
  return s;
}

}  // namespace

std::vector<setting> small_settings() {
  return {client_and_server(),
          half_close(),
          every_call(),
          simultaneous_open(),
          talks_to_itself(),
          closed_window(),
          loss_recovery(),
          loss_recovery_without_sack(),
          again(),
          keepalive(),
          rate_limits()};
}

std::vector<setting> large_settings() {
  std::vector<setting> all = small_settings();
  for (setting& s : all) {
    s.name += ", more of it";
    if (s.recovery) {
      s.bytes = {3, 0};
    } else if (s.opens[0] + s.opens[1] > 1) {
      s.in_flight = 2;
    } else if (s.bytes[0] != 0) {
      s.bytes[1] = 1;
    }
    if (s.in_flight == 1 && s.bytes[1] == 0) s.duplications = 1;
  }
  return all;
}

}  // namespace fourtuple::exhaustive
