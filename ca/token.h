// Enrolment tokens: an operator's word that one merchant or one gateway may be certified once. The
// CA keeps the token's digest, never the token. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ca/enrollment_state.h"
#include "common/base/secret.h"

namespace set::ca {

/// What the operator vouches for.
struct TokenRecord {
  Digest digest;
  Role role = Role::merchant;  ///< merchant or gateway
  std::string name;            ///< the merchant's, as on the cardholder's statement
  std::string bin;             ///< the acquirer's
  std::string id;              ///< empty: any id that nobody has yet
  std::string city;
  unsigned country = 0;  ///< ISO 3166
  std::vector<std::string> hosts;
  Instant created_at;
  Instant expires_at;
  std::optional<Instant> used_at;
};

struct NewToken {
  Secret<std::string> token;  ///< 47 characters; shown once
  TokenRecord record;
};
/// `record` without digest. Errors: invalid_argument and what is wrong, in the command's words.
Result<NewToken> make_token(TokenRecord record, Rng& rng);

Digest token_digest(const Secret<std::string>& token);

/// What the token does not allow in this request, or nothing. `record` none: no such token.
std::optional<Refusal> check_token(const std::optional<TokenRecord>& record,
                                   const PartyInitiated& session,
                                   const std::vector<std::string>& hosts, Instant now);

}  // namespace set::ca
