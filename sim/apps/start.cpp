#include "sim/apps/start.h"

#include <string>

#include "sim/apps/kinds.h"

namespace fourtuple::apps {

bool must_finish(const spec::app& a) {
  return !std::holds_alternative<spec::echo_server>(a.kind) &&
         !std::holds_alternative<spec::listener>(a.kind) &&
         !std::holds_alternative<spec::proxy>(a.kind) &&
         !std::holds_alternative<spec::udp_server>(a.kind);
}

void start(const spec::app& a, const surroundings& around, os host, observe::app_metrics& m) {
  m.name = a.name;
  m.kind = std::string(spec::kind_name(a.kind));
  m.fd_limit = host->nofile();
  m.fd_peak = host->peak_descriptors();
  struct starter {
    const spec::app& a;
    const surroundings& around;
    os host;
    observe::app_metrics& m;
    void operator()(const spec::load& k) const { start_load(a, k, host, m); }
    void operator()(const spec::pool& k) const { start_pool(a, k, host, m); }
    void operator()(const spec::echo_server& k) const { start_echo_server(a, k, around, host, m); }
    void operator()(const spec::echo_client& k) const { start_echo_client(a, k, around, host, m); }
    void operator()(const spec::listener& k) const { start_listener(a, k, host, m); }
    void operator()(const spec::scan& k) const { start_scan(a, k, host, m); }
    void operator()(const spec::proxy& k) const { start_proxy(a, k, around, host, m); }
    void operator()(const spec::udp_server& k) const { start_udp_server(a, k, around, host, m); }
    void operator()(const spec::udp_client& k) const { start_udp_client(a, k, around, host, m); }
  };
  std::visit(starter{a, around, host, m}, a.kind);
}

}  // namespace fourtuple::apps
