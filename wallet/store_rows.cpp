#include "wallet/store_rows.h"

#include <algorithm>

#include "common/message/wire.h"
#include "wallet/payments.h"

namespace set::wallet {
namespace {

enum Column : std::size_t {
  kLidC, kState, kCard, kTransIDs, kChallC, kChallM, kOrderDescription, kCurrency, kAmountMinor,
  kOfferEnds, kBrand, kAddress, kMerchant, kMerchantKeyExchange, kGateway, kCertificates,
  kOfferEvidence, kRRPID, kHOIData, kHPIData, kOIData, kOrderEvidence, kOrderedAt, kSends,
  kCompletionCode, kAuthCode, kAuthDate, kAuthMinor, kApprovalCode, kAnswerChallenge,
  kByInquiry, kAnswerEvidence, kAnsweredAt, kErrorCode
};

Result<Amount> amount_of(const Row& row, std::size_t minor) {
  const auto currency = TRY(Currency::from_number(static_cast<unsigned>(row.integer(kCurrency))));
  return Amount::make(currency, row.integer(minor));
}

Result<Certificate> named(const std::vector<Certificate>& certificates, const Row& row,
                          std::size_t column) {
  const auto thumbprint = row.octets<Thumbprint>(column);
  const auto found = std::ranges::find(certificates, thumbprint, &Certificate::thumbprint);
  CHECK_OR_FAIL(found != certificates.end(), ErrorCode::bad_config,
                "a stored purchase lacks a certificate");
  return *found;
}

Result<Offer> offer_of_row(const Row& row) {
  auto trans_ids = TRY(from_wire(TRY(parse_as<wire::TransIDs>(row.blob(kTransIDs)))));
  const auto amount = TRY(amount_of(row, kAmountMinor));
  const auto certificates = TRY(certificates_of_blob(row.blob(kCertificates)));
  auto signature = TRY(named(certificates, row, kMerchant));
  auto key_exchange = TRY(named(certificates, row, kMerchantKeyExchange));
  auto gateway = TRY(named(certificates, row, kGateway));
  std::vector<Certificate> issuers;
  for (const auto& certificate : certificates) {
    if (certificate.key_use() == KeyUse::certificate_signing) issuers.push_back(certificate);
  }
  auto install_recur = TRY(mandate_of_evidence(row.blob(kOfferEvidence)));
  return Offer{.trans_ids = std::move(trans_ids),
               .chall_c = row.octets<Challenge>(kChallC),
               .chall_m = row.octets<Challenge>(kChallM),
               .order_description = row.text(kOrderDescription),
               .purch_amt = amount,
               .install_recur = std::move(install_recur),
               .offer_ends = row.instant(kOfferEnds),
               .brand = row.text(kBrand),
               .address = row.text(kAddress),
               .merchant = Merchant{std::move(signature), std::move(key_exchange), issuers},
               .gateway = std::move(gateway),
               .gateway_issuers = issuers,
               .evidence = row.blob(kOfferEvidence),
               .card = row.integer(kCard)};
}

Order order_of_row(Offer offer, const Row& row) {
  return Order{.offer = std::move(offer),
               .rrpid = row.octets<RRPID>(kRRPID),
               .hoi_data = row.octets<Digest>(kHOIData),
               .hpi_data = row.octets<Digest>(kHPIData),
               .oi_data = row.blob(kOIData),
               .evidence = row.blob(kOrderEvidence),
               .ordered_at = row.instant(kOrderedAt),
               .sends = static_cast<int>(row.integer(kSends))};
}

Result<Outcome> outcome_of_row(const Row& row) {
  Outcome outcome{.completion_code = static_cast<CompletionCode>(row.integer(kCompletionCode)),
                  .auth_status = std::nullopt,
                  .challenge = row.octets<Challenge>(kAnswerChallenge),
                  .by_inquiry = row.integer(kByInquiry) != 0,
                  .evidence = row.blob(kAnswerEvidence),
                  .answered_at = row.instant(kAnsweredAt)};
  if (!row.is_null(kAuthCode)) {
    AuthStatus status{.auth_date = row.instant(kAuthDate),
                      .auth_code = static_cast<AuthCode>(row.integer(kAuthCode)),
                      .auth_amt = std::nullopt,
                      .approval_code = row.text(kApprovalCode)};
    if (!row.is_null(kAuthMinor)) status.auth_amt = TRY(amount_of(row, kAuthMinor));
    outcome.auth_status = std::move(status);
    outcome.payloads = TRY(payloads_of_evidence(outcome.evidence));
  }
  return outcome;
}

}  // namespace

Result<PurchaseState> state_of(const Row& row) {
  auto offer = TRY(offer_of_row(row));
  const auto& state = row.text(kState);
  if (state == "offered") return Offered{std::move(offer)};
  auto order = order_of_row(std::move(offer), row);
  if (state == "awaiting_pres") return AwaitingPRes{std::move(order)};
  if (state == "ordered") return Ordered{std::move(order)};
  if (state == "completed") {
    auto outcome = TRY(outcome_of_row(row));
    return Completed{std::move(order), std::move(outcome)};
  }
  return Rejected{std::move(order), static_cast<ErrorCode>(row.integer(kErrorCode))};
}

Bytes certificates_blob(std::span<const Certificate> certificates) {
  wire::CertificateBag bag;
  for (const auto& certificate : certificates) {
    const auto der = string_of(certificate.der());
    const bool there = std::ranges::find(bag.certificates(), der) != bag.certificates().end();
    if (!there) bag.add_certificates(der);
  }
  return serialize(bag);
}

Result<std::vector<Certificate>> certificates_of_blob(ByteView blob) {
  const auto bag = TRY(parse_as<wire::CertificateBag>(blob));
  std::vector<Certificate> out;
  for (const auto& der : bag.certificates()) out.push_back(TRY(Certificate::parse(view_of(der))));
  return out;
}

}  // namespace set::wallet
