#include "sim/real/packet_taps.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <deque>
#include <utility>

#include "sim/wire/codec.h"

namespace fourtuple::real {
namespace {

constexpr int wanted_buffer = 64 << 20;
constexpr std::size_t largest_packet = 65536 + 64;

/// Two captures of one packet say the same where checksums, which may not be there yet, are left
/// out.
std::string fingerprint(const wire::frame& f) { return wire::encode(f); }

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

int packet_taps::open(std::string host) {
  file s(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL)));
  if (!s) return errno;
  const int on = 1;
  if (::setsockopt(s.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0) return errno;
  // A large buffer where that is allowed; else what net.core.rmem_max gives.
  if (::setsockopt(s.get(), SOL_SOCKET, SO_RCVBUFFORCE, &wanted_buffer, sizeof wanted_buffer) != 0)
    static_cast<void>(
        ::setsockopt(s.get(), SOL_SOCKET, SO_RCVBUF, &wanted_buffer, sizeof wanted_buffer));
  taps_.push_back({std::move(host), std::move(s)});
  return 0;
}

void packet_taps::drain(std::size_t index) {
  std::vector<char> bytes(largest_packet);
  while (true) {
    sockaddr_ll from{};
    iovec room{bytes.data(), bytes.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(timespec))> control{};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &room;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t n = ::recvmsg(taps_[index].socket.get(), &message, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;
    auto packet = wire::decode(std::string_view(bytes.data(), static_cast<std::size_t>(n)));
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (!packet || header == nullptr || header->cmsg_type != SO_TIMESTAMPNS) continue;
    timespec when{};
    std::memcpy(&when, CMSG_DATA(header), sizeof when);
    const std::int64_t at = std::int64_t{when.tv_sec} * 1'000'000'000 + when.tv_nsec - zero_ns_;
    sights_.push_back(
        {instant{duration{at}}, index, from.sll_pkttype == PACKET_OUTGOING, std::move(*packet)});
  }
}

void packet_taps::zero_is_now() {
  drain();
  sights_.clear();
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  zero_ns_ = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void packet_taps::drain() {
  for (std::size_t i = 0; i < taps_.size(); ++i) drain(i);
}

/// The kernel begins to stamp a moment after it was asked to; what came before is stamped as it is
/// read
/// (__sock_recv_timestamp()), later than what came after it. A tap's packets are in order: none is
/// later than the next.
void packet_taps::mend_early_stamps() {
  std::vector<instant> next(taps_.size(), instant::max());
  for (auto s = sights_.rbegin(); s != sights_.rend(); ++s)
    s->at = next[s->host] = std::min(s->at, next[s->host]);
}

void packet_taps::finish() {
  drain();
  mend_early_stamps();
  std::vector<std::string> hosts;
  for (const tap& t : taps_) {
    hosts.push_back(t.host);
    tpacket_stats lost{};
    socklen_t size = sizeof lost;
    if (::getsockopt(t.socket.get(), SOL_PACKET, PACKET_STATISTICS, &lost, &size) == 0)
      log_.left_out += lost.tp_drops;
  }
  sight_merger all(std::move(hosts), log_);
  for (sight& s : sights_) all.add(std::move(s));
  sights_.clear();
  all.finish();
}

}  // namespace fourtuple::real
