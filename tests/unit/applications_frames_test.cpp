// What a connection costs its application: the size of the coroutine frames, as the process is
// asked for them, and that a steady state asks for nothing new.
#include <map>

#include "sim/run/forwarding_process.h"
#include "tests/support/apps_world.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::test;

namespace {

/// Notes what frames it is asked for.
class counting_process final : public run::forwarding_process {
 public:
  explicit counting_process(process& below) : forwarding_process(below) {}
  ~counting_process() { tasks_.destroy_all(); }
  task_list& tasks() override { return tasks_; }
  void* allocate_frame(std::size_t size) override {
    ++frames_[size];
    return inner_.allocate_frame(size);
  }

  /// The size of the frames of which there were at least so many.
  [[nodiscard]] std::size_t size_of_many(std::size_t many) const {
    for (const auto& [size, n] : frames_)
      if (n >= many) return size;
    return 0;
  }

 private:
  task_list tasks_;
  std::map<std::size_t, std::size_t> frames_;
};

}  // namespace

TEST_CASE("a connection costs each end one frame of at most 208 bytes", "[apps][frames]") {
  spec::scenario s = two_hosts();
  spec::load k = load_to(80);
  k.rate = per_second(1000);
  k.limit = 500;
  k.hold = 100s;
  add(s, "load", 0, k).nofile = 10000;
  add(s, "api", 1, server_on(80)).nofile = 10000;
  const auto world = engine::make_world(s);
  observe::app_metrics load;
  observe::app_metrics server;
  counting_process client(world->make_process("client", {0, 10000}));
  counting_process api(world->make_process("server", {0, 10000}));
  apps::start(s.apps[1], apps::look_around(s, s.apps[1]), os(api), server);
  apps::start(s.apps[0], apps::look_around(s, s.apps[0]), os(client), load);
  world->run_until(instant{10s}, nullptr, nullptr);
  REQUIRE(load.completed == 500);
  INFO("load " << client.size_of_many(500) << ", echo_server " << api.size_of_many(500));
  CHECK(client.size_of_many(500) <= 208);
  CHECK(client.size_of_many(500) > 0);
  CHECK(api.size_of_many(500) <= 192);
  CHECK(api.size_of_many(500) > 0);
}
