#include "sim/apps/round_trip.h"

#include <algorithm>

namespace fourtuple::apps {

void round_trip::ask(descriptor fd, const message& request, message& reply,
                     std::optional<std::uint64_t> size, buffer room, instant until) {
  watch_.fd = fd;
  request_ = &request;
  reply_ = &reply;
  reply.clear();
  sent_ = 0;
  size_ = size;
  room_ = room;
  deadline = until;
}

bool round_trip::await_ready() { return send_some() || (whole() && end({})); }

void round_trip::await_suspend(std::coroutine_handle<> h) {
  frame_ = h;
  arm();
}

void round_trip::arm() {
  const bool reads = wanted() > 0;  // else what is there to read would wake it again and again
  watch_.mask = static_cast<ready_mask>((reads ? ready_in | ready_rdhup : 0) |
                                        (sent_ < request_->size ? ready_out : 0));
  set_watch(watch_);
  process_->wait(*this);
}

void round_trip::woken() {
  if (why == cause::interrupted || why == cause::posted) {
    got_ = {outcome::kind::nudged, outcome::call::none, errc::eintr};
  } else if (why == cause::deadline) {
    const bool sending = sent_ < request_->size;
    got_ = {outcome::kind::deadline, sending ? outcome::call::send : outcome::call::recv, errc::ok};
  } else if (!read_some() && !send_some() && !(whole() && end({}))) {
    arm();
    return;
  }
  frame_.resume();
}

/// Sends what goes: true where no more can.
bool round_trip::send_some() {
  while (sent_ < request_->size) {
    const auto n = process_->send(watch_.fd, request_->rest(sent_));
    if (n.error() == errc::eagain) return false;
    if (!n) return end(outcome::of(outcome::call::send, n.error()));
    sent_ += *n;
  }
  return false;
}

std::uint64_t round_trip::wanted() const {
  if (!size_) return room_.size;
  return std::min<std::uint64_t>(*size_ - std::min(*size_, reply_->size), room_.size);
}

/// A piece of the reply: true where it ends before its time.
bool round_trip::read_some() {
  if (wanted() == 0) return false;
  const auto n = process_->recv(watch_.fd, {room_.data, wanted()});
  if (n.error() == errc::eagain) return false;
  if (!n) return end(outcome::of(outcome::call::recv, n.error()));
  if (*n == 0) return end({outcome::kind::eof, outcome::call::recv, errc::ok});
  reply_->append(room_.data, *n);
  return false;
}

}  // namespace fourtuple::apps
