#include "ca/store_revocation.h"

#include <algorithm>


namespace set::ca {
namespace {

constexpr std::string_view kRevocationColumns =
    "SELECT thumbprint, kind, role, party_id, serial, not_after, state, revoked_at,"
    " revocation_reason FROM certificates";

RevocationRecord read_record(const Row& row) {
  RevocationRecord out;
  out.thumbprint = row.octets<Thumbprint>(0);
  out.kind = row.text(1);
  out.role = row.text(2);
  out.party_id = row.text(3);
  out.serial = row.text(4);
  out.not_after = row.instant(5);
  out.before = row.text(6) == "revoked";
  if (!row.is_null(7)) out.revoked_at = row.instant(7);
  if (!row.is_null(8)) out.reason = static_cast<RevocationReason>(row.integer(8));
  return out;
}

CrlState read_state(const Row& row) {
  return {row.text(0), static_cast<std::uint64_t>(row.integer(1)), row.integer(2), row.integer(3),
          row.instant(4)};
}

Result<std::vector<Row>> find_named(Transaction& t, const RevocationOrder& order) {
  const std::string columns(kRevocationColumns);
  if (const auto* serial = std::get_if<BySerial>(&order.which)) {
    return t.query(columns + " WHERE serial = $1 AND kind = 'set'", {serial->hex});
  }
  if (const auto* named = std::get_if<ByThumbprint>(&order.which)) {
    return t.query(columns + " WHERE thumbprint = $1", {named->thumbprint});
  }
  const auto& party = std::get<ByParty>(order.which);
  const auto of = [&](Role role) {
    return t.query(columns + " WHERE role = $1 AND party_id = $2 ORDER BY issued_at",
                   {to_string(role), party.party_id});
  };
  if (party.role) return of(*party.role);
  auto merchants = TRY(of(Role::merchant));
  auto gateways = TRY(of(Role::gateway));
  CHECK_OR_FAIL(merchants.empty() || gateways.empty(), ErrorCode::invalid_argument,
                "a merchant and a gateway have this id: say which with --role");
  return merchants.empty() ? std::move(gateways) : std::move(merchants);
}

Result<void> check_ours(const RevocationRecord& record) {
  if (record.kind == "tls") return {};
  CHECK_OR_FAIL(
      !issuer_of_role(record.role).empty(), ErrorCode::invalid_argument,
      "this is a certificate of the CA itself (" + record.role +
          "): its issuer's key is not online; revoke it where that key is, with `set-ca ceremony "
          "revoke`, then bring the new list with `set-ca crl import`");
  return {};
}

Result<void> want(Transaction& t, std::string_view issuer) {
  TRY(t.execute(
      "INSERT INTO crls (issuer, number, wanted, published, next_update, der)"
      " VALUES ($1, 0, 1, 0, 0, $2) ON CONFLICT (issuer) DO UPDATE SET wanted = crls.wanted + 1",
      {issuer, Bytes()}));
  return {};
}

AuditEntry audit_of(const std::vector<RevocationRecord>& records, const RevocationOrder& order,
                    Instant now) {
  AuditEntry entry;
  entry.at = now;
  entry.event = "revoked";
  entry.peer = "operator";
  entry.role = records.front().role;
  entry.party = records.front().party_id;
  entry.outcome = to_string(order.reason);
  for (const auto& record : records) {
    if (!record.before) entry.thumbprints.push_back(record.thumbprint.hex());
  }
  if (entry.thumbprints.empty()) entry.outcome = "revoked before";
  return entry;
}

Result<void> first_to_publish(std::int64_t rows) {
  CHECK_OR_FAIL(rows == 1, ErrorCode::conflict, "another publication was first");
  return {};
}

Result<void> write_crl(Transaction& t, const StoredCrl& crl) {
  TRY(
      t.execute("INSERT INTO crls (issuer, number, wanted, published, next_update, der)"
                " VALUES ($1, 0, $2, 0, 0, $3) ON CONFLICT (issuer) DO NOTHING",
                {crl.state.issuer, crl.state.wanted, Bytes()}));
  return first_to_publish(TRY(t.execute(
      "UPDATE crls SET number = $2, published = $3, next_update = $4, der = $5"
      " WHERE issuer = $1 AND number < $2",
      {crl.state.issuer, crl.state.number, crl.state.published, crl.state.next_update, crl.der})));
}

}  // namespace

Result<std::vector<RevocationRecord>> RevocationStore::revoke(const RevocationOrder& order,
                                                              Instant now) {
  using Records = std::vector<RevocationRecord>;
  return database_.in_transaction("ca:revoked", [&](Transaction& t) -> Result<Records> {
    Records records;
    std::vector<std::string_view> issuers;
    for (const auto& row : TRY(find_named(t, order))) {
      auto record = read_record(row);
      TRY(check_ours(record));
      if (!record.before) {
        record.revoked_at = now;
        record.reason = order.reason;
        TRY(
            t.execute("UPDATE certificates SET state = 'revoked', revoked_at = $2,"
                      " revocation_reason = $3 WHERE thumbprint = $1",
                      {record.thumbprint, now, static_cast<int>(order.reason)}));
        const auto issuer = record.kind == "set" ? issuer_of_role(record.role) : "";
        if (!issuer.empty() && std::ranges::find(issuers, issuer) == issuers.end()) {
          issuers.push_back(issuer);
        }
      }
      records.push_back(std::move(record));
    }
    CHECK_OR_FAIL(!records.empty(), ErrorCode::not_found, "this CA has issued no such certificate");
    for (const auto issuer : issuers) TRY(want(t, issuer));
    TRY(set::audit::append(t, audit_of(records, order, now)));
    return records;
  });
}

Result<bool> RevocationStore::is_revoked(const Thumbprint& certificate) {
  return database_.in_transaction("ca:is-revoked", [&](Transaction& t) -> Result<bool> {
    const auto row = TRY(t.query_one(
        "SELECT 1 FROM certificates WHERE thumbprint = $1 AND state = 'revoked'", {certificate}));
    return row.has_value();
  });
}

Result<std::vector<RevokedCertificate>> RevocationStore::revoked(std::string_view issuer,
                                                                 Instant now) {
  using List = std::vector<RevokedCertificate>;
  return database_.in_transaction("ca:list-revoked", [&](Transaction& t) -> Result<List> {
    const auto role = issuer == "cca"   ? Role::cardholder
                      : issuer == "mca" ? Role::merchant
                                        : Role::gateway;
    const auto rows =
        TRY(t.query("SELECT serial, revoked_at, revocation_reason FROM certificates"
                    " WHERE state = 'revoked' AND role = $1 AND not_after >= $2 AND kind = 'set'",
                    {to_string(role), now}));
    List out;
    out.reserve(rows.size());
    for (const auto& row : rows) {
      auto serial = TRY(from_hex(row.text(0)));
      out.push_back(
          {std::move(serial), row.instant(1), static_cast<RevocationReason>(row.integer(2))});
    }
    return out;
  });
}

Result<std::vector<CrlState>> RevocationStore::crl_states() {
  using States = std::vector<CrlState>;
  return database_.in_transaction("ca:crl-states", [&](Transaction& t) -> Result<States> {
    States out;
    for (const auto& row : TRY(t.query(
             "SELECT issuer, number, wanted, published, next_update FROM crls ORDER BY issuer"))) {
      out.push_back(read_state(row));
    }
    return out;
  });
}

Result<std::vector<StoredCrl>> RevocationStore::crls() {
  using Crls = std::vector<StoredCrl>;
  return database_.in_transaction("ca:crls", [&](Transaction& t) -> Result<Crls> {
    Crls out;
    for (const auto& row :
         TRY(t.query("SELECT issuer, number, wanted, published, next_update, der FROM crls"
                     " WHERE number > 0 ORDER BY issuer"))) {
      out.push_back({read_state(row), row.blob(5)});
    }
    return out;
  });
}

Result<BciState> RevocationStore::bci_state() {
  return database_.in_transaction("ca:bci-state", [&](Transaction& t) -> Result<BciState> {
    const auto row =
        TRY(t.query_one("SELECT sequence_num, not_before, not_after FROM bci WHERE id = 1"));
    if (!row) return BciState{};
    return BciState{static_cast<std::uint64_t>(row->integer(0)), row->instant(1), row->instant(2)};
  });
}

Result<Bytes> RevocationStore::bci() {
  return database_.in_transaction("ca:bci", [&](Transaction& t) -> Result<Bytes> {
    const auto row = TRY(t.query_one("SELECT bci FROM bci WHERE id = 1"));
    return row ? row->blob(0) : Bytes();
  });
}

Result<void> RevocationStore::publish(const Publication& publication) {
  return database_.in_transaction("ca:published", [&](Transaction& t) -> Result<void> {
    const auto& next = publication.next;
    TRY(
        t.execute("INSERT INTO bci (id, sequence_num, not_before, not_after, bci)"
                  " VALUES (1, 0, 0, 0, $1) ON CONFLICT (id) DO NOTHING",
                  {Bytes()}));
    TRY(first_to_publish(
        TRY(t.execute("UPDATE bci SET sequence_num = $1, not_before = $2, not_after = $3,"
                      " bci = $4 WHERE id = 1 AND sequence_num = $5",
                      {next.sequence_num, next.not_before, next.not_after, publication.bci,
                       publication.before.sequence_num}))));
    for (const auto& crl : publication.crls) TRY(write_crl(t, crl));
    return {};
  });
}

Result<bool> RevocationStore::import(std::string_view issuer, const Crl& crl) {
  return database_.in_transaction("ca:crl-imported", [&](Transaction& t) -> Result<bool> {
    const auto row = TRY(t.query_one("SELECT number FROM crls WHERE issuer = $1", {issuer}));
    if (row && static_cast<std::uint64_t>(row->integer(0)) >= crl.number()) return false;
    TRY(write_crl(t, {{std::string(issuer), crl.number(), 0, 0, crl.next_update()}, crl.der()}));
    return true;
  });
}

}  // namespace set::ca
