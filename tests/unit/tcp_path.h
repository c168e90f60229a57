// A sender and a receiver by themselves: two control blocks, a path whose losses the test decides, and
// timers that fire when they are due.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <vector>

#include "sim/tcp/step.h"

namespace fourtuple::tcp_path {

using namespace fourtuple::tcp;
using namespace std::chrono_literals;

constexpr duration one_way = 10ms;

inline tcp::clock at(instant t) {
  return {t, static_cast<std::uint64_t>(ns(t) / 4'000'000) + 1'000'000};
}

/// What a rule does with data segment number n (from 1, in order of sending, resent ones too).
enum class fate { deliver, lose, late, twice };
using rule = std::function<fate(unsigned n, const wire::segment&)>;

/// A sender and a receiver that reads at once, 10 ms apart.
class path {
 public:
  explicit path(limits l = {}) : limits_(l) {
    connection_setup s;
    s.tuple = {wire::address_id{2}, wire::address_id{3}, 40000, 5000};
    s.iss = 1000;
    s.ts_offset = 7;
    socket_options any_amount;
    any_amount.sndbuf = 1U << 30;
    any_amount.sndbuf_locked = true;
    sender = new_connection(s, any_amount, limits_);
    open_active(sender, limits_, at(now_), out_);
    const wire::segment syn = out_.segments.at(0);
    request r = open_request(syn, 9000, 11, path_facts{}, {}, limits_, at(now_ + one_way));
    out_.clear();
    make_syn_ack(r, limits_, at(now_ + one_way), out_);
    const wire::segment syn_ack = out_.segments.at(0);
    now_ += 2 * one_way;
    out_.clear();
    segment_arrives(sender, syn_ack, false, limits_, at(now_), out_);
    const wire::segment ack = out_.segments.at(0);
    now_ += one_way;
    out_.clear();
    receiver = child_of(r, ack, {}, limits_, at(now_));
    segment_arrives(receiver, ack, false, limits_, at(now_), out_);
    out_.clear();
  }

  void lossy(rule what) { rule_ = std::move(what); }
  void send(std::uint32_t bytes) {
    step(sender, [&] { app_send(sender, bytes, limits_, at(now_), out_); });
  }
  /// Nothing happens for so long.
  void rest(duration d) { now_ += d; }
  /// Segments with data take so long each to leave.
  void narrow(duration each) { each_segment_ = each; }
  void abort_sender() {
    step(sender, [&] { abort(sender, limits_, at(now_), out_); });
  }
  void close_sender() {
    step(sender, [&] { close(sender, 0, limits_, at(now_), out_); });
  }

  /// Until nothing is under way and no timer that matters is armed, or `most` events.
  void run(unsigned most = 200'000) {
    while (most-- != 0 && event()) agreed = agreed && counts_agree();
  }

  [[nodiscard]] std::uint64_t count(counter c) const { return counts_[static_cast<std::size_t>(c)]; }
  [[nodiscard]] std::size_t records() const { return pool_.transits.size(); }
  [[nodiscard]] std::size_t curves() const { return pool_.cubics.size(); }
  [[nodiscard]] instant now() const { return now_; }
  /// The marks never outnumber what they mark.
  [[nodiscard]] bool counts_agree() {
    if (sender.transit == 0) return true;
    transit& x = pool_.transits[sender.transit];
    std::uint32_t sacked = 0, lost = 0, resent = 0;
    for (const sent_segment& s : x.sent.all()) {
      sacked += s.sacked ? 1U : 0U;
      lost += s.lost ? 1U : 0U;
      resent += s.retransmitted ? 1U : 0U;
    }
    const bool sacks = limits_.sack ? x.sacked_out == sacked : x.sacked_out <= x.packets_out();
    return sacks && x.lost_out == lost && x.retrans_out == resent &&
           x.sacked_out + x.lost_out <= x.packets_out();
  }
  bool agreed = true;  ///< counts_agree() after every event

  tcb sender;
  tcb receiver;
  std::uint32_t delivered = 0;  ///< bytes the receiver's application has read

 private:
  struct arrival {
    instant when;
    std::uint64_t order;
    bool to_receiver;
    wire::segment s;
  };

  template <class Step>
  void step(tcb& t, const Step& what) {
    out_.clear();
    moved_ = {};
    what();
    settle(t);
  }

  void settle(tcb& t) {
    const bool from_sender = &t == &sender;
    for (std::size_t i = 0; i < counts_.size(); ++i)
      if (from_sender) counts_[i] += moved_[i];
    auto& timers = from_sender ? sender_timers_ : receiver_timers_;
    for (std::size_t i = 0; i < timer_count; ++i) {
      const timer_request r = out_.timer_of(static_cast<timer>(i));
      if (r.what == timer_request::kind::arm)
        timers[i] = now_ + 4ms * static_cast<std::int64_t>(std::max(r.delay, 1U));
      if (r.what == timer_request::kind::cancel) timers[i].reset();
    }
    for (const wire::segment& s : out_.segments) {
      fate f = fate::deliver;
      if (from_sender && s.sequence_length() != 0) f = rule_ ? rule_(++sent_, s) : fate::deliver;
      if (f == fate::lose) continue;
      const duration more = f == fate::late ? 8ms : 0ms;
      instant leaves = now_;
      if (from_sender && s.length != 0) {
        link_free_ = std::max(link_free_, now_) + each_segment_;
        leaves = link_free_;
      }
      for (int copies = f == fate::twice ? 2 : 1; copies != 0; --copies)
        pipe_.push_back({leaves + one_way + more, order_++, from_sender, s});
    }
  }

  bool event() {
    const auto next = std::min_element(pipe_.begin(), pipe_.end(), [](const auto& a, const auto& b) {
      return a.when != b.when ? a.when < b.when : a.order < b.order;
    });
    std::optional<instant> due;
    for (const auto* set : {&sender_timers_, &receiver_timers_})
      for (const auto& t : *set)
        if (t && (!due || *t < *due)) due = t;
    if (next != pipe_.end() && (!due || next->when <= *due)) {
      const arrival a = *next;
      pipe_.erase(next);
      now_ = a.when;
      deliver(a);
      return true;
    }
    if (!due) return false;
    now_ = *due;
    fire(sender, sender_timers_);
    fire(receiver, receiver_timers_);
    return true;
  }

  void deliver(const arrival& a) {
    tcb& t = a.to_receiver ? receiver : sender;
    step(t, [&] { segment_arrives(t, a.s, false, limits_, at(now_), out_); });
    const std::uint32_t unread = a.to_receiver ? readable(t) : 0;
    if (unread == 0) return;
    delivered += unread;
    step(t, [&] { app_read(t, unread, limits_, at(now_), out_); });
  }

  void fire(tcb& t, std::array<std::optional<instant>, timer_count>& timers) {
    for (std::size_t i = 0; i < timer_count; ++i) {
      if (!timers[i] || *timers[i] > now_) continue;
      timers[i].reset();
      step(t, [&] { timer_expires(t, static_cast<timer>(i), limits_, at(now_), out_); });
    }
  }

  limits limits_;
  host_records pool_;
  counter_values moved_{};
  actions out_{pool_, moved_};
  instant now_{1s};
  rule rule_;
  duration each_segment_{};
  instant link_free_{};
  unsigned sent_ = 0;
  std::uint64_t order_ = 0;
  std::vector<arrival> pipe_;
  std::array<std::optional<instant>, timer_count> sender_timers_;
  std::array<std::optional<instant>, timer_count> receiver_timers_;
  std::array<std::uint64_t, static_cast<std::size_t>(counter::count_)> counts_{};
};

inline void set_nodelay_of(path& p, bool on) { p.sender.opt.nodelay = on; }

inline rule lose(std::vector<unsigned> which) {
  return [which = std::move(which)](unsigned n, const wire::segment&) {
    return std::find(which.begin(), which.end(), n) != which.end() ? fate::lose : fate::deliver;
  };
}

constexpr std::uint32_t mss = 1448;
constexpr std::uint32_t linux_default_rcvbuf = 131072;

}  // namespace fourtuple::tcp_path
