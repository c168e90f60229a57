#include "sim/host/nstat.h"

namespace fourtuple::host {

std::map<std::string, std::uint64_t> nstat::all() const {
  std::map<std::string, std::uint64_t> by_name;
#define FOURTUPLE_ROW(name) by_name[#name] = tcp_[static_cast<std::size_t>(tcp::counter::name)];
  FOURTUPLE_TCP_COUNTERS(FOURTUPLE_ROW)
#undef FOURTUPLE_ROW
#define FOURTUPLE_ROW(name) by_name[#name] = host_[static_cast<std::size_t>(host_counter::name)];
  FOURTUPLE_HOST_COUNTERS(FOURTUPLE_ROW)
#undef FOURTUPLE_ROW
  return by_name;
}

}  // namespace fourtuple::host
