// flow: one awaiter that a coroutine uses again and again, for coroutines of which there are a
// hundred thousand. The awaiters of os.h are kinder to read, but a compiler gives each `co_await`
// its own room in the frame; a flow costs its room once, and its result is asked for afterwards:
//
//   flow wait(host);
//   wait.connect(fd, server, never);
//   co_await wait;
//   if (wait.got().ok()) ...
//
// Each call sets up what the next co_await does. One at a time; the flow is a local of the
// coroutine.
#pragma once

#include <fourtuple/os.h>

#include <coroutine>
#include <cstdint>

#include "sim/apps/outcome.h"

namespace fourtuple::apps {

class flow final : public waiter {
 public:
  explicit flow(os host) : process_(&host.calls()) {}
  ~flow() {
    if (pending) process_->cancel(*this);
  }

  /// A blocking connect. `to` is read until it ends.
  void connect(descriptor fd, const endpoint& to, instant until);
  /// The next connection; into `got`.
  void accept(descriptor fd, accepted& got, instant until);
  /// Sends `request` bytes that nobody looks at and waits for `reply` bytes, both ways at once, so
  /// that neither end can starve the other. eof: the peer closed before the whole reply.
  void exchange(descriptor fd, std::uint64_t request, std::uint64_t reply, instant until);
  /// Some bytes into `b` (null data: counted); how many says count(). eof: the peer's FIN.
  void receive(descriptor fd, buffer b, instant until);
  /// All of the bytes of `p`, which must live until it ends.
  void send_all(descriptor fd, payload p, instant until);
  /// Reads and forgets until the peer has closed: done.
  void until_eof(descriptor fd, instant until);
  /// Until the descriptor has something to read (or is at its end), without reading it: done.
  void until_readable(descriptor fd, instant until);
  /// Closes; waits only where SO_LINGER makes it.
  void close(descriptor fd);
  /// Until then: done (also when it is past). Never runs on without going through the ring.
  void sleep_until(instant t);
  /// Until nudge().
  void park() { sleep_until(never); }

  /// Ends the wait at hand with `nudged` (a park or sleep too). Nothing where none is pending.
  void nudge() {
    if (pending) process_->post(*this);
  }

  /// How the last wait ended.
  [[nodiscard]] outcome got() const { return got_; }
  /// receive: bytes of the last read. exchange: bytes of the reply that are still missing.
  [[nodiscard]] std::uint64_t count() const { return bytes_; }

  bool await_ready();
  void await_suspend(std::coroutine_handle<> h);
  void await_resume() const {}
  void woken() override;

 private:
  enum class kind : std::uint8_t {
    connect,
    accept,
    exchange,
    receive,
    send,
    drain,
    readable,
    close,
    sleep
  };

  void set(kind k, descriptor fd, ready_mask mask, instant until);
  bool attempt();
  bool attempt_connect();
  [[gnu::noinline]] bool attempt_accept();
  bool attempt_receive();
  bool attempt_send();
  bool attempt_exchange();
  bool rest_of_exchange();
  bool send_request();
  bool attempt_drain();
  bool attempt_close();
  bool read_some();
  bool end(outcome o) {
    got_ = o;
    return true;
  }
  [[nodiscard, gnu::noinline]] outcome given_up() const;

  kind kind_ = kind::sleep;
  outcome got_;
  watch watch_;
  process* process_;
  std::coroutine_handle<> frame_;
  union {
    const endpoint* to_;    ///< connect
    accepted* accepted_;    ///< accept
    char* into_;            ///< receive
    const char* from_;      ///< send
    std::uint64_t unsent_;  ///< exchange
  };
  std::uint64_t bytes_ = 0;  ///< receive: room, then what came; send, exchange: what is missing
};

}  // namespace fourtuple::apps
