#include "tests/support/apps_world.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::test;

namespace {

/// Steps as one writes them in a file.
class script {
 public:
  explicit script(spec::scenario& s) : s_(s) {}

  spec::step& on(std::uint32_t host, spec::call c, std::string subject = "") {
    return put(s_.script, host, c, std::move(subject));
  }
  static spec::step& put(std::vector<spec::step>& list, std::uint32_t host, spec::call c,
                         std::string subject) {
    spec::step st;
    st.call = c;
    st.number = static_cast<std::uint32_t>(list.size() + 1);
    st.host.host = host;
    st.subject = std::move(subject);
    list.push_back(std::move(st));
    return list.back();
  }
  spec::step& client(spec::call c, std::string subject = "") {
    return on(0, c, std::move(subject));
  }
  spec::step& server(spec::call c, std::string subject = "") {
    return on(1, c, std::move(subject));
  }

  void listening(std::string port = "80") {
    server(spec::call::socket, "L");
    server(spec::call::bind, "L").to = "0.0.0.0:" + port;
    server(spec::call::listen, "L").backlog = 5;
  }
  void connected() {
    listening();
    client(spec::call::socket, "C");
    client(spec::call::connect, "C").to = "server:80";
    server(spec::call::accept, "L").as = "A";
  }
  void wait(duration d) { on(0, spec::call::wait).wait = d; }

 private:
  spec::scenario& s_;
};

spec::step_expectation expects(std::string text) {
  spec::step_expectation e;
  e.result = spec::parse_condition(text, spec::value_kind::text).cond;
  e.text = std::move(text);
  return e;
}

std::vector<std::string> results(const running& run) {
  std::vector<std::string> all;
  for (const auto& row : run.rows()) all.push_back(spec::to_string(row.result));
  return all;
}

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE("the side that closes first keeps TIME-WAIT", "[apps][script]") {
  const auto latency = GENERATE(duration{0}, duration{1ms});
  spec::scenario s = two_hosts(latency);
  script f(s);
  f.connected();
  f.client(spec::call::send, "C").data = "hello";
  f.server(spec::call::recv, "A").max = 100;
  f.client(spec::call::close, "C");
  f.server(spec::call::recv, "A").max = 100;
  f.wait(60ms);
  f.server(spec::call::state, "A");
  f.client(spec::call::count).state = "FIN-WAIT-2";
  f.server(spec::call::close, "A");
  f.client(spec::call::count).state = "TIME-WAIT";
  f.wait(62100ms);
  f.client(spec::call::count).state = "TIME-WAIT";
  f.client(spec::call::recv, "C");
  running run(std::move(s));
  CHECK(run.to_the_end() == observe::backend::stop::finished);
  CHECK(results(run) == strings{"ok", "ok", "ok", "ok", "ok", "ok", "5", "5", "ok", "eof", "ok",
                                "CLOSE-WAIT", "1", "ok", "1", "ok", "0", "EBADF"});
  CHECK(run.rows()[7].data == "hello");
  CHECK(run.rows()[5].address.has_value());
  CHECK(run.rows()[17].error == "EBADF");
  CHECK(run.script().finished);
}

TEST_CASE("step 1 starts a pace after 0, each other one a pace after the one before",
          "[apps][script]") {
  spec::scenario s = two_hosts();
  script f(s);
  f.connected();
  f.wait(5ms);
  f.client(spec::call::getsockname, "C").as = "me";
  running run(std::move(s), running::ends::with_its_apps, 10ms);
  run.to_the_end();
  std::vector<std::int64_t> at;
  for (const auto& row : run.rows()) at.push_back(row.at.time_since_epoch() / 1ms);
  CHECK(at == std::vector<std::int64_t>{10, 20, 30, 40, 50, 62, 72, 87});
  CHECK(run.rows()[4].took == 2ms);
  CHECK(run.rows()[6].took == 5ms);
  CHECK(run.rows()[7].step == 8);
  CHECK(run.rows()[6].host.empty());
  CHECK(run.rows()[7].host == "client");
}

TEST_CASE("blocking calls end with timeout after `within`, with the option's errno before",
          "[apps][script]") {
  spec::scenario s = two_hosts();
  script f(s);
  f.connected();
  f.server(spec::call::recv, "A").within = 5s;
  auto& option = f.server(spec::call::setsockopt, "A");
  option.option = spec::sockopt::so_rcvtimeo;
  option.value.time = 2s;
  f.server(spec::call::recv, "A");
  f.server(spec::call::recv, "A").nonblocking = true;
  f.server(spec::call::getsockopt, "A").option = spec::sockopt::so_rcvtimeo;
  f.server(spec::call::accept, "L").within = 1s;
  running run(std::move(s));
  run.to_the_end();
  CHECK(spec::to_string(run.rows()[6].result) == "timeout");
  CHECK(run.rows()[6].took == 5s);
  CHECK_FALSE(run.rows()[6].error.has_value());
  CHECK(spec::to_string(run.rows()[8].result) == "EAGAIN");
  CHECK(run.rows()[8].took >= 2s);
  CHECK(run.rows()[8].took < 2100ms);
  CHECK(spec::to_string(run.rows()[9].result) == "EAGAIN");
  CHECK(run.rows()[9].took == 0s);
  CHECK(spec::to_string(run.rows()[10].result) == "2");
  CHECK(spec::to_string(run.rows()[11].result) == "timeout");
}

TEST_CASE("a call in the background is started, goes on, and is joined", "[apps][script]") {
  spec::scenario s = two_hosts();
  script f(s);
  f.connected();
  auto& back = f.server(spec::call::recv, "A");
  back.background = "later";
  f.wait(1s);
  f.client(spec::call::send, "C").data = "x${j}";
  f.server(spec::call::join, "later");
  f.client(spec::call::send, "C").data = "now";
  f.server(spec::call::join, "later");
  f.server(spec::call::join, "nothing");
  running run(std::move(s));
  run.to_the_end();
  // the first send has a value that does not exist, so the first join waits for ever: here 300 s
  CHECK(results(run) == strings{"ok", "ok", "ok", "ok", "ok", "ok", "started", "ok", "skipped",
                                "timeout", "3", "timeout", "skipped"});
}

TEST_CASE("a background call's answer waits for its join", "[apps][script]") {
  spec::scenario s = two_hosts();
  script f(s);
  f.listening();
  auto& back = f.server(spec::call::accept, "L");
  back.background = "a";
  back.as = "A";
  f.client(spec::call::socket, "C");
  f.client(spec::call::connect, "C").to = "10.0.0.2:80";
  f.server(spec::call::join, "a");
  f.server(spec::call::state, "A");
  running run(std::move(s));
  run.to_the_end();
  CHECK(results(run) == strings{"ok", "ok", "ok", "started", "ok", "ok", "ok", "ESTABLISHED"});
  CHECK(run.rows()[6].call == "join");
  CHECK(run.rows()[6].address.has_value());
}

TEST_CASE("a repeat stops at the first call that fails and says which", "[apps][script]") {
  spec::scenario s = two_hosts();
  script f(s);
  auto& r = f.client(spec::call::repeat);
  r.times = 100;
  r.counter = "i";
  r.until_fail = true;
  r.expect = expects("7");
  script::put(r.steps, 0, spec::call::socket, "c${i}");
  auto& to = script::put(r.steps, 0, spec::call::bind, "c${i}");
  to.to = "0.0.0.0:${i}";
  f.client(spec::call::getsockname, "c7").as = "me";
  f.client(spec::call::bind, "c8").to = "${me}";
  running run(std::move(s));
  run.to_the_end();
  const auto& row = run.rows()[0];
  CHECK(row.call == "repeat");
  CHECK(spec::to_string(row.result) == "100");
  CHECK(row.pass == false);
  CHECK(row.expect == "7");
  CHECK_FALSE(row.failed_call.has_value());
  CHECK(row.took == 0s);
  CHECK(run.rows()[1].address == "0.0.0.0:7");
  CHECK(spec::to_string(run.rows()[2].result) == "EINVAL");  // bound already
}

TEST_CASE("a repeat that meets an errno reports rounds, call and step", "[apps][script]") {
  spec::scenario s = two_hosts();
  script f(s);
  auto& r = f.client(spec::call::repeat);
  r.times = 2000;
  r.counter = "i";
  r.until_fail = true;
  r.pace = 1ms;
  r.expect = expects("1021");
  script::put(r.steps, 0, spec::call::socket, "c${i}");
  running run(std::move(s));
  run.to_the_end();
  const auto& row = run.rows()[0];
  CHECK(spec::to_string(row.result) == "1021");
  CHECK(row.pass == true);
  CHECK(row.failed_call == "socket");
  CHECK(row.failed_step == 1u);
  CHECK(row.error == "EMFILE");
  CHECK(row.took == 1022ms);
}

TEST_CASE("a step on a name that does not exist is skipped, and its expect fails",
          "[apps][script]") {
  spec::scenario s = two_hosts();
  script f(s);
  f.client(spec::call::connect, "nobody").to = "server:80";
  f.client(spec::call::close, "nobody").expect = expects("ok");
  f.client(spec::call::close, "nobody").expect = expects("skipped");
  running run(std::move(s));
  run.to_the_end();
  CHECK(results(run) == strings{"skipped", "skipped", "skipped"});
  CHECK_FALSE(run.rows()[0].pass.has_value());
  CHECK(run.rows()[1].pass == false);
  CHECK_THAT(run.rows()[1].why, Catch::Contains("there is no socket 'nobody'"));
  CHECK(run.rows()[2].pass == true);
}

TEST_CASE("what is expected of data, address, events and error is tested, each", "[apps][script]") {
  spec::scenario s = two_hosts();
  script f(s);
  f.connected();
  f.client(spec::call::getsockname, "C").as = "me";
  auto& peer = f.server(spec::call::getpeername, "A");
  peer.expect.emplace();
  peer.expect->address = "${me}";
  f.client(spec::call::send, "C").data = "for ${me}";
  auto& poll = f.server(spec::call::poll, "A");
  poll.events = spec::poll_in | spec::poll_out;
  poll.expect.emplace();
  poll.expect->events = spec::poll_in | spec::poll_out;
  auto& recv = f.server(spec::call::recv, "A");
  recv.expect.emplace();
  recv.expect->data = "for ${me}";
  auto& wrong = f.server(spec::call::recv, "A");
  wrong.nonblocking = true;
  wrong.expect.emplace();
  wrong.expect->error = spec::parse_condition("ECONNRESET", spec::value_kind::text).cond;
  running run(std::move(s));
  run.to_the_end();
  CHECK(run.rows()[7].pass == true);
  CHECK(run.rows()[9].pass == true);
  CHECK(run.rows()[10].pass == true);
  CHECK(run.rows()[11].pass == false);
}

TEST_CASE("processes of a host have their own names, users and ends", "[apps][script]") {
  spec::scenario s = two_hosts();
  script f(s);
  f.server(spec::call::socket, "L").process = "daemon";
  auto& bind = f.server(spec::call::bind, "L");
  bind.process = "daemon";
  bind.to = "0.0.0.0:80";
  f.server(spec::call::listen, "L").process = "daemon";
  f.server(spec::call::listen, "L");
  f.server(spec::call::count).state = "LISTEN";
  auto& back = f.server(spec::call::accept, "L");
  back.process = "daemon";
  back.background = "b";
  f.server(spec::call::exit).process = "daemon";
  f.server(spec::call::count).state = "LISTEN";
  f.server(spec::call::join, "b");
  f.server(spec::call::exit).process = "daemon";
  running run(std::move(s));
  run.to_the_end();
  CHECK(results(run) ==
        strings{"ok", "ok", "ok", "skipped", "1", "started", "ok", "0", "EINTR", "skipped"});
}

TEST_CASE("the world may end while the script waits", "[apps][script]") {
  spec::scenario s = two_hosts();
  script f(s);
  f.listening();
  f.server(spec::call::accept, "L");
  running run(std::move(s));
  run.until(1s);
  CHECK(run.rows().size() == 3);
  CHECK_FALSE(run.script().finished);
}
