// From bytes to protobuf messages and back, strictly. Signed content is never serialised again to
// verify it; it is only required to stand in canonical form (docs/protocol.md, "Canonical form"), so
// that one content has one encoding: fields in ascending order, shortest varints, no default
// values, no unknown fields, nothing twice. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include <google/protobuf/message.h>

#include "common/base/amount.h"
#include "common/base/bytes.h"
#include "common/base/ids.h"
#include "common/base/log.h"
#include "set/v1/wrapper.pb.h"

namespace set {

namespace wire = set::v1;

/// Which message this is; the same enum on the wire.
using MessageType = wire::MessageType;
std::string_view to_string(MessageType type);  ///< SET's name, "AuthReq"

inline constexpr std::size_t kMaxMessageBytes = 256 * 1024;
inline constexpr std::uint32_t kProtocolVersion = 2;
inline constexpr std::string_view kSwIdent = "OpenSET/" SET_VERSION;

/// The canonical bytes of a message of ours.
Bytes serialize(const google::protobuf::Message& message);

/// decoding_failure unless `bytes` are the canonical form of such a message, with at most 16
/// well-formed extensions in each list; unrecognized_extension if it holds one marked critical, for
/// no extensions are known yet; message_too_big beyond kMaxMessageBytes.
Result<void> parse_canonical(ByteView bytes, google::protobuf::Message& into);
/// The same rules for a message that the transport has already parsed, but for the canonical form,
/// which can no longer be seen.
Result<void> check_known(const google::protobuf::Message& message);

template <class Wire>
Result<Wire> parse_as(ByteView bytes) {
  Wire message;
  TRY(parse_canonical(bytes, message));
  return message;
}

// --- values that many messages share ---

wire::CurrencyAmount to_wire(const Amount& amount);
Result<Amount> from_wire(const wire::CurrencyAmount& amount);  ///< decoding_failure

/// Valid UTF-8, no control characters but newline and tab, at most `max_bytes`.
Result<std::string> text_from_wire(const std::string& text, std::size_t max_bytes, std::string_view name);
/// "[A-Za-z0-9 :._-]{1,40}": SET's BrandID `brand[:product]`.
Result<std::string> brand_from_wire(const std::string& brand);
/// An RFC 5646 tag, its outer form.
bool is_language(std::string_view tag);
/// Six digits.
Result<std::string> bin_from_wire(const std::string& bin);

}  // namespace set

// Beside the generated enum, where the log looks for it.
namespace set::v1 {
inline set::LogField log_field(MessageType type) { return {"message", std::string(set::to_string(type))}; }
}  // namespace set::v1
