// doctor: what each executable's `doctor` subcommand examines: the own identity, the database, and
// every configured peer as the daemon itself would meet it: name, connection, TLS, TLS role,
// certificates of SET, clock. Reads only. Called by each room's doctor_command.cpp; one thread.
#pragma once

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/daemon/identity.h"
#include "common/daemon/key_access.h"

namespace set {

/// One line of the report.
struct Finding {
  enum class Kind { good, note, bad };
  Kind kind;
  std::string about;  ///< "identity", "gateway 127.0.0.1:7500"
  std::string says;
  std::string fix;  ///< of a bad one
  ErrorCode code = ErrorCode::internal;
};

class Examination {
 public:
  void good(std::string about, std::string says);
  /// Worth knowing, neither good nor bad.
  void note(std::string about, std::string says);
  void bad(std::string about, const Error& error, std::string fix);
  /// Good, or bad with this fix.
  void check(const std::string& about, const Result<void>& result, std::string says,
             std::string fix);

  const std::vector<Finding>& findings() const { return findings_; }
  bool all_good() const;
  /// Prints the report on standard output. The first bad finding's code, if there is one.
  Result<void> report(bool json) const;

 private:
  std::vector<Finding> findings_;
};

/// The report as text, with colours where `stream` shows them (null: nowhere), or JSON.
std::string text_of(const Examination& examination, std::FILE* stream = nullptr);
std::string json_of(const Examination& examination);

// --- doctor_identity.cpp: what lies in the own directory ---

/// Modes, passphrase, trust anchors, chains, TLS certificate; then Identity::load, as `serve` does.
/// None if that failed.
std::optional<Identity> examine_identity(Examination& examination,
                                         const std::filesystem::path& directory,
                                         const KeySource& keys, Instant now);
/// The passphrase, if the key file is private and opens with it.
std::optional<KeyAccess> examine_keys(Examination& examination, const std::filesystem::path& file,
                                       const KeySource& source);
/// Fingerprints and dates of SET root and transport root.
void examine_trust(Examination& examination, const Trust& trust);
/// The BCI and CRLs that were kept, with their freshness; `trust` knows them from then on.
void examine_revocations(Examination& examination, const std::filesystem::path& file,
                         const Trust& trust, Instant now);
/// The freshness of what the trust knows already; `fix` is for lists that are missing or too old.
void examine_known_revocations(Examination& examination, const Trust& trust, Instant now,
                               const std::string& fix);
/// Its certificates, and the path to the root for what the leaf says it is.
void examine_chain(Examination& examination, const std::string& about, const Chain& chain,
                   const Trust& trust, Instant now);
/// `url` as Database::open; `newest_schema` is the number of the room's last migration. Changes
/// nothing, and does not need the daemon to be stopped. True if it is there with this schema: then a
/// store may be opened on it without bringing it up to date.
bool examine_database(Examination& examination, std::string_view url, int newest_schema);

/// Whether the daemon of this directory serves; that it does not is only noted.
void examine_daemon(Examination& examination, const std::string& admin_address);

// --- doctor_peer.cpp: who is at the other end ---

/// With what a program meets its peers.
struct Examiner {
  std::shared_ptr<const Trust> trust;
  const TlsIdentity* tls = nullptr;  ///< null: a wallet, or who has no identity yet
  std::string brand;                 ///< empty = any
  Clock clock;
};

/// `role` is the peer's, `address` its host:port. Asks it with an empty message, which a SET daemon
/// answers with its signed Error: that shows its certificates, its key and its clock.
void examine_peer(Examination& examination, const Examiner& self, PartyRole role,
                  const std::string& address);

}  // namespace set
