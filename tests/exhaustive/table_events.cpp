// The events of the table: calls with their errno, segments by where they lie, timers.
#include <fmt/format.h>

#include <chrono>

#include "tests/exhaustive/state_table.h"

namespace fourtuple::exhaustive {
namespace {

using namespace std::chrono_literals;
using wire::segment;

constexpr wire::seq far = 1'000'000;  ///< beyond every window

template <class T>
std::string said(const result<T>& r, const std::string& good) {
  return r ? good : std::string(name(r.error()));
}
std::string said(const result<>& r) { return said(r, "0"); }
std::string number(const result<std::size_t>& r) {
  return r ? fmt::format("{}", *r) : std::string(name(r.error()));
}

std::string closes(scene& s) {
  const descriptor fd = std::exchange(s.fd, -1);
  return said(s.process().close(fd));
}

std::string hears(scene& s, const segment& what) {
  s.host.hear(what);
  return {};
}
template <unsigned flags, class At, class Ack>
std::string hears(scene& s, At at, Ack ack, std::uint32_t length = 0) {
  return hears(s, s.segment(flags, at, ack, length));
}

std::string seconds(duration d) {
  std::string text = fmt::format("{:.3f}", static_cast<double>(ns(d)) / 1e9);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " s";
}

std::string next_timer(scene& s) {
  const instant before = s.host.now();
  if (!s.host.timer_until(before + 24h)) return "none runs";
  return "after " + seconds(s.host.now() - before);
}

/// Until no timer runs any more; what was sent is counted, not listed.
std::string silence(scene& s) {
  const instant before = s.host.now();
  instant last = before;
  s.host.clear();
  std::size_t sent = 0;
  while (s.host.waits_for_timer() && s.host.timer_until(before + 24h)) {
    sent += s.host.said().size();
    s.host.clear();
    last = s.host.now();
  }
  if (last == before) return "for ever";
  return fmt::format("after {}, {} segments", seconds(last - before), sent);
}

/// The port may be shared (SO_REUSEADDR) only where nothing but a record has it.
std::string to_a_listener(scene& s) {
  const auto fd = s.process().socket(family::inet, transport::tcp, std::nullopt);
  (void)s.process().setsockopt(*fd, option::so_reuseaddr, {1, 0});
  const auto bound = s.process().bind(*fd, {ip_address::any(family::inet), s.port()});
  if (!bound) {
    (void)s.process().close(*fd);
  } else {
    (void)s.process().listen(*fd, 8);
  }
  return hears(s, s.segment(wire::syn, s.peer_next + 1000, 0));
}

endpoint peer() { return {ip_address::v4(10, 0, 0, 2), 80}; }

std::vector<table_event> calls() {
  return {
      {kind::open, "connect()", [](scene& s) { return said(s.process().connect(s.fd, peer())); }},
      {kind::listen, "listen()", [](scene& s) { return said(s.process().listen(s.fd, 8)); }},
      {kind::accept, "accept()",
       [](scene& s) { return said(s.process().accept(s.fd), "a descriptor"); }},
      {kind::send, "send() of a byte",
       [](scene& s) { return number(s.process().send(s.fd, payload::counted(1))); }},
      {kind::receive, "recv()",
       [](scene& s) {
         return number(s.process().recv(s.fd, {nullptr, 1}));
       }},
      {kind::shutdown_rd, "shutdown(RD)",
       [](scene& s) { return said(s.process().shutdown(s.fd, shutdown_how::rd)); }},
      {kind::shutdown_wr, "shutdown(WR)",
       [](scene& s) { return said(s.process().shutdown(s.fd, shutdown_how::wr)); }},
      {kind::close, "close()", closes},
      {kind::close_unread, "close() with a byte unread", closes},
      {kind::close_reset, "close() with SO_LINGER 0",
       [](scene& s) {
         (void)s.process().setsockopt(s.fd, option::so_linger, {1, 0});
         return closes(s);
       }},
      {kind::abort, "connect(AF_UNSPEC)",
       [](scene& s) { return said(s.process().disconnect(s.fd)); }},
  };
}

std::vector<table_event> acknowledgements() {
  using enum wire::flag;
  return {
      {kind::syn_again, "SYN, the peer's first",
       [](scene& s) { return hears<syn>(s, s.peer_first, 0U); }},
      {kind::syn_new, "SYN, a new one",
       [](scene& s) { return hears<syn>(s, s.peer_next + 1000, 0U); }},
      {kind::syn_listened, "SYN, a new one, and the port has a listener", to_a_listener},
      {kind::syn_ack, "SYN, ACK of our SYN",
       [](scene& s) { return hears<syn | ack>(s, s.peer_first, s.next); }},
      {kind::ack, "ACK of all that was sent",
       [](scene& s) { return hears<ack>(s, s.peer_next, s.next); }},
      {kind::ack_duplicate, "ACK that says nothing new",
       [](scene& s) { return hears<ack>(s, s.peer_next, s.una); }},
      {kind::ack_old, "ACK far below SND.UNA",
       [](scene& s) { return hears<ack>(s, s.peer_next, s.una - far); }},
      {kind::ack_unsent, "ACK of what was never sent",
       [](scene& s) { return hears<ack>(s, s.peer_next, s.next + 1000); }},
      {kind::probe, "ACK before the window (a keepalive probe)",
       [](scene& s) { return hears<ack>(s, s.peer_next - 1, s.una); }},
  };
}

std::vector<table_event> texts() {
  using enum wire::flag;
  return {
      {kind::text, "text in order",
       [](scene& s) { return hears<ack | psh>(s, s.peer_next, s.acknowledged(), 1); }},
      {kind::text_shut, "text in order after shutdown(RD)",
       [](scene& s) {
         (void)s.process().shutdown(s.fd, shutdown_how::rd);
         return hears<ack | psh>(s, s.peer_next, s.acknowledged(), 1);
       }},
      {kind::text_old, "text received before",
       [](scene& s) { return hears<ack | psh>(s, s.peer_next - 1, s.acknowledged(), 1); }},
      {kind::text_gap, "text beyond a gap",
       [](scene& s) { return hears<ack | psh>(s, s.peer_next + 1, s.acknowledged(), 1); }},
      {kind::text_beyond, "text beyond the window",
       [](scene& s) { return hears<ack | psh>(s, s.peer_next + far, s.acknowledged(), 1); }},
      {kind::text_without_ack, "text without the ACK bit",
       [](scene& s) { return hears<psh>(s, s.peer_next, 0U, 1); }},
      {kind::text_paws, "text in order with an old time stamp",
       [](scene& s) {
         segment old = s.segment(ack | psh, s.peer_next, s.acknowledged(), 1);
         old.ts_value -= 100'000;
         return hears(s, old);
       }},
      {kind::fin, "FIN in order",
       [](scene& s) { return hears<fin | ack>(s, s.peer_next, s.acknowledged()); }},
      {kind::fin_acks, "FIN in order, ACK of all that was sent",
       [](scene& s) { return hears<fin | ack>(s, s.peer_next, s.next); }},
      {kind::fin_again, "FIN before the window (sent again)",
       [](scene& s) { return hears<fin | ack>(s, s.peer_next - 1, s.acknowledged()); }},
      {kind::fin_gap, "FIN beyond a gap",
       [](scene& s) { return hears<fin | ack>(s, s.peer_next + 1, s.acknowledged()); }},
  };
}

std::vector<table_event> endings() {
  using enum wire::flag;
  return {
      {kind::rst, "RST, exact", [](scene& s) { return hears<rst | ack>(s, s.peer_next, s.next); }},
      {kind::rst_unsent, "RST, ACK of what was never sent",
       [](scene& s) { return hears<rst | ack>(s, s.peer_next, s.next + 1000); }},
      {kind::rst_inexact, "RST in the window",
       [](scene& s) { return hears<rst>(s, s.peer_next + 1, 0U); }},
      {kind::rst_outside, "RST outside the window",
       [](scene& s) { return hears<rst>(s, s.peer_next + far, 0U); }},
      {kind::timer, "the next timer", next_timer},
      {kind::silence, "nothing is heard any more", silence},
      {kind::unacknowledged, "send() of a byte, and nothing is heard any more",
       [](scene& s) {
         const auto sent = s.process().send(s.fd, payload::counted(1));
         return sent ? silence(s) : std::string(name(sent.error()));
       }},
      {kind::keepalive, "SO_KEEPALIVE, and nothing is heard any more",
       [](scene& s) {
         const auto set = s.process().setsockopt(s.fd, option::so_keepalive, {1, 0});
         return set ? silence(s) : std::string(name(set.error()));
       }},
  };
}

}  // namespace

const std::vector<table_event>& table_events() {
  static const std::vector<table_event> all = [] {
    std::vector<table_event> list;
    for (const auto& part : {calls(), acknowledgements(), texts(), endings()})
      list.insert(list.end(), part.begin(), part.end());
    return list;
  }();
  return all;
}

}  // namespace fourtuple::exhaustive
