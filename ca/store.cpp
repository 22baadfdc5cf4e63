#include "ca/store.h"

#include <algorithm>

#include "ca/schema.h"
#include "ca/store_rows.h"
#include "common/crypto/digest.h"

namespace set::ca {
namespace {

using namespace rows;

constexpr Duration kReplyMemory = std::chrono::hours(24);

Result<std::optional<Refusal>> refused(const char* why) {
  return std::optional<Refusal>(Refusal{CertStatusCode::rejected_by_ca, why, {}});
}

Result<void> check_room(Transaction& t, const Origin& origin, Instant now) {
  // An open one ends within the hour. What waits for an operator, for a month perhaps, has caps of
  // its own, and completed ones cost nobody anything any more.
  const auto latest = now + kSessionLife;
  const auto row = TRY(t.query_one(
      "SELECT count(*) FROM sessions WHERE expires_at > $1 AND expires_at <= $2", {now, latest}));
  CHECK_OR_FAIL(row->integer(0) < kMaxOpenSessions, ErrorCode::resource_exhausted,
                "too many registrations are open");
  const auto own = TRY(t.query_one("SELECT count(*) FROM sessions WHERE opened_from = $1"
                                   " AND expires_at > $2 AND expires_at <= $3"
                                   " AND state <> 'certified'",
                                   {origin.address, now, latest}));
  CHECK_OR_FAIL(own->integer(0) < origin.most_open, ErrorCode::resource_exhausted,
                "too many registrations are open from one address");
  return {};
}

Result<void> insert_certificate(Transaction& t, const IssuedRecord& record, const SqlValue& session,
                                int place, const std::optional<Digest>& card, Instant now) {
  SqlValue of_card;
  if (card) of_card = *card;
  TRY(t.execute(
      "INSERT INTO certificates (thumbprint, kind, role, party_id, serial, subject, not_before,"
      " not_after, key_digest, der, state, issued_at, session, place, card)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'valid', $11, $12, $13, $14)",
      {record.thumbprint, record.kind, record.role, record.party_id, record.serial, record.subject,
       record.not_before, record.not_after, record.key_digest, record.der, now, session, place,
       of_card}));
  return {};
}

Result<void> insert_keys(Transaction& t, const std::vector<Digest>& keys, Instant now) {
  for (const auto& key : keys) {
    TRY(t.execute("INSERT INTO certified_keys (key_digest, certified_at) VALUES ($1, $2)",
                  {key, now}));
  }
  return {};
}

/// "The old certificate is valid": also at the moment in which the new one counts.
Result<bool> is_revoked(Transaction& t, const std::optional<Thumbprint>& renewed) {
  if (!renewed) return false;
  const auto row = TRY(t.query_one(
      "SELECT 1 FROM certificates WHERE thumbprint = $1 AND state = 'valid'", {*renewed}));
  return !row;
}

/// An id that the operator did not write into the token must be nobody's yet.
Result<bool> id_is_taken(Transaction& t, const Completion& completion) {
  if (!completion.token || !completion.token->id.empty()) return false;
  const auto& first = completion.issued.front();
  const auto row =
      TRY(t.query_one("SELECT count(*) FROM certificates WHERE role = $1 AND party_id = $2",
                      {first.role, first.party_id}));
  return row->integer(0) > 0;
}

Result<void> write_completion(Transaction& t, const Completion& completion, Instant now) {
  const auto& next = completion.next;
  TRY(insert_keys(t, completion.new_keys, now));
  int place = 0;
  for (const auto& record : completion.issued) {
    TRY(insert_certificate(t, record, next.head.lid_ca, place++, completion.card, now));
  }
  TRY(moved(TRY(
      t.execute("UPDATE sessions SET state = 'certified', version = version + 1, expires_at = $3,"
                " cert_request = $4, signature_key = $5, refused_status = NULL"
                " WHERE lid_ca = $1 AND version = $2 AND state <> 'certified'",
                {next.head.lid_ca, next.head.version, next.head.expires_at, next.cert_request,
                 next.signature_key}))));
  if (completion.approved) {
    TRY(moved(TRY(t.execute("UPDATE pended_requests SET decision = 'issued'"
                            " WHERE session = $1 AND decision = 'approved'",
                            {next.head.lid_ca}))));
  }
  TRY(set::audit::append(t, completion.audit));
  if (completion.card)
    TRY(t.execute("DELETE FROM card_attempts WHERE card = $1", {*completion.card}));
  return {};
}

}  // namespace

namespace rows {

Result<void> moved(std::int64_t changed) {
  CHECK_OR_FAIL(changed == 1, ErrorCode::conflict, "another request moved this registration first");
  return {};
}

Result<void> check_not_moved(Transaction& t, const SessionHead& head) {
  const auto row =
      TRY(t.query_one("SELECT 1 FROM sessions WHERE lid_ca = $1 AND version = $2"
                      " AND state <> 'certified'",
                      {head.lid_ca, head.version}));
  return moved(row ? 1 : 0);
}

/// "A CA certifies a key once: it keeps digests of all certified keys and refuses a second
/// request."
Result<bool> any_certified(Transaction& t, const std::vector<Digest>& keys) {
  for (const auto& key : keys) {
    const auto row = TRY(t.query_one("SELECT 1 FROM certified_keys WHERE key_digest = $1", {key}));
    if (row) return true;
  }
  return false;
}

/// A token is good once.
Result<bool> use_token(Transaction& t, const TokenRecord& token, const LIDCA& lid_ca, Instant now) {
  const auto used = TRY(t.execute("UPDATE tokens SET used_at = $2, used_by = $3"
                                  " WHERE digest = $1 AND used_at IS NULL AND expires_at > $2",
                                  {token.digest, now, lid_ca}));
  return used == 1;
}

}  // namespace rows

Digest key_digest_of(ByteView public_key) { return digest("SET/2 certified key", public_key); }

IssuedRecord record_of(const Certificate& certificate, std::string party_id) {
  std::string roles;
  for (const Role role : certificate.roles())
    roles += (roles.empty() ? "" : "+") + std::string(to_string(role));
  return {"set",
          std::move(roles),
          std::move(party_id),
          certificate.thumbprint(),
          certificate.serial_hex(),
          "O=" + certificate.brand() + ", OU=" + certificate.organizational_unit() +
              ", CN=" + certificate.common_name(),
          certificate.not_before(),
          certificate.not_after(),
          key_digest_of(certificate.public_key()),
          certificate.der()};
}

Result<Store> Store::open(std::string_view url, DatabaseUse use) {
  auto database = TRY(Database::open(url, use));
  TRY(database.migrate(kMigrations));
  return Store(std::move(database));
}

Result<CardInitiated> Store::insert(const CardInitiated& session, Instant now,
                                    const Origin& origin) {
  return database_.in_transaction(
      "ca:card-initiated", [&](Transaction& t) -> Result<CardInitiated> {
        TRY(check_room(t, origin, now));
        const auto& head = session.head;
        TRY(t.execute(
            "INSERT INTO sessions (lid_ca, version, state, lid_ee, opened_by, expires_at, opened_from)"
            " VALUES ($1, 0, 'card_initiated', $2, $3, $4, $5) ON CONFLICT (opened_by) DO NOTHING",
            {head.lid_ca, head.lid_ee, head.opened_by, head.expires_at, origin.address}));
        const auto row =
            TRY(t.query_one("SELECT lid_ca FROM sessions WHERE opened_by = $1", {head.opened_by}));
        CardInitiated stored = session;
        stored.head.lid_ca = lid_ca_of(*row, 0);
        return stored;
      });
}

Result<void> Store::insert(const PartyInitiated& session, Instant now, const Origin& origin) {
  return database_.in_transaction("ca:party-initiated", [&](Transaction& t) -> Result<void> {
    TRY(check_room(t, origin, now));
    const auto& head = session.head;
    // The same request again means that its answer never left: the challenge is bound to the new
    // LID-CA.
    TRY(t.execute(
        "DELETE FROM sessions WHERE opened_by = $1 AND state = 'party_initiated' AND version = 0",
        {head.opened_by}));
    TRY(t.execute(
        "INSERT INTO sessions (lid_ca, version, state, lid_ee, opened_by, expires_at, request_type,"
        " bin, party_id, chall_ca, encryption_key, kem_answer, language, opened_from)"
        " VALUES ($1, 0, 'party_initiated', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        {head.lid_ca, head.lid_ee, head.opened_by, head.expires_at,
         static_cast<int>(session.request_type), bin_of(session.id_data), id_of(session.id_data),
         session.chall_ca, session.encryption_key, session.kem_answer, session.language,
         origin.address}));
    return {};
  });
}

Result<Session> Store::find_session(const LIDCA& lid_ca, Instant now) {
  return database_.in_transaction("ca:find-session", [&](Transaction& t) -> Result<Session> {
    const auto row = TRY(t.query_one(kSelectSession, {lid_ca, now}));
    CHECK_OR_FAIL(row, ErrorCode::unknown_lid, "there is no such registration, or it has expired");
    return read_session(t, *row);
  });
}

Result<void> Store::advance(const CardFormSent& next) {
  return database_.in_transaction("ca:form-sent", [&](Transaction& t) -> Result<void> {
    return moved(TRY(t.execute(
        "UPDATE sessions SET state = 'card_form_sent', version = version + 1, form_request = $3, "
        "chall_ca = $4,"
        " nonce_cca = $5, bin = $6, language = $7, request_type = $8, signature_key = NULL,"
        " refused_status = NULL"
        " WHERE lid_ca = $1 AND version = $2",
        {next.head.lid_ca, next.head.version, next.form_request, next.chall_ca, next.nonce_cca,
         next.bin, next.language, static_cast<int>(next.request_type)})));
  });
}

Result<void> Store::refuse(const SessionHead& head, const LastRefusal& refused) {
  return database_.in_transaction("ca:refused", [&](Transaction& t) -> Result<void> {
    return moved(TRY(t.execute(
        "UPDATE sessions SET version = version + 1, signature_key = $3, refused_status = $4"
        " WHERE lid_ca = $1 AND version = $2 AND state <> 'certified'",
        {head.lid_ca, head.version, refused.signature_key, static_cast<int>(refused.status)})));
  });
}

Result<std::optional<Refusal>> Store::complete(const Completion& completion, Instant now) {
  return database_.in_transaction(
      "ca:certified", [&](Transaction& t) -> Result<std::optional<Refusal>> {
        if (TRY(is_revoked(t, completion.renewed)))
          return refused("the certificate being renewed was revoked");
        TRY(check_not_moved(t, completion.next.head));
        if (TRY(any_certified(t, completion.new_keys)))
          return refused("one of the keys was certified before");
        if (TRY(id_is_taken(t, completion)))
          return refused("this id is taken: ask for a token with an id in it");
        if (completion.token) {
          if (!TRY(use_token(t, *completion.token, completion.next.head.lid_ca, now)))
            return refused("this enrolment token was used before");
        }
        TRY(write_completion(t, completion, now));
        return std::optional<Refusal>();
      });
}

Result<bool> Store::count_card_attempt(const Digest& card, const Digest& request, Instant now) {
  return database_.in_transaction("ca:card-attempt", [&](Transaction& t) -> Result<bool> {
    const auto row =
        TRY(t.query_one("SELECT count(*) FROM card_attempts"
                        " WHERE card = $1 AND request <> $2 AND tried_at > $3",
                        {card, request, now - kCardAttemptMemory}));
    if (row->integer(0) >= kMaxCardAttempts) return false;
    TRY(
        t.execute("INSERT INTO card_attempts (card, request, tried_at) VALUES ($1, $2, $3)"
                  " ON CONFLICT (card, request) DO NOTHING",
                  {card, request, now}));
    return true;
  });
}

Result<std::optional<Store::Issued>> Store::find_issued(const Thumbprint& thumbprint) {
  return database_.in_transaction(
      "ca:find-issued", [&](Transaction& t) -> Result<std::optional<Issued>> {
        const auto row = TRY(t.query_one(
            "SELECT state, role, party_id, card FROM certificates WHERE thumbprint = $1 AND kind = 'set'",
            {thumbprint}));
        if (!row) return std::optional<Issued>();
        Issued out{row->text(0) == "revoked", row->text(1), row->text(2), std::nullopt, {}};
        if (!row->is_null(3)) out.card = row->octets<Digest>(3);
        const auto tls = TRY(t.query_one(
            "SELECT der FROM certificates WHERE kind = 'tls' AND role = $1 AND party_id = $2"
            " ORDER BY issued_at DESC, not_after DESC LIMIT 1",
            {out.role, out.party_id}));
        if (tls) out.tls = tls->blob(0);
        return std::optional(std::move(out));
      });
}

Result<void> Store::insert(const TokenRecord& token) {
  return database_.in_transaction("ca:token", [&](Transaction& t) -> Result<void> {
    TRY(t.execute(
        "INSERT INTO tokens (digest, role, name, bin, party_id, city, country, hosts, created_at,"
        " expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        {token.digest, to_string(token.role), token.name, token.bin, token.id, token.city,
         token.country, join_hosts(token.hosts), token.created_at, token.expires_at}));
    auto made = set::audit::by_operator("token create", token.created_at);
    made.role = to_string(token.role);
    made.bin = token.bin;
    made.party = token.id;
    return set::audit::append(t, made);
  });
}

Result<std::optional<TokenRecord>> Store::find_token(const Digest& digest) {
  return database_.in_transaction(
      "ca:find-token", [&](Transaction& t) -> Result<std::optional<TokenRecord>> {
        const auto row =
            TRY(t.query_one("SELECT role, name, bin, party_id, city, country, hosts, created_at,"
                            " expires_at, used_at FROM tokens WHERE digest = $1",
                            {digest}));
        if (!row) return std::optional<TokenRecord>();
        return std::optional(read_token(*row, digest));
      });
}

Result<void> Store::insert_own(const std::vector<IssuedRecord>& own, Instant now) {
  return database_.in_transaction("ca:init", [&](Transaction& t) -> Result<void> {
    std::vector<Digest> keys;
    for (const auto& record : own) {
      // A ceremony that was interrupted after this is repeated.
      const auto known =
          TRY(t.query_one("SELECT 1 FROM certificates WHERE thumbprint = $1", {record.thumbprint}));
      if (known) continue;
      TRY(insert_certificate(t, record, std::nullopt, 0, std::nullopt, now));
      keys.push_back(record.key_digest);
    }
    return insert_keys(t, keys, now);
  });
}

Result<void> Store::purge(Instant now) {
  TRY(database_.in_transaction("ca:purge", [&](Transaction& t) -> Result<void> {
    TRY(t.execute("DELETE FROM sessions WHERE expires_at <= $1", {now}));
    TRY(t.execute("DELETE FROM card_attempts WHERE tried_at <= $1", {now - kCardAttemptMemory}));
    TRY(t.execute("DELETE FROM pended_requests WHERE expires_at <= $1", {now}));
    return {};
  }));
  TRY(replies::purge_older_than(database_, now - kReplyMemory));
  return {};
}

}  // namespace set::ca
