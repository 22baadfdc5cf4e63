#include "common/daemon/tls.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <cstdlib>
#include <vector>

#include <grpc/grpc_security_constants.h>

#include "common/crypto/certificate.h"
#include "common/daemon/openssl_types.h"

namespace set {
namespace {

using namespace openssl;

// One handshake with the server at `address`, offering at most this version: what was agreed on, or
// 0 if nothing was.
int agreed_version(const std::string& address, int max_version) {
  const Context context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_max_proto_version(context.get(), max_version);
  // Offer everything that OpenSSL knows: the refusal must be the server's.
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_cipher_list(context.get(), "ALL");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof kHttp2);

  BIO* tcp = BIO_new_connect(address.c_str());
  const Connection connection(SSL_new(context.get()));
  SSL_set_bio(connection.get(), tcp, tcp);
  if (BIO_do_connect(tcp) != 1) return 0;
  int fd = -1;
  BIO_get_fd(tcp, &fd);
  const timeval patience = {.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const bool agreed = SSL_connect(connection.get()) == 1;
  return agreed ? SSL_version(connection.get()) : 0;
}

}  // namespace

void require_tls13() {
  // gRPC reads these at its first use of TLS. The only cipher suite left for TLS 1.2 needs an RSA
  // certificate, which we do not have; TLS 1.3 has suites of its own.
  ::setenv("GRPC_SSL_CIPHER_SUITES", "ECDHE-RSA-AES256-GCM-SHA384", 1);
  // Its own lines on standard error are not ours (log.h); an operator may ask for them.
  ::setenv("GRPC_VERBOSITY", "NONE", 0);
}

Result<void> check_tls_identity(const TlsIdentity& identity, Instant now) {
  const auto chain = certificates_of(identity.chain_pem);
  const auto roots = certificates_of(identity.root_pem);
  CHECK_OR_FAIL(!chain.empty(), ErrorCode::bad_config, "the TLS certificate is not PEM");
  CHECK_OR_FAIL(!roots.empty(), ErrorCode::bad_config, "the transport root is not PEM");
  const Bio key_bio = bio_of(identity.private_key_pem.reveal());
  const Key key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
  CHECK_OR_FAIL(key != nullptr && X509_check_private_key(chain.front().get(), key.get()) == 1,
                ErrorCode::bad_config, "the TLS key does not belong to the TLS certificate");
  CHECK_OR_FAIL(leads_to(chain, roots), ErrorCode::bad_config,
                "the TLS certificate was not issued under this transport root");
  const auto facts = TRY(tls_certificate_facts(identity.chain_pem));
  CHECK_OR_FAIL(facts.not_before <= now, ErrorCode::expired_certificate,
                "the TLS certificate is valid from " + to_string(facts.not_before) +
                    " on: is this computer's clock right?");
  CHECK_OR_FAIL(now <= facts.not_after, ErrorCode::expired_certificate,
                "the TLS certificate expired on " + to_string(facts.not_after) + ": renew it");
  return {};
}

std::shared_ptr<grpc::ServerCredentials> server_credentials(const TlsIdentity& identity,
                                                            ClientCertificate client) {
  const auto same = std::make_shared<const TlsIdentity>(
      TlsIdentity{identity.chain_pem, Secret<std::string>(identity.private_key_pem.reveal()),
                  identity.root_pem});
  return server_credentials(Current<const TlsIdentity>([same] { return same; }), client);
}

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(
    const std::string& transport_root_pem) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = transport_root_pem;
  return grpc::SslCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const TlsIdentity& identity) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = identity.root_pem;
  options.pem_private_key = identity.private_key_pem.reveal();
  options.pem_cert_chain = identity.chain_pem;
  return grpc::SslCredentials(options);
}

Result<void> prove_tls13_only(const std::string& address) {
  CHECK_OR_FAIL(agreed_version(address, TLS1_3_VERSION) == TLS1_3_VERSION, ErrorCode::bad_config,
                "this server does not speak TLS 1.3 on " + address + ": is its certificate ECDSA?");
  CHECK_OR_FAIL(agreed_version(address, TLS1_2_VERSION) == 0, ErrorCode::bad_config,
                "this server would speak TLS 1.2 on " + address +
                    ": its TLS certificate must be ECDSA, and nothing may use TLS before run()");
  return {};
}

Result<PartyName> party_of_tls(std::string_view pem) {
  const auto facts = TRY(tls_certificate_facts(pem));
  const auto role = party_role(facts.organizational_unit);
  CHECK_OR_FAIL(role, ErrorCode::permission_denied,
                "the TLS certificate is not of a merchant, gateway or CA");
  return PartyName{*role, facts.organization, facts.common_name};
}

Result<std::optional<PartyName>> tls_party(const grpc::AuthContext& context) {
  const auto certificates = context.FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (certificates.empty()) return std::nullopt;
  CHECK_OR_FAIL(context.IsPeerAuthenticated(), ErrorCode::permission_denied,
                "the other side's TLS certificate was not verified");
  const auto& pem = certificates.front();
  return TRY(party_of_tls({pem.data(), pem.size()}));
}

}  // namespace set
