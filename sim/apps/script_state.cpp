#include "sim/apps/script_state.h"

namespace fourtuple::apps {

process& script_names::process_of(const spec::step& st) {
  process*& p = processes_[{st.host, st.process}];
  if (p != nullptr) return *p;
  const spec::host& h = scenario_.hosts[st.host.host];
  p = &world_.make_process(host_of(st), {h.user.uid, h.nofile});
  if (how_.made) how_.made(*p, st.process.empty() ? "script" : st.process);
  return *p;
}

bool script_names::end_process(const spec::step& st, void (*before)(void*, process&),
                               void* context) {
  const auto found = processes_.find({st.host, st.process});
  if (found == processes_.end()) return false;
  before(context, *found->second);
  std::erase_if(sockets_, [&](const auto& each) { return each.second.owner == found->second; });
  std::erase_if(uses_, [&](const auto& each) { return each.first.first == found->second; });
  world_.end_process(*found->second);
  processes_.erase(found);
  return true;
}

named_socket* script_names::find(const spec::step& st, const std::string& name) {
  const auto found = sockets_.find({st.host, st.process, name});
  return found == sockets_.end() ? nullptr : &found->second;
}

void script_names::put(const spec::step& st, const std::string& name, const named_socket& s) {
  sockets_[{st.host, st.process, name}] = s;
}

bool script_names::end_waiting(const named_socket& s) {
  const auto use = uses_.find({s.owner, s.fd});
  if (use == uses_.end() || --use->second.waiting != 0) return false;
  const bool closes = use->second.closed;
  uses_.erase(use);
  return closes;
}

bool script_names::leave_open(const named_socket& s) {
  const auto use = uses_.find({s.owner, s.fd});
  if (use == uses_.end()) return false;
  use->second.closed = true;
  return true;
}

bool script_names::is_left_open(const named_socket& s) const {
  const auto use = uses_.find({s.owner, s.fd});
  return use != uses_.end() && use->second.closed;
}

std::optional<std::string> script_names::expand(const std::string& text) const {
  if (!spec::is_template(text)) return text;
  std::string missing;
  return spec::expand(
      text,
      [&](std::string_view name) -> std::optional<std::string> {
        const auto found = values_.find(name);
        if (found == values_.end()) return std::nullopt;
        return found->second;
      },
      missing);
}

std::optional<endpoint> script_names::resolve(const std::string& text, family f) const {
  if (const auto plain = parse_endpoint(text)) return plain;
  std::string why;
  const auto all = spec::resolve_endpoints(scenario_, text, f, why);
  if (all.empty()) return std::nullopt;
  return all.front();
}

}  // namespace fourtuple::apps
