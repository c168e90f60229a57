// The whole matrix of who may bind beside whom, measured on a kernel, replayed cell by cell.
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/ports_bind_matrix.h"
#include "tests/support/ports_host.h"

namespace fourtuple {
namespace {

using test::ports_host;
using test::with;
namespace bind_matrix = test::bind_matrix;

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

/// "127.0.0.1" and "AP" as a socket's options.
with options(const std::string& address, const std::string& flags) {
  with w;
  w.v6only = address == "::v6only";
  w.from = w.v6only ? "::" : address;
  w.reuseaddr = flags.find('A') != std::string::npos;
  w.reuseport = flags.find('P') != std::string::npos;
  return w;
}

/// One row's first socket: "::(via ::1)|timewait|A".
struct first_socket {
  explicit first_socket(const std::string& key) {
    const auto parts = split(key, '|');
    const auto via_at = parts[0].find("(via ");
    const std::string address = parts[0].substr(0, via_at);
    own = options(address, parts[2]);
    state = parts[1];
    via = own.from;
    if (via_at != std::string::npos)
      via = parts[0].substr(via_at + 5, parts[0].size() - via_at - 6);
    else if (own.from == "0.0.0.0")
      via = "127.0.0.1";
    else if (own.from == "::")
      via = "::1";
  }
  with own;
  std::string state;
  std::string via;  ///< the local address of its connection
};

constexpr std::uint16_t the_port = 41000;

void bring_into_state(ports_host& h, const first_socket& f) {
  const auto first = h.bind(the_port, f.own);
  REQUIRE(first);
  if (f.state == "bound") return;
  if (f.state == "bound_refused") {  // connect() chose a source address; its failure took it back
    const auto& socket = h.sockets[first.socket];
    h.table.move(socket.owner, h.scope(f.via, socket.v6only));
    h.table.move(socket.owner, h.scope(f.own.from, socket.v6only));
    return;
  }
  if (f.state.starts_with("active_")) {
    REQUIRE(h.connect_bound(first.socket, f.via, f.via, 5000));
    if (f.state == "active_timewait") h.time_wait(first.socket);
    return;
  }
  REQUIRE(h.listen(first.socket) == errc::ok);
  if (f.state == "listening") return;
  with child = f.own;
  child.from = f.via;
  child.v6only = h.sockets[first.socket].v6only;
  const std::size_t s = h.accept(the_port, child, f.via, 50000);
  h.gone(first.socket);
  if (f.state == "timewait") h.time_wait(s);
}

std::string second_socket(ports_host& h, const with& w) {
  const auto second = h.bind(the_port, w);
  if (second.error == errc::eaddrinuse) return "U-";
  REQUIRE(second);
  return h.listen(second.socket) == errc::ok ? ".." : ".U";
}

void replay(const bind_matrix::row& row, std::uint32_t second_uid) {
  std::size_t column = 0;
  for (const std::string& cell : split(row.cells, ' ')) {
    const std::string second = bind_matrix::columns[column++];
    INFO(row.first << ", then " << second);
    ports_host h(test::linux_rules());
    bring_into_state(h, first_socket(row.first));
    const auto parts = split(second, '|');
    with w = options(parts[0], parts[1]);
    w.uid = second_uid;
    CHECK(second_socket(h, w) == cell);
  }
}

}  // namespace

TEST_CASE("ports: who may bind and listen beside whom is as measured on the kernel", "[ports]") {
  for (const auto& row : bind_matrix::tcp) replay(row, 1000);
  for (const auto& row : bind_matrix::tcp_other_uid) replay(row, 1001);
}

TEST_CASE("ports: who may bind beside whom with UDP is as measured on the kernel", "[ports][udp]") {
  for (const auto& row : bind_matrix::udp) {
    std::size_t column = 0;
    for (const std::string& cell : split(row.cells, ' ')) {
      const std::string second = bind_matrix::columns[column++];
      INFO(row.first << ", then " << second);
      ports_host h(test::linux_rules());
      ports::udp_table udp;
      first_socket f(row.first);
      f.own.v6only |= ports::bind_sets_v6only(h.address(f.own.from), h.addresses);
      const auto o = udp.add(h.claim(f.own), the_port);
      if (f.state == "connected") udp.move(o, h.scope(f.via, f.own.v6only));
      const auto parts = split(second, '|');
      with w = options(parts[0], parts[1]);
      w.v6only |= ports::bind_sets_v6only(h.address(w.from), h.addresses);
      const auto got = udp.reserve({h.claim(w), the_port}, h.draws);
      CHECK((got ? "." : "U") == cell);
      CHECK((got || got.error() == errc::eaddrinuse));
    }
  }
}

TEST_CASE("ports: sockets of different interfaces never conflict, one without an interface does",
          "[ports]") {
  ports_host h(test::linux_rules());
  const with on_lo{.device = 1}, on_eth{.device = 2}, on_any{};
  REQUIRE(h.bind(the_port, on_lo));
  CHECK(h.bind(the_port, on_eth));
  CHECK(h.bind(the_port, on_any).error == errc::eaddrinuse);
}

TEST_CASE("ports: two scopes overlap if there is an address that both receive on", "[ports]") {
  ports_host h(test::linux_rules());
  const auto overlap = [&](const char* a, const char* b) {
    const auto scope = [&](const std::string& text) {
      const bool v6only = text.ends_with(" v6only");
      return h.scope(text.substr(0, text.find(' ')), v6only);
    };
    CHECK(ports::overlaps(scope(a), scope(b)) == ports::overlaps(scope(b), scope(a)));
    return ports::overlaps(scope(a), scope(b));
  };
  CHECK(overlap("10.0.0.1", "10.0.0.1"));
  CHECK_FALSE(overlap("10.0.0.1", "10.0.0.2"));
  CHECK(overlap("10.0.0.1", "0.0.0.0"));
  CHECK(overlap("10.0.0.1", "::"));
  CHECK(overlap("0.0.0.0", "::"));
  CHECK(overlap("10.0.0.1", "::ffff:10.0.0.1"));
  CHECK(overlap("::ffff:10.0.0.1", "::"));
  CHECK_FALSE(overlap("0.0.0.0", ":: v6only"));
  CHECK_FALSE(overlap("10.0.0.1", ":: v6only"));
  CHECK_FALSE(overlap("10.0.0.1", "fd00::1"));
  CHECK_FALSE(overlap("0.0.0.0", "fd00::1 v6only"));  // bound to it
  CHECK(overlap("0.0.0.0", "fd00::1"));               // connected from it
  CHECK(overlap("fd00::1", "::"));
  CHECK(overlap("fd00::1", ":: v6only"));
  CHECK(overlap("::", ":: v6only"));
  CHECK_FALSE(overlap("fd00::1", "fd00::2"));
}

}  // namespace fourtuple
