// Requests that wait for an operator.
#include <nlohmann/json.hpp>

#include "ca/store.h"
#include "ca/store_rows.h"

namespace set::ca {
namespace {

using namespace rows;

constexpr std::size_t kIdBytes = 5;
constexpr std::string_view kSelectRequest =
    "SELECT id, request_type, bin, party_id, language, answers, hosts, name, city, country,"
    " asked_at, expires_at, decision, decided_at, reason FROM pended_requests";

std::string id_of_request(const LIDCA& lid_ca) {
  return to_hex(view_of(lid_ca.value).first(kIdBytes));
}

std::string json_of(const std::vector<RegFormAnswer>& answers) {
  auto out = nlohmann::json::array();
  for (const auto& answer : answers) out.push_back({answer.field_name, answer.field_value});
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<RegFormAnswer> answers_of(const std::string& text) {
  std::vector<RegFormAnswer> out;
  for (const auto& pair : nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false)) {
    if (pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string())
      out.push_back({pair[0].get<std::string>(), "", pair[1].get<std::string>()});
  }
  return out;
}

StoredRequest read_request(const Row& row) {
  StoredRequest out;
  out.id = row.text(0);
  out.request_type = static_cast<RequestType>(row.integer(1));
  out.bin = row.text(2);
  out.party_id = row.text(3);
  out.language = row.text(4);
  out.answers = answers_of(row.text(5));
  out.hosts = split_hosts(row.text(6));
  out.facts = {row.text(7), row.text(8), static_cast<unsigned>(row.integer(9))};
  out.asked_at = row.instant(10);
  out.expires_at = row.instant(11);
  out.decision = row.text(12);
  if (!row.is_null(13)) out.decided_at = row.instant(13);
  out.reason = row.text(14);
  return out;
}

RequestType type_of(const ToCertify& request) {
  const auto* party = std::get_if<PartyContents>(&request.contents);
  return party != nullptr ? party->request_type : RequestType::card_initial_sig;
}

Result<void> insert_request(Transaction& t, const RequestToPend& request, Instant now) {
  const auto& to_certify = request.contents;
  const auto* card = std::get_if<CardContents>(&to_certify.contents);
  const auto* party = std::get_if<PartyContents>(&to_certify.contents);
  SqlParameters p{id_of_request(to_certify.head.lid_ca),
                  to_certify.head.lid_ca,
                  static_cast<int>(type_of(to_certify)),
                  party != nullptr ? bin_of(party->id_data) : request.audit.bin,
                  party != nullptr ? id_of(party->id_data) : std::string(),
                  request.language,
                  json_of(request.answers),
                  to_certify.cert_request,
                  to_certify.signature_key};
  if (card != nullptr) {
    p.insert(p.end(), {card->nonce_cca, card->pseudonym, card->card_end, card->card});
    p.insert(p.end(), {std::nullopt, std::nullopt, "", "", "", 0});
  } else {
    p.insert(p.end(), {std::nullopt, std::nullopt, std::nullopt, std::nullopt});
    p.insert(p.end(), {party->encryption_key, party->tls_key, join_hosts(party->tls_hosts),
                       party->facts.name, party->facts.city, party->facts.country});
  }
  p.insert(p.end(), {now, now + kPendedLife});
  TRY(t.execute("INSERT INTO pended_requests (id, session, request_type, bin, party_id, language,"
                " answers, cert_request, signature_key, nonce_cca, pseudonym, card_end, card,"
                " encryption_key, tls_key, hosts, name, city, country, asked_at, expires_at,"
                " decision, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,"
                " $14, $15, $16, $17, $18, $19, $20, $21, 'none', '')",
                p));
  return {};
}

/// Whoever asks for a month may fill the queue of their own address, and not that of others.
Result<void> check_pended_room(Transaction& t, const RequestToPend& request, Instant now) {
  if (!request.address.empty()) {
    const auto own = TRY(t.query_one(
        "SELECT count(*) FROM pended_requests p JOIN sessions s ON s.lid_ca = p.session"
        " WHERE s.opened_from = $1 AND p.decision = 'none' AND p.expires_at > $2",
        {request.address, now}));
    CHECK_OR_FAIL(own->integer(0) < request.most_of_address, ErrorCode::resource_exhausted,
                  "too many requests of one address wait for the operator");
  }
  const auto alike = TRY(t.query_one(
      "SELECT count(*) FROM pended_requests WHERE request_type = $1 AND bin = $2"
      " AND decision = 'none' AND expires_at > $3",
      {static_cast<int>(type_of(request.contents)), request.audit.bin, now}));
  CHECK_OR_FAIL(alike->integer(0) < kMaxPendedPerBin, ErrorCode::resource_exhausted,
                "too many requests of this role and BIN wait for the operator");
  return {};
}

/// The id is somebody's, or was promised to somebody.
Result<void> check_id_is_free(Transaction& t, const StoredRequest& request, Instant now) {
  if (request.party_id.empty()) return {};
  const auto role = to_string(role_of(request.request_type));
  const auto party = request.bin + "/" + request.party_id;
  const auto held = TRY(t.query_one(
      "SELECT count(*) FROM certificates WHERE role = $1 AND party_id = $2 AND state = 'valid'"
      " AND not_after > $3",
      {role, party, now}));
  const auto promised = TRY(t.query_one(
      "SELECT count(*) FROM pended_requests WHERE request_type = $1 AND bin = $2 AND party_id = $3"
      " AND decision = 'approved' AND expires_at > $4",
      {static_cast<int>(request.request_type), request.bin, request.party_id, now}));
  CHECK_OR_FAIL(held->integer(0) == 0 && promised->integer(0) == 0, ErrorCode::conflict,
                "the " + std::string(role) + " " + party +
                    (held->integer(0) != 0 ? " has certificates of this CA already"
                                           : " was approved for another request already") +
                    ": repeat it with --replace if this request takes its place");
  return {};
}

Result<std::optional<Refusal>> not_pended(const char* why) {
  return std::optional<Refusal>(Refusal{CertStatusCode::rejected_by_ca, why, {}});
}

}  // namespace

namespace rows {

Result<std::optional<Pended>> read_pended(Transaction& t, const SessionHead& head) {
  const auto row = TRY(t.query_one(
      "SELECT cert_request, signature_key, nonce_cca, pseudonym, card_end, card, request_type, bin,"
      " party_id, encryption_key, tls_key, hosts, name, city, country, decision, status, reason"
      " FROM pended_requests WHERE session = $1",
      {head.lid_ca}));
  if (!row) return std::optional<Pended>();
  Pended out;
  out.head = head;
  out.cert_request = row->octets<Digest>(0);
  out.signature_key = row->blob(1);
  if (!row->is_null(3)) {
    out.contents = CardContents{row->octets<NonceCCA>(2), row->text(3), row->instant(4),
                                row->octets<Digest>(5)};
  } else {
    const auto type = static_cast<RequestType>(row->integer(6));
    IDData id_data = AcquirerIDData{row->text(7), row->text(8)};
    if (role_of(type) == Role::merchant) id_data = MerchantIDData{row->text(7), row->text(8)};
    out.contents = PartyContents{
        type,
        std::move(id_data),
        row->blob(9),
        row->blob(10),
        split_hosts(row->text(11)),
        {row->text(12), row->text(13), static_cast<unsigned>(row->integer(14))}};
  }
  const auto& decision = row->text(15);
  out.decision = decision == "none"       ? Decision::none
                 : decision == "rejected" ? Decision::rejected
                                          : Decision::approved;
  if (out.decision == Decision::rejected)
    out.refusal = {static_cast<CertStatusCode>(row->integer(16)), row->text(17), {}};
  return std::optional(std::move(out));
}

}  // namespace rows

Result<std::optional<Refusal>> Store::pend(const RequestToPend& request, Instant now) {
  return database_.in_transaction(
      "ca:pended", [&](Transaction& t) -> Result<std::optional<Refusal>> {
        const auto& head = request.contents.head;
        TRY(check_not_moved(t, head));
        TRY(check_pended_room(t, request, now));
        if (TRY(any_certified(t, request.keys)))
          return not_pended("one of the keys was certified before");
        if (request.token && !TRY(use_token(t, *request.token, head.lid_ca, now)))
          return not_pended("this enrolment token was used before");
        TRY(moved(TRY(t.execute(
            "UPDATE sessions SET version = version + 1, expires_at = $3, refused_status = NULL"
            " WHERE lid_ca = $1 AND version = $2 AND state <> 'certified'",
            {head.lid_ca, head.version, now + kPendedLife}))));
        TRY(insert_request(t, request, now));
        TRY(set::audit::append(t, request.audit));
        return std::optional<Refusal>();
      });
}

Result<std::vector<StoredRequest>> Store::requests(const std::string& decision,
                                                         std::int64_t at_most) {
  const auto rows = TRY(database_.in_transaction("ca:requests", [&](Transaction& t) {
    if (decision.empty())
      return t.query(std::string(kSelectRequest) + " ORDER BY asked_at DESC, id LIMIT $1", {at_most});
    return t.query(std::string(kSelectRequest) + " WHERE decision = $1 ORDER BY asked_at DESC, id LIMIT $2",
                   {decision, at_most});
  }));
  std::vector<StoredRequest> out;
  for (const auto& row : rows) out.push_back(read_request(row));
  return out;
}

Result<StoredRequest> Store::find_request(const std::string& id) {
  const auto row = TRY(database_.in_transaction("ca:find-request", [&](Transaction& t) {
    return t.query_one(std::string(kSelectRequest) + " WHERE id = $1", {id});
  }));
  CHECK_OR_FAIL(row, ErrorCode::not_found,
                "there is no such request; see set-ca request list --all");
  return read_request(*row);
}

Result<void> Store::decide(const std::string& id, const RequestDecision& decision,
                           const AuditEntry& audit, Instant now) {
  const auto request = TRY(find_request(id));
  return database_.in_transaction("ca:decided", [&](Transaction& t) -> Result<void> {
    const bool approved = decision.decision == Decision::approved;
    if (approved && !decision.replaces && request.decision == "none")
      TRY(check_id_is_free(t, request, now));
    const auto rows =
        approved
            ? TRY(t.execute("UPDATE pended_requests SET decision = 'approved', decided_at = $2,"
                            " name = $3, city = $4, country = $5"
                            " WHERE id = $1 AND decision = 'none'",
                            {id, now, decision.facts.name, decision.facts.city,
                             decision.facts.country}))
            : TRY(t.execute("UPDATE pended_requests SET decision = 'rejected', decided_at = $2,"
                            " status = $3, reason = $4"
                            " WHERE id = $1 AND decision IN ('none', 'approved')",
                            {id, now, static_cast<int>(decision.status), decision.reason}));
    CHECK_OR_FAIL(rows == 1, ErrorCode::conflict,
                  "this request was decided before; see set-ca requests show " + id);
    return set::audit::append(t, audit);
  });
}

}  // namespace set::ca
