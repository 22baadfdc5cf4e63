// An ISO 8583:1987 message in our dialect (docs/iso8583.md): ASCII message type, binary bitmaps,
// ASCII elements; on TCP behind two bytes of length. Written and read by bank, gateway and CA.
// The card number and the verification value are never in a std::string of ours: they go between
// their own types and locked memory. Values; pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/amount.h"
#include "common/base/pan.h"
#include "common/crypto/secret_bytes.h"
#include "common/iso8583/elements.h"
#include "common/iso8583/response_code.h"
#include "common/iso8583/totals.h"
#include "common/message/account.h"
#include "common/message/authorization.h"

namespace set::iso8583 {

/// The longest message, without its two bytes of length. The whole dialect fits well.
inline constexpr std::size_t kMaxMessageBytes = 1024;
inline constexpr std::size_t kPrefixBytes = 2;

// Subelements of element 48: two digits of tag, two of length, value.
inline constexpr std::string_view kCardholderName = "01";
inline constexpr std::string_view kFinalCapture = "03";  ///< "Y" or "N"
inline constexpr std::string_view kMerchantID = "04";    ///< one that is longer than element 42
inline constexpr std::string_view kHoldExpires = "05";   ///< YYYYMMDDhhmmss, UTC
inline constexpr std::string_view kOriginalRrn = "06";   ///< of what 90 names, if not its own 37
inline constexpr std::string_view kStreetDigits = "07";  ///< address.h, as the two that follow
inline constexpr std::string_view kPostalCode = "08";
inline constexpr std::string_view kAddressResult = "09";  ///< SET's AVSResult, one digit
inline constexpr std::string_view kCardType = "10";       ///< SET's CardType, two digits
inline constexpr std::string_view kTraceparent = "20";    ///< W3C Trace Context; not of the content
inline constexpr std::string_view kVerification = "92";

// Processing codes (3).
inline constexpr std::string_view kPurchase = "000000";
inline constexpr std::string_view kRefund = "200000";
inline constexpr std::string_view kAccountCheck = "330000";

// Network management codes (70).
inline constexpr std::string_view kSignOn = "001";
inline constexpr std::string_view kSignOff = "002";
inline constexpr std::string_view kEcho = "301";

struct Message {
  std::string mti;
  std::optional<Pan> pan;                                      ///< 2
  std::optional<CardVerificationValue> verification;           ///< 48, subelement 92
  std::map<int, std::string> elements;                         ///< all but 2 and 48
  std::map<std::string, std::string, std::less<>> additional;  ///< the rest of 48, by tag

  /// Empty if it is not there.
  std::string_view at(int element) const;
  std::string_view more(std::string_view tag) const;
};

/// Without the prefix. internal: an element is not as the dialect has it, which is our own bug,
/// or the message is longer than kMaxMessageBytes.
Result<SecretBytes> encode(const Message& message);

/// decoding_failure, with the number of the element, unless every byte is as the dialect says:
/// type, bitmaps, each element's length and characters, none unknown, missing or left over.
Result<Message> decode(ByteView bytes);

/// The two bytes before a message. decoding_failure: it cannot be one.
Result<std::size_t> message_size(ByteView prefix);
Bytes prefix_of(std::size_t size);

/// True for the types that ask for an answer: x0xx and x2xx.
bool is_request(std::string_view mti);
/// "0110" for "0100" and "0101".
std::string answer_type(std::string_view mti);

/// What names a message for good: acquirer, transmission time, STAN and RRN (32, 7, 11, 37). A
/// repeat has its original's.
std::string key_of(const Message& message);
/// Element 90 of a message about `original`, a message of ours.
std::string original_of(const Message& original);
/// The same key, out of elements 90 and 37: all messages about one purchase have its RRN. Only an
/// authorisation on the card of another one has a purchase of its own, and the other's RRN in 48.
std::string original_key(const Message& message);

/// 4 and 49. decoding_failure: an unknown currency, or nothing.
Result<Amount> amount_of(const Message& message);
/// invalid_argument: it does not fit into twelve digits.
Result<void> set_amount(Message& message, const Amount& amount);

/// What an answer to an authorisation says of the card beside the decision.
struct CardNotes {
  std::optional<AVSResult> avs_result = std::nullopt;  ///< where an address was sent
  std::optional<CardType> card_type = std::nullopt;
  std::optional<CurrConv> curr_conv = std::nullopt;  ///< the card is billed in another currency
};
/// 10, 51 and 09, 10 of 48. internal: a rate of more than seven digits.
Result<void> set_card_notes(Message& message, const CardNotes& notes);
/// decoding_failure: one of them is no such thing.
Result<CardNotes> card_notes_of(const Message& message);

/// The elements 74 to 77, 86 to 89 and 97.
void set_totals(Message& message, const SettlementTotals& totals);
/// decoding_failure: one is missing, or the net amount is not theirs.
Result<SettlementTotals> totals_of(const Message& message);

/// "MMDDhhmmss" and "YYYYMMDDhhmmss".
std::string transmission_time(Instant now);
std::string full_time(Instant time);
Result<Instant> parse_full_time(std::string_view text);

}  // namespace set::iso8583
