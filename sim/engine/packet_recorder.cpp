#include "sim/engine/packet_recorder.h"

#include <algorithm>

namespace fourtuple::engine {
namespace {

struct icmp_kind {
  std::uint8_t type;
  std::uint8_t code;
};

/// icmp_err_convert[] (net/ipv4/icmp.c) read backwards; ICMPv6 by RFC 4443 3.1.
icmp_kind kind_of(errc e, family f) {
  const bool v4 = f == family::inet;
  switch (e) {
    case errc::enetunreach:
      return v4 ? icmp_kind{3, 0} : icmp_kind{1, 0};
    case errc::enoprotoopt:
      return v4 ? icmp_kind{3, 2} : icmp_kind{4, 1};
    case errc::econnrefused:
      return v4 ? icmp_kind{3, 3} : icmp_kind{1, 4};
    case errc::emsgsize:
      return v4 ? icmp_kind{3, 4} : icmp_kind{2, 0};
    case errc::eacces:
      return v4 ? icmp_kind{3, 13} : icmp_kind{1, 1};
    default:
      return v4 ? icmp_kind{3, 1} : icmp_kind{1, 3};
  }
}

}  // namespace

void packet_recorder::sent(const wire::packet& p, std::uint32_t record, std::uint32_t from,
                           std::uint32_t to) {
  if (record >= places_.size()) places_.resize(record + 1);
  places_[record] = 0;
  observe::packet_record r{shared_.now, log_.next_order++, names_[from],
                           names_[to],  std::nullopt,      frame_of(p)};
  if (!log_.wants(r)) return;
  if (log_.packets.size() >= log_.most) {
    ++log_.left_out;
    return;
  }
  log_.packets.push_back(std::move(r));
  places_[record] = log_.packets.size();
}

void packet_recorder::arrived(std::uint32_t record) {
  if (record >= places_.size() || places_[record] == 0) return;
  log_.packets[places_[record] - 1].arrived_at = shared_.now;
}

std::string packet_recorder::bytes(std::uint32_t payload, std::uint32_t length) const {
  std::string all(payload != 0 ? shared_.payloads.at(payload) : std::string_view{});
  all.resize(length, 'x');  // counted bytes: what the real kernel is sent for them
  return all;
}

wire::frame packet_recorder::frame_of(const wire::packet& p) const {
  wire::frame f;
  if (const auto* s = std::get_if<wire::segment>(&p)) {
    f.source = name(s->tuple.local, s->tuple.local_port);
    f.destination = name(s->tuple.remote, s->tuple.remote_port);
    f.what = *s;
    f.payload = bytes(s->payload, s->length);
  } else if (const auto* d = std::get_if<wire::datagram>(&p)) {
    f.source = name(d->tuple.local, d->tuple.local_port);
    f.destination = name(d->tuple.remote, d->tuple.remote_port);
    f.what = wire::udp_header{};
    f.payload = bytes(d->payload, d->length);
  } else {
    const auto& e = std::get<wire::icmp_error>(p);
    f.source = name(e.from, 0);
    f.destination = name(e.about.local, 0);
    const icmp_kind kind = kind_of(e.error, f.source.address.family);
    f.what = wire::icmp_message{.type = kind.type,
                                .code = kind.code,
                                .about_tcp = e.protocol == wire::protocol::tcp,
                                .quoted_source = name(e.about.local, e.about.local_port),
                                .quoted_destination = name(e.about.remote, e.about.remote_port),
                                .quoted_seq = e.quoted_seq};
  }
  return f;
}

}  // namespace fourtuple::engine
