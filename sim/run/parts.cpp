// The parts of a run: a world, simulated or real, and the applications, which are the same on both.
#include "sim/apps/script.h"
#include "sim/apps/start.h"
#include "sim/engine/world.h"
#include "sim/net/topology.h"
#include "sim/real/world.h"
#include "sim/run/run.h"

namespace fourtuple::run {

namespace {

/// One round trip of the slowest path plus 1 ms.
duration default_pace(const spec::scenario& s) {
  return 2 * net::topology(s).longest_way() + std::chrono::milliseconds{1};
}

}  // namespace

namespace {

parts with_the_applications() {
  parts p;
  p.start_app = [](const spec::scenario& s, const spec::app& a, os host, observe::app_metrics& m) {
    apps::start(a, apps::look_around(s, a), host, m);
  };
  p.must_finish = apps::must_finish;
  p.start_script = [](const spec::scenario& s, observe::backend& world,
                      observe::script_metrics& m) {
    apps::script_options how;
    how.pace = default_pace(s);
    how.made = [&world](process& made, std::string_view name) {
      world.describe_process(made, name, false);
    };
    apps::start_script(s, world, m, std::move(how));
  };
  return p;
}

}  // namespace

parts simulated() {
  parts p = with_the_applications();
  p.make_world = [](const spec::scenario& s, std::uint64_t event_limit) {
    return engine::make_world(s, {.event_limit = event_limit});
  };
  return p;
}

parts on_the_kernel() {
  parts p = with_the_applications();
  p.make_world = [](const spec::scenario& s, std::uint64_t) { return real::make_world(s); };
  return p;
}

parts on_the_loopback(std::set<std::uint16_t> ports, const std::atomic<bool>* interrupted) {
  parts p = with_the_applications();
  p.make_world = [ports = std::move(ports), interrupted](const spec::scenario& s, std::uint64_t) {
    return real::make_loopback_world(s, ports, interrupted);
  };
  return p;
}

}  // namespace fourtuple::run
