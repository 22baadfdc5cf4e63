#include "tests/message/samples.h"

#include <google/protobuf/stubs/logging.h>

namespace set::test {
namespace {

// protobuf would say on standard error that a text is no UTF-8, once for each of our refusals.
[[maybe_unused]] const auto kProtobufLog = google::protobuf::SetLogHandler(nullptr);

const Instant kNow = instant("2026-11-22T10:00:00.123Z");
const Instant kLater = instant("2026-11-23T10:00:00Z");

Thumbs thumbs() {
  return {{id_of<Thumbprint>(0x71), id_of<Thumbprint>(0x72)},
          {id_of<Thumbprint>(0x73)},
          {id_of<Thumbprint>(0x74)}};
}

TransIDs trans_ids() {
  return {LIDC{"wallet-7"}, LIDM{"order-42"}, id_of<XID>(0x11), kNow, "network-1", "de-CH"};
}

RegFormData form() {
  return {7,
          {{"2.23.42.2.0", "Name", "as on the card", 64, true, false},
           {"", "Pass phrase", "", 32, false, true},
           {"", "Language", "", 8, true, false, RegFieldType::choice, {"en", "de"}}},
          "The rules of this brand.\nThey fit on a page."};
}

ReferralData referral() {
  return {"Not here.", {"https://issuer.example/set", "https://b.example"}};
}

IDData merchant_id() { return MerchantIDData{"411111", "merchant-1"}; }
IDData gateway_id() { return AcquirerIDData{"411111", "gateway-1"}; }

std::vector<RegFormAnswer> answers() {
  return {{"Name", "2.23.42.2.0", "Zoë Example"}, {"Pass phrase", "", "open"}};
}

CertReq cert_req(RequestType type) {
  const bool cardholder =
      type == RequestType::card_initial_sig || type == RequestType::card_renewal_sig;
  CertReq out{.lid_ee = {"registration"},
              .chall_ee3 = id_of<Challenge>(0x23),
              .lid_ca = {"session"},
              .chall_ca = id_of<Challenge>(0x24),
              .request_type = type,
              .request_date = kNow,
              .id_data = std::nullopt,
              .reg_form_id = 7,
              .answers = answers(),
              .signature_key = Bytes(1974, 0x30),
              .encryption_key = {},
              .kem_challenge_answer = {},
              .tls_key = {},
              .tls_hosts = {},
              .thumbs = thumbs()};
  if (is_renewal(type)) out.ee_thumb = id_of<Thumbprint>(0x26);
  if (cardholder) return out;
  if (is_tls_renewal(type)) out.signature_key.clear();
  const bool gateway =
      type == RequestType::pgwy_initial_both || type == RequestType::pgwy_renewal_both;
  out.id_data = gateway ? gateway_id() : merchant_id();
  out.encryption_key = Bytes(1238, 0x30);
  out.kem_challenge_answer = Bytes(32, 0x25);
  out.tls_key = Bytes(91, 0x30);
  if (!is_renewal(type)) out.tls_hosts = {"shop.example", "192.0.2.1", "2001:db8::1"};
  return out;
}

}  // namespace

template <>
std::vector<TransIDs> samples() {
  auto fewest = trans_ids();
  fewest.lid_m.reset();
  fewest.pay_sys_id.clear();
  fewest.language = "en";
  return {trans_ids(), fewest};
}

template <>
std::vector<Thumbs> samples() {
  return {thumbs(), Thumbs{}};
}

template <>
std::vector<PInitReq> samples() {
  PInitReq full{"en",
                {"wallet-7"},
                {"order-42"},
                id_of<Challenge>(0x21),
                "Example:gold",
                "411111",
                id_of<OrderSecret>(0x31),
                thumbs()};
  auto fewest = full;
  fewest.thumbs = {};
  return {full, fewest};
}

template <>
std::vector<PInitRes> samples() {
  PInitRes instalments{id_of<Challenge>(0x21),
                       id_of<Challenge>(0x22),
                       id_of<Thumbprint>(0x73),
                       "1 × tea\t3.00\n2 × café ☕\t6.00 \U0001F600",
                       amount("9.00 EUR"),
                       kLater,
                       "Example",
                       samples<InstallRecurData>()[0]};
  auto recurring = instalments;
  recurring.install_recur = samples<InstallRecurData>()[1];
  return {instalments, recurring};
}

template <>
std::vector<OIData> samples() {
  return {{trans_ids(), id_of<RRPID>(0x12), id_of<Challenge>(0x21), id_of<Digest>(0x41),
           id_of<ODSalt>(0x32), id_of<Challenge>(0x22), "Example", "411111"}};
}

template <>
std::vector<PIHead> samples() {
  PIHead euro{trans_ids(),  id_of<Digest>(0x41), amount("9.00 EUR"),
              "merchant-1", Bytes(48, 0x42),     samples<InstallRecurData>()[1]};
  auto instalments = euro;
  instalments.install_recur = samples<InstallRecurData>()[0];
  return {euro,
          {trans_ids(), id_of<Digest>(0x41), amount("500 JPY"), "merchant-1", Bytes(48, 0x42)},
          instalments};
}

template <>
std::vector<PIOILink> samples() {
  return {{Bytes(200, 0x43), id_of<Digest>(0x44), id_of<Digest>(0x45)}};
}

template <>
std::vector<PReq> samples() {
  PReq euro{id_of<Digest>(0x46),
            id_of<Digest>(0x44),
            id_of<Thumbprint>(0x73),
            id_of<Thumbprint>(0x74),
            "Example",
            amount("9.00 EUR"),
            kLater,
            samples<InstallRecurData>()[1]};
  auto instalments = euro;
  instalments.install_recur = samples<InstallRecurData>()[0];
  auto dinar = euro;
  dinar.purch_amt = amount("1.234 KWD");
  dinar.install_recur.reset();
  return {dinar, euro, instalments};
}

template <>
std::vector<PRes> samples() {
  const PResPayload captured{
      id_of<RRPID>(0x13),
      {kNow, AuthCode::approved, amount("9.00 EUR"), "A1 B2C", samples<CurrConv>()[0]},
      CapStatus{kNow, CapCode::success, amount("9.00 EUR")},
      Bytes(80, 0x51),
      {{kLater, CapRevOrCredCode::success, amount("2.00 EUR")}}};
  const PResPayload declined{
      id_of<RRPID>(0x14), {kNow, AuthCode::call_issuer, std::nullopt, ""}, std::nullopt, {}};
  const PRes full{id_of<Challenge>(0x21), CompletionCode::capture_performed, id_of<Digest>(0x44),
                  id_of<Digest>(0x46),    id_of<Thumbprint>(0x73),           amount("9.00 EUR"),
                  {captured, declined}};
  const PRes not_received{id_of<Challenge>(0x21),
                          CompletionCode::order_not_received,
                          std::nullopt,
                          std::nullopt,
                          std::nullopt,
                          std::nullopt,
                          {}};
  return {full, not_received};
}

template <>
std::vector<InqReq> samples() {
  return {{id_of<Challenge>(0x26), thumbs()}, {id_of<Challenge>(0x26), {}}};
}

template <>
std::vector<PCertReq> samples() {
  return {{{{"Example", "411111"}, {"Other:blue", ""}}, thumbs()}, {{{"Example", ""}}, {}}};
}

template <>
std::vector<PCertRes> samples() {
  return {
      {{{PCertCode::success, id_of<Thumbprint>(0x73)}, {PCertCode::unknown_bin, std::nullopt}}}};
}

template <>
std::vector<CardCInitReq> samples() {
  return {{{"registration"}, id_of<Challenge>(0x21), "Example", thumbs()}};
}

template <>
std::vector<CardCInitRes> samples() {
  return {{{"registration"}, id_of<Challenge>(0x21), {"session"}, id_of<Thumbprint>(0x75)}};
}

template <>
std::vector<RegFormReq> samples() {
  return {{{"registration"},
           id_of<Challenge>(0x22),
           {"session"},
           RequestType::card_initial_sig,
           "en",
           thumbs()}};
}

template <>
std::vector<RegFormRes> samples() {
  return {{{"registration"},
           id_of<Challenge>(0x22),
           {"session"},
           id_of<Challenge>(0x24),
           RequestType::card_renewal_sig,
           form(),
           id_of<Digest>(0x47)},
          {{"registration"},
           id_of<Challenge>(0x22),
           {"session"},
           id_of<Challenge>(0x24),
           RequestType::card_initial_sig,
           referral(),
           std::nullopt}};
}

template <>
std::vector<MeAqCInitReq> samples() {
  return {{{"registration"},
           id_of<Challenge>(0x21),
           RequestType::mer_initial_both,
           merchant_id(),
           "Example",
           "en",
           Bytes(1238, 0x30),
           thumbs()},
          {{"registration"},
           id_of<Challenge>(0x21),
           RequestType::pgwy_renewal_both,
           gateway_id(),
           "Example",
           "en",
           Bytes(1238, 0x30),
           {}}};
}

template <>
std::vector<MeAqCInitRes> samples() {
  const RegField token{"", "Enrolment token", "from your acquirer", 128, true, true};
  return {{{"registration"},
           id_of<Challenge>(0x21),
           {"session"},
           id_of<Challenge>(0x24),
           RequestType::mer_initial_both,
           form(),
           token,
           id_of<Thumbprint>(0x75),
           Bytes(1120, 0x61),
           Bytes(48, 0x62)},
          {{"registration"},
           id_of<Challenge>(0x21),
           {"session"},
           id_of<Challenge>(0x24),
           RequestType::mer_initial_both,
           referral(),
           std::nullopt,
           id_of<Thumbprint>(0x75),
           {},
           {}}};
}

template <>
std::vector<CertReq> samples() {
  return {cert_req(RequestType::mer_initial_both), cert_req(RequestType::pgwy_initial_both),
          cert_req(RequestType::card_initial_sig), cert_req(RequestType::mer_renewal_both),
          cert_req(RequestType::card_renewal_sig), cert_req(RequestType::mer_renewal_tls)};
}

template <>
std::vector<CertRes> samples() {
  const CertRes complete{{"registration"},
                         id_of<Challenge>(0x23),
                         {"session"},
                         CertStatusCode::request_complete,
                         id_of<NonceCCA>(0x33),
                         "Welcome.",
                         {},
                         {id_of<Thumbprint>(0x76), id_of<Thumbprint>(0x77)},
                         {Bytes(600, 0x30), Bytes(700, 0x30)},
                         std::nullopt};
  auto malformed = complete;
  malformed.status = CertStatusCode::reg_form_answer_malformed;
  malformed.nonce_cca.reset();
  malformed.failed_items = {{1, "too short"}, {32, ""}};
  malformed.cert_thumbs.clear();
  malformed.tls_certificates.clear();
  auto pended = malformed;
  pended.status = CertStatusCode::request_pended;
  pended.failed_items.clear();
  pended.retry_after = std::chrono::minutes(5);
  return {complete, malformed, pended};
}

template <>
std::vector<CertInqReq> samples() {
  return {{{"registration"}, id_of<Challenge>(0x23), {"session"}}};
}

template <>
std::vector<BrandCRLIdentifier> samples() {
  return {{7,
           "OpenSET",
           kNow,
           kNow + std::chrono::hours(24),
           {{id_of<KeyId>(0x41), 3}, {id_of<KeyId>(0x42), 0xFFFF'FFFF}}},
          {1, "OpenSET", kNow, kNow + std::chrono::hours(1), {}}};
}

}  // namespace set::test
