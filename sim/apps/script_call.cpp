// How a script's call waits: tried at once, then as often as its socket changes, until it has an
// answer or one of its deadlines passes. What each call does: script_calls.cpp.
#include "sim/apps/script_call.h"

#include <algorithm>
#include <chrono>

namespace fourtuple::apps {
namespace {

constexpr duration default_within = std::chrono::seconds(300);

/// Calls that need no socket of the script.
bool without_socket(spec::call c) {
  switch (c) {
    case spec::call::socket:
    case spec::call::count:
    case spec::call::sysctl:
    case spec::call::firewall:
    case spec::call::link:
      return true;
    default:
      return false;
  }
}

}  // namespace

call_answer call_answer::of(errc e) {
  call_answer a;
  a.what = e == errc::ok ? kind::ok : kind::failed;
  a.error = e;
  return a;
}

call_answer call_answer::of_number(std::int64_t n) {
  call_answer a;
  a.what = kind::number;
  a.number = n;
  return a;
}

spec::value result_of(const call_answer& a) {
  using kind = call_answer::kind;
  switch (a.what) {
    case kind::number:
      return a.scaled ? spec::value::of_scaled(a.number) : spec::value::of_int(a.number);
    case kind::text:
      return spec::value::of(std::string_view(a.text));
    case kind::failed:
      return spec::value::of(name(a.error));
    case kind::eof:
      return spec::value::of(std::string_view("eof"));
    case kind::timeout:
      return spec::value::of(std::string_view("timeout"));
    case kind::skipped:
      return spec::value::of(std::string_view("skipped"));
    case kind::started:
      return spec::value::of(std::string_view("started"));
    case kind::ok:
      break;
  }
  return spec::value::of(std::string_view("ok"));
}

bool script_call::prepare() {
  answer_.what = call_answer::kind::skipped;
  const auto expanded = [&](const std::string& text, std::string& into) {
    auto got = names_.expand(text);
    if (!got) answer_.why = "a ${NAME} in '" + text + "' has no value";
    if (got) into = std::move(*got);
    return got.has_value();
  };
  if (!expanded(step_.subject, subject_) || !expanded(step_.to, to_text_) ||
      !expanded(step_.as, as_) || (step_.data && !expanded(*step_.data, data_)))
    return false;
  if (without_socket(step_.call)) {
    if (step_.call == spec::call::socket) process_ = &names_.process_of(step_);
    return true;
  }
  const named_socket* known = names_.find(step_, subject_);
  if (known == nullptr) {
    answer_.why = "there is no socket '" + subject_ + "'";
    return false;
  }
  socket_ = *known;
  process_ = socket_.owner;
  look();
  return true;
}

/// Notes the socket's addresses, which it may have no more after the call.
void script_call::look() {
  if (!names_.wants_sockets()) return;
  sight_.number = socket_.number;
  if (socket_.closed || socket_.number == 0 || sight_.made != 0)
    return;  // made: its own stand there
  if (const auto local = process_->getsockname(socket_.fd); local && local->port != 0)
    sight_.local = *local;
  if (const auto peer = process_->getpeername(socket_.fd)) sight_.remote = *peer;
}

bool script_call::finish(errc e) { return finish(call_answer::of(e)); }
bool script_call::finish(call_answer a) {
  answer_ = std::move(a);
  if (step_.call != spec::call::close) look();
  answer_.socket = sight();
  return true;
}

bool script_call::nonblocking() const { return step_.nonblocking || socket_.nonblocking; }

bool script_call::await_ready() {
  if (socket_.closed) return finish(errc::ebadf);
  return attempt(true);
}

void script_call::await_suspend(std::coroutine_handle<> h) {
  frame_ = h;
  look();
  set_deadline();
  before_ = names_.interruptions_of(socket_);
  watch_.fd = socket_.fd;
  watch_.mask = mask();
  set_watch(watch_);
  holds_ = step_.call != spec::call::close;
  if (holds_) names_.begin_waiting(socket_);
  process_->wait(*this);
}

/// The call returns: what was closed meanwhile is closed now.
void script_call::let_go() {
  if (!holds_) return;
  holds_ = false;
  if (names_.end_waiting(socket_)) static_cast<void>(process_->close(socket_.fd));
}

void script_call::woken() {
  if (step_.call == spec::call::poll && names_.is_left_open(socket_)) {
    finish(call_answer::of_number(1));  // POLLNVAL, which is none of the events of a step
    answer_.events = std::uint8_t{0};
  } else if (why == cause::interrupted || why == cause::posted) {
    finish(errc::eintr);
  } else if (why == cause::deadline) {
    if (step_.call == spec::call::poll) {
      finish(call_answer::of_number(0));
      answer_.events = std::uint8_t{0};
    } else if (by_option_ && sent_ != 0) {
      finish(call_answer::of_number(static_cast<std::int64_t>(sent_)));
    } else if (by_option_) {
      finish(timed_out_error());
    } else {
      call_answer a;
      a.what = call_answer::kind::timeout;
      finish(std::move(a));
    }
  } else if (const auto e = take_interruption()) {
    finish(*e);
  } else if (!attempt(false)) {
    // Ready, and yet it cannot go on (shut down before it is connected): only news helps.
    watch_.edge = true;
    process_->wait(*this);
    return;
  }
  let_go();
  frame_.resume();
}

std::optional<errc> script_call::take_interruption() {
  if (!socket_.tcp) return std::nullopt;
  const interruptions& now = names_.interruptions_of(socket_);
  const bool connects = step_.call == spec::call::connect;
  const bool reads = step_.call == spec::call::recv || step_.call == spec::call::recvfrom;
  if (now.disconnects != before_.disconnects && (connects || reads))
    return errc::epipe;  // sk_wait_event()
  if (now.shutdowns_opening == before_.shutdowns_opening || !connects) return std::nullopt;
  // __inet_stream_connect() takes sk_err.
  static_cast<void>(process_->getsockopt(socket_.fd, option::so_error));
  return errc::econnreset;
}

ready_mask script_call::mask() const {
  switch (step_.call) {
    case spec::call::connect:
    case spec::call::send:
    case spec::call::sendto:
      return ready_out;
    case spec::call::close:
      return ready_hup;
    case spec::call::poll:
      return step_.events;  // the bits are the same
    default:
      return ready_in | ready_rdhup;
  }
}

/// The option that bounds how long the call waits.
std::optional<option> script_call::time_option() const {
  switch (step_.call) {
    case spec::call::accept:
    case spec::call::recv:
    case spec::call::recvfrom:
      return option::so_rcvtimeo;
    case spec::call::connect:
    case spec::call::send:
    case spec::call::sendto:
      return option::so_sndtimeo;
    default:
      return std::nullopt;
  }
}

void script_call::set_deadline() {
  const instant now = process_->now();
  if (step_.call == spec::call::poll) {
    deadline = now + step_.timeout;
    return;
  }
  deadline = now + step_.within.value_or(default_within);
  const auto bound = time_option();
  if (!bound) return;
  const auto set = process_->getsockopt(socket_.fd, *bound);
  if (!set || set->number == 0) return;
  const instant by_option = now + duration{set->number};
  by_option_ = by_option <= deadline;
  deadline = std::min(deadline, by_option);
}

/// socket(7), where nothing was sent: EAGAIN, or for connect() EINPROGRESS (EALREADY the second
/// time).
errc script_call::timed_out_error() const {
  return step_.call == spec::call::connect ? first_error_ : errc::eagain;
}

bool script_call::attempt(bool first) {
  switch (step_.call) {
    case spec::call::socket:
      return do_socket();
    case spec::call::bind:
      return do_bind();
    case spec::call::listen:
      return finish(process_->listen(socket_.fd, step_.backlog).error());
    case spec::call::connect:
      return do_connect(first);
    case spec::call::accept:
      return do_accept();
    case spec::call::send:
      return do_send();
    case spec::call::fill:
      return do_fill();
    case spec::call::recv:
      return do_recv();
    case spec::call::sendto:
      return do_sendto();
    case spec::call::recvfrom:
      return do_recvfrom();
    case spec::call::shutdown:
      return do_shutdown();
    case spec::call::close:
      return do_close();
    case spec::call::dup:
      return do_dup();
    case spec::call::getsockname:
    case spec::call::getpeername:
      return do_name();
    case spec::call::setsockopt:
      return do_setsockopt();
    case spec::call::getsockopt:
      return do_getsockopt();
    case spec::call::poll:
      return do_poll();
    case spec::call::state:
      return do_state();
    case spec::call::count:
      return do_count();
    case spec::call::sysctl:
      return do_sysctl();
    case spec::call::firewall:
      return do_firewall();
    case spec::call::link:
      return do_link();
    case spec::call::wait:
    case spec::call::repeat:
    case spec::call::join:
    case spec::call::exit:
      break;  // the coordinator's own
  }
  return finish(errc::ok);
}

}  // namespace fourtuple::apps
