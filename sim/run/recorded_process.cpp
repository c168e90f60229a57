#include "sim/run/recorded_process.h"

#include <fmt/format.h>

namespace fourtuple::run {
namespace {

bool says_later(errc e) { return e == errc::eagain || e == errc::ealready; }

const char* name(shutdown_how how) {
  return how == shutdown_how::rd ? "rd" : how == shutdown_how::wr ? "wr" : "rdwr";
}

}  // namespace

void recorded_process::note(std::uint64_t order, descriptor fd, std::string text,
                            std::string answer) {
  note({inner_.now(), order, host_, program_, std::move(text), std::move(answer), fd, {}, {}, {}});
}

void recorded_process::note(observe::call_record call) {
  if (!log_.wants_call || log_.wants_call(call)) log_.calls.push_back(std::move(call));
}

void recorded_process::note(std::uint64_t order, descriptor fd, std::string text, errc e) {
  if (says_later(e)) return;
  note(order, fd, std::move(text),
       e == errc::ok            ? "ok"
       : e == errc::einprogress ? "in progress"
                                : std::string(fourtuple::name(e)));
}

void recorded_process::note_bytes(std::uint64_t order, descriptor fd, std::string text,
                                  const result<std::size_t>& r, const char* empty) {
  if (!r) return note(order, fd, std::move(text), r.error());
  note(order, fd, std::move(text), *r == 0 ? std::string(empty) : std::to_string(*r));
}

result<> recorded_process::bind(descriptor fd, const endpoint& to) {
  const std::uint64_t order = begin();
  const auto r = inner_.bind(fd, to);
  note(order, fd, fmt::format("bind({}, {})", fd, to_string(to)), r.error());
  return r;
}

result<> recorded_process::listen(descriptor fd, int backlog) {
  const std::uint64_t order = begin();
  const auto r = inner_.listen(fd, backlog);
  note(order, fd, fmt::format("listen({}, {})", fd, backlog), r.error());
  return r;
}

result<> recorded_process::connect(descriptor fd, const endpoint& to) {
  const std::uint64_t order = begin();
  const auto r = inner_.connect(fd, to);
  note(order, fd, fmt::format("connect({}, {})", fd, to_string(to)), r.error());
  return r;
}

result<> recorded_process::disconnect(descriptor fd) {
  const std::uint64_t order = begin();
  const auto r = inner_.disconnect(fd);
  note(order, fd, fmt::format("connect({}, unspec)", fd), r.error());
  return r;
}

result<accepted> recorded_process::accept(descriptor fd) {
  const std::uint64_t order = begin();
  const auto r = inner_.accept(fd);
  const std::string text = fmt::format("accept({})", fd);
  if (r) {
    note({inner_.now(),
          order,
          host_,
          program_,
          text,
          fmt::format("{} from {}", r->fd, to_string(r->peer)),
          fd,
          std::pair(r->fd, r->peer),
          {},
          {}});
  } else {
    note(order, fd, text, r.error());
  }
  return r;
}

result<std::size_t> recorded_process::send(descriptor fd, payload p) {
  const std::uint64_t order = begin();
  const auto r = inner_.send(fd, p);
  note_bytes(order, fd, fmt::format("send({}, {})", fd, p.size), r, "0");
  return r;
}

result<std::size_t> recorded_process::recv(descriptor fd, buffer b) {
  const std::uint64_t order = begin();
  const auto r = inner_.recv(fd, b);
  note_bytes(order, fd, fmt::format("recv({}, {})", fd, b.size), r, b.size == 0 ? "0" : "eof");
  return r;
}

result<std::size_t> recorded_process::sendto(descriptor fd, payload p, const endpoint& to) {
  const std::uint64_t order = begin();
  const auto r = inner_.sendto(fd, p, to);
  note_bytes(order, fd, fmt::format("sendto({}, {}, {})", fd, p.size, to_string(to)), r, "0");
  return r;
}

result<datagram> recorded_process::recvfrom(descriptor fd, buffer b) {
  const std::uint64_t order = begin();
  const auto r = inner_.recvfrom(fd, b);
  const std::string text = fmt::format("recvfrom({}, {})", fd, b.size);
  if (r) {
    note(order, fd, text, fmt::format("{} from {}", r->size, to_string(r->from)));
  } else {
    note(order, fd, text, r.error());
  }
  return r;
}

result<> recorded_process::shutdown(descriptor fd, shutdown_how how) {
  const std::uint64_t order = begin();
  const auto r = inner_.shutdown(fd, how);
  note(order, fd, fmt::format("shutdown({}, {})", fd, name(how)), r.error());
  return r;
}

result<> recorded_process::close(descriptor fd) {
  const std::uint64_t order = begin();
  const auto r = inner_.close(fd);
  note(order, fd, fmt::format("close({})", fd), r.error());
  return r;
}

}  // namespace fourtuple::run
