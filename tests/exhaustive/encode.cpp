// A joint state as bytes, field by field: what is equal to the eye is equal here, padding or not.
#include <cstring>
#include <type_traits>

#include "tests/exhaustive/joint.h"

namespace fourtuple::exhaustive {
namespace {

class writer {
 public:
  explicit writer(std::string& out) : out_(out) {}
  template <class... T>
  void put(const T&... values) {
    (one(values), ...);
  }

 private:
  template <class T>
  void one(T value) {
    static_assert(std::is_integral_v<T> || std::is_enum_v<T>);
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out_.append(bytes, sizeof(T));
  }
  std::string& out_;
};

void put(writer& w, const tcp::socket_options& o) {
  w.put(o.linger_zero, o.linger_waits);  // the others stay as they are
}

void put(writer& w, const tcp::transit& x) {
  w.put(x.sacked_out, x.lost_out, x.retrans_out, x.state, x.frto, x.undoable, x.cwnd_limited,
        x.high_seq, x.undo_marker, x.undo_retrans, x.prior_cwnd, x.prior_ssthresh, x.prr_delivered,
        x.prr_out, x.max_packets_out, x.cwnd_usage_seq, x.rack_order, x.rack_rtt_us, x.tlp_high_seq,
        x.rack_advanced, x.rack_dsack_seen, x.tlp_out, x.tlp_retrans, x.dsack_pending, x.fin_waits,
        x.fin_at, x.dsack.left, x.dsack.right);
  w.put(static_cast<std::uint8_t>(x.sent.size()));
  for (const auto& s : x.sent.all())
    w.put(s.end, s.order, static_cast<bool>(s.push), static_cast<bool>(s.sacked),
          static_cast<bool>(s.lost), static_cast<bool>(s.retransmitted),
          static_cast<bool>(s.ever_retransmitted));
  w.put(static_cast<std::uint8_t>(
      x.unsent.size()));  // `buffers` decides nothing but send() and poll()
  for (const auto& b : x.unsent.all()) w.put(b.end, b.push);
  for (const auto& list : {x.out_of_order.ranges(), x.out_of_order.reported()}) {
    w.put(static_cast<std::uint8_t>(list.size()));
    for (const auto& r : list) w.put(r.left, r.right);
  }
}

std::uint32_t bits(const tcp::tcb& t) {
  std::uint32_t all = 0;
  for (const bool b :
       {bool{t.ack_scheduled}, bool{t.ack_timer}, bool{t.ack_now}, bool{t.ack_deferred},
        bool{t.ack_pushed}, bool{t.ack_pushed2}, bool{t.timestamps}, bool{t.sack},
        bool{t.window_scaling}, bool{t.orphan}, bool{t.shut_rd}, bool{t.shut_wr},
        bool{t.fin_queued}, bool{t.fin_received}, bool{t.passive}, bool{t.reordering_seen}})
    all = all * 2 + (b ? 1U : 0U);
  return all;
}

void put(writer& w, const tcp::tcb& t) {
  w.put(t.st, bits(t), t.ack_quick, t.ack_pingpong, t.rcv_nxt, t.rcv_wup, t.rcv_wnd, t.copied_seq,
        t.ts_recent, t.ack_ato, t.rcv_mss, t.snd_una, t.snd_nxt, t.write_seq, t.snd_wnd, t.snd_wl1,
        t.max_window, t.srtt_us8, t.rcv_ssthresh, t.mss, t.advmss, t.cwnd, t.pending, t.backoff,
        t.retransmits, t.probes, t.reo_wnd_steps, t.reo_wnd_persist, t.error, t.soft_error,
        t.transit, t.snd_sml, t.min_rtt_us, t.reo_wnd_round, t.reordering, t.rcv_rtt_us8,
        t.rcv_rtt_echo, t.retrans_stamp, t.ssthresh, t.ts_recent_stamp_s, t.last_oow_ack, t.iss,
        t.irs);
  put(w, t.opt);
}

void put(writer& w, const tcp::request& r) {
  w.put(r.rcv_isn, r.snt_isn, r.ts_recent, r.last_oow_ack, r.rcv_wnd, r.timeouts, r.retransmits,
        static_cast<bool>(r.acked));
}

void put(writer& w, const tcp::time_wait& r) {
  w.put(r.snd_nxt, r.rcv_nxt, r.rcv_wnd, r.ts_recent, r.last_oow_ack, r.fin_wait_2);
}

void put(writer& w, const wire::segment& s) {
  w.put(s.seq_number, s.ack_number, s.length, s.flags, s.window, s.mss, s.window_scale,
        s.sack_permitted, s.has_timestamps, s.ts_value, s.ts_echo, s.sack_count);
  for (unsigned i = 0; i < s.sack_count; ++i) w.put(s.sack[i].left, s.sack[i].right);
}

void put(writer& w, const peer& p) {
  w.put(static_cast<std::uint8_t>(p.holds.index()), p.listening, p.opens_left, p.bytes_left,
        p.bytes_sent, p.incarnation, p.closed);
  if (const auto* h = std::get_if<half_open>(&p.holds)) {
    w.put(h->listener_gone);
    put(w, h->request);
  } else if (const auto* c = std::get_if<connection>(&p.holds)) {
    w.put(c->timers, c->accepted, c->lingers);
    put(w, c->tcb);
    if (c->tcb.transit != 0) put(w, c->transit);
  } else if (const auto* t = std::get_if<tcp::time_wait>(&p.holds)) {
    put(w, *t);
  }
}

}  // namespace

void encode(const peer& p, std::string& out) {
  out.clear();
  writer w(out);
  put(w, p);
}

void encode(const joint& j, std::string& out) {
  out.clear();
  writer w(out);
  w.put(j.duplications_left);
  for (const peer& p : j.peers) put(w, p);
  for (const auto& direction : j.network) {
    w.put(static_cast<std::uint8_t>(direction.size()));
    for (const auto& s : direction) put(w, s);
  }
}

}  // namespace fourtuple::exhaustive
