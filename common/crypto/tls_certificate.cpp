// The transport's certificates: ECDSA P-256 under a root of their own, because gRPC 1.51 offers
// only that group (protocol §1). OpenSSL reads what is made here.
#include <botan/bigint.h>
#include <botan/data_src.h>
#include <botan/ec_group.h>
#include <botan/ecdsa.h>
#include <botan/pem.h>
#include <botan/pkcs8.h>
#include <botan/x509_ca.h>
#include <botan/x509_ext.h>
#include <botan/x509_key.h>

#include <algorithm>

#include "common/crypto/certificate.h"
#include "common/crypto/certificate_details.h"
#include "common/crypto/certificate_impl.h"
#include "common/crypto/certificate_pem.h"
#include "common/crypto/digest.h"
#include "common/crypto/guarded.h"
#include "common/crypto/signature_impl.h"
#include "common/crypto/tls_certificate_impl.h"

namespace set {

using Botan::Key_Constraints;
namespace ext = Botan::Cert_Extension;

namespace {

constexpr std::size_t kTlsSerialBits = 128;
constexpr std::size_t kMaxHostBytes = 253;

const Botan::OID kServerAuth{1, 3, 6, 1, 5, 5, 7, 3, 1};
const Botan::OID kClientAuth{1, 3, 6, 1, 5, 5, 7, 3, 2};

// A DNS name (an underscore is no host's, but container networks use it) or an IP address.
bool fits_host(std::string_view host) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._:").find(c) != std::string_view::npos;
  };
  return !host.empty() && host.size() <= kMaxHostBytes && std::ranges::all_of(host, fits);
}

Result<void> check_template(const TlsTemplate& contents) {
  CHECK_OR_FAIL(contents.not_before < contents.not_after, ErrorCode::invalid_argument,
                "a TLS certificate must end after it begins");
  for (const auto& name :
       {contents.organization, contents.organizational_unit, contents.common_name}) {
    CHECK_OR_FAIL(detail::fits_name(name), ErrorCode::invalid_argument,
                  "a name has more than 64 octets or control characters");
  }
  CHECK_OR_FAIL(!contents.organization.empty() || !contents.common_name.empty(),
                ErrorCode::invalid_argument, "a TLS certificate needs a name");
  for (const auto& host : contents.hosts) {
    CHECK_OR_FAIL(fits_host(host), ErrorCode::invalid_argument,
                  "a host is neither a DNS name nor an IP address");
  }
  return {};
}

Botan::X509_DN subject_name(const TlsTemplate& contents) {
  Botan::X509_DN name;
  if (!contents.organization.empty()) {
    name.add_attribute("X520.Organization", contents.organization);
  }
  if (!contents.organizational_unit.empty()) {
    name.add_attribute("X520.OrganizationalUnit", contents.organizational_unit);
  }
  if (!contents.common_name.empty()) name.add_attribute("X520.CommonName", contents.common_name);
  return name;
}

Botan::AlternativeName alternative_name(const std::vector<std::string>& hosts) {
  Botan::AlternativeName names;
  for (const auto& host : hosts) {
    if (const auto ipv4 = Botan::IPv4Address::from_string(host)) {
      names.add_ipv4_address(*ipv4);
    } else if (const auto ipv6 = Botan::IPv6Address::from_string(host)) {
      names.add_ipv6_address(*ipv6);
    } else if (host.find(':') == host.npos) {
      names.add_dns(host);
    } else {
      throw Botan::Invalid_Argument("neither a DNS name nor an IP address");
    }
  }
  return names;
}

std::vector<std::string> hosts_of(const Botan::AlternativeName& names) {
  std::vector<std::string> hosts(names.dns().begin(), names.dns().end());
  for (const auto address : names.ipv4_address()) {
    hosts.push_back(Botan::IPv4Address(address).to_string());
  }
  for (const auto& address : names.ipv6_address()) hosts.push_back(address.to_string());
  return hosts;
}

Botan::Extensions extensions_of(const TlsTemplate& contents, const Bytes& subject_key_id,
                                const Bytes& authority_key_id) {
  Botan::Extensions extensions;
  const auto path_limit =
      contents.is_ca ? std::optional<std::size_t>(0) : std::optional<std::size_t>();
  extensions.add(std::make_unique<ext::Basic_Constraints>(contents.is_ca, path_limit), true);
  const auto usage = contents.is_ca ? detail::constraints_of(KeyUse::certificate_signing)
                                    : Key_Constraints(Key_Constraints::DigitalSignature);
  extensions.add(std::make_unique<ext::Key_Usage>(usage), true);
  extensions.add(std::make_unique<ext::Subject_Key_ID>(subject_key_id));
  extensions.add(std::make_unique<ext::Authority_Key_ID>(authority_key_id));
  if (!contents.is_ca) {
    std::vector<Botan::OID> purposes;
    if (!contents.hosts.empty()) purposes.push_back(kServerAuth);
    purposes.push_back(kClientAuth);
    extensions.add(std::make_unique<ext::Extended_Key_Usage>(purposes));
  }
  if (!contents.hosts.empty()) {
    extensions.add(
        std::make_unique<ext::Subject_Alternative_Name>(alternative_name(contents.hosts)));
  }
  return extensions;
}

std::unique_ptr<Botan::Private_Key> load_private_key(const Secret<std::string>& pem) {
  return Botan::PKCS8::load_key(view_of(pem.reveal()));
}

/// The issuer's name and key identifier; the subject's own for the transport root.
struct TlsIssuer {
  Botan::X509_DN name;
  Bytes key_id;
};

Result<TlsIssuer> issuer_of(const TlsTemplate& contents, ByteView subject_public_key,
                            std::string_view issuer_pem, const Bytes& issuer_public_key) {
  if (issuer_pem.empty()) {
    CHECK_OR_FAIL(equal(subject_public_key, issuer_public_key), ErrorCode::invalid_argument,
                  "a self-signed TLS certificate is signed by its own key");
    return TlsIssuer{subject_name(contents), detail::key_id(subject_public_key)};
  }
  const auto issuer = TRY(detail::parse_tls_certificate(issuer_pem));
  CHECK_OR_FAIL(issuer.is_CA_cert() && equal(issuer.subject_public_key_info(), issuer_public_key),
                ErrorCode::invalid_argument,
                "the issuer's TLS certificate is no CA's or not of the issuer's key");
  return TlsIssuer{issuer.subject_dn(), issuer.subject_key_id()};
}

Result<std::string> sign(const TlsTemplate& contents, ByteView subject_public_key,
                         std::string_view issuer_pem, const Secret<std::string>& issuer_key_pem,
                         Rng& rng) {
  const auto key = load_private_key(issuer_key_pem);
  CHECK_OR_FAIL(
      detail::is_p256(*key) && detail::is_p256(*Botan::X509::load_key(subject_public_key)),
      ErrorCode::invalid_argument, "a TLS key is not an ECDSA key on P-256");
  const auto issuer =
      TRY(issuer_of(contents, subject_public_key, issuer_pem, key->subject_public_key()));

  const auto extensions =
      extensions_of(contents, detail::key_id(subject_public_key), issuer.key_id);
  const Botan::BigInt serial(rng.botan(), kTlsSerialBits);
  Botan::PK_Signer signer(*key, rng.botan(), "SHA-256", Botan::Signature_Format::DerSequence);
  return Botan::X509_CA::make_cert(signer, rng.botan(), serial, signer.algorithm_identifier(),
                                   bytes_of(subject_public_key),
                                   detail::to_x509_time(contents.not_before),
                                   detail::to_x509_time(contents.not_after), issuer.name,
                                   subject_name(contents), extensions)
      .PEM_encode();
}

/// As the SET root's own certificates, but limited to TLS: nothing in SET takes it for a SET CA.
Botan::Extensions cross_extensions(const Botan::X509_Certificate& transport_root,
                                   const Botan::X509_Certificate& root) {
  Botan::Extensions extensions;
  extensions.add(std::make_unique<ext::Basic_Constraints>(true, std::optional<std::size_t>(0)),
                 true);
  extensions.add(
      std::make_unique<ext::Key_Usage>(detail::constraints_of(KeyUse::certificate_signing)), true);
  extensions.add(std::make_unique<ext::Subject_Key_ID>(transport_root.subject_key_id()));
  extensions.add(std::make_unique<ext::Authority_Key_ID>(root.subject_key_id()));
  extensions.add(std::make_unique<ext::Extended_Key_Usage>(std::vector{kServerAuth, kClientAuth}));
  return extensions;
}

}  // namespace

namespace detail {

bool is_p256(const Botan::Public_Key& key) {
  const auto* ecdsa = dynamic_cast<const Botan::ECDSA_PublicKey*>(&key);
  return ecdsa != nullptr && ecdsa->domain() == Botan::EC_Group::from_name("secp256r1");
}

Result<Botan::X509_Certificate> parse_tls_certificate(std::string_view pem) {
  return guarded(ErrorCode::decoding_failure, "not an X.509 certificate in PEM",
                 [&] { return Botan::X509_Certificate(view_of(pem)); });
}

}  // namespace detail

std::string certificate_pem(ByteView der) {
  return infallible([&] { return Botan::PEM_Code::encode(der.data(), der.size(), "CERTIFICATE"); });
}

TlsKey TlsKey::generate(Rng& rng) {
  return infallible([&] {
    const Botan::ECDSA_PrivateKey key(rng.botan(), Botan::EC_Group::from_name("secp256r1"));
    return TlsKey{Secret<std::string>(Botan::PKCS8::PEM_encode(key)), key.subject_public_key()};
  });
}

Result<std::string> issue_tls_certificate(const TlsTemplate& contents, ByteView subject_public_key,
                                          std::string_view issuer_pem,
                                          const Secret<std::string>& issuer_key_pem, Rng& rng) {
  TRY(check_template(contents));
  return guarded(
      ErrorCode::invalid_argument, "the TLS certificate's contents cannot be encoded",
      [&] { return sign(contents, subject_public_key, issuer_pem, issuer_key_pem, rng); });
}

Result<Bytes> cross_certify_transport_root(std::string_view transport_root_pem,
                                           const Certificate& root, const Signer& root_key,
                                           Instant not_before, Instant not_after, Rng& rng) {
  const auto transport_root = TRY(detail::parse_tls_certificate(transport_root_pem));
  CHECK_OR_FAIL(root.has_role(Role::rca) && equal(root.public_key(), root_key.public_key()),
                ErrorCode::invalid_argument, "only the SET root cross-certifies, with its own key");
  CHECK_OR_FAIL(transport_root.is_self_signed() && transport_root.is_CA_cert(),
                ErrorCode::invalid_argument, "the transport root is no self-signed CA");
  CHECK_OR_FAIL(not_before < not_after, ErrorCode::invalid_argument,
                "a certificate must end after it begins");
  return guarded(ErrorCode::internal, "the transport root could not be certified", [&] {
    const auto& issuer = root.impl().x509;
    const auto extensions = cross_extensions(transport_root, issuer);
    const auto& subject = transport_root.subject_dn();
    const auto& subject_public_key = transport_root.subject_public_key_info();
    return detail::sign_certificate({issuer.subject_dn(), subject, not_before, not_after,
                                     subject_public_key, extensions},
                                    root_key, rng);
  });
}

Result<TlsDetails> tls_details_of(ByteView der) {
  return guarded(ErrorCode::decoding_failure, "a TLS certificate is malformed", [&] {
    const Botan::X509_Certificate x509(bytes_of(der));
    const auto& name = x509.subject_dn();
    const TlsTemplate contents{
        .organization = name.get_first_attribute("X520.Organization"),
        .organizational_unit = name.get_first_attribute("X520.OrganizationalUnit"),
        .common_name = name.get_first_attribute("X520.CommonName"),
        .hosts = hosts_of(x509.subject_alt_name()),
        .is_ca = x509.is_CA_cert(),
        .not_before = detail::from_x509_time(x509.not_before()),
        .not_after = detail::from_x509_time(x509.not_after()),
    };
    const auto& key = x509.subject_public_key_info();
    return TlsDetails{contents, Bytes(key.begin(), key.end()), thumbprint_of(der)};
  });
}

Result<TlsCertificateFacts> tls_certificate_facts(std::string_view pem) {
  const auto x509 = TRY(detail::parse_tls_certificate(pem));
  return guarded(ErrorCode::decoding_failure, "a TLS certificate is malformed", [&] {
    const auto& name = x509.subject_dn();
    return TlsCertificateFacts{
        .organization = name.get_first_attribute("X520.Organization"),
        .organizational_unit = name.get_first_attribute("X520.OrganizationalUnit"),
        .common_name = name.get_first_attribute("X520.CommonName"),
        .not_before = detail::from_x509_time(x509.not_before()),
        .not_after = detail::from_x509_time(x509.not_after()),
        .fingerprint_hex = thumbprint_of(x509.BER_encode()).hex(),
        .hosts = hosts_of(x509.subject_alt_name()),
    };
  });
}

}  // namespace set
