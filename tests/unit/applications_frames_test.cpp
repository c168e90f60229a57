// What a connection costs its application: the size of the coroutine frames, as the process is
// asked for them, and that a steady state asks for nothing new.
#include <map>

#include "tests/support/apps_world.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::test;

namespace {

/// A process that hands everything on and notes what frames it is asked for.
class counting_process final : public process {
 public:
  explicit counting_process(process& below) : below_(below) {}
  ~counting_process() { tasks_.destroy_all(); }
  result<descriptor> socket(family f, transport t, std::optional<std::uint32_t> uid) override {
    return below_.socket(f, t, uid);
  }
  result<> bind(descriptor fd, const endpoint& to) override { return below_.bind(fd, to); }
  result<> listen(descriptor fd, int backlog) override { return below_.listen(fd, backlog); }
  result<> connect(descriptor fd, const endpoint& to) override { return below_.connect(fd, to); }
  result<> disconnect(descriptor fd) override { return below_.disconnect(fd); }
  result<accepted> accept(descriptor fd) override { return below_.accept(fd); }
  result<std::size_t> send(descriptor fd, payload p) override { return below_.send(fd, p); }
  result<std::size_t> recv(descriptor fd, buffer b) override { return below_.recv(fd, b); }
  result<std::size_t> sendto(descriptor fd, payload p, const endpoint& to) override {
    return below_.sendto(fd, p, to);
  }
  result<datagram> recvfrom(descriptor fd, buffer b) override { return below_.recvfrom(fd, b); }
  result<> shutdown(descriptor fd, shutdown_how how) override { return below_.shutdown(fd, how); }
  result<> close(descriptor fd) override { return below_.close(fd); }
  result<descriptor> dup(descriptor fd) override { return below_.dup(fd); }
  result<> setsockopt(descriptor fd, option o, option_value v) override {
    return below_.setsockopt(fd, o, v);
  }
  result<option_value> getsockopt(descriptor fd, option o) override {
    return below_.getsockopt(fd, o);
  }
  result<endpoint> getsockname(descriptor fd) override { return below_.getsockname(fd); }
  result<endpoint> getpeername(descriptor fd) override { return below_.getpeername(fd); }
  result<std::string_view> state(descriptor fd) override { return below_.state(fd); }
  result<ready_mask> poll(descriptor fd) override { return below_.poll(fd); }
  void wait(waiter& w) override { below_.wait(w); }
  void cancel(waiter& w) override { below_.cancel(w); }
  void post(waiter& w) override { below_.post(w); }
  [[nodiscard]] instant now() const override { return below_.now(); }
  std::uint64_t random() override { return below_.random(); }
  [[nodiscard]] std::uint32_t nofile() const override { return below_.nofile(); }
  [[nodiscard]] std::uint32_t open_descriptors() const override {
    return below_.open_descriptors();
  }
  [[nodiscard]] std::uint32_t peak_descriptors() const override {
    return below_.peak_descriptors();
  }
  void restart_peak() override { below_.restart_peak(); }
  void finished() override { below_.finished(); }
  task_list& tasks() override { return tasks_; }
  void* allocate_frame(std::size_t size) override {
    ++frames_[size];
    return below_.allocate_frame(size);
  }
  void free_frame(void* frame, std::size_t size) noexcept override {
    below_.free_frame(frame, size);
  }

  /// The size of the frames of which there were at least so many.
  [[nodiscard]] std::size_t size_of_many(std::size_t many) const {
    for (const auto& [size, n] : frames_)
      if (n >= many) return size;
    return 0;
  }

 private:
  process& below_;
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
