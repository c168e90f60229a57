#include "sim/apps/client_record.h"

#include "sim/apps/socket_options.h"

namespace fourtuple::apps {

outcome client_record::open(process& p, attempt& a, const opening& how, family f) {
  a.fd = -1;
  a.row = -1;
  a.failed = a.server_closed = false;
  a.called = p.now();
  a.number = static_cast<std::uint32_t>(++m_->attempted);
  const auto fd = p.socket(f, how.transport);
  if (!fd) return outcome::of(outcome::call::socket, fd.error());
  m_->fd_peak = p.peak_descriptors();
  outcome got;
  if (!how.options->empty())
    got = outcome::of(outcome::call::setsockopt, set_options(p, *fd, *how.options));
  if (got.ok() && !how.bind->empty()) {
    const endpoint& from = (*how.bind)[(a.number - 1) % how.bind->size()];
    got = outcome::of(outcome::call::bind, p.bind(*fd, from).error());
  }
  a.fd = *fd;
  return got;
}

void client_record::connected(process& p, attempt& a, const endpoint& to) {
  ++m_->connected;
  const instant now = p.now();
  m_->connect_time.add(now - a.called);
  const auto local = p.getsockname(a.fd);
  if (local) m_->tuples.add(*local, to);
  if (m_->lists(now)) list(a, *local, to, now);
}

void client_record::list(attempt& a, const endpoint& local, const endpoint& to, instant now) {
  a.row = static_cast<std::int8_t>(m_->connections.size());
  m_->connections.push_back({a.fd, local, to, now, std::nullopt, closed_by::nobody});
}

void client_record::failed(process& p, attempt& a, const outcome& o) {
  a.failed = true;
  m_->fail(p.now(), fault_of(o), name(o.where), a.number);
  const bool reset = o.error == errc::econnreset || o.error == errc::epipe;
  const closed_by who = o.what == outcome::kind::eof ? closed_by::server
                        : reset                      ? closed_by::reset
                                                     : closed_by::client;
  close_row(a, p.now(), who);
}

void client_record::closing(process& p, attempt& a, spec::close_by own) {
  if (own == spec::close_by::reset) reset_at_close(p, a.fd);
  if (a.row >= 0) note_who_closes(p, a, own);
}

void client_record::note_who_closes(process& p, attempt& a, spec::close_by own) {
  const auto level = p.poll(a.fd);
  const ready_mask bits = level ? *level : ready_mask{0};
  const closed_by who = (bits & ready_err) != 0                        ? closed_by::reset
                        : a.server_closed || (bits & ready_rdhup) != 0 ? closed_by::server
                        : own == spec::close_by::reset                 ? closed_by::reset
                                                                       : closed_by::client;
  close_row(a, p.now(), who);
}

void client_record::close_row(const attempt& a, instant now, closed_by who) {
  if (a.row < 0) return;
  auto& row = m_->connections[static_cast<std::size_t>(a.row)];
  row.closed_at = now;
  row.closed_by = who;
}

}  // namespace fourtuple::apps
