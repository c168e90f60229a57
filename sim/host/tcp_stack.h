// The TCP half of a simulated kernel: socket calls, demultiplexing, listeners, TIME-WAIT records;
// it carries out what the state machine of sim/tcp decides and holds the ports through sim/ports.
// Calls follow net/ipv4/af_inet.c and tcp.c; each errno stands where the kernel returns it.
#pragma once

#include <fourtuple/process.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "sim/core/digest.h"
#include "sim/core/slab.h"
#include "sim/host/awake_tcbs.h"
#include "sim/host/host_config.h"
#include "sim/host/nstat.h"
#include "sim/host/packet_filter.h"
#include "sim/host/path_mtu.h"
#include "sim/host/tcp_socket.h"
#include "sim/host/timers.h"
#include "sim/host/waits.h"
#include "sim/observe/host_metrics.h"
#include "sim/ports/reserve.h"
#include "sim/tcp/step.h"

namespace fourtuple::host {

/// The socket that bind() is called on, TCP's or UDP's.
struct bind_asker {
  fourtuple::family family;
  std::uint32_t uid;
  bool v6only;
  bool freebind;
  bool active;  ///< connected, or bound to a port
};

/// What both halves of a kernel share. Lives in the kernel.
struct kernel_parts {
  surroundings& world;
  const host_config& config;
  profile::sysctls& sysctls;
  host::timers& timers;
  host::waits& waits;
  host::nstat& counters;
  core::digest& digest;
  ports::draws& draws;
  packet_filter& filter;
  path_mtu& paths;

  /// Is it one of this host's addresses (loopback too)?
  [[nodiscard]] bool is_local(wire::address_id a) const;
  /// inet_bind() lets a socket receive at a multicast or broadcast address, never send from it.
  [[nodiscard]] bool is_sender(wire::address_id a) const {
    const ip_address& address = world.addresses().at(a);
    return !address.is_multicast() && !address.is_broadcast();
  }
  /// The way there; EINVAL from an address of 127.0.0.0/8 to another host (__mkroute_output()).
  [[nodiscard]] result<route> way(wire::address_id from, wire::address_id to) const {
    const bool to_v6 = world.addresses().family_of(to) == family::inet6;
    if (from == wire::any_v6 || (from == wire::any_v4 && !to_v6)) [[likely]]
      return world.find_route(to);
    return way_from(from, to);
  }
  /// Where the source is named, or of another family.
  [[nodiscard, gnu::noinline]] result<route> way_from(wire::address_id from,
                                                      wire::address_id to) const;
  /// What bind() answers before it looks for the port; ok where nothing is wrong.
  [[nodiscard]] errc refusal_of_bind(const bind_asker& s, const endpoint& to) const;
};

class tcp_stack final : public ports::records {
 public:
  explicit tcp_stack(kernel_parts parts);

  // ---- calls; `i` is a socket of create() or accept()
  std::uint32_t create(family f, std::uint32_t uid);
  result<> bind(std::uint32_t i, const endpoint& to);
  result<> listen(std::uint32_t i, int backlog);
  result<> connect(std::uint32_t i, const endpoint& to);
  result<> disconnect(std::uint32_t i);
  result<std::uint32_t> accept(std::uint32_t i);
  result<std::size_t> send(std::uint32_t i, payload p);
  result<std::size_t> recv(std::uint32_t i, buffer b);
  result<datagram> recvfrom(std::uint32_t i, buffer b);
  result<> shutdown(std::uint32_t i, shutdown_how how);
  result<> setsockopt(std::uint32_t i, option o, option_value v);
  result<option_value> getsockopt(std::uint32_t i, option o);
  [[nodiscard]] result<endpoint> getsockname(std::uint32_t i) const;
  [[nodiscard]] result<endpoint> getpeername(std::uint32_t i) const;
  [[nodiscard]] endpoint peer_of(std::uint32_t i) const;
  [[nodiscard]] result<std::string_view> state_of(std::uint32_t i) const;
  [[nodiscard]] ready_mask level(std::uint32_t i) const { return level_of(sockets_[i]); }
  /// As poll(2) has it: `err` too while the error queue holds an ICMP error.
  [[nodiscard]] ready_mask poll_level(std::uint32_t i);
  void share(std::uint32_t i) { ++sockets_[i].made_rare().more_descriptors; }
  /// False while SO_LINGER makes close() of the last descriptor wait; begins the closing.
  bool may_release(std::uint32_t i) { return !sockets_[i].rare || may_release_rare(i); }
  /// A descriptor is gone; the last one closes the connection. `exiting`: nothing lingers.
  void release(std::uint32_t i, bool exiting);
  [[nodiscard]] watched to_watch(std::uint32_t i) {
    tcp_socket& s = sockets_[i];
    return {&s.watchers, asked_level_of(s)};
  }

  // ---- from the network and the timers (soft interrupts)
  void receive(const wire::segment& s);
  void receive(const wire::icmp_error& e);
  void on_timer(timer_kind kind, std::uint32_t index);

  /// Connections at rest give their tcbs back while more are awake than a busy host needs at a
  /// time. To be called where no other call or step is under way.
  void rest_some() {
    constexpr std::size_t most_awake = 256;
    if (tcbs_.size() > most_awake) pack_some();
  }

  /// A sysctl has changed.
  void configure();

  // ---- to look at
  [[nodiscard]] std::uint64_t count(tcp::state s) const;
  void look(observe::host_metrics& m) const;
  void begin_counting(instant from);
  [[nodiscard]] std::uint64_t closed_in_queues() const;
  [[nodiscard]] observe::port_levels levels() const {
    return {ports_gauge_.now, time_wait_gauge_.now};
  }
  /// Rows of the socket table with the socket's index (0: a record without descriptor).
  void rows(std::vector<std::pair<std::uint32_t, observe::socket_row>>& to) const;

  // ports::records
  [[nodiscard]] const wire::four_tuple& tuple_of(ports::entry e) const override {
    return tuple_at(e);
  }
  [[nodiscard]] ports::time_wait_facts time_wait(std::uint32_t index) const override;

 private:
  // calls
  errc set_socket_option(tcp_socket& s, option o, option_value v, tcp::actions& out);
  errc set_tcp_option(tcp_socket& s, option o, option_value v, tcp::actions& out);
  errc set_ip_option(tcp_socket& s, option o, option_value v);
  result<> open(std::uint32_t i, const endpoint& to);
  [[gnu::noinline]] result<> connect_awakened(std::uint32_t i, const endpoint& to);
  [[gnu::noinline]] errc failure_to_connect(std::uint32_t i, tcp_socket& s);
  [[gnu::noinline]] bool may_release_rare(std::uint32_t i);
  [[gnu::cold]] void no_port_found(tcp_socket& s, wire::address_id chosen);
  [[gnu::cold]] void take_over(std::uint32_t time_wait, tcp::connection_setup& setup);
  void aim_at_v4(tcp_socket& s, tcp::connection_setup& setup, wire::address_id v4_peer);
  result<wire::address_id> destination_of(const tcp_socket& s, const endpoint& to) const;
  void disconnect_locked(std::uint32_t i);
  void stop_listening(std::uint32_t i);
  void close_now(std::uint32_t i, tcp_socket& s, bool exiting);
  void orphan(std::uint32_t i, tcp_socket& s);
  [[gnu::cold]] void abort_orphan(std::uint32_t i, tcp_socket& s);
  errc take_error(tcp_socket& s);
  [[gnu::noinline]] errc refusal_to_send(tcp_socket& s);
  [[gnu::noinline]] result<std::size_t> recv_awakened(std::uint32_t i, buffer b);
  [[gnu::noinline]] result<std::size_t> nothing_to_read(tcp_socket& s);
  [[gnu::noinline]] result<std::size_t> read(std::uint32_t i, tcp_socket& s, std::uint32_t ready,
                                             buffer b);
  [[gnu::noinline]] void copy_bytes(tcp_socket& s, std::uint32_t n, char* to);
  [[gnu::noinline]] void tell_what_was_read(std::uint32_t i, tcp_socket& s, tcp::actions& out);
  [[nodiscard]] ports::claim claim_of(const tcp_socket& s) const;
  [[nodiscard]] endpoint name_of(const tcp_socket& s, wire::address_id a, std::uint16_t port) const;
  /// Most are asked about while they are established.
  [[nodiscard]] static bool simply_open(const tcp_socket& s) {
    const tcp::tcb& t = *s.tcb;
    const unsigned shut = unsigned{t.shut_rd} | unsigned{t.shut_wr};  // one question of a byte
    return t.st == tcp::state::established && shut == 0 && t.error == errc::ok && !s.rare;
  }
  [[nodiscard]] ready_mask level_while_open(const tcp_socket& s) const {
    const bool in = tcp::readable(*s.tcb) != 0;
    const bool out = tcp::writable(*s.tcb, records_.transits);
    return static_cast<ready_mask>((in ? unsigned{ready_in} : 0U) |
                                   (out ? unsigned{ready_out} : 0U));
  }
  [[nodiscard]] ready_mask level_of(const tcp_socket& s) const {
    if (s.tcb == nullptr) return ready_out;
    return simply_open(s) ? level_while_open(s) : level_otherwise(s);
  }
  [[nodiscard, gnu::noinline]] ready_mask level_otherwise(const tcp_socket& s) const;
  /// tcp_poll(): to have been asked leaves a mark where nothing may be written.
  [[nodiscard]] ready_mask asked_level_of(tcp_socket& s) {
    if (s.tcb == nullptr) return ready_out;
    if (!simply_open(s)) return asked_level_otherwise(s);
    const ready_mask level = level_while_open(s);
    if ((level & ready_out) == 0) records_.transits[s.tcb->transit].no_space = true;
    return level;
  }
  [[nodiscard, gnu::noinline]] ready_mask asked_level_otherwise(tcp_socket& s);

  [[nodiscard]] const wire::four_tuple& tuple_at(ports::entry e) const;

  // connections at rest
  /// A socket whose tcb is going to be looked at.
  [[nodiscard]] tcp_socket& awake(std::uint32_t i) {
    tcp_socket& s = sockets_[i];
    wake_up(i, s);
    return s;
  }
  void wake_up(std::uint32_t i, tcp_socket& s) {
    if (s.tcb == nullptr) [[unlikely]]
      unpack(i, s);
  }
  [[gnu::noinline]] void unpack(std::uint32_t i, tcp_socket& s);
  [[gnu::noinline]] void pack_some();

  // one socket inside a system call (lock_sock .. release_sock)
  class lock;
  /// While a call had the socket.
  [[nodiscard]] bool something_came() const { return !backlog_.empty() || owned_path_mtu_ != 0; }
  void add_to_backlog(const wire::segment& s, bool direct_path);
  [[gnu::noinline]] void release_backlog(std::uint32_t i);

  // carrying out
  tcp::actions& sink() {
    tcp::actions& s = parts_.world.in_soft_interrupt() ? interrupt_sink_ : call_sink_;
    s.clear();
    return s;
  }
  /// For a step of that connection.
  tcp::actions& sink_for(const tcp_socket& s) {
    return cleared(parts_.world.in_soft_interrupt() ? interrupt_sink_ : call_sink_, s);
  }
  tcp::actions& sink_for(const tcp::request& r) {
    tcp::actions& out = sink();
    if (parts_.filter.watches_output()) out.refused = parts_.filter.refuses(r.tuple);
    return out;
  }
  tcp::actions& cleared(tcp::actions& out, const tcp_socket& s) {
    out.clear();
    if (parts_.filter.watches_output()) [[unlikely]]
      out.refused = parts_.filter.refuses(s.tcb->tuple);
    return out;
  }
  /// What a step of the connection has asked for.
  void carry_out(std::uint32_t i, tcp_socket& s, tcp::state before, tcp::actions& done) {
    const bool moved = before != s.tcb->st;
    if (moved) state_changed(i, s, before, done);
    if (done.timers_touched != 0) apply_timers(i, s, done);
    if (s.rare) [[unlikely]]
      forget_acknowledged(s);
    // Segments may be answered before this returns; the answers wait in the backlog or find this
    // socket after the step as it is now. Steps meanwhile use the other sink.
    if (!done.segments.empty()) emit_all(i, s, done);
    if (done.wakes != 0 || done.end != tcp::ending::none || moved) wake(s);
    if (done.end != tcp::ending::none) end(i, s, done);
  }
  [[gnu::noinline]] void state_changed(std::uint32_t i, tcp_socket& s, tcp::state before,
                                       const tcp::actions& done);
  [[gnu::noinline]] void apply_timers(std::uint32_t i, tcp_socket& s, const tcp::actions& done);
  [[gnu::noinline]] void forget_acknowledged(tcp_socket& s);
  /// Of the socket with index `i`.
  [[gnu::noinline]] void emit_all(std::uint32_t i, tcp_socket& s, tcp::actions& done);
  [[gnu::noinline]] void emit_several(std::uint32_t i, tcp_socket& s, tcp::actions& done);
  /// Of a record, which has no socket.
  void emit_all(const tcp::actions& done);
  void emit(const wire::segment& s);
  [[gnu::noinline]] void emit_filtered(const wire::segment& s);
  [[gnu::noinline]] void end(std::uint32_t i, tcp_socket& s, const tcp::actions& done);
  void note_state(tcp::state from, tcp::state to);
  void wake(tcp_socket& s) {
    if (s.watchers.ring.empty()) {
      ++s.watchers.wakes;
    } else {
      wake_watchers(s);
    }
  }
  [[gnu::noinline]] void wake_watchers(tcp_socket& s);
  void cancel_timers(tcp_socket& s);
  [[gnu::noinline]] void unhash(std::uint32_t i, tcp_socket& s);
  void free_socket(std::uint32_t i);
  /// Of a socket whose connection has ended.
  void discard(std::uint32_t i, tcp_socket& s);
  void drop_port(tcp_socket& s);

  // segments
  /// The segment's own hint leads to its connection, as the table of four-tuples would.
  [[nodiscard]] bool hint_is_right(const wire::segment& s) const;
  [[gnu::noinline]] void demultiplex(const wire::segment& s);
  void to_connection(std::uint32_t i, const wire::segment& s, bool owned);
  /// The same, where nearly every segment takes that way.
  void take_segment(std::uint32_t i, const wire::segment& s, bool owned);
  void to_request(std::uint32_t index, const wire::segment& s, const ports::tuple_table::place& at);
  void to_time_wait(std::uint32_t index, const wire::segment& s);
  /// To whom a segment without a record goes; `reused` was in its TIME-WAIT.
  void to_listener(std::uint32_t i, const wire::segment& s, const tcp::time_wait* reused,
                   const ports::tuple_table::place& at);
  /// Where the entry of the segment's connection is, or would be.
  [[nodiscard]] ports::tuple_table::place place_of(const wire::segment& s) const {
    return ports_.tuples().look_up(
        s.tuple.reversed(), [this](ports::entry e) -> const auto& { return tuple_at(e); });
  }
  void to_nobody(const wire::segment& s);
  [[nodiscard]] std::uint32_t find_listener(const wire::segment& s) const;
  [[nodiscard]] std::uint32_t best_listener(const std::vector<std::uint32_t>& of_port,
                                            wire::address_id to) const;
  [[nodiscard]] bool hears(const tcp_socket& l, wire::address_id to) const;

  // listening
  void syn_arrives(std::uint32_t i, const wire::segment& s, const tcp::time_wait* reused,
                   const ports::tuple_table::place& at);
  [[gnu::cold]] void answer_with_cookie(std::uint32_t i, const wire::segment& s);
  [[gnu::cold]] bool try_cookie(std::uint32_t i, const wire::segment& s);
  void make_child(std::uint32_t request_index, std::uint32_t listener, const wire::segment& s,
                  const ports::tuple_table::place& at);
  std::uint32_t adopt_child(const tcp_socket& l, const tcp::request& r, const wire::segment& s);
  void drop_request(std::uint32_t index);
  void free_request(std::uint32_t index, const request_record& r);
  void request_timer(std::uint32_t index);
  [[nodiscard]] bool accept_queue_full(const tcp_socket& l) const;
  /// SO_REUSEPORT: a group of exactly this address and uid shares by the hash of the four-tuple.
  [[nodiscard]] static listener_group group_of(const tcp_socket& l);
  [[nodiscard]] std::vector<std::uint32_t> members_of(const listener_group& g) const;
  /// reuseport_migrate_sock(): who takes over a connection of a listener that has gone; 0: nobody.
  [[nodiscard]] std::uint32_t heir_of(const listener_group& g, const wire::four_tuple& t);
  bool inherit_child(const listener_group& g, std::uint32_t child);
  bool inherit_request(request_record& r);
  [[nodiscard]] tcp::cookie_keys cookie_keys(const wire::four_tuple& t, std::uint32_t minute) const;

  // TIME-WAIT
  void make_time_wait(std::uint32_t i, tcp_socket& s, const tcp::actions& done);
  void arm_time_wait(std::uint32_t index, time_wait_record& w, std::uint64_t delay);
  void kill_time_wait(std::uint32_t index);

  // `hash` is that of the four-tuple.
  [[nodiscard]] std::uint32_t iss_for(std::uint64_t hash) const;
  [[nodiscard]] std::uint32_t ts_offset_for(const wire::four_tuple& t, std::uint64_t hash) const;
  [[nodiscard]] std::uint32_t random_ts_offset(const wire::four_tuple& t, std::uint64_t hash) const;
  [[nodiscard]] std::uint32_t ts_offset_of(const tcp::time_wait& w) const {
    return w.own_ts_offset ? random_ts_offset(w.tuple, wire::hash(w.tuple)) : 0;
  }
  /// What a segment there may carry, and what is offered to a peer there (ipv4_default_advmss()):
  /// the MTU of the path, as far as it is known, less headers.
  [[nodiscard]] tcp::path_facts path_to(wire::address_id a) const;
  [[nodiscard]] tcp::path_facts path_over(const route& way, wire::address_id a) const;
  void path_narrows(std::uint32_t i, std::uint32_t mtu);
  [[nodiscard]] ports::kernel_time kernel_now() const;
  [[nodiscard]] const tcp::clock& clock() const { return parts_.timers.clock(); }

  kernel_parts parts_;
  tcp::limits limits_;
  ports::table ports_;
  core::slab<tcp_socket> sockets_;
  awake_tcbs tcbs_;
  core::slab<request_record> requests_;
  core::slab<time_wait_record> time_waits_;
  /// By port; among them the newest last.
  std::map<std::uint16_t, std::vector<std::uint32_t>> listeners_;
  std::array<std::uint64_t, tcp::state_count> states_{};  ///< sockets, not records
  std::uint64_t fin_wait_2_records_ = 0;
  std::uint64_t orphans_ = 0;  ///< sockets that no descriptor names any more
  observe::gauge time_wait_gauge_;
  std::uint64_t time_wait_reused_ = 0;
  std::uint64_t iss_key_;
  std::uint64_t ts_key_;
  std::uint64_t cookie_key_;
  std::uint32_t owned_ = 0;  ///< the socket inside a system call, 0: none
  std::vector<wire::segment> backlog_;   ///< of the socket a system call works on
  std::vector<wire::segment> released_;  ///< being processed as the call ends
  std::uint32_t owned_path_mtu_ = 0;  ///< told meanwhile (TCP_MTU_REDUCED_DEFERRED); 0: nothing
  tcp::host_records records_;
  tcp::actions call_sink_{records_, parts_.counters.of_steps()};
  tcp::actions interrupt_sink_{records_, parts_.counters.of_steps()};
  observe::gauge ports_gauge_;
  void note_ports();
};

inline tcp::path_facts tcp_stack::path_to(wire::address_id a) const {
  const auto way = parts_.world.find_route(a);
  return path_over(way ? *way : route{}, a);
}

inline tcp::path_facts tcp_stack::path_over(const route& way, wire::address_id a) const {
  const std::uint32_t mtu = parts_.paths.to(a, way.mtu);
  const std::uint32_t headers = parts_.world.addresses().family_of(a) == family::inet ? 40 : 60;
  return {static_cast<std::uint16_t>(std::min<std::uint32_t>(mtu - headers, 65495)), way.direct,
          way.loopback};
}

inline const wire::four_tuple& tcp_stack::tuple_at(ports::entry e) const {
  switch (e.type()) {
    case ports::kind::request:
      return requests_[e.index()].r.tuple;
    case ports::kind::time_wait:
      return time_waits_[e.index()].w.tuple;
    default:
      return sockets_[e.index()].tuple;
  }
}

}  // namespace fourtuple::host
