// AcqCardMsg: only the cardholder of this authorisation reads it.
#include <catch2/catch_test_macros.hpp>

#include "common/message/card_message.h"
#include "common/message/fields.h"
#include "set/v1/purchase.pb.h"
#include "tests/message/samples.h"

namespace set {
namespace {

const Bytes kKey(32, 0x61);
const CardMessageBinding kBinding{test::id_of<XID>(0x11), test::id_of<RRPID>(0x13)};
const AcqCardCodeMsg kMessage{AcqCardCode::call_customer_service, "Please call us. ☎",
                              "https://issuer.example/card", "+41 44 000 00 00"};

TEST_CASE("the cardholder reads what the acquirer wrote") {
  const auto sealed = seal_card_message(kKey, kMessage, kBinding, Rng::system());
  const auto opened = open_card_message(kKey, sealed, kBinding);
  REQUIRE(opened);
  CHECK(opened->code == kMessage.code);
  CHECK(opened->text == kMessage.text);
  CHECK(opened->url == kMessage.url);
  CHECK(opened->phone == kMessage.phone);
  CHECK(seal_card_message(kKey, kMessage, kBinding, Rng::system()) != sealed);
}

TEST_CASE("an AcqCardMsg opens for one key and one authorisation, unchanged") {
  const auto sealed = seal_card_message(kKey, kMessage, kBinding, Rng::system());
  const auto refused = [&](ByteView key, ByteView bytes, const CardMessageBinding& binding) {
    const auto opened = open_card_message(key, bytes, binding);
    return !opened && opened.error().code == ErrorCode::signature_failure;
  };
  CHECK(refused(Bytes(32, 0x62), sealed, kBinding));
  CHECK(refused(kKey, sealed, {test::id_of<XID>(0x12), kBinding.auth_rrpid}));
  CHECK(refused(kKey, sealed, {kBinding.xid, test::id_of<RRPID>(0x14)}));
  CHECK(refused(kKey, {}, kBinding));
  CHECK(refused(kKey, Bytes(5000, 0), kBinding));
  int opened = 0;
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] ^= 1U;
    if (!refused(kKey, changed, kBinding)) ++opened;
    if (!refused(kKey, ByteView(sealed).first(i), kBinding)) ++opened;
  }
  CHECK(opened == 0);
}

TEST_CASE("an AcqCardMsg of the wrong form is refused, whoever sealed it") {
  const auto refused = [](AcqCardCodeMsg message) {
    const auto sealed = seal_card_message(kKey, message, kBinding, Rng::system());
    const auto opened = open_card_message(kKey, sealed, kBinding);
    return !opened && opened.error().code == ErrorCode::decoding_failure;
  };
  CHECK(refused({AcqCardCode::account_info, "", "", ""}));
  CHECK(refused({static_cast<AcqCardCode>(3), "text", "", ""}));
  CHECK(refused({AcqCardCode::account_info, std::string(129, 'x'), "", ""}));
  CHECK(refused({AcqCardCode::account_info, "\x1b[2J", "", ""}));
  CHECK(refused({AcqCardCode::account_info, "", "http://issuer.example", ""}));
  CHECK(refused({AcqCardCode::account_info, "", "javascript:alert(1)", ""}));
  CHECK(refused({AcqCardCode::account_info, "", "", std::string(21, '1')}));
  CHECK_FALSE(refused({AcqCardCode::account_info, std::string(128, 'x'), "", ""}));
}

}  // namespace
}  // namespace set
