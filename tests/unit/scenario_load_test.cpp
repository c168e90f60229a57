#include "tests/support/catch.h"
#include "tests/unit/scenario_support.h"

using namespace fourtuple;
using namespace fourtuple::scenario;
using namespace std::chrono_literals;
using testing::errors_of;
using testing::with_hosts;

namespace {

spec::scenario must_load(std::string_view text, std::vector<setting> sets = {}) {
  auto r = load("f.yaml", text, sets);
  INFO(errors_of(r.errors));
  REQUIRE(r.scenario);
  return std::move(*r.scenario);
}

template <class T>
const T& kind_of(const spec::scenario& s, std::string_view app) {
  const auto* a = spec::find_app(s, app);
  REQUIRE(a != nullptr);
  return std::get<T>(a->kind);
}

}  // namespace

TEST_CASE("the format's example of apps loads as it reads", "[scenario]") {
  const auto s = must_load(testing::format_section_2);
  CHECK(s.duration == 40s);
  CHECK(s.seed == 1);
  REQUIRE(s.hosts.size() == 3);
  CHECK(s.hosts[0].profile->name == "linux-6.18");
  CHECK(s.hosts[0].sysctls.tcp_tw_reuse == 0);
  CHECK(s.hosts[1].user.uid == 0);
  CHECK(s.hosts[1].nofile == 100000);
  CHECK(s.host_count() == 52);
  CHECK(to_string(spec::addresses_of(s.hosts[2], 49).at(0)) == "10.1.0.50");
  CHECK(spec::member_name(s.hosts[2], 0) == "fleet-1");
  CHECK(s.links[0].latency == 1ms);
  CHECK(s.links[1].latency == 200us);
  const auto& api = kind_of<spec::echo_server>(s, "api");
  CHECK(to_string(api.listen) == "0.0.0.0:443");
  CHECK(api.options.size() == 1);
  const auto& load_app = kind_of<spec::load>(s, "load");
  CHECK(load_app.rate == spec::rate{1, 1'000'000});
  CHECK(load_app.hold == 50ms);
  CHECK(load_app.reply == 64);
  CHECK(spec::find_app(s, "api")->user.name == "root");
  REQUIRE(s.expect.size() == 4);
  CHECK(s.expect[0].where == spec::position{27, 3});
  CHECK(s.expect[3].at == 2s);
}

TEST_CASE("the format's example of a script loads as it reads", "[scenario]") {
  const auto s = must_load(testing::format_section_3);
  REQUIRE(s.script.size() == 19);
  CHECK(s.script[0].call == spec::call::socket);
  CHECK(s.script[5].within == 300s);
  CHECK(s.script[5].expect->result);
  CHECK(s.script[8].expect->data == "hello");
  CHECK(s.script[8].max == 100);
  CHECK(s.script[11].wait == 60ms);
  CHECK(s.script[12].expect->result->text == "CLOSE-WAIT");
  const auto& repeat = s.script[18];
  CHECK(repeat.number == 19);
  CHECK(repeat.times == 30000);
  CHECK(repeat.until_fail);
  CHECK(repeat.counter == "i");
  REQUIRE(repeat.steps.size() == 2);
  CHECK(repeat.steps[1].number == 2);
  CHECK_FALSE(repeat.pace);
}

TEST_CASE("the resolved file loads to itself", "[scenario]") {
  for (const auto* text : {testing::format_section_2, testing::format_section_3}) {
    const auto once = resolved("f", text);
    REQUIRE(once.errors.empty());
    const auto twice = resolved("f", once.yaml);
    CHECK(errors_of(twice.errors).empty());
    CHECK(once.yaml == twice.yaml);
  }
  const auto r = resolved("f", "fourtuple: 1\nhosts: { a: }\n");
  CHECK(r.yaml ==
        "fourtuple: 1\nhosts:\n  a:\n    os: linux-6.18\n    hz: 250\n    timers: kernel\n"
        "    user: app\n    nofile: 1024\n    router: false\nseed: 1\nduration: none\nwarmup: 0 "
        "s\npace: auto\n");
}

TEST_CASE("every scenario that ships loads, and so does its resolved form", "[scenario]") {
  std::size_t files = 0;
  for (const auto& f :
       std::filesystem::recursive_directory_iterator(testing::source_root() / "scenarios")) {
    if (f.path().extension() != ".yaml") continue;
    ++files;
    INFO(f.path().filename());
    const auto once = resolved_file(f.path().string());
    CHECK(errors_of(once.errors).empty());
    CHECK(resolved("f", once.yaml).yaml == once.yaml);
  }
  CHECK(files > 0);
}

TEST_CASE("anchors, merge keys and x- keys work as in docker compose", "[scenario]") {
  const auto s = must_load(
      "fourtuple: 1\nx-host: &h { os: linux-6.1, nofile: 5000 }\nx-more: &m { user: root, nofile: "
      "1 }\n"
      "hosts:\n  a: { <<: [*h, *m], address: 10.0.0.1, x-note: 1 }\n  b: { nofile: 7, <<: *h }\n");
  CHECK(s.hosts[0].profile->name == "linux-6.1");
  CHECK(s.hosts[0].nofile == 5000);
  CHECK(s.hosts[0].user.uid == 0);
  CHECK(s.hosts[1].nofile == 7);
  CHECK(s.hosts[1].addresses.empty());
}

TEST_CASE("destinations: names, members, lists, localhost, IPv6", "[scenario]") {
  const auto s = must_load(
      "fourtuple: 1\nduration: 1 s\nhosts:\n  c: { address: [10.0.0.1, \"fd00::1\"] }\n"
      "  six: { address: \"fd00::2\" }\n  fleet: { count: 3, address: 10.1.0.0/24 }\napps:\n"
      "  a: { host: c, load: { to: \"fleet:80\", rate: 1/s } }\n"
      "  b: { host: c, load: { to: [\"fleet-2:80\", \"six:81\", \"localhost:82\", \"[::1]:83\"], "
      "rate: 1/s } }\n"
      "  d: { host: c, load: { to: \"c:84\", bind: \"[fd00::1]:0\", rate: 1/s } }\n");
  const auto texts = [&](std::string_view app) {
    std::string out;
    for (const auto& e : kind_of<spec::load>(s, app).to) out += to_string(e) + " ";
    return out;
  };
  CHECK(texts("a") == "10.1.0.1:80 10.1.0.2:80 10.1.0.3:80 ");
  CHECK(texts("b") == "10.1.0.2:80 [fd00::2]:81 127.0.0.1:82 [::1]:83 ");
  CHECK(texts("d") == "[fd00::1]:84 ");
}

TEST_CASE("addresses: a range fills a plain host and serves a counted one in turn", "[scenario]") {
  const auto s = must_load(
      "fourtuple: 1\nhosts:\n  one: { address: 10.0.0.10 .. 10.0.0.12 }\n"
      "  two: { count: 2, address: [10.0.1.1 .. 10.0.1.9, \"fd00::/64\"] }\n");
  CHECK(spec::addresses_of(s.hosts[0], 0).size() == 3);
  const auto second = spec::addresses_of(s.hosts[1], 1);
  REQUIRE(second.size() == 2);
  CHECK(to_string(second[0]) == "10.0.1.2");
  CHECK(to_string(second[1]) == "fd00::2");
  CHECK(spec::owner_of(s, second[0]) == spec::host_ref{1, 1});
  CHECK_FALSE(spec::owner_of(s, *parse_address("10.0.1.3")));
}

TEST_CASE("hosts are numbered by their names as text, those of a fleet among the others",
          "[scenario]") {
  const auto s = must_load(
      "fourtuple: 1\nhosts:\n"
      "  fleet-1x: { address: 10.1.0.1 }\n"
      "  web: { address: 10.1.0.2 }\n"
      "  fleet: { count: 103, address: 10.2.0.0/16 }\n"
      "  a: { address: 10.1.0.3 }\n");
  std::vector<std::string> names;
  for (const auto& each : spec::in_name_order(s)) names.push_back(spec::host_name(s, each));
  REQUIRE(names.size() == 106);
  CHECK(std::ranges::is_sorted(names));
  CHECK(std::ranges::adjacent_find(names) == names.end());
  CHECK(names.front() == "a");
  CHECK(names[1] == "fleet-1");
  CHECK(names[2] == "fleet-10");
  CHECK(names.back() == "web");
}

TEST_CASE("expect of a step: words test the result, anything else is data", "[scenario]") {
  const auto expect_of = [](const std::string& yaml) {
    const auto s =
        must_load(with_hosts("script:\n  - { host: client, recv: S, expect: " + yaml + " }\n"));
    return *s.script[0].expect;
  };
  for (const char* word : {"ok", "eof", "timeout", "skipped", "ECONNREFUSED", "TIME-WAIT", "5",
                           "\"5\"", "\"> 4\"", "1 .. 5", "\"in [1, 2]\"", "none", "\"!= ok\""})
    CHECK(expect_of(word).result);
  for (const char* word : {"hello", "\"hello world\"", "5 apples", "a..b", "\"\"", "yes"}) {
    INFO(word);
    CHECK(expect_of(word).data);
  }
  const auto full =
      expect_of("{ data: \"5\", address: \"10.0.0.1:80\", events: [in, hup], error: none }");
  CHECK(full.data == "5");
  CHECK(full.events == (spec::poll_in | spec::poll_hup));
  CHECK(full.error->op == spec::compare_op::none);
}

TEST_CASE("every call of the script loads with its keys", "[scenario]") {
  const auto s = must_load(with_hosts(R"(pace: 1 ms
script:
  - { host: client, socket: U, type: udp, family: inet6, nonblocking: true, as_user: nobody, process: p }
  - { host: client, sendto: U, to: "[::1]:53", size: 10 B, process: p }
  - { host: client, recvfrom: U, as: from, within: 5 s, process: p, background: j }
  - { join: j, expect: timeout }
  - { host: client, socket: S }
  - { host: client, setsockopt: S, option: SO_LINGER, value: { onoff: 1, linger: 0 } }
  - { host: client, setsockopt: S, option: SO_RCVTIMEO, value: 500 ms }
  - { host: client, setsockopt: S, option: IP_LOCAL_PORT_RANGE, value: 40000 .. 40009 }
  - { host: client, getsockopt: S, option: SO_ERROR, as: e }
  - { host: client, getsockname: S, as: me }
  - { host: client, connect: S, to: "${me}", nonblocking: true, expect: EINPROGRESS }
  - { host: client, connect: S, to: unspec }
  - { host: client, send: S, size: 64 KiB, nonblocking: true }
  - { host: client, recv: S, max: 1 KiB }
  - { host: server, accept: L, nonblocking: true, expect: EAGAIN }
  - { host: client, fill: S }
  - { host: client, dup: S, as: D }
  - { host: client, getpeername: D }
  - { host: client, poll: S, events: [in, out], timeout: 1 s, expect: { events: [out, hup] } }
  - { host: client, shutdown: S, how: wr }
  - { host: server, sysctl: net.ipv4.tcp_fin_timeout, value: 5 }
  - { host: client, exit: p }
)"));
  CHECK(s.pace == 1ms);
  CHECK(s.script[0].family == family::inet6);
  CHECK(s.script[0].as_user->uid == 65534);
  CHECK(s.script[5].value.onoff == 1);
  CHECK(s.script[6].value.time == 500ms);
  CHECK(s.script[7].value.number == (INT64_C(40009) << 16 | 40000));
  CHECK_FALSE(s.script[10].within);
  CHECK(s.script[12].size == 65536);
  CHECK(s.script[13].max == 1024);
  CHECK(s.script[14].as.empty());
  CHECK(s.script[18].events == (spec::poll_in | spec::poll_out));
  CHECK(s.script[21].process == "p");
}

TEST_CASE("The flag --set changes the file before it is checked", "[scenario]") {
  const auto s =
      must_load(testing::format_section_2, {{"apps.load.rate", "20k/s"},
                                            {"hosts.client.sysctls[net.ipv4.tcp_tw_reuse]", "1"},
                                            {"links[0].latency", "7 ms"},
                                            {"hosts.server.address", "[10.0.0.2, 10.0.0.9]"},
                                            {"expect.apps.load.failed", "> 5"},
                                            {"apps.load.timeout", "1 s"},
                                            {"seed", "9"}});
  CHECK(kind_of<spec::load>(s, "load").rate == spec::rate{1, 50'000});
  CHECK(kind_of<spec::load>(s, "load").timeout == 1s);
  CHECK(s.hosts[0].sysctls.tcp_tw_reuse == 1);
  CHECK(s.links[0].latency == 7ms);
  CHECK(s.seed == 9);
  CHECK(s.expect.back().at == 2s);
  CHECK(s.expect[3].cond.text == "> 5");

  const auto error_of = [](setting set) {
    const std::vector<setting> sets{std::move(set)};
    const auto r = load("f", testing::format_section_2, sets);
    REQUIRE(r.errors.size() == 1);
    return r.errors[0].text();
  };
  CHECK(error_of({"apps.laod.rate", "1/s"}) ==
        "--set apps.laod.rate: 'apps' has no 'laod' (did you mean 'load'?)");
  CHECK(error_of({"apps.load.rte", "1/s"}) ==
        "--set apps.load.rte: 'apps.load' has no 'rte' (did you mean 'rate'?)");
  CHECK(error_of({"sede", "1"}) == "--set sede: the file has no 'sede' (did you mean 'seed'?)");
  CHECK(error_of({"links[2].latency", "1 ms"}) ==
        "--set links[2].latency: 'links' has 2 elements, counted from 0");
  CHECK(error_of({"apps.load.rate", "5"}) ==
        "--set apps.load.rate=5: rate: '5' has no unit (a rate: /s /min /h)");
  CHECK(
      error_of({"hosts.client.sysctls.net.ipv4.tcp_tw_reuse", "1"}) ==
      "--set hosts.client.sysctls.net.ipv4.tcp_tw_reuse=1: 'net' is no sysctl; a path names one in "
      "brackets: sysctls[net.ipv4.tcp_tw_reuse]");
  const std::vector<setting> two{{"seed", "9"}, {"apps.load.rate", "6"}};
  CHECK(load("f", testing::format_section_2, two).errors.at(0).text() ==
        "--set apps.load.rate=6: rate: '6' has no unit (a rate: /s /min /h)");
}

TEST_CASE("The flag --set reaches into the script", "[scenario]") {
  const auto s = must_load(testing::format_section_3,
                           {{"script[18].repeat", "7"}, {"script[18].steps[1].to", "10.0.0.2:82"}});
  CHECK(s.script[18].times == 7);
  CHECK(s.script[18].steps[1].to == "10.0.0.2:82");
}

TEST_CASE("a parsed setting splits at the first equals sign", "[scenario]") {
  CHECK(parse_setting("a.b=>= 5")->value == ">= 5");
  CHECK_FALSE(parse_setting("a.b"));
  CHECK_FALSE(parse_setting("=5"));
}

TEST_CASE("iana has no tick and exact timers", "[scenario]") {
  const auto s = must_load("fourtuple: 1\nhosts: { a: { os: iana } }\n");
  CHECK(s.hosts[0].timers == spec::timer_mode::ideal);
  CHECK(s.hosts[0].sysctls.ip_local_port_range == profile::port_range{49152, 65535});
  CHECK(resolved("f", "fourtuple: 1\nhosts: { a: { os: iana } }\n").yaml.find("hz") ==
        std::string::npos);
}

TEST_CASE("a load that holds for ever, has a timeout or no reply is not refused", "[scenario]") {
  const auto with = [](std::string_view keys) {
    return errors_of(
        with_hosts("duration: 1 s\napps:\n  sink: { host: server, listener: { ports: 80 } }\n"
                   "  l: { host: client, load: { to: \"server:80\", rate: 1/s, " +
                   std::string(keys) + " } }\n"));
  };
  CHECK(with("hold: forever").empty());
  CHECK(with("timeout: 1 s").empty());
  CHECK(with("reply: 0 B").empty());
  CHECK_FALSE(with("hold: 1 s").empty());
}
