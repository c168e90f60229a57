#include "sim/real/event_loop.h"

#include <poll.h>
#include <sys/epoll.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "sim/real/names.h"

namespace fourtuple::real {
namespace {

std::int64_t monotonic() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

event_loop::event_loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

instant event_loop::now() const { return start_ == 0 ? instant{} : at_ns(monotonic() - start_); }

void event_loop::start() { start_ = monotonic(); }

void event_loop::add(watched& w) {
  epoll_event e{};
  e.events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;
  e.data.ptr = &w;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, w.fd, &e) < 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void event_loop::drop(const watched& w) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, w.fd, nullptr);
}

ready_mask event_loop::level(const watched& w) {
  pollfd p{w.fd, POLLIN | POLLPRI | POLLOUT | POLLRDHUP, 0};
  ::poll(&p, 1, 0);
  return from_poll(p.revents);
}

void event_loop::arm(waiter& w, bool ready_now) {
  w.pending = true;
  w.queued = false;
  w.why = waiter::cause::none;
  if (ready_now) {
    queue(w, waiter::cause::ready);
  } else if (w.deadline <= now()) {
    queue(w, waiter::cause::deadline);
  } else if (w.deadline != never) {
    deadlines_.emplace(w.deadline, &w);
  }
}

void event_loop::disarm(waiter& w) {
  for (watch* each = w.watches(); each != nullptr; each = each->following()) each->unlink();
  if (w.deadline != never) deadlines_.erase({w.deadline, &w});
}

void event_loop::queue(waiter& w, waiter::cause why) {
  disarm(w);
  w.why = why;
  w.queued = true;
  ring_.push_back(&w);
}

void event_loop::cancel(waiter& w) {
  if (!w.pending) return;
  if (w.queued) {
    std::replace(ring_.begin(), ring_.end(), &w, static_cast<waiter*>(nullptr));
    w.queued = false;
  } else {
    disarm(w);
  }
  w.pending = false;
}

void event_loop::post(waiter& w) {
  if (w.queued) return;
  w.pending = true;
  queue(w, waiter::cause::posted);
}

void event_loop::wake(watched& w, ready_mask level) {
  ++w.wakes;
  while (watch* const each = w.ring.first_that_wants(level)) {
    each->now = level;
    each->seen = w.wakes;
    queue(*each->owner, waiter::cause::ready);
  }
}

void event_loop::forget(watched& w) {
  std::erase_if(coming_, [&](const coming& c) { return c.socket == &w; });
  wake(w, ready_err);
}

void event_loop::look_for_coming() {
  for (std::size_t i = 0; i < coming_.size();) {
    if (!*coming_[i].over) {
      ++i;
      continue;
    }
    watched& done = *coming_[i].socket;
    coming_.erase(coming_.begin() + static_cast<std::ptrdiff_t>(i));
    wake(done, ready_hup);
  }
}

void event_loop::run_ring() {
  while (!ring_.empty()) {
    waiter* const w = ring_.front();
    ring_.pop_front();
    if (w == nullptr) continue;
    w->queued = false;
    w->pending = false;
    ++wakeups_;
    w->woken();
  }
}

void event_loop::collect_deadlines(instant until) {
  const instant t = std::min(now(), until);
  while (!deadlines_.empty() && deadlines_.begin()->first <= t)
    queue(*deadlines_.begin()->second, waiter::cause::deadline);
}

void event_loop::turn(instant until, duration at_most) {
  run_ring();
  const instant t = now();
  duration rest = std::min(until == never ? at_most : until - t, at_most);
  if (!deadlines_.empty()) rest = std::min(rest, deadlines_.begin()->first - t);
  if (!coming_.empty()) rest = std::min<duration>(rest, std::chrono::milliseconds{2});
  rest = std::max(rest, duration{});
  const timespec patience{rest.count() / 1'000'000'000, rest.count() % 1'000'000'000};
  // What has come comes before a deadline that has passed, or a program that was held up would take its
  // own delay for the network's silence.
  std::array<epoll_event, 256> events{};
  const int n = ::epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()),
                               &patience, nullptr);
  for (int i = 0; i < n; ++i) {
    auto& w = *static_cast<watched*>(events[static_cast<std::size_t>(i)].data.ptr);
    wake(w, level(w));
  }
  look_for_coming();
  collect_deadlines(until);
  run_ring();
}

}  // namespace fourtuple::real
