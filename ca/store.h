// The CA's memory: registrations, certificates, certified keys, tokens, attempts. Threads as
// Database.
#pragma once

#include "ca/enrollment_state.h"
#include "ca/token.h"
#include "common/store/database.h"

namespace set::ca {

inline constexpr std::int64_t kMaxOpenSessions = 100'000;
inline constexpr int kMaxCardAttempts = 5;
inline constexpr Duration kCardAttemptMemory = std::chrono::hours(24);

/// One certificate for the table: of a registration, or of the CA itself.
struct IssuedRecord {
  std::string kind;  ///< "set" or "tls"
  std::string role;
  std::string party_id;  ///< "400000/shop-1"; empty for cardholders and the CA
  Thumbprint thumbprint;
  std::string serial;
  std::string subject;
  Instant not_before, not_after;
  Digest key_digest;
  Bytes der;
};
/// digest("SET/2 certified key", SubjectPublicKeyInfo).
Digest key_digest_of(ByteView public_key);
IssuedRecord record_of(const Certificate& certificate, std::string party_id);

/// What completes a registration, all in one transaction.
struct Completion {
  Certified next;
  std::vector<IssuedRecord> issued;
  std::vector<Digest> new_keys;      ///< digests of all keys that were certified
  std::optional<TokenRecord> token;  ///< to be used up
  std::optional<Digest> card;        ///< whose attempts are forgiven
};

class Store {
 public:
  /// Opens and migrates. Errors as Database::open.
  static Result<Store> open(std::string_view url, DatabaseUse use = DatabaseUse::daemon);

  Database& database() { return database_; }

  /// A new registration; the one that the same request opened before, if there is one.
  /// resource_exhausted beyond kMaxOpenSessions.
  Result<CardInitiated> insert(const CardInitiated& session, Instant now);
  /// The same; a repeat keeps LID-CA but gets the new challenges, since the old ones never left.
  Result<void> insert(const PartyInitiated& session, Instant now);

  /// unknown_lid if there is none or it has expired.
  Result<Session> find_session(const LIDCA& lid_ca, Instant now);
  /// conflict if another request moved it first.
  Result<void> advance(const CardFormSent& next);
  Result<void> refuse(const SessionHead& head, const LastRefusal& refused);

  /// Everything of a completed registration, or a Refusal that only the database knows: a key
  /// certified before, a token used meanwhile, an id that is somebody else's. conflict as advance.
  Result<std::optional<Refusal>> complete(const Completion& completion, Instant now);

  /// True if this request may ask the issuer about this card. The same request counts once.
  Result<bool> count_card_attempt(const Digest& card, const Digest& request, Instant now);

  Result<void> insert(const TokenRecord& token);
  Result<std::optional<TokenRecord>> find_token(const Digest& digest);

  /// The CA's own certificates, at init.
  Result<void> insert_own(const std::vector<IssuedRecord>& own, Instant now);

  /// Forgets what has expired; run now and then.
  Result<void> purge(Instant now);

 private:
  explicit Store(Database database) : database_(std::move(database)) {}
  Database database_;
};

}  // namespace set::ca
