// What each call of a script asks of its process, and how the answer reads.
#include <algorithm>

#include "sim/apps/script_call.h"
#include "sim/apps/socket_options.h"

namespace fourtuple::apps {
namespace {

/// A read beyond this would be of no use: it is more than any receive buffer holds.
constexpr std::uint64_t most_room = std::uint64_t{8} << 20;
constexpr std::size_t fill_chunk = 65536;

}  // namespace

bool script_call::do_socket() {
  const auto type = static_cast<transport>(step_.transport);
  std::optional<std::uint32_t> uid;
  if (step_.as_user) uid = step_.as_user->uid;
  const auto fd = process_->socket(step_.family, type, uid);
  if (fd) {
    socket_ = {process_,     names_.next_number(),   *fd,
               step_.family, type == transport::tcp, step_.nonblocking,
               false};
    names_.put(step_, subject_, socket_);
  }
  return finish(fd.error());
}

bool script_call::do_bind() {
  const auto to = names_.resolve(to_text_, socket_.family);
  return finish(to ? process_->bind(socket_.fd, *to).error() : errc::einval);
}

bool script_call::do_connect(bool first) {
  if (to_text_ == "unspec") {
    const errc e = process_->disconnect(socket_.fd).error();
    ++names_.interruptions_of(socket_).disconnects;
    sight_.remote.reset();
    return finish(e);
  }
  if (first) {
    const auto to = names_.resolve(to_text_, socket_.family);
    if (!to) return finish(errc::einval);
    to_ = *to;
    sight_.remote = to_;
  }
  const errc e = process_->connect(socket_.fd, to_).error();
  if (first) first_error_ = e;
  const bool waits = e == errc::einprogress || e == errc::ealready;
  return waits && !nonblocking() ? false : finish(e);
}

bool script_call::do_shutdown() {
  const auto now = process_->state(socket_.fd);
  const bool opening = now && *now == "SYN-SENT";
  const errc e = process_->shutdown(socket_.fd, static_cast<shutdown_how>(step_.how)).error();
  if (opening) ++names_.interruptions_of(socket_).shutdowns_opening;
  return finish(e);
}

bool script_call::do_accept() {
  const auto got = process_->accept(socket_.fd);
  if (got.error() == errc::eagain && !nonblocking()) return false;
  if (!got) return finish(got.error());
  const std::uint32_t number = names_.next_number();
  if (names_.wants_sockets()) {
    sight_.made = number;
    sight_.remote = got->peer;
    if (const auto local = process_->getsockname(got->fd)) sight_.local = *local;
  }
  finish(errc::ok);
  if (!as_.empty())
    names_.put(step_, as_, {process_, number, got->fd, socket_.family, true, false, false});
  answer_.address = to_string(got->peer);
  return true;
}

bool script_call::do_send() {
  const std::size_t size = step_.data ? data_.size() : step_.size;
  do {
    if (sent_ != 0 && has_failed()) break;  // tcp_sendmsg_locked(): the error is for the next call
    const char* const from = step_.data ? data_.data() + sent_ : nullptr;
    const auto n = process_->send(socket_.fd, {from, size - sent_});
    if (n.error() == errc::eagain && !nonblocking() && (socket_.tcp || !writable())) return false;
    if (!n && sent_ == 0) return finish(n.error());
    if (!n) break;
    sent_ += *n;
  } while (sent_ < size && !nonblocking());
  return finish(call_answer::of_number(static_cast<std::int64_t>(sent_)));
}

/// There is an error to be told, or nothing more will come or go.
bool script_call::has_failed() const {
  const auto level = process_->poll(socket_.fd);
  return level && (*level & (ready_err | ready_hup)) != 0;
}

/// Until the socket takes no more: never waits.
bool script_call::do_fill() {
  for (;;) {
    const auto n = process_->send(socket_.fd, payload::counted(fill_chunk));
    if (!n && n.error() != errc::eagain && sent_ == 0) return finish(n.error());
    if (!n) break;
    sent_ += *n;
  }
  return finish(call_answer::of_number(static_cast<std::int64_t>(sent_)));
}

bool script_call::do_recv() {
  room_.resize(std::min(step_.max, most_room));
  const auto n = process_->recv(socket_.fd, {room_.data(), room_.size()});
  if (n.error() == errc::eagain && !nonblocking()) return reading_is_over();
  if (!n) return finish(n.error());
  finish(call_answer::of_number(static_cast<std::int64_t>(*n)));
  if (*n == 0 && socket_.tcp && step_.max > 0) answer_.what = call_answer::kind::eof;
  room_.resize(*n);
  save_value(room_);
  answer_.data = std::move(room_);
  return true;
}

bool script_call::do_recvfrom() {
  room_.resize(std::min(step_.max, most_room));
  const auto got = process_->recvfrom(socket_.fd, {room_.data(), room_.size()});
  if (got.error() == errc::eagain && !nonblocking()) return reading_is_over();
  if (!got) return finish(got.error());
  if (!socket_.tcp) sight_.remote = got->from;
  finish(call_answer::of_number(static_cast<std::int64_t>(got->size)));
  if (got->size == 0 && socket_.tcp && step_.max > 0) answer_.what = call_answer::kind::eof;
  room_.resize(std::min(room_.size(), got->size));
  answer_.data = std::move(room_);
  if (!socket_.tcp) {  // tcp_recvmsg() names nobody
    answer_.address = to_string(got->from);
    save_value(*answer_.address);
  }
  return true;
}

bool script_call::do_sendto() {
  const auto to = names_.resolve(to_text_, socket_.family);
  if (!to) return finish(errc::einval);
  sight_.remote = *to;
  const payload p = step_.data ? payload::text(data_) : payload::counted(step_.size);
  const auto n = process_->sendto(socket_.fd, p, *to);
  if (n.error() == errc::eagain && !nonblocking() && !writable()) return false;
  return finish(n ? call_answer::of_number(static_cast<std::int64_t>(*n))
                  : call_answer::of(n.error()));
}

/// A UDP socket that was shut down for reading answers EAGAIN to who does not block, and to who
/// would wait 0 bytes (net/core/datagram.c, __skb_wait_for_more_packets). False: there is something
/// to wait for.
bool script_call::reading_is_over() {
  if (socket_.tcp) return false;
  const auto level = process_->poll(socket_.fd);
  if (!level || (*level & ready_rdhup) == 0) return false;
  finish(call_answer::of_number(0));
  answer_.data = std::string();
  return true;
}

/// EAGAIN from a socket with room says that autobind has found no port: waiting would not help.
bool script_call::writable() const {
  const auto level = process_->poll(socket_.fd);
  return level && (*level & ready_out) != 0;
}

/// SO_LINGER makes close() wait whether or not the socket blocks.
bool script_call::do_close() {
  if (names_.leave_open(socket_)) {
    if (named_socket* const s = names_.find(step_, subject_)) s->closed = true;
    return finish(errc::ok);
  }
  const errc e = process_->close(socket_.fd).error();
  if (e == errc::einprogress || e == errc::eagain) return false;
  if (named_socket* const s = names_.find(step_, subject_)) s->closed = true;
  return finish(e);
}

bool script_call::do_dup() {
  const auto fd = process_->dup(socket_.fd);
  if (fd) {
    named_socket copy = socket_;
    copy.fd = *fd;
    names_.put(step_, as_, copy);
  }
  return finish(fd.error());
}

bool script_call::do_name() {
  const auto got = step_.call == spec::call::getsockname ? process_->getsockname(socket_.fd)
                                                         : process_->getpeername(socket_.fd);
  finish(got.error());
  if (!got) return true;
  answer_.address = to_string(*got);
  save_value(*answer_.address);
  return true;
}

bool script_call::do_setsockopt() {
  const auto value = value_of({step_.option, step_.value});
  return finish(process_->setsockopt(socket_.fd, option_of(step_.option), value).error());
}

bool script_call::do_getsockopt() {
  const auto got = process_->getsockopt(socket_.fd, option_of(step_.option));
  if (!got) return finish(got.error());
  if (step_.option == spec::sockopt::so_error) {
    finish(static_cast<errc>(got->number));
    save_value(std::string(name(answer_.error)));
    return true;
  }
  finish(call_answer::of_number(got->number));
  switch (spec::row_of(step_.option).syntax) {
    case spec::sockopt_syntax::linger:
      answer_.linger = {got->number, got->second};
      break;
    case spec::sockopt_syntax::time:
      answer_.scaled = true;
      break;  // ns are billionths of a second
    case spec::sockopt_syntax::range:
      answer_.number |= got->second << 16;
      break;
    case spec::sockopt_syntax::flag:
    case spec::sockopt_syntax::integer:
    case spec::sockopt_syntax::read_only:
      break;
  }
  save_value(spec::to_string(result_of(answer_)));
  return true;
}

bool script_call::do_poll() {
  const auto level = process_->poll(socket_.fd);
  if (!level) return finish(level.error());
  const auto asked = static_cast<ready_mask>(step_.events | ready_err | ready_hup);
  const auto ready = static_cast<ready_mask>(*level & asked);
  if (ready == 0 && step_.timeout.count() > 0) return false;
  finish(call_answer::of_number(ready != 0 ? 1 : 0));
  answer_.events = ready;
  return true;
}

bool script_call::do_state() {
  const auto got = process_->state(socket_.fd);
  if (!got) return finish(got.error());
  call_answer a;
  a.what = call_answer::kind::text;
  a.text = *got;
  return finish(std::move(a));
}

bool script_call::do_count() {
  const auto n = names_.world().count(names_.host_of(step_), step_.state);
  return finish(call_answer::of_number(static_cast<std::int64_t>(n)));
}

bool script_call::do_sysctl() {
  std::string message;
  const bool done = names_.world().set_sysctl(names_.host_of(step_), step_.sysctl_name,
                                              step_.sysctl_value, message);
  finish(done ? errc::ok : errc::einval);
  answer_.why = std::move(message);
  return true;
}

bool script_call::do_firewall() {
  std::string message;
  const bool done = names_.world().set_firewall(names_.host_of(step_), step_.firewall, message);
  finish(done ? errc::ok : errc::eopnotsupp);
  answer_.why = std::move(message);
  return true;
}

bool script_call::do_link() {
  std::string message;
  const bool done = names_.world().set_link(step_.link, step_.change, message);
  finish(done ? errc::ok : errc::eopnotsupp);
  answer_.why = std::move(message);
  return true;
}

void script_call::save_value(const std::string& text) {
  if (!as_.empty()) names_.set_value(as_, text);
}

}  // namespace fourtuple::apps
