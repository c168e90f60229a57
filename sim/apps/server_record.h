// What every server counts the same way, and how it opens its listening socket.
#pragma once

#include <fourtuple/os.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/apps/outcome.h"
#include "sim/observe/app_metrics.h"
#include "sim/spec/socket_option.h"

namespace fourtuple::apps {

class server_record {
 public:
  explicit server_record(observe::app_metrics& m) : m_(&m) {}
  observe::app_metrics* operator->() const { return m_; }

  /// socket(), options, bind(), listen(). -1 where one of them fails; the first failure of the
  /// process is its `not_started`.
  descriptor listen(process& p, const endpoint& at, std::int32_t backlog,
                    const std::vector<spec::sockopt_setting>& options);
  /// The same of a UDP socket, without listen().
  descriptor bind(process& p, const endpoint& at,
                  const std::vector<spec::sockopt_setting>& options);
  void accepted(process& p, const fourtuple::accepted& got);
  void closed(process& p, descriptor fd, observe::connection_row::by who);
  /// accept() failed; the connection, if there is one, stays in the queue.
  void refused(process& p, const outcome& o);
  /// An errno of accept() after which trying again later makes sense.
  [[nodiscard]] static bool passes(errc e) {
    return e == errc::emfile || e == errc::enfile || e == errc::enobufs || e == errc::enomem;
  }

 private:
  descriptor open(process& p, const endpoint& at, transport t, std::optional<std::int32_t> backlog,
                  const std::vector<spec::sockopt_setting>& options);

  [[gnu::noinline]] void list(process& p, const fourtuple::accepted& got, instant now);

  observe::app_metrics* m_;
  std::size_t closed_rows_ = 0;
};

}  // namespace fourtuple::apps
