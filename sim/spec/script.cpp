#include "sim/spec/script.h"

#include <array>

namespace fourtuple::spec {
namespace {

constexpr std::array<std::string_view, 27> call_names{
    "socket",      "bind",       "listen",     "connect",  "accept",   "send",  "fill",
    "recv",        "sendto",     "recvfrom",   "shutdown", "close",    "dup",   "getsockname",
    "getpeername", "setsockopt", "getsockopt", "poll",     "state",    "count", "wait",
    "repeat",      "join",       "sysctl",     "exit",     "firewall", "link"};
static_assert(call_names.size() == static_cast<std::size_t>(call::link) + 1);

constexpr std::array<std::string_view, 6> bit_names{"in", "pri", "out", "rdhup", "err", "hup"};

}  // namespace

std::string_view name(call c) { return call_names[static_cast<std::size_t>(c)]; }

std::vector<std::string_view> poll_names(std::uint8_t bits) {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < bit_names.size(); ++i)
    if ((bits >> i & 1) != 0) out.push_back(bit_names[i]);
  return out;
}

}  // namespace fourtuple::spec
