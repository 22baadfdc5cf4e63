#include "common/message/wire.h"

#include <algorithm>
#include <array>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "common/base/assert.h"
#include "common/message/fields.h"

namespace set {
namespace {

namespace pb = google::protobuf;

constexpr int kMaxDepth = 16;  // of nesting; our deepest message has 5
constexpr int kMaxExtensions = 16;
constexpr std::size_t kMaxExtensionBytes = 4096;
constexpr std::size_t kMaxBrandBytes = 40;

struct MessageName {
  MessageType type;
  std::string_view name;
};
constexpr std::array kMessageNames = std::to_array<MessageName>({
    {wire::MESSAGE_TYPE_PINIT_REQ, "PInitReq"},
    {wire::MESSAGE_TYPE_PINIT_RES, "PInitRes"},
    {wire::MESSAGE_TYPE_P_REQ, "PReq"},
    {wire::MESSAGE_TYPE_P_RES, "PRes"},
    {wire::MESSAGE_TYPE_INQ_REQ, "InqReq"},
    {wire::MESSAGE_TYPE_INQ_RES, "InqRes"},
    {wire::MESSAGE_TYPE_AUTH_REQ, "AuthReq"},
    {wire::MESSAGE_TYPE_AUTH_RES, "AuthRes"},
    {wire::MESSAGE_TYPE_AUTH_REV_REQ, "AuthRevReq"},
    {wire::MESSAGE_TYPE_AUTH_REV_RES, "AuthRevRes"},
    {wire::MESSAGE_TYPE_CAP_REQ, "CapReq"},
    {wire::MESSAGE_TYPE_CAP_RES, "CapRes"},
    {wire::MESSAGE_TYPE_CAP_REV_REQ, "CapRevReq"},
    {wire::MESSAGE_TYPE_CAP_REV_RES, "CapRevRes"},
    {wire::MESSAGE_TYPE_CRED_REQ, "CredReq"},
    {wire::MESSAGE_TYPE_CRED_RES, "CredRes"},
    {wire::MESSAGE_TYPE_CRED_REV_REQ, "CredRevReq"},
    {wire::MESSAGE_TYPE_CRED_REV_RES, "CredRevRes"},
    {wire::MESSAGE_TYPE_PCERT_REQ, "PCertReq"},
    {wire::MESSAGE_TYPE_PCERT_RES, "PCertRes"},
    {wire::MESSAGE_TYPE_BATCH_ADMIN_REQ, "BatchAdminReq"},
    {wire::MESSAGE_TYPE_BATCH_ADMIN_RES, "BatchAdminRes"},
    {wire::MESSAGE_TYPE_CARD_C_INIT_REQ, "CardCInitReq"},
    {wire::MESSAGE_TYPE_CARD_C_INIT_RES, "CardCInitRes"},
    {wire::MESSAGE_TYPE_ME_AQ_C_INIT_REQ, "Me-AqCInitReq"},
    {wire::MESSAGE_TYPE_ME_AQ_C_INIT_RES, "Me-AqCInitRes"},
    {wire::MESSAGE_TYPE_REG_FORM_REQ, "RegFormReq"},
    {wire::MESSAGE_TYPE_REG_FORM_RES, "RegFormRes"},
    {wire::MESSAGE_TYPE_CERT_REQ, "CertReq"},
    {wire::MESSAGE_TYPE_CERT_RES, "CertRes"},
    {wire::MESSAGE_TYPE_CERT_INQ_REQ, "CertInqReq"},
    {wire::MESSAGE_TYPE_CERT_INQ_RES, "CertInqRes"},
    {wire::MESSAGE_TYPE_ERROR, "Error"},
});

Result<void> check_extension(const wire::Extension& extension) {
  CHECK_OR_FAIL(is_oid(extension.oid()), ErrorCode::decoding_failure,
                "an extension's name is no OID");
  CHECK_OR_FAIL(extension.value().size() <= kMaxExtensionBytes, ErrorCode::decoding_failure,
                "an extension is too long");
  // "Unknown non-critical is ignored, unknown critical → Error unrecognizedExtension" (§3.0).
  CHECK_OR_FAIL(!extension.critical(), ErrorCode::unrecognized_extension,
                "a critical extension is not known here");
  return {};
}

Result<void> check_field(const pb::Message& message, const pb::FieldDescriptor& field) {
  if (field.cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) return {};
  const auto& reflection = *message.GetReflection();
  if (!field.is_repeated()) return check_known(reflection.GetMessage(message, &field));
  const int count = reflection.FieldSize(message, &field);
  CHECK_OR_FAIL(field.message_type() != wire::Extension::descriptor() || count <= kMaxExtensions,
                ErrorCode::decoding_failure, "a message has too many extensions");
  for (int i = 0; i < count; ++i) {
    TRY(check_known(reflection.GetRepeatedMessage(message, &field, i)));
  }
  return {};
}

/// The control characters of ASCII and Latin-1, but for those that break and indent lines.
bool is_control(std::uint32_t c) {
  return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c < 0xA0);
}

/// The length of a UTF-8 sequence by its first byte; 0 if none begins so.
std::size_t sequence_size(std::uint8_t first) {
  if (first < 0x80) return 1;
  if (first < 0xC0) return 0;
  if (first < 0xE0) return 2;
  if (first < 0xF0) return 3;
  return first < 0xF8 ? 4 : 0;
}

/// The code point at the front (RFC 3629) and its size; size 0 if there is none.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t size = 0;
};
CodePoint code_point(ByteView text) {
  constexpr std::array<std::uint32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  const auto size = sequence_size(text.front());
  if (size == 0 || size > text.size()) return {};
  std::uint32_t value = size == 1 ? text.front() : text.front() & (0x7FU >> size);
  for (const auto byte : text.subspan(1, size - 1)) {
    if ((byte & 0xC0U) != 0x80) return {};
    value = (value << 6U) | (byte & 0x3FU);
  }
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < smallest[size] || value > 0x10FFFF || surrogate) return {};
  return {value, size};
}

bool is_plain_text(ByteView text) {
  while (!text.empty()) {
    const auto next = code_point(text);
    if (next.size == 0 || is_control(next.value)) return false;
    text = text.subspan(next.size);
  }
  return true;
}

}  // namespace

std::string_view to_string(MessageType type) {
  const auto found = std::ranges::find(kMessageNames, type, &MessageName::type);
  return found != kMessageNames.end() ? found->name : "unspecified";
}

Bytes serialize(const pb::Message& message) {
  Bytes out(message.ByteSizeLong());
  SET_ASSERT(out.size() <= static_cast<std::size_t>(INT32_MAX));
  pb::io::ArrayOutputStream array(out.data(), static_cast<int>(out.size()));
  pb::io::CodedOutputStream stream(&array);
  stream.SetSerializationDeterministic(true);
  message.SerializeWithCachedSizes(&stream);
  SET_ASSERT(!stream.HadError());
  return out;
}

Result<void> parse_canonical(ByteView bytes, pb::Message& into) {
  CHECK_OR_FAIL(bytes.size() <= kMaxMessageBytes, ErrorCode::message_too_big,
                "a message is longer than any of ours");
  pb::io::CodedInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(kMaxDepth);
  CHECK_OR_FAIL(into.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage(),
                ErrorCode::decoding_failure, "the bytes are no such message");
  CHECK_OR_FAIL(equal(serialize(into), bytes), ErrorCode::decoding_failure,
                "a message does not stand in canonical form");
  return check_known(into);
}

Result<void> check_known(const pb::Message& message) {
  const auto& reflection = *message.GetReflection();
  CHECK_OR_FAIL(reflection.GetUnknownFields(message).empty(), ErrorCode::decoding_failure,
                "a message has a field that is not known here");
  if (const auto* extension = pb::DynamicCastToGenerated<wire::Extension>(&message)) {
    TRY(check_extension(*extension));
  }
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const auto* field : fields) TRY(check_field(message, *field));
  return {};
}

wire::CurrencyAmount to_wire(const Amount& amount) {
  wire::CurrencyAmount out;
  out.set_currency(amount.currency().number());
  out.set_amount(amount.minor());
  out.set_amt_exp10(-static_cast<std::int32_t>(amount.currency().exponent()));
  return out;
}

Result<Amount> from_wire(const wire::CurrencyAmount& amount) {
  const auto currency = Currency::from_number(amount.currency());
  CHECK_OR_FAIL(currency, ErrorCode::decoding_failure, "an amount is in no currency that we know");
  CHECK_OR_FAIL(amount.amt_exp10() == -static_cast<std::int32_t>(currency->exponent()),
                ErrorCode::decoding_failure, "an amount has not its currency's exponent");
  const auto value = Amount::make(*currency, amount.amount());
  CHECK_OR_FAIL(value, ErrorCode::decoding_failure, "an amount is out of range");
  return *value;
}

Result<std::string> text_from_wire(const std::string& text, std::size_t max_bytes,
                                   std::string_view name) {
  CHECK_OR_FAIL(text.size() <= max_bytes, ErrorCode::decoding_failure,
                std::string(name) + " is too long");
  CHECK_OR_FAIL(is_plain_text(view_of(text)), ErrorCode::decoding_failure,
                std::string(name) + " is no plain text");
  return text;
}

Result<std::string> brand_from_wire(const std::string& brand) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(" :._-").find(c) != std::string_view::npos;
  };
  CHECK_OR_FAIL(
      !brand.empty() && brand.size() <= kMaxBrandBytes && std::ranges::all_of(brand, good),
      ErrorCode::decoding_failure, "the brand is no BrandID");
  return brand;
}

Result<std::string> bin_from_wire(const std::string& bin) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  CHECK_OR_FAIL(bin.size() == 6 && std::ranges::all_of(bin, digit), ErrorCode::decoding_failure,
                "the BIN has not six digits");
  return bin;
}

}  // namespace set
