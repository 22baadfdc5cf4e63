// Identity: who a merchant, gateway or CA is, as a directory: keys.set (entries "signature",
// "key-exchange", "tls"), signature.pem, key-exchange.pem, tls.pem (leaf first, then issuers) and
// trust.pem. Written by enrolment, loaded by main. Not for concurrent use on one directory.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/daemon/tls.h"
#include "common/message/party.h"

namespace set {

/// What an enrolment brings home, to be saved as a whole.
struct NewIdentity {
  SecretBytes signature_key;                    ///< PKCS#8, DER (SoftwareSigner::pkcs8)
  std::optional<SecretBytes> key_exchange_key;  ///< 96 bytes (KemPrivateKey::seed)
  Chain signature;
  std::optional<Chain> key_exchange;
  TlsIdentity tls;        ///< root_pem is not saved: it comes out of trust_pem
  std::string trust_pem;  ///< Trust::pem()
};

struct Identity {
  std::shared_ptr<const Party> party;
  TlsIdentity tls;

  /// Checks modes (directory 0700, key file 0600), that each key fits its certificate, dates, and
  /// the own chains against trust.pem. Finishes a save that a crash interrupted.
  /// Errors: bad_config, wrong_passphrase, expired_certificate, and Trust::verify's; each sentence
  /// names the file and what to do.
  static Result<Identity> load(const std::filesystem::path& directory, const Passphrase& passphrase,
                               Instant now);

  /// Makes or replaces the directory's files, all or none, also over a crash. Further entries of an
  /// existing keys.set are kept (it must open with the same passphrase).
  static Result<void> save(const std::filesystem::path& directory, const NewIdentity& identity,
                           const Passphrase& passphrase, Rng& rng);
};

/// PEM, leaf first, as in the files above.
std::string chain_pem(const Chain& chain);
/// bad_config if it is no PEM with certificates; else as Certificate::parse. `name` is for
/// sentences.
Result<Chain> parse_chain_pem(std::string_view pem, std::string_view name);

}  // namespace set
