// Who holds which (local address, port): the bhash2 of the kernel. One column per local scope of
// the host, in it a list of owners per port and the set of ports that have any. Sockets and what is
// left of them in TIME-WAIT are owners alike; a port is free again when its last owner is gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/ports/claim.h"
#include "sim/ports/port_bitmap.h"

namespace fourtuple::ports {

/// A handle to one owner. It is stable until remove(), survives the socket's turn into TIME-WAIT
/// and is then used again. 0: none.
struct owner_id {
  std::uint32_t value = 0;
  [[nodiscard]] constexpr explicit operator bool() const { return value != 0; }
  friend constexpr bool operator==(owner_id, owner_id) = default;
};

/// Owners of one host and transport. 16 bytes an owner and 4 to 8 bytes a (scope, port).
class owners {
 public:
  owner_id add(const claim& c, std::uint16_t port);
  void remove(owner_id o);
  /// The owner's address has become known or unknown (inet_bhash2_update_saddr).
  void move(owner_id o, const scope& where);
  /// Writes the flags, uid and device of `c`; not the scope.
  void update(owner_id o, const claim& c);

  /// What update() does where only this changes.
  void set_time_wait(owner_id o);

  [[nodiscard]] claim claim_of(owner_id o) const;
  [[nodiscard]] bool is_connect_bound(owner_id o) const {
    return (at(o).flags & connect_bound) != 0;
  }
  [[nodiscard]] std::uint16_t port_of(owner_id o) const { return at(o).port; }
  [[nodiscard]] std::uint32_t size() const { return size_; }
  /// Owners with SO_BINDTODEVICE; while there are none, overlap alone decides bind(0).
  [[nodiscard]] std::uint32_t with_device() const { return with_device_; }

  /// Calls f(owner_id) for every owner of the port whose scope overlaps `where`, newest first
  /// within a scope; stops and returns true as soon as f does.
  template <class F>
  bool any_overlapping(std::uint16_t port, const scope& where, const F& f) const {
    for (const column& c : columns_)
      if (overlaps(where, c.where) && any_in(c, port, f)) return true;
    return false;
  }
  /// The same for every owner of the port, whatever its address.
  template <class F>
  bool any(std::uint16_t port, const F& f) const {
    for (const column& c : columns_)
      if (any_in(c, port, f)) return true;
    return false;
  }

  /// Appends to `sets` the ports in use of every scope that overlaps `where`.
  void collect_used(const scope& where, std::vector<const port_bitmap*>& sets) const;

  /// Distinct (local address, port) pairs in use with the port in [from, to). O(words).
  /// DEVIATION: an IPv6 address counts twice on a port that IPV6_V6ONLY and other sockets share.
  [[nodiscard]] std::uint32_t pairs_in(std::uint32_t from, std::uint32_t to) const;
  /// The same for the range last given to watch(), kept incrementally, and its largest value ever.
  [[nodiscard]] std::uint32_t watched_pairs() const { return watched_; }
  [[nodiscard]] std::uint32_t watched_peak() const { return watched_peak_; }
  void watch(std::uint32_t from, std::uint32_t to);

 private:
  enum bit : std::uint8_t {
    reuseaddr = 1,
    reuseport = 2,
    listening = 4,
    time_wait = 8,
    connect_bound = 16,
    first = 32  ///< of its (scope, port)
  };
  struct owner {
    std::uint32_t next = 0;  ///< in the list of its (scope, port); in the free list when unused
    std::uint32_t previous = 0;  ///< of the first: the first one of another port in its bucket
    std::uint16_t column = 0;
    std::uint16_t port = 0;
    std::uint16_t user = 0;
    std::uint8_t flags = 0;
  };
  static_assert(sizeof(owner) == 16);
  /// Whose sockets they are, and bound to which device: a host knows few such pairs.
  struct user {
    std::uint32_t uid = 0;
    std::uint16_t device = 0;
    friend bool operator==(const user&, const user&) = default;
  };
  struct column {
    scope where;
    port_bitmap used;
    /// Buckets of the first owners of ports, a power of two of them: a port's list is found here.
    std::vector<std::uint32_t> buckets = std::vector<std::uint32_t>(2);
    std::uint32_t mask = 1;
    std::uint32_t ports = 0;

    [[nodiscard]] std::size_t bucket_of(std::uint16_t port) const {
      return (port * 0x9e37U >> 4) & mask;
    }
  };
  static constexpr std::uint32_t chunk_bits = 6;
  using chunk = std::unique_ptr<owner[]>;

  [[nodiscard]] owner& at(owner_id o) {
    return chunks_[o.value >> chunk_bits][o.value & ((1U << chunk_bits) - 1)];
  }
  [[nodiscard]] const owner& at(owner_id o) const {
    return chunks_[o.value >> chunk_bits][o.value & ((1U << chunk_bits) - 1)];
  }
  template <class F>
  bool any_in(const column& c, std::uint16_t port, const F& f) const {
    for (owner_id o = first_of(c, port); o; o = {at(o).next})
      if (f(o)) return true;
    return false;
  }
  [[nodiscard]] owner_id first_of(const column& c, std::uint16_t port) const {
    owner_id o{c.buckets[c.bucket_of(port)]};
    while (o && at(o).port != port) o = {at(o).previous};
    return o;
  }
  /// What points at the first owner of the port.
  [[nodiscard]] std::uint32_t& place_of(column& c, std::uint16_t port);
  void port_is_used(column& c, std::uint16_t port);
  void port_is_free(column& c, std::uint16_t port);
  void grow(column& c);
  [[nodiscard]] owner_id allocate();
  [[nodiscard]] std::uint16_t column_of(const scope& where) {
    if (!columns_.empty() && columns_[last_column_].where == where) [[likely]]
      return last_column_;
    return find_column(where);
  }
  [[nodiscard, gnu::noinline]] std::uint16_t find_column(const scope& where);
  [[nodiscard]] static std::uint8_t flags_of(const claim& c);
  [[nodiscard]] std::uint16_t number_of(const user& u) {
    return users_[last_user_] == u ? last_user_ : find_user(u);
  }
  [[nodiscard, gnu::noinline]] std::uint16_t find_user(const user& u);
  [[nodiscard]] const user& user_of(const owner& w) const { return users_[w.user]; }
  void link(owner_id o, owner& w);
  void unlink(owner_id o);
  [[nodiscard]] bool watches(std::uint16_t port) const {
    return watch_from_ <= port && port < watch_to_;
  }

  std::vector<column> columns_;
  std::vector<std::uint16_t> by_scope_;  ///< columns, sorted by scope
  std::uint16_t last_column_ = 0;        ///< the one last found: nearly always the next
  std::vector<user> users_{{}};
  std::uint16_t last_user_ = 0;  ///< likewise
  std::vector<chunk> chunks_;
  std::uint32_t fresh_ = 1;  ///< the lowest handle never given out
  std::uint32_t free_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t with_device_ = 0;
  std::uint32_t watch_from_ = 0;
  std::uint32_t watch_to_ = 65536;
  std::uint32_t watched_ = 0;
  std::uint32_t watched_peak_ = 0;
};

}  // namespace fourtuple::ports
