// AcqCardMsg: a word of the acquirer to the cardholder, through the merchant, who cannot read it
// (set-1997 §2.6, §3.6; ADR 0029). The gateway seals it, the wallet opens it, under the key that
// both export from the PI's context. Pure but for the Rng; any thread.
#pragma once

#include <string>

#include "common/base/ids.h"
#include "common/base/log.h"
#include "common/crypto/random.h"

namespace set {

/// SET's numbers (set-1997 §4.2); on the wire plus one.
enum class AcqCardCode { message_of_day = 0, account_info = 1, call_customer_service = 2 };
std::string_view to_string(AcqCardCode code);  ///< SET's spelling, "messageOfDay"

/// AcqCardCodeMsg ::= {AcqCardCode, {[text], [URL], [phone]}}; one of the three at least.
struct AcqCardCodeMsg {
  AcqCardCode code = AcqCardCode::message_of_day;
  std::string text;   ///< at most 128 octets
  std::string url;    ///< https, at most 512
  std::string phone;  ///< at most 20
};

/// Which authorisation it belongs to: it opens for no other.
struct CardMessageBinding {
  XID xid;
  RRPID auth_rrpid;
};

/// nonce 12, random ‖ AES-256-GCM(key, nonce, aad, canonical AcqCardCodeMsg);
/// aad = "AcqCardCodeMsg" 00 XID ‖ authRRPID.
/// Shapes: key 32 bytes, OpenedPI::card_message_key.
Bytes seal_card_message(ByteView key, const AcqCardCodeMsg& message,
                        const CardMessageBinding& binding, Rng& rng);
/// Shapes: key 32 bytes, Purchase::card_message_key.
/// Errors: signature_failure, decoding_failure.
Result<AcqCardCodeMsg> open_card_message(ByteView key, ByteView sealed,
                                         const CardMessageBinding& binding);

}  // namespace set
