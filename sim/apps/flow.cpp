#include "sim/apps/flow.h"

#include <array>

namespace fourtuple::apps {
namespace {

using kind_of_end = outcome::kind;
using where = outcome::call;

constexpr ready_mask readable_mask = ready_in | ready_rdhup;

bool would_block(errc e) { return e == errc::eagain; }

}  // namespace

std::string_view name(outcome::call c) {
  static constexpr std::array<std::string_view, 11> names = {
      "",       "socket", "setsockopt", "bind",  "listen", "connect",
      "accept", "send",   "recv",       "close", "queue"};
  return names[static_cast<std::size_t>(c)];
}

observe::fault fault_of(const outcome& o) {
  switch (o.what) {
    case outcome::kind::deadline:
      return {observe::fault::word::timeout, errc::ok};
    case outcome::kind::eof:
      return {observe::fault::word::eof, errc::ok};
    case outcome::kind::nudged:
      return {observe::fault::word::errno_name, errc::eintr};
    case outcome::kind::done:
    case outcome::kind::failed:
      break;
  }
  return {observe::fault::word::errno_name, o.error};
}

/// What the next wait is for, and whom it watches.
void flow::set(kind k, descriptor fd, ready_mask mask, instant until) {
  kind_ = k;
  watch_.fd = fd;
  watch_.mask = mask;
  deadline = until;
  set_watch(watch_);
}

void flow::connect(descriptor fd, const endpoint& to, instant until) {
  to_ = &to;
  set(kind::connect, fd, ready_out, until);
}
void flow::accept(descriptor fd, accepted& got, instant until) {
  accepted_ = &got;
  set(kind::accept, fd, ready_in, until);
}
void flow::exchange(descriptor fd, std::uint64_t request, std::uint64_t reply, instant until) {
  unsent_ = request;
  bytes_ = reply;
  set(kind::exchange, fd, readable_mask, until);
}
void flow::receive(descriptor fd, buffer b, instant until) {
  into_ = b.data;
  bytes_ = b.size;
  set(kind::receive, fd, readable_mask, until);
}
void flow::send_all(descriptor fd, payload p, instant until) {
  from_ = p.data;
  bytes_ = p.size;
  set(kind::send, fd, ready_out, until);
}
void flow::until_eof(descriptor fd, instant until) { set(kind::drain, fd, readable_mask, until); }
void flow::until_readable(descriptor fd, instant until) {
  set(kind::readable, fd, readable_mask, until);
}
void flow::close(descriptor fd) { set(kind::close, fd, ready_hup, never); }
void flow::sleep_until(instant t) {
  kind_ = kind::sleep;
  deadline = t;
  set_watches({});
}

/// What is likely done at once is tried at once. Reading is not: the peer has only just been asked,
/// and waiting looks at the socket anyway.
bool flow::await_ready() {
  switch (kind_) {
    case kind::connect:
      return attempt_connect();
    case kind::close:
      return attempt_close();
    case kind::send:
      return attempt_send();
    case kind::exchange:
      return rest_of_exchange();
    case kind::accept:
    case kind::receive:
    case kind::drain:
    case kind::readable:
    case kind::sleep:
      break;
  }
  return false;
}

void flow::await_suspend(std::coroutine_handle<> h) {
  frame_ = h;
  process_->wait(*this);
}

void flow::woken() {
  if (why == cause::ready) {
    if (!attempt()) return process_->wait(*this);
  } else {
    const bool slept = kind_ == kind::sleep && why == cause::deadline;
    got_ = slept ? outcome{} : given_up();
  }
  frame_.resume();
}

/// How a wait ended that did not come to what it was for.
outcome flow::given_up() const {
  if (why != cause::deadline) return {kind_of_end::nudged, where::none, errc::eintr};
  switch (kind_) {
    case kind::connect:
      return {kind_of_end::deadline, where::connect, errc::ok};
    case kind::send:
      return {kind_of_end::deadline, where::send, errc::ok};
    case kind::accept:
      return {kind_of_end::deadline, where::accept, errc::ok};
    default:
      return {kind_of_end::deadline, where::recv, errc::ok};
  }
}

bool flow::attempt() {
  switch (kind_) {
    case kind::connect:
      return attempt_connect();
    case kind::accept:
      return attempt_accept();
    case kind::receive:
      return attempt_receive();
    case kind::send:
      return attempt_send();
    case kind::drain:
      return attempt_drain();
    case kind::close:
      return attempt_close();
    case kind::readable:
    case kind::sleep:
      return end({});
    case kind::exchange:
      break;
  }
  return attempt_exchange();
}

bool flow::attempt_connect() {
  const errc e = process_->connect(watch_.fd, *to_).error();
  if (e == errc::einprogress || e == errc::ealready) return false;
  return end(outcome::of(where::connect, e));
}

bool flow::attempt_accept() {
  const auto got = process_->accept(watch_.fd);
  if (would_block(got.error())) return false;
  if (got) *accepted_ = *got;
  return end(outcome::of(where::accept, got.error()));
}

bool flow::attempt_receive() {
  const auto n = process_->recv(watch_.fd, {into_, bytes_});
  if (would_block(n.error())) return false;
  bytes_ = n ? *n : 0;
  if (n && *n == 0) return end({kind_of_end::eof, where::recv, errc::ok});
  return end(outcome::of(where::recv, n.error()));
}

/// Part of an exchange's reply: true where it ends the exchange before its time.
bool flow::read_some() {
  const auto n = process_->recv(watch_.fd, {nullptr, bytes_});
  if (would_block(n.error())) return false;
  if (!n) return end(outcome::of(where::recv, n.error()));
  if (*n == 0) return end({kind_of_end::eof, where::recv, errc::ok});
  bytes_ -= *n;
  return false;
}

bool flow::attempt_send() {
  while (bytes_ > 0) {
    const auto n = process_->send(watch_.fd, {from_, bytes_});
    if (would_block(n.error())) return false;
    if (!n) return end(outcome::of(where::send, n.error()));
    bytes_ -= *n;
    if (from_ != nullptr) from_ += *n;
  }
  return end({});
}

bool flow::attempt_exchange() { return (bytes_ > 0 && read_some()) || rest_of_exchange(); }

/// Its next step after reading; where it is not over, what it waits for now.
bool flow::rest_of_exchange() {
  if (send_request()) return true;
  if (unsent_ == 0 && bytes_ == 0) return end({});
  watch_.mask = static_cast<ready_mask>((bytes_ > 0 ? readable_mask : ready_mask{0}) |
                                        (unsent_ > 0 ? ready_mask{ready_out} : ready_mask{0}));
  return false;
}

/// The rest of an exchange's request: true where it cannot be sent.
bool flow::send_request() {
  while (unsent_ > 0) {
    const auto n = process_->send(watch_.fd, payload::counted(unsent_));
    if (would_block(n.error())) return false;
    if (!n) return end(outcome::of(where::send, n.error()));
    unsent_ -= *n;
  }
  return false;
}

bool flow::attempt_drain() {
  for (;;) {
    const auto n = process_->recv(watch_.fd, {nullptr, 65536});
    if (would_block(n.error())) return false;
    if (!n) return end(outcome::of(where::recv, n.error()));
    if (*n == 0) return end({});
  }
}

bool flow::attempt_close() {
  const errc e = process_->close(watch_.fd).error();
  if (e == errc::einprogress || would_block(e)) return false;
  return end(outcome::of(where::close, e));
}

}  // namespace fourtuple::apps
