// A host reduced to its ports: sockets are an owner and perhaps a tuple, time is a number. The
// story and property tests of sim/ports tell it what programs do and read what they get.
#pragma once

#include <fourtuple/address.h>
#include <fourtuple/errc.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "sim/ports/reserve.h"
#include "sim/ports/udp.h"

namespace fourtuple::test {

inline ports::rules linux_rules(std::uint16_t low = 40000, std::uint16_t high = 40099) {
  ports::rules r;
  r.range = {low, high};
  return r;
}

/// 6.1 where it differs from the newest.
inline ports::rules linux_6_1_rules(std::uint16_t low = 40000, std::uint16_t high = 40099) {
  ports::rules r = linux_rules(low, high);
  r.local_range_step = 2;
  r.recompute_bucket = false;
  r.first_owner_sets_reuse = true;
  r.reuse_clock = profile::tw_reuse_clock::whole_seconds;
  return r;
}

/// Socket options and the local address of a call.
struct with {
  std::string from = "0.0.0.0";
  bool reuseaddr = false;
  bool reuseport = false;
  bool v6only = false;
  std::uint32_t uid = 1000;
  std::uint16_t device = 0;
  profile::port_range range{0, 0};  ///< IP_LOCAL_PORT_RANGE
};

/// What a call gave: a port, or an errno.
struct outcome {
  errc error = errc::ok;
  std::uint16_t port = 0;
  std::size_t socket = 0;  ///< for the calls on that socket
  std::uint32_t loop_index = 0;
  bool displaced = false;
  explicit operator bool() const { return error == errc::ok; }
};

class ports_host : public ports::records {
 public:
  explicit ports_host(const ports::rules& r, std::uint64_t key = 1) : draws(key) {
    table.configure(r);
  }

  /// connect() of a new socket; the source is w.from, which must be specific.
  outcome connect(const std::string& to, std::uint16_t port, const with& w) {
    const ports::connect_request r{tuple(w.from, 0, to, port), w.range, now};
    const auto got = ports::reserve(table, r, draws);
    if (!got) return {got.error()};
    return established(r.tuple, *got, add(w, got->port, ports::origin::connect));
  }
  /// bind(); port 0 lets the host choose.
  outcome bind(std::uint16_t port, with w) {
    w.v6only |= ports::bind_sets_v6only(address(w.from), addresses);
    const auto got = ports::reserve(table, ports::bind_request{claim(w), port, w.range}, draws);
    if (!got) return {got.error()};
    const std::size_t s = add(w, got->port, ports::origin::bind);
    return {errc::ok, got->port, s, got->loop_index};
  }
  errc listen(std::size_t s) {
    const auto got = ports::reserve_listen(table, sockets[s].owner);
    if (got) table.set_listening(sockets[s].owner, true);
    return got.error();
  }
  /// connect() of a socket that bind() gave a port.
  outcome connect_bound(std::size_t s, const std::string& from, const std::string& to,
                        std::uint16_t port) {
    const ports::connect_request r{tuple(from, sockets[s].port, to, port), {0, 0}, now};
    const auto got = ports::reserve(table, r, draws);
    if (!got) return {got.error()};
    return established(r.tuple, *got, s);
  }
  /// A child of a listener.
  std::size_t accept(std::uint16_t port, const with& w, const std::string& peer,
                     std::uint16_t peer_port) {
    const std::size_t s = add(w, port, ports::origin::accept);
    take(s, tuple(w.from, port, peer, peer_port));
    return s;
  }
  /// The connection is closed by this side first: a TIME-WAIT record takes its place.
  void time_wait(std::size_t s, bool timestamps = true, bool fin_wait_2 = false) {
    sockets[s].facts = {timestamps, fin_wait_2, false, now.ms, now.seconds};
    table.to_time_wait(sockets[s].owner);
    table.replace(sockets[s].tuple, sockets[s].what,
                  {ports::kind::time_wait, static_cast<std::uint32_t>(s)});
    sockets[s].what = {ports::kind::time_wait, static_cast<std::uint32_t>(s)};
  }
  /// close() without TIME-WAIT, or its end.
  void gone(std::size_t s) {
    if (sockets[s].what) table.erase(sockets[s].tuple, sockets[s].what);
    table.remove(sockets[s].owner);
    sockets[s].what = {};
    sockets[s].owner = {};
  }
  void wait_ms(std::int64_t ms) {
    now.ms += ms;
    now.seconds = now.ms / 1000;
    now.window = static_cast<std::uint64_t>(now.ms / 10000);
  }

  wire::address_id address(const std::string& text) {
    return addresses.intern(*parse_address(text));
  }
  ports::scope scope(const std::string& text, bool v6only = false) {
    return ports::scope_of(address(text), v6only, addresses);
  }
  ports::claim claim(const with& w) {
    return {.where = scope(w.from, w.v6only),
            .uid = w.uid,
            .device = w.device,
            .reuseaddr = w.reuseaddr,
            .reuseport = w.reuseport};
  }
  wire::four_tuple tuple(const std::string& from, std::uint16_t port, const std::string& to,
                         std::uint16_t to_port) {
    return {addresses.unmapped(address(from)), addresses.unmapped(address(to)), port, to_port};
  }

  const wire::four_tuple& tuple_of(ports::entry e) const override {
    return sockets[e.index()].tuple;
  }
  ports::time_wait_facts time_wait(std::uint32_t index) const override {
    return sockets[index].facts;
  }

  struct socket {
    ports::owner_id owner;
    std::uint16_t port = 0;
    wire::four_tuple tuple;
    ports::entry what;
    ports::time_wait_facts facts;
    bool v6only = false;
  };

  wire::address_table addresses;
  std::deque<socket> sockets{1};  ///< 0 is none
  ports::table table{addresses, *this};
  ports::draws draws;
  ports::kernel_time now{};

 private:
  std::size_t add(const with& w, std::uint16_t port, ports::origin how) {
    sockets.push_back({table.add(claim(w), port, how), port, {}, {}, {}, w.v6only});
    return sockets.size() - 1;
  }
  void take(std::size_t s, const wire::four_tuple& t) {
    sockets[s].tuple = t;
    sockets[s].what = {ports::kind::connection, static_cast<std::uint32_t>(s)};
    table.insert(t, sockets[s].what);
  }
  outcome established(wire::four_tuple t, const ports::reservation& got, std::size_t s) {
    t.local_port = got.port;
    if (got.displaced) gone(got.displaced.index());
    table.move(sockets[s].owner, ports::scope_of(t.local, sockets[s].v6only, addresses));
    take(s, t);
    return {errc::ok, got.port, s, got.loop_index, static_cast<bool>(got.displaced)};
  }
};

}  // namespace fourtuple::test
