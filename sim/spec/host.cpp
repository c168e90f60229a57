#include "sim/spec/host.h"

#include <algorithm>

namespace fourtuple::spec {

ip_address plus(ip_address a, std::uint32_t n) {
  std::uint32_t carry = n;
  for (int i = (a.family == family::inet ? 3 : 15); i >= 0 && carry != 0; --i) {
    auto& octet = a.bytes[static_cast<std::size_t>(i)];
    const std::uint32_t sum = (carry & 0xff) + octet;
    octet = static_cast<std::uint8_t>(sum & 0xff);
    carry = (carry >> 8) + (sum >> 8);
  }
  return a;
}

namespace {

bool same_network(const ip_address& a, const ip_address& b) {
  return a.family == family::inet && b.family == family::inet &&
         std::equal(a.bytes.begin(), a.bytes.begin() + 3, b.bytes.begin());
}

}  // namespace

std::optional<std::size_t> source_for(std::span<const ip_address> own,
                                      std::span<const ip_address> next, family f) {
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (own[i].family != f) continue;
    if (!first) first = i;
    for (const ip_address& each : next)
      if (same_network(own[i], each)) return i;
  }
  return first;
}

std::string member_name(const host& h, std::uint32_t member) {
  return h.count ? h.name + "-" + std::to_string(std::uint64_t{member} + 1) : h.name;
}

std::vector<ip_address> addresses_of(const host& h, std::uint32_t member) {
  std::vector<ip_address> out;
  for (const auto& run : h.addresses) {
    if (h.count) {
      out.push_back(plus(run.first, member));
    } else {
      for (std::uint32_t i = 0; i < run.length; ++i) out.push_back(plus(run.first, i));
    }
  }
  return out;
}

std::optional<ip_address> first_address(const host& h, std::uint32_t member, family f) {
  for (const auto& run : h.addresses)
    if (run.first.family == f) return plus(run.first, h.count ? member : 0);
  return std::nullopt;
}

void link_shape::apply(const link_change& c) {
  latency = c.latency.value_or(latency);
  jitter = c.jitter.value_or(jitter);
  bandwidth = c.bandwidth.value_or(bandwidth);
  queue_packets = c.queue_packets.value_or(queue_packets);
  queue_bytes = c.queue_bytes.value_or(queue_bytes);
  loss = c.loss.value_or(loss);
  duplicate = c.duplicate.value_or(duplicate);
  reorder = c.reorder.value_or(reorder);
  up = c.up.value_or(up);
}

link_change only(const link_shape& like, std::string_view key) {
  link_change c;
  if (key == "latency") c.latency = like.latency;
  if (key == "jitter") c.jitter = like.jitter;
  if (key == "bandwidth") c.bandwidth = like.bandwidth;
  if (key == "queue") c.queue_packets = like.queue_packets;
  if (key == "queue") c.queue_bytes = like.queue_bytes;
  if (key == "loss") c.loss = like.loss;
  if (key == "duplicate") c.duplicate = like.duplicate;
  if (key == "reorder") c.reorder = like.reorder;
  if (key == "up") c.up = like.up;
  return c;
}

}  // namespace fourtuple::spec
