// TLS for gRPC: TLS 1.3 only, ECDSA P-256 certificates under the transport root (protocol §1).
// Credentials may be shared by threads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <grpcpp/channel.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include "common/base/current.h"
#include "common/base/secret.h"
#include "common/base/time.h"
#include "common/message/party.h"

namespace set {

/// A daemon's transport certificate and key, and the transport root it trusts. PEM texts.
struct TlsIdentity {
  std::string chain_pem;                ///< leaf first, then its issuers
  Secret<std::string> private_key_pem;  ///< PKCS#8
  std::string root_pem;
};

/// Before the first use of TLS in the process, and before threads; run() calls it, tests do it in
/// main. gRPC 1.51 cannot set a minimum version, but with ECDSA certificates and no ECDSA cipher
/// suite of TLS 1.2 nothing older than 1.3 can be agreed on.
void require_tls13();

/// bad_config with a sentence unless the key fits the leaf and the chain leads to the root;
/// expired_certificate if a date does not fit.
Result<void> check_tls_identity(const TlsIdentity& identity, Instant now);

enum class ClientCertificate {
  required,  ///< merchant, gateway, CA among themselves
  optional,  ///< wallets and registration show none; one that is shown must be of our transport root
};

/// Who calls under these is held to access.h, by every server and every method.
/// gRPC copies the key into memory that nobody wipes; hence it lives 7 days.
std::shared_ptr<grpc::ServerCredentials> server_credentials(const TlsIdentity& identity,
                                                            ClientCertificate client);

/// The same of an identity that changes while we serve: asked for at every handshake, so that a new
/// certificate is shown from the next connection on, and the open ones stay.
std::shared_ptr<grpc::ServerCredentials> server_credentials(Current<const TlsIdentity> identity,
                                                            ClientCertificate client);

/// Trusts only this transport root.
std::shared_ptr<grpc::ChannelCredentials> channel_credentials(
    const std::string& transport_root_pem);
/// The same and shows the own certificate.
std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const TlsIdentity& identity);

/// A channel as make_channel()'s that shows the certificate of the moment: made anew when that has
/// changed. Calls on an older one end as they would.
Current<grpc::Channel> live_channel(std::string target, Current<const TlsIdentity> identity);

/// Connects to an own port with OpenSSL: TLS 1.2 at most must fail, TLS 1.3 must work. bad_config
/// otherwise; a server that cannot prove it does not start. `address` is "host:port".
Result<void> prove_tls13_only(const std::string& address);

/// Whom a TLS certificate (PEM, leaf first) names. permission_denied if it names no role of ours.
Result<PartyName> party_of_tls(std::string_view pem);
/// Whom the TLS certificate at the other end of a call names; none if it showed none or there is no
/// TLS. permission_denied for a certificate that names no role of ours.
Result<std::optional<PartyName>> tls_party(const grpc::AuthContext& context);

}  // namespace set
