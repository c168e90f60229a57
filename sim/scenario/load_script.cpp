// script:, one step after the other. A step is read by the table of its call.
#include "sim/profile/nearest.h"
#include "sim/scenario/parts.h"
#include "sim/scenario/script_parts.h"
#include "sim/spec/template.h"

#include <algorithm>
#include <utility>

namespace fourtuple::scenario {
namespace {

constexpr std::size_t most_steps = 100'000;
/// Of repeats within repeats: what takes no virtual time, counts and waits for nothing, would not
/// end.
constexpr std::uint64_t most_rounds = 1'000'000'000;
constexpr duration microsecond{1000};

using spec::call;

const table* find_call(const node& n) {
  for (const auto& e : n.entries)
    for (const auto& t : step_tables())
      if (t.name == e.key) return &t;
  return nullptr;
}

std::optional<call> call_named(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(call::link); ++i)
    if (name(static_cast<call>(i)) == text) return static_cast<call>(i);
  return std::nullopt;
}

/// The script while it is read: what it has seen so far.
class script_reader {
 public:
  explicit script_reader(context& c) : c_(c) {}

  std::vector<spec::step> read(const node& list, bool top) {
    std::vector<spec::step> out;
    if (list.kind != node::type::list) {
      c_.error(list.where, std::string(top ? "script" : "steps") + " must be a list of steps");
      return out;
    }
    for (const auto& n : list.items) {
      if (++steps_ > most_steps) {
        c_.error(n.where, "more than the limit of 100000 steps (use repeat)");
        return out;
      }
      spec::step s;
      s.where = n.where;
      s.number = static_cast<std::uint32_t>(out.size() + 1);
      read_step(n, s);
      out.push_back(std::move(s));  // also a wrong one: the numbers of those after it are right
    }
    return out;
  }

  /// ${NAME} of a step must be kept by some `as` of the script.
  void check_names() {
    for (const auto& [name, where, key] : used_)
      if (!std::binary_search(kept_.begin(), kept_.end(), name)) {
        std::vector<std::string_view> known(kept_.begin(), kept_.end());
        c_.error(where, key + ": nothing keeps a value as '" + name + "'" +
                            profile::did_you_mean(name, known));
      }
  }
  void sort_names() { std::sort(kept_.begin(), kept_.end()); }

 private:
  struct use {
    std::string name;
    spec::position where;
    std::string key;
  };

  void read_step(const node& n, spec::step& s) {
    if (n.kind != node::type::map) {
      c_.error(n.where, "a step must be a mapping: { host: NAME, CALL: ... }");
      return;
    }
    const table* t = find_call(n);
    if (t == nullptr) return unknown_call(n);
    if (t->keys.front().need == presence::later) {
      for (const auto& e : n.entries)
        if (e.key == t->name) c_.error(e.where, quoted(e.key) + " is not yet modelled");
      return;
    }
    const auto found = call_named(t->name);
    mapping m(c_, n, *t, "the call " + quoted(t->name));
    if (!found) return;
    s.call = *found;
    read_common(m, s);
    read_own(m, s);
  }

  void unknown_call(const node& n) {
    std::vector<std::string_view> calls;
    for (const auto& t : step_tables()) calls.push_back(t.name);
    for (const auto& e : n.entries) {
      const auto hint = profile::did_you_mean(e.key, calls);
      if (hint.empty() || e.key == "host") continue;
      c_.error(e.where, "unknown call " + quoted(e.key) + hint);
      return;
    }
    c_.error(n.where, "a step names one call (socket, bind, listen, connect ...)");
  }

  void read_common(mapping& m, spec::step& s) {
    if (m.has("host")) read_host(m, s);
    if (m.has("process")) s.process = name_of(m, "process");
    if (m.has("background")) s.background = name_of(m, "background");
    if (const node* e = m.find("expect")) s.expect = read_step_expect(c_, *e, s);
    if (s.expect) {
      note_uses(s.expect->data, m, "expect");
      note_uses(s.expect->address, m, "expect");
    }
  }

  void read_host(mapping& m, spec::step& s) {
    if (!expect_scalar(c_, *m.find("host"), "host")) return;
    const auto found = look_up_host(c_, m.find("host")->text, m.at("host"));
    if (!found) return;
    const auto& h = c_.out.hosts[found->host];
    if (h.count && !found->member) {
      m.error("host", quoted(h.name) + " is " + std::to_string(*h.count) +
                          " hosts; name one, like " + spec::member_name(h, 0));
      return;
    }
    s.host = {found->host, found->member.value_or(0)};
  }

  std::string name_of(mapping& m, std::string_view key) {
    auto text = m.text(key);
    if (m.find(key)->kind == node::type::scalar && !is_name(text))
      m.error(key, quoted(text) + " is not a name (a letter, then letters, digits, _ and -)");
    return text;
  }

  /// A text in which ${NAME} is allowed.
  std::string words(mapping& m, std::string_view key) {
    auto text = m.text(key);
    note_uses(text, m, key);
    return text;
  }

  void note_uses(const std::optional<std::string>& text, mapping& m, std::string_view key) {
    if (!text) return;
    bool bad = false;
    for (auto& name : spec::template_names(*text, bad))
      used_.push_back({std::move(name), m.at(key), std::string(key)});
    if (bad) m.error(key, "a ${ has no } (write $${ for the characters themselves)");
  }

  /// A name to be, in which ${i} is allowed: "c${i}".
  std::string new_name(mapping& m, std::string_view key, bool keeps_value) {
    auto text = words(m, key);
    if (m.find(key)->kind != node::type::scalar) return text;
    std::string bare = text;
    for (auto at = bare.find("${"); at != std::string::npos; at = bare.find("${")) {
      const auto end = bare.find('}', at);
      if (end == std::string::npos) break;
      bare.replace(at, end - at + 1, "0");
    }
    if (!is_name(bare))
      m.error(key, quoted(text) + " is not a name (a letter, then letters, digits, _ and -)");
    if (keeps_value) kept_.push_back(text);
    return text;
  }

  void read_own(mapping& m, spec::step& s) {
    const auto own = name(s.call);
    if (s.call != call::wait && s.call != call::repeat && s.call != call::count &&
        s.call != call::sysctl && s.call != call::exit && s.call != call::firewall &&
        s.call != call::link && m.find(own) != nullptr)
      s.subject = s.call == call::join ? name_of(m, own) : new_name(m, own, false);
    read_waiting(m, s);
    switch (s.call) {
      case call::socket:
        return read_socket(m, s);
      case call::bind:
      case call::connect:
        return read_destination(m, s);
      case call::listen:
        s.backlog = static_cast<std::int32_t>(m.whole("backlog"));
        return;
      case call::accept:
      case call::dup:
        if (m.has("as")) s.as = new_name(m, "as", false);
        return;
      case call::getsockname:
      case call::getpeername:
        return read_kept(m, s);
      case call::getsockopt:
        read_option(m, s);
        return read_kept(m, s);
      case call::recvfrom:
      case call::recv:
        s.max = bytes(m, "max");
        if (s.call == call::recvfrom) read_kept(m, s);
        return;
      case call::sendto:
        read_destination(m, s);
        return read_data(m, s);
      case call::send:
        return read_data(m, s);
      case call::shutdown:
        if (m.has("how")) s.how = static_cast<spec::shutdown_how>(m.choice("how"));
        return;
      case call::setsockopt:
        return read_setsockopt(m, s);
      case call::poll:
        return read_poll(m, s);
      case call::count:
        return read_count(m, s);
      case call::wait:
        s.wait = m.time("wait");
        return;
      case call::repeat:
        return read_repeat(m, s);
      case call::sysctl:
        return read_sysctl_step(m, s);
      case call::link:
        return read_link_step(m, s);
      case call::firewall:
        if (const node* rules = m.find("firewall"))
          s.firewall = read_firewall(c_, *rules, c_.out.hosts[s.host.host].router);
        return;
      case call::exit:
        s.process = name_of(m, "exit");
        return;
      default:
        return;
    }
  }

  /// nonblocking and within, where the call has them.
  void read_waiting(mapping& m, spec::step& s) {
    constexpr call can_wait[] = {call::connect, call::accept,   call::send, call::recv,
                                 call::sendto,  call::recvfrom, call::close};
    if (s.call == call::socket) s.nonblocking = m.flag("nonblocking");
    if (std::find(std::begin(can_wait), std::end(can_wait), s.call) == std::end(can_wait)) return;
    s.nonblocking = m.flag("nonblocking");
    if (!s.nonblocking) {
      s.within = m.time("within");
      return;
    }
    for (const auto* key : {"within", "background"})
      if (m.has(key)) m.error(key, "a nonblocking call does not wait");
  }

  void read_socket(mapping& m, spec::step& s) {
    s.transport = static_cast<spec::transport>(m.choice("type"));
    s.family = static_cast<fourtuple::family>(m.choice("family"));
    if (m.has("as_user")) s.as_user = read_user(m, "as_user", spec::user{});
  }

  void read_destination(mapping& m, spec::step& s) {
    if (!m.has("to")) return;
    s.to = words(m, "to");
    const bool unspec = s.call == call::connect && s.to == "unspec";
    if (unspec || spec::is_template(s.to) || m.find("to")->kind != node::type::scalar) return;
    // The socket's family is known when it runs; here one of both must do.
    std::string why, other;
    auto found = spec::resolve_endpoints(c_.out, s.to, family::inet, why);
    if (!why.empty()) found = spec::resolve_endpoints(c_.out, s.to, family::inet6, other);
    if (!why.empty() && !other.empty()) {
      if (!is_misaddressed(c_, s.to)) m.error("to", why);
    } else if (found.size() > 1) {
      m.error("to", quoted(s.to) + " is " + std::to_string(found.size()) + " hosts; name one");
    }
  }

  /// A count of bytes as a system call takes it: bare, or with a unit.
  static std::uint64_t bytes(mapping& m, std::string_view key) {
    const auto text = m.special(key);
    if (!text) return 0;
    if (const auto n = spec::parse_whole(*text, 0, INT64_C(1) << 40); n.value)
      return static_cast<std::uint64_t>(*n.value);
    const auto size = spec::parse_size(*text);
    if (!size.value) m.error(key, size.error);
    return size.value.value_or(0);
  }

  void read_kept(mapping& m, spec::step& s) {
    if (m.has("as")) s.as = new_name(m, "as", true);
  }

  void read_data(mapping& m, spec::step& s) {
    const auto given = m.one_of(name(s.call), {"data", "size"});
    if (!given) return;
    if (*given == 0) {
      s.data = words(m, "data");
    } else {
      s.size = bytes(m, "size");
    }
  }

  bool read_option(mapping& m, spec::step& s) {
    if (!m.has("option")) return false;
    const auto errors = c_.errors.size();
    (void)m.choice("option");
    if (c_.errors.size() != errors) return false;
    s.option = *spec::sockopt_from_name(m.find("option")->text);
    return true;
  }

  void read_setsockopt(mapping& m, spec::step& s) {
    if (!read_option(m, s) || !m.has("value")) return;
    const auto v = read_sockopt_value(c_, *m.find("value"), s.option);
    if (v) s.value = *v;
  }

  void read_poll(mapping& m, spec::step& s) {
    s.events = spec::poll_in | spec::poll_out;
    if (const node* e = m.find("events")) {
      s.events = read_poll_bits(c_, *e);
    } else {
      (void)m.special("events");  // notes the default
    }
    s.timeout = m.time("timeout");
  }

  void read_count(mapping& m, spec::step& s) {
    s.state = m.text("count");
    if (m.find("count")->kind == node::type::scalar) check_state(c_, s.state, m.at("count"));
  }

  void read_repeat(mapping& m, spec::step& s) {
    s.times = static_cast<std::uint64_t>(m.whole("repeat"));
    if (m.has("as")) {
      s.counter = name_of(m, "as");
      kept_.push_back(s.counter);
    }
    if (m.has("until")) {
      (void)m.choice("until");
      s.until_fail = true;
    }
    s.pace = m.maybe_time("pace");
    if (s.pace && *s.pace < microsecond && m.has("pace")) m.error("pace", "must be at least 1 us");
    const node* list = m.find("steps");
    if (list == nullptr) return;
    if (list->kind == node::type::list && list->items.empty()) m.error("steps", "repeats nothing");
    const std::uint64_t outer =
        std::exchange(rounds_, rounds_ * std::max<std::uint64_t>(s.times, 1));
    if (rounds_ > most_rounds) {
      m.error("repeat", "with those around it, more than the limit of 1000000000 rounds");
      rounds_ = outer;  // told once
    }
    s.steps = read(*list, false);
    rounds_ = outer;
  }

  /// On what the link is after the steps so far.
  void read_link_step(mapping& m, spec::step& s) {
    const auto which = find_link(c_, m, "link");
    if (!which) return;
    s.link = *which;
    s.change = read_link_change(m, links_.try_emplace(*which, c_.out.links[*which]).first->second);
    if (s.change == link_change{}) c_.error(m.where(), "the step changes nothing of the link");
  }

  void read_sysctl_step(mapping& m, spec::step& s) {
    s.sysctl_name = m.text("sysctl");
    const node* v = m.find("value");
    if (v == nullptr || !m.has("host")) return;
    if (v->kind != node::type::null && !expect_scalar(c_, *v, "value")) return;
    s.sysctl_value = v->text;
    // On the values that the host has after the steps so far.
    const auto at = std::pair(s.host.host, s.host.member);
    auto& now = sysctls_.try_emplace(at, c_.out.hosts[s.host.host].sysctls).first->second;
    const auto refused =
        profile::set_sysctl(now, *c_.out.hosts[s.host.host].profile, s.sysctl_name, s.sysctl_value);
    if (!refused) return;
    const bool about_name = refused->starts_with("unknown") || refused->starts_with("sysctl");
    if (!about_name && m.has("expect")) return;  // the file wants to see it refused
    c_.error(about_name ? m.at("sysctl") : v->where, *refused);
  }

  context& c_;
  std::size_t steps_ = 0;
  std::uint64_t rounds_ = 1;  ///< of the repeats around what is read now, multiplied
  std::vector<std::string> kept_;
  std::vector<use> used_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, profile::sysctls> sysctls_;
  std::map<std::uint32_t, spec::link_shape> links_;
};

/// More than the longest time counts as just that, so that sums fit.
constexpr duration too_long = spec::longest_time + duration{1};

duration length_of(const std::vector<spec::step>& steps, duration pace);

/// Its waits and pauses.
duration length_of(const spec::step& s) {
  if (s.call != call::repeat) return s.wait;
  const duration round = length_of(s.steps, s.pace.value_or(duration{}));
  if (round == duration{}) return round;
  return s.times > static_cast<std::uint64_t>(too_long / round)
             ? too_long
             : round * static_cast<std::int64_t>(s.times);
}

duration length_of(const std::vector<spec::step>& steps, duration pace) {
  duration all{};
  for (const auto& s : steps) all = std::min(all + pace + length_of(s), too_long);
  return all;
}

/// Each wait is a time that a file may have; their sum must be one too.
void check_length(context& c) {
  duration all{};
  for (const auto& s : c.out.script) {
    all += length_of(s);
    if (all <= spec::longest_time) continue;
    c.error(s.where, "the waits of the script come to more than the limit of 50 years");
    return;
  }
}

}  // namespace

void load_script(context& c, const node& script) {
  if (script.kind == node::type::null) return;
  script_reader reader(c);
  c.out.script = reader.read(script, true);
  reader.sort_names();
  reader.check_names();
  check_length(c);
}

}  // namespace fourtuple::scenario
