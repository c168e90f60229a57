// For the busy ones among the pairs (source; destination and its port): which local ports a
// connect() of that pair cannot have. A pair enters when a scan has become long and leaves when its
// last tuple does, so that a host pays 3.7 KB for each destination that it really crowds, and
// nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/ports/port_bitmap.h"
#include "sim/ports/reuse.h"
#include "sim/ports/rules.h"
#include "sim/ports/tuple_table.h"
#include "sim/wire/four_tuple.h"

namespace fourtuple::ports {

/// The four-tuples of one pair, seen as ports. A port is `taken` while its tuple exists, unless it
/// is a TIME-WAIT old enough to be taken over.
class pair {
 public:
  explicit pair(const wire::four_tuple& any_of_it, bool loopback)
      : key_(any_of_it), loopback_(loopback) {
    key_.local_port = 0;
  }
  [[nodiscard]] const wire::four_tuple& key() const { return key_; }  ///< local_port is 0
  [[nodiscard]] bool loopback() const { return loopback_; }
  [[nodiscard]] const port_bitmap& taken() const { return taken_; }
  [[nodiscard]] bool empty() const { return tuples_ == 0; }

  void add(std::uint16_t port) {
    ++tuples_;
    taken_.insert(port);
  }
  void remove(std::uint16_t port) {
    --tuples_;
    taken_.erase(port);
  }
  /// Not to be taken over, or not yet.
  void block(std::uint16_t port) { taken_.insert(port); }
  /// The port's TIME-WAIT may be taken over from `at` on (reading of reuse_clock()).
  void ripens(std::uint16_t port, std::int64_t at);
  /// Frees the ports of the TIME-WAITs that are ripe by now. Amortised O(1) per TIME-WAIT.
  void advance(const kernel_time& now, const rules& r, const tuple_table& tuples,
               const records& known);

 private:
  struct ripening {
    std::int64_t at;
    std::uint16_t port;
  };
  wire::four_tuple key_;
  bool loopback_;
  std::uint32_t tuples_ = 0;
  port_bitmap taken_;
  std::vector<ripening> queue_;  ///< by `at`, from head_ on
  std::size_t head_ = 0;
};

/// The busy pairs of a host.
class pairs {
 public:
  [[nodiscard]] bool empty() const { return sorted_.empty(); }
  [[nodiscard]] std::size_t size() const { return sorted_.size(); }
  /// The pair of that tuple (its local port aside), or null.
  [[nodiscard]] pair* find(const wire::four_tuple& t) const;
  pair& insert(const wire::four_tuple& t, bool loopback);
  void erase(const pair& p);
  void clear();

 private:
  [[nodiscard]] std::size_t lower_bound(const wire::four_tuple& key) const;

  std::vector<std::unique_ptr<pair>> sorted_;  ///< by key
  mutable pair* last_ = nullptr;               ///< the one last found: nearly always the next
};

}  // namespace fourtuple::ports
