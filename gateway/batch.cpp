#include "gateway/batch.h"

#include <algorithm>

namespace set::gateway {
namespace {

constexpr Duration kDay = std::chrono::hours(24);

std::int64_t minor_of(const std::optional<Amount>& amount) { return amount ? amount->minor() : 0; }

/// "SettlementInfo {amount, credit|debit, account, depositDate}": what the acquirer will book, once
/// it agrees; on the day after the batch was closed.
std::vector<SettlementInfo> settlement_of(const Batch& batch) {
  std::vector<SettlementInfo> out;
  if (batch.settlement != Settlement::in_balance) return out;
  for (const auto& totals : batch.totals) {
    const auto net = minor_of(totals.debit_total) - minor_of(totals.credit_total);
    const auto amount = Amount::make(totals.currency, net < 0 ? -net : net);
    if (!amount) continue;  // nothing is owed
    out.push_back({.amount = *amount,
                   .amount_type = net > 0 ? AmountType::credit : AmountType::debit,
                   .account = batch.merchant_id,
                   .deposit_date = end_of_day(batch.closed.value().date)});
  }
  return out;
}

TransmissionStatus transmission_of(const Batch& batch) {
  if (batch.settlement == Settlement::in_balance) return TransmissionStatus::completed_successfully;
  if (batch.settlement == Settlement::out_of_balance) {
    return TransmissionStatus::batch_rejected_by_acquirer;
  }
  return batch.closed && batch.pending == 0 ? TransmissionStatus::in_progress
                                            : TransmissionStatus::pending;
}

TransactionDetail detail_of(const BatchItem& item, const std::string& brand) {
  return {.trans_ids = item.trans_ids,
          .auth_rrpid = item.auth_rrpid,
          .brand = brand,
          .batch_sequence_num = item.sequence_num,
          .transaction_amt = item.amount,
          .amount_type = item.type,
          .transaction_status = item.sequence_num == 0 ? TransactionStatus::unspecified_failure
                                                       : TransactionStatus::success};
}

/// A page of the items that failed, which have no place in the batch: a starting point counts them
/// from 1.
TransDetails page_of_failed(const Batch& batch, const ReturnTransactionDetail& asked,
                            const std::string& brand) {
  TransDetails out;
  const auto& failed = batch.failed;
  for (std::size_t i = asked.starting_point == 0 ? 0 : asked.starting_point - 1; i < failed.size();
       ++i) {
    if (out.items.size() == asked.maximum_items) {
      out.next_starting_point = static_cast<std::uint32_t>(i + 1);
      break;
    }
    out.items.push_back(detail_of(failed[i], brand));
  }
  return out;
}

/// A page of the items; a starting point is a sequence number.
TransDetails page_of(const Batch& batch, const ReturnTransactionDetail& asked,
                     const std::string& brand) {
  if (asked.errors_only) return page_of_failed(batch, asked, brand);
  TransDetails out;
  for (const auto& item : batch.items) {
    if (item.sequence_num < asked.starting_point) continue;
    if (out.items.size() == asked.maximum_items) {
      out.next_starting_point = item.sequence_num;
      break;
    }
    out.items.push_back(detail_of(item, brand));
  }
  return out;
}

/// "unknownStartingPoint": beyond the last item.
bool is_starting_point(const Batch& batch, const ReturnTransactionDetail& asked) {
  if (asked.errors_only) return asked.starting_point <= batch.failed.size();
  return asked.starting_point == 0 ||
         (!batch.items.empty() && asked.starting_point <= batch.items.back().sequence_num);
}

bool is_ours(const Batch& batch, const TransactionDetail& theirs) {
  const auto found =
      std::ranges::find(batch.items, theirs.batch_sequence_num, &BatchItem::sequence_num);
  return found != batch.items.end() && found->auth_rrpid == theirs.auth_rrpid &&
         found->trans_ids.xid == theirs.trans_ids.xid && found->amount == theirs.transaction_amt &&
         found->type == theirs.amount_type;
}

}  // namespace

Result<BAStatus> accept_batch_admin_req(const Verified<BatchAdminReq>& request, const Party& self,
                                        const GatewayTerms& gateway) {
  TRY(check_merchant(request.signer(), self, gateway));
  const auto& brand = self.key_exchange.value().leaf.brand();
  for (const auto& asked : request->brands_and_bins) {
    if (asked.brand != brand) return BAStatus::brand_not_supported;
    if (!asked.bin.empty() && asked.bin != gateway.acquirer_bin) return BAStatus::unknown_bin;
  }
  const auto& detail = request->return_transaction_detail;
  if (detail && !detail->brand.empty() && detail->brand != brand) {
    return BAStatus::brand_batch_mismatch;
  }
  return BAStatus::success;
}

BatchStatus batch_status_of(const Batch& batch) {
  return {.batch_id = batch.batch_id,
          .open_date = batch.opened_at,
          .closed_when = batch.closed,
          .totals = batch.totals};
}

BAStatus reconcile_with(const BatchAdminReq& request, const Batch& batch) {
  // The totals are compared, not the moments: each side has its own clock.
  if (request.batch_status && request.batch_status->totals != batch.totals) {
    return BAStatus::totals_out_of_balance;
  }
  if (!request.trans_details) return BAStatus::success;
  const bool all_ours = std::ranges::all_of(
      request.trans_details->items, [&](const auto& theirs) { return is_ours(batch, theirs); });
  return all_ours ? BAStatus::success : BAStatus::totals_out_of_balance;
}

BatchAdminRes make_batch_admin_res(const BatchAdminReq& request, BAStatus status,
                                   const std::optional<Batch>& batch, const std::string& brand,
                                   const Thumbprint& pe_thumb) {
  BatchAdminRes out;
  out.pe_thumb = pe_thumb;
  out.ba_status = status;
  if (!batch) return out;
  out.batch_id = batch->batch_id;
  if (status == BAStatus::success) out.ba_status = reconcile_with(request, *batch);
  const auto& detail = request.return_transaction_detail;
  if (detail && !is_starting_point(*batch, *detail)) {
    if (out.ba_status == BAStatus::success) out.ba_status = BAStatus::unknown_starting_point;
  } else if (detail) {
    out.trans_details = page_of(*batch, *detail, brand);
  }
  // Whoever reconciles hears the other side's totals.
  const bool reconciles = request.batch_status || request.trans_details;
  if (request.return_batch_summary || request.operation || reconciles) {
    out.batch_status = batch_status_of(*batch);
    out.transmission_status = transmission_of(*batch);
    out.settlement_info = settlement_of(*batch);
  }
  return out;
}

std::string batch_id_of(Instant now, unsigned number) {
  const auto text = to_string(now);  // "2026-11-22T…"
  const auto day = text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2);
  return number == 1 ? day : day + "-" + std::to_string(number);
}

Instant end_of_day(Instant opened) {
  const auto millis = to_millis(opened);
  return from_millis(millis - millis % kDay.count() + kDay.count());
}

nlohmann::json batch_json(const Batch& batch) {
  nlohmann::json totals = nlohmann::json::array();
  for (const auto& of : batch.totals) {
    const auto text = [](const std::optional<Amount>& amount) {
      return amount ? nlohmann::json(to_string(*amount)) : nlohmann::json(nullptr);
    };
    totals.push_back({{"currency", of.currency.code()},
                      {"debits", of.debit_count},
                      {"debit_total", text(of.debit_total)},
                      {"credits", of.credit_count},
                      {"credit_total", text(of.credit_total)}});
  }
  nlohmann::json out{{"merchant_id", batch.merchant_id},
                     {"batch_id", batch.batch_id},
                     {"state", batch.closed ? "closed" : "open"},
                     {"opened_at", to_string(batch.opened_at)},
                     {"closed_at", nullptr},
                     {"closed_by", nullptr},
                     {"pending", batch.pending},
                     {"transmission_status", to_string(transmission_of(batch))},
                     {"totals", totals}};
  if (batch.closed) {
    out["closed_at"] = to_string(batch.closed->date);
    out["closed_by"] = batch.closed->by == ClosedBy::merchant ? "merchant" : "acquirer";
  }
  return out;
}

nlohmann::json batch_with_items_json(const Batch& batch) {
  auto out = batch_json(batch);
  auto items = nlohmann::json::array();
  for (const auto& item : batch.items) {
    items.push_back({{"batch_sequence_num", item.sequence_num},
                     {"xid", item.trans_ids.xid.hex()},
                     {"auth_rrpid", item.auth_rrpid.hex()},
                     {"type", item.type == AmountType::debit ? "debit" : "credit"},
                     {"amount", to_string(item.amount)}});
  }
  out["items"] = std::move(items);
  out["failed"] = nlohmann::json::array();
  for (const auto& item : batch.failed) {
    out["failed"].push_back({{"xid", item.trans_ids.xid.hex()},
                             {"auth_rrpid", item.auth_rrpid.hex()},
                             {"type", item.type == AmountType::debit ? "debit" : "credit"},
                             {"amount", to_string(item.amount)}});
  }
  return out;
}

std::string batch_item_line(const BatchItem& item) {
  return "  " + std::to_string(item.sequence_num) + "  " +
         (item.type == AmountType::debit ? "+" : "-") + to_string(item.amount) + "  " +
         item.trans_ids.xid.hex();
}

std::string batch_line(const Batch& batch) {
  std::string out = batch.merchant_id + "  " + batch.batch_id + "  " +
                    (batch.closed ? "closed" : "open") + "  " +
                    std::string(to_string(transmission_of(batch)));
  for (const auto& of : batch.totals) {
    out += "  " + std::string(of.currency.code()) + ":";
    if (of.debit_total) out += " +" + to_string(*of.debit_total);
    if (of.credit_total) out += " -" + to_string(*of.credit_total);
  }
  return out;
}

}  // namespace set::gateway
