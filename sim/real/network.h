// Network namespaces and what joins them. They are anonymous: held by descriptors of this process
// alone, so that they vanish with it, however it ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/observe/backend.h"
#include "sim/real/descriptor.h"
#include "sim/spec/spec.h"

namespace fourtuple::real {

using observe::unable;

/// A network namespace: one of our own, or the one this program was started in.
class network_namespace {
 public:
  /// Makes one; throws unable where this process may not.
  network_namespace();
  /// The one we are in. Entering it takes no privilege.
  [[nodiscard]] static network_namespace here() { return network_namespace(file()); }
  /// The calling thread is in it until the returned guard ends.
  class guard {
   public:
    /// -1: where we are.
    explicit guard(int there);
    ~guard();
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;

   private:
    file back_;
  };
  [[nodiscard]] guard enter() const { return guard(space_.get()); }
  /// "/proc/PID/fd/N", as ip(8) takes it while this process lives.
  [[nodiscard]] std::string path() const;

 private:
  explicit network_namespace(file space) : space_(std::move(space)) {}
  file space_;  ///< none: where we are
};

/// Commands for ip(8), run as one batch inside `where`. Throws unable with what ip says.
void ip_batch(const network_namespace& where, const std::vector<std::string>& commands);

/// Whether a network namespace has that sysctl: some exist once for the whole machine.
[[nodiscard]] bool has_sysctl(const network_namespace& where, std::string_view name);

/// Writes a sysctl by its name ("net.ipv4.tcp_tw_reuse") in `where`; empty, or why it was refused.
[[nodiscard]] std::string write_sysctl(const network_namespace& where, std::string_view name,
                                       std::string_view value);

/// One host's place in the network.
struct host_place {
  std::string name;
  std::vector<ip_address> addresses;
  network_namespace space;
};

class relay;

/// Joins the hosts as the file's links say: without links one segment without delay; links without
/// latency are veth pairs, those with go through `wires`. `switches` keeps the bridge of a segment alive.
void join(const spec::scenario& s, std::vector<host_place>& hosts,
          std::vector<network_namespace>& switches, relay& wires);

}  // namespace fourtuple::real
