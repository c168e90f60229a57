#include "sim/real/relay.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "sim/net/link.h"
#include "sim/wire/size.h"

namespace fourtuple::real {
namespace {

constexpr std::size_t largest_packet = 65536;

instant monotonic() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return at_ns(t.tv_sec * 1'000'000'000 + t.tv_nsec);
}

file open_device(const network_namespace& where, const std::string& name) {
  const auto inside = where.enter();
  file f(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!f)
    throw unable(fmt::format("links with latency need /dev/net/tun, which cannot be opened: {}",
                             std::strerror(errno)));
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  if (::ioctl(f.get(), TUNSETIFF, &request) < 0)
    throw unable(fmt::format("no TUN device can be made: {}", std::strerror(errno)));
  return f;
}

/// What the kernel says to all neighbours (MLD, router solicitations) is not a program's, and takes
/// part in nothing.
bool multicast(const std::vector<char>& packet) {
  const auto byte = [&](std::size_t i) {
    return i < packet.size() ? static_cast<unsigned char>(packet[i]) : 0U;
  };
  const bool v6 = byte(0) >> 4 == 6;
  return v6 ? byte(24) == 0xff : byte(16) >> 4 == 0xe;
}

/// From one device to the other.
struct wire_pair {
  int from = -1;
  int to = -1;
  spec::link_shape shape;  ///< guarded by relay::wires::changing
  std::uint32_t link = 0;
  net::link_direction model{0};
  std::multimap<instant, std::vector<char>> under_way;  ///< of equal times the earlier sent first
};

}  // namespace

struct relay::wires {
  std::vector<file> devices;
  std::deque<wire_pair> directions;
  file stop{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  file poll{::epoll_create1(EPOLL_CLOEXEC)};
  std::thread thread;
  std::mutex changing;

  void watch(int fd, void* what) {
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.ptr = what;
    if (::epoll_ctl(poll.get(), EPOLL_CTL_ADD, fd, &e) < 0)
      throw unable(fmt::format("epoll: {}", std::strerror(errno)));
  }
  void take(wire_pair& w);
  [[nodiscard]] spec::link_shape shape_of(const wire_pair& w);
  static void hand_over(wire_pair& w, instant now);
  [[nodiscard]] timespec patience() const;
  void run();
};

spec::link_shape relay::wires::shape_of(const wire_pair& w) {
  const std::lock_guard held(changing);
  return w.shape;
}

void relay::wires::take(wire_pair& w) {
  std::vector<char> packet(largest_packet);
  for (;;) {
    const ssize_t n = ::read(w.from, packet.data(), packet.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    std::vector<char> bytes(packet.begin(), packet.begin() + n);
    if (multicast(bytes)) continue;
    const auto size = static_cast<std::uint32_t>(n) + wire::ethernet_header;
    const auto fate = w.model.pass(shape_of(w), monotonic(), size);
    if (fate.again) w.under_way.emplace(*fate.again, bytes);
    if (fate.arrives) w.under_way.emplace(*fate.arrives, std::move(bytes));
  }
}

void relay::wires::hand_over(wire_pair& w, instant now) {
  while (!w.under_way.empty() && w.under_way.begin()->first <= now) {
    const std::vector<char>& packet = w.under_way.begin()->second;
    // A device that is down loses it, as an interface that is down does.
    static_cast<void>(::write(w.to, packet.data(), packet.size()));
    w.under_way.erase(w.under_way.begin());
  }
}

timespec relay::wires::patience() const {
  instant next = never;
  for (const wire_pair& w : directions)
    if (!w.under_way.empty()) next = std::min(next, w.under_way.begin()->first);
  duration rest = std::chrono::seconds{1};
  if (next != never) rest = std::clamp<duration>(next - monotonic(), duration{}, rest);
  return {rest.count() / 1'000'000'000, rest.count() % 1'000'000'000};
}

void relay::wires::run() {
  std::array<epoll_event, 64> events{};
  for (;;) {
    for (wire_pair& w : directions) hand_over(w, monotonic());
    const timespec rest = patience();
    const int n =
        ::epoll_pwait2(poll.get(), events.data(), static_cast<int>(events.size()), &rest, nullptr);
    for (int i = 0; i < n; ++i) {
      auto* const w = static_cast<wire_pair*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (w == nullptr) return;
      take(*w);
    }
  }
}

relay::relay() : wires_(std::make_unique<wires>()) {
  if (!wires_->stop || !wires_->poll) throw unable(fmt::format("epoll: {}", std::strerror(errno)));
  wires_->watch(wires_->stop.get(), nullptr);
}

relay::~relay() {
  if (!wires_->thread.joinable()) return;
  const std::uint64_t one = 1;
  static_cast<void>(::write(wires_->stop.get(), &one, sizeof one));
  wires_->thread.join();
}

void relay::add(const end& a, const end& b, const spec::link_shape& shape, std::uint32_t link) {
  wires_->devices.push_back(open_device(a.space, a.name));
  const int from = wires_->devices.back().get();
  wires_->devices.push_back(open_device(b.space, b.name));
  const int to = wires_->devices.back().get();
  wires_->directions.push_back({from, to, shape, link, net::link_direction(a.key), {}});
  wires_->watch(from, &wires_->directions.back());
  wires_->directions.push_back({to, from, shape, link, net::link_direction(b.key), {}});
  wires_->watch(to, &wires_->directions.back());
}

bool relay::set_link(std::uint32_t link, const link_change& change) {
  const std::lock_guard held(wires_->changing);
  bool found = false;
  for (wire_pair& w : wires_->directions) {
    if (w.link != link) continue;
    w.shape.apply(change);
    found = true;
  }
  return found;
}

void relay::start() {
  if (wires_->directions.empty()) return;
  // Signals are the other thread's.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  wires_->thread = std::thread([this] { wires_->run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace fourtuple::real
