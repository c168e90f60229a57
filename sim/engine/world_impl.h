// The world behind make_world(): hosts, event queue, soft-interrupt FIFO, ring of woken waiters.
// One event at a time: dispatch, drain the FIFO, run the ring until both are empty.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/core/event_queue.h"
#include "sim/core/one_piece.h"
#include "sim/core/pool.h"
#include "sim/core/ring.h"
#include "sim/engine/packet_recorder.h"
#include "sim/engine/world.h"
#include "sim/host/kernel.h"
#include "sim/net/link.h"
#include "sim/net/topology.h"

namespace fourtuple::engine {

class world;

/// One entity's view of the world: a host's, or the coordinator's.
class node final : public host::surroundings {
 public:
  node(world& w, std::uint32_t entity);

  [[nodiscard]] result<host::route> find_route(wire::address_id destination) const override;
  void emit(const wire::segment& s) override;
  void emit(const wire::datagram& d) override;
  void emit(const wire::icmp_error& e) override;
  void schedule_timer_token(instant at) override;
  void schedule_alarm(instant at, std::uint32_t index) override;
  void process_finished(process& p) override;

 private:
  friend class world;
  /// The way to an address, as the last packet found it: most are followed by one to the same.
  struct way {
    wire::address_id to{0xffffffff};
    std::uint32_t host = 0;
    duration delay{};
    bool exists = false;
    bool plain = true;                         ///< nothing but delay happens to a packet
    /// Plain, not without delay, nobody's loopback (IPv4), and packets go from host to host unseen.
    bool straight = false;
    const net::link_shape* link = nullptr;     ///< null: to the host itself
    net::link_direction* direction = nullptr;  ///< where it is not plain
    result<host::route> route = errc::enetunreach;  ///< as its own kernel sees it
  };

  [[gnu::noinline]] void emit_with_care(const wire::segment& s);
  [[nodiscard]] const way& way_to(wire::address_id to) const;
  [[gnu::noinline]] void look_for(wire::address_id to) const;
  [[nodiscard]] result<host::route> route_over(const way& w) const;
  /// Its side of the link to a host; made at first use.
  [[nodiscard]] net::link_direction& direction_to(std::uint32_t host);

  world& world_;
  std::uint32_t entity_;
  core::event_source events_;  ///< those it causes
  mutable way last_;
  std::vector<ip_address> addresses_;                        ///< its own, in file order
  std::map<std::uint32_t, net::link_direction> directions_;  ///< by the host at the other end
  std::uint64_t link_key_ = 0;                               ///< the random stream of its links
};

class coordinator_process;

class world final : public observe::backend {
 public:
  world(const spec::scenario& s, const world_options& options);
  ~world() override;

  // control
  process& make_process(std::string_view host, const process_options& how) override;
  void end_process(process& p) override;
  [[nodiscard]] std::uint64_t count(std::string_view host, std::string_view state) const override;
  bool set_sysctl(std::string_view host, std::string_view name, std::string_view value,
                  std::string& message) override;
  bool set_firewall(std::string_view host, std::span<const firewall_rule> rules,
                    std::string& message) override;
  bool set_link(std::uint32_t link, const link_change& change, std::string& message) override;
  process& coordinator() override;

  // backend
  stop run_until(instant until, bool (*keep_going)(void*), void* context) override;
  [[nodiscard]] instant now() const override { return shared_.now; }
  [[nodiscard]] std::uint64_t events() const override { return events_; }
  [[nodiscard]] instant next_event() override {
    return queue_.empty() ? never : at_ns(queue_.top().at());
  }
  [[nodiscard]] std::string digest() const override;
  [[nodiscard]] std::vector<std::string> host_names() const override;
  [[nodiscard]] observe::host_metrics look(std::string_view host) const override;
  [[nodiscard]] observe::port_levels levels(std::string_view host) const override;
  [[nodiscard]] std::vector<observe::socket_row> sockets(std::string_view host) const override;
  void describe_process(process& p, std::string_view program, bool must_finish) override;
  bool capture(observe::packet_log* log) override;
  void begin_counting(instant from) override;

 private:
  friend class node;
  struct pending_packet {
    std::uint32_t host = 0;
    std::uint32_t record = 0;  ///< of in_flight_
  };
  static constexpr std::uint32_t nobody = 0xffffffff;

  void make_hosts(const spec::scenario& s);
  [[nodiscard]] std::uint32_t id_of(std::string_view host) const;
  [[nodiscard]] std::uint32_t owner_of(wire::address_id a, std::uint32_t asking) const;
  [[nodiscard]] node::way find_way(std::uint32_t from, wire::address_id to) const;
  void forget_ways();
  /// Puts `p` on its way to the host that has the address; nothing where nobody does.
  template <class Packet>
  void send(node& from, wire::address_id to, const Packet& p);
  template <class Packet>
  [[gnu::cold]] void send_from_loopback(node& from, const node::way& way, const Packet& p);
  /// The same over a link that loses, delays or doubles packets.
  [[gnu::noinline]] void send_shaped(node& from, const node::way& way, std::uint32_t record);
  void arrive(node& from, std::uint32_t host, instant at, std::uint32_t record);
  [[nodiscard]] std::uint32_t copy_of(std::uint32_t record);
  void drop(std::uint32_t record);
  void deliver(std::uint32_t host, std::uint32_t record);
  [[gnu::noinline]] bool passes_on(std::uint32_t router, std::uint32_t record);
  void forward(std::uint32_t router, wire::address_id to, std::uint32_t record);
  [[gnu::noinline]] void record_sent(const node& from, const node::way& way, std::uint32_t record);
  /// A record with its hop limit starts over a way.
  void start_out(node& from, const node::way& way, std::uint32_t record);
  [[nodiscard, gnu::noinline]] std::uint8_t& hop_limit(std::uint32_t record);
  void schedule(instant at, std::uint32_t destination, core::phase p, node& source,
                std::uint32_t record) {
    queue_.push(source.events_.next(ns(at), destination, p, record));
  }
  void dispatch(const core::event& e);
  [[gnu::noinline]] void drain();
  /// Who was woken goes on. False where many have and more wait: then the caller may want to stop.
  bool settle();
  /// All of them, asking now and then; false where keep_going() ended it.
  bool settled(bool (*keep_going)(void*), void* context);
  /// After the last of those that must finish the run stops; others do not count.
  void note_finished(const process* p);
  [[nodiscard]] std::optional<stop> questions(bool (*keep_going)(void*), void* context);

  world_options options_;
  host::commons shared_;
  core::event_queue queue_;
  core::ring<pending_packet> fifo_;  ///< soft interrupts: packets that travel without delay
  core::pool<wire::packet> in_flight_;
  std::vector<std::uint8_t> hop_limits_;       ///< by record of in_flight_; where there are routers
  bool routed_ = false;                        ///< there are
  std::unique_ptr<packet_recorder> recorder_;  ///< null: nobody looks at packets
  bool just_carries_ = true;                   ///< neither: packets go from host to host unseen
  net::topology net_;
  std::uint64_t events_ = 0;
  std::uint64_t next_question_ = 0;  ///< of events_: when limits and the caller are asked next
  std::vector<std::unique_ptr<node>> nodes_;  ///< hosts, then the coordinator
  std::vector<std::uint32_t> owners_;         ///< address id -> host
  std::map<std::string, std::uint32_t, std::less<>> ids_;
  core::one_piece<host::kernel> hosts_;
  std::unique_ptr<coordinator_process> coordinator_;
  std::vector<process*> unfinished_;
  bool all_finished_ = false;  ///< told at the next of the questions(), which are due then
};

}  // namespace fourtuple::engine
