#include "common/audit/statements.h"

#include <set>

#include "common/crypto/certificate_details.h"

namespace set {
namespace {

Result<Digest> content_digest_of(ByteView evidence) {
  const auto statement = TRY(parse_as<wire::Signed>(evidence));
  return request_digest_of(view_of(statement.content()));
}

SqlValue blob_if_any(const Bytes& bytes) { return bytes.empty() ? SqlValue() : SqlValue(bytes); }

Bytes bytes_if_any(const Row& row, std::size_t column) {
  return row.is_null(column) ? Bytes{} : row.blob(column);
}

Result<void> save_certificate(Transaction& t, const Certificate& certificate) {
  const auto known = TRY(t.query_one("SELECT 1 FROM statement_certificates WHERE thumbprint = $1",
                                     {certificate.thumbprint()}));
  if (known) return {};
  const auto details = details_of(certificate);
  TRY(t.execute("INSERT INTO statement_certificates (thumbprint, issued_by, subject, der)"
                " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                {certificate.thumbprint(), details.issuer, details.subject, certificate.der()}));
  return {};
}

Result<void> save_revocations(Transaction& t, const BrandRevocations& set) {
  const auto known = TRY(t.query_one("SELECT 1 FROM statement_revocations WHERE thumbprint = $1",
                                     {set.thumbprint}));
  if (known) return {};
  wire::CertificateBag bag;
  bag.add_brand_crl_ids(string_of(set.bci));
  for (const auto& crl : set.crls) bag.add_crls(string_of(crl.der()));
  TRY(t.execute("INSERT INTO statement_revocations (thumbprint, bag) VALUES ($1, $2)"
                " ON CONFLICT DO NOTHING",
                {set.thumbprint, serialize(bag)}));
  return {};
}

/// A signer's certificate and all that may stand above it.
Result<void> load_chain(Transaction& t, const Bytes& signer, std::set<Bytes>& seen, Evidence& out) {
  std::set<std::string> issuers;
  const auto take = [&](const std::vector<Row>& rows) {
    for (const auto& row : rows) {
      if (!seen.insert(row.blob(0)).second) continue;
      out.certificates.push_back(row.blob(2));
      issuers.insert(row.text(1));
    }
  };
  take(TRY(t.query("SELECT thumbprint, issued_by, der FROM statement_certificates"
                   " WHERE thumbprint = $1",
                   {signer})));
  while (!issuers.empty()) {
    const auto issuer = *issuers.begin();
    issuers.erase(issuers.begin());
    take(TRY(t.query("SELECT thumbprint, issued_by, der FROM statement_certificates"
                     " WHERE subject = $1 ORDER BY thumbprint",
                     {issuer})));
  }
  return {};
}

Result<void> load_revocations(Transaction& t, const Thumbprint& thumbprint, Evidence& out) {
  const auto row = TRY(t.query_one("SELECT bag FROM statement_revocations WHERE thumbprint = $1",
                                   {thumbprint}));
  CHECK_OR_FAIL(row, ErrorCode::internal, "a revocation list that is named is not kept");
  wire::CertificateBag bag;
  const auto bytes = row->blob(0);
  const bool parsed = bag.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
                      bag.brand_crl_ids_size() == 1;
  CHECK_OR_FAIL(parsed, ErrorCode::internal, "a kept revocation list is malformed");
  EvidenceRevocations set{bytes_of(view_of(bag.brand_crl_ids(0))), {}};
  for (const auto& crl : bag.crls()) set.crls.push_back(bytes_of(view_of(crl)));
  out.revocations.push_back(std::move(set));
  return {};
}

}  // namespace

Bytes payment_half_of(ByteView pi_head, const Digest& pan_data_digest) {
  return concat({pi_head, pan_data_digest.view()});
}

KeptStatement statement_of(const OpenedPI& pi, ByteView bytes, const Trust& trust) {
  std::vector<Certificate> bag;
  if (const auto parsed = parse_as<wire::PI>(bytes)) {
    for (const auto& der : parsed->bag().certificates()) {
      if (auto certificate = Certificate::parse(view_of(der))) bag.push_back(*std::move(certificate));
    }
  }
  auto out = statement_of(pi.pi_tbs, bag, trust);
  out.payment_half = payment_half_of(pi.pi_head, pi.pan_data_digest);
  return out;
}

KeptStatement own_statement(MessageType type, Bytes evidence, const Party& self, std::vector<XID> purchases) {
  const auto& chain = self.signature.value();
  KeptStatement out;
  out.type = type;
  out.evidence = std::move(evidence);
  out.certificates = {chain.leaf};
  out.certificates.insert(out.certificates.end(), chain.issuers.begin(), chain.issuers.end());
  out.purchases = std::move(purchases);
  out.revocations = self.trust->revocation().of(chain.leaf.brand());
  return out;
}

namespace statements {

Result<void> save(Transaction& t, const KeptStatement& kept, Instant now) {
  if (kept.purchases.empty() || kept.evidence.empty()) return {};
  const auto digest = TRY(content_digest_of(kept.evidence));
  if (kept.revocations) TRY(save_revocations(t, *kept.revocations));
  for (const auto& certificate : kept.certificates) TRY(save_certificate(t, certificate));
  const auto revocations = kept.revocations ? SqlValue(kept.revocations->thumbprint) : SqlValue();
  TRY(t.execute("INSERT INTO statements (digest, message, kept_at, evidence, order_half,"
                " payment_half, signer, revocations) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
                " ON CONFLICT DO NOTHING",
                {digest, to_string(kept.type), now, kept.evidence, blob_if_any(kept.order_half),
                 blob_if_any(kept.payment_half), kept.certificates.front().thumbprint(), revocations}));
  for (const auto& xid : kept.purchases) {
    TRY(t.execute("INSERT INTO statement_purchases (xid, digest) VALUES ($1, $2)"
                  " ON CONFLICT DO NOTHING",
                  {xid, digest}));
  }
  return {};
}

Result<void> save(Transaction& t, const Proof& proof, Instant now) {
  for (const auto& statement : proof.statements) TRY(save(t, statement, now));
  return audit::append(t, proof.entry);
}

Result<void> save(Database& database, const KeptStatement& statement, Instant now) {
  return database.in_transaction(
      "statements:save", [&](Transaction& t) { return save(t, statement, now); });
}

Result<Evidence> evidence_of(Database& database, const XID& xid, std::string_view role,
                             const Trust& trust) {
  return database.in_transaction("statements:find", [&](Transaction& t) -> Result<Evidence> {
    Evidence out{.kept_by = std::string(role), .xid = xid, .trust_pem = trust.pem()};
    const auto rows = TRY(t.query(
        "SELECT s.message, s.evidence, s.order_half, s.payment_half, s.revocations, s.signer"
        " FROM statements s JOIN statement_purchases p ON p.digest = s.digest WHERE p.xid = $1"
        " ORDER BY s.kept_at, s.digest",
        {xid}));
    CHECK_OR_FAIL(!rows.empty(), ErrorCode::not_found,
                  "no signed statements of this purchase are kept");
    std::set<Bytes> certificates;
    std::set<Thumbprint> lists;
    for (const auto& row : rows) {
      EvidenceStatement statement{.message = row.text(0),
                                  .evidence = row.blob(1),
                                  .order_half = bytes_if_any(row, 2),
                                  .payment_half = bytes_if_any(row, 3)};
      if (!row.is_null(4)) {
        statement.revocations = row.octets<Thumbprint>(4);
        if (lists.insert(*statement.revocations).second)
          TRY(load_revocations(t, *statement.revocations, out));
      }
      TRY(load_chain(t, row.blob(5), certificates, out));
      out.statements.push_back(std::move(statement));
    }
    return out;
  });
}

}  // namespace statements
}  // namespace set
