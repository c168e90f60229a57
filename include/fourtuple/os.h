// os: the handle a program receives, by value. Socket calls as they are (they never block), and the
// same calls as awaiters that block the calling coroutine until they have a result, a deadline passes
// or the process ends:
//
//   task client(os host, endpoint server) {
//     const auto fd = host.socket(family::inet, transport::tcp);
//     if (!fd) co_return;
//     if (const auto done = co_await host.connect(*fd, server); !done) co_return;
//     co_await host.send_all(*fd, payload::text("hello"));
//     co_await host.close(*fd);
//   }
#pragma once

#include <fourtuple/process.h>
#include <fourtuple/task.h>

#include <coroutine>
#include <cstddef>
#include <new>
#include <utility>

namespace fourtuple {

namespace detail {

/// A wait in the awaiting frame. `Call` is tried at once; while it answers EAGAIN (or what
/// still_pending says) the frame waits for `mask` on `fd` and tries again.
template <class Call>
class blocking : public waiter {
 public:
  using outcome = decltype(std::declval<Call&>()());

  blocking(process& p, descriptor fd, ready_mask mask, instant until, Call call)
      : process_(p), call_(std::move(call)) {
    watch_.fd = fd;
    watch_.mask = mask;
    deadline = until;
  }
  ~blocking() {
    if (pending) process_.cancel(*this);
  }

  bool await_ready() {
    outcome_ = call_();
    return !blocked();
  }
  void await_suspend(std::coroutine_handle<> h) {
    frame_ = h;
    set_watch(watch_);
    process_.wait(*this);
  }
  outcome await_resume() { return std::move(outcome_); }

  void woken() override {
    if (why == cause::interrupted) {
      outcome_ = outcome{errc::eintr};
    } else if (why == cause::deadline) {
      outcome_ = outcome{errc::etimedout};
      timed_out = true;
    } else {
      outcome_ = call_();
      if (blocked()) {
        process_.wait(*this);
        return;
      }
    }
    frame_.resume();
  }

  bool timed_out = false;  ///< the deadline passed (ETIMEDOUT of the wait, not of the connection)

 private:
  [[nodiscard]] bool blocked() const {
    const errc e = outcome_.error();
    return e == errc::eagain || e == errc::einprogress || e == errc::ealready;
  }

  process& process_;
  Call call_;
  watch watch_;
  std::coroutine_handle<> frame_;
  outcome outcome_{errc::ok};
};

/// Sleeping: a wait without sockets.
class sleeping : public waiter {
 public:
  sleeping(process& p, instant until) : process_(p) { deadline = until; }
  ~sleeping() {
    if (pending) process_.cancel(*this);
  }
  bool await_ready() const { return deadline <= process_.now(); }
  void await_suspend(std::coroutine_handle<> h) {
    frame_ = h;
    process_.wait(*this);
  }
  void await_resume() {}
  void woken() override { frame_.resume(); }

 private:
  process& process_;
  std::coroutine_handle<> frame_;
};

}  // namespace detail

/// A cheap handle on a process. Copyable; valid as long as the process.
class os {
 public:
  explicit os(process& p) : process_(&p) {}

  /// The calls themselves, none of which blocks.
  [[nodiscard]] process& calls() const { return *process_; }
  process* operator->() const { return process_; }

  [[nodiscard]] instant now() const { return process_->now(); }

  /// Starts `t` at once, up to its first wait; it lives until it ends or the process does.
  void spawn(task t) const {
    const auto h = t.release();
    process_->tasks().adopt(h.promise());
    h.resume();
  }

  /// Until `t`, or for `d` from now; returns at once if that is past.
  [[nodiscard]] auto sleep_until(instant t) const { return detail::sleeping(*process_, t); }
  [[nodiscard]] auto sleep(duration d) const { return detail::sleeping(*process_, now() + d); }

  // Blocking forms. With a deadline the result is ETIMEDOUT when it passes first; the call's effects
  // (a SYN on its way) stay, as after poll(2) with a timeout.

  [[nodiscard]] auto connect(descriptor fd, endpoint to, instant deadline = never) const {
    auto call = [p = process_, fd, to] { return p->connect(fd, to); };
    return detail::blocking<decltype(call)>(*process_, fd, ready_out, deadline, call);
  }
  [[nodiscard]] auto accept(descriptor fd, instant deadline = never) const {
    auto call = [p = process_, fd] { return p->accept(fd); };
    return detail::blocking<decltype(call)>(*process_, fd, ready_in, deadline, call);
  }
  /// Some bytes (at least one), 0 at end of file.
  [[nodiscard]] auto recv(descriptor fd, buffer b, instant deadline = never) const {
    auto call = [p = process_, fd, b] { return p->recv(fd, b); };
    return detail::blocking<decltype(call)>(*process_, fd, ready_in | ready_rdhup, deadline, call);
  }
  /// Some of the bytes; see send_all.
  [[nodiscard]] auto send(descriptor fd, payload b, instant deadline = never) const {
    auto call = [p = process_, fd, b] { return p->send(fd, b); };
    return detail::blocking<decltype(call)>(*process_, fd, ready_out, deadline, call);
  }
  /// All of the bytes, as a blocking send(2) does: the number sent, short only with an error after
  /// some bytes went.
  [[nodiscard]] auto send_all(descriptor fd, payload b, instant deadline = never) const {
    auto call = [p = process_, fd, b, sent = std::size_t{0}]() mutable -> result<std::size_t> {
      while (sent < b.size) {
        const payload rest{b.data ? b.data + sent : nullptr, b.size - sent};
        const auto n = p->send(fd, rest);
        if (!n) return n.error() != errc::eagain && sent > 0 ? result<std::size_t>{sent} : n;
        sent += *n;
      }
      return sent;
    };
    return detail::blocking<decltype(call)>(*process_, fd, ready_out, deadline, call);
  }
  [[nodiscard]] auto recvfrom(descriptor fd, buffer b, instant deadline = never) const {
    auto call = [p = process_, fd, b] { return p->recvfrom(fd, b); };
    return detail::blocking<decltype(call)>(*process_, fd, ready_in, deadline, call);
  }
  [[nodiscard]] auto sendto(descriptor fd, payload b, endpoint to, instant deadline = never) const {
    auto call = [p = process_, fd, b, to] { return p->sendto(fd, b, to); };
    return detail::blocking<decltype(call)>(*process_, fd, ready_out, deadline, call);
  }
  /// Waits only where SO_LINGER makes it.
  [[nodiscard]] auto close(descriptor fd, instant deadline = never) const {
    auto call = [p = process_, fd] { return p->close(fd); };
    return detail::blocking<decltype(call)>(*process_, fd, ready_hup, deadline, call);
  }

 private:
  friend struct task::promise_type;
  process* process_;
};

// A frame remembers its process behind itself, so that it can be freed without one.
namespace detail {
constexpr std::size_t frame_end(std::size_t size) {
  return (size + alignof(process*) - 1) / alignof(process*) * alignof(process*);
}
}  // namespace detail

template <class... Rest>
void* task::promise_type::operator new(std::size_t size, const os& host, Rest&&...) {
  const std::size_t end = detail::frame_end(size);
  auto* const frame =
      static_cast<std::byte*>(host.process_->allocate_frame(end + sizeof(process*)));
  ::new (static_cast<void*>(frame + end))(process*)(host.process_);
  return frame;
}

inline void task::promise_type::operator delete(void* frame, std::size_t size) noexcept {
  const std::size_t end = detail::frame_end(size);
  process* const home = *reinterpret_cast<process**>(static_cast<std::byte*>(frame) + end);
  home->free_frame(frame, end + sizeof(process*));
}

}  // namespace fourtuple
