// What a running script knows: its processes, the names of its sockets, its values.
#pragma once

#include <fourtuple/control.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "sim/apps/script.h"
#include "sim/spec/template.h"

namespace fourtuple::apps {

/// A socket by its name in the script. It stays after close, and then answers EBADF.
struct named_socket {
  process* owner = nullptr;
  std::uint32_t number = 0;  ///< a dup has that of its original
  descriptor fd = -1;
  fourtuple::family family = fourtuple::family::inet;
  bool tcp = true;
  bool nonblocking = false;
  bool closed = false;
};

/// How often other calls have ended what a call waits for on a TCP socket. The seam's calls do not
/// tell: the same call once more would begin anew, or hear of the error alone.
struct interruptions {
  unsigned disconnects = 0;        ///< connect(unspec) (sk_disconnects)
  unsigned shutdowns_opening = 0;  ///< shutdown() in SYN-SENT
};

/// Calls that wait on a descriptor: each holds what it names (struct file), so that close() from
/// elsewhere takes the descriptor alone, and the last to return closes the socket.
/// DEVIATION: its number stays taken until then, and that last close() does not linger (SO_LINGER).
/// Who opens sockets meanwhile and looks at their numbers, or is at its nofile, sees it.
struct descriptor_use {
  unsigned waiting = 0;
  bool closed = false;
};

class script_names {
 public:
  script_names(const spec::scenario& s, control& world, const script_options& how)
      : scenario_(s), world_(world), how_(how) {}

  /// The process a step runs in, made at first use.
  process& process_of(const spec::step& st);
  /// Ends that process; its names are forgotten. False where the script has made none.
  bool end_process(const spec::step& st, void (*before)(void*, process&), void* context);

  [[nodiscard]] named_socket* find(const spec::step& st, const std::string& name);
  void put(const spec::step& st, const std::string& name, const named_socket& s);

  [[nodiscard]] bool wants_sockets() const { return how_.wants_sockets; }
  [[nodiscard]] std::uint32_t next_number() { return ++sockets_made_; }

  [[nodiscard]] interruptions& interruptions_of(const named_socket& s) {
    return interruptions_[s.number];
  }

  void begin_waiting(const named_socket& s) { uses_[{s.owner, s.fd}].waiting += 1; }
  /// True where it is for the caller to close the descriptor.
  [[nodiscard]] bool end_waiting(const named_socket& s);
  /// Those who wait will close it; false where nobody does.
  [[nodiscard]] bool leave_open(const named_socket& s);
  [[nodiscard]] bool is_left_open(const named_socket& s) const;

  void set_value(const std::string& name, std::string text) { values_[name] = std::move(text); }
  /// Nothing where a ${NAME} has no value (yet).
  [[nodiscard]] std::optional<std::string> expand(const std::string& text) const;
  /// An address as the file writes it; nothing where it is none.
  [[nodiscard]] std::optional<endpoint> resolve(const std::string& text, family f) const;

  [[nodiscard]] std::string host_of(const spec::step& st) const {
    return spec::host_name(scenario_, st.host);
  }
  [[nodiscard]] control& world() const { return world_; }

 private:
  using process_key = std::pair<spec::host_ref, std::string>;
  using socket_key = std::tuple<spec::host_ref, std::string, std::string>;

  const spec::scenario& scenario_;
  control& world_;
  const script_options& how_;
  std::map<process_key, process*> processes_;
  std::map<socket_key, named_socket> sockets_;
  std::map<std::string, std::string, std::less<>> values_;
  std::map<std::uint32_t, interruptions> interruptions_;  ///< by the socket's number
  std::map<std::pair<process*, descriptor>, descriptor_use> uses_;  ///< where somebody waits
  std::uint32_t sockets_made_ = 0;
};

}  // namespace fourtuple::apps
