#include "sim/real/packet_taps.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <deque>
#include <thread>
#include <utility>

#include "sim/wire/codec.h"

namespace fourtuple::real {
namespace {

constexpr std::size_t most_memory = 128 << 20;  ///< of all taps, as long as each has the least
constexpr std::size_t least_each = 1 << 20;

/// Two captures of one packet say the same where checksums, which may not be there yet, are left
/// out.
std::string fingerprint(const wire::frame& f) { return wire::encode(f); }

std::int64_t realtime_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

void sight_merger::finish() {
  std::stable_sort(sights_.begin(), sights_.end(), [](const sight& a, const sight& b) {
    if (a.at != b.at) return a.at < b.at;
    if (a.host != b.host) return a.host < b.host;
    return a.outgoing && !b.outgoing;
  });
  std::map<std::string, std::deque<std::size_t>>
      on_their_way;  // indices of sights_, sent first first
  std::map<std::size_t, std::pair<std::size_t, instant>> arrivals;
  for (std::size_t i = 0; i < sights_.size(); ++i) {
    const std::string key = fingerprint(sights_[i].packet);
    if (sights_[i].outgoing) {
      on_their_way[key].push_back(i);
      continue;
    }
    auto& sent = on_their_way[key];
    if (sent.empty()) continue;
    arrivals.emplace(sent.front(), std::pair{sights_[i].host, sights_[i].at});
    sent.pop_front();
  }
  for (std::size_t i = 0; i < sights_.size(); ++i) {
    sight& s = sights_[i];
    if (!s.outgoing) continue;
    observe::packet_record r;
    r.at = s.at;
    r.order = log_.next_order++;
    r.host = hosts_[s.host];
    if (const auto arrival = arrivals.find(i); arrival != arrivals.end()) {
      r.to = hosts_[arrival->second.first];
      r.arrived_at = arrival->second.second;
    } else {
      r.lost = true;  // as far as a capture can tell
    }
    r.packet = std::move(s.packet);
    if (!log_.wants(r)) continue;
    if (log_.packets.size() >= log_.most) {
      ++log_.left_out;
    } else {
      log_.packets.push_back(std::move(r));
    }
  }
  sights_.clear();
}

packet_taps::packet_taps(observe::packet_log& log, std::size_t hosts)
    : log_(log), bytes_each_(std::max(most_memory / std::max<std::size_t>(hosts, 1), least_each)) {}

int packet_taps::open(std::string host) {
  capture_ring ring;
  if (const int error = ring.open(bytes_each_); error != 0) return error;
  taps_.push_back({std::move(host), std::move(ring)});
  return 0;
}

void packet_taps::zero_is_now() {
  // While many hosts are set up, what IPv6 says of itself opens a block every retire_ms: without
  // this the run would begin with rings that are full.
  for (tap& t : taps_) {
    t.ring.take([](const captured&) {});
    static_cast<void>(t.ring.take_drops());
  }
  zero_ns_ = realtime_ns();
}

void packet_taps::drain() {
  for (std::size_t i = 0; i < taps_.size(); ++i) {
    taps_[i].ring.take([&](const captured& c) {
      if (c.at_ns < zero_ns_) return;
      if (auto packet = wire::decode(c.bytes))
        sights_.push_back(
            {instant{duration{c.at_ns - zero_ns_}}, i, c.outgoing, std::move(*packet)});
    });
  }
}

void packet_taps::finish() {
  // What has just passed is shown once the kernel closes the block it lies in; what passes
  // meanwhile is no part of the run.
  const instant end{duration{realtime_ns() - zero_ns_}};
  std::this_thread::sleep_for(std::chrono::milliseconds{2 * capture_ring::retire_ms});
  drain();
  std::vector<std::string> hosts;
  for (tap& t : taps_) {
    hosts.push_back(t.host);
    log_.left_out += t.ring.take_drops();
  }
  sight_merger all(std::move(hosts), log_);
  for (sight& s : sights_)
    if (s.at <= end) all.add(std::move(s));
  sights_.clear();
  all.finish();
}

}  // namespace fourtuple::real
