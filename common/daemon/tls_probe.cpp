#include "common/daemon/tls_probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/crypto/certificate.h"
#include "common/daemon/openssl_types.h"
#include "common/daemon/patience.h"
#include "common/daemon/server.h"

namespace set {
namespace {

using namespace openssl;

constexpr Duration kPatience = std::chrono::seconds(5);
constexpr std::size_t kMaxNames = 32;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

using Addresses = std::unique_ptr<addrinfo, Free<freeaddrinfo>>;

bool is_ip(const std::string& host) {
  unsigned char octets[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, host.c_str(), octets) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), octets) == 1;
}

Result<Addresses> resolve(const ListenAddress& address) {
  addrinfo wanted = {};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const auto port = std::to_string(address.port);
  const int failed = ::getaddrinfo(address.host.c_str(), port.c_str(), &wanted, &found);
  CHECK_OR_FAIL(failed == 0, ErrorCode::peer_unavailable,
                "there is no host name " + address.host + " (" + ::gai_strerror(failed) + ")");
  return Addresses(found);
}

// 0, or why not.
int connect_patiently(int fd, const addrinfo& to) {
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  if (::connect(fd, to.ai_addr, to.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd wait = {.fd = fd, .events = POLLOUT, .revents = 0};
  if (::poll(&wait, 1, static_cast<int>(waiting_time(kPatience).count())) != 1) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

// As gRPC does: the first of the name's addresses that takes the connection.
Result<std::unique_ptr<Socket>> connect_to(const addrinfo* addresses, const std::string& name) {
  int error = EHOSTUNREACH;
  for (const auto* to = addresses; to != nullptr; to = to->ai_next) {
    auto socket = std::make_unique<Socket>(
        ::socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, to->ai_protocol));
    error = connect_patiently(socket->fd(), *to);
    if (error != 0) continue;
    ::fcntl(socket->fd(), F_SETFL, 0);
    // Zero would be: for ever.
    const auto millis = std::max(waiting_time(kPatience), Duration(1)).count();
    const timeval patience = {.tv_sec = millis / 1000, .tv_usec = millis % 1000 * 1000};
    ::setsockopt(socket->fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return socket;
  }
  if (error == ECONNREFUSED) {
    return failure(ErrorCode::peer_unavailable, "nothing listens on " + name);
  }
  return failure(ErrorCode::peer_unavailable,
                 "no connection to " + name + ": " + std::strerror(error));
}

void show_certificate(SSL_CTX* context, const TlsIdentity& own) {
  const auto chain = certificates_of(own.chain_pem);
  const Bio bio = bio_of(own.private_key_pem.reveal());
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (chain.empty() || key == nullptr) return;  // the own identity's check says so
  SSL_CTX_use_certificate(context, chain.front().get());
  SSL_CTX_use_PrivateKey(context, key.get());
  for (std::size_t i = 1; i < chain.size(); ++i) SSL_CTX_add1_chain_cert(context, chain[i].get());
}

// A handshake with exactly this version; null if none came about. The certificates are looked at
// afterwards, one question at a time.
Connection handshake(int fd, int version, const std::string& host, const TlsIdentity* own) {
  const Context context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), version);
  SSL_CTX_set_max_proto_version(context.get(), version);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof kHttp2);
  if (own != nullptr) show_certificate(context.get(), *own);
  Connection connection(SSL_new(context.get()));
  SSL_set_fd(connection.get(), fd);
  if (!is_ip(host)) {  // SSL_set_tlsext_host_name, whose macro casts as C does
    std::string name = host;
    SSL_ctrl(connection.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             name.data());
  }
  return SSL_connect(connection.get()) == 1 ? std::move(connection) : nullptr;
}

std::string pem_of(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string chain_of(SSL* connection) {
  std::string pem;
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(connection);
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    pem += pem_of(sk_X509_value(chain, i));
  }
  return pem;
}

std::string text_of(const GENERAL_NAME& name) {
  char text[INET6_ADDRSTRLEN] = {};
  if (name.type == GEN_DNS) {
    const auto* octets = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name.d.dNSName));
    return {octets, static_cast<std::size_t>(ASN1_STRING_length(name.d.dNSName))};
  }
  if (name.type == GEN_IPADD) {
    const int family = ASN1_STRING_length(name.d.iPAddress) == 4 ? AF_INET : AF_INET6;
    ::inet_ntop(family, ASN1_STRING_get0_data(name.d.iPAddress), text, sizeof text);
  }
  return text;
}

std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> out;
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names) && out.size() < kMaxNames; ++i) {
    out.push_back(text_of(*sk_GENERAL_NAME_value(names, i)));
  }
  GENERAL_NAMES_free(names);
  return out;
}

bool is_for(X509* certificate, const std::string& host) {
  return is_ip(host) ? X509_check_ip_asc(certificate, host.c_str(), 0) == 1
                     : X509_check_host(certificate, host.data(), host.size(), 0, nullptr) == 1;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out.empty() ? "no host at all" : out;
}

TlsProbe failed(TlsProbe probe, ErrorCode code, std::string detail, std::string fix) {
  probe.failed = Error{code, std::move(detail)};
  probe.fix = std::move(fix);
  return probe;
}

TlsProbe judge_certificate(TlsProbe probe, const std::string& host, const std::string& root_pem,
                           Instant now) {
  const auto chain = certificates_of(probe.chain_pem);
  const auto facts = tls_certificate_facts(probe.chain_pem);
  if (chain.empty() || !facts) {
    return failed(std::move(probe), ErrorCode::invalid_certificate,
                  "its TLS certificate cannot be read", "is it a SET/2 server?");
  }
  probe.names = names_of(chain.front().get());
  if (!leads_to(chain, certificates_of(root_pem))) {
    return failed(std::move(probe), ErrorCode::invalid_certificate,
                  "its TLS certificate was not issued under our transport root",
                  "compare the root fingerprints of both sides: they must be of one CA; the other "
                  "side may have to enrol again");
  }
  if (now < facts->not_before) {
    return failed(std::move(probe), ErrorCode::expired_certificate,
                  "its TLS certificate is valid only from " + to_string(facts->not_before) + " on",
                  "compare both clocks with the right time");
  }
  if (facts->not_after < now) {
    return failed(std::move(probe), ErrorCode::expired_certificate,
                  "its TLS certificate expired on " + to_string(facts->not_after),
                  "it must be renewed there; if it was, compare both clocks");
  }
  if (!is_for(chain.front().get(), host)) {
    auto detail = "its TLS certificate is for " + joined(probe.names) + ", not for " + host;
    return failed(std::move(probe), ErrorCode::invalid_certificate, std::move(detail),
                  "connect by one of these names, or enrol the other side with --host " + host);
  }
  return probe;
}

}  // namespace

TlsProbe probe_tls(const std::string& address, const std::string& transport_root_pem,
                   const TlsIdentity* own, Instant now) {
  TlsProbe probe;
  const auto parsed = ListenAddress::parse(address);
  if (!parsed || parsed->is_unix()) {
    return failed(std::move(probe), ErrorCode::invalid_argument,
                  address + " is no address: write host:port", "correct the address");
  }
  const auto& host = parsed->host;
  const auto addresses = resolve(*parsed);
  if (!addresses) {
    return failed(std::move(probe), addresses.error().code, addresses.error().detail,
                  "is the name spelt right, does DNS or /etc/hosts know it?");
  }
  const auto socket = connect_to(addresses->get(), address);
  if (!socket) {
    return failed(std::move(probe), socket.error().code, socket.error().detail,
                  "is it running, is the port right, does a firewall stand between?");
  }
  const auto connection = handshake((*socket)->fd(), TLS1_3_VERSION, host, own);
  if (connection == nullptr) {
    const auto again = connect_to(addresses->get(), address);
    const bool older = again && handshake((*again)->fd(), TLS1_2_VERSION, host, nullptr) != nullptr;
    return older ? failed(std::move(probe), ErrorCode::peer_unavailable,
                          "it speaks TLS 1.2 but not TLS 1.3",
                          "no SET/2 server does that: is the port right, does a proxy stand before "
                          "it that ends TLS?")
                 : failed(std::move(probe), ErrorCode::peer_unavailable,
                          "no TLS 1.3 connection came about",
                          "is it a SET/2 port? The CA's trust file is on another port than its "
                          "registration");
  }
  probe.version = SSL_get_version(connection.get());
  probe.cipher = SSL_get_cipher_name(connection.get());
  probe.chain_pem = chain_of(connection.get());
  return judge_certificate(std::move(probe), host, transport_root_pem, now);
}

}  // namespace set
