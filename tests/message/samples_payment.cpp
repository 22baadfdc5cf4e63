// Well-formed messages between merchant and gateway.
#include "tests/message/samples.h"

namespace set::test {
namespace {

const Instant kToday = instant("2026-11-22T10:00:00.123Z");
const Instant kNextYear = instant("2027-11-22T10:00:00Z");

Thumbs held() { return samples<Thumbs>()[0]; }
TransIDs purchase() { return samples<TransIDs>()[0]; }
TransIDs other_trans_ids() {
  auto out = samples<TransIDs>()[1];
  out.xid = id_of<XID>(0x15);
  return out;
}
Currency currency(std::string_view code) { return Currency::from_code(code).value(); }

TransDetails trans_details() {
  return {9,
          {{purchase(), id_of<RRPID>(0x13), "Example", 3, amount("8.00 EUR"), AmountType::debit,
            TransactionStatus::unspecified_failure},
           {purchase(), id_of<RRPID>(0x13), "Example", 4, amount("2.00 EUR"), AmountType::credit,
            std::nullopt}}};
}

}  // namespace

template <>
std::vector<CurrConv> samples() {
  return {{1'084'303, 6, currency("CHF")}, {160, 0, currency("JPY")}};
}

template <>
std::vector<InstallRecurData> samples() {
  return {{InstallTotalTrans{3}, amount("3.00 EUR")},
          {Recurring{28, kNextYear}, amount("9.00 EUR")}};
}

template <>
std::vector<SaleDetail> samples() {
  return {{"batch-1", 3, PayRecurInd::recurring_transaction, "order-42",
           AuthCharInd::recurring_payment, "tea × 2", "customer-7", "+41 44 000 00 00", true},
          {.batch_id = {},
           .batch_sequence_num = 0,
           .pay_recur_ind = PayRecurInd::unknown,
           .mer_order_num = {},
           .auth_char_ind = {},
           .order_summary = {},
           .customer_reference_number = {},
           .customer_service_phone = {},
           .ok_to_print_phone_ind = false}};
}

template <>
std::vector<CapResPayload> samples() {
  return {{CapCode::success, amount("8.00 EUR"), "batch-1", 3},
          {CapCode::amount_error, std::nullopt, "", 0}};
}

template <>
std::vector<BatchStatus> samples() {
  const BatchTotals yen{currency("JPY"), 0, std::nullopt, 1, amount("500 JPY")};
  const BatchTotals euro{currency("EUR"), 2, amount("3.00 EUR"), 40, amount("812.50 EUR")};
  return {{"batch-1", kToday, ClosedWhen{ClosedBy::acquirer, kNextYear}, {yen, euro}},
          {"batch-2", kToday, std::nullopt, {}}};
}

template <>
std::vector<AuthReq> samples() {
  const CheckDigests digests{id_of<Digest>(0x44), id_of<Digest>(0x41), id_of<Digest>(0x46)};
  const AuthReq full{.check_digests = digests,
                     .auth_req_amt = amount("9.00 EUR"),
                     .subsequent_auth_ind = true,
                     .thumbs = held(),
                     .capture_now = true,
                     .auth_ret_num = "ret-1",
                     .install_recur = samples<InstallRecurData>()[1],
                     .sale_detail = samples<SaleDetail>()[0],
                     .details = {.merch_cat_code = "5942",
                                 .avs_data = AVSData{"Tea Lane 1", "756", "Zürich", "ZH", "8001"},
                                 .special_processing = SpecialProcessing::preferred_customer,
                                 .card_suspect = CardSuspect::unspecified_reason,
                                 .request_card_type = true,
                                 .market_data = MarketHotelAuth{3, 500},
                                 .merch_group = MerchGroup::lodging}};
  auto rental = full;
  rental.details.market_data = MarketAutoAuth{7};
  rental.install_recur = samples<InstallRecurData>()[0];
  auto journey = full;
  journey.details.market_data = MarketTransportAuth{};
  journey.check_digests.reset();
  const AuthReq fewest{.check_digests = digests,
                       .auth_req_amt = amount("9.00 EUR"),
                       .thumbs = {},
                       .auth_ret_num = ""};
  return {full, fewest, rental, journey};
}

template <>
std::vector<AuthRes> samples() {
  AuthRes approved{.hoi_data = id_of<Digest>(0x44),
                   .hpi_data = id_of<Digest>(0x46),
                   .merchant = id_of<Thumbprint>(0x74),
                   .purch_amt = amount("9.00 EUR"),
                   .auth_code = AuthCode::approved,
                   .auth_amt = amount("8.00 EUR"),
                   .auth_date = kToday,
                   .approval_code = "123456",
                   .resp_reason = RespReason::stand_in_floor_limit,
                   .log_ref_id = "log-1",
                   .cap_res = samples<CapResPayload>()[0],
                   .pe_thumb = id_of<Thumbprint>(0x73),
                   .auth_ret_num = "ret-1",
                   .curr_conv = samples<CurrConv>()[0],
                   .card_type = CardType::proprietary,
                   .avs_result = AVSResult::full_match,
                   .auth_val_codes = AuthValCodes{AuthCharInd::incremental_auth, "A1B2", "H"},
                   .batch_status = samples<BatchStatus>()[0]};
  auto unread = approved;
  unread.purch_amt.reset();
  unread.auth_code = AuthCode::pi_auth_mismatch;
  unread.auth_amt.reset();
  unread.approval_code.clear();
  unread.resp_reason.reset();
  unread.cap_res.reset();
  unread.curr_conv.reset();
  return {approved, unread};
}

template <>
std::vector<AuthResBaggage> samples() {
  return {{Bytes(60, 0x52), Bytes(80, 0x51), Bytes(60, 0x53)}, {}};
}

template <>
std::vector<AuthRevReq> samples() {
  return {{id_of<RRPID>(0x13), amount("4.00 EUR"), "ret-1", held()},
          {id_of<RRPID>(0x13), std::nullopt, "", {}}};
}

template <>
std::vector<AuthRevReqBaggage> samples() {
  return {{Bytes(60, 0x52)}, {}};
}

template <>
std::vector<AuthRevRes> samples() {
  return {{AuthRevCode::approved, id_of<RRPID>(0x13), amount("4.00 EUR"), kToday, "log-2",
           id_of<Thumbprint>(0x73), "ret-1"},
          {AuthRevCode::missing_cap_token, id_of<RRPID>(0x13), std::nullopt, kToday, "",
           id_of<Thumbprint>(0x73), ""}};
}

template <>
std::vector<AuthRevResBaggage> samples() {
  return {{Bytes(60, 0x54), Bytes(60, 0x55)}, {}};
}

template <>
std::vector<CapReq> samples() {
  return {{{{purchase(), id_of<RRPID>(0x13), kToday, amount("8.00 EUR"), samples<SaleDetail>()[0],
             true},
            {other_trans_ids(), id_of<RRPID>(0x13), kToday, amount("500 JPY")}},
           held()},
          {{{purchase(), id_of<RRPID>(0x13), kToday, amount("8.00 EUR")}}, {}}};
}

template <>
std::vector<CapRes> samples() {
  return {{{{purchase(), id_of<RRPID>(0x13), samples<CapResPayload>()[0]},
            {other_trans_ids(), id_of<RRPID>(0x13), samples<CapResPayload>()[1]}},
           samples<BatchStatus>(),
           id_of<Thumbprint>(0x73)}};
}

template <>
std::vector<CapTokenSeq> samples() {
  return {{{Bytes(60, 0x52), {}, Bytes(60, 0x53)}}};
}

template <>
std::vector<CapRevOrCredReq> samples() {
  return {
      {{{purchase(), id_of<RRPID>(0x13), id_of<RRPID>(0x16), kToday, amount("8.00 EUR"), "batch-2"},
        {purchase(), id_of<RRPID>(0x13), id_of<RRPID>(0x17), kToday, amount("1.00 EUR")}},
       held()},
      {{{purchase(), id_of<RRPID>(0x13), std::nullopt, kToday, amount("8.00 EUR")}}, {}}};
}

template <>
std::vector<CapRevOrCredRes> samples() {
  return {{{{purchase(), id_of<RRPID>(0x13), id_of<RRPID>(0x16), CapRevOrCredCode::success,
             amount("8.00 EUR"), "batch-2", 5},
            {purchase(), id_of<RRPID>(0x13), id_of<RRPID>(0x17),
             CapRevOrCredCode::original_not_found, std::nullopt, "", 0}},
           samples<BatchStatus>(),
           id_of<Thumbprint>(0x73)},
          {{{purchase(), id_of<RRPID>(0x13), std::nullopt, CapRevOrCredCode::amount_error,
             std::nullopt, "", 0}},
           {},
           id_of<Thumbprint>(0x73)}};
}

template <>
std::vector<BatchAdminReq> samples() {
  BatchAdminReq close{.batch_id = "batch-1",
                      .brands_and_bins = {{"Example", "411111"}, {"Other:blue", ""}},
                      .operation = BatchOperation::close,
                      .return_batch_summary = true,
                      .return_transaction_detail = ReturnTransactionDetail{1, 64, true, "Example"},
                      .batch_status = samples<BatchStatus>()[0],
                      .trans_details = trans_details(),
                      .thumbs = held()};
  BatchAdminReq ask{.batch_id = {},
                    .brands_and_bins = {},
                    .operation = std::nullopt,
                    .return_batch_summary = true,
                    .return_transaction_detail = std::nullopt,
                    .batch_status = std::nullopt,
                    .trans_details = std::nullopt,
                    .thumbs = {}};
  return {close, ask};
}

template <>
std::vector<BatchAdminRes> samples() {
  BatchAdminRes closed{
      .batch_id = "batch-1",
      .ba_status = BAStatus::success,
      .batch_status = samples<BatchStatus>()[0],
      .transmission_status = TransmissionStatus::completed_with_item_errors,
      .settlement_info = {{amount("500 JPY"), AmountType::credit, "CH-1", kNextYear},
                          {amount("1.00 EUR"), AmountType::debit, "", kNextYear}},
      .trans_details = trans_details(),
      .pe_thumb = id_of<Thumbprint>(0x73)};
  BatchAdminRes unknown{.batch_id = {},
                        .ba_status = BAStatus::unknown_batch_id,
                        .batch_status = std::nullopt,
                        .transmission_status = std::nullopt,
                        .settlement_info = {},
                        .trans_details = std::nullopt,
                        .pe_thumb = id_of<Thumbprint>(0x73)};
  return {closed, unknown};
}

}  // namespace set::test
