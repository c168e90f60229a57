// All that one host knows of its TCP ports: owners, buckets, four-tuples, and the hints of its
// allocators. reserve.h asks it which port is free; the host tells it what became of the answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/ports/buckets.h"
#include "sim/ports/claim.h"
#include "sim/ports/owners.h"
#include "sim/ports/pairs.h"
#include "sim/ports/perturb.h"
#include "sim/ports/port_offsets.h"
#include "sim/ports/reuse.h"
#include "sim/ports/rules.h"
#include "sim/ports/tuple_table.h"
#include "sim/wire/address_table.h"

namespace fourtuple::ports {

/// How reserve_*() look for a port. All three find the same ports and leave the same state.
enum class search : std::uint8_t {
  automatic,  ///< naive until it becomes long, then by bitmap
  naive,      ///< the definition
  bitmap,     ///< always by bitmap, where flags and devices allow
};

/// `ports` of a host's result: distinct (local address, port) pairs with the port in
/// ip_local_port_range, in any state including TIME-WAIT.
struct usage {
  std::uint32_t now = 0;
  std::uint32_t peak = 0;
  std::uint32_t capacity = 0;  ///< ports of the range that are not reserved, per local address
  std::uint32_t tuples = 0;    ///< four-tuples now
  std::uint32_t tuples_peak = 0;
};

/// One per host: both address families, all processes. A socket that may receive has an owner; a
/// connection, request or TIME-WAIT has a tuple. A live connection and a TIME-WAIT have both.
class table {
 public:
  /// Both must live as long as the table.
  table(const wire::address_table& addresses, const records& known);

  /// At boot and after every change of a sysctl. Cheap if nothing changed.
  void configure(const rules& r);
  [[nodiscard]] const rules& current_rules() const { return rules_; }
  void search_by(search s) { search_ = s; }
  [[nodiscard]] search search_mode() const { return search_; }

  // --- owners ---
  /// The socket has the port from now on, after reserve_*() or by accept(). origin::connect sets
  /// connect_bound.
  owner_id add(claim c, std::uint16_t port, origin how);
  /// close(), end of TIME-WAIT, or a failed connect(): the port loses this owner.
  void remove(owner_id o);
  /// connect() or its undoing gave the socket another local address.
  void move(owner_id o, const scope& where);
  /// setsockopt() after bind(): changes what others meet, not what the bucket remembers.
  void set_options(owner_id o, bool reuseaddr, bool reuseport, std::uint16_t device);
  /// listen() was granted by reserve_listen(); or the listener has stopped (CLOSE keeps the port).
  void set_listening(owner_id o, bool listening);
  /// The socket is gone, its TIME-WAIT (or orphan's FIN-WAIT-2) record keeps the owner.
  void to_time_wait(owner_id o);

  [[nodiscard]] claim claim_of(owner_id o) const { return owners_.claim_of(o); }
  [[nodiscard]] std::uint16_t port_of(owner_id o) const { return owners_.port_of(o); }
  /// Everybody who holds the port, for error reports.
  [[nodiscard]] std::vector<owner_id> holders(std::uint16_t port) const;

  // --- four-tuples (IPv4 addresses unmapped) ---
  [[nodiscard]] tuple_table::place look_up(const wire::four_tuple& t) const {
    return tuples_.look_up(
        t, [this](entry e) -> const wire::four_tuple& { return records_.tuple_of(e); });
  }
  [[nodiscard]] entry find(const wire::four_tuple& t) const { return look_up(t).what(); }
  /// For a demultiplexer that has the slabs at hand: look_up(tuple, accessor) without virtual
  /// calls.
  [[nodiscard]] const tuple_table& tuples() const { return tuples_; }
  void insert(const wire::four_tuple& t, entry e);
  /// request -> connection, connection -> TIME-WAIT. The new record must be readable already.
  void replace(const wire::four_tuple& t, entry from, entry to);
  /// The same, `where` a search for `t` has ended and nothing was changed since.
  void insert(const tuple_table::place& where, const wire::four_tuple& t, entry e);
  void replace(const tuple_table::place& where, const wire::four_tuple& t, entry to);
  void erase(const wire::four_tuple& t, entry e);
  /// A TIME-WAIT's facts changed: FIN-WAIT-2 became TIME-WAIT, or a segment renewed its time stamp.
  void time_wait_changed(const wire::four_tuple& t, entry e);

  [[nodiscard]] usage current_usage() const;
  /// tuples_peak counts from the present level on.
  void restart_peak() { tuples_peak_ = static_cast<std::uint32_t>(tuples_.size()); }

  // --- for reserve and the scans ---
  [[nodiscard]] const wire::address_table& addresses() const { return addresses_; }
  [[nodiscard]] const records& known() const { return records_; }
  [[nodiscard]] const owners& all_owners() const { return owners_; }
  [[nodiscard]] const buckets& all_buckets() const { return buckets_; }
  [[nodiscard]] const port_bitmap& reserved() const { return reserved_; }
  /// Where the four-tuples of t's pair (its local port aside) are kept as a bitmap, if they are.
  [[nodiscard]] pair* busy_pair(const wire::four_tuple& t) const { return pairs_.find(t); }
  /// Starts to keep them so: one look-up for each port of the range.
  pair& make_busy(const wire::four_tuple& t);
  [[nodiscard]] perturb_table& perturb() { return perturb_; }
  /// With the draws of this host.
  [[nodiscard]] port_offsets& offsets() { return offsets_; }
  /// The one hint of all automatic connects (v4.4 __inet_hash_connect).
  [[nodiscard]] std::uint32_t& hint() { return hint_; }
  /// tw_reuse == 2 asks it of either address of a tuple.
  [[nodiscard]] bool loopback(const wire::four_tuple& t) const {
    return addresses_.is_loopback(t.local) || addresses_.is_loopback(t.remote);
  }
  [[nodiscard]] std::vector<const port_bitmap*>& scratch() { return scratch_; }

 private:
  [[nodiscard]] pair* counted_in(const wire::four_tuple& t) const {
    if (pairs_.empty()) [[likely]]
      return nullptr;
    return rules_.range.contains(t.local_port) ? pairs_.find(t) : nullptr;
  }
  void note_insert(const wire::four_tuple& t, entry e);
  void note_replace(const wire::four_tuple& t, entry to);
  void note_time_wait(pair& p, const wire::four_tuple& t, std::uint32_t index);

  const wire::address_table& addresses_;
  const records& records_;
  rules rules_;
  search search_ = search::automatic;
  owners owners_;
  buckets buckets_;
  tuple_table tuples_;
  pairs pairs_;
  perturb_table perturb_;
  port_offsets offsets_;
  port_bitmap reserved_;
  std::vector<const port_bitmap*> scratch_;
  std::uint32_t hint_ = 0;
  std::uint32_t capacity_ = 0;
  bool configured_ = false;
  std::uint32_t tuples_peak_ = 0;
};

}  // namespace fourtuple::ports
