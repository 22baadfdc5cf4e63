#include "ca/token.h"

#include <algorithm>

#include "common/crypto/digest.h"

namespace set::ca {
namespace {

constexpr std::string_view kPrefix = "set-";
constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxId = 30;
constexpr std::size_t kMaxHosts = 16;
constexpr std::size_t kMaxHostBytes = 253;
constexpr Duration kMaxLife = std::chrono::hours(24 * 90);

bool is_text(std::string_view text, std::size_t most) {
  return !text.empty() && text_from_wire(std::string(text), most, "the text") &&
         std::ranges::none_of(
             text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= kMaxHostBytes && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':';
  });
}

bool is_id(std::string_view id) {
  return id.size() <= kMaxId && std::ranges::all_of(id, [](char c) { return c > ' ' && c <= '~'; });
}

Result<void> check_record(const TokenRecord& record) {
  const auto require = [](bool holds, const char* rule) -> Result<void> {
    CHECK_OR_FAIL(holds, ErrorCode::invalid_argument, rule);
    return {};
  };
  TRY(require(is_text(record.name, kMaxName), "--name must have 1 to 64 characters"));
  TRY(require(bin_from_wire(record.bin).has_value(), "--bin must be six digits"));
  TRY(require(is_id(record.id), "--id must have at most 30 printable characters without spaces"));
  TRY(require(is_text(record.city, kMaxName), "--city must have 1 to 64 characters"));
  TRY(require(record.country >= 1 && record.country <= 999,
              "--country must be an ISO 3166 number, 1 to 999"));
  TRY(require(
      !record.hosts.empty() && record.hosts.size() <= kMaxHosts &&
          std::ranges::all_of(record.hosts, is_host),
      "name 1 to 16 hosts with --host: names or addresses that the daemon may have in TLS"));
  const auto life = record.expires_at - record.created_at;
  return require(life > Duration::zero() && life <= kMaxLife,
                 "--valid must be more than nothing and at most 90d");
}

Refusal refusal(std::string why) { return {CertStatusCode::rejected_by_ca, std::move(why), {}}; }

}  // namespace

Result<NewToken> make_token(TokenRecord record, Rng& rng) {
  TRY(check_record(record));
  const auto random = rng.secret(kRandomBytes);
  Secret<std::string> token(std::string(kPrefix) + to_base64url(random.reveal()));
  record.digest = token_digest(token);
  return NewToken{std::move(token), std::move(record)};
}

Digest token_digest(const Secret<std::string>& token) {
  return digest("SET/2 enrolment token", view_of(token.reveal()));
}

std::optional<Refusal> check_token(const std::optional<TokenRecord>& record,
                                   const PartyInitiated& session,
                                   const std::vector<std::string>& hosts, Instant now) {
  if (!record) return refusal("this enrolment token is unknown");
  if (record->used_at) return refusal("this enrolment token was used before");
  if (now >= record->expires_at) return refusal("this enrolment token has expired");
  const Role role = role_of(session.request_type);
  if (record->role != role) {
    return refusal("this enrolment token is for a " + std::string(to_string(record->role)) +
                   ", not for a " + std::string(to_string(role)));
  }
  if (record->bin != bin_of(session.id_data))
    return refusal("this enrolment token is for another BIN");
  if (!record->id.empty() && record->id != id_of(session.id_data)) {
    return refusal("this enrolment token is for another id");
  }
  if (hosts.empty()) return refusal("the request names no host for the TLS certificate");
  for (const auto& host : hosts) {
    if (std::ranges::find(record->hosts, host) == record->hosts.end()) {
      return refusal("this enrolment token does not allow one of the hosts that were asked for");
    }
  }
  return std::nullopt;
}

}  // namespace set::ca
