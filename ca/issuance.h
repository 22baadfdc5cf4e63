// Issuing in two steps, as Boulder does: prepare() lints the contents and hands out a token, issue()
// signs what the token holds, once, and lints what came out. Nothing is signed unchecked.
// Pure; any thread.
#pragma once

#include "ca/hierarchy.h"
#include "ca/lint.h"

namespace set::ca {

/// Contents that passed every check, bound to one key and one issuer. Used once.
class IssuanceToken {
 public:
  IssuanceToken(IssuanceToken&& other) noexcept;
  IssuanceToken& operator=(IssuanceToken&&) = delete;
  IssuanceToken(const IssuanceToken&) = delete;
  IssuanceToken& operator=(const IssuanceToken&) = delete;

 private:
  friend Result<IssuanceToken> prepare(CertificateTemplate, ByteView, const Authority&, Instant);
  friend Result<Certificate> issue(IssuanceToken&&, Rng&);
  IssuanceToken(CertificateTemplate contents, Bytes public_key, const Authority& issuer)
      : contents_(std::move(contents)), public_key_(std::move(public_key)), issuer_(&issuer) {}

  CertificateTemplate contents_;
  Bytes public_key_;
  const Authority* issuer_;  ///< null once it is used
};

/// Errors: invalid_argument and the rule that is broken (lint.h). `issuer` outlives the token.
Result<IssuanceToken> prepare(CertificateTemplate contents, ByteView subject_public_key,
                              const Authority& issuer, Instant now);

/// Signs, reads the certificate back and compares it with the contents. A second use of a token
/// stops the process.
Result<Certificate> issue(IssuanceToken&& token, Rng& rng);

}  // namespace set::ca
