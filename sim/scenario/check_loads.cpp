// Loads that would never end, and loads that would wait for ever for a reply or a close that their
// server does not give. Only what is certain from the file is refused.
#include "sim/scenario/parts.h"

#include <algorithm>

namespace fourtuple::scenario {
namespace {

constexpr std::size_t looked_at = 8;  // a long list is one fleet, or as good as one
constexpr int most_proxies = 3;       // in a row; behind more of them nothing is certain

/// What a client asks of its server.
struct wish {
  std::vector<endpoint> to;
  std::uint64_t request = 0;
  std::uint64_t reply = 0;
  bool awaits_close = false;
};

bool covers(const endpoint& own, const endpoint& e) {
  const bool any = own.address.is_any() &&
                   (own.address.family == e.address.family || own.address.family == family::inet6);
  return own.port == e.port && (any || own.address == e.address);
}

bool listens_on(const spec::app& server, const endpoint& e) {
  if (const auto* s = std::get_if<spec::echo_server>(&server.kind)) return covers(s->listen, e);
  if (const auto* s = std::get_if<spec::proxy>(&server.kind)) return covers(s->listen, e);
  if (const auto* l = std::get_if<spec::listener>(&server.kind))
    return e.address.family == family::inet &&
           std::any_of(l->ports.begin(), l->ports.end(),
                       [&](const auto& r) { return r.contains(e.port); });
  return false;
}

bool runs_on(const spec::app& a, const spec::host_selection& h) {
  return a.host.host == h.host && (!a.host.member || !h.member || a.host.member == h.member);
}

/// The one app that listens there; null where there is none or more than one.
const spec::app* server_of(const spec::scenario& s, const spec::app& client, const endpoint& e) {
  spec::host_selection where = client.host;
  if (!e.address.is_loopback() && !e.address.is_any()) {
    const auto owner = spec::owner_of(s, e.address);
    if (!owner) return nullptr;
    where = {owner->host, owner->member};
  }
  const spec::app* found = nullptr;
  for (const auto& a : s.apps) {
    if (!runs_on(a, where) || !listens_on(a, e)) continue;
    if (found != nullptr) return nullptr;
    found = &a;
  }
  return found;
}

std::string endless(const spec::scenario& s, const wish& w, const spec::app& server, int depth);

/// A proxy waits for ever where one of its upstreams does, and its client with it.
std::string endless_behind(const spec::scenario& s, const wish& w, const spec::app& server,
                           const spec::proxy& p, int depth) {
  if (w.awaits_close && !p.idle_timeout)
    return "for a close: '" + server.name + "' closes after its peer (give it an idle_timeout)";
  if (p.timeout || depth == most_proxies) return {};
  for (std::size_t i = 0; i < std::min(p.upstream.size(), looked_at); ++i) {
    const auto* next = server_of(s, server, p.upstream[i]);
    if (next == &server && w.reply > 0)
      return "for a reply: '" + server.name + "' is its own upstream";
    const auto why =
        next == nullptr ? "" : endless(s, {{}, w.request, w.reply, false}, *next, depth + 1);
    if (!why.empty()) return why;
  }
  return {};
}

/// Why a client that wants this of that server would wait for ever; empty where it would not.
std::string endless(const spec::scenario& all, const wish& w, const spec::app& server, int depth) {
  const auto name = "'" + server.name + "'";
  if (std::holds_alternative<spec::listener>(server.kind)) {
    if (w.reply > 0) return "for a reply: " + name + " is a listener and sends none";
    if (w.awaits_close) return "for a close: " + name + " is a listener and closes nothing";
    return {};
  }
  if (const auto* p = std::get_if<spec::proxy>(&server.kind))
    return endless_behind(all, w, server, *p, depth);
  const auto* s = std::get_if<spec::echo_server>(&server.kind);
  if (s == nullptr) return {};
  using when = spec::server_close::when;
  const bool closes =
      s->close.kind == when::after_reply || s->close.kind == when::after_time || s->idle_timeout;
  if (w.reply > 0 && !closes) {
    if (w.request == 0) return "for a reply: an empty request is never answered";
    const auto given = s->reply.value_or(w.request) + s->prefix.size();
    if (given < w.reply)
      return "for a reply of " + std::to_string(w.reply) + " B: " + name + " sends " +
             std::to_string(given) + " B";
  }
  if (w.awaits_close && !closes)
    return "for a close: " + name + " closes after its peer (give it close: after_reply)";
  // an empty request has no reply after which to close
  if (w.awaits_close && s->close.kind == when::after_reply && w.request == 0 && !s->idle_timeout)
    return "for a close: an empty request has no reply after which " + name + " would close";
  return {};
}

void check_waits(context& c, const spec::app& a, const wish& w) {
  for (std::size_t i = 0; i < std::min(w.to.size(), looked_at); ++i) {
    const auto* server = server_of(c.out, a, w.to[i]);
    if (server == nullptr) continue;
    const auto why = endless(c.out, w, *server, 0);
    if (why.empty()) continue;
    c.error(a.kind_where, "'" + a.name + "' would wait for ever " + why);
    return;
  }
}

void never_ends(context& c, const spec::app& a, std::string_view cures) {
  if (c.out.duration || a.stop) return;
  c.error(a.kind_where, "'" + a.name + "' would never end: give it " + std::string(cures) +
                            ", or the file a duration");
}

void check(context& c, const spec::app& a) {
  if (const auto* l = std::get_if<spec::load>(&a.kind)) {
    if (!l->limit && l->stages.empty()) never_ends(c, a, "a limit, stages or a stop");
    if (l->timeout || !l->hold) return;
    check_waits(c, a, {l->to, l->request, l->reply, l->close == spec::close_by::server});
  } else if (const auto* p = std::get_if<spec::pool>(&a.kind)) {
    if (!p->limit) never_ends(c, a, "a limit or a stop");
    check_waits(c, a, {p->to, p->request, p->reply, false});
  } else if (const auto* u = std::get_if<spec::udp_client>(&a.kind)) {
    if (!u->limit) never_ends(c, a, "a limit or a stop");  // its timeout bounds every wait
  } else if (const auto* e = std::get_if<spec::echo_client>(&a.kind)) {
    if (e->messages == 0) never_ends(c, a, "messages or a stop");
    if (e->timeout || c.out.duration || a.stop || e->messages == 0) return;
    const auto bytes = e->message ? e->message->size() : e->size;
    // any reply is a reply to it, so only a server that sends nothing is certain
    check_waits(c, a, {e->to, bytes, bytes > 0 ? 1u : 0u, e->close == spec::close_by::server});
  }
}

}  // namespace

void check_loads(context& c) {
  for (const auto& a : c.out.apps) check(c, a);
}

}  // namespace fourtuple::scenario
