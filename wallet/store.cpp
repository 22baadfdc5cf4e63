#include "wallet/store.h"

#include "common/base/assert.h"
#include "common/message/wire.h"
#include "wallet/schema.h"
#include "wallet/store_rows.h"

namespace set::wallet {
namespace {

constexpr Duration kOfferKept = std::chrono::hours(24);
constexpr std::string_view kCardPurpose = "card";

// A row's encrypted column is bound to its purchase, so that rows cannot be exchanged.
std::string purpose(std::string_view column, const LIDC& lid_c) {
  return std::string(column) + " " + to_hex(view_of(lid_c.value));
}

#define SET_CARD_COLUMNS "number, secrets, certificates, trust_pem, ca"

std::vector<Certificate> list_of(const Chain& chain) {
  std::vector<Certificate> out{chain.leaf};
  out.insert(out.end(), chain.issuers.begin(), chain.issuers.end());
  return out;
}

std::vector<Certificate> all_certificates(const Offer& offer) {
  std::vector<Certificate> out{offer.merchant.signature, offer.merchant.key_exchange, offer.gateway};
  out.insert(out.end(), offer.merchant.issuers.begin(), offer.merchant.issuers.end());
  out.insert(out.end(), offer.gateway_issuers.begin(), offer.gateway_issuers.end());
  return out;
}

Result<std::vector<PurchaseState>> states_of(const std::vector<Row>& rows) {
  std::vector<PurchaseState> out;
  for (const auto& row : rows) out.push_back(TRY(state_of(row)));
  return out;
}

Result<PurchaseState> only_state(const std::optional<Row>& row) {
  CHECK_OR_FAIL(row, ErrorCode::not_found, "the wallet knows no such purchase; see set-wallet orders");
  return state_of(*row);
}

/// Purchases are asked about under the certificate that signed them, until that has ended.
Result<void> forget_ended_keys(Transaction& t, Instant now) {
  for (const auto& row : TRY(t.query("SELECT certificate, certificates FROM earlier_cards "
                                     "WHERE secrets IS NOT NULL"))) {
    const auto chain = TRY(certificates_of_blob(row.blob(1)));
    if (!chain.empty() && chain.front().not_after() >= now) continue;
    TRY(t.execute("UPDATE earlier_cards SET secrets = NULL WHERE certificate = $1",
                  {row.octets<Thumbprint>(0)}));
  }
  return {};
}

Result<void> moved(std::int64_t rows) {
  CHECK_OR_FAIL(rows == 1, ErrorCode::conflict,
                "the purchase has moved on meanwhile; see set-wallet orders");
  return {};
}

AuditEntry card_entry(std::string_view event, std::int64_t number, const Chain& certificate,
                      Instant now) {
  AuditEntry entry;
  entry.at = now;
  entry.event = event;
  entry.subject = "card " + std::to_string(number);
  entry.thumbprints = {certificate.leaf.thumbprint().hex()};
  return entry;
}

}  // namespace

Result<Store> Store::open(std::string_view url, AtRest at_rest, Rng& rng,
                          const std::filesystem::path& kept, DatabaseUse use) {
  auto database = TRY(Database::open(url, use));
  TRY(database.migrate(kMigrations));
  return Store(std::move(database), std::move(at_rest), rng, kept);
}

Result<std::shared_ptr<const Trust>> Store::trust(std::string_view pem, std::string_view fingerprint,
                                                  Instant now) {
  return trusts_->find(pem, fingerprint, now);
}

// --- cards ---

Result<std::int64_t> Store::insert(const CardSecrets& secrets, const Chain& certificate,
                                   const Trust& trust, Instant now,
                                   const std::optional<LIDCA>& from, const std::string& ca,
                                   std::string_view trust_url) {
  const auto sealed = at_rest_.seal(kCardPurpose, to_bytes(secrets).reveal(), *rng_);
  const auto chain = list_of(certificate);
  return database_.in_transaction("wallet:card", [&](Transaction& t) -> Result<std::int64_t> {
    const auto last = TRY(t.query_one("SELECT COALESCE(MAX(number), 0) FROM cards"));
    const auto number = last->integer(0) + 1;
    TRY(t.execute("INSERT INTO cards (number, secrets, certificates, trust_pem, added_at, ca, trust_url) "
                  "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                  {number, sealed, certificates_blob(chain), trust.pem(), now, ca, std::string(trust_url)}));
    if (from) TRY(t.execute("DELETE FROM pending_cards WHERE lid_ca = $1", {*from}));
    TRY(set::audit::append(t, card_entry("card added", number, certificate, now)));
    return number;
  });
}

Result<std::vector<CardTrust>> Store::trust_sources() {
  const auto rows = TRY(database_.in_transaction("wallet:trust", [](Transaction& t) {
    return t.query("SELECT number, trust_pem, trust_url FROM cards WHERE trust_url <> ''");
  }));
  std::vector<CardTrust> out;
  for (const auto& row : rows) out.push_back({row.integer(0), row.text(1), row.text(2)});
  return out;
}

Result<void> Store::save_trust(std::int64_t card, const std::string& trust_pem) {
  return database_.in_transaction("wallet:save-trust", [&](Transaction& t) -> Result<void> {
    TRY(t.execute("UPDATE cards SET trust_pem = $2 WHERE number = $1", {card, trust_pem}));
    return {};
  });
}

Result<void> Store::replace(const Card& before, const CardSecrets& secrets, const Chain& certificate,
                            const std::string& ca, Instant now,
                            const std::optional<LIDCA>& from) {
  const auto sealed = at_rest_.seal(kCardPurpose, to_bytes(secrets).reveal(), *rng_);
  const auto old_chain = certificates_blob(list_of(before.certificate));
  const auto chain = certificates_blob(list_of(certificate));
  return database_.in_transaction("wallet:renewed", [&](Transaction& t) -> Result<void> {
    TRY(t.execute(
        "INSERT INTO earlier_cards (certificate, card, secrets, certificates, trust_pem, replaced_at) "
        "SELECT $2, number, secrets, certificates, trust_pem, $4 FROM cards "
        "WHERE number = $1 AND certificates = $3",
        {before.number, before.certificate.leaf.thumbprint(), old_chain, now}));
    TRY(moved(TRY(t.execute("UPDATE cards SET secrets = $3, certificates = $4, ca = $5 "
                            "WHERE number = $1 AND certificates = $2",
                            {before.number, old_chain, sealed, chain, ca}))));
    if (from) TRY(t.execute("DELETE FROM pending_cards WHERE lid_ca = $1", {*from}));
    TRY(set::audit::append(t, card_entry("card renewed", before.number, certificate, now)));
    return forget_ended_keys(t, now);
  });
}

Result<Card> Store::card_of(const Row& row, Instant now) {
  const auto opened = TRY(at_rest_.open(kCardPurpose, row.blob(1)));
  auto secrets = TRY(card_secrets_from_bytes(opened.reveal()));
  auto chain = TRY(certificates_of_blob(row.blob(2)));
  CHECK_OR_FAIL(!chain.empty(), ErrorCode::bad_config, "a stored card has no certificate");
  auto trust = TRY(trusts_->find(row.text(3), "", now));
  Chain certificate{chain.front(), {chain.begin() + 1, chain.end()}};
  auto card = TRY(make_card(row.integer(0), std::move(secrets), std::move(certificate),
                            std::move(trust)));
  card.ca = row.text(4);
  return card;
}

Result<std::optional<Row>> Store::find_earlier(std::int64_t number, const Thumbprint& certificate) {
  return database_.in_transaction("wallet:find-earlier-card", [&](Transaction& t) {
    return t.query_one("SELECT card, secrets, certificates, trust_pem, '' FROM earlier_cards "
                       "WHERE card = $1 AND certificate = $2",
                       {number, certificate});
  });
}

Result<Card> Store::find_card(std::int64_t number, const Thumbprint& certificate, Instant now) {
  auto current = TRY(find_card(number, now));
  if (current.certificate.leaf.thumbprint() == certificate) return current;
  const auto row = TRY(find_earlier(number, certificate));
  CHECK_OR_FAIL(row && !row->is_null(1), ErrorCode::not_found,
                "the wallet has the key no more that signed this purchase");
  return card_of(*row, now);
}

Result<Store::CardCertificate> Store::find_certificate(std::int64_t number,
                                                       const Thumbprint& certificate, Instant now) {
  auto current = TRY(find_card(number, now));
  if (current.certificate.leaf.thumbprint() == certificate) {
    return CardCertificate{std::move(current.certificate), current.party.trust};
  }
  const auto row = TRY(find_earlier(number, certificate));
  CHECK_OR_FAIL(row, ErrorCode::not_found, "the wallet does not know the certificate of this purchase");
  auto chain = TRY(certificates_of_blob(row->blob(2)));
  CHECK_OR_FAIL(!chain.empty(), ErrorCode::bad_config, "a stored card has no certificate");
  auto trust = TRY(trusts_->find(row->text(3), "", now));
  return CardCertificate{Chain{chain.front(), {chain.begin() + 1, chain.end()}}, std::move(trust)};
}

Result<Card> Store::find_card(std::int64_t number, Instant now) {
  const auto row = TRY(database_.in_transaction("wallet:find-card", [&](Transaction& t) {
    return t.query_one("SELECT " SET_CARD_COLUMNS " FROM cards WHERE number = $1", {number});
  }));
  CHECK_OR_FAIL(row, ErrorCode::not_found, "there is no such card; see set-wallet card list");
  return card_of(*row, now);
}

Result<std::vector<Card>> Store::cards(Instant now) {
  const auto rows = TRY(database_.in_transaction("wallet:cards", [](Transaction& t) {
    return t.query("SELECT " SET_CARD_COLUMNS " FROM cards ORDER BY number");
  }));
  std::vector<Card> out;
  for (const auto& row : rows) out.push_back(TRY(card_of(row, now)));
  return out;
}

// --- purchases ---

Result<void> Store::insert(const Offered& offered, Instant now, const AuditEntry& audit) {
  const auto& offer = offered.offer;
  SET_ASSERT(offer.trans_ids.lid_m.has_value());
  return database_.in_transaction("wallet:offered", [&](Transaction& t) -> Result<void> {
    TRY(t.execute("DELETE FROM purchases WHERE state = 'offered' AND offer_ends < $1",
                  {now - kOfferKept}));
    TRY(t.execute(
        "INSERT INTO purchases (lid_c, state, card, xid, lid_m, trans_ids, chall_c, chall_m, "
        "order_description, currency, amount_minor, offer_ends, brand, address, merchant, "
        "merchant_key_exchange, gateway, certificates, offer_evidence, offered_at) VALUES "
        "($1, 'offered', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, "
        "$18, $19)",
        {offer.trans_ids.lid_c, offer.card, offer.trans_ids.xid, *offer.trans_ids.lid_m,
         serialize(to_wire(offer.trans_ids)), offer.chall_c, offer.chall_m, offer.order_description,
         offer.purch_amt.currency().number(), offer.purch_amt.minor(), offer.offer_ends, offer.brand,
         offer.address, offer.merchant.signature.thumbprint(),
         offer.merchant.key_exchange.thumbprint(), offer.gateway.thumbprint(),
         certificates_blob(all_certificates(offer)), offer.evidence, now}));
    return set::audit::append(t, audit);
  });
}

Result<PurchaseState> Store::find(const LIDC& lid_c) {
  return only_state(TRY(database_.in_transaction("wallet:find", [&](Transaction& t) {
    return t.query_one("SELECT " SET_PURCHASE_COLUMNS " FROM purchases WHERE lid_c = $1", {lid_c});
  })));
}

Result<PurchaseState> Store::find(const XID& xid) {
  return only_state(TRY(database_.in_transaction("wallet:find-xid", [&](Transaction& t) {
    return t.query_one("SELECT " SET_PURCHASE_COLUMNS " FROM purchases WHERE xid = $1", {xid});
  })));
}

Result<std::vector<PurchaseState>> Store::find_signed(const Thumbprint& merchant, const LIDM& order) {
  return states_of(TRY(database_.in_transaction("wallet:find-order", [&](Transaction& t) {
    return t.query("SELECT " SET_PURCHASE_COLUMNS " FROM purchases "
                   "WHERE merchant = $1 AND lid_m = $2 AND state <> 'offered' ORDER BY ordered_at",
                   {merchant, order});
  })));
}

Result<std::vector<PurchaseState>> Store::purchases() {
  return states_of(TRY(database_.in_transaction("wallet:purchases", [](Transaction& t) {
    return t.query("SELECT " SET_PURCHASE_COLUMNS " FROM purchases "
                   "WHERE state <> 'offered' ORDER BY ordered_at DESC");
  })));
}

Result<std::vector<PurchaseState>> Store::unanswered() {
  return states_of(TRY(database_.in_transaction("wallet:unanswered", [](Transaction& t) {
    return t.query("SELECT " SET_PURCHASE_COLUMNS " FROM purchases "
                   "WHERE state IN ('awaiting_pres', 'ordered') ORDER BY ordered_at");
  })));
}

Result<SecretBytes> Store::card_message_key(const LIDC& lid_c) {
  const auto row = TRY(database_.in_transaction("wallet:card-message", [&](Transaction& t) {
    return t.query_one("SELECT card_message_key FROM purchases WHERE lid_c = $1 AND "
                       "card_message_key IS NOT NULL",
                       {lid_c});
  }));
  CHECK_OR_FAIL(row, ErrorCode::not_found, "this purchase was not signed");
  return at_rest_.open(purpose("card message", lid_c), row->blob(0));
}

Result<void> Store::advance(const Offered& from, const SignedOrder& next, const Proof& proof) {
  const auto& order = next.next.order;
  const auto& lid_c = from.offer.trans_ids.lid_c;
  const auto pending = at_rest_.seal(purpose("pending", lid_c),
                                     next.message.pending.to_bytes().reveal(), *rng_);
  const auto card_message_key =
      at_rest_.seal(purpose("card message", lid_c), next.card_message_key.reveal(), *rng_);
  return database_.in_transaction("wallet:preq", [&](Transaction& t) -> Result<void> {
    TRY(moved(TRY(t.execute(
        "UPDATE purchases SET state = 'awaiting_pres', rrpid = $2, hoi_data = $3, hpi_data = $4, "
        "oi_data = $5, order_evidence = $6, ordered_at = $7, card_message_key = $8, preq = $9, "
        "pending = $10 WHERE lid_c = $1 AND state = 'offered'",
        {lid_c, order.rrpid, order.hoi_data, order.hpi_data, order.oi_data, order.evidence,
         order.ordered_at, card_message_key, next.message.wire, pending}))));
    return statements::save(t, proof, next.next.order.ordered_at);
  });
}

Result<Outbound> Store::take_outbound(const LIDC& lid_c) {
  const auto row = TRY(database_.in_transaction("wallet:send", [&](Transaction& t) {
    return t.query_one("UPDATE purchases SET sends = sends + 1 WHERE lid_c = $1 AND "
                       "state = 'awaiting_pres' RETURNING preq, pending, sends",
                       {lid_c});
  }));
  TRY(moved(row ? 1 : 0));
  const auto opened = TRY(at_rest_.open(purpose("pending", lid_c), row->blob(1)));
  auto pending = TRY(PendingReply::from_bytes(opened.reveal()));
  return Outbound{row->blob(0), std::move(pending), static_cast<int>(row->integer(2))};
}

Result<void> Store::advance(const Ordered& next, const Proof& proof) {
  return database_.in_transaction("wallet:ordered", [&](Transaction& t) -> Result<void> {
    TRY(moved(TRY(t.execute("UPDATE purchases SET state = 'ordered' "
                               "WHERE lid_c = $1 AND state IN ('awaiting_pres', 'ordered')",
                               {next.order.offer.trans_ids.lid_c}))));
    return statements::save(t, proof, next.order.ordered_at);
  });
}

Result<void> Store::advance(const Completed& next, const Proof& proof) {
  const auto& outcome = next.outcome;
  const auto& status = outcome.auth_status;
  std::optional<int> auth_code;
  std::optional<Instant> auth_date;
  std::optional<std::int64_t> auth_minor;
  std::optional<std::string> approval_code;
  if (status) {
    auth_code = static_cast<int>(status->auth_code);
    auth_date = status->auth_date;
    approval_code = status->approval_code;
    if (status->auth_amt) auth_minor = status->auth_amt->minor();
  }
  return database_.in_transaction("wallet:completed", [&](Transaction& t) -> Result<void> {
    TRY(moved(TRY(t.execute(
        "UPDATE purchases SET state = 'completed', preq = NULL, pending = NULL, "
        "completion_code = $2, auth_code = $3, auth_date = $4, auth_minor = $5, "
        "approval_code = $6, answer_challenge = $7, by_inquiry = $8, answer_evidence = $9, "
        "answered_at = $10 WHERE lid_c = $1 AND (state IN ('awaiting_pres', 'ordered') "
        "OR (state = 'completed' AND answered_at < $10))",
        {next.order.offer.trans_ids.lid_c, static_cast<int>(outcome.completion_code), auth_code,
         auth_date, auth_minor, approval_code, outcome.challenge, outcome.by_inquiry ? 1 : 0,
         outcome.evidence, outcome.answered_at}))));
    return statements::save(t, proof, next.outcome.answered_at);
  });
}

Result<void> Store::advance(const Rejected& next, const Proof& proof) {
  return database_.in_transaction("wallet:rejected", [&](Transaction& t) -> Result<void> {
    TRY(moved(TRY(t.execute("UPDATE purchases SET state = 'rejected', preq = NULL, "
                               "pending = NULL, error_code = $2 "
                               "WHERE lid_c = $1 AND state = 'awaiting_pres'",
                               {next.order.offer.trans_ids.lid_c, static_cast<int>(next.code)}))));
    return statements::save(t, proof, next.order.ordered_at);
  });
}

}  // namespace set::wallet
