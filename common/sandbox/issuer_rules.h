// What the simulated issuer says to an authorisation and to an account check: the card file's rules
// as functions of their arguments. Pure; any thread.
#pragma once

#include "common/iso8583/response_code.h"
#include "common/sandbox/card_file.h"

namespace set {

/// What a card was used for so far.
struct CardUse {
  std::int64_t used_minor = 0;  ///< held and not captured, plus captured, less credited
  std::int64_t recent = 0;      ///< authorisations asked within the card's velocity window
};

/// `card` is null for a number that the issuer does not know. Behaviours of time (slow, no_reply)
/// do not change the answer, only when it is heard.
iso8583::ResponseCode judge_authorization(const SandboxCard* card, const CardExpiry& expiry,
                                          const std::optional<CardVerificationValue>& verification,
                                          const Amount& amount, const CardUse& use, Instant now);

/// What the issuer says of a billing address; resultUnavailable if it has none of this card.
AVSResult judge_address(const SandboxCard* card, const iso8583::Address& asked);

/// At registration: number, expiry, verification value and name are those of a card that has not
/// expired. One answer for all that is wrong.
iso8583::ResponseCode judge_account(const SandboxCard* card, const CardExpiry& expiry,
                                    const std::optional<CardVerificationValue>& verification,
                                    std::string_view cardholder_name, Instant now);

}  // namespace set
