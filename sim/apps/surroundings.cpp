// look_around: which echo_server a client of the file talks with, and what servers can know of the
// requests they will get.
#include <algorithm>
#include <limits>

#include "sim/apps/start.h"
#include "sim/spec/template.h"

namespace fourtuple::apps {
namespace {

/// Any TCP delivers a message of so many bytes in one segment: RFC 9293 3.7.1's least MSS.
constexpr std::uint64_t one_segment = 536;

bool runs_on(const spec::app& a, spec::host_ref h) {
  return a.host.host == h.host && (!a.host.member || *a.host.member == h.member);
}

/// Whether a client's process on some member of `client` reaches `server` at that destination.
bool reaches(const spec::scenario& s, const spec::app& client, const endpoint& to,
             const spec::app& server, const spec::echo_server& what) {
  if (what.listen.port != to.port) return false;
  if (!what.listen.address.is_any() && what.listen.address != to.address) return false;
  if (to.address.is_loopback() || to.address.is_any()) return client.host.host == server.host.host;
  const auto owner = spec::owner_of(s, to.address);
  return owner && runs_on(server, *owner);
}

/// The destinations of a client and the size of its requests: nothing where they differ.
struct client_requests {
  const std::vector<endpoint>* to = nullptr;
  std::optional<std::uint64_t> size;
};

client_requests requests_of(const spec::app& a) {
  if (const auto* k = std::get_if<spec::load>(&a.kind)) return {&k->to, k->request};
  if (const auto* k = std::get_if<spec::pool>(&a.kind)) return {&k->to, k->request};
  const auto* k = std::get_if<spec::echo_client>(&a.kind);
  if (k == nullptr) return {};
  if (!k->message) return {&k->to, k->size};
  if (spec::is_template(*k->message)) return {&k->to, std::nullopt};
  return {&k->to, k->message->size()};
}

std::uint32_t agreed_size(const spec::scenario& s, const spec::app& server,
                          const spec::echo_server& what) {
  std::uint64_t agreed = 0;
  for (const auto& client : s.apps) {
    const client_requests r = requests_of(client);
    if (r.to == nullptr) continue;
    const bool talks = std::any_of(r.to->begin(), r.to->end(), [&](const endpoint& to) {
      return reaches(s, client, to, server, what);
    });
    if (!talks) continue;
    if (!r.size || (agreed != 0 && agreed != *r.size)) return 0;
    agreed = *r.size;
  }
  const bool fits = agreed <= std::numeric_limits<std::uint32_t>::max();
  return agreed > one_segment && fits ? static_cast<std::uint32_t>(agreed) : 0;
}

surroundings::reply_form reply_of(const spec::scenario& s, const spec::app& client,
                                  const endpoint& to) {
  for (const auto& each : s.apps) {
    const auto* server = std::get_if<spec::echo_server>(&each.kind);
    if (server != nullptr && reaches(s, client, to, each, *server))
      return {true, server->prefix.size(), server->reply};
  }
  return {};
}

bool somebody_reads(const spec::scenario& s) {
  return !s.script.empty() || std::any_of(s.apps.begin(), s.apps.end(), [](const spec::app& a) {
    const auto* client = std::get_if<spec::echo_client>(&a.kind);
    return client != nullptr && client->message.has_value();
  });
}

}  // namespace

surroundings look_around(const spec::scenario& s, const spec::app& a) {
  surroundings around;
  if (const auto* server = std::get_if<spec::echo_server>(&a.kind)) {
    around.bytes_matter = somebody_reads(s);
    around.request_size = agreed_size(s, a, *server);
  }
  if (std::holds_alternative<spec::udp_server>(a.kind)) around.bytes_matter = !s.script.empty();
  if (const auto* client = std::get_if<spec::echo_client>(&a.kind)) {
    for (const auto& to : client->to) around.replies.push_back(reply_of(s, a, to));
  }
  return around;
}

}  // namespace fourtuple::apps
