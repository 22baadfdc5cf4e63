#include "ca/issuance.h"

#include <utility>

#include "common/base/assert.h"

namespace set::ca {
namespace {

/// What the linter, which knows CAs as well, cannot know.
Result<void> check_request(const CertificateTemplate& contents, Instant now) {
  const bool end_entity =
      contents.roles.size() == 1 && !contents.is_ca &&
      (contents.roles.front() == Role::cardholder || contents.roles.front() == Role::merchant ||
       contents.roles.front() == Role::gateway);
  CHECK_OR_FAIL(end_entity, ErrorCode::invalid_argument, "this CA certifies end entities only");
  CHECK_OR_FAIL(contents.not_before <= now && contents.not_after > now,
                ErrorCode::invalid_argument, "a certificate must be valid when it is issued");
  return {};
}

Result<void> check_issued(const Certificate& certificate, const CertificateTemplate& contents,
                          ByteView public_key) {
  const bool same = certificate.roles() == contents.roles &&
                    certificate.key_use() == contents.key_use &&
                    certificate.brand() == contents.organization &&
                    certificate.common_name() == contents.common_name &&
                    equal(certificate.public_key(), public_key);
  CHECK_OR_FAIL(same, ErrorCode::internal,
                "the certificate that was signed is not the one prepared");
  return {};
}

}  // namespace

IssuanceToken::IssuanceToken(IssuanceToken&& other) noexcept
    : contents_(std::move(other.contents_)),
      public_key_(std::move(other.public_key_)),
      issuer_(std::exchange(other.issuer_, nullptr)) {}

Result<IssuanceToken> prepare(CertificateTemplate contents, ByteView subject_public_key,
                              const Authority& issuer, Instant now) {
  TRY(check_request(contents, now));
  TRY(require_clean(lint_subject(contents, subject_public_key, &issuer.certificate)));
  return IssuanceToken(std::move(contents), bytes_of(subject_public_key), issuer);
}

Result<Certificate> issue(IssuanceToken&& token, Rng& rng) {
  const auto* issuer = std::exchange(token.issuer_, nullptr);
  SET_ASSERT(issuer != nullptr);
  auto certificate = TRY(issue_certificate(token.contents_, token.public_key_, &issuer->certificate,
                                           issuer->key, rng));
  TRY(check_issued(certificate, token.contents_, token.public_key_));
  TRY(require_clean(lint_subject(certificate, &issuer->certificate)));
  return certificate;
}

}  // namespace set::ca
