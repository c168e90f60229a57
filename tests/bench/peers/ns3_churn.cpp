// The work of echo_connection.yaml on ns-3: one client opens connections at a steady rate, each sends
// 64 bytes, gets them back and closes first. Prints connections per CPU second of the run itself.
// TIME-WAIT is cut to 0.1 s: with ns-3's own 240 s the cost per connection grows with their number.
//
//   ns3_churn CONNECTIONS RATE
#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"

namespace {

constexpr std::uint16_t port = 80;
constexpr std::uint32_t request = 64;

struct run {
  ns3::Ptr<ns3::Node> client;
  ns3::Address server;
  std::uint64_t left = 0;
  std::uint64_t completed = 0;
  ns3::Time period;
};

double cpu_seconds() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(u.ru_utime) + seconds(u.ru_stime);
}

void echo(ns3::Ptr<ns3::Socket> s) {
  while (ns3::Ptr<ns3::Packet> p = s->Recv()) {
    if (p->GetSize() == 0) return;
    s->Send(p);
  }
}

void accepted(ns3::Ptr<ns3::Socket> s, const ns3::Address&) {
  s->SetRecvCallback(ns3::MakeCallback(&echo));
  s->SetCloseCallbacks(
      ns3::Callback<void, ns3::Ptr<ns3::Socket>>([](ns3::Ptr<ns3::Socket> peer) { peer->Close(); }),
      ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
}

void answered(run* r, ns3::Ptr<ns3::Socket> s) {
  std::uint32_t bytes = 0;
  while (ns3::Ptr<ns3::Packet> p = s->Recv()) {
    if (p->GetSize() == 0) break;
    bytes += p->GetSize();
  }
  if (bytes == 0) return;
  ++r->completed;
  s->Close();
}

void open_one(run* r) {
  if (r->left == 0) return;
  --r->left;
  ns3::Simulator::Schedule(r->period, &open_one, r);
  auto s = ns3::Socket::CreateSocket(r->client, ns3::TcpSocketFactory::GetTypeId());
  s->SetConnectCallback(
      ns3::Callback<void, ns3::Ptr<ns3::Socket>>(
          [](ns3::Ptr<ns3::Socket> up) { up->Send(ns3::Create<ns3::Packet>(request)); }),
      ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
  s->SetRecvCallback(ns3::MakeBoundCallback(&answered, r));
  s->Connect(r->server);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  ns3::Config::SetDefault("ns3::TcpSocketBase::MaxSegLifetime", ns3::DoubleValue(0.05));
  ns3::NodeContainer nodes;
  nodes.Create(2);
  ns3::InternetStackHelper stack;
  stack.SetIpv6StackInstall(false);
  stack.Install(nodes);
  ns3::PointToPointHelper link;
  link.SetDeviceAttribute("DataRate", ns3::StringValue("1Gbps"));
  link.SetChannelAttribute("Delay", ns3::StringValue("1ms"));
  ns3::Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.0");
  const auto interfaces = addresses.Assign(link.Install(nodes));

  auto listener = ns3::Socket::CreateSocket(nodes.Get(1), ns3::TcpSocketFactory::GetTypeId());
  listener->Bind(ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), port));
  listener->Listen();
  listener->SetAcceptCallback(
      ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
      ns3::MakeCallback(&accepted));

  run r;
  r.client = nodes.Get(0);
  r.server = ns3::InetSocketAddress(interfaces.GetAddress(1), port);
  r.left = std::strtoull(argv[1], nullptr, 10);
  r.period = ns3::Seconds(1.0 / std::atof(argv[2]));
  ns3::Simulator::ScheduleNow(&open_one, &r);
  const double before = cpu_seconds();
  ns3::Simulator::Run();
  const double spent = cpu_seconds() - before;
  std::printf("%llu %.6f\n", static_cast<unsigned long long>(r.completed), spent);
  return 0;
}
