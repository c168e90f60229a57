#include "sim/spec/one_host.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "sim/spec/quantity.h"
#include "sim/spec/template.h"

namespace fourtuple::spec {
namespace {

constexpr std::uint32_t default_uid = 1000;

/// What cannot be put onto one host; its text is the sentence.
struct no_way : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void refuse_what_loopback_has_not(const scenario& s) {
  if (!s.links.empty()) throw no_way("links: on loopback there are none");
  if (!s.changes.empty()) throw no_way("changes: on loopback settings are the machine's");
  for (const host& h : s.hosts) {
    if (h.count) throw no_way(h.name + " is many hosts: on loopback there is one");
    if (!h.sysctl_lines.empty())
      throw no_way(h.name + " has sysctls of its own: loopback has those of the machine");
    if (!h.firewall.empty())
      throw no_way(h.name + " has a firewall: on loopback there is none of its own");
    if (!s.script.empty() && (h.nofile != s.hosts.front().nofile || h.user != s.hosts.front().user))
      throw no_way("a script over hosts of different users or nofile: on loopback there is one host");
  }
}

/// Where every address of the file goes.
class mover {
 public:
  mover(const scenario& s, std::set<std::uint16_t>& ports) : s_(s), ports_(ports) {
    std::uint32_t v4 = 0;
    std::uint32_t v6 = 0;
    for (const host& h : s.hosts) {
      for (const ip_address& a : addresses_of(h, 0)) {
        if (a.family == family::inet) {
          to_[a] = plus(ip_address::v4(127, 77, 0, 0), ++v4);
        } else {
          if (++v6 > 1) throw no_way("several IPv6 addresses: loopback has ::1 alone");
          to_[a] = ip_address::loopback(family::inet6);
        }
      }
    }
  }

  void operator()(ip_address& a) const {
    if (a.is_any() || a.is_loopback()) return;
    const auto found = to_.find(a.unmapped());
    if (found == to_.end())
      throw no_way(to_string(a) + " is no host of the file: on loopback nothing else is addressed");
    a = a.is_v4_mapped() ? ip_address::mapped(found->second) : found->second;
  }
  void operator()(endpoint& e) const {
    (*this)(e.address);
    if (e.port != 0) ports_.insert(e.port);
  }
  void operator()(std::vector<endpoint>& all) const {
    for (endpoint& e : all) (*this)(e);
  }
  void names(const std::vector<profile::port_range>& ranges) const {
    for (const auto& r : ranges)
      for (std::uint32_t p = r.low; p <= r.high; ++p) ports_.insert(static_cast<std::uint16_t>(p));
  }

  /// "server:80", "10.0.0.2:${port}" as a step writes it.
  [[nodiscard]] text_template text(const text_template& to, family f) const {
    const std::size_t colon = to.rfind(':');
    if (colon == std::string::npos) return to;  // "unspec"
    const std::string name = to.substr(0, colon);
    const std::string port = to.substr(colon + 1);
    if (is_template(name)) throw no_way("an address made of variables (" + to + ")");
    std::string why;
    auto ends = resolve_endpoints(s_, name + ":0", f, why);
    if (ends.size() != 1) throw no_way(why.empty() ? to + " is several addresses" : why);
    (*this)(ends.front());
    if (const auto p = parse_whole(port, 1, 65535); p.value)
      ports_.insert(static_cast<std::uint16_t>(*p.value));
    const std::string moved = to_string(ends.front());
    return moved.substr(0, moved.rfind(':') + 1) + port;
  }

 private:
  const scenario& s_;
  std::map<ip_address, ip_address> to_;
  std::set<std::uint16_t>& ports_;
};

/// Every address and port of an app. A new kind has to say which are its own.
struct app_mover {
  const mover& move;
  void operator()(echo_server& a) const { move(a.listen); }
  void operator()(echo_client& a) const { move(a.to); }
  void operator()(load& a) const {
    move(a.to);
    move(a.bind);
  }
  void operator()(pool& a) const {
    move(a.to);
    move(a.bind);
  }
  void operator()(listener& a) const { move.names(a.ports); }
  void operator()(scan& a) const {
    move(a.target);
    move.names(a.ports);
  }
  void operator()(proxy& a) const {
    move(a.listen);
    move(a.upstream);
    move(a.bind);
  }
  void operator()(udp_server& a) const { move(a.listen); }
  void operator()(udp_client& a) const {
    move(a.to);
    move(a.bind);
  }
};

class script_mover {
 public:
  script_mover(const scenario& s, const mover& move) : s_(s), move_(move) {}

  void put(std::vector<step>& steps) {
    for (step& st : steps) put(st);
  }

 private:
  void put(step& st) {
    if (st.call == call::sysctl) throw no_way("a step sets a sysctl, which is the machine's");
    if (st.call == call::firewall) throw no_way("a step sets a firewall, which is the machine's");
    const host& before = s_.hosts[st.host.host];
    if (st.call != call::wait && st.call != call::repeat)
      st.process = st.process.empty() ? before.name : before.name + "/" + st.process;
    st.host = {};
    if (st.call == call::socket) families_[{st.process, st.subject}] = st.family;
    if (!st.to.empty()) st.to = move_.text(st.to, family_of(st));
    st.expect.reset();
    put(st.steps);
  }

  [[nodiscard]] family family_of(const step& st) const {
    const auto found = families_.find({st.process, st.subject});
    return found == families_.end() ? family::inet : found->second;
  }

  const scenario& s_;
  const mover& move_;
  std::map<std::pair<std::string, std::string>, family> families_;
};

void be(user& u, std::uint32_t app_uid) {
  if (u.uid == default_uid) u.uid = app_uid;
}

void users_of(std::vector<step>& steps, std::uint32_t app_uid) {
  for (step& st : steps) {
    if (st.as_user) be(*st.as_user, app_uid);
    users_of(st.steps, app_uid);
  }
}

void merge_hosts(scenario& s) {
  host one = s.hosts.front();
  one.name = "loopback";
  one.addresses.clear();
  s.hosts = {one};
}

scenario moved(const scenario& s, std::uint32_t app_uid, std::set<std::uint16_t>& ports) {
  refuse_what_loopback_has_not(s);
  scenario out = s;
  const mover move(s, ports);
  for (app& a : out.apps) {
    std::visit(app_mover{move}, a.kind);
    a.host = {};
    be(a.user, app_uid);
  }
  script_mover(s, move).put(out.script);
  users_of(out.script, app_uid);
  merge_hosts(out);
  be(out.hosts.front().user, app_uid);
  out.expect.clear();
  return out;
}

}  // namespace

one_host on_one_host(const scenario& s, std::uint32_t app_uid) {
  one_host r;
  try {
    r.scenario = moved(s, app_uid, r.ports);
  } catch (const no_way& e) {
    r.why = e.what();
  }
  return r;
}

}  // namespace fourtuple::spec
