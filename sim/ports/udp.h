// UDP ports: udp_lib_get_port(). One table per host; no four-tuples, no TIME-WAIT, no parity: a
// port belongs to its local address alone and is free when the socket closes.
#pragma once

#include <fourtuple/result.h>

#include <cstdint>
#include <vector>

#include "sim/ports/claim.h"
#include "sim/ports/draws.h"
#include "sim/ports/owners.h"
#include "sim/ports/rules.h"

namespace fourtuple::ports {

struct udp_request {
  claim who;
  std::uint16_t port = 0;         ///< 0: choose one (bind(0), or autobind on the wildcard address)
  port_range socket_range{0, 0};  ///< IP_LOCAL_PORT_RANGE
};

class udp_table {
 public:
  /// udp_table_init(): slots of the kernel's hash, a power of two up to 65536. They decide the
  /// order of ports only where the range is wider than they are.
  explicit udp_table(std::uint32_t slots = 16384) : slots_(slots) {}

  void configure(const rules& r);
  /// Only for tests: look at every port one by one, as the kernel does.
  void search_naively(bool on) { naive_ = on; }

  /// The port, marked by nothing yet. EADDRINUSE; a connect() or sendto() that asked for autobind
  /// turns it into EAGAIN itself.
  [[nodiscard]] result<std::uint16_t> reserve(const udp_request& r, draws& d);

  /// `last`: it stands behind all others of its chain, not before them.
  owner_id add(const claim& c, std::uint16_t port, bool last = false);
  void remove(owner_id o) { owners_.remove(o); }
  /// connect() chose a source address, or it was undone.
  void move(owner_id o, const scope& where) { owners_.move(o, where); }
  void set_options(owner_id o, bool reuseaddr, bool reuseport, std::uint16_t device);
  [[nodiscard]] claim claim_of(owner_id o) const { return owners_.claim_of(o); }
  [[nodiscard]] std::uint16_t port_of(owner_id o) const { return owners_.port_of(o); }
  [[nodiscard]] std::vector<owner_id> holders(std::uint16_t port) const;

  /// Distinct (local address, port) with the port in the range: now and at most.
  [[nodiscard]] std::uint32_t in_use() const { return owners_.watched_pairs(); }
  [[nodiscard]] std::uint32_t peak() const { return owners_.watched_peak(); }

 private:
  [[nodiscard]] bool taken(const claim& who, std::uint16_t port) const;
  [[nodiscard]] bool taken_for_group(const claim& who, std::uint16_t port) const;
  [[nodiscard]] result<std::uint16_t> choose(const udp_request& r, draws& d);
  [[nodiscard]] std::uint32_t skip_full_slots(const claim& who, const effective_range& range,
                                              std::uint32_t first);

  std::uint32_t slots_;
  bool naive_ = false;
  bool configured_ = false;
  rules rules_;
  port_bitmap reserved_;
  owners owners_;
  std::vector<std::int64_t> stands_;  ///< by owner: its place in its chain, the largest first
  std::int64_t adds_ = 0;
  std::vector<const port_bitmap*> scratch_;
};

}  // namespace fourtuple::ports
