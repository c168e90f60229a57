// The seam: what one process asks of its kernel. It is shaped like the kernel's own non-blocking
// socket calls, so that two kernels can stand behind it: the simulated one (sim/host) and the real
// one (sim/real). Programs do not call it directly but through os (os.h), which adds awaiting.
#pragma once

#include <fourtuple/address.h>
#include <fourtuple/option.h>
#include <fourtuple/result.h>
#include <fourtuple/time.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fourtuple {

/// An index into the process's descriptor table; 0-2 are taken from the start.
using descriptor = int;

enum class transport : std::uint8_t { tcp, udp };
enum class shutdown_how : std::uint8_t { rd, wr, rdwr };

/// Level readiness as poll(2) reports it, in the order "in pri out rdhup err hup".
enum ready : std::uint8_t {
  ready_none = 0,
  ready_in = 1,
  ready_pri = 2,
  ready_out = 4,
  ready_rdhup = 8,
  ready_err = 16,
  ready_hup = 32,
};
using ready_mask = std::uint8_t;  ///< a set of ready; err and hup are always watched

/// Bytes to send. Where nobody looks at the bytes `data` is null and `size` alone is sent: on the
/// simulated kernel such bytes are counted and never exist, on the real one they are filler ('x').
struct payload {
  const char* data = nullptr;
  std::size_t size = 0;
  static payload text(std::string_view s) { return {s.data(), s.size()}; }
  static payload counted(std::size_t n) { return {nullptr, n}; }
};

/// Where to put bytes received; with `data` null at most `size` bytes are taken and forgotten.
struct buffer {
  char* data = nullptr;
  std::size_t size = 0;
};

struct accepted {
  descriptor fd = -1;
  endpoint peer;
};

struct datagram {
  std::size_t size = 0;
  endpoint from;
};

class waiter;
class task_list;

/// The watches of one socket stand in a ring, which is closed by the socket's own link. (One link
/// each: who leaves goes round to find its predecessor, and there is seldom more than one watch.)
struct watch_link {
  watch_link* next = nullptr;  ///< null: in no ring

  void insert_after(watch_link& place) {
    next = place.next;
    place.next = this;
  }
  void unlink() {
    if (next == nullptr) return;
    watch_link* before = next;
    while (before->next != this) before = before->next;
    before->next = next;
    next = nullptr;
  }
};

/// One socket that a waiter watches. Lives beside its waiter.
struct watch : watch_link {
  descriptor fd = -1;
  ready_mask mask = 0;  ///< what to wait for
  ready_mask now = 0;   ///< set when woken: the level then
  bool edge = false;    ///< as EPOLLET: a level counts only if the wake counter moved past `seen`
  bool more = false;    ///< of its waiter's watches another follows; set by set_watches()
  std::uint32_t seen = 0;  ///< the socket's wake counter at the last look; kept by the kernel

  waiter* owner = nullptr;  ///< the kernel's, while pending

  [[nodiscard]] watch* following() { return more ? this + 1 : nullptr; }
};

/// Who watches a socket, the latest last: blocking calls wait exclusively, first come, first served
/// (prepare_to_wait_exclusive() in accept and recvfrom). It lives in the socket and ends with it:
/// who still watches then hears nothing more.
struct watch_ring : private watch_link {
  watch_ring() { next = this; }
  watch_ring(const watch_ring&) = delete;
  watch_ring& operator=(const watch_ring&) = delete;
  ~watch_ring() {
    while (!empty()) next->unlink();
  }
  [[nodiscard]] bool empty() const { return next == this; }
  /// The first that looks for any of `level`; null: nobody does. `err` and `hup` count for
  /// everybody.
  [[nodiscard]] watch* first_that_wants(ready_mask level) const {
    for (watch_link* at = next; at != this; at = at->next) {
      watch* const w = static_cast<watch*>(at);
      if ((level & (w->mask | ready_err | ready_hup)) != 0) return w;
    }
    return nullptr;
  }
  void add(watch& w) {
    watch_link* last = next;
    while (last->next != this) last = last->next;
    w.insert_after(*last);
  }
};

/// A wait for any of a set of sockets, for a deadline, or both. It lives in the waiting coroutine's
/// frame; the kernel calls woken() from its ring, never inside the call that caused it.
class waiter {
 public:
  waiter() = default;
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;

  /// Something happened: look again. May call the process, also wait() once more.
  virtual void woken() = 0;

  enum class cause : std::uint8_t { none, ready, deadline, posted, interrupted };

  /// What it watches; the watches must live as long as they are watched.
  void set_watches(std::span<watch> w) {
    for (watch& each : w) each.more = &each != &w.back();
    watches_ = w.empty() ? nullptr : w.data();
  }
  /// The same for one, the commonest.
  void set_watch(watch& w) {
    w.more = false;
    watches_ = &w;
  }
  /// The first watch, or null; the others are following().
  [[nodiscard]] watch* watches() const { return watches_; }

 private:
  watch* watches_ = nullptr;

 public:
  instant deadline = never;
  std::uint32_t slot = 0;  ///< the kernel's, while pending: its place in the ring if queued, else
                           ///< in the table of deadlines
  cause why = cause::none;

  // The kernel's, while pending.
  bool has_alarm = false;  ///< its deadline stands in the kernel's table
  bool queued = false;     ///< woken, and not run yet
  bool pending = false;    ///< armed or queued

 protected:
  ~waiter() = default;
};

/// One process: {host, uid, nofile, descriptor table}. Calls never block: where a blocking call
/// would, they answer EAGAIN (accept, recv, send, recvfrom, sendto) or EINPROGRESS (connect,
/// close).
///
/// A blocking connect is: connect, EINPROGRESS, wait for writable, connect again; that second
/// result is the result. A close that SO_LINGER makes wait answers EINPROGRESS: wait for hup on the
/// same descriptor and close again.
class process {
 public:
  virtual ~process() = default;

  /// `uid` overrides the process's own for the socket (setfsuid before socket(2)).
  /// EMFILE, EAFNOSUPPORT.
  virtual result<descriptor> socket(family f, transport t,
                                    std::optional<std::uint32_t> uid = std::nullopt) = 0;
  /// EADDRINUSE, EADDRNOTAVAIL, EACCES, EINVAL, EBADF: bind(2), ip(7).
  virtual result<> bind(descriptor fd, const endpoint& to) = 0;
  virtual result<> listen(descriptor fd, int backlog) = 0;
  /// EINPROGRESS, EALREADY, EISCONN, ECONNREFUSED, ETIMEDOUT, EADDRNOTAVAIL, ENETUNREACH,
  /// EHOSTUNREACH, ECONNABORTED, EAGAIN (UDP: no port), EAFNOSUPPORT: connect(2).
  virtual result<> connect(descriptor fd, const endpoint& to) = 0;
  /// connect(2) with AF_UNSPEC.
  virtual result<> disconnect(descriptor fd) = 0;
  virtual result<accepted> accept(descriptor fd) = 0;
  /// EPIPE, ECONNRESET, ENOTCONN, EDESTADDRREQ, EMSGSIZE: send(2).
  virtual result<std::size_t> send(descriptor fd, payload p) = 0;
  /// 0 on a TCP socket is end of file. ECONNRESET, ENOTCONN, ETIMEDOUT: recv(2).
  virtual result<std::size_t> recv(descriptor fd, buffer b) = 0;
  virtual result<std::size_t> sendto(descriptor fd, payload p, const endpoint& to) = 0;
  virtual result<datagram> recvfrom(descriptor fd, buffer b) = 0;
  virtual result<> shutdown(descriptor fd, shutdown_how how) = 0;
  virtual result<> close(descriptor fd) = 0;
  virtual result<descriptor> dup(descriptor fd) = 0;
  virtual result<> setsockopt(descriptor fd, option o, option_value v) = 0;
  /// SO_ERROR reads and clears, as the kernel does.
  virtual result<option_value> getsockopt(descriptor fd, option o) = 0;
  virtual result<endpoint> getsockname(descriptor fd) = 0;
  virtual result<endpoint> getpeername(descriptor fd) = 0;
  /// TCP_INFO's state by its RFC 9293 name ("CLOSE-WAIT"); EOPNOTSUPP for UDP.
  virtual result<std::string_view> state(descriptor fd) = 0;
  /// The level of readiness now, with err and hup (poll(2) with timeout 0).
  virtual result<ready_mask> poll(descriptor fd) = 0;

  /// Arms `w`: it is woken once, when a watched level holds, at its deadline, or by interrupt. If a
  /// level holds already it is woken from the ring soon. Unknown descriptors count as ready (EBADF
  /// shows at the next call).
  virtual void wait(waiter& w) = 0;
  /// Disarms; afterwards the kernel does not touch `w`. Harmless if not pending.
  virtual void cancel(waiter& w) = 0;
  /// Wakes `w` from the ring with cause posted, whether or not it waits for sockets.
  virtual void post(waiter& w) = 0;

  [[nodiscard]] virtual instant now() const = 0;
  /// The next 64 random bits of this process's own stream.
  virtual std::uint64_t random() = 0;
  [[nodiscard]] virtual std::uint32_t nofile() const = 0;
  /// Open descriptors now, and the most there were, 0-2 included.
  [[nodiscard]] virtual std::uint32_t open_descriptors() const = 0;
  [[nodiscard]] virtual std::uint32_t peak_descriptors() const = 0;
  /// From now on the most there were counts from what is open now.
  virtual void restart_peak() = 0;
  /// The program has done what it came for: a run without a duration may end. Sockets stay.
  virtual void finished() = 0;

  /// The running coroutines, destroyed when the process ends, before its descriptors are closed.
  virtual task_list& tasks() = 0;
  /// Memory for coroutine frames, from size classes; freed with the same size.
  virtual void* allocate_frame(std::size_t size) = 0;
  virtual void free_frame(void* frame, std::size_t size) noexcept = 0;
};

}  // namespace fourtuple
