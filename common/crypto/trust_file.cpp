#include "common/crypto/trust_file.h"

#include <botan/pem.h>
#include <botan/pk_keys.h>
#include <botan/pkix_types.h>
#include <botan/x509cert.h>

#include <algorithm>
#include <optional>

#include "common/crypto/certificate_impl.h"
#include "common/crypto/digest.h"
#include "common/crypto/guarded.h"
#include "common/crypto/suite.h"
#include "common/crypto/tls_certificate_impl.h"

namespace set::detail {
namespace {

constexpr std::string_view kPemBegin = "-----BEGIN ";
// Some ten roots with a brand each: more than a century of rollovers.
constexpr std::size_t kMaxTrustFileBytes = 256 * 1024;
constexpr std::size_t kMinCertificates = 3, kMaxCertificates = 24;

Result<std::vector<Bytes>> pem_blocks(std::string_view pem) {
  CHECK_OR_FAIL(pem.size() <= kMaxTrustFileBytes, ErrorCode::verification_failed,
                "the trust file is too long");
  std::vector<Bytes> blocks;
  for (auto begin = pem.find(kPemBegin); begin != pem.npos;) {
    const auto next = pem.find(kPemBegin, begin + kPemBegin.size());
    const auto block = pem.substr(begin, next == pem.npos ? pem.npos : next - begin);
    blocks.push_back(TRY(
        guarded(ErrorCode::verification_failed, "the trust file has a malformed PEM block", [&] {
          const auto der = Botan::PEM_Code::decode_check_label(block, "CERTIFICATE");
          return Bytes(der.begin(), der.end());
        })));
    CHECK_OR_FAIL(std::ranges::count(blocks, blocks.back()) == 1, ErrorCode::verification_failed,
                  "the trust file has a certificate twice");
    begin = next;
  }
  CHECK_OR_FAIL(blocks.size() >= kMinCertificates && blocks.size() <= kMaxCertificates,
                ErrorCode::verification_failed,
                "the trust file has not the three certificates that it needs, or too many");
  return blocks;
}

/// The certificates by what they say they are; nothing is verified yet.
struct Candidates {
  std::vector<Certificate> roots, brands;
  std::optional<Botan::X509_Certificate> transport_root;
  std::optional<Botan::X509_Certificate> cross;
};

Result<void> keep_one(std::optional<Botan::X509_Certificate>& place,
                      Botan::X509_Certificate certificate) {
  CHECK_OR_FAIL(!place, ErrorCode::verification_failed,
                "the trust file has two transport roots or two cross-certificates");
  place = std::move(certificate);
  return {};
}

Result<Candidates> sort_out(const std::vector<Bytes>& blocks) {
  Candidates found;
  for (const Bytes& der : blocks) {
    if (auto certificate = Certificate::parse(der)) {
      const bool is_brand =
          certificate->has_role(Role::bca) && certificate->key_use() == KeyUse::certificate_signing;
      CHECK_OR_FAIL(certificate->has_role(Role::rca) || is_brand, ErrorCode::verification_failed,
                    "the trust file has a SET certificate that is neither root nor brand");
      (is_brand ? found.brands : found.roots).push_back(*certificate);
      continue;
    }
    auto x509 =
        TRY(guarded(ErrorCode::verification_failed, "the trust file has a malformed certificate",
                    [&] { return Botan::X509_Certificate(der); }));
    const bool self_signed = x509.is_self_signed();
    TRY(keep_one(self_signed ? found.transport_root : found.cross, std::move(x509)));
  }
  CHECK_OR_FAIL(!found.roots.empty(), ErrorCode::verification_failed,
                "the trust file has no SET root");
  CHECK_OR_FAIL(found.transport_root, ErrorCode::verification_failed,
                "the trust file has no transport root");
  CHECK_OR_FAIL(found.cross, ErrorCode::verification_failed,
                "the trust file has no cross-certificate of the transport root");
  return found;
}

// "R(n+1) is accepted iff the digest of its key equals the value in R(n)" (set-1997 §1.2). The
// value is the whole proof: it holds however long R(n) has been expired.
bool names_as_next(const Certificate& root, const Certificate& next) {
  const auto& named = root.hashed_root_key();
  return named && equal(*named, sha384(next.public_key()).view());
}

/// The root that is trusted by itself: that of the fingerprint; without one, the first of the file.
Result<Certificate> first_root(const std::vector<Certificate>& roots,
                               std::string_view fingerprint) {
  if (fingerprint.empty()) return roots.front();
  const auto octets = from_hex(fingerprint);
  CHECK_OR_FAIL(octets && octets->size() == Thumbprint::kSize, ErrorCode::invalid_argument,
                "a root fingerprint has 64 hexadecimal digits");
  const auto found = std::ranges::find_if(
      roots, [&](const Certificate& root) { return equal(*octets, root.thumbprint().view()); });
  CHECK_OR_FAIL(found != roots.end(), ErrorCode::verification_failed,
                "the root's fingerprint is not the expected one");
  return *found;
}

bool has(const std::vector<Certificate>& list, const Certificate& root) {
  return std::ranges::find(list, root.thumbprint(), &Certificate::thumbprint) != list.end();
}

/// The first root and its successors, and the roots that lead to it, which were there before: who
/// trusts the first one does not trust them. Any other root is an attempt.
struct Line {
  std::vector<Certificate> roots, earlier;
};
Result<Line> line_from(const std::vector<Certificate>& roots, const Certificate& first) {
  std::vector<Certificate> after{first}, before{first};
  for (std::size_t i = 0; i < after.size(); ++i) {
    const Certificate root = after[i];
    for (const auto& next : roots) {
      if (names_as_next(root, next) && !has(after, next)) after.push_back(next);
    }
  }
  for (std::size_t i = 0; i < before.size(); ++i) {
    const Certificate root = before[i];
    for (const auto& earlier : roots) {
      if (names_as_next(earlier, root) && !has(before, earlier)) before.push_back(earlier);
    }
  }
  for (const auto& root : roots) {
    CHECK_OR_FAIL(has(after, root) || has(before, root), ErrorCode::verification_failed,
                  "the trust file has a root whose key is not the one that the trusted root names "
                  "as its successor");
  }
  before.erase(before.begin());
  return Line{std::move(after), std::move(before)};
}

Result<void> check_now(const Botan::X509_Certificate& x509, Instant now, const char* sentence) {
  const bool valid =
      from_x509_time(x509.not_before()) <= now && now <= from_x509_time(x509.not_after());
  CHECK_OR_FAIL(valid, ErrorCode::verification_failed, sentence);
  return {};
}

Result<void> check_roots(const std::vector<Certificate>& roots, Instant now) {
  for (const auto& root : roots) {
    const auto& x509 = root.impl().x509;
    CHECK_OR_FAIL(root.is_self_signed() && x509.check_signature(*x509.subject_public_key()),
                  ErrorCode::verification_failed, "the root's own signature does not verify");
  }
  const bool valid = std::ranges::any_of(roots, [now](const Certificate& root) {
    return root.not_before() <= now && now <= root.not_after();
  });
  CHECK_OR_FAIL(valid, ErrorCode::verification_failed, "the root is not valid at this time");
  return {};
}

Result<void> check_transport_root(const Botan::X509_Certificate& x509, Instant now) {
  const auto key = x509.subject_public_key();
  CHECK_OR_FAIL(is_p256(*key) && x509.is_CA_cert() && x509.check_signature(*key),
                ErrorCode::verification_failed,
                "the transport root is no self-signed ECDSA P-256 authority");
  return check_now(x509, now, "the transport root is not valid at this time");
}

bool is_signed_by(const Botan::X509_Certificate& x509, const Certificate& root) {
  const auto& issuer = root.impl().x509;
  return x509.signature_algorithm().oid().to_formatted_string() == suite::kRootSignature &&
         x509.issuer_dn() == issuer.subject_dn() &&
         x509.check_signature(*issuer.subject_public_key());
}

bool is_signed_by_one_of(const Botan::X509_Certificate& x509,
                         const std::vector<Certificate>& roots) {
  return std::ranges::any_of(roots,
                             [&](const Certificate& root) { return is_signed_by(x509, root); });
}

// What carries trust from the SET root to TLS: a root's signature over the transport root's name
// and key.
Result<void> check_cross(const Botan::X509_Certificate& cross,
                         const Botan::X509_Certificate& transport_root,
                         const std::vector<Certificate>& roots, Instant now) {
  CHECK_OR_FAIL(is_signed_by_one_of(cross, roots), ErrorCode::verification_failed,
                "the cross-certificate's signature is not the root's");
  CHECK_OR_FAIL(
      cross.is_CA_cert() && cross.subject_dn() == transport_root.subject_dn() &&
          equal(cross.subject_public_key_info(), transport_root.subject_public_key_info()),
      ErrorCode::verification_failed,
      "the cross-certificate has not the transport root's name and key");
  return check_now(cross, now, "the cross-certificate is not valid at this time");
}

// Brands of roots before the first one are left out with them.
std::vector<Certificate> brands_of(const std::vector<Certificate>& brands,
                                   const std::vector<Certificate>& roots) {
  std::vector<Certificate> kept;
  for (const auto& brand : brands) {
    if (is_signed_by_one_of(brand.impl().x509, roots)) kept.push_back(brand);
  }
  return kept;
}

/// A CRL names its issuer by this alone, and an earlier root is nobody's word but its own.
Result<void> check_key_ids(const std::vector<Certificate>& roots) {
  for (const auto& root : roots) {
    const auto key_id = root.impl().x509.subject_key_id();
    CHECK_OR_FAIL(equal(ByteView(key_id), detail::key_id(root.public_key())),
                  ErrorCode::verification_failed,
                  "a root's subjectKeyIdentifier is not made of its key");
  }
  return {};
}

Result<TrustFile> verified_file(const Candidates& found, std::string_view fingerprint, Instant now,
                                const TrustFile* held = nullptr) {
  const auto first = TRY(first_root(found.roots, fingerprint));
  TrustFile file;
  auto line = TRY(line_from(found.roots, first));
  file.roots = std::move(line.roots);
  file.earlier = std::move(line.earlier);
  // A root before the first one was there from the beginning, or is made up.
  if (held != nullptr) {
    std::erase_if(file.earlier, [&](const auto& root) { return !has(held->earlier, root); });
  }
  TRY(check_key_ids(file.roots));
  TRY(check_key_ids(file.earlier));
  TRY(check_roots(file.roots, now));
  TRY(check_transport_root(*found.transport_root, now));
  TRY(check_cross(*found.cross, *found.transport_root, file.roots, now));
  file.transport_root_pem = found.transport_root->PEM_encode();
  file.brands = brands_of(found.brands, file.roots);
  for (const auto& root : file.roots) file.pem += root.pem();
  file.pem += file.transport_root_pem + found.cross->PEM_encode();
  for (const auto& brand : file.brands) file.pem += brand.pem();
  for (const auto& root : file.earlier) file.pem += root.pem();
  return file;
}

constexpr const char* kMalformedTrustFile = "the trust file has a malformed certificate";

}  // namespace

Result<TrustFile> parse_trust_file(std::string_view pem, std::string_view fingerprint,
                                   Instant now) {
  const auto blocks = TRY(pem_blocks(pem));
  const auto found = TRY(sort_out(blocks));
  return guarded(ErrorCode::verification_failed, kMalformedTrustFile,
                 [&] { return verified_file(found, fingerprint, now); });
}

Result<TrustFile> renew_trust_file(const TrustFile& held, std::string_view offered, Instant now) {
  const auto blocks = TRY(pem_blocks(offered));
  auto found = TRY(sort_out(blocks));
  const auto add = [](std::vector<Certificate>& list, const std::vector<Certificate>& more) {
    for (const auto& certificate : more) {
      if (!has(list, certificate)) list.push_back(certificate);
    }
  };
  add(found.roots, held.roots);
  add(found.roots, held.earlier);
  add(found.brands, held.brands);
  const auto first = held.roots.front().thumbprint().hex();
  return guarded(ErrorCode::verification_failed, kMalformedTrustFile,
                 [&] { return verified_file(found, first, now, &held); });
}

}  // namespace set::detail
