#include "ca/store_rows.h"

namespace set::ca::rows {
namespace {

// Columns of kSelectSession.
enum Column : std::size_t {
  kLidCa,
  kVersion,
  kState,
  kLidEe,
  kOpenedBy,
  kExpiresAt,
  kFormRequest,
  kRequestType,
  kLanguage,
  kBin,
  kPartyId,
  kChallCa,
  kNonceCca,
  kEncryptionKey,
  kKemAnswer,
  kCertRequest,
  kSignatureKey,
  kRefusedStatus
};

SessionHead read_head(const Row& row) {
  return {lid_ca_of(row, kLidCa), LIDEE{string_of(row.blob(kLidEe))}, row.octets<Digest>(kOpenedBy),
          row.instant(kExpiresAt), row.integer(kVersion)};
}

std::optional<LastRefusal> read_refusal(const Row& row) {
  if (row.is_null(kRefusedStatus)) return std::nullopt;
  return LastRefusal{row.blob(kSignatureKey),
                     static_cast<CertStatusCode>(row.integer(kRefusedStatus))};
}

CardFormSent read_form_sent(const Row& row) {
  return {read_head(row),
          row.octets<Digest>(kFormRequest),
          row.octets<Challenge>(kChallCa),
          row.octets<NonceCCA>(kNonceCca),
          row.text(kBin),
          row.text(kLanguage),
          read_refusal(row),
          row.is_null(kRequestType) ? RequestType::card_initial_sig
                                    : static_cast<RequestType>(row.integer(kRequestType))};
}

PartyInitiated read_party(const Row& row) {
  const auto type = static_cast<RequestType>(row.integer(kRequestType));
  IDData id_data = AcquirerIDData{row.text(kBin), row.text(kPartyId)};
  if (role_of(type) == Role::merchant) id_data = MerchantIDData{row.text(kBin), row.text(kPartyId)};
  return {read_head(row),           type,
          std::move(id_data),       row.octets<Challenge>(kChallCa),
          row.blob(kEncryptionKey), row.octets<Digest>(kKemAnswer),
          row.is_null(kLanguage) ? std::string("en") : row.text(kLanguage),
          read_refusal(row)};
}

Result<Session> read_certified(Transaction& t, const Row& row) {
  Certified out{read_head(row),
                row.octets<Digest>(kCertRequest),
                row.blob(kSignatureKey),
                std::nullopt,
                {},
                {}};
  if (!row.is_null(kNonceCca)) out.nonce_cca = row.octets<NonceCCA>(kNonceCca);
  const auto issued = TRY(t.query(
      "SELECT kind, der FROM certificates WHERE session = $1 ORDER BY place", {out.head.lid_ca}));
  for (const auto& certificate : issued) {
    if (certificate.text(0) == "tls") {
      out.tls_certificates.push_back(certificate.blob(1));
    } else {
      out.certificates.push_back(TRY(Certificate::parse(certificate.blob(1))));
    }
  }
  return Session(std::move(out));
}

}  // namespace

std::vector<std::string> split_hosts(const std::string& text) {
  std::vector<std::string> hosts;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    hosts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return hosts;
}

Result<Session> read_session(Transaction& t, const Row& row) {
  const auto& state = row.text(kState);
  if (state == "certified") return read_certified(t, row);
  if (auto pended = TRY(read_pended(t, read_head(row)))) return Session(std::move(*pended));
  if (state == "card_initiated") return Session(CardInitiated{read_head(row)});
  if (state == "card_form_sent") return Session(read_form_sent(row));
  return Session(read_party(row));
}

TokenRecord read_token(const Row& row, const Digest& digest) {
  TokenRecord token;
  token.digest = digest;
  token.role = row.text(0) == "gateway" ? Role::gateway : Role::merchant;
  token.name = row.text(1);
  token.bin = row.text(2);
  token.id = row.text(3);
  token.city = row.text(4);
  token.country = static_cast<unsigned>(row.integer(5));
  token.hosts = split_hosts(row.text(6));
  token.created_at = row.instant(7);
  token.expires_at = row.instant(8);
  if (!row.is_null(9)) token.used_at = row.instant(9);
  return token;
}

LIDCA lid_ca_of(const Row& row, std::size_t column) { return LIDCA{string_of(row.blob(column))}; }

std::string join_hosts(const std::vector<std::string>& hosts) {
  std::string out;
  for (const auto& host : hosts) out += (out.empty() ? "" : " ") + host;
  return out;
}

}  // namespace set::ca::rows
