// BatchStatus: totals and dates of one batch.
#include "common/message/payment_fields.h"

namespace set {
namespace {

constexpr int kMaxBatchStatuses = 16;
constexpr std::uint32_t kMaxCount = 1'000'000'000;

wire::BatchTotals to_wire(const BatchTotals& totals) {
  wire::BatchTotals out;
  out.set_currency(totals.currency.number());
  out.set_credit_count(totals.credit_count);
  if (totals.credit_total) *out.mutable_credit_total() = to_wire(*totals.credit_total);
  out.set_debit_count(totals.debit_count);
  if (totals.debit_total) *out.mutable_debit_total() = to_wire(*totals.debit_total);
  return out;
}

BatchTotals read_totals(FieldReader& fields, const wire::BatchTotals& totals) {
  BatchTotals out{
      .currency = fields.currency(totals.currency()),
      .credit_count = fields.number(totals.credit_count(), 0, kMaxCount, "a count of credits"),
      .credit_total = fields.amount_if(totals.has_credit_total(), totals.credit_total()),
      .debit_count = fields.number(totals.debit_count(), 0, kMaxCount, "a count of debits"),
      .debit_total = fields.amount_if(totals.has_debit_total(), totals.debit_total()),
  };
  const auto fits = [&](std::uint32_t count, const std::optional<Amount>& total) {
    return total.has_value() == (count > 0) && (!total || total->currency() == out.currency);
  };
  fields.require(fits(out.credit_count, out.credit_total) && fits(out.debit_count, out.debit_total),
                 "a total has its count and its currency");
  fields.require(out.credit_count > 0 || out.debit_count > 0,
                 "totals of a currency that is not there are not left out");
  return out;
}

BatchStatus read(FieldReader& fields, const wire::BatchStatus& status) {
  const auto totals = [&](const wire::BatchTotals& item) { return read_totals(fields, item); };
  BatchStatus out{
      .batch_id = fields.visible(status.batch_id(), 1, kMaxReferenceBytes, "BatchID"),
      .open_date = fields.instant(status.open_date_ms(), "OpenDateTime"),
      .closed_when = std::nullopt,
      .totals = fields.list(status.totals(), 0, kMaxBatchCurrencies, "BatchTotals", totals),
  };
  if (status.has_closed_when()) {
    out.closed_when =
        ClosedWhen{fields.code(status.closed_when().closed_by(), ClosedBy::acquirer, "ClosedBy"),
                   fields.instant(status.closed_when().date_ms(), "the closing date")};
  }
  require_ascending(
      fields, out.totals, [](const BatchTotals& item) { return item.currency; },
      "totals do not ascend by currency");
  return out;
}

}  // namespace

wire::BatchStatus to_wire(const BatchStatus& status) {
  wire::BatchStatus out;
  out.set_batch_id(status.batch_id);
  out.set_open_date_ms(to_millis(status.open_date));
  if (status.closed_when) {
    out.mutable_closed_when()->set_closed_by(code_to_wire(status.closed_when->by));
    out.mutable_closed_when()->set_date_ms(to_millis(status.closed_when->date));
  }
  for (const auto& totals : status.totals) *out.add_totals() = to_wire(totals);
  return out;
}

Result<BatchStatus> from_wire(const wire::BatchStatus& status) {
  FieldReader fields;
  auto out = read(fields, status);
  return fields.finish(std::move(out));
}

std::optional<BatchStatus> read_batch_status(FieldReader& fields, bool present,
                                             const wire::BatchStatus& status) {
  if (!present) return std::nullopt;
  return read(fields, status);
}

std::vector<BatchStatus> read_batch_status_seq(
    FieldReader& fields, const google::protobuf::RepeatedPtrField<wire::BatchStatus>& statuses) {
  const auto status = [&](const wire::BatchStatus& item) { return read(fields, item); };
  auto out = fields.list(statuses, 0, kMaxBatchStatuses, "BatchStatusSeq", status);
  require_unique(
      fields, out, [](const BatchStatus& item) { return item.batch_id; }, "a batch is there twice");
  return out;
}

}  // namespace set
