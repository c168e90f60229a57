#include "sim/host/nstat.h"

namespace fourtuple::host {

namespace {

#define FOURTUPLE_NAME(name) #name,
constexpr const char* tcp_names[] = {FOURTUPLE_TCP_COUNTERS(FOURTUPLE_NAME)};
constexpr const char* host_names[] = {FOURTUPLE_HOST_COUNTERS(FOURTUPLE_NAME)};
#undef FOURTUPLE_NAME

}  // namespace

std::map<std::string, std::uint64_t> nstat::moved() const {
  std::map<std::string, std::uint64_t> by_name;
  for (std::size_t i = 0; i < tcp_.size(); ++i)
    if (tcp_[i] != 0) by_name[tcp_names[i]] = tcp_[i];
  for (std::size_t i = 0; i < host_.size(); ++i)
    if (host_[i] != 0) by_name[host_names[i]] = host_[i];
  return by_name;
}

}  // namespace fourtuple::host
