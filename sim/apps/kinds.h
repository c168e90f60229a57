// One entry per kind of application, for start.cpp.
#pragma once

#include <fourtuple/os.h>

#include "sim/apps/start.h"

namespace fourtuple::apps {

void start_load(const spec::app& a, const spec::load& what, os host, observe::app_metrics& m);
void start_pool(const spec::app& a, const spec::pool& what, os host, observe::app_metrics& m);
void start_echo_server(const spec::app& a, const spec::echo_server& what,
                       const surroundings& around, os host, observe::app_metrics& m);
void start_echo_client(const spec::app& a, const spec::echo_client& what,
                       const surroundings& around, os host, observe::app_metrics& m);
void start_listener(const spec::app& a, const spec::listener& what, os host,
                    observe::app_metrics& m);
void start_scan(const spec::app& a, const spec::scan& what, os host, observe::app_metrics& m);
void start_proxy(const spec::app& a, const spec::proxy& what, const surroundings& around, os host,
                 observe::app_metrics& m);
void start_udp_server(const spec::app& a, const spec::udp_server& what, const surroundings& around,
                      os host, observe::app_metrics& m);
void start_udp_client(const spec::app& a, const spec::udp_client& what, const surroundings& around,
                      os host, observe::app_metrics& m);

}  // namespace fourtuple::apps
