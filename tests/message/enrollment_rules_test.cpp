// Rules between the fields of the messages of registration, and their bounds.
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/message/field_rules.h"

namespace set {
namespace {

using test::Change;
using test::check_refused;

TEST_CASE("a RegFormRes is a form with a commitment or a referral without") {
  check_refused<RegFormRes>(GENERATE(values<Change<wire::RegFormResTBS>>({
      {"form, no commitment", [](auto& m) { m.clear_nonce_cca_commitment(); }},
      {"referral, commitment", [](auto& m) { m.set_nonce_cca_commitment(std::string(48, 'x')); },
       1},
      {"neither",
       [](auto& m) {
         m.clear_reg_form();
         m.clear_nonce_cca_commitment();
       }},
      {"33 fields",
       [](auto& m) {
         auto& form = *m.mutable_reg_form();
         while (form.fields_size() < 33) *form.add_fields() = form.fields(0);
       }},
      {"field without a name",
       [](auto& m) { m.mutable_reg_form()->mutable_fields(0)->clear_field_name(); }},
      {"field of another arc",
       [](auto& m) { m.mutable_reg_form()->mutable_fields(0)->set_field_id("2.23.42.7.1"); }},
      {"field id no OID",
       [](auto& m) { m.mutable_reg_form()->mutable_fields(0)->set_field_id("2.23.42.2.x"); }},
      {"field of 1025",
       [](auto& m) { m.mutable_reg_form()->mutable_fields(0)->set_field_len(1025); }},
      {"field of no type",
       [](auto& m) {
         m.mutable_reg_form()->mutable_fields(0)->set_field_type(static_cast<wire::RegFieldType>(6));
       }},
      {"choices of a text", [](auto& m) { m.mutable_reg_form()->mutable_fields(0)->add_choices("a"); }},
      {"a choice without choices",
       [](auto& m) {
         m.mutable_reg_form()->mutable_fields(0)->set_field_type(wire::REG_FIELD_TYPE_CHOICE);
       }},
      {"an empty choice",
       [](auto& m) { m.mutable_reg_form()->mutable_fields(2)->add_choices(""); }},
      {"policy too long",
       [](auto& m) { m.mutable_reg_form()->set_policy_text(std::string(16 * 1024 + 1, 'x')); }},
      {"nine URLs",
       [](auto& m) {
         while (m.referral().referral_urls_size() < 9)
           m.mutable_referral()->add_referral_urls("https://a");
       },
       1},
      {"empty URL", [](auto& m) { m.mutable_referral()->add_referral_urls(""); }, 1},
      {"URL with a space", [](auto& m) { m.mutable_referral()->add_referral_urls("https://a b"); },
       1},
  })));
}

TEST_CASE("a Me-AqCInitReq names a merchant or an acquirer, not both and not none") {
  check_refused<MeAqCInitReq>(GENERATE(values<Change<wire::MeAqCInitReqData>>({
      {"both", [](auto& m) { m.mutable_id_data()->set_acquirer_bin("411111"); }},
      {"both, the other way", [](auto& m) { m.mutable_id_data()->set_merchant_id("m"); }, 1},
      {"none", [](auto& m) { m.clear_id_data(); }},
      {"no BIN", [](auto& m) { m.mutable_id_data()->clear_merchant_bin(); }},
      {"no id", [](auto& m) { m.mutable_id_data()->clear_merchant_id(); }},
      {"id of 31",
       [](auto& m) { m.mutable_id_data()->set_acquirer_business_id(std::string(31, 'g')); }, 1},
      {"no key", [](auto& m) { m.clear_encryption_key(); }},
      {"type unspecified", [](auto& m) { m.clear_request_type(); }},
      {"type unknown", [](auto& m) { m.set_request_type(static_cast<wire::RequestType>(7)); }},
  })));
}

TEST_CASE("a Me-AqCInitRes with a form challenges the key-exchange key") {
  check_refused<MeAqCInitRes>(GENERATE(values<Change<wire::MeAqCInitResTBS>>({
      {"no challenge",
       [](auto& m) {
         m.clear_kem_challenge();
         m.clear_kem_challenge_encapsulated();
       }},
      {"half of it", [](auto& m) { m.clear_kem_challenge(); }},
      {"challenge of 47", [](auto& m) { m.set_kem_challenge(std::string(47, 'x')); }},
      {"ciphertext of 1119",
       [](auto& m) { m.set_kem_challenge_encapsulated(std::string(1119, 'x')); }},
      {"referral and half of it", [](auto& m) { m.set_kem_challenge(std::string(48, 'x')); }, 1},
      {"field without a name", [](auto& m) { m.mutable_acct_data_field()->clear_field_name(); }},
  })));
}

TEST_CASE("a CertReq has the keys and identity that fit its request type") {
  const auto key = std::string(91, '0');
  check_refused<CertReq>(GENERATE_COPY(values<Change<wire::CertReqData>>({
      {"no signature key", [](auto& m) { m.clear_signature_key(); }},
      {"merchant, no identity", [](auto& m) { m.clear_id_data(); }},
      {"merchant, no encryption key", [](auto& m) { m.clear_encryption_key(); }},
      {"merchant, no answer", [](auto& m) { m.clear_kem_challenge_answer(); }},
      {"merchant, answer of 31", [](auto& m) { m.set_kem_challenge_answer(std::string(31, 'x')); }},
      {"merchant, no TLS key", [](auto& m) { m.clear_tls_key(); }},
      {"merchant asks for a cardholder's",
       [](auto& m) { m.set_request_type(wire::REQUEST_TYPE_CARD_RENEWAL_SIG); }},
      {"first registration, EEThumb", [](auto& m) { m.set_ee_thumb(std::string(32, 'x')); }},
      {"renewal, no EEThumb", [](auto& m) { m.clear_ee_thumb(); }, 3},
      {"renewal, hosts", [](auto& m) { m.add_tls_hosts("shop.example"); }, 3},
      {"renewal, no signature key", [](auto& m) { m.clear_signature_key(); }, 3},
      {"cardholder's renewal, no EEThumb", [](auto& m) { m.clear_ee_thumb(); }, 4},
      {"TLS renewal, signature key", [=](auto& m) { m.set_signature_key(key); }, 5},
      {"TLS renewal, no TLS key", [](auto& m) { m.clear_tls_key(); }, 5},
      {"TLS renewal, EEThumb of 31", [](auto& m) { m.set_ee_thumb(std::string(31, 'x')); }, 5},
      {"cardholder asks for a merchant's",
       [](auto& m) { m.set_request_type(wire::REQUEST_TYPE_MER_INITIAL_BOTH); }, 2},
      {"cardholder, identity",
       [](auto& m) {
         m.mutable_id_data()->set_merchant_bin("411111");
         m.mutable_id_data()->set_merchant_id("m");
       }, 2},
      {"cardholder, encryption key", [=](auto& m) { m.set_encryption_key(key); }, 2},
      {"cardholder, answer", [](auto& m) { m.set_kem_challenge_answer(std::string(32, 'x')); }, 2},
      {"cardholder, TLS key", [=](auto& m) { m.set_tls_key(key); }, 2},
      {"cardholder, TLS host", [](auto& m) { m.add_tls_hosts("a.example"); }, 2},
      {"host with a wildcard", [](auto& m) { m.add_tls_hosts("*.example"); }},
      {"host with a slash", [](auto& m) { m.add_tls_hosts("a/b"); }},
      {"empty host", [](auto& m) { m.add_tls_hosts(""); }},
      {"17 hosts", [](auto& m) { while (m.tls_hosts_size() < 17) m.add_tls_hosts("a.example"); }},
      {"33 answers",
       [](auto& m) { while (m.reg_form_size() < 33) *m.add_reg_form() = m.reg_form(0); }},
      {"answer to nothing", [](auto& m) { m.mutable_reg_form(0)->clear_field_name(); }},
      {"answer of 1025",
       [](auto& m) { m.mutable_reg_form(0)->set_field_value(std::string(1025, 'x')); }},
      {"signature key too long", [](auto& m) { m.set_signature_key(std::string(4097, 'x')); }},
  })));
}

TEST_CASE("a CertRes of the wrong form is refused") {
  check_refused<CertRes>(GENERATE(values<Change<wire::CertResData>>({
      {"status zero", [](auto& m) { m.set_cert_status_code(0); }},
      {"status after the last", [](auto& m) { m.set_cert_status_code(13); }},
      {"item zero", [](auto& m) { m.mutable_failed_items(0)->set_item_number(0); }, 1},
      {"item 65", [](auto& m) { m.mutable_failed_items(0)->set_item_number(65); }, 1},
      {"17 certificates",
       [](auto& m) {
         while (m.cert_thumbs_size() < 17) m.add_cert_thumbs(std::string(32, 'x'));
       }},
      {"empty TLS certificate", [](auto& m) { m.add_tls_certificates(""); }},
      {"again in the past", [](auto& m) { m.set_retry_after_ms(-1); }, 2},
      {"again in two years", [](auto& m) { m.set_retry_after_ms(63'072'000'000); }, 2},
      {"nonce of 31", [](auto& m) { m.set_nonce_cca(std::string(31, 'x')); }},
  })));
}

}  // namespace
}  // namespace set
