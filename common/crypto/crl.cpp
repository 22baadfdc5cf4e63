#include "common/crypto/crl.h"

#include <botan/bigint.h>
#include <botan/ber_dec.h>
#include <botan/der_enc.h>
#include <botan/x509_crl.h>
#include <botan/x509_ext.h>

#include <algorithm>

#include "common/crypto/certificate_impl.h"
#include "common/crypto/digest.h"
#include "common/crypto/guarded.h"
#include "common/crypto/signature_impl.h"
#include "common/crypto/signed_object.h"
#include "common/crypto/suite.h"

namespace set {

namespace ext = Botan::Cert_Extension;

struct Crl::Impl {
  using Serial = std::array<std::uint8_t, 20>;
  /// An entry as it is looked up: 40 octets, whatever Botan's objects weigh.
  struct Entry {
    Serial serial;
    std::int64_t revoked_at_s;
    RevocationReason reason;
    bool operator<(const Entry& other) const { return serial < other.serial; }
  };

  Bytes der, tbs, signature;
  std::string algorithm;  ///< OID of the signature
  Thumbprint thumbprint;
  Botan::X509_DN issuer_name;
  KeyId issuer;
  std::uint64_t number = 0;
  Instant this_update, next_update;
  std::vector<Entry> entries;  ///< sorted by serial
};

namespace {

using Serial = Crl::Impl::Serial;
using Entry = Crl::Impl::Entry;

constexpr std::uint64_t kMaxNumber = 0xFFFF'FFFF;  // what Botan reads of a cRLNumber
constexpr std::size_t kVersion2 = 1;

/// Right-aligned: leading zeroes of an INTEGER mean nothing.
std::optional<Serial> to_serial(ByteView octets) {
  while (!octets.empty() && octets.front() == 0) octets = octets.subspan(1);
  if (octets.empty() || octets.size() > Serial().size()) return std::nullopt;
  Serial out{};
  std::ranges::copy(octets, out.end() - static_cast<std::ptrdiff_t>(octets.size()));
  return out;
}

RevokedCertificate to_public(const Entry& entry) {
  const auto first = std::ranges::find_if(entry.serial, [](std::uint8_t o) { return o != 0; });
  return {Bytes(first, entry.serial.end()), Instant(std::chrono::seconds(entry.revoked_at_s)),
          entry.reason};
}

constexpr std::array kReasons = std::to_array<std::pair<RevocationReason, std::string_view>>({
    {RevocationReason::unspecified, "unspecified"},
    {RevocationReason::key_compromise, "keyCompromise"},
    {RevocationReason::ca_compromise, "cACompromise"},
    {RevocationReason::affiliation_changed, "affiliationChanged"},
    {RevocationReason::superseded, "superseded"},
    {RevocationReason::cessation_of_operation, "cessationOfOperation"},
    {RevocationReason::privilege_withdrawn, "privilegeWithdrawn"},
});

RevocationReason reason_of(Botan::CRL_Code code) {
  const auto number = static_cast<std::uint8_t>(code);
  const auto found = std::ranges::find_if(kReasons, [&](const auto& known) {
    return static_cast<std::uint8_t>(known.first) == number;
  });
  // Revoked is revoked; why is for people.
  return found != kReasons.end() ? found->first : RevocationReason::unspecified;
}

Result<void> read_head(Crl::Impl& impl, const Botan::X509_CRL& crl) {
  CHECK_OR_FAIL(crl.x509_version() == 2, ErrorCode::invalid_certificate,
                "the CRL is not of version 2");
  const auto& algorithm = crl.signature_algorithm();
  impl.algorithm = algorithm.oid().to_formatted_string();
  CHECK_OR_FAIL(
      impl.algorithm == suite::kEndEntitySignature || impl.algorithm == suite::kRootSignature,
      ErrorCode::invalid_certificate, "the CRL is signed with neither ML-DSA-65 nor ML-DSA-87");
  CHECK_OR_FAIL(algorithm.parameters_are_empty(), ErrorCode::invalid_certificate,
                "the CRL's signature algorithm has parameters");
  const auto& extensions = crl.extensions();
  // A critical extension makes the list mean less than it says: delta, indirect, one part of many.
  CHECK_OR_FAIL(extensions.critical_extensions().empty(), ErrorCode::invalid_certificate,
                "the CRL has a critical extension that the profile does not know");
  CHECK_OR_FAIL(extensions.extension_set(ext::CRL_Number::static_oid()),
                ErrorCode::invalid_certificate, "the CRL has no cRLNumber");
  const auto issuer = KeyId::parse(ByteView(crl.authority_key_id()));
  CHECK_OR_FAIL(issuer, ErrorCode::invalid_certificate,
                "the CRL has no authorityKeyIdentifier of 20 octets");
  CHECK_OR_FAIL(crl.next_update().time_is_set(), ErrorCode::invalid_certificate,
                "the CRL has no nextUpdate");
  impl.issuer = *issuer;
  impl.issuer_name = crl.issuer_dn();
  impl.number = crl.crl_number();
  impl.this_update = detail::from_x509_time(crl.this_update());
  impl.next_update = detail::from_x509_time(crl.next_update());
  CHECK_OR_FAIL(impl.this_update < impl.next_update, ErrorCode::invalid_certificate,
                "the CRL ends before it begins");
  return {};
}

Result<void> read_entries(Crl::Impl& impl, const Botan::X509_CRL& crl) {
  impl.entries.reserve(crl.get_revoked().size());
  for (const auto& entry : crl.get_revoked()) {
    const auto serial = to_serial(entry.serial_number());
    CHECK_OR_FAIL(serial, ErrorCode::invalid_certificate,
                  "an entry of the CRL has not a serial number of 1 to 20 octets");
    CHECK_OR_FAIL(entry.extensions().critical_extensions().empty(), ErrorCode::invalid_certificate,
                  "an entry of the CRL has a critical extension");
    const auto at = detail::from_x509_time(entry.expire_time());
    impl.entries.push_back({*serial, to_millis(at) / 1000, reason_of(entry.reason_code())});
  }
  std::ranges::sort(impl.entries, std::less<>());
  return {};
}

Botan::Extensions extensions_of(const CrlContents& contents, const KeyId& issuer) {
  Botan::Extensions extensions;
  extensions.add(std::make_unique<ext::Authority_Key_ID>(bytes_of(issuer.view())));
  extensions.add(std::make_unique<ext::CRL_Number>(static_cast<std::size_t>(contents.number)));
  return extensions;
}

void encode_entry(Botan::DER_Encoder& to, const RevokedCertificate& revoked) {
  to.start_sequence()
      .encode(Botan::BigInt::from_bytes(revoked.serial))
      .encode(detail::to_x509_time(revoked.revoked_at));
  if (revoked.reason != RevocationReason::unspecified) {  // "SHOULD be absent" otherwise
    Botan::Extensions extensions;
    extensions.add(std::make_unique<ext::CRL_ReasonCode>(
        static_cast<Botan::CRL_Code>(static_cast<std::uint8_t>(revoked.reason))));
    to.start_sequence().encode(extensions).end_cons();
  }
  to.end_cons();
}

Bytes encode(const CrlContents& contents, const Certificate& issuer, const KeyId& key_id,
             const Botan::AlgorithmIdentifier& algorithm) {
  Bytes tbs;
  Botan::DER_Encoder to(tbs);
  to.start_sequence()
      .encode(kVersion2)
      .encode(algorithm)
      .encode(issuer.impl().x509.subject_dn())
      .encode(detail::to_x509_time(contents.this_update))
      .encode(detail::to_x509_time(contents.next_update));
  if (!contents.revoked.empty()) {  // an empty sequence must not stand there
    to.start_sequence();
    for (const auto& revoked : contents.revoked) encode_entry(to, revoked);
    to.end_cons();
  }
  to.start_explicit(0)
      .start_sequence()
      .encode(extensions_of(contents, key_id))
      .end_cons()
      .end_explicit()
      .end_cons();
  return tbs;
}

Result<void> check_contents(const CrlContents& contents, const Certificate& issuer,
                            const Signer& key) {
  CHECK_OR_FAIL(contents.number >= 1 && contents.number <= kMaxNumber, ErrorCode::invalid_argument,
                "a cRLNumber is 1 to 4294967295");
  CHECK_OR_FAIL(contents.this_update < contents.next_update, ErrorCode::invalid_argument,
                "a CRL must end after it begins");
  CHECK_OR_FAIL(issuer.key_use() == KeyUse::certificate_signing, ErrorCode::invalid_argument,
                "only a CA signs CRLs");
  CHECK_OR_FAIL(equal(issuer.public_key(), key.public_key()), ErrorCode::invalid_argument,
                "the issuer's certificate is not of the key that is to sign");
  for (const auto& revoked : contents.revoked) {
    CHECK_OR_FAIL(to_serial(revoked.serial), ErrorCode::invalid_argument,
                  "a serial number has 1 to 20 octets");
  }
  return {};
}

}  // namespace

Result<KeyId> key_id_of(const Certificate& issuer) {
  const auto id = KeyId::parse(ByteView(issuer.impl().x509.subject_key_id()));
  CHECK_OR_FAIL(id, ErrorCode::invalid_certificate,
                "a CA's subjectKeyIdentifier has not 20 octets");
  return *id;
}

std::string_view to_string(RevocationReason reason) {
  const auto found =
      std::ranges::find_if(kReasons, [reason](const auto& known) { return known.first == reason; });
  return found != kReasons.end() ? found->second : "unspecified";
}

Result<RevocationReason> parse_reason(std::string_view name) {
  std::string all;
  for (const auto& [reason, known] : kReasons) {
    if (known == name) return reason;
    all += (all.empty() ? "" : ", ") + std::string(known);
  }
  return failure(ErrorCode::invalid_argument, "a reason is one of " + all);
}

Result<Crl> Crl::parse(ByteView der) {
  constexpr const char* kNoCrl = "not a CRL in DER";
  CHECK_OR_FAIL(der.size() <= kMaxCrlBytes, ErrorCode::decoding_failure, "a CRL is too long");
  auto impl = std::make_shared<Impl>();
  impl->der = bytes_of(der);
  impl->thumbprint = thumbprint_of(der);
  TRY(guarded(ErrorCode::decoding_failure, kNoCrl, [&]() -> Result<void> {
    const Botan::X509_CRL crl(impl->der);
    // As for certificates: only these exact bytes, since they are what the thumbprint names.
    CHECK_OR_FAIL(equal(crl.BER_encode(), der), ErrorCode::decoding_failure, kNoCrl);
    impl->tbs = crl.tbs_data();
    impl->signature = crl.signature();
    TRY(read_head(*impl, crl));
    return read_entries(*impl, crl);
  }));
  return Crl(std::move(impl));
}

Result<std::vector<Crl>> parse_crls(ByteView ders) {
  constexpr const char* kNoCrls = "not CRLs in DER, one after the other";
  auto parts = TRY(guarded(ErrorCode::decoding_failure, kNoCrls, [&] {
    std::vector<Bytes> out;
    Botan::BER_Decoder from(ders, Botan::BER_Decoder::Limits::DER());
    while (from.more_items()) {
      const auto object = from.get_next_object();
      Bytes der;
      Botan::DER_Encoder(der).add_object(object.type_tag(), object.class_tag(), object.data());
      out.push_back(std::move(der));
    }
    return out;
  }));
  CHECK_OR_FAIL(!parts.empty(), ErrorCode::decoding_failure, kNoCrls);
  std::vector<Crl> crls;
  for (const auto& der : parts) crls.push_back(TRY(Crl::parse(der)));
  return crls;
}

const Bytes& Crl::der() const { return impl_->der; }
const Thumbprint& Crl::thumbprint() const { return impl_->thumbprint; }
const KeyId& Crl::issuer() const { return impl_->issuer; }
std::uint64_t Crl::number() const { return impl_->number; }
Instant Crl::this_update() const { return impl_->this_update; }
Instant Crl::next_update() const { return impl_->next_update; }
std::size_t Crl::size() const { return impl_->entries.size(); }

std::optional<RevokedCertificate> Crl::find(const Certificate& certificate) const {
  const auto serial = to_serial(certificate.impl().x509.serial_number());
  if (!serial) return std::nullopt;
  const Entry wanted{*serial, 0, {}};
  const auto at = std::ranges::lower_bound(impl_->entries, wanted, std::less<>());
  if (at == impl_->entries.end() || at->serial != *serial) return std::nullopt;
  return to_public(*at);
}

std::vector<RevokedCertificate> Crl::entries() const {
  std::vector<RevokedCertificate> out;
  out.reserve(impl_->entries.size());
  for (const auto& entry : impl_->entries) out.push_back(to_public(entry));
  return out;
}

Result<void> Crl::verify(const Certificate& issuer) const {
  CHECK_OR_FAIL(issuer.key_use() == KeyUse::certificate_signing, ErrorCode::invalid_certificate,
                "the CRL's issuer may not sign CRLs");
  const auto key_id = TRY(key_id_of(issuer));
  const auto named =
      TRY(guarded(ErrorCode::invalid_certificate, "the CRL's issuer has no name",
                  [&] { return issuer.impl().x509.subject_dn() == impl_->issuer_name; }));
  CHECK_OR_FAIL(named && key_id == impl_->issuer, ErrorCode::invalid_certificate,
                "the CRL is of another issuer");
  const auto fits = guarded(ErrorCode::signature_failure, "the issuer's key is malformed", [&] {
    const auto key = detail::parse_ml_dsa_key(issuer.public_key());
    return key && key->key->algorithm_identifier().oid().to_formatted_string() == impl_->algorithm;
  });
  CHECK_OR_FAIL(fits && *fits, ErrorCode::signature_failure,
                "the CRL is signed with another algorithm than its issuer's");
  CHECK_OR_FAIL(verify_signature(issuer.public_key(), impl_->tbs, impl_->signature),
                ErrorCode::signature_failure, "the CRL's signature is not its issuer's");
  return {};
}

Result<Crl> issue_crl(const CrlContents& contents, const Certificate& issuer, const Signer& key) {
  TRY(check_contents(contents, issuer, key));
  const auto key_id = TRY(key_id_of(issuer));
  const auto der = TRY(guarded(
      ErrorCode::invalid_argument, "the CRL's contents cannot be encoded", [&]() -> Result<Bytes> {
        return detail::signed_object(
            [&](const auto& algorithm) { return encode(contents, issuer, key_id, algorithm); },
            key);
      }));
  return Crl::parse(der);
}

}  // namespace set
