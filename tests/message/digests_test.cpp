// The digests of the dual signature and the derived values of a card, against values computed once
// with Python's hashlib and hmac: SHA-384(label 00 bytes), HMAC-SHA-384, HKDF with an empty salt.
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "common/message/account.h"
#include "common/message/enrollment.h"
#include "common/message/purchase.h"
#include "tests/message/samples.h"
#include "tests/support/test_pans.h"

namespace set {
namespace {

using test::id_of;

const Bytes kCardSecret(32, 0x81);
const NonceCCA kNonceCCA = id_of<NonceCCA>(0x33);
constexpr std::string_view kBrand = "Example:gold";
constexpr std::string_view kPublicKey = "cardholder key";
constexpr std::string_view kPANSecretHex =
    "3f9ace0fc30a0d1659e6549673ecae53322e448432ba0351b283f770e7d0e5ea";

TEST_CASE("HOD is the digest of the order's canonical bytes") {
  const HODInput input{"1 tea", test::amount("9.00 EUR"), id_of<ODSalt>(0x32)};
  // {1: "1 tea", 2: {1: 978, 2: 900, 3: -2}, 3: salt}
  const auto bytes = concat({view_of("\x0a\x05"
                                     "1 tea"),
                             from_hex("120808d2071084071803").value(), from_hex("1a20").value(),
                             input.od_salt.view()});
  CHECK(hod_of(input) == digest("HODInput", bytes));
  CHECK(hod_of(input).hex() ==
        "9d3a586b8cecb781d16ce34f73bd066f10325218"
        "86535670e84393c80388e5bd2bebd6c1102c2a614dfcb3414e609e52");
}

TEST_CASE("HOD changes with each part of the order") {
  const HODInput input{"1 tea", test::amount("9.00 EUR"), id_of<ODSalt>(0x32)};
  auto other = input;
  other.od = "1 Tea";
  CHECK(hod_of(other) != hod_of(input));
  other = input;
  other.purch_amt = test::amount("9.01 EUR");
  CHECK(hod_of(other) != hod_of(input));
  other.purch_amt = test::amount("9.00 USD");
  CHECK(hod_of(other) != hod_of(input));
  other = input;
  other.od_salt.value[31] ^= 1U;
  CHECK(hod_of(other) != hod_of(input));
}

TEST_CASE("HOIData is the digest of the order half's exact bytes") {
  CHECK(hoi_data_of(view_of("order half")).hex() ==
        "058bc01513bb8124293e6583d98edd313f104715d7c89f66b6793133b436bcaa"
        "1c6ee9adc05bf83d314da9a9252d877f");
}

TEST_CASE(
    "HPIData is the digest of the payment half and the account's digest, parted by a length") {
  const auto account = pan_data_digest_of(Bytes(kAccountBlockBytes, 0));
  CHECK(account.hex() ==
        "ec7341bdb60ae1ca2ad9e1eb0244336b955557cc0ba50bca3cec65bf1ed4a675"
        "d02807b8e884d3411b0a31850993ef4c");
  CHECK(hpi_data_of(view_of("payment half"), account).hex() ==
        "71fada3c473756370dc412f27a9d2717d62aed169d909560495ce95c43c69b4e"
        "757e693ecb88e69da3ed0880182d2480");
  const auto by_hand =
      concat({from_hex("0000000c").value(), view_of("payment half"), account.view()});
  CHECK(hpi_data_of(view_of("payment half"), account) == digest("PIData", by_hand));
}

TEST_CASE("the commitment to NonceCCA is its digest") {
  CHECK(nonce_cca_commitment(kNonceCCA).hex() ==
        "09cce983db0e94cc386db4360897706fea69cae718cac69b4b5fbaa86cfe9a98"
        "f3726ea45b938c9251cdd434263db7d6");
}

TEST_CASE("PANSecret is derived from both halves, the brand and the cardholder's key") {
  const auto secret = derive_pan_secret(kCardSecret, kNonceCCA.view(), kBrand, view_of(kPublicKey));
  CHECK(to_hex(secret.reveal()) == kPANSecretHex);

  // RFC 5869 by hand: extract under zeros, one round of expand.
  const auto key = digest("SET/2 public key", view_of(kPublicKey));
  const Bytes zero{0};
  const auto info = concat({view_of("SET/2 PANSecret"), zero, view_of(kBrand), zero, key.view()});
  const auto prk = hmac_sha384(Bytes(48, 0), concat({kCardSecret, kNonceCCA.view()}));
  const auto okm = hmac_sha384(prk, concat({info, Bytes{1}}));
  CHECK(to_hex(ByteView(okm).first(32)) == kPANSecretHex);

  const auto differs = [&](ByteView card, ByteView nonce, std::string_view brand,
                           std::string_view spki) {
    return to_hex(derive_pan_secret(card, nonce, brand, view_of(spki)).reveal()) != kPANSecretHex;
  };
  CHECK(differs(Bytes(32, 0x82), kNonceCCA.view(), kBrand, kPublicKey));
  CHECK(differs(kCardSecret, id_of<NonceCCA>(0x34).view(), kBrand, kPublicKey));
  CHECK(differs(kCardSecret, kNonceCCA.view(), "Example", kPublicKey));
  CHECK(differs(kCardSecret, kNonceCCA.view(), kBrand, "another key"));
}

TEST_CASE("the cardholder's pseudonym is 64 characters that only the card and PANSecret give") {
  const auto pan = Pan::parse(test::kVisa).value();
  const auto expiry = CardExpiry::parse("12/28").value();
  const auto secret = from_hex(kPANSecretHex).value();
  const auto pseudonym = cardholder_pseudonym(pan, expiry, secret);
  CHECK(pseudonym == "MgycGZkVIPOecw0hC7CJWMa0G5vOuf2kItix9Vt2l5danXTjPmvTwUzWbqADyTQL");
  CHECK(pseudonym.size() == 64);
  const auto by_hand = concat({view_of(test::kVisa), Bytes{0}, view_of("202812")});
  CHECK(pseudonym == to_base64url(hmac_sha384(secret, by_hand)));
  CHECK(cardholder_pseudonym(*Pan::parse(test::kMastercard), expiry, secret) != pseudonym);
  CHECK(cardholder_pseudonym(pan, *CardExpiry::parse("01/29"), secret) != pseudonym);
  CHECK(cardholder_pseudonym(pan, expiry, Bytes(32, 1)) != pseudonym);
}

TEST_CASE("TransStain is the XID under CardSecret") {
  CHECK(to_hex(trans_stain(id_of<XID>(0x11), kCardSecret)) ==
        "37031d9a35b3d3bb49249cb04bd379cf64c5780f38c951ac8cccd3a5c95b02fb"
        "922ee640e04be81bc75d76a81ee55759");
}

}  // namespace
}  // namespace set
