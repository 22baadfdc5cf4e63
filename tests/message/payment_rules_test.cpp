// Rules between the fields of payment messages, and bounds that a far too long value does not show.
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/message/field_rules.h"

namespace set {
namespace {

using test::Change;
using test::check_accepted;
using test::check_refused;

void set_eur(wire::CurrencyAmount& amount, std::int64_t minor) {
  amount.set_currency(978);
  amount.set_amount(minor);
  amount.set_amt_exp10(-2);
}

TEST_CASE("TransIDs with a local id or language of the wrong form are refused") {
  check_refused<TransIDs>(GENERATE(values<Change<wire::TransIDs>>({
      {"21 octets", [](auto& ids) { ids.set_lid_c(std::string(21, 'x')); }},
      {"LID-M of 21 octets", [](auto& ids) { ids.set_lid_m(std::string(21, 'x')); }},
      {"XID of 19", [](auto& ids) { ids.set_xid(std::string(19, 'x')); }},
      {"XID of 21", [](auto& ids) { ids.set_xid(std::string(21, 'x')); }},
      {"date zero", [](auto& ids) { ids.set_preq_date_ms(0); }},
      {"date of 9999", [](auto& ids) { ids.set_preq_date_ms(253'370'764'799'999 + 1); }},
      {"language of one letter", [](auto& ids) { ids.set_language("e"); }},
      {"language with underscore", [](auto& ids) { ids.set_language("en_US"); }},
      {"language ending in a hyphen", [](auto& ids) { ids.set_language("en-"); }},
      {"language of digits", [](auto& ids) { ids.set_language("12"); }},
      {"language part of nine", [](auto& ids) { ids.set_language("en-abcdefghi"); }},
      {"language of 36",
       [](auto& ids) { ids.set_language("en-abcdefgh-abcdefgh-abcdefgh-abcdefg"); }},
      {"PaySysID of 65", [](auto& ids) { ids.set_pay_sys_id(std::string(65, 'x')); }},
      {"PaySysID not ASCII", [](auto& ids) { ids.set_pay_sys_id("é"); }},
  })));
  check_accepted<TransIDs>(GENERATE(values<Change<wire::TransIDs>>({
      {"one octet, not text", [](auto& ids) { ids.set_lid_c(std::string(1, '\0')); }},
      {"last moment", [](auto& ids) { ids.set_preq_date_ms(253'370'764'799'999); }},
      {"language", [](auto& ids) { ids.set_language("zh-Hant-TW"); }},
  })));
}

TEST_CASE(
    "two TransIDs are of one purchase if XID and LID-C agree and LID-M does where both have it") {
  const auto ids = test::samples<TransIDs>()[0];
  auto other = ids;
  other.preq_date += Duration(1);
  other.language = "fr";
  CHECK(same_purchase(ids, other));
  other.lid_m.reset();
  CHECK(same_purchase(ids, other));
  CHECK(same_purchase(other, ids));
  other.lid_m = LIDM{"order-43"};
  CHECK_FALSE(same_purchase(ids, other));
  other = ids;
  other.xid = test::id_of<XID>(0x99);
  CHECK_FALSE(same_purchase(ids, other));
  other = ids;
  other.lid_c = LIDC{"wallet-8"};
  CHECK_FALSE(same_purchase(ids, other));
}

TEST_CASE("Thumbs are at most 64 of each kind, each of 32 octets") {
  check_refused<Thumbs>(GENERATE(values<Change<wire::Thumbs>>({
      {"31 octets", [](auto& thumbs) { thumbs.add_cert_thumbs(std::string(31, 'x')); }},
      {"no octet", [](auto& thumbs) { thumbs.add_crl_thumbs(""); }},
      {"33 octets", [](auto& thumbs) { thumbs.add_brand_crl_id_thumbs(std::string(33, 'x')); }},
      {"65",
       [](auto& thumbs) {
         while (thumbs.cert_thumbs_size() < 65) thumbs.add_cert_thumbs(std::string(32, 'x'));
       }},
      {"65 CRLs",
       [](auto& thumbs) {
         while (thumbs.crl_thumbs_size() < 65) thumbs.add_crl_thumbs(std::string(32, 'x'));
       }},
  })));
  check_accepted<Thumbs>(Change<wire::Thumbs>{"64", [](auto& thumbs) {
                                                while (thumbs.cert_thumbs_size() < 64)
                                                  thumbs.add_cert_thumbs(std::string(32, 'x'));
                                                thumbs.add_crl_thumbs(std::string(32, 'x'));
                                                thumbs.add_brand_crl_id_thumbs(
                                                    std::string(32, 'x'));
                                              }});
}

TEST_CASE("a BCI of the wrong form is refused") {
  check_refused<BrandCRLIdentifier>(GENERATE(values<Change<wire::BrandCRLIdentifierTBS>>({
      {"version 1", [](auto& m) { m.set_version(1); }},
      {"no sequenceNum", [](auto& m) { m.clear_sequence_num(); }},
      {"no brand", [](auto& m) { m.clear_brand_id(); }},
      {"it ends before it begins", [](auto& m) { m.set_not_after_ms(m.not_before_ms()); }},
      {"no crlNumber", [](auto& m) { m.mutable_crl_identifiers(0)->clear_crl_number(); }},
      {"a crlNumber of 33 bits",
       [](auto& m) { m.mutable_crl_identifiers(0)->set_crl_number(1ULL << 32U); }},
      {"an issuer twice", [](auto& m) { *m.add_crl_identifiers() = m.crl_identifiers(0); }},
      {"17 lists",
       [](auto& m) {
         m.clear_crl_identifiers();
         for (char c = 'a'; c < 'a' + 17; ++c) {
           auto& crl = *m.add_crl_identifiers();
           crl.set_issuer_key_id(std::string(20, c));
           crl.set_crl_number(1);
         }
       }},
  })));
}

TEST_CASE("Thumbs that are empty are left out, so that saying nothing has one form") {
  CHECK_FALSE(to_wire(InqReq{}).has_thumbs());
  check_refused<InqReq>(
      Change<wire::InqReqData>{"empty", [](auto& m) { m.mutable_thumbs()->Clear(); }});
  check_refused<AuthReq>(
      Change<wire::AuthReqData>{"empty", [](auto& m) { m.mutable_m_thumbs()->Clear(); }});
}

TEST_CASE("a PInitReq of the wrong form is refused") {
  check_refused<PInitReq>(GENERATE(values<Change<wire::PInitReqData>>({
      {"BIN of five", [](auto& m) { m.set_bin("41111"); }},
      {"BIN of seven", [](auto& m) { m.set_bin("4111111"); }},
      {"BIN with a letter", [](auto& m) { m.set_bin("41111a"); }},
      {"brand of 41", [](auto& m) { m.set_brand_id(std::string(41, 'B')); }},
      {"brand with a slash", [](auto& m) { m.set_brand_id("a/b"); }},
      {"order secret of 31", [](auto& m) { m.set_order_secret(std::string(31, 'x')); }},
      {"challenge of 21", [](auto& m) { m.set_chall_c(std::string(21, 'x')); }},
  })));
}

TEST_CASE("an order description has at most 16 KiB of plain text") {
  check_accepted<PInitRes>(Change<wire::PInitResData>{
      "16 KiB",
      [](auto& m) { m.set_order_description(std::string(kMaxOrderDescriptionBytes, 'x')); }});
  check_refused<PInitRes>(Change<wire::PInitResData>{
      "one more",
      [](auto& m) { m.set_order_description(std::string(kMaxOrderDescriptionBytes + 1, 'x')); }});
}

TEST_CASE("a PIHead or PIOILink with a part of the wrong length is refused") {
  check_refused<PIHead>(GENERATE(values<Change<wire::PIHead>>({
      {"merchant of 31", [](auto& m) { m.set_merchant_id(std::string(31, 'm')); }},
      {"TransStain of 47", [](auto& m) { m.set_trans_stain(std::string(47, 'x')); }},
      {"TransStain of 49", [](auto& m) { m.set_trans_stain(std::string(49, 'x')); }},
      {"SWIdent of 65", [](auto& m) { m.set_sw_ident(std::string(65, 'x')); }},
      {"amount zero", [](auto& m) { m.mutable_purch_amt()->set_amount(0); }},
  })));
  check_refused<PIOILink>(GENERATE(values<Change<wire::PIOILink>>({
      {"no head", [](auto& m) { m.clear_pi_head(); }},
      {"head too long", [](auto& m) { m.set_pi_head(std::string(4097, 'x')); }},
      {"SHA-256", [](auto& m) { m.set_hoi_data(std::string(32, 'x')); }},
  })));
  CHECK(to_wire(test::samples<PIHead>()[0]).sw_ident() == kSwIdent);
}

TEST_CASE("a PRes has digests, gateway and amount iff the order was received") {
  const std::uint32_t not_received = 1 + 3;  // orderNotReceived, plus one
  check_refused<PRes>(GENERATE_COPY(values<Change<wire::PResData>>({
      {"received, no amount", [](auto& m) { m.clear_purch_amt(); }},
      {"received, no HOIData", [](auto& m) { m.clear_hoi_data(); }},
      {"received, no HPIData", [](auto& m) { m.clear_hpi_data(); }},
      {"received, no gateway", [](auto& m) { m.clear_gateway(); }},
      {"not received, all there", [=](auto& m) { m.set_completion_code(not_received); }},
      {"not received, digest", [](auto& m) { m.set_hoi_data(std::string(48, 'x')); }, 1},
      {"not received, HPIData", [](auto& m) { m.set_hpi_data(std::string(48, 'x')); }, 1},
      {"not received, gateway", [](auto& m) { m.set_gateway(std::string(32, 'x')); }, 1},
      {"not received, amount", [](auto& m) { set_eur(*m.mutable_purch_amt(), 1); }, 1},
      {"code zero", [](auto& m) { m.set_completion_code(0); }},
      {"code after the last", [](auto& m) { m.set_completion_code(9); }},
      {"65 payloads",
       [](auto& m) {
         while (m.payloads_size() < 65) *m.add_payloads() = m.payloads(0);
       }},
  })));
}

TEST_CASE("an authorisation in a PRes has amount and approval code iff it was approved") {
  check_refused<PRes>(GENERATE(values<Change<wire::PResData>>({
      {"approved, no amount",
       [](auto& m) { m.mutable_payloads(0)->mutable_auth_status()->clear_auth_amt(); }},
      {"approved, no code",
       [](auto& m) { m.mutable_payloads(0)->mutable_auth_status()->clear_approval_code(); }},
      {"approval code of five",
       [](auto& m) { m.mutable_payloads(0)->mutable_auth_status()->set_approval_code("12345"); }},
      {"approval code of seven",
       [](auto& m) { m.mutable_payloads(0)->mutable_auth_status()->set_approval_code("1234567"); }},
      {"approval code not ASCII",
       [](auto& m) { m.mutable_payloads(0)->mutable_auth_status()->set_approval_code("1234é"); }},
      {"declined with an amount",
       [](auto& m) {
         set_eur(*m.mutable_payloads(1)->mutable_auth_status()->mutable_auth_amt(), 1);
       }},
      {"declined with a code",
       [](auto& m) { m.mutable_payloads(1)->mutable_auth_status()->set_approval_code("123456"); }},
      {"AuthCode zero",
       [](auto& m) { m.mutable_payloads(1)->mutable_auth_status()->set_auth_code(0); }},
      {"AuthCode after the last",
       [](auto& m) { m.mutable_payloads(1)->mutable_auth_status()->set_auth_code(18); }},
      {"no status", [](auto& m) { m.mutable_payloads(1)->clear_auth_status(); }},
      {"CapCode after the last",
       [](auto& m) { m.mutable_payloads(0)->mutable_cap_status()->set_cap_code(14); }},
      {"empty CapStatus", [](auto& m) { m.mutable_payloads(1)->mutable_cap_status(); }},
      {"captured, no amount",
       [](auto& m) { m.mutable_payloads(0)->mutable_cap_status()->clear_cap_amt(); }},
      {"capture failed, amount",
       [](auto& m) { m.mutable_payloads(0)->mutable_cap_status()->set_cap_code(2); }},
      {"credited, no amount",
       [](auto& m) { m.mutable_payloads(0)->mutable_cred_status_seq(0)->clear_credit_amt(); }},
      {"CreditCode after the last",
       [](auto& m) { m.mutable_payloads(0)->mutable_cred_status_seq(0)->set_credit_code(11); }},
  })));
}

TEST_CASE("an AuthReq of the wrong form is refused") {
  check_refused<AuthReq>(GENERATE(values<Change<wire::AuthReqData>>({
      {"half the digests", [](auto& m) { m.mutable_check_digests()->clear_hod2(); }},
      {"a SaleDetail without a sale", [](auto& m) { m.set_capture_now(false); }},
      {"an empty SaleDetail", [](auto& m) { m.mutable_sale_detail()->Clear(); }},
      {"SpecialProcessing after the last",
       [](auto& m) { m.mutable_payload()->set_special_processing(3); }},
      {"CardSuspect after the last", [](auto& m) { m.mutable_payload()->set_card_suspect(2); }},
      {"MerchGroup after the last", [](auto& m) { m.mutable_payload()->set_merch_group(9); }},
      {"AVSData without a country",
       [](auto& m) { m.mutable_payload()->mutable_avs_data()->clear_country(); }},
      {"AVSData of country CH",
       [](auto& m) { m.mutable_payload()->mutable_avs_data()->set_country("CH"); }},
      {"postal code of 15",
       [](auto& m) {
         m.mutable_payload()->mutable_avs_data()->set_postal_code(std::string(15, '1'));
       }},
      {"no market", [](auto& m) { m.mutable_payload()->mutable_market_spec_auth_data()->Clear(); }},
      {"a stay of no days",
       [](auto& m) {
         m.mutable_payload()->mutable_market_spec_auth_data()->mutable_hotel()->set_duration(0);
       }},
      {"a rental of 100 days",
       [](auto& m) {
         m.mutable_payload()->mutable_market_spec_auth_data()->mutable_auto_auth()->set_duration(
             100);
       }},
      {"prestige of 200",
       [](auto& m) {
         m.mutable_payload()->mutable_market_spec_auth_data()->mutable_hotel()->set_prestige(200);
       }},
      {"PayRecurInd after the last",
       [](auto& m) { m.mutable_sale_detail()->set_pay_recur_ind(6); }},
      {"AuthCharInd after the last",
       [](auto& m) { m.mutable_sale_detail()->set_auth_char_ind(6); }},
      {"order number of 26",
       [](auto& m) { m.mutable_sale_detail()->set_mer_order_num(std::string(26, '1')); }},
      {"no payload", [](auto& m) { m.clear_payload(); }},
      {"category of three", [](auto& m) { m.mutable_payload()->set_merch_cat_code("594"); }},
      {"category with a letter", [](auto& m) { m.mutable_payload()->set_merch_cat_code("594a"); }},
      {"AuthRetNum of 33", [](auto& m) { m.set_auth_ret_num(std::string(33, '1')); }},
      {"yen with cents",
       [](auto& m) { m.mutable_payload()->mutable_auth_req_amt()->set_currency(392); }},
  })));
}

TEST_CASE("an AuthRes has amount and approval code iff it is approved") {
  check_refused<AuthRes>(GENERATE(values<Change<wire::AuthResData>>({
      {"approved, no amount", [](auto& m) { m.mutable_payload()->clear_auth_amt(); }},
      {"approved, no code", [](auto& m) { m.mutable_payload()->clear_approval_code(); }},
      {"approved, PI unread", [](auto& m) { m.clear_purch_amt(); }},
      {"declined, approved things", [](auto& m) { m.mutable_payload()->set_auth_code(3); }},
      {"declined, captured",
       [](auto& m) { m.mutable_payload()->mutable_cap_res()->set_cap_code(1); }, 1},
      {"AuthCode zero", [](auto& m) { m.mutable_payload()->set_auth_code(0); }, 1},
      {"AuthCode after the last", [](auto& m) { m.mutable_payload()->set_auth_code(18); }, 1},
      {"RespReason after the last", [](auto& m) { m.mutable_payload()->set_resp_reason(7); }},
      {"CardType after the last", [](auto& m) { m.mutable_payload()->set_card_type(17); }},
      {"CapCode zero", [](auto& m) { m.mutable_payload()->mutable_cap_res()->set_cap_code(0); }},
      {"BatchID of 33",
       [](auto& m) { m.mutable_payload()->mutable_cap_res()->set_batch_id(std::string(33, 'b')); }},
      {"LogRefID of 33",
       [](auto& m) { m.mutable_payload()->set_log_ref_id(std::string(33, 'b')); }},
      {"no payload", [](auto& m) { m.clear_payload(); }},
  })));
  check_refused<AuthRes>(GENERATE(values<Change<wire::AuthResData>>({
      {"AVSResult after the last", [](auto& m) { m.mutable_payload()->set_avs_result(6); }},
      {"captured with a failure's code",
       [](auto& m) { m.mutable_payload()->mutable_cap_res()->set_cap_code(2); }},
      {"captured, no amount",
       [](auto& m) { m.mutable_payload()->mutable_cap_res()->clear_cap_amt(); }},
      {"declined, converted",
       [](auto& m) {
         *m.mutable_payload()->mutable_curr_conv() = to_wire(test::samples<CurrConv>()[0]);
       },
       1},
      {"empty AuthValCodes",
       [](auto& m) { m.mutable_payload()->mutable_auth_val_codes()->Clear(); }},
      {"validation code of three",
       [](auto& m) { m.mutable_payload()->mutable_auth_val_codes()->set_validation_code("123"); }},
      {"market data id of two",
       [](auto& m) {
         m.mutable_payload()->mutable_auth_val_codes()->set_market_spec_data_id("12");
       }},
  })));
}

TEST_CASE("PCert asks 1 to 32 times, and only a success names a certificate") {
  check_refused<PCertReq>(GENERATE(values<Change<wire::PCertReqData>>({
      {"none", [](auto& m) { m.clear_brands_and_bins(); }},
      {"33",
       [](auto& m) {
         while (m.brands_and_bins_size() < 33) *m.add_brands_and_bins() = m.brands_and_bins(0);
       }},
      {"BIN of five", [](auto& m) { m.mutable_brands_and_bins(0)->set_bin("41111"); }},
  })));
  check_refused<PCertRes>(GENERATE(values<Change<wire::PCertResData>>({
      {"none", [](auto& m) { m.clear_items(); }},
      {"33",
       [](auto& m) {
         while (m.items_size() < 33) *m.add_items() = m.items(0);
       }},
      {"success, none named", [](auto& m) { m.mutable_items(0)->clear_cert_thumb(); }},
      {"failure, one named", [](auto& m) { m.mutable_items(0)->set_pcert_code(2); }},
      {"code zero", [](auto& m) { m.mutable_items(1)->set_pcert_code(0); }},
      {"code after the last", [](auto& m) { m.mutable_items(1)->set_pcert_code(5); }},
  })));
  check_accepted<PCertReq>(Change<wire::PCertReqData>{"32", [](auto& m) {
                                                        while (m.brands_and_bins_size() < 32)
                                                          *m.add_brands_and_bins() =
                                                              m.brands_and_bins(0);
                                                      }});
}

TEST_CASE("the first malformed field names the error, without its content") {
  auto message = to_wire(test::samples<PInitReq>()[0]);
  message.set_bin("top-secret");
  message.set_brand_id("also/secret");
  const auto result = from_wire(message);
  REQUIRE_FALSE(result);
  CHECK(result.error().detail == "the brand is no BrandID");
}

}  // namespace
}  // namespace set
