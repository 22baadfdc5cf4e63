#include "common/message/card_message.h"

#include "common/crypto/digest.h"
#include "common/crypto/suite.h"
#include "common/message/fields.h"
#include "common/message/payment_fields.h"
#include "set/v1/purchase.pb.h"

namespace set {
namespace {

constexpr std::size_t kMaxAcqCardTextBytes = 128;
constexpr std::size_t kMaxAcqCardUrlBytes = 512;
constexpr std::uint8_t kEndOfName[] = {0};

Bytes aad_of(const CardMessageBinding& binding) {
  return concat(
      {view_of("AcqCardCodeMsg"), kEndOfName, binding.xid.view(), binding.auth_rrpid.view()});
}

wire::AcqCardCodeMsg to_wire(const AcqCardCodeMsg& message) {
  wire::AcqCardCodeMsg out;
  out.set_acq_card_code(code_to_wire(message.code));
  out.set_text(message.text);
  out.set_url(message.url);
  out.set_phone(message.phone);
  return out;
}

Result<AcqCardCodeMsg> read_acq_card_code_msg(const wire::AcqCardCodeMsg& message) {
  FieldReader fields;
  AcqCardCodeMsg out{
      .code =
          fields.code(message.acq_card_code(), AcqCardCode::call_customer_service, "AcqCardCode"),
      .text = fields.text(message.text(), kMaxAcqCardTextBytes, "AcqCardText"),
      .url = fields.visible(message.url(), 0, kMaxAcqCardUrlBytes, "AcqCardURL"),
      .phone = fields.visible(message.phone(), 0, kMaxPhoneBytes, "AcqCardPhone"),
  };
  fields.require(out.url.empty() || out.url.starts_with("https://"), "AcqCardURL is not https");
  fields.require(!out.text.empty() || !out.url.empty() || !out.phone.empty(),
                 "an AcqCardMsg says nothing");
  return fields.finish(std::move(out));
}

}  // namespace

Bytes seal_card_message(ByteView key, const AcqCardCodeMsg& message,
                        const CardMessageBinding& binding, Rng& rng) {
  auto nonce = rng.bytes(suite::kAeadNonceBytes);
  return concat({nonce, aead_seal(key, nonce, aad_of(binding), serialize(to_wire(message)))});
}

Result<AcqCardCodeMsg> open_card_message(ByteView key, ByteView sealed,
                                         const CardMessageBinding& binding) {
  CHECK_OR_FAIL(sealed.size() > suite::kAeadNonceBytes && sealed.size() <= kMaxOpaqueBytes,
                ErrorCode::signature_failure, "an AcqCardMsg has a wrong length");
  const auto text = TRY(aead_open(key, sealed.first(suite::kAeadNonceBytes), aad_of(binding),
                                  sealed.subspan(suite::kAeadNonceBytes)));
  return read_acq_card_code_msg(TRY(parse_as<wire::AcqCardCodeMsg>(text.reveal())));
}

}  // namespace set
