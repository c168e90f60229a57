// The world's addresses, interned to 32-bit ids, with the facts that conflict rules ask of them.
#pragma once

#include <fourtuple/address.h>

#include <cstdint>
#include <map>
#include <vector>

#include "sim/wire/four_tuple.h"

namespace fourtuple::wire {

/// Grows only; one per world. Looking an id up is one load; interning is a search and belongs to
/// set-up and to calls that name an address, never to a packet.
class address_table {
 public:
  address_table();  ///< holds 0.0.0.0 (id 0) and :: (id 1)

  address_id intern(const ip_address& a);
  [[nodiscard]] const ip_address& at(address_id id) const { return entries_[id.value].address; }
  [[nodiscard]] family family_of(address_id id) const { return at(id).family; }
  [[nodiscard]] bool is_loopback(address_id id) const { return entries_[id.value].loopback; }
  /// The IPv4 address inside a v4-mapped one, else the id itself.
  [[nodiscard]] address_id unmapped(address_id id) const { return entries_[id.value].unmapped; }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(entries_.size()); }

 private:
  /// Of a power of two bytes: packets look several up.
  struct alignas(32) entry {
    ip_address address;
    address_id unmapped;
    bool loopback;
  };
  address_id add(const ip_address& a);

  std::vector<entry> entries_;
  std::map<ip_address, std::uint32_t> ids_;
  address_id last_;  ///< the one last asked for: a client names one server again and again
};

}  // namespace fourtuple::wire
