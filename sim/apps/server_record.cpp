#include "sim/apps/server_record.h"

#include <string>

#include "sim/apps/socket_options.h"

namespace fourtuple::apps {

descriptor server_record::listen(process& p, const endpoint& at, std::int32_t backlog,
                                 const std::vector<spec::sockopt_setting>& options) {
  return open(p, at, transport::tcp, backlog, options);
}

descriptor server_record::bind(process& p, const endpoint& at,
                               const std::vector<spec::sockopt_setting>& options) {
  return open(p, at, transport::udp, std::nullopt, options);
}

descriptor server_record::open(process& p, const endpoint& at, transport t,
                               std::optional<std::int32_t> backlog,
                               const std::vector<spec::sockopt_setting>& options) {
  const auto fd = p.socket(at.address.family, t);
  outcome got = outcome::of(outcome::call::socket, fd.error());
  if (got.ok()) got = outcome::of(outcome::call::setsockopt, set_options(p, *fd, options));
  if (got.ok()) got = outcome::of(outcome::call::bind, p.bind(*fd, at).error());
  if (got.ok() && backlog)
    got = outcome::of(outcome::call::listen, p.listen(*fd, *backlog).error());
  m_->fd_peak = p.peak_descriptors();
  if (got.ok()) {
    m_->listening = true;
    return *fd;
  }
  if (fd) static_cast<void>(p.close(*fd));
  m_->fail(p.now(), fault_of(got), name(got.where), 0);
  if (!m_->not_started)
    m_->not_started = observe::app_metrics::start_failure{p.now(), got.error,
                                                          std::string(name(got.where)), at, t};
  return -1;
}

void server_record::accepted(process& p, const fourtuple::accepted& got) {
  ++m_->accepted;
  const instant now = p.now();
  m_->active.set(m_->active.now + 1, now);
  m_->fd_peak = p.peak_descriptors();
  if (m_->lists(now)) list(p, got, now);
}

void server_record::list(process& p, const fourtuple::accepted& got, instant now) {
  const auto local = p.getsockname(got.fd);
  m_->connections.push_back({got.fd, local ? *local : endpoint{}, got.peer, now, std::nullopt,
                             observe::connection_row::by::nobody});
}

void server_record::closed(process& p, descriptor fd, observe::connection_row::by who) {
  --m_->active.now;
  if (closed_rows_ == m_->connections.size()) return;
  for (auto& row : m_->connections) {
    if (row.fd != fd || row.closed_at) continue;
    row.closed_at = p.now();
    row.closed_by = who;
    ++closed_rows_;
    return;
  }
}

void server_record::refused(process& p, const outcome& o) {
  m_->fail(p.now(), fault_of(o), name(o.where), m_->accepted_before + m_->accepted + 1);
}

}  // namespace fourtuple::apps
