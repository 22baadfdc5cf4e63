// The linter: our certificate profile as a table of rules, each with its id and its source. Every
// certificate is linted as contents before it is signed and as it stands after; `set-ca certs lint`
// lints what is in a file or in the database. Pure; any thread.
#pragma once

#include <span>
#include <vector>

#include "common/crypto/certificate.h"

namespace set::ca {

/// What the rules look at: of contents that are to be signed, or of a certificate.
struct LintSubject {
  CertificateTemplate contents;
  std::vector<std::string> policies;
  Bytes public_key;
  std::optional<std::string> serial_hex;  ///< none before it is signed
  /// None: self-signed, or the issuer's certificate is not at hand. Its rules then do not apply.
  std::optional<Certificate> issuer;
};
LintSubject lint_subject(const CertificateTemplate& contents, ByteView public_key,
                         const Certificate* issuer);
LintSubject lint_subject(const Certificate& certificate, const Certificate* issuer);

enum class Severity {
  error,   ///< never signed
  notice,  ///< allowed, and worth knowing
};
struct LintRule {
  std::string_view id;
  std::string_view source;  ///< where the rule is written
  std::string_view text;    ///< what must hold
  Severity severity;
  bool (*holds)(const LintSubject&);
};
std::span<const LintRule> lint_rules();
/// The rules that do not hold.
std::vector<const LintRule*> lint(const LintSubject& subject);

/// The transport's certificates, before they are signed or as they stand.
struct TlsLintSubject {
  TlsTemplate contents;
  Bytes public_key;
};
/// decoding_failure if it is no certificate.
Result<TlsLintSubject> tls_lint_subject(ByteView der);
struct TlsLintRule {
  std::string_view id;
  std::string_view source;
  std::string_view text;
  bool (*holds)(const TlsLintSubject&);
  bool of_ca;  ///< holds for the transport root, too; the rest is of its certificates
};
std::span<const TlsLintRule> tls_lint_rules();
/// The rules that do not hold; of a CA those that are of CAs.
std::vector<const TlsLintRule*> lint(const TlsLintSubject& subject);

/// Nothing, or invalid_argument with the first broken rule's id and text.
Result<void> require_clean(const LintSubject& subject);
Result<void> require_clean(const TlsLintSubject& subject);

/// True for the key types that each use allows: ML-DSA-65 for signatures, the hybrid KEM for key
/// exchange.
bool is_end_entity_key(ByteView public_key, KeyUse use);

}  // namespace set::ca
