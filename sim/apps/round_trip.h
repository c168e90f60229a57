// round_trip: an awaiter for one request over a connection and its whole reply, both ways at once,
// so that neither end can starve the other. Beside flow::exchange it carries bytes where somebody
// looks at them, and knows replies of which nobody can say how long they are.
#pragma once

#include <fourtuple/os.h>

#include <coroutine>
#include <cstdint>
#include <optional>
#include <string>

#include "sim/apps/outcome.h"

namespace fourtuple::apps {

/// A message as a proxy keeps it: its size, and as much of its text as is worth keeping.
struct message {
  /// DEVIATION: what lies beyond reads as filler at the far end. A script that reads more than a
  /// MiB of one message through a proxy could notice.
  static constexpr std::size_t most_text = std::size_t{1} << 20;

  std::uint64_t size = 0;
  std::string text;  ///< empty where nobody looks at the bytes

  void clear() {
    size = 0;
    text.clear();
  }
  /// What to send after the first `sent` bytes; at most what lies in one piece.
  [[nodiscard]] payload rest(std::uint64_t sent) const {
    if (sent < text.size()) return {text.data() + sent, text.size() - sent};
    return payload::counted(size - sent);
  }
  /// Adds n bytes that came into `from` (null: counted).
  void append(const char* from, std::uint64_t n) {
    size += n;
    if (from != nullptr && text.size() < most_text && text.size() + n == size)
      text.append(from, n < most_text - text.size() ? n : most_text - text.size());
  }
};

class round_trip final : public waiter {
 public:
  explicit round_trip(os host) : process_(&host.calls()) {}
  ~round_trip() {
    if (pending) process_->cancel(*this);
  }

  /// What the next co_await does: sends `request` and waits for `size` bytes (nothing: what one
  /// read gives) into `reply`, with their text by way of `room` (null data: counted). Both messages
  /// must live until it ends.
  void ask(descriptor fd, const message& request, message& reply, std::optional<std::uint64_t> size,
           buffer room, instant until);

  /// done; failed with an errno; eof: closed before the whole reply; deadline.
  [[nodiscard]] outcome got() const { return got_; }
  /// Some of the reply came.
  [[nodiscard]] bool heard() const { return reply_ != nullptr && reply_->size > 0; }

  bool await_ready();
  void await_suspend(std::coroutine_handle<> h);
  void await_resume() const {}
  void woken() override;

 private:
  [[nodiscard]] bool whole() const {
    return sent_ == request_->size && (size_ ? reply_->size >= *size_ : heard());
  }
  /// How much of the reply may still be read.
  [[nodiscard]] std::uint64_t wanted() const;
  bool send_some();
  bool read_some();
  void arm();
  bool end(outcome o) {
    got_ = o;
    return true;
  }

  process* process_;
  std::coroutine_handle<> frame_;
  watch watch_;
  outcome got_;
  const message* request_ = nullptr;
  message* reply_ = nullptr;
  std::uint64_t sent_ = 0;
  std::optional<std::uint64_t> size_;
  buffer room_;
};

}  // namespace fourtuple::apps
