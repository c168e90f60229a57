// What the peer reports of segments beyond the cumulative ACK (RFC 2018, RFC 2883;
// tcp_sacktag_write_queue() and what it calls).
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {

seq highest_sacked(seq snd_una, const transit& x) {
  for (std::size_t i = x.sacked_out == 0 ? 0 : x.sent.size(); i != 0; --i)
    if (x.sent[i - 1].sacked) return x.sent.begin_of(i - 1, snd_una);
  return snd_una;
}

void note_reordering(const context& k, seq low, bool by_timestamp) {
  const seq fack = highest_sacked(k.t.snd_una, k.x);
  if (!wire::before(low, fack)) return;
  const std::uint32_t mss = k.t.mss_cache;
  const std::uint32_t metric = fack - low;
  if (metric > k.t.reordering * mss)
    k.t.reordering = static_cast<std::uint16_t>(
        std::min<std::uint32_t>((metric + mss - 1) / mss, k.l.max_reordering));
  k.t.reordering_seen = true;
  k.out.count(by_timestamp ? counter::TcpExtTCPTSReorder : counter::TcpExtTCPSACKReorder);
}

namespace {

/// tcp_check_dsack(): is the first block a D-SACK, below the ACK or inside the second?
bool is_dsack(const wire::segment& s) {
  if (s.sack_count == 0) return false;
  const wire::sack_block& first = s.sack[0];
  if (wire::before(first.left, s.ack_number)) return true;
  return s.sack_count > 1 && !wire::after(first.right, s.sack[1].right) &&
         !wire::before(first.left, s.sack[1].left);
}

/// tcp_dsack_seen(): for how many segments a D-SACK stands; 0 where it is dubious, larger than any
/// window or of more than was ever sent again.
std::uint32_t duplicates_in(const context& k, ack_round& a, const wire::sack_block& b) {
  if (!wire::before(b.left, b.right)) return 0;
  const std::uint32_t length = b.right - b.left;
  if (length > k.t.max_window) return 0;
  const std::uint32_t segments = (length + k.t.mss_cache - 1) / k.t.mss_cache;
  a.dsack_of_probe = segments == 1 && k.x.tlp_out && b.right == k.x.tlp_high_seq;
  k.t.unreported_resends -= static_cast<std::int32_t>(segments);
  return k.t.unreported_resends < 0 ? 0 : segments;
}

/// The rest of tcp_check_dsack(). A dubious one (false) is taken for an ordinary block.
bool take_dsack(const context& k, ack_round& a, const wire::sack_block& b) {
  const bool below = wire::before(b.left, a.s.ack_number);
  k.out.count(below ? counter::TcpExtTCPDSACKRecv : counter::TcpExtTCPDSACKOfoRecv);
  const std::uint32_t duplicates = duplicates_in(k, a, b);
  if (duplicates == 0) return false;
  a.dsacking = true;
  a.delivered += duplicates;
  if (k.t.reordering_seen && !a.dsack_of_probe) k.x.rack_dsack_seen = true;
  // Of what is acknowledged: so many retransmissions were not needed.
  if (k.x.undoable && k.x.undo_retrans > 0 && !wire::after(b.right, a.prior_una) &&
      wire::after(b.right, k.x.undo_marker))
    k.x.undo_retrans = std::max(0, k.x.undo_retrans - static_cast<std::int32_t>(duplicates));
  return true;
}

/// tcp_is_sackblock_valid()
bool valid(const tcb& t, const transit& x, const wire::sack_block& b, bool dsack) {
  if (wire::after(b.right, t.snd_nxt) || !wire::before(b.left, b.right)) return false;
  if (!wire::before(b.left, t.snd_nxt)) return false;
  if (wire::after(b.left, t.snd_una)) return true;
  if (!dsack || !x.undoable) return false;
  if (wire::after(b.right, t.snd_una)) return false;
  if (!wire::before(b.left, x.undo_marker)) return true;
  if (!wire::after(b.right, x.undo_marker)) return false;
  return !wire::before(b.left, b.right - t.max_window);
}

/// tcp_sacktag_one() for a segment that a block covers and that was not SACKed before.
void newly_sacked(const context& k, ack_round& a, std::size_t i, seq fack) {
  sent_segment& s = k.x.sent[i];
  const seq begin = k.x.sent.begin_of(i, a.prior_una);
  rack_advance(k, s);
  if (s.retransmitted) {
    // Not marked lost, the retransmission is believed to be still in flight.
    if (s.lost) {
      s.lost = s.retransmitted = false;
      --k.x.lost_out;
      --k.x.retrans_out;
    }
  } else {
    if (!s.ever_retransmitted) {
      if (wire::before(begin, fack) && wire::before(begin, a.reordered)) a.reordered = begin;
      if (!wire::after(s.end, k.x.high_seq)) a.orig_acked = true;
      if (a.first_sack_us == 0) a.first_sack_us = s.sent_us;
      a.last_sack_us = s.sent_us;
    }
    if (s.lost) {
      s.lost = false;
      --k.x.lost_out;
    }
  }
  s.sacked = true;
  ++k.x.sacked_out;
  ++a.delivered;
  a.data_sacked = true;
}

/// A D-SACK that lies within what is still queued: a retransmission was not needed.
void duplicate_sacked(const context& k, ack_round& a, std::size_t i) {
  sent_segment& s = k.x.sent[i];
  if (!s.ever_retransmitted && !s.retransmitted) return;
  if (k.x.undoable && k.x.undo_retrans > 0 && wire::after(s.end, k.x.undo_marker))
    --k.x.undo_retrans;
  const seq begin = k.x.sent.begin_of(i, a.prior_una);
  if (s.sacked && wire::before(begin, a.reordered)) a.reordered = begin;
  if (s.retransmitted) {
    s.retransmitted = false;
    --k.x.retrans_out;
  }
}

/// Marks the segments that a block covers whole; one it covers in part stays as it was. (The kernel cuts
/// there, tcp_match_skb_to_sack(): its buffers are of many segments, these are of one.)
void mark_block(const context& k, ack_round& a, const wire::sack_block& b, bool dsack, seq fack) {
  for (std::size_t i = k.x.sent.find(b.left); i < k.x.sent.size(); ++i) {
    const seq begin = k.x.sent.begin_of(i, a.prior_una);
    if (!wire::before(begin, b.right)) break;
    const bool whole = !wire::before(begin, b.left) && !wire::after(k.x.sent[i].end, b.right);
    if (!whole) continue;
    if (dsack) duplicate_sacked(k, a, i);
    if (!k.x.sent[i].sacked) newly_sacked(k, a, i, fack);
  }
}

}  // namespace

void mark_sacked(const context& k, ack_round& a) {
  const wire::segment& s = a.s;
  if (s.sack_count == 0) return;
  const bool dsack = is_dsack(s) && take_dsack(k, a, s.sack[0]);
  if (k.x.sent.empty()) return;
  a.reordered = k.t.snd_nxt;
  // The blocks in sequence order; the D-SACK keeps its meaning.
  std::array<unsigned, 3> order{0, 1, 2};
  std::sort(order.begin(), order.begin() + s.sack_count, [&s](unsigned p, unsigned q) {
    return wire::before(s.sack[p].left, s.sack[q].left);
  });
  for (unsigned n = 0; n < s.sack_count; ++n) {
    const wire::sack_block& b = s.sack[order[n]];
    const bool duplicate = dsack && order[n] == 0;
    if (!valid(k.t, k.x, b, duplicate)) {
      // What lies below the ACK of an old segment was only late.
      const bool late = s.ack_number != k.t.snd_una && !wire::after(b.right, k.t.snd_una);
      if (!duplicate && !late) k.out.count(counter::TcpExtTCPSACKDiscard);
      continue;
    }
    mark_block(k, a, b, duplicate, highest_sacked(k.t.snd_una, k.x));
  }
  if (a.reordered != k.t.snd_nxt &&
      (k.x.state != congestion_state::loss || k.x.undoable))
    note_reordering(k, a.reordered, false);
}

}  // namespace fourtuple::tcp::detail
