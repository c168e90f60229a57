// What a port's bucket remembers beside its owners: the bhash of the kernel (inet_bind_bucket). Its
// two small numbers decide whether an automatic connect() may share the port, and let an explicit
// bind() in without a walk over the owners.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/ports/claim.h"
#include "sim/ports/port_bitmap.h"
#include "sim/ports/port_map.h"

namespace fourtuple::ports {

/// How an owner came to its port.
enum class origin : std::uint8_t {
  bind,     ///< bind() or listen(): the bucket is no longer connect()'s alone
  connect,  ///< connect() chose the port (SOCK_CONNECT_BIND)
  accept,   ///< a child of a listener: inherits the port, leaves the bucket as it is
};

/// inet_bind_bucket's fastreuse and fastreuseport, with what they refer to.
struct bucket {
  static constexpr std::int8_t connect_only = -1;
  static constexpr std::int8_t reuseport_any = 1;     ///< FASTREUSEPORT_ANY
  static constexpr std::int8_t reuseport_strict = 2;  ///< FASTREUSEPORT_STRICT

  std::int8_t fastreuse = connect_only;
  std::int8_t fastreuseport = connect_only;
  std::uint32_t fastuid = 0;
  scope fast_scope;
  std::uint32_t owners = 0;
  std::uint32_t not_connect_bound = 0;  ///< of these owners

  /// Somebody bound the port: an automatic connect() skips it.
  [[nodiscard]] bool bound() const { return fastreuse >= 0 || fastreuseport >= 0; }
};

/// Buckets of the ports that were ever bound while they had owners; every other port with owners is
/// a connect bucket (-1, -1) and costs nothing here.
class buckets {
 public:
  /// The port's bucket, or null: a connect bucket or none at all.
  [[nodiscard]] const bucket* find(std::uint16_t port) const;
  /// Ports that an automatic connect() skips.
  [[nodiscard]] const port_bitmap& bound() const { return bound_; }

  /// An owner is about to join by bind() or listen(), beside `owners` others of which
  /// `not_connect_bound` did not get the port from connect() (inet_csk_update_fastreuse). The
  /// counts are only read where find() is null. `first_sets`: rules::first_owner_sets_reuse.
  void bind(std::uint16_t port, const claim& c, std::uint32_t owners,
            std::uint32_t not_connect_bound, bool first_sets);
  /// The same for an owner that is in already: listen() after bind().
  void rebind(std::uint16_t port, const claim& c);
  /// An owner has joined by connect() or accept().
  void join(std::uint16_t port, bool connect_bound);
  /// An owner has left (inet_bind_bucket_destroy). `recompute`: rules::recompute_bucket.
  void leave(std::uint16_t port, bool connect_bound, bool recompute);

  /// May the socket join without a look at the owners? (the head of inet_csk_get_port)
  [[nodiscard]] bool admits(std::uint16_t port, const claim& c) const;

 private:
  void update(bucket& b, const claim& c, bool empty);
  void forget(std::uint16_t port);

  port_map index_;  ///< port -> 1 + index into buckets_
  std::vector<bucket> buckets_;
  std::vector<std::uint32_t> free_;
  port_bitmap bound_;
};

}  // namespace fourtuple::ports
