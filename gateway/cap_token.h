// CapToken: what the gateway gives the merchant for each approval, to be handed back at capture
// (set-1997 §3.7, protocol §4): AES-256-GCM under the gateway's token key. It only proves that the
// merchant was given it; what is authorised and captured stands in the database. Also the envelope
// of what the gateway keeps for itself while it waits. Pure but for the Rng; any thread.
#pragma once

#include <string>

#include "common/base/amount.h"
#include "common/base/ids.h"
#include "common/crypto/random.h"

namespace set::gateway {

/// What a token is bound to: it opens for no other merchant, purchase or authorisation.
struct CapTokenBinding {
  std::string merchant_id;
  XID xid;
  RRPID auth_rrpid;
};

/// CapTokenData ::= { AuthRRPID, AuthAmt, TokenOpaque }; AuthRRPID stands in the binding.
struct CapTokenData {
  Amount auth_amt;
};

inline constexpr std::size_t kTokenKeyBytes = 32;

/// Layout: version 1 (1 octet) · nonce 12, random · ciphertext of {currency 4, minor units 8, both
/// big-endian} with tag. aad = label 00 merchant id 00 XID ‖ authRRPID. Each use of the token key
/// has a key of its own, derived by HKDF.
Bytes make_cap_token(ByteView token_key, const CapTokenData& data, const CapTokenBinding& binding,
                     Rng& rng);
/// signature_failure for anything that does not fit: invalidCapToken.
Result<CapTokenData> open_cap_token(ByteView token_key, ByteView token,
                                    const CapTokenBinding& binding);

/// AuthToken: stands in for the PI in the next authorisation of a purchase, once. What it says is
/// only which purchase; limits, sums and use stand in the database.
struct AuthTokenData {
  Digest hpi_data;
  RRPID auth_rrpid;  ///< the approval that brought it
};
/// As make_cap_token, of {HPIData 48, authRRPID 20}; aad = label 00 merchant id 00 XID.
Bytes make_auth_token(ByteView token_key, const AuthTokenData& data, const std::string& merchant_id,
                      const XID& xid, Rng& rng);
/// signature_failure for anything that does not fit.
Result<AuthTokenData> open_auth_token(ByteView token_key, ByteView token,
                                      const std::string& merchant_id, const XID& xid);

/// The key of AcqCardMsg (card_message.h) of a purchase, at rest.
Bytes seal_card_message_key(ByteView token_key, ByteView key, const Digest& hpi_data, Rng& rng);
/// signature_failure.
Result<SecretBytes> open_card_message_key(ByteView token_key, ByteView sealed,
                                          const Digest& hpi_data);

/// The reply key of a request whose answer is not there yet (seal.h's PendingReply), at rest.
Bytes seal_pending_reply(ByteView token_key, ByteView pending, const RRPID& auth_rrpid, Rng& rng);
/// signature_failure.
Result<SecretBytes> open_pending_reply(ByteView token_key, ByteView sealed,
                                       const RRPID& auth_rrpid);

}  // namespace set::gateway
