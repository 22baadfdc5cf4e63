// Identity: who a merchant, gateway or CA is, as a directory: keys.set (entries "signature",
// "key-exchange", "tls"), signature.pem, key-exchange.pem, tls.pem (leaf first, then issuers) and
// trust.pem. What a renewal replaced stays beside it until it ends: entries and files
// "earlier-<signature or key-exchange>-<thumbprint>". Written by enrolment and renewal, loaded by
// main and live_identity. One process at a time writes or loads a directory; others wait for it.
// trust.pem never loses a successor of its root: what is written over it brings its own and keeps
// those that are there.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/crypto/key_lock.h"
#include "common/daemon/tls.h"
#include "common/message/party.h"

namespace set {

/// What an enrolment brings home, to be saved as a whole.
struct NewIdentity {
  SecretBytes signature_key;                    ///< StoredSigner::stored: PKCS#8, DER, or a token's
  std::optional<SecretBytes> key_exchange_key;  ///< 96 bytes (KemPrivateKey::seed)
  Chain signature;
  std::optional<Chain> key_exchange;
  TlsIdentity tls;        ///< root_pem is not saved: it comes out of trust_pem
  std::string trust_pem;  ///< Trust::pem()
};

/// Whether a directory may be loaded whose TLS certificate has ended: to renew it, and for nothing
/// else.
enum class EndedTls { refused, allowed };

struct Identity {
  std::shared_ptr<const Party> party;
  TlsIdentity tls;

  /// Checks modes (directory 0700, key file 0600), that each key fits its certificate, that all
  /// certificates name the same party, dates, and the own chains against trust.pem. Finishes a save
  /// that a crash interrupted.
  /// Errors: bad_config, wrong_passphrase, expired_certificate, and Trust::verify's; each sentence
  /// names the file and what to do.
  static Result<Identity> load(const std::filesystem::path& directory, const KeyLock& lock,
                               Instant now, EndedTls ended_tls = EndedTls::refused);

  /// Makes or replaces the directory's files, all or none, also over a crash. Further entries of an
  /// existing keys.set are kept (it must open with the same lock). Certificates that are
  /// replaced and have not ended when the new ones begin become earlier ones.
  static Result<void> save(const std::filesystem::path& directory, const NewIdentity& identity,
                           const KeyLock& lock, Rng& rng);

  /// The same for the TLS certificate and key alone.
  static Result<void> save_tls(const std::filesystem::path& directory, const TlsIdentity& tls,
                               const KeyLock& lock, Rng& rng);

  /// The trust file alone, after a rollover of the root.
  static Result<void> save_trust(const std::filesystem::path& directory, const Trust& trust,
                                 Instant now);
};

/// The name of the file of an earlier signature certificate, by its thumbprint.
std::string earlier_signature_file(std::string_view thumbprint_hex);
/// PEM, leaf first, as in the files above.
std::string chain_pem(const Chain& chain);
/// bad_config if it is no PEM with certificates; else as Certificate::parse. `name` is for
/// sentences.
Result<Chain> parse_chain_pem(std::string_view pem, std::string_view name);

}  // namespace set
