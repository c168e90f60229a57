// The script: socket calls one by one, as a coordinator outside all hosts makes them. A step is one
// flat record; which fields a call uses stands at the field.
#pragma once

#include "sim/spec/condition.h"
#include "sim/spec/host.h"
#include "sim/spec/socket_option.h"
#include "sim/spec/units.h"

#include <fourtuple/address.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fourtuple::spec {

enum class call : std::uint8_t {
  socket,
  bind,
  listen,
  connect,
  accept,
  send,
  fill,
  recv,
  sendto,
  recvfrom,
  shutdown,
  close,
  dup,
  getsockname,
  getpeername,
  setsockopt,
  getsockopt,
  poll,
  state,
  count,
  wait,
  repeat,
  join,
  sysctl,
  exit,
  firewall,
  link,
};
/// As the file and the results spell it: "socket", "repeat", ...
[[nodiscard]] std::string_view name(call c);

enum class shutdown_how : std::uint8_t { rd, wr, rdwr };

/// poll bits, in the order in which results print them.
enum poll_bit : std::uint8_t {
  poll_in = 1,
  poll_pri = 2,
  poll_out = 4,
  poll_rdhup = 8,
  poll_err = 16,
  poll_hup = 32,
};
/// "in out", in print order.
[[nodiscard]] std::vector<std::string_view> poll_names(std::uint8_t bits);

/// What a step's `expect:` tests. Absent parts are not tested. `data`, `address` are templates and
/// compared as texts; `events` as a set.
struct step_expectation {
  std::optional<condition> result;
  std::optional<text_template> data;
  std::optional<text_template> address;
  std::optional<std::uint8_t> events;  ///< poll_bit mask
  std::optional<condition> error;
  std::string text;  ///< as written, for the report
  position where;
};

struct step {
  spec::call call = call::wait;
  position where;            ///< of the step
  std::uint32_t number = 0;  ///< 1-based: in the script, or in the `steps` of its repeat
  host_ref host;             ///< every call but wait, repeat, link
  std::string process;       ///< "": the host's shared one; exit: the one that ends
  text_template subject;     ///< socket name; background name for join
  std::optional<step_expectation> expect;

  spec::transport transport = transport::tcp;  ///< socket
  fourtuple::family family = family::inet;     ///< socket
  std::optional<user> as_user;                 ///< socket
  text_template to;                   ///< bind, connect, sendto: "addr:port", "name:port"; connect
                                      ///< also "unspec". resolve_endpoints() (spec.h) reads it
  std::int32_t backlog = 4096;        ///< listen
  std::optional<text_template> data;  ///< send, sendto
  std::uint64_t size = 0;             ///< send, sendto: bytes where no data
  std::uint64_t max = 65536;          ///< recv, recvfrom: bytes
  shutdown_how how = shutdown_how::rdwr;  ///< shutdown
  text_template as;                       ///< accept, dup: new socket; getsockname ...: a value; ""
  sockopt option = sockopt::so_error;     ///< setsockopt, getsockopt
  sockopt_value value;                    ///< setsockopt
  std::uint8_t events = 0;                ///< poll: poll_in | poll_out ...
  duration timeout{};                     ///< poll
  std::string state;                      ///< count: a name of socket_states()
  duration wait{};                        ///< wait
  std::string sysctl_name;                ///< sysctl
  std::string sysctl_value;               ///< sysctl, as written
  std::vector<firewall_rule> firewall;    ///< firewall: all rules from now on
  std::uint32_t link = 0;                 ///< link: index of scenario::links
  link_change change;                     ///< link

  bool nonblocking = false;        ///< socket: stays; else for that call
  std::optional<duration> within;  ///< a blocking call ends with `timeout` after it; 300 s
                                   ///< where not given
  std::string background;          ///< starts the call and goes on; join collects it

  std::uint64_t times = 0;       ///< repeat
  std::string counter;           ///< repeat `as`: counts from 1; ""
  bool until_fail = false;       ///< repeat `until: fail`
  std::optional<duration> pace;  ///< repeat: its own; nothing: steps follow at once
  std::vector<step> steps;       ///< repeat
};

}  // namespace fourtuple::spec
