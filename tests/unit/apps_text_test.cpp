#include <array>

#include "sim/apps/script_expect.h"
#include "sim/apps/socket_options.h"
#include "sim/apps/start.h"
#include "tests/support/catch.h"

using namespace fourtuple;

namespace {

spec::host host_of(std::string name, ip_address address) {
  spec::host h;
  h.name = std::move(name);
  h.addresses.push_back({address, 1, {}});
  return h;
}

spec::app app_of(std::uint32_t host, spec::app_kind kind) {
  spec::app a;
  a.host.host = host;
  a.kind = std::move(kind);
  return a;
}

/// A server on 10.0.0.2:80 and clients of these request sizes on 10.0.0.1.
spec::scenario served(std::vector<std::uint64_t> sizes) {
  spec::scenario s;
  s.hosts = {host_of("client", ip_address::v4(10, 0, 0, 1)),
             host_of("server", ip_address::v4(10, 0, 0, 2))};
  spec::echo_server server;
  server.listen.port = 80;
  s.apps.push_back(app_of(1, server));
  for (const auto size : sizes) {
    spec::load k;
    k.to = {{ip_address::v4(10, 0, 0, 2), 80}};
    k.request = size;
    s.apps.push_back(app_of(0, k));
  }
  return s;
}

}  // namespace

TEST_CASE("every socket option of a file is the seam's of that name", "[apps][options]") {
#define FOURTUPLE_NAME(id, text) text,
  constexpr std::array seam = {FOURTUPLE_OPTION_TABLE(FOURTUPLE_NAME)};
#undef FOURTUPLE_NAME
  REQUIRE(seam.size() == spec::all_sockopts().size());
  for (const auto& row : spec::all_sockopts())
    CHECK(seam[static_cast<std::size_t>(apps::option_of(row.id))] == row.name);
}

TEST_CASE("values of options take the seam's form", "[apps][options]") {
  spec::sockopt_value v;
  v.onoff = 1;
  v.linger = 5;
  v.number = (40000 << 16) | 30000;
  v.time = duration{7};
  const auto linger = apps::value_of({spec::sockopt::so_linger, v});
  CHECK(linger.number == 1);
  CHECK(linger.second == 5);
  const auto range = apps::value_of({spec::sockopt::ip_local_port_range, v});
  CHECK(range.number == 30000);
  CHECK(range.second == 40000);
  CHECK(apps::value_of({spec::sockopt::so_rcvtimeo, v}).number == 7);
}

TEST_CASE("a server knows the size of requests only where all clients agree",
          "[apps][surroundings]") {
  const auto size_for = [](std::vector<std::uint64_t> sizes) {
    const spec::scenario s = served(std::move(sizes));
    return apps::look_around(s, s.apps[0]).request_size;
  };
  CHECK(size_for({}) == 0);
  CHECK(size_for({64, 64}) == 0);  // one segment: a read is a request
  CHECK(size_for({100'000, 100'000}) == 100'000);
  CHECK(size_for({100'000, 64}) == 0);
}

TEST_CASE("bytes matter where a script or a message looks at them", "[apps][surroundings]") {
  spec::scenario s = served({64});
  CHECK_FALSE(apps::look_around(s, s.apps[0]).bytes_matter);
  spec::echo_client k;
  k.to = {{ip_address::v4(10, 0, 0, 2), 80}, {ip_address::v4(10, 0, 0, 2), 81}};
  k.message = "hello";
  s.apps.push_back(app_of(0, k));
  CHECK(apps::look_around(s, s.apps[0]).bytes_matter);
  const auto around = apps::look_around(s, s.apps.back());
  REQUIRE(around.replies.size() == 2);
  CHECK(around.replies[0].known);
  CHECK_FALSE(around.replies[1].known);
}
