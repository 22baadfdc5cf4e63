#include "common/message/install_recur.h"

#include "common/message/payment_fields.h"

namespace set {
namespace {

constexpr std::uint32_t kMaxInstalments = 360;
constexpr std::uint32_t kMaxFrequencyDays = 366;

std::variant<InstallTotalTrans, Recurring> read_terms(FieldReader& fields,
                                                      const wire::InstallRecurData& data) {
  if (data.has_recurring()) {
    const auto& recurring = data.recurring();
    return Recurring{
        .frequency_days = fields.number(recurring.recurring_frequency(), 1, kMaxFrequencyDays,
                                        "RecurringFrequency"),
        .expiry = fields.instant(recurring.recurring_expiry_ms(), "RecurringExpiry"),
    };
  }
  // "InstallTotalTrans ≥ 2" (§3.7); zero also stands for terms that are not there.
  return InstallTotalTrans{
      fields.number(data.install_total_trans(), 2, kMaxInstalments, "InstallTotalTrans")};
}

InstallRecurData read(FieldReader& fields, const wire::InstallRecurData& data) {
  auto terms = read_terms(fields, data);
  return {.terms = terms, .max_amt = fields.amount(data.max_amt())};
}

}  // namespace

wire::InstallRecurData to_wire(const InstallRecurData& data) {
  wire::InstallRecurData out;
  if (const auto* instalments = std::get_if<InstallTotalTrans>(&data.terms)) {
    out.set_install_total_trans(instalments->count);
  } else {
    const auto& recurring = std::get<Recurring>(data.terms);
    out.mutable_recurring()->set_recurring_frequency(recurring.frequency_days);
    out.mutable_recurring()->set_recurring_expiry_ms(to_millis(recurring.expiry));
  }
  *out.mutable_max_amt() = to_wire(data.max_amt);
  return out;
}

Result<InstallRecurData> from_wire(const wire::InstallRecurData& data) {
  FieldReader fields;
  auto out = read(fields, data);
  return fields.finish(std::move(out));
}

std::optional<InstallRecurData> read_install_recur(FieldReader& fields, bool present,
                                                   const wire::InstallRecurData& data) {
  if (!present) return std::nullopt;
  return read(fields, data);
}

}  // namespace set
