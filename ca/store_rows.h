// Rows of the CA's tables as states and records. Internal to store.cpp.
#pragma once

#include "ca/enrollment_state.h"
#include "ca/token.h"
#include "common/store/database.h"

namespace set::ca::rows {

/// $1 = LID-CA, $2 = now.
inline constexpr std::string_view kSelectSession =
    "SELECT lid_ca, version, state, lid_ee, opened_by, expires_at, form_request, request_type, "
    "language, bin,"
    " party_id, chall_ca, nonce_cca, encryption_key, kem_answer, cert_request, signature_key, "
    "refused_status"
    " FROM sessions WHERE lid_ca = $1 AND expires_at > $2";

/// A certified one is read together with its certificates.
Result<Session> read_session(Transaction& t, const Row& row);
/// role, name, bin, party_id, city, country, hosts, created_at, expires_at, used_at.
TokenRecord read_token(const Row& row, const Digest& digest);

/// The registration that waits for an operator, if it does.
Result<std::optional<Pended>> read_pended(Transaction& t, const SessionHead& head);

/// A change of one session's row: zero rows mean that another request was here between our reading
/// and now, which is a conflict.
Result<void> moved(std::int64_t changed);
/// The same, asked before a use of keys or of a token is refused: whoever lost the race would else be
/// told that they were used, by the very request that won it.
Result<void> check_not_moved(Transaction& t, const SessionHead& head);
/// "A CA certifies a key once": true if it did with any of these.
Result<bool> any_certified(Transaction& t, const std::vector<Digest>& keys);
/// False if it is used or expired.
Result<bool> use_token(Transaction& t, const TokenRecord& token, const LIDCA& lid_ca, Instant now);

std::vector<std::string> split_hosts(const std::string& text);
LIDCA lid_ca_of(const Row& row, std::size_t column);
std::string join_hosts(const std::vector<std::string>& hosts);

}  // namespace set::ca::rows
