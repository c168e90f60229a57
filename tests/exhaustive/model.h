// What a host does around the state machine of sim/tcp, as little of it as two peers need: which
// record a segment meets, which calls an application can make, which timers are armed. Time stands
// still but for timers: any armed one may fire at any moment, and when it does, all before is long
// ago.
#pragma once

#include <vector>

#include "tests/exhaustive/joint.h"

namespace fourtuple::exhaustive {

/// The functions that are explored. Tests of the checks put broken ones here.
struct machine {
  decltype(&tcp::segment_arrives) segment_arrives = tcp::segment_arrives;
  decltype(&tcp::timer_expires) timer_expires = tcp::timer_expires;
  decltype(&tcp::app_send) app_send = tcp::app_send;
  decltype(&tcp::close) close = tcp::close;
  decltype(&tcp::time_wait_segment) time_wait_segment = tcp::time_wait_segment;
  decltype(&tcp::request_segment) request_segment = tcp::request_segment;
};

/// What a step did, beyond the joint state it leads to.
struct report {
  wire::segment heard;  ///< by deliver and deliver_twice
  std::vector<wire::segment> said;
  bool sent = false;  ///< something was emitted, under way or lost at once
  bool sent_reset = false;
  bool armed = false;  ///< a timer
  bool new_connection = false;
  tcp::ending end = tcp::ending::none;
};

class model {
 public:
  model(const setting& s, const machine& m);

  [[nodiscard]] joint start() const;
  /// What can happen now.
  void events(const joint& j, std::vector<event>& out) const;
  /// The joint state it leads to, in canonical form.
  [[nodiscard]] joint after(const joint& j, const event& e, report& r);
  [[nodiscard]] const setting& given() const { return setting_; }
  /// Who is at the other end.
  [[nodiscard]] std::size_t other(std::size_t p) const { return setting_.alone ? p : 1 - p; }

 private:
  void user_events(const joint& j, std::uint8_t p, std::vector<event>& out) const;
  void timer_events(const joint& j, std::uint8_t p, std::vector<event>& out) const;
  void user_call(joint& j, const event& e, report& r);
  void connection_call(joint& j, const event& e, connection& c, report& r);
  void connect(joint& j, std::size_t p, report& r);
  void stop_listening(joint& j, std::size_t p, report& r);
  void release(joint& j, std::size_t p, report& r);
  void timer(joint& j, const event& e, report& r);
  void arrives(joint& j, std::size_t p, const wire::segment& s, report& r);
  void to_nothing(joint& j, std::size_t p, const wire::segment& s, report& r);
  void to_request(joint& j, std::size_t p, const wire::segment& s, report& r);
  void to_time_wait(joint& j, std::size_t p, const wire::segment& s, report& r);
  void open_request(joint& j, std::size_t p, const wire::segment& s, wire::seq iss, report& r);
  void note_close(joint& j, std::size_t p);
  void emit(joint& j, std::size_t p, report& r);
  void carry_out(joint& j, std::size_t p, report& r);
  void check_in(connection& c);
  void check_out(connection& c);
  [[nodiscard]] wire::four_tuple tuple_of(std::size_t p) const;
  [[nodiscard]] wire::seq next_iss(peer& p, std::size_t index) const;

  setting setting_;
  machine machine_;
  tcp::clock clock_;
  tcp::host_records pool_;
  tcp::counter_values moved_{};
  tcp::actions out_{pool_, moved_};
};

[[nodiscard]] tcp::timer timer_of(happening h);
/// The moment at which every step happens.
[[nodiscard]] tcp::clock moment();
/// Before a timer fires: what this connection remembers is `seconds` old.
void make_old(connection& c, std::uint32_t seconds);

}  // namespace fourtuple::exhaustive
