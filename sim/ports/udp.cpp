#include "sim/ports/udp.h"

#include <algorithm>

#include "sim/ports/port_bitmap.h"

namespace fourtuple::ports {

void udp_table::configure(const rules& r) {
  if (configured_ && r == rules_) return;
  configured_ = true;
  rules_ = r;
  reserved_ = reserved_ports(r);
  owners_.watch(r.range.low, r.range.high + 1U);
}

result<std::uint16_t> udp_table::reserve(const udp_request& r, draws& d) {
  if (r.port == 0) return choose(r, d);
  const bool is_taken = r.who.reuseport ? taken_for_group(r.who, r.port) : taken(r.who, r.port);
  if (is_taken) return errc::eaddrinuse;
  return r.port;
}

owner_id udp_table::add(const claim& c, std::uint16_t port, bool last) {
  const owner_id o = owners_.add(c, port);
  if (stands_.size() <= o.value) stands_.resize(o.value + 1);
  ++adds_;
  stands_[o.value] = last ? -adds_ : adds_;
  return o;
}

void udp_table::set_options(owner_id o, bool reuseaddr, bool reuseport, std::uint16_t device) {
  claim c = owners_.claim_of(o);
  c.reuseaddr = reuseaddr;
  c.reuseport = reuseport;
  c.device = device;
  owners_.update(o, c);
}

std::vector<owner_id> udp_table::holders(std::uint16_t port) const {
  std::vector<owner_id> all;
  owners_.any(port, [&](owner_id o) {
    all.push_back(o);
    return false;
  });
  return all;
}

bool udp_table::taken(const claim& who, std::uint16_t port) const {
  return owners_.any_overlapping(
      port, who.where, [&](owner_id o) { return udp_conflicts(who, owners_.claim_of(o)); });
}

/// udp_lib_lport_inuse() for a port that is asked for: of the sockets that overlap the first of the
/// chain is met, and one of the same SO_REUSEPORT group ends the search, whoever else is there.
bool udp_table::taken_for_group(const claim& who, std::uint16_t port) const {
  owner_id first;
  owners_.any_overlapping(port, who.where, [&](owner_id o) {
    const claim holds = owners_.claim_of(o);
    const bool matters = udp_conflicts(who, holds) || udp_same_group(who, holds);
    if (matters && (!first || stands_[first.value] < stands_[o.value])) first = o;
    return false;
  });
  return first && udp_conflicts(who, owners_.claim_of(first));
}

/// udp_lib_get_port(): from a random port on, slot by slot of the kernel's hash; within a slot the
/// ports that share it, in a random odd multiple of the table's size.
result<std::uint16_t> udp_table::choose(const udp_request& r, draws& d) {
  const effective_range range = range_for(rules_, r.socket_range);
  const std::uint32_t random = d.udp();
  const std::uint32_t width = range.high - range.low;
  const std::uint32_t first =
      range.low + static_cast<std::uint32_t>((std::uint64_t{random} * width) >> 32);
  const auto stride = static_cast<std::uint16_t>((random | 1U) * slots_);

  for (std::uint32_t slot = skip_full_slots(r.who, range, first); slot < slots_; ++slot) {
    const auto start = static_cast<std::uint16_t>(first + slot);
    std::uint16_t port = start;
    do {
      if (range.low <= port && port < range.high && !reserved_.contains(port) &&
          !taken(r.who, port))
        return port;
      port = static_cast<std::uint16_t>(port + stride);
    } while (port != start);
  }
  return errc::eaddrinuse;
}

/// How many slots after the first have no free port, found by bitmap: for each of the ports that
/// share a slot, the distance to the first free one of its kind. 0 where flags or devices decide.
std::uint32_t udp_table::skip_full_slots(const claim& who, const effective_range& range,
                                         std::uint32_t first) {
  const bool devices_matter = who.device != 0 && owners_.with_device() != 0;
  if (naive_ || who.reuseaddr || who.reuseport || devices_matter) return 0;
  scratch_.assign(1, &reserved_);
  owners_.collect_used(who.where, scratch_);
  std::uint32_t nearest = slots_;
  for (std::uint32_t kind = 0; kind < 65536; kind += slots_) {
    // Ports [from, from + nearest) are of this kind; the part beyond 65536 starts again at 0.
    const std::uint32_t from = (first + kind) % 65536;
    for (const std::uint32_t turn : {0U, 65536U}) {
      const std::uint32_t begin = std::max(from, range.low + turn);
      const std::uint32_t end = std::min(from + nearest, range.high + turn);
      if (begin >= end) continue;
      const std::uint32_t port = first_absent(scratch_, begin - turn, end - turn, 1) + turn;
      if (port < end) nearest = port - from;
    }
  }
  return nearest;
}

}  // namespace fourtuple::ports
