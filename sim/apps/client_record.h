// What every client counts the same way: attempts, connections, failures and the list of the first
// hundred connections (FORMAT 4).
#pragma once

#include <fourtuple/os.h>

#include <cstdint>
#include <optional>

#include "sim/apps/outcome.h"
#include "sim/observe/app_metrics.h"
#include "sim/spec/app.h"

namespace fourtuple::apps {

using closed_by = observe::connection_row::by;

/// One attempt to connect, and its connection; small, as it lives in the frame.
struct attempt {
  instant called{};           ///< when it began: connect() follows in the same instant
  std::uint32_t number = 0;   ///< as `attempted` counts, from 1
  std::uint32_t request = 0;  ///< which request it is for, from 0, or where that goes
  descriptor fd = -1;
  std::uint16_t tries = 0;  ///< retries before it
  std::int8_t row = -1;     ///< of the list; -1: beyond it
  bool server_closed : 1 = false;
  bool failed : 1 = false;
  bool left : 1 = false;  ///< its request is no longer waited for
};

/// What a client does before connect(), as the file says.
struct opening {
  const std::vector<endpoint>* bind = nullptr;  ///< in turn, by attempt; may be empty
  const std::vector<spec::sockopt_setting>* options = nullptr;
  fourtuple::transport transport = fourtuple::transport::tcp;
};

class client_record {
 public:
  explicit client_record(observe::app_metrics& m) : m_(&m) {}
  observe::app_metrics* operator->() const { return m_; }

  /// Counts the attempt; then socket(), options, bind(). On failure nothing is open.
  outcome open(process& p, attempt& a, const opening& how, family f);
  /// connect() has succeeded.
  void connected(process& p, attempt& a, const endpoint& to);
  /// The attempt ended with what the client asked to know, although it is an error: counted in
  /// `errors`, no failure.
  void answered(const outcome& o) { m_->count(fault_of(o)); }
  /// The attempt failed. Whoever closed is told by what happened.
  void failed(process& p, attempt& a, const outcome& o);
  /// Just before close(): notes who closed first. Looks at the socket only for the listed hundred.
  void closing(process& p, attempt& a, spec::close_by own);

 private:
  [[gnu::noinline]] void list(attempt& a, const endpoint& local, const endpoint& to, instant now);
  [[gnu::noinline]] void note_who_closes(process& p, attempt& a, spec::close_by own);
  void close_row(const attempt& a, instant now, closed_by who);
  observe::app_metrics* m_;
};

}  // namespace fourtuple::apps
