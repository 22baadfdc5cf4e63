// The CA's memory: registrations, certificates, certified keys, tokens, attempts. Threads as
// Database.
#pragma once

#include <limits>

#include "ca/enrollment_state.h"
#include "ca/token.h"
#include "common/audit/log.h"
#include "common/store/database.h"

namespace set::ca {

inline constexpr std::int64_t kMaxOpenSessions = 100'000;
/// Requests of one role and BIN that wait for an operator.
inline constexpr std::int64_t kMaxPendedPerBin = 1000;
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
  std::optional<Digest> card;        ///< whose attempts are forgiven; kept with the certificate
  bool approved = false;             ///< an operator's yes is used up
  AuditEntry audit = {};             ///< goes into the log in the same transaction
  std::optional<Thumbprint> renewed = {};  ///< must not be revoked
};

/// What an operator is asked about.
struct RequestToPend {
  ToCertify contents;
  std::string language;
  std::vector<RegFormAnswer> answers;
  std::vector<Digest> keys;          ///< none may have been certified
  std::optional<TokenRecord> token;  ///< to be used up
  AuditEntry audit = {};
  std::string address = {};  ///< without port; empty = not counted
  std::int64_t most_of_address = 0;
};
/// A row of `set-ca requests list`.
struct StoredRequest {
  std::string id;  ///< 10 hex digits
  RequestType request_type = RequestType::card_initial_sig;
  std::string bin;
  std::string party_id;  ///< the id asked for; empty for cardholders
  std::string language;
  std::vector<RegFormAnswer> answers;
  std::vector<std::string> hosts;
  PartyFacts facts;
  Instant asked_at, expires_at;
  std::string decision;  ///< none, approved, rejected, issued
  std::optional<Instant> decided_at;
  std::string reason;
};
struct RequestDecision {
  Decision decision = Decision::none;
  CertStatusCode status = CertStatusCode::rejected_by_ca;  ///< iff rejected
  std::string reason;                                      ///< EEMessage, iff rejected
  PartyFacts facts;                                        ///< iff a merchant's or gateway's
  bool replaces = false;  ///< an id that has certificates, or was approved before, is meant
};

/// A row of `set-ca certs list`.
struct StoredCertificate {
  Thumbprint thumbprint;
  std::string kind, role, party_id, serial, subject;
  Instant not_before, not_after;
  bool revoked = false;
  Instant issued_at;
  Bytes der;
};
enum class CertificateState { any, valid, revoked, expired };
struct CertificateFilter {
  std::string role, brand, party;  ///< empty = any
  CertificateState state = CertificateState::any;
  std::optional<Duration> expiring_within;
};

/// Who opens a registration, and how many such may be open.
struct Origin {
  std::string address;  ///< without port
  std::int64_t most_open = kMaxOpenSessions;
};

class Store {
 public:
  /// Opens and migrates. Errors as Database::open.
  static Result<Store> open(std::string_view url, DatabaseUse use = DatabaseUse::daemon);

  Database& database() { return database_; }

  /// A new registration; the one that the same request opened before, if there is one.
  /// resource_exhausted beyond kMaxOpenSessions, or the origin's share of them.
  Result<CardInitiated> insert(const CardInitiated& session, Instant now,
                               const Origin& origin = {});
  /// The same; a repeat keeps LID-CA but gets the new challenges, since the old ones never left.
  Result<void> insert(const PartyInitiated& session, Instant now, const Origin& origin = {});

  /// unknown_lid if there is none or it has expired.
  Result<Session> find_session(const LIDCA& lid_ca, Instant now);
  /// conflict if another request moved it first.
  Result<void> advance(const CardFormSent& next);
  Result<void> refuse(const SessionHead& head, const LastRefusal& refused);

  /// Everything of a completed registration, or a Refusal that only the database knows: a key
  /// certified before, a token used meanwhile, an id that is somebody else's. conflict as advance.
  Result<std::optional<Refusal>> complete(const Completion& completion, Instant now);

  /// Keeps a request for an operator's decision; a Refusal as complete(). conflict as advance;
  /// resource_exhausted if too many of its address, or of its role and BIN, wait already.
  Result<std::optional<Refusal>> pend(const RequestToPend& request, Instant now);
  /// Newest first, at most so many. `decision` empty = whatever was decided.
  Result<std::vector<StoredRequest>> requests(
      const std::string& decision,
      std::int64_t at_most = std::numeric_limits<std::int64_t>::max());
  /// not_found.
  Result<StoredRequest> find_request(const std::string& id);
  /// not_found; conflict if it was decided before (an approved one may still be rejected as long as
  /// nothing was issued), or if a merchant's or gateway's id is taken and the decision does not say
  /// that it replaces.
  Result<void> decide(const std::string& id, const RequestDecision& decision,
                      const AuditEntry& audit, Instant now);

  /// Up to `most`, by the end of their validity, after one that was read before.
  Result<std::vector<StoredCertificate>> certificates(const CertificateFilter& filter,
                                                      const StoredCertificate* after, int most,
                                                      Instant now);
  /// By thumbprint, serial number (both hex) or party id, at most 100.
  Result<std::vector<StoredCertificate>> find_certificates(const std::string& name);
  /// The newest of a role, such as "mca".
  Result<std::optional<StoredCertificate>> newest_certificate(std::string_view role);

  /// True if this request may ask the issuer about this card. The same request counts once.
  Result<bool> count_card_attempt(const Digest& card, const Digest& request, Instant now);

  /// What was written down of a SET certificate, with the DER of its party's newest TLS certificate
  /// (empty for cardholders).
  struct Issued {
    bool revoked = false;
    std::string role, party_id;
    std::optional<Digest> card;
    Bytes tls;
  };
  Result<std::optional<Issued>> find_issued(const Thumbprint& thumbprint);

  Result<void> insert(const TokenRecord& token);
  Result<std::optional<TokenRecord>> find_token(const Digest& digest);

  /// The CA's own certificates, at init or after a ceremony; those that are there stay.
  Result<void> insert_own(const std::vector<IssuedRecord>& own, Instant now);

  /// Forgets what has expired; run now and then.
  Result<void> purge(Instant now);

 private:
  explicit Store(Database database) : database_(std::move(database)) {}
  Database database_;
};

}  // namespace set::ca
