#include "common/crypto/certificate.h"

#include <botan/hash.h>
#include <botan/x509_ext.h>

#include <algorithm>
#include <utility>

#include "common/base/assert.h"
#include "common/crypto/certificate_impl.h"
#include "common/crypto/digest.h"
#include "common/crypto/guarded.h"
#include "common/crypto/kem.h"
#include "common/crypto/set_extensions.h"
#include "common/crypto/signature_impl.h"
#include "common/crypto/suite.h"

namespace set {

using Botan::Key_Constraints;
namespace ext = Botan::Cert_Extension;

namespace {

// An ML-DSA-87 key and signature are 7.2 kB; the rest of a certificate is under 2 kB.
constexpr std::size_t kMaxCertificateBytes = 16 * 1024;

auto invalid(const char* sentence) { return failure(ErrorCode::invalid_certificate, sentence); }

bool is_operating_ca(Role role) {
  return role == Role::cca || role == Role::mca || role == Role::pca;
}

bool is_end_entity(Role role) {
  return role == Role::cardholder || role == Role::merchant || role == Role::gateway;
}

bool only(const std::vector<Role>& roles, Role role) {
  return roles.size() == 1 && roles.front() == role;
}

Result<void> check_frame(const Botan::X509_Certificate& x509) {
  CHECK_OR_FAIL(x509.x509_version() == 3, ErrorCode::invalid_certificate,
                "the certificate is not of version 3");
  CHECK_OR_FAIL(x509.v2_issuer_key_id().empty() && x509.v2_subject_key_id().empty(),
                ErrorCode::invalid_certificate, "the certificate has unique identifiers");
  const auto& serial = x509.serial_number();
  const bool is_zero = std::ranges::all_of(serial, [](std::uint8_t octet) { return octet == 0; });
  CHECK_OR_FAIL(!x509.is_serial_negative() && !is_zero && serial.size() <= 20,
                ErrorCode::invalid_certificate, "the serial number is not 1 to 20 positive octets");

  const auto& algorithm = x509.signature_algorithm();
  const std::string name = algorithm.oid().to_formatted_string();
  CHECK_OR_FAIL(name == suite::kEndEntitySignature || name == suite::kRootSignature,
                ErrorCode::invalid_certificate,
                "the certificate is signed with neither ML-DSA-65 nor ML-DSA-87");
  CHECK_OR_FAIL(algorithm.parameters_are_empty(), ErrorCode::invalid_certificate,
                "the signature algorithm has parameters");
  CHECK_OR_FAIL(!x509.subject_key_id().empty() && !x509.authority_key_id().empty(),
                ErrorCode::invalid_certificate,
                "subjectKeyIdentifier or authorityKeyIdentifier is missing");
  return {};
}

Result<void> read_subject(Certificate::Impl& impl) {
  static const Botan::OID kCommonName{2, 5, 4, 3}, kCountry{2, 5, 4, 6}, kOrganization{2, 5, 4, 10},
      kUnit{2, 5, 4, 11};
  std::vector<Botan::OID> seen;
  for (const auto& [oid, value] : impl.x509.subject_dn().dn_info()) {
    CHECK_OR_FAIL(std::ranges::find(seen, oid) == seen.end(), ErrorCode::invalid_certificate,
                  "the subject has the same name attribute twice");
    seen.push_back(oid);
    CHECK_OR_FAIL(!value.empty() && detail::fits_name(value.value()),
                  ErrorCode::invalid_certificate,
                  "a name attribute of the subject has not 1 to 64 printable octets");
    if (oid == kOrganization) {
      impl.organization = value.value();
    } else if (oid == kUnit) {
      impl.organizational_unit = value.value();
    } else if (oid == kCommonName) {
      impl.common_name = value.value();
    } else if (oid != kCountry) {
      return invalid("the subject has a name attribute that SET does not use");
    }
  }
  CHECK_OR_FAIL(!impl.organization.empty(), ErrorCode::invalid_certificate,
                "the subject has no organizationName, SET's BrandID");
  return {};
}

Result<void> read_validity(Certificate::Impl& impl) {
  impl.not_before = detail::from_x509_time(impl.x509.not_before());
  impl.not_after = detail::from_x509_time(impl.x509.not_after());
  CHECK_OR_FAIL(impl.not_before <= impl.not_after, ErrorCode::invalid_certificate,
                "the validity ends before it begins");
  return {};
}

Result<void> read_key_use(Certificate::Impl& impl) {
  const auto& extensions = impl.x509.v3_extensions();
  CHECK_OR_FAIL(extensions.critical_extension_set(ext::Key_Usage::static_oid()) &&
                    extensions.critical_extension_set(ext::Basic_Constraints::static_oid()),
                ErrorCode::invalid_certificate,
                "keyUsage or basicConstraints is missing or not critical");
  const Key_Constraints constraints = impl.x509.constraints();
  const auto use = [&]() -> std::optional<KeyUse> {
    for (const KeyUse candidate :
         {KeyUse::signature, KeyUse::key_exchange, KeyUse::certificate_signing}) {
      if (constraints == detail::constraints_of(candidate)) return candidate;
    }
    return std::nullopt;
  }();
  CHECK_OR_FAIL(use, ErrorCode::invalid_certificate,
                "keyUsage fits none of signature, key exchange, certificate signing");
  impl.key_use = *use;

  const auto* basic = extensions.get_extension_object_as<ext::Basic_Constraints>();
  CHECK_OR_FAIL(basic != nullptr && basic->is_ca() == (*use == KeyUse::certificate_signing),
                ErrorCode::invalid_certificate, "basicConstraints do not fit keyUsage");
  return {};
}

// Botan would let a known critical extension pass although SET gives it no meaning, and its name
// constraints can be bypassed (protocol §1): neither has a place in a certificate of SET/2.
Result<void> check_other_extensions(const Botan::Extensions& extensions) {
  const Botan::OID allowed[] = {ext::Key_Usage::static_oid(), ext::Basic_Constraints::static_oid(),
                                ext::Certificate_Policies::static_oid()};
  for (const auto& oid : extensions.critical_extensions()) {
    CHECK_OR_FAIL(std::ranges::find(allowed, oid) != std::end(allowed),
                  ErrorCode::invalid_certificate,
                  "the certificate has a critical extension that the profile does not know");
  }
  CHECK_OR_FAIL(!extensions.extension_set(ext::Name_Constraints::static_oid()),
                ErrorCode::invalid_certificate, "the certificate has name constraints");
  return {};
}

Result<void> read_set_extensions(Certificate::Impl& impl) {
  const auto& extensions = impl.x509.v3_extensions();
  const auto bits = [&](const Botan::OID& oid) { return extensions.get_extension_bits(oid); };
  const auto has = [&](const Botan::OID& oid) { return extensions.extension_set(oid); };

  CHECK_OR_FAIL(has(detail::certificate_type_oid()), ErrorCode::invalid_certificate,
                "the certificate has no certificateType");
  impl.roles = detail::decode_certificate_type(bits(detail::certificate_type_oid()));
  if (has(detail::merchant_data_oid())) {
    impl.merchant_data = detail::decode_merchant_data(bits(detail::merchant_data_oid()));
    TRY(detail::check_merchant_data(*impl.merchant_data));
  }
  if (has(detail::card_cert_required_oid())) {
    impl.card_cert_required =
        detail::decode_card_cert_required(bits(detail::card_cert_required_oid()));
  }
  if (has(detail::tunneling_oid())) {
    impl.tunneling = detail::decode_tunneling(bits(detail::tunneling_oid()));
  }
  if (has(detail::hashed_root_key_oid())) {
    impl.hashed_root_key = detail::decode_hashed_root_key(bits(detail::hashed_root_key_oid()));
  }
  for (const auto& oid : impl.x509.certificate_policy_oids()) {
    impl.policies.push_back(oid.to_string());
  }
  return {};
}

// Which roles go together, and which key each may have (set-1997 §1.1).
Result<void> check_roles(const Certificate::Impl& impl) {
  const auto& roles = impl.roles;
  const bool operating = std::ranges::all_of(roles, is_operating_ca);
  CHECK_OR_FAIL(operating || roles.size() == 1, ErrorCode::invalid_certificate,
                "certificateType mixes roles that do not go together");
  if (!operating) {
    const Role role = roles.front();
    const bool fits = is_end_entity(role)
                          ? impl.key_use == KeyUse::signature ||
                                (impl.key_use == KeyUse::key_exchange && role != Role::cardholder)
                          : impl.key_use == KeyUse::certificate_signing ||
                                (impl.key_use == KeyUse::signature && role == Role::bca);
    CHECK_OR_FAIL(fits, ErrorCode::invalid_certificate, "keyUsage does not fit certificateType");
    CHECK_OR_FAIL(!is_end_entity(role) || !impl.common_name.empty(), ErrorCode::invalid_certificate,
                  "an end entity's subject has no commonName");
  }
  // Nobody but a root certifies itself: this also stops a CA that takes the root's name.
  const bool self_issued = impl.x509.subject_dn() == impl.x509.issuer_dn();
  CHECK_OR_FAIL(self_issued == only(roles, Role::rca), ErrorCode::invalid_certificate,
                "only a root may be its own issuer, and it must be");
  return {};
}

// Which of SET's extensions each role has.
Result<void> check_role_extensions(const Certificate::Impl& impl) {
  const bool merchant = only(impl.roles, Role::merchant);
  CHECK_OR_FAIL(merchant == impl.merchant_data.has_value(), ErrorCode::invalid_certificate,
                "merchantData is in every merchant's certificate and in no other");

  const bool gateway_kem = only(impl.roles, Role::gateway) && impl.key_use == KeyUse::key_exchange;
  CHECK_OR_FAIL(!gateway_kem || impl.card_cert_required == true, ErrorCode::invalid_certificate,
                "a gateway's key-exchange certificate lacks cardCertRequired = TRUE");
  const bool tunneling = impl.x509.v3_extensions().extension_set(detail::tunneling_oid());
  CHECK_OR_FAIL(gateway_kem || (!impl.card_cert_required && !tunneling),
                ErrorCode::invalid_certificate,
                "cardCertRequired and tunneling are for a gateway's key exchange only");
  CHECK_OR_FAIL(!impl.hashed_root_key || only(impl.roles, Role::rca),
                ErrorCode::invalid_certificate, "hashedRootKey is for a root only");
  return {};
}

// One suite (protocol §1): ML-DSA-87 for root and brand, ML-DSA-65 for everyone below, the hybrid
// KEM for key exchange. A geopolitical CA, between the two, may have either.
Result<void> check_key(const Certificate::Impl& impl) {
  const Bytes& spki = impl.x509.subject_public_key_info();
  if (impl.key_use == KeyUse::key_exchange) {
    CHECK_OR_FAIL(KemPublicKey::from_spki(spki), ErrorCode::invalid_certificate,
                  "a key-exchange certificate's key is not of the hybrid KEM");
    return {};
  }
  const auto key = detail::parse_ml_dsa_key(spki);
  CHECK_OR_FAIL(key, ErrorCode::invalid_certificate, "the certified key is not of ML-DSA");
  const Role role = impl.roles.front();
  const bool strong = key->algorithm == SignatureAlgorithm::ml_dsa_87;
  // A brand's signature key signs its BCI online (ADR 0017): it is below the brand.
  const bool on_top = impl.key_use == KeyUse::certificate_signing &&
                      (role == Role::rca || role == Role::bca);
  CHECK_OR_FAIL(role == Role::gca || strong == on_top,
                ErrorCode::invalid_certificate,
                "root and brand have ML-DSA-87 keys, everyone below ML-DSA-65");
  return {};
}

Result<void> check_profile(Certificate::Impl& impl) {
  TRY(check_frame(impl.x509));
  TRY(read_subject(impl));
  TRY(read_validity(impl));
  TRY(read_key_use(impl));
  TRY(check_other_extensions(impl.x509.v3_extensions()));
  TRY(read_set_extensions(impl));
  TRY(check_roles(impl));
  TRY(check_role_extensions(impl));
  return check_key(impl);
}

}  // namespace

namespace detail {

Key_Constraints constraints_of(KeyUse use) {
  switch (use) {
    case KeyUse::signature:
      return Key_Constraints::DigitalSignature;
    case KeyUse::key_exchange:
      return Key_Constraints::KeyEncipherment;
    case KeyUse::certificate_signing:
      break;
  }
  // SET lets a CA combine the two (set-1997 §1.1); a BCI is signed as a list of CRLs.
  return Key_Constraints(Key_Constraints::KeyCertSign | Key_Constraints::CrlSign);
}

Bytes key_id(ByteView spki) {
  const Thumbprint hash = thumbprint_of(spki);
  return bytes_of(hash.view().first(20));
}

Botan::X509_Time to_x509_time(Instant instant) {
  return Botan::X509_Time(std::chrono::floor<std::chrono::seconds>(instant));
}

Instant from_x509_time(const Botan::X509_Time& time) {
  return std::chrono::time_point_cast<Duration>(time.to_std_timepoint());
}

bool fits_name(std::string_view text) {
  const auto is_control = [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet < 0x20 || octet == 0x7f;
  };
  return text.size() <= 64 && std::ranges::none_of(text, is_control);
}

}  // namespace detail

std::string_view to_string(Role role) {
  switch (role) {
    case Role::cardholder:
      return "cardholder";
    case Role::merchant:
      return "merchant";
    case Role::gateway:
      return "gateway";
    case Role::cca:
      return "cca";
    case Role::mca:
      return "mca";
    case Role::pca:
      return "pca";
    case Role::gca:
      return "gca";
    case Role::bca:
      return "bca";
    case Role::rca:
      break;
  }
  return "rca";
}

std::string_view policy_oid(Role role) {
  switch (role) {
    case Role::cardholder:
      return policy::kCardholder;
    case Role::merchant:
      return policy::kMerchant;
    case Role::gateway:
      return policy::kGateway;
    case Role::cca:
      return policy::kCCA;
    case Role::mca:
      return policy::kMCA;
    case Role::pca:
      return policy::kPCA;
    case Role::gca:
      return policy::kGCA;
    case Role::bca:
      return policy::kBCA;
    case Role::rca:
      break;
  }
  return policy::kRoot;
}

Result<Certificate> Certificate::parse(ByteView der) {
  constexpr const char* kNoCertificate = "not an X.509 certificate in DER";
  CHECK_OR_FAIL(der.size() <= kMaxCertificateBytes, ErrorCode::decoding_failure,
                "a certificate is too long");
  auto impl = std::make_shared<Impl>();
  TRY(guarded(ErrorCode::decoding_failure, kNoCertificate, [&]() -> Result<void> {
    impl->x509 = Botan::X509_Certificate(der);
    // Botan also reads PEM and stops after the first object: only these exact bytes will do, since
    // they are what the thumbprint names.
    CHECK_OR_FAIL(equal(impl->x509.BER_encode(), der), ErrorCode::decoding_failure, kNoCertificate);
    return {};
  }));
  impl->der = bytes_of(der);
  impl->thumbprint = thumbprint_of(der);
  TRY(guarded(ErrorCode::invalid_certificate, "an extension of the certificate is malformed",
              [&] { return check_profile(*impl); }));
  return Certificate(std::move(impl));
}

const Bytes& Certificate::der() const { return impl_->der; }
std::string Certificate::pem() const {
  return infallible([&] { return impl_->x509.PEM_encode(); });
}
const Thumbprint& Certificate::thumbprint() const { return impl_->thumbprint; }
bool Certificate::has_role(Role role) const {
  return std::ranges::find(impl_->roles, role) != impl_->roles.end();
}
std::vector<Role> Certificate::roles() const { return impl_->roles; }
KeyUse Certificate::key_use() const { return impl_->key_use; }
const std::string& Certificate::brand() const { return impl_->organization; }
const std::string& Certificate::organizational_unit() const { return impl_->organizational_unit; }
const std::string& Certificate::common_name() const { return impl_->common_name; }
std::string Certificate::serial_hex() const { return to_hex(impl_->x509.serial_number()); }
Instant Certificate::not_before() const { return impl_->not_before; }
Instant Certificate::not_after() const { return impl_->not_after; }
const Bytes& Certificate::public_key() const { return impl_->x509.subject_public_key_info(); }
const std::optional<MerchantData>& Certificate::merchant_data() const {
  return impl_->merchant_data;
}
bool Certificate::tunneling() const { return impl_->tunneling; }
std::optional<bool> Certificate::card_cert_required() const { return impl_->card_cert_required; }
const std::optional<Bytes>& Certificate::hashed_root_key() const { return impl_->hashed_root_key; }
const std::vector<std::string>& Certificate::policies() const { return impl_->policies; }
bool Certificate::is_self_signed() const { return impl_->x509.is_self_signed(); }

}  // namespace set
