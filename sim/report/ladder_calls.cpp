#include "sim/report/ladder_calls.h"

#include <algorithm>
#include <set>
#include <string>

namespace fourtuple::report {
namespace {

using observe::call_record;
using observe::packet_log;
using observe::packet_record;
using calls = std::vector<const call_record*>;

/// One end of a connection, and the calls made there.
struct end {
  const packet_log& log;
  const std::string& host;
  const endpoint& own;
  const endpoint& peer;
  const packet_record& first;  ///< packet of the connection
};

bool of_script(const call_record& c) { return c.fd < 0; }

// What applications called: sockets are known by their descriptors.

/// From the one that begins it to its close().
void collect(const end& e, const call_record& begin, int fd, calls& to) {
  for (const auto& c : e.log.calls) {
    if (c.order < begin.order || c.host != e.host || c.program != begin.program || c.fd != fd)
      continue;
    to.push_back(&c);
    if (c.text.starts_with("close") && c.answer != "in progress") return;
  }
}

/// The client's: the last connect() before the first packet.
void by_connect(const end& e, calls& to) {
  const call_record* begin = nullptr;
  for (const auto& c : e.log.calls)
    if (c.host == e.host && c.fd >= 0 && c.text.starts_with("connect") && c.order < e.first.order)
      begin = &c;
  if (begin != nullptr) collect(e, *begin, begin->fd, to);
}

/// The server's: the accept() that gave it.
void by_accept(const end& e, calls& to) {
  for (const auto& c : e.log.calls) {
    const bool it = c.host == e.host && c.fd >= 0 && c.accepted && c.accepted->second == e.peer;
    if (!it || c.order < e.first.order) continue;
    to.push_back(&c);
    collect(e, c, c.accepted->first, to);
    return;
  }
}

// What a script called: sockets have numbers of their own.

bool same(const ip_address& a, const ip_address& b) {
  return a.is_any() || a.unmapped() == b.unmapped();
}
/// Whether a socket with that address and port may be `e`; port 0: it has none yet.
bool is(const std::optional<endpoint>& known, const endpoint& e) {
  return known && known->port == e.port && same(known->address, e.address);
}
bool unknown(const std::optional<endpoint>& known) { return !known || known->port == 0; }

/// The script's calls of sockets at that end, in their order.
calls socket_calls(const end& e) {
  calls out;
  for (const auto& c : e.log.calls)
    if (of_script(c) && c.host == e.host && c.socket) out.push_back(&c);
  return out;
}

/// A socket that connects again is another connection's from then on.
void by_script_connect(const end& e, const calls& all, calls& to) {
  const auto connects = [](const call_record* c) { return c->text.starts_with("connect"); };
  const auto here = [&](const call_record* c) {
    return is(c->socket->remote, e.peer) &&
           (unknown(c->socket->local) || is(c->socket->local, e.own));
  };
  const call_record* begin = nullptr;
  for (const auto* c : all) {
    if (!connects(c) || !here(c)) continue;
    // Later than the first packet: who is at the other end opens the connection too.
    const bool too = begin == nullptr && is(c->socket->local, e.own);
    if (c->at <= e.first.at || too) begin = c;
  }
  if (begin == nullptr) return;
  bool begun = false;
  for (const auto* c : all) {
    if (c->socket->number != begin->socket->number) continue;
    begun = begun || c == begin;
    const bool elsewhere = connects(c) && !here(c);
    const bool ends_it = c->text.ends_with(" unspec");
    if (begun && ends_it) to.push_back(c);
    if (elsewhere && begun) return;
    if (elsewhere) to.clear();  // what comes before the first leads to it
    if (!elsewhere) to.push_back(c);
  }
}

/// The accepted socket's, and how the one that listens came to do so.
void by_script_accept(const end& e, const calls& all, calls& to) {
  const call_record* accept = nullptr;
  std::uint32_t listens = 0;
  for (const auto* c : all) {
    const auto& s = *c->socket;
    if (s.made == 0 && c->text.starts_with("listen") && is(s.local, e.own) && c->at <= e.first.at)
      listens = s.number;
    const bool it = s.made != 0 && is(s.remote, e.peer) && is(s.local, e.own);
    if (accept == nullptr && it && c->ended >= e.first.at) accept = c;
  }
  if (accept != nullptr) listens = accept->socket->number;
  for (const auto* c : all) {
    const auto& s = *c->socket;
    const bool of_listener = listens != 0 && s.number == listens && s.made == 0;
    if (c == accept || of_listener || (accept != nullptr && s.number == accept->socket->made))
      to.push_back(c);
  }
}

/// Those that sent to the other end, received from it, or waited for somebody.
void by_datagrams(const end& e, const calls& all, calls& to) {
  const auto belongs = [&](const call_record* c) {
    return is(c->socket->local, e.own) &&
           (unknown(c->socket->remote) || is(c->socket->remote, e.peer));
  };
  std::set<std::uint32_t> sockets;
  for (const auto* c : all)
    if (belongs(c)) sockets.insert(c->socket->number);
  for (const auto* c : all) {
    const bool before = unknown(c->socket->local) && sockets.contains(c->socket->number);
    if (before || belongs(c)) to.push_back(c);
  }
}

/// What was done to the host itself: firewall, sysctl, exit, count.
void of_host(const end& e, calls& to) {
  for (const auto& c : e.log.calls)
    if (of_script(c) && c.host == e.host && !c.socket && c.answer != "skipped") to.push_back(&c);
}

calls calls_at(const end& e, bool tcp, bool opens) {
  calls out;
  if (tcp && opens) by_connect(e, out);
  if (tcp && !opens) by_accept(e, out);
  const calls all = socket_calls(e);
  calls scripted;
  if (tcp) by_script_connect(e, all, scripted);
  if (tcp && !opens && scripted.empty()) by_script_accept(e, all, scripted);
  if (!tcp) by_datagrams(e, all, scripted);
  out.insert(out.end(), scripted.begin(), scripted.end());
  return out;
}

}  // namespace

calls_of_both calls_of(const packet_log& log, const conversation& c) {
  const packet_record& first = *c.packets.front();
  const end left{log, c.left_host, c.left, c.right, first};
  const end right{log, c.right_host, c.right, c.left, first};
  calls_of_both out{calls_at(left, c.tcp, true), calls_at(right, c.tcp, false)};
  of_host(left, out.left);
  if (c.left_host != c.right_host) of_host(right, out.right);
  return out;
}

}  // namespace fourtuple::report
