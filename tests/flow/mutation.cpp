#include "tests/flow/mutation.h"

#include <limits>

#include "set/v1/authorization.pb.h"
#include "set/v1/batch.pb.h"
#include "set/v1/enrollment.pb.h"
#include "set/v1/types.pb.h"

namespace set::flow {
namespace {

namespace wire = set::v1;
using google::protobuf::DynamicCastToGenerated;
using google::protobuf::Reflection;

constexpr std::size_t kLong = 20000;

/// A well-formed message of this type, to be added where there was none.
void fill_sample(Message& message) {
  if (auto* ids = DynamicCastToGenerated<wire::TransIDs>(&message)) {
    ids->set_lid_c("a");
    ids->set_lid_m("b");
    ids->set_xid(std::string(20, 'x'));
    ids->set_preq_date_ms(1);
    ids->set_language("en");
  } else if (auto* thumbs = DynamicCastToGenerated<wire::Thumbs>(&message)) {
    thumbs->add_cert_thumbs(std::string(32, 't'));
  } else if (auto* amount = DynamicCastToGenerated<wire::CurrencyAmount>(&message)) {
    amount->set_currency(978);
    amount->set_amount(1);
    amount->set_amt_exp10(-2);
  } else if (auto* mandate = DynamicCastToGenerated<wire::InstallRecurData>(&message)) {
    mandate->set_install_total_trans(2);
    fill_sample(*mandate->mutable_max_amt());
  } else if (auto* address = DynamicCastToGenerated<wire::AVSData>(&message)) {
    address->set_country("756");
  } else if (auto* market = DynamicCastToGenerated<wire::MarketSpecAuthData>(&message)) {
    market->mutable_transport();
  } else if (auto* sale = DynamicCastToGenerated<wire::SaleDetail>(&message)) {
    sale->set_mer_order_num("1");
  } else if (auto* note = DynamicCastToGenerated<wire::CurrConv>(&message)) {
    note->set_rate(1);
    note->set_card_curr(756);
  } else if (auto* codes = DynamicCastToGenerated<wire::AuthValCodes>(&message)) {
    codes->set_validation_code("A1B2");
  } else if (auto* batch = DynamicCastToGenerated<wire::BatchStatus>(&message)) {
    batch->set_batch_id("1");
    batch->set_open_date_ms(1);
  } else if (auto* details = DynamicCastToGenerated<wire::TransDetails>(&message)) {
    details->set_next_starting_point(1);
  } else if (auto* credit = DynamicCastToGenerated<wire::CredStatus>(&message)) {
    credit->set_credit_date_ms(1);
    credit->set_credit_code(1);
    fill_sample(*credit->mutable_credit_amt());
  } else if (auto* extension = DynamicCastToGenerated<wire::Extension>(&message)) {
    extension->set_oid("2.23.42.9.1");
    extension->set_critical(true);
  } else if (auto* referral = DynamicCastToGenerated<wire::ReferralData>(&message)) {
    referral->set_reason("Not here.");
  } else if (auto* id = DynamicCastToGenerated<wire::IDData>(&message)) {
    id->set_merchant_bin("400000");
    id->set_merchant_id("shop-1");
  } else if (auto* item = DynamicCastToGenerated<wire::FailedItem>(&message)) {
    item->set_item_number(1);
  } else if (auto* answer = DynamicCastToGenerated<wire::RegFormAnswer>(&message)) {
    answer->set_field_name("email");
  } else if (auto* field = DynamicCastToGenerated<wire::RegField>(&message)) {
    field->set_field_name("email");
  }
}

std::string flipped(std::string text) {
  if (text.empty()) return "a";
  text.back() = static_cast<char>(text.back() ^ 1);
  return text;
}

/// One singular scalar. False if there is nothing to do.
class Scalar {
 public:
  Scalar(Message& message, const FieldDescriptor& field, const Message& other)
      : message_(message), other_(other), field_(field), reflection_(*message.GetReflection()) {}

  bool mutate(Mutation mutation) {
    switch (mutation) {
      case Mutation::flip:
        return flip();
      case Mutation::longest:
        return longest();
      case Mutation::absent:
        if (!there(message_)) return false;
        reflection_.ClearField(&message_, &field_);
        return true;
      case Mutation::other:
        return take_other();
      case Mutation::extra:
        break;
    }
    return false;
  }

 private:
  bool there(const Message& message) const { return reflection_.HasField(message, &field_); }

  bool flip() {
    const auto& r = reflection_;
    switch (static_cast<int>(field_.cpp_type())) {
      case FieldDescriptor::CPPTYPE_STRING:
        r.SetString(&message_, &field_, flipped(r.GetString(message_, &field_)));
        return true;
      case FieldDescriptor::CPPTYPE_BOOL:
        r.SetBool(&message_, &field_, !r.GetBool(message_, &field_));
        return true;
      default:
        return set_number(number(message_) + 1);
    }
  }

  bool longest() {
    switch (static_cast<int>(field_.cpp_type())) {
      case FieldDescriptor::CPPTYPE_STRING:
        reflection_.SetString(&message_, &field_, std::string(kLong, 'a'));
        return true;
      case FieldDescriptor::CPPTYPE_BOOL:
        return false;
      case FieldDescriptor::CPPTYPE_UINT32:
        return set_number(std::numeric_limits<std::uint32_t>::max());
      case FieldDescriptor::CPPTYPE_INT64:
        return set_number(std::numeric_limits<std::int64_t>::max());
      default:
        return set_number(std::numeric_limits<std::int32_t>::max());
    }
  }

  bool take_other() {
    if (!there(other_)) return false;
    if (field_.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      auto text = reflection_.GetString(other_, &field_);
      if (text == reflection_.GetString(message_, &field_)) return false;
      reflection_.SetString(&message_, &field_, std::move(text));
      return true;
    }
    if (field_.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) return false;
    return number(other_) != number(message_) && set_number(number(other_));
  }

  std::int64_t number(const Message& from) const {
    const auto& r = reflection_;
    switch (static_cast<int>(field_.cpp_type())) {
      case FieldDescriptor::CPPTYPE_UINT32:
        return r.GetUInt32(from, &field_);
      case FieldDescriptor::CPPTYPE_INT64:
        return r.GetInt64(from, &field_);
      case FieldDescriptor::CPPTYPE_INT32:
        return r.GetInt32(from, &field_);
      default:
        return r.GetEnumValue(from, &field_);
    }
  }
  bool set_number(std::int64_t value) {
    const auto& r = reflection_;
    switch (static_cast<int>(field_.cpp_type())) {
      case FieldDescriptor::CPPTYPE_UINT32:
        r.SetUInt32(&message_, &field_, static_cast<std::uint32_t>(value));
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        r.SetInt64(&message_, &field_, value);
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        r.SetInt32(&message_, &field_, static_cast<std::int32_t>(value));
        break;
      default:
        r.SetEnumValue(&message_, &field_, static_cast<int>(value));
    }
    return true;
  }

  Message& message_;
  const Message& other_;
  const FieldDescriptor& field_;
  const Reflection& reflection_;
};

bool mutate_message(Message& message, const FieldDescriptor& field, Mutation mutation) {
  const auto& r = *message.GetReflection();
  const bool there = r.HasField(message, &field);
  if (mutation == Mutation::absent && there) {
    r.ClearField(&message, &field);
    return true;
  }
  if (there || (mutation != Mutation::flip && mutation != Mutation::extra)) return false;
  auto& added = *r.MutableMessage(&message, &field);
  if (mutation == Mutation::flip) fill_sample(added);
  return true;
}

bool mutate_messages(Message& message, const FieldDescriptor& field, Mutation mutation) {
  const auto& r = *message.GetReflection();
  const int size = r.FieldSize(message, &field);
  switch (mutation) {
    case Mutation::absent:
      r.ClearField(&message, &field);
      return size > 0;
    case Mutation::flip:
      if (size > 0) return false;
      fill_sample(*r.AddMessage(&message, &field));
      return true;
    case Mutation::extra:
      if (size == 0) {
        r.AddMessage(&message, &field);
      } else {
        const std::unique_ptr<Message> last(r.GetRepeatedMessage(message, &field, size - 1).New());
        last->CopyFrom(r.GetRepeatedMessage(message, &field, size - 1));
        r.AddMessage(&message, &field)->CopyFrom(*last);
      }
      return true;
    case Mutation::longest:
    case Mutation::other:
      break;
  }
  return false;
}

bool mutate_strings(Message& message, const FieldDescriptor& field, Mutation mutation,
                    const Message& other) {
  const auto& r = *message.GetReflection();
  const int size = r.FieldSize(message, &field);
  const auto put_first = [&](std::string value) {
    if (size == 0) {
      r.AddString(&message, &field, std::move(value));
    } else {
      r.SetRepeatedString(&message, &field, 0, std::move(value));
    }
    return true;
  };
  const auto first = size == 0 ? std::string() : r.GetRepeatedString(message, &field, 0);
  switch (mutation) {
    case Mutation::flip:
      return put_first(flipped(first));
    case Mutation::longest:
      return put_first(std::string(kLong, 'a'));
    case Mutation::absent:
      r.ClearField(&message, &field);
      return size > 0;
    case Mutation::extra:
      if (size > 0) {
        r.AddString(&message, &field, r.GetRepeatedString(message, &field, size - 1));
      }
      return size > 0;
    case Mutation::other: {
      if (r.FieldSize(other, &field) == 0) return false;
      auto theirs = r.GetRepeatedString(other, &field, 0);
      return theirs != first && put_first(std::move(theirs));
    }
  }
  return false;
}

void add_paths(const google::protobuf::Descriptor& type,
               const std::vector<const FieldDescriptor*>& above, std::vector<FieldPath>& out) {
  for (int i = 0; i < type.field_count(); ++i) {
    auto steps = above;
    steps.push_back(type.field(i));
    out.emplace_back(steps);
    if (const auto* nested = type.field(i)->message_type()) add_paths(*nested, steps, out);
  }
}

}  // namespace

std::string_view name_of(Mutation mutation) {
  static constexpr std::string_view kNames[] = {"flip", "absent", "longest", "extra", "other"};
  return kNames[static_cast<std::size_t>(mutation)];
}

std::string FieldPath::text() const {
  std::string out;
  for (const auto* step : steps_) out += (out.empty() ? "" : ".") + step->name();
  return out;
}

bool FieldPath::mutate(Message& message, Mutation mutation, const Message& other) const {
  auto* at = &message;
  const auto* there = &other;
  for (std::size_t i = 0; i + 1 < steps_.size(); ++i) {
    const auto* step = steps_[i];
    const auto& r = *at->GetReflection();
    if (step->is_repeated()) {
      if (r.FieldSize(*at, step) == 0) return false;
      at = r.MutableRepeatedMessage(at, step, 0);
      const bool shared = r.FieldSize(*there, step) > 0;
      if (!shared && mutation == Mutation::other) return false;
      there = shared ? &r.GetRepeatedMessage(*there, step, 0) : at;
    } else {
      if (!r.HasField(*at, step)) return false;
      at = r.MutableMessage(at, step);
      there = &r.GetMessage(*there, step);
    }
  }
  const auto& field = leaf();
  const bool message_field = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  if (field.is_repeated()) {
    return message_field ? mutate_messages(*at, field, mutation)
                         : mutate_strings(*at, field, mutation, *there);
  }
  return message_field ? mutate_message(*at, field, mutation)
                       : Scalar(*at, field, *there).mutate(mutation);
}

std::vector<FieldPath> paths_of(const google::protobuf::Descriptor& type) {
  std::vector<FieldPath> out;
  add_paths(type, {}, out);
  return out;
}

}  // namespace set::flow
