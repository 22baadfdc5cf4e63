// What holds for the mapping of every message: it is written and read without loss, every field is
// bounded, and one content has one form.
#include <set>
#include <string>
#include <string_view>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "tests/message/field_visitor.h"
#include "tests/message/samples.h"

namespace set {
namespace {

using test::change_each_field;
using test::FieldDescriptor;
using test::Message;

template <class T>
using WireOf = decltype(to_wire(std::declval<const T&>()));

/// A PIHead says which software wrote it; that is the one thing that the struct does not carry on.
template <class Wire>
void copy_sw_ident(const Wire& from, Wire& to) {
  if constexpr (requires { to.set_sw_ident(from.sw_ident()); }) to.set_sw_ident(from.sw_ident());
}

template <class Wire>
void check_refused(const Wire& changed, const std::string& field) {
  INFO(field);
  const auto result = from_wire(changed);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::decoding_failure);
}

std::string get_text(const Message& parent, const FieldDescriptor& field, int index) {
  const auto& reflection = *parent.GetReflection();
  return index < 0 ? reflection.GetString(parent, &field)
                   : reflection.GetRepeatedString(parent, &field, index);
}

void set_text(Message& parent, const FieldDescriptor& field, int index, const std::string& text) {
  const auto& reflection = *parent.GetReflection();
  if (index < 0) {
    reflection.SetString(&parent, &field, text);
  } else {
    reflection.SetRepeatedString(&parent, &field, index, text);
  }
}

bool lengthen(Message& parent, const FieldDescriptor& field, int index) {
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING) return false;
  set_text(parent, field, index, std::string(100'000, 'a'));
  return true;
}

bool repeat(Message& parent, const FieldDescriptor& field, int index) {
  if (index != 0) return false;
  const auto& reflection = *parent.GetReflection();
  for (int i = 0; i < 100; ++i) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      auto* added = reflection.AddMessage(&parent, &field);
      added->CopyFrom(reflection.GetRepeatedMessage(parent, &field, 0));
    } else {
      reflection.AddString(&parent, &field, reflection.GetRepeatedString(parent, &field, 0));
    }
  }
  return true;
}

bool spoil_text(Message& parent, const FieldDescriptor& field, int index, std::string_view bad) {
  if (field.type() != FieldDescriptor::TYPE_STRING &&
      field.full_name() != "set.v1.PInitResData.order_description") {
    return false;
  }
  auto text = get_text(parent, field, index);
  set_text(parent, field, index, text.replace(text.size() - 1, 1, bad));
  return true;
}

bool set_number(Message& parent, const FieldDescriptor& field, std::int64_t bad) {
  // Numbers that mean nothing outside their maker's books.
  static const std::set<std::string> free = {"set.v1.RegFormData.reg_form_id",
                                             "set.v1.CertReqData.reg_form_id",
                                             "set.v1.CapResPayload.batch_sequence_num",
                                             "set.v1.SaleDetail.batch_sequence_num",
                                             "set.v1.TransactionDetail.batch_sequence_num",
                                             "set.v1.CapRevOrCredResItem.batch_sequence_num"};
  const auto& reflection = *parent.GetReflection();
  const auto type = field.cpp_type();
  if (free.contains(field.full_name())) return false;
  if (type == FieldDescriptor::CPPTYPE_INT64) {
    reflection.SetInt64(&parent, &field, bad);
  } else if (type == FieldDescriptor::CPPTYPE_UINT32) {
    reflection.SetUInt32(&parent, &field, static_cast<std::uint32_t>(bad) | 0x8000'0000U);
  } else if (type == FieldDescriptor::CPPTYPE_INT32) {
    reflection.SetInt32(&parent, &field, static_cast<std::int32_t>(bad) | 0x4000'0000);
  } else if (type == FieldDescriptor::CPPTYPE_ENUM) {
    reflection.SetEnumValue(&parent, &field, 19);
  } else {
    return false;
  }
  return true;
}

const std::set<std::string> kOptional = {
    // Left out when there is nothing to say.
    "set.v1.TransIDs.lid_m", "set.v1.TransIDs.pay_sys_id", "set.v1.PIHead.sw_ident",
    "set.v1.PInitReqData.thumbs", "set.v1.InqReqData.thumbs", "set.v1.AuthReqData.m_thumbs",
    "set.v1.PCertReqData.m_thumbs", "set.v1.CardCInitReqData.thumbs",
    "set.v1.RegFormReqData.thumbs", "set.v1.MeAqCInitReqData.thumbs", "set.v1.CertReqData.thumbs",
    "set.v1.PInitResData.order_description", "set.v1.BrandAndBIN.bin",
    "set.v1.PInitResData.install_recur_data", "set.v1.PIHead.install_recur_data",
    "set.v1.PITBS.install_recur_data", "set.v1.AuthReqPayload.install_recur_data",
    "set.v1.PResPayload.cap_status", "set.v1.PResPayload.acq_card_msg",
    "set.v1.AuthStatus.curr_conv", "set.v1.AuthResPayload.curr_conv",
    "set.v1.CurrConv.rate_digits", "set.v1.CapResPayload.batch_id",
    "set.v1.SaleDetail.batch_id", "set.v1.SaleDetail.pay_recur_ind",
    "set.v1.SaleDetail.mer_order_num", "set.v1.SaleDetail.auth_char_ind",
    "set.v1.SaleDetail.order_summary", "set.v1.SaleDetail.customer_reference_number",
    "set.v1.SaleDetail.customer_service_phone", "set.v1.AuthReqData.check_digests",
    "set.v1.AuthReqData.sale_detail", "set.v1.CapPayload.sale_detail",
    "set.v1.AuthReqPayload.avs_data", "set.v1.AVSData.street_address", "set.v1.AVSData.city",
    "set.v1.AVSData.state_province", "set.v1.AVSData.postal_code",
    "set.v1.AuthReqPayload.special_processing", "set.v1.AuthReqPayload.card_suspect",
    "set.v1.AuthReqPayload.market_spec_auth_data", "set.v1.AuthReqPayload.merch_group",
    "set.v1.AuthResPayload.card_type", "set.v1.AuthResPayload.avs_result",
    "set.v1.AuthResPayload.auth_val_codes", "set.v1.AuthResPayload.batch_status",
    "set.v1.AuthValCodes.auth_char_ind", "set.v1.AuthValCodes.validation_code",
    "set.v1.AuthValCodes.market_spec_data_id", "set.v1.AuthRevReqData.auth_new_amt",
    "set.v1.AuthRevReqData.auth_ret_num", "set.v1.AuthRevReqData.m_thumbs",
    "set.v1.AuthRevReqBaggage.cap_token", "set.v1.AuthRevResData.auth_new_amt",
    "set.v1.AuthRevResData.log_ref_id", "set.v1.AuthRevResData.auth_ret_num",
    "set.v1.AuthRevResBaggage.cap_token_new", "set.v1.AuthRevResBaggage.auth_token_new",
    "set.v1.CapReqData.m_thumbs", "set.v1.CapRevOrCredReqData.m_thumbs",
    "set.v1.CapRevOrCredReqItem.reversed_rrpid", "set.v1.CapRevOrCredReqItem.new_batch_id",
    "set.v1.CapRevOrCredResItem.reversed_rrpid", "set.v1.CapRevOrCredResItem.batch_id",
    "set.v1.BatchStatus.closed_when", "set.v1.BatchAdminReqData.batch_operation",
    "set.v1.BatchAdminReqData.return_transaction_detail", "set.v1.BatchAdminReqData.batch_status",
    "set.v1.BatchAdminReqData.trans_details", "set.v1.BatchAdminReqData.m_thumbs",
    "set.v1.ReturnTransactionDetail.brand_id", "set.v1.TransactionDetail.transaction_status",
    "set.v1.BatchAdminResData.batch_status", "set.v1.BatchAdminResData.transmission_status",
    "set.v1.BatchAdminResData.trans_details", "set.v1.SettlementInfo.account",
    "set.v1.AuthReqPayload.merch_cat_code", "set.v1.AuthReqData.auth_ret_num",
    "set.v1.AuthResPayload.resp_reason", "set.v1.AuthResPayload.log_ref_id",
    "set.v1.AuthResPayload.cap_res", "set.v1.AuthResData.auth_ret_num",
    "set.v1.AuthResBaggage.cap_token", "set.v1.AuthResBaggage.acq_card_msg",
    "set.v1.AuthResBaggage.auth_token", "set.v1.RegField.field_id", "set.v1.RegField.field_desc",
    "set.v1.RegField.field_len", "set.v1.RegFormData.policy_text", "set.v1.ReferralData.reason",
    "set.v1.RegFormAnswer.field_id", "set.v1.RegFormAnswer.field_value",
    "set.v1.MeAqCInitResTBS.acct_data_field", "set.v1.CertResData.nonce_cca",
    "set.v1.CertResData.ee_message", "set.v1.FailedItem.item_reason",
    "set.v1.CertResData.retry_after_ms",
    // Zero and false are values of these.
    "set.v1.AuthReqPayload.subsequent_auth_ind", "set.v1.AuthReqData.capture_now",
    "set.v1.CapResPayload.batch_sequence_num", "set.v1.SaleDetail.batch_sequence_num",
    "set.v1.SaleDetail.ok_to_print_phone_ind", "set.v1.AuthReqPayload.request_card_type_ind",
    "set.v1.MarketHotelAuth.prestige", "set.v1.CapPayload.final_capture_ind",
    "set.v1.CapRevOrCredResItem.batch_sequence_num",
    "set.v1.TransactionDetail.batch_sequence_num",
    "set.v1.BatchAdminReqData.return_batch_summary_ind",
    "set.v1.ReturnTransactionDetail.starting_point",
    "set.v1.ReturnTransactionDetail.errors_only_ind", "set.v1.TransDetails.next_starting_point",
    "set.v1.RegFormData.reg_form_id",
    "set.v1.CertReqData.reg_form_id", "set.v1.RegField.field_required",
    "set.v1.RegField.field_invisible"};
bool clear_required(Message& parent, const FieldDescriptor& field, int index) {
  // The yen has exponent 0, so leaving that out changes nothing; lists have their own tests.
  const bool zero = field.cpp_type() == FieldDescriptor::CPPTYPE_INT32 &&
                    parent.GetReflection()->GetInt32(parent, &field) == 0;
  if (index >= 0 || zero || kOptional.contains(field.full_name())) return false;
  parent.GetReflection()->ClearField(&parent, &field);
  return true;
}

/// Full names of all fields of a message type, however deep, that the structs have members for.
void add_fields(const google::protobuf::Descriptor& type, std::set<std::string>& names) {
  for (int i = 0; i < type.field_count(); ++i) {
    const auto& field = *type.field(i);
    if (test::is_outside_struct(field)) continue;
    names.insert(field.full_name());
    if (field.message_type() != nullptr) add_fields(*field.message_type(), names);
  }
}

void clear_outside_struct(Message& message) {
  test::visit_fields(message, [](Message& parent, const FieldDescriptor& field, int index) {
    if (test::is_outside_struct(field) && index <= 0) {
      parent.GetReflection()->ClearField(&parent, &field);
    }
  });
}

TEMPLATE_TEST_CASE("a message is read as it was written", "", SET_TEST_ALL_MAPPINGS) {
  for (const auto& sample : test::samples<TestType>()) {
    const auto bytes = serialize(to_wire(sample));
    const auto arrived = parse_as<WireOf<TestType>>(bytes);
    REQUIRE(arrived);
    const auto value = from_wire(*arrived);
    if (!value) FAIL(value.error().detail);
    CHECK(serialize(to_wire(*value)) == bytes);
  }
}

TEMPLATE_TEST_CASE("every field of a message is written", "", SET_TEST_ALL_MAPPINGS) {
  std::set<std::string> missing;
  add_fields(*WireOf<TestType>::descriptor(), missing);
  for (const auto& sample : test::samples<TestType>()) {
    auto message = to_wire(sample);
    test::visit_fields(message, [&](Message&, const FieldDescriptor& field, int) {
      missing.erase(field.full_name());
    });
  }
  CHECK(missing == std::set<std::string>{});
}

TEMPLATE_TEST_CASE("a field that is far too long is refused", "", SET_TEST_ALL_MAPPINGS) {
  for (const auto& sample : test::samples<TestType>()) {
    change_each_field(to_wire(sample), lengthen, check_refused<WireOf<TestType>>);
  }
}

TEMPLATE_TEST_CASE("a list that is far too long is refused", "", SET_TEST_ALL_MAPPINGS) {
  for (const auto& sample : test::samples<TestType>()) {
    change_each_field(to_wire(sample), repeat, check_refused<WireOf<TestType>>);
  }
}

TEMPLATE_TEST_CASE("a text with a control character or without UTF-8 is refused", "",
                   SET_TEST_ALL_MAPPINGS) {
  for (const std::string_view bad : {"\x01", "\x7f", "\r", "\xc2\x85", "\xff", "\xc0\x80"}) {
    const auto spoil = [&](Message& parent, const FieldDescriptor& field, int index) {
      return spoil_text(parent, field, index, bad);
    };
    for (const auto& sample : test::samples<TestType>()) {
      change_each_field(to_wire(sample), spoil, check_refused<WireOf<TestType>>);
    }
  }
}

TEMPLATE_TEST_CASE("a number out of range is refused", "", SET_TEST_ALL_MAPPINGS) {
  for (const std::int64_t bad : {-1L, INT64_MIN, INT64_MAX, 2 * Amount::kMaxMinor}) {
    const auto set_bad = [&](Message& parent, const FieldDescriptor& field, int) {
      return set_number(parent, field, bad);
    };
    for (const auto& sample : test::samples<TestType>()) {
      change_each_field(to_wire(sample), set_bad, check_refused<WireOf<TestType>>);
    }
  }
}

TEMPLATE_TEST_CASE("a field that is missing is refused unless it is optional", "",
                   SET_TEST_ALL_MAPPINGS) {
  for (const auto& sample : test::samples<TestType>()) {
    change_each_field(to_wire(sample), clear_required, check_refused<WireOf<TestType>>);
  }
}

TEMPLATE_TEST_CASE("what is accepted is written back byte for byte, whatever bit was flipped", "",
                   SET_TEST_ALL_MAPPINGS) {
  for (const auto& sample : test::samples<TestType>()) {
    const auto original = serialize(to_wire(sample));
    int lost = 0;
    for (std::size_t bit = 0; bit < original.size() * 8; ++bit) {
      auto bytes = original;
      bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      auto wire = parse_as<WireOf<TestType>>(bytes);
      if (!wire) continue;
      const auto value = from_wire(*wire);
      if (!value) continue;
      auto again = to_wire(*value);
      copy_sw_ident(*wire, again);
      // A header or an extension may have come into being; the struct does not carry it.
      clear_outside_struct(*wire);
      if (serialize(again) != serialize(*wire)) ++lost;
    }
    CHECK(lost == 0);
  }
}

}  // namespace
}  // namespace set
