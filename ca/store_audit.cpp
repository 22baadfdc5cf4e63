#include "ca/store_audit.h"

#include "ca/store.h"

namespace set::ca {

namespace rows {

Result<void> append_audit(Transaction& t, const AuditEntry& entry) {
  const auto last = TRY(t.query_one("SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1"));
  const auto before = last ? last->octets<Digest>(1) : Digest{};
  const auto text = to_json(entry);
  TRY(t.execute("INSERT INTO audit (number, entry, digest) VALUES ($1, $2, $3)",
                {last ? last->integer(0) + 1 : std::int64_t{1}, text, audit_digest(before, text)}));
  return {};
}

}  // namespace rows

Result<void> Store::audit(const AuditEntry& entry) {
  return database_.in_transaction(
      "ca:audit", [&](Transaction& t) -> Result<void> { return rows::append_audit(t, entry); });
}

Result<std::vector<AuditRecord>> Store::audit_after(std::int64_t number, int most) {
  const auto rows = TRY(database_.in_transaction("ca:audit-list", [&](Transaction& t) {
    return t.query("SELECT number, entry, digest FROM audit WHERE number > $1 ORDER BY number LIMIT $2",
                   {number, most});
  }));
  std::vector<AuditRecord> out;
  out.reserve(rows.size());
  for (const auto& row : rows)
    out.push_back({row.integer(0), row.text(1), row.octets<Digest>(2)});
  return out;
}

}  // namespace set::ca
