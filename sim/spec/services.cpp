#include "sim/spec/services.h"

#include <array>

namespace fourtuple::spec {
namespace {

// Names: the IANA Service Name and Transport Protocol Port Number Registry; those that
// /etc/services of Debian spells otherwise (mysql's 3306, postgresql's 5432) are the same in both.
// 3000, 8000 and 8888 are habits, not registrations: no name for ss.
constexpr std::array table_rows{
    service{20, "ftp-data", "FTP data", "tcp"},
    service{21, "ftp", "FTP control", "tcp"},
    service{22, "ssh", "SSH", "tcp"},
    service{23, "telnet", "Telnet", "tcp"},
    service{25, "smtp", "SMTP", "tcp"},
    service{53, "domain", "DNS", "tcp, udp"},
    service{67, "bootps", "DHCP server", "udp"},
    service{68, "bootpc", "DHCP client", "udp"},
    service{69, "tftp", "TFTP", "udp"},
    service{80, "http", "HTTP", "tcp"},
    service{110, "pop3", "POP3", "tcp"},
    service{111, "sunrpc", "RPC port mapper", "tcp, udp"},
    service{123, "ntp", "NTP", "udp"},
    service{135, "epmap", "DCE endpoint mapper", "tcp"},
    service{137, "netbios-ns", "NetBIOS names", "udp"},
    service{139, "netbios-ssn", "NetBIOS sessions", "tcp"},
    service{143, "imap2", "IMAP", "tcp"},
    service{161, "snmp", "SNMP", "udp"},
    service{179, "bgp", "BGP", "tcp"},
    service{389, "ldap", "LDAP", "tcp, udp"},
    service{443, "https", "HTTPS", "tcp, udp"},
    service{445, "microsoft-ds", "SMB", "tcp"},
    service{465, "submissions", "SMTP over TLS", "tcp"},
    service{514, "syslog", "syslog", "udp"},
    service{587, "submission", "SMTP submission", "tcp"},
    service{636, "ldaps", "LDAP over TLS", "tcp"},
    service{853, "domain-s", "DNS over TLS", "tcp"},
    service{993, "imaps", "IMAP over TLS", "tcp"},
    service{995, "pop3s", "POP3 over TLS", "tcp"},
    service{1433, "ms-sql-s", "SQL Server", "tcp"},
    service{1521, "", "Oracle listener", "tcp"},
    service{1883, "", "MQTT", "tcp"},
    service{2049, "nfs", "NFS", "tcp"},
    service{2379, "", "etcd", "tcp"},
    service{3000, "", "development servers", "tcp"},
    service{3306, "mysql", "MySQL", "tcp"},
    service{3389, "ms-wbt-server", "RDP", "tcp"},
    service{5000, "", "development servers", "tcp"},
    service{5432, "postgresql", "PostgreSQL", "tcp"},
    service{5672, "amqp", "AMQP", "tcp"},
    service{5900, "", "VNC", "tcp"},
    service{6379, "redis", "Redis", "tcp"},
    service{6443, "", "Kubernetes API", "tcp"},
    service{8000, "", "HTTP, alternative", "tcp"},
    service{8080, "http-alt", "HTTP, alternative", "tcp"},
    service{8443, "", "HTTPS, alternative", "tcp"},
    service{8888, "", "HTTP, alternative", "tcp"},
    service{9092, "", "Kafka", "tcp"},
    service{9200, "", "Elasticsearch", "tcp"},
    service{11211, "", "memcached", "tcp, udp"},
    service{27017, "", "MongoDB", "tcp"},
};

}  // namespace

std::span<const service> services() { return table_rows; }

const service* find_service(std::uint16_t port) {
  for (const auto& row : table_rows) {
    if (row.port == port) return &row;
  }
  return nullptr;
}

bool runs_over(const service& s, transport over) {
  return s.transports.find(over == transport::tcp ? "tcp" : "udp") != std::string_view::npos;
}

const service* find_service(std::uint16_t port, transport over) {
  const service* known = find_service(port);
  return known != nullptr && runs_over(*known, over) ? known : nullptr;
}

std::optional<std::uint16_t> service_port(std::string_view name) {
  for (const auto& row : table_rows) {
    if (!name.empty() && row.name == name) return row.port;
  }
  return std::nullopt;
}

}  // namespace fourtuple::spec
