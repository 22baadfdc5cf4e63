// CurrConv: the note on currency conversion in AuthRes and PRes.
#include "common/message/payment_fields.h"

namespace set {
namespace {

constexpr std::int64_t kMaxRate = 1'000'000'000'000;
constexpr std::uint32_t kMaxRateDigits = 9;

CurrConv read(FieldReader& fields, const wire::CurrConv& note) {
  CurrConv out{
      .rate = note.rate(),
      .rate_digits = fields.number(note.rate_digits(), 0, kMaxRateDigits, "the rate's digits"),
      .card_curr = fields.currency(note.card_curr()),
  };
  fields.require(out.rate >= 1 && out.rate <= kMaxRate, "CurrConvRate is out of range");
  fields.require(out.rate_digits == 0 || out.rate % 10 != 0, "CurrConvRate has digits to spare");
  return out;
}

}  // namespace

std::string to_string(const CurrConv& note, Currency from) {
  auto digits = std::to_string(note.rate);
  if (note.rate_digits > 0) {
    // A nought at least stands before the point.
    if (digits.size() <= note.rate_digits) {
      digits.insert(0, note.rate_digits + 1 - digits.size(), '0');
    }
    digits.insert(digits.size() - note.rate_digits, 1, '.');
  }
  return "1 " + std::string(from.code()) + " = " + digits + " " +
         std::string(note.card_curr.code());
}

wire::CurrConv to_wire(const CurrConv& note) {
  wire::CurrConv out;
  out.set_rate(note.rate);
  out.set_rate_digits(note.rate_digits);
  out.set_card_curr(note.card_curr.number());
  return out;
}

Result<CurrConv> from_wire(const wire::CurrConv& note) {
  FieldReader fields;
  auto out = read(fields, note);
  return fields.finish(std::move(out));
}

std::optional<CurrConv> read_curr_conv(FieldReader& fields, bool present,
                                       const wire::CurrConv& note) {
  if (!present) return std::nullopt;
  return read(fields, note);
}

}  // namespace set
