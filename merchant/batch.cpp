#include "merchant/batch.h"

#include <map>

namespace set::merchant {
namespace {

struct Sums {
  std::int64_t debit_count = 0, debit = 0, credit_count = 0, credit = 0;
};

// Which side a line is on, and whether it adds or takes away.
void add(Sums& sums, const BatchLine& line) {
  const auto amount = line.item.amount.minor();
  const bool same_batch = line.undone_in == line.batch_id;
  switch (line.item.kind) {
    case ItemKind::reversal:
      return;
    case ItemKind::capture:
      ++sums.debit_count, sums.debit += amount;
      return;
    case ItemKind::credit:
      ++sums.credit_count, sums.credit += amount;
      return;
    case ItemKind::capture_reversal:
      if (same_batch) {
        --sums.debit_count, sums.debit -= amount;
      } else {
        ++sums.credit_count, sums.credit += amount;
      }
      return;
    case ItemKind::credit_reversal:
      if (same_batch) {
        --sums.credit_count, sums.credit -= amount;
      } else {
        ++sums.debit_count, sums.debit += amount;
      }
      return;
  }
}

std::optional<Amount> amount_if_any(Currency currency, std::int64_t minor) {
  const auto amount = Amount::make(currency, minor);
  return amount ? std::optional(*amount) : std::nullopt;
}

}  // namespace

std::vector<BatchTotals> totals_of(std::span<const BatchLine> lines) {
  std::map<unsigned, Sums> by_currency;
  for (const auto& line : lines) add(by_currency[line.item.amount.currency().number()], line);
  std::vector<BatchTotals> out;
  for (const auto& [number, sums] : by_currency) {
    const auto currency = Currency::from_number(number);
    if (!currency || (sums.debit_count == 0 && sums.credit_count == 0)) continue;
    out.push_back({*currency, static_cast<std::uint32_t>(sums.credit_count),
                   amount_if_any(*currency, sums.credit),
                   static_cast<std::uint32_t>(sums.debit_count),
                   amount_if_any(*currency, sums.debit)});
  }
  return out;
}

Result<Request> make_batch_admin_req(const RRPID& rrpid, const BatchAsked& asked,
                                     const std::optional<BatchStatus>& own, const Asking& asking) {
  BatchAdminReq message{.batch_id = asked.batch_id,
                        .brands_and_bins = {},
                        .operation = asked.operation,
                        .return_batch_summary = true,
                        .return_transaction_detail = std::nullopt,
                        .batch_status = own,
                        .trans_details = std::nullopt,
                        .thumbs = {}};
  // "open: brands and BINs supported … remember them": ours is one.
  if (asked.operation == BatchOperation::open)
    message.brands_and_bins = {{asking.merchant.signature.value().leaf.brand(), ""}};
  if (asked.details) {
    message.return_transaction_detail =
        ReturnTransactionDetail{asked.starting_point, kMaxPaymentItems, asked.errors_only, ""};
  }
  return seal_request(message,
                      {.self = asking.merchant,
                       .recipient = &asking.gateway.key_exchange.leaf,
                       .rrpid = rrpid,
                       .trans_ids = std::nullopt,
                       .now = asking.now},
                      asking.rng);
}

Result<BatchAdminRes> accept_batch_admin_res(const BatchAsked& asked,
                                             const OpenedAnswer<BatchAdminRes>& answer,
                                             const GatewayCertificates& gateway) {
  TRY(check_same_gateway(answer.message.signer(), gateway));
  const auto& message = *answer.message;
  CHECK_OR_FAIL(
      asked.batch_id.empty() || message.batch_id.empty() || message.batch_id == asked.batch_id,
      ErrorCode::wrapper_msg_mismatch, "the BatchAdminRes is of another batch");
  return message;
}

}  // namespace set::merchant
