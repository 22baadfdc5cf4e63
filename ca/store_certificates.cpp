// What `set-ca certs` reads of the table of certificates.
#include "ca/store.h"

namespace set::ca {
namespace {

constexpr std::string_view kSelect =
    "SELECT thumbprint, kind, role, party_id, serial, subject, not_before, not_after, state,"
    " issued_at, der FROM certificates";

StoredCertificate read_certificate(const Row& row) {
  return {row.octets<Thumbprint>(0), row.text(1),    row.text(2),    row.text(3),
          row.text(4),               row.text(5),    row.instant(6), row.instant(7),
          row.text(8) == "revoked",  row.instant(9), row.blob(10)};
}

/// A WHERE clause of literals and its parameters.
class Conditions {
 public:
  /// `$` in the literal is the parameter.
  void add(std::string_view literal, const SqlValue& value) {
    parameters_.push_back(value);
    text_ += text_.empty() ? " WHERE " : " AND ";
    const auto at = literal.find('$');
    text_ += literal.substr(0, at + 1);
    text_ += std::to_string(parameters_.size());
    text_ += literal.substr(at + 1);
  }
  const std::string& text() const { return text_; }
  SqlParameters& parameters() { return parameters_; }

 private:
  std::string text_;
  SqlParameters parameters_;
};

void add_state(Conditions& where, CertificateState state, Instant now) {
  switch (state) {
    case CertificateState::any:
      return;
    case CertificateState::valid:
      where.add("state = $", "valid");
      where.add("not_after > $", now);
      return;
    case CertificateState::revoked:
      where.add("state = $", "revoked");
      return;
    case CertificateState::expired:
      where.add("not_after <= $", now);
      return;
  }
}

std::vector<StoredCertificate> read_all(const std::vector<Row>& rows) {
  std::vector<StoredCertificate> out;
  out.reserve(rows.size());
  for (const auto& row : rows) out.push_back(read_certificate(row));
  return out;
}

}  // namespace

Result<std::vector<StoredCertificate>> Store::certificates(const CertificateFilter& filter,
                                                           const StoredCertificate* after, int most,
                                                           Instant now) {
  Conditions where;
  if (!filter.role.empty()) where.add("role = $", filter.role);
  if (!filter.party.empty()) where.add("party_id = $", filter.party);
  // The subject begins with the brand.
  if (!filter.brand.empty()) {
    const auto begin = "O=" + filter.brand + ",";
    where.add("$ = substr(subject, 1, " + std::to_string(begin.size()) + ")", begin);
  }
  add_state(where, filter.state, now);
  if (filter.expiring_within) {
    where.add("not_after > $", now);
    where.add("not_after <= $", now + *filter.expiring_within);
  }
  auto sql = std::string(kSelect);
  if (after != nullptr) {
    where.add("not_after >= $", after->not_after);
    where.add("(thumbprint > $ OR not_after > " + std::to_string(to_millis(after->not_after)) + ")",
              after->thumbprint);
  }
  sql += where.text() + " ORDER BY not_after, thumbprint LIMIT " + std::to_string(most);
  const auto rows = TRY(database_.in_transaction("ca:certificates", [&](Transaction& t) {
    return t.query(sql, where.parameters());
  }));
  return read_all(rows);
}

Result<std::vector<StoredCertificate>> Store::find_certificates(const std::string& name) {
  if (name.empty()) return std::vector<StoredCertificate>();
  const auto bytes = from_hex(name);
  const auto thumbprint =
      bytes && bytes->size() == Thumbprint{}.value.size() ? SqlValue(*bytes) : SqlValue();
  const auto rows = TRY(database_.in_transaction("ca:find-certificates", [&](Transaction& t) {
    return t.query(std::string(kSelect) +
                       " WHERE thumbprint = $1 OR serial = $2 OR party_id = $3"
                       " ORDER BY not_after DESC, thumbprint LIMIT 100",
                   {thumbprint, name, name});
  }));
  return read_all(rows);
}

Result<std::optional<StoredCertificate>> Store::newest_certificate(std::string_view role) {
  const auto row = TRY(database_.in_transaction("ca:authority", [&](Transaction& t) {
    return t.query_one(std::string(kSelect) +
                           " WHERE role = $1 AND kind = 'set' ORDER BY issued_at DESC LIMIT 1",
                       {role});
  }));
  if (!row) return std::optional<StoredCertificate>();
  return std::optional(read_certificate(*row));
}

}  // namespace set::ca
