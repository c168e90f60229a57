#include "sim/spec/app.h"

namespace fourtuple::spec {

std::string_view kind_name(const app_kind& k) {
  struct namer {
    std::string_view operator()(const echo_server&) const { return "echo_server"; }
    std::string_view operator()(const echo_client&) const { return "echo_client"; }
    std::string_view operator()(const load&) const { return "load"; }
    std::string_view operator()(const pool&) const { return "pool"; }
    std::string_view operator()(const listener&) const { return "listener"; }
    std::string_view operator()(const scan&) const { return "scan"; }
    std::string_view operator()(const proxy&) const { return "proxy"; }
    std::string_view operator()(const udp_server&) const { return "udp_server"; }
    std::string_view operator()(const udp_client&) const { return "udp_client"; }
  };
  return std::visit(namer{}, k);
}

}  // namespace fourtuple::spec
