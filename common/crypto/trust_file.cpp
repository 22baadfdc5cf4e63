#include "common/crypto/trust_file.h"

#include <botan/pem.h>
#include <botan/pk_keys.h>
#include <botan/pkix_types.h>
#include <botan/x509cert.h>

#include <optional>

#include "common/crypto/certificate_impl.h"
#include "common/crypto/guarded.h"
#include "common/crypto/suite.h"
#include "common/crypto/tls_certificate_impl.h"

namespace set::detail {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::size_t kMaxFileBytes = 64 * 1024;
constexpr std::size_t kCertificates = 3;

Result<std::vector<Bytes>> pem_blocks(std::string_view pem) {
  CHECK_OR_FAIL(pem.size() <= kMaxFileBytes, ErrorCode::verification_failed,
                "the trust file is too long");
  std::vector<Bytes> blocks;
  for (auto begin = pem.find(kBegin); begin != pem.npos;) {
    const auto next = pem.find(kBegin, begin + kBegin.size());
    const auto block = pem.substr(begin, next == pem.npos ? pem.npos : next - begin);
    blocks.push_back(TRY(
        guarded(ErrorCode::verification_failed, "the trust file has a malformed PEM block", [&] {
          const auto der = Botan::PEM_Code::decode_check_label(block, "CERTIFICATE");
          return Bytes(der.begin(), der.end());
        })));
    begin = next;
  }
  CHECK_OR_FAIL(blocks.size() == kCertificates, ErrorCode::verification_failed,
                "the trust file has not exactly three certificates");
  return blocks;
}

/// The three certificates by what they say they are; nothing is verified yet.
struct Candidates {
  std::optional<Certificate> root;
  std::optional<Botan::X509_Certificate> transport_root;
  std::optional<Botan::X509_Certificate> cross;
};

Result<Candidates> sort_out(const std::vector<Bytes>& blocks) {
  Candidates found;
  for (const Bytes& der : blocks) {
    if (auto certificate = Certificate::parse(der)) {
      CHECK_OR_FAIL(certificate->has_role(Role::rca), ErrorCode::verification_failed,
                    "the trust file has a SET certificate that is no root");
      found.root = *certificate;
      continue;
    }
    const auto x509 =
        TRY(guarded(ErrorCode::verification_failed, "the trust file has a malformed certificate",
                    [&] { return Botan::X509_Certificate(der); }));
    (x509.is_self_signed() ? found.transport_root : found.cross) = x509;
  }
  CHECK_OR_FAIL(found.root, ErrorCode::verification_failed, "the trust file has no SET root");
  CHECK_OR_FAIL(found.transport_root, ErrorCode::verification_failed,
                "the trust file has no transport root");
  CHECK_OR_FAIL(found.cross, ErrorCode::verification_failed,
                "the trust file has no cross-certificate of the transport root");
  return found;
}

Result<void> check_fingerprint(const Certificate& root, std::string_view fingerprint) {
  if (fingerprint.empty()) return {};
  const auto octets = from_hex(fingerprint);
  CHECK_OR_FAIL(octets && octets->size() == Thumbprint::kSize, ErrorCode::invalid_argument,
                "a root fingerprint has 64 hexadecimal digits");
  CHECK_OR_FAIL(equal(*octets, root.thumbprint().view()), ErrorCode::verification_failed,
                "the root's fingerprint is not the expected one");
  return {};
}

Result<void> check_now(const Botan::X509_Certificate& x509, Instant now, const char* sentence) {
  const bool valid =
      from_x509_time(x509.not_before()) <= now && now <= from_x509_time(x509.not_after());
  CHECK_OR_FAIL(valid, ErrorCode::verification_failed, sentence);
  return {};
}

Result<void> check_root(const Certificate& root, Instant now) {
  const auto& x509 = root.impl().x509;
  CHECK_OR_FAIL(root.is_self_signed() && x509.check_signature(*x509.subject_public_key()),
                ErrorCode::verification_failed, "the root's own signature does not verify");
  return check_now(x509, now, "the root is not valid at this time");
}

Result<void> check_transport_root(const Botan::X509_Certificate& x509, Instant now) {
  const auto key = x509.subject_public_key();
  CHECK_OR_FAIL(is_p256(*key) && x509.is_CA_cert() && x509.check_signature(*key),
                ErrorCode::verification_failed,
                "the transport root is no self-signed ECDSA P-256 authority");
  return check_now(x509, now, "the transport root is not valid at this time");
}

// What carries trust from the SET root to TLS: the root's signature over the transport root's
// name and key.
Result<void> check_cross(const Botan::X509_Certificate& cross,
                         const Botan::X509_Certificate& transport_root, const Certificate& root,
                         Instant now) {
  const auto& x509_root = root.impl().x509;
  CHECK_OR_FAIL(cross.signature_algorithm().oid().to_formatted_string() == suite::kRootSignature &&
                    cross.issuer_dn() == x509_root.subject_dn() &&
                    cross.check_signature(*x509_root.subject_public_key()),
                ErrorCode::verification_failed,
                "the cross-certificate's signature is not the root's");
  CHECK_OR_FAIL(
      cross.is_CA_cert() && cross.subject_dn() == transport_root.subject_dn() &&
          equal(cross.subject_public_key_info(), transport_root.subject_public_key_info()),
      ErrorCode::verification_failed,
      "the cross-certificate has not the transport root's name and key");
  return check_now(cross, now, "the cross-certificate is not valid at this time");
}

}  // namespace

Result<TrustFile> parse_trust_file(std::string_view pem, std::string_view fingerprint,
                                   Instant now) {
  const auto blocks = TRY(pem_blocks(pem));
  const auto found = TRY(sort_out(blocks));
  TRY(check_fingerprint(*found.root, fingerprint));
  return guarded(ErrorCode::verification_failed, "the trust file has a malformed certificate",
                 [&]() -> Result<TrustFile> {
                   TRY(check_root(*found.root, now));
                   TRY(check_transport_root(*found.transport_root, now));
                   TRY(check_cross(*found.cross, *found.transport_root, *found.root, now));
                   const std::string transport_pem = found.transport_root->PEM_encode();
                   return TrustFile{*found.root, transport_pem,
                                    found.root->pem() + transport_pem + found.cross->PEM_encode()};
                 });
}

}  // namespace set::detail
