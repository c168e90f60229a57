// look_around: which echo_server a client of the file talks with, and what servers can know of the
// requests they will get. Both look through proxies.
#include <algorithm>
#include <limits>

#include "sim/apps/request_number.h"
#include "sim/apps/start.h"
#include "sim/spec/template.h"

namespace fourtuple::apps {
namespace {

/// Any TCP delivers a message of so many bytes in one segment: RFC 9293 3.7.1's least MSS.
constexpr std::uint64_t one_segment = 536;

bool runs_on(const spec::app& a, spec::host_ref h) {
  return a.host.host == h.host && (!a.host.member || *a.host.member == h.member);
}

/// Where a server of requests listens; null for what is none.
const endpoint* listening(const spec::app& a) {
  if (const auto* s = std::get_if<spec::echo_server>(&a.kind)) return &s->listen;
  if (const auto* s = std::get_if<spec::proxy>(&a.kind)) return &s->listen;
  return nullptr;
}

/// Whether a client's process on some member of `client` reaches `server` at that destination.
bool reaches(const spec::scenario& s, const spec::app& client, const endpoint& to,
             const spec::app& server) {
  const endpoint* at = listening(server);
  if (at == nullptr || at->port != to.port) return false;
  if (!at->address.is_any() && at->address != to.address) return false;
  if (to.address.is_loopback() || to.address.is_any()) return client.host.host == server.host.host;
  const auto owner = spec::owner_of(s, to.address);
  return owner && runs_on(server, *owner);
}

/// The destinations of a client and the size of its requests: nothing where they differ.
struct client_requests {
  const std::vector<endpoint>* to = nullptr;
  std::optional<std::uint64_t> size;
};

client_requests requests_of(const spec::app_kind& a) {
  if (const auto* k = std::get_if<spec::load>(&a)) return {&k->to, k->request};
  if (const auto* k = std::get_if<spec::pool>(&a)) return {&k->to, k->request};
  if (const auto* k = std::get_if<spec::proxy>(&a)) return {&k->upstream, std::nullopt};
  const auto* k = std::get_if<spec::echo_client>(&a);
  if (k == nullptr) return {};
  if (!k->message) return {&k->to, k->size};
  if (spec::is_template(*k->message)) return {&k->to, std::nullopt};
  return {&k->to, k->message->size()};
}

/// What an app is in the course of the run: at first, and after each of its changes.
std::vector<const spec::app_kind*> kinds_of(const spec::scenario& s, const spec::app& a) {
  std::vector<const spec::app_kind*> all{&a.kind};
  for (const auto& c : s.changes)
    for (const auto& what : c.what) {
      const auto* change = std::get_if<spec::app_change>(&what);
      if (change != nullptr && s.apps[change->app].name == a.name) all.push_back(&change->kind);
    }
  return all;
}

using app_list = std::vector<const spec::app*>;

bool seen(app_list& all, const spec::app& a) {
  if (std::find(all.begin(), all.end(), &a) != all.end()) return true;
  all.push_back(&a);
  return false;
}

/// What several apps have in common, if they do.
template <class T>
class common {
 public:
  void add(const std::optional<T>& one) {
    if (!one || (value_ && *value_ != *one)) differs_ = true;
    value_ = one;
  }
  [[nodiscard]] std::optional<T> value() const { return differs_ ? std::nullopt : value_; }

 private:
  std::optional<T> value_;
  bool differs_ = false;
};

/// The sizes of the requests that reach a server. A proxy sends what its own clients ask.
void collect_sizes(const spec::scenario& s, const spec::app& server, app_list& proxies,
                   common<std::uint64_t>& sizes) {
  for (const auto& client : s.apps) {
    const client_requests r = requests_of(client.kind);
    if (r.to == nullptr) continue;
    const bool talks = std::any_of(r.to->begin(), r.to->end(), [&](const endpoint& to) {
      return reaches(s, client, to, server);
    });
    if (!talks) continue;
    if (!std::holds_alternative<spec::proxy>(client.kind)) {
      for (const auto* kind : kinds_of(s, client)) {
        const auto size = requests_of(*kind).size;
        if (size != 0u) sizes.add(size);  // an empty request is none
      }
    } else if (!seen(proxies, client)) {
      collect_sizes(s, client, proxies, sizes);
    }
  }
}

std::uint32_t agreed_size(const spec::scenario& s, const spec::app& server) {
  app_list proxies;
  common<std::uint64_t> sizes;
  collect_sizes(s, server, proxies, sizes);
  const std::uint64_t agreed = sizes.value().value_or(0);
  const bool fits = agreed <= std::numeric_limits<std::uint32_t>::max();
  return agreed > one_segment && fits ? static_cast<std::uint32_t>(agreed) : 0;
}

/// How the servers reply that a client reaches there, through proxies too.
void collect_forms(const spec::scenario& s, const spec::app& client, const endpoint& to,
                   app_list& proxies, common<surroundings::reply_form>& forms) {
  for (const auto& each : s.apps) {
    if (!reaches(s, client, to, each)) continue;
    if (std::holds_alternative<spec::echo_server>(each.kind)) {
      for (const auto* kind : kinds_of(s, each)) {
        const auto& server = std::get<spec::echo_server>(*kind);
        forms.add(surroundings::reply_form{true, server.prefix.size(), server.reply});
      }
      return;
    }
    if (seen(proxies, each)) return;
    for (const auto& next : std::get<spec::proxy>(each.kind).upstream)
      collect_forms(s, each, next, proxies, forms);
    return;
  }
  forms.add(std::nullopt);  // nobody of this file, or a script
}

surroundings::reply_form reply_of(const spec::scenario& s, const spec::app& client,
                                  const endpoint& to) {
  app_list proxies;
  common<surroundings::reply_form> forms;
  collect_forms(s, client, to, proxies, forms);
  return forms.value().value_or(surroundings::reply_form{});
}

/// Whether a server sends back what it was sent, at some time of the run.
bool echoes(const spec::scenario& s, const spec::app& a) {
  const auto all = kinds_of(s, a);
  return std::any_of(all.begin(), all.end(), [](const spec::app_kind* kind) {
    const auto* server = std::get_if<spec::echo_server>(kind);
    return server == nullptr || !server->reply;
  });
}

bool somebody_reads(const spec::scenario& s) {
  return !s.script.empty() || std::any_of(s.apps.begin(), s.apps.end(), [](const spec::app& a) {
    const auto* client = std::get_if<spec::echo_client>(&a.kind);
    return client != nullptr && client->message.has_value();
  });
}

/// Whether the requests carry a number.
bool numbers_requests(const spec::udp_client& k) {
  return k.awaits_reply && k.size >= request_number::size;
}

/// The largest datagram of the file's applications; a script may send any.
std::size_t largest_datagram(const spec::scenario& s) {
  constexpr std::size_t any = 65536;
  if (!s.script.empty()) return any;
  std::uint64_t largest = 0;
  for (const auto& a : s.apps)
    for (const auto* kind : kinds_of(s, a)) {
      if (const auto* k = std::get_if<spec::udp_client>(kind)) largest = std::max(largest, k->size);
      if (const auto* k = std::get_if<spec::udp_server>(kind))
        largest = std::max(largest, k->reply.value_or(0));
    }
  return static_cast<std::size_t>(largest);
}

std::size_t datagram_room(const spec::scenario& s, const spec::app& a) {
  const auto numbers = [](const spec::app& each) {
    const auto* client = std::get_if<spec::udp_client>(&each.kind);
    return client != nullptr && numbers_requests(*client);
  };
  bool looks = numbers(a);
  if (std::holds_alternative<spec::udp_server>(a.kind))
    looks = !s.script.empty() || std::any_of(s.apps.begin(), s.apps.end(), numbers);
  return looks ? largest_datagram(s) : 0;
}

}  // namespace

surroundings look_around(const spec::scenario& s, const spec::app& a) {
  surroundings around;
  if (listening(a) != nullptr) {
    around.bytes_matter = somebody_reads(s) && echoes(s, a);
    around.request_size = agreed_size(s, a);
  }
  around.datagram_room = datagram_room(s, a);
  if (const auto* client = std::get_if<spec::echo_client>(&a.kind)) {
    for (const auto& to : client->to) around.replies.push_back(reply_of(s, a, to));
  }
  if (const auto* proxy = std::get_if<spec::proxy>(&a.kind)) {
    for (const auto& to : proxy->upstream) around.replies.push_back(reply_of(s, a, to));
  }
  return around;
}

}  // namespace fourtuple::apps
