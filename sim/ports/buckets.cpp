#include "sim/ports/buckets.h"

#include "sim/core/assert.h"

namespace fourtuple::ports {
namespace {

/// sk_reuseport_match(): does the socket fit the group that the bucket last recorded?
bool fits_reuseport(const bucket& b, const claim& c) {
  if (b.fastreuseport <= 0 || !c.reuseport || c.uid != b.fastuid) return false;
  if (b.fastreuseport == bucket::reuseport_any) return true;
  // STRICT: only what the recorded address is known to get on with; a wildcard covers the specific.
  return overlaps(b.fast_scope, c.where) && (b.fast_scope.wildcard() || !c.where.wildcard());
}

/// A listener's SO_REUSEADDR does not count.
bool reuses(const claim& c) { return c.reuseaddr && !c.listening; }

}  // namespace

const bucket* buckets::find(std::uint16_t port) const {
  const std::uint32_t i = index_.at(port);
  return i == 0 ? nullptr : &buckets_[i - 1];
}

bool buckets::admits(std::uint16_t port, const claim& c) const {
  const bucket* b = find(port);
  return b != nullptr && ((b->fastreuse > 0 && reuses(c)) || fits_reuseport(*b, c));
}

void buckets::bind(std::uint16_t port, const claim& c, std::uint32_t owners,
                   std::uint32_t not_connect_bound, bool first_sets) {
  std::uint32_t i = index_.at(port);
  if (i == 0) {
    if (free_.empty()) {
      buckets_.emplace_back();
      i = static_cast<std::uint32_t>(buckets_.size());
    } else {
      i = free_.back();
      free_.pop_back();
      buckets_[i - 1] = {};
    }
    index_.set(port, i);
    buckets_[i - 1].owners = owners;
    buckets_[i - 1].not_connect_bound = not_connect_bound;
    if (owners == 0) buckets_[i - 1].fastreuse = buckets_[i - 1].fastreuseport = 0;
  }
  bucket& b = buckets_[i - 1];
  update(b, c, first_sets && b.owners == 0);
  ++b.owners;
  ++b.not_connect_bound;
  bound_.insert(port);
}

void buckets::rebind(std::uint16_t port, const claim& c) {
  const std::uint32_t i = index_.at(port);
  FOURTUPLE_ASSERT(i != 0, "a socket without a bound port cannot listen");
  update(buckets_[i - 1], c, false);
}

void buckets::join(std::uint16_t port, bool connect_bound) {
  const std::uint32_t i = index_.at(port);
  if (i == 0) return;
  ++buckets_[i - 1].owners;
  if (!connect_bound) ++buckets_[i - 1].not_connect_bound;
}

void buckets::leave(std::uint16_t port, bool connect_bound, bool recompute) {
  const std::uint32_t i = index_.at(port);
  if (i == 0) return;
  bucket& b = buckets_[i - 1];
  --b.owners;
  if (!connect_bound) --b.not_connect_bound;
  // What is left to connect() alone is again what connect() would have made: (-1, -1).
  if (b.owners == 0 || (recompute && b.not_connect_bound == 0)) forget(port);
}

/// inet_csk_update_fastreuse().
void buckets::update(bucket& b, const claim& c, bool empty) {
  if (empty) b.fastreuse = reuses(c) ? 1 : 0;
  if (!reuses(c)) b.fastreuse = 0;
  if (!c.reuseport) {
    b.fastreuseport = 0;
  } else if (empty || !fits_reuseport(b, c)) {
    b.fastreuseport = empty ? bucket::reuseport_any : bucket::reuseport_strict;
    b.fastuid = c.uid;
    b.fast_scope = c.where;
  }
}

void buckets::forget(std::uint16_t port) {
  free_.push_back(index_.at(port));
  index_.set(port, 0);
  bound_.erase(port);
}

}  // namespace fourtuple::ports
