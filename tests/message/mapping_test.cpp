// What holds for the mapping of every message: it is written and read without loss, every field is
// bounded, and one content has one form.
#include <functional>
#include <set>
#include <string>

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
  std::set<std::string> written;
  for (const auto& sample : test::samples<TestType>()) {
    auto message = to_wire(sample);
    test::visit_fields(message, [&](Message&, const FieldDescriptor& field, int) {
      written.insert(field.full_name());
    });
  }
  std::set<std::string> missing;
  const std::function<void(const google::protobuf::Descriptor&)> look =
      [&](const google::protobuf::Descriptor& type) {
        for (int i = 0; i < type.field_count(); ++i) {
          const auto& field = *type.field(i);
          if (test::is_outside_struct(field)) continue;
          if (!written.contains(field.full_name())) missing.insert(field.full_name());
          if (field.message_type() != nullptr) look(*field.message_type());
        }
      };
  look(*WireOf<TestType>::descriptor());
  CHECK(missing == std::set<std::string>{});
}

TEMPLATE_TEST_CASE("a field that is far too long is refused", "", SET_TEST_ALL_MAPPINGS) {
  const std::string longest(100'000, 'a');
  for (const auto& sample : test::samples<TestType>()) {
    const auto lengthen = [&](Message& parent, const FieldDescriptor& field, int index) {
      if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING) return false;
      const auto& reflection = *parent.GetReflection();
      if (index < 0) {
        reflection.SetString(&parent, &field, longest);
      } else {
        reflection.SetRepeatedString(&parent, &field, index, longest);
      }
      return true;
    };
    change_each_field(to_wire(sample), lengthen, check_refused<WireOf<TestType>>);
  }
}

TEMPLATE_TEST_CASE("a list that is far too long is refused", "", SET_TEST_ALL_MAPPINGS) {
  for (const auto& sample : test::samples<TestType>()) {
    const auto repeat = [](Message& parent, const FieldDescriptor& field, int index) {
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
    };
    change_each_field(to_wire(sample), repeat, check_refused<WireOf<TestType>>);
  }
}

TEMPLATE_TEST_CASE("a text with a control character or without UTF-8 is refused", "",
                   SET_TEST_ALL_MAPPINGS) {
  for (const std::string_view bad : {"\x01", "\x7f", "\r", "\xc2\x85", "\xff", "\xc0\x80"}) {
    for (const auto& sample : test::samples<TestType>()) {
      const auto spoil = [&](Message& parent, const FieldDescriptor& field, int index) {
        if (field.type() != FieldDescriptor::TYPE_STRING &&
            field.full_name() != "set.v1.PInitResData.order_description") {
          return false;
        }
        const auto& reflection = *parent.GetReflection();
        if (index < 0) {
          auto text = reflection.GetString(parent, &field);
          reflection.SetString(&parent, &field, text.replace(text.size() - 1, 1, bad));
        } else {
          auto text = reflection.GetRepeatedString(parent, &field, index);
          reflection.SetRepeatedString(&parent, &field, index,
                                       text.replace(text.size() - 1, 1, bad));
        }
        return true;
      };
      change_each_field(to_wire(sample), spoil, check_refused<WireOf<TestType>>);
    }
  }
}

TEMPLATE_TEST_CASE("a number out of range is refused", "", SET_TEST_ALL_MAPPINGS) {
  // Numbers that mean nothing outside their maker's books.
  const std::set<std::string> free = {
      "set.v1.RegFormData.reg_form_id", "set.v1.CertReqData.reg_form_id",
      "set.v1.CapResPayload.batch_sequence_num"};
  for (const std::int64_t bad : {std::int64_t{-1}, INT64_MIN, INT64_MAX, std::int64_t{2'000'000'000'000'000}}) {
    for (const auto& sample : test::samples<TestType>()) {
      const auto set_number = [&](Message& parent, const FieldDescriptor& field, int) {
        const auto& reflection = *parent.GetReflection();
        if (free.contains(field.full_name())) return false;
        switch (field.cpp_type()) {
          case FieldDescriptor::CPPTYPE_INT64: reflection.SetInt64(&parent, &field, bad); return true;
          case FieldDescriptor::CPPTYPE_UINT32:
            reflection.SetUInt32(&parent, &field, static_cast<std::uint32_t>(bad) | 0x8000'0000U);
            return true;
          case FieldDescriptor::CPPTYPE_INT32:
            reflection.SetInt32(&parent, &field, static_cast<std::int32_t>(bad) | 0x4000'0000);
            return true;
          case FieldDescriptor::CPPTYPE_ENUM: reflection.SetEnumValue(&parent, &field, 19); return true;
          default: return false;
        }
      };
      change_each_field(to_wire(sample), set_number, check_refused<WireOf<TestType>>);
    }
  }
}

TEMPLATE_TEST_CASE("a field that is missing is refused unless it is optional", "",
                   SET_TEST_ALL_MAPPINGS) {
  const std::set<std::string> optional = {
      // Left out when there is nothing to say.
      "set.v1.TransIDs.lid_m", "set.v1.TransIDs.pay_sys_id", "set.v1.PIHead.sw_ident",
      "set.v1.PInitReqData.thumbs", "set.v1.InqReqData.thumbs", "set.v1.AuthReqData.m_thumbs",
      "set.v1.PCertReqData.m_thumbs", "set.v1.CardCInitReqData.thumbs",
      "set.v1.RegFormReqData.thumbs", "set.v1.MeAqCInitReqData.thumbs", "set.v1.CertReqData.thumbs",
      "set.v1.PInitResData.order_description", "set.v1.BrandAndBIN.bin",
      "set.v1.PResPayload.cap_status", "set.v1.PResPayload.acq_card_msg",
      "set.v1.CapStatus.cap_amt", "set.v1.CapResPayload.cap_amt", "set.v1.CapResPayload.batch_id",
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
      "set.v1.CapResPayload.batch_sequence_num", "set.v1.RegFormData.reg_form_id",
      "set.v1.CertReqData.reg_form_id", "set.v1.RegField.field_required",
      "set.v1.RegField.field_invisible"};
  for (const auto& sample : test::samples<TestType>()) {
    const auto clear = [&](Message& parent, const FieldDescriptor& field, int index) {
      // JPY has exponent 0, so leaving it out changes nothing; lists may be empty.
      const bool zero = field.cpp_type() == FieldDescriptor::CPPTYPE_INT32 &&
                        parent.GetReflection()->GetInt32(parent, &field) == 0;
      if (index >= 0 || zero || optional.contains(field.full_name())) return false;
      parent.GetReflection()->ClearField(&parent, &field);
      return true;
    };
    change_each_field(to_wire(sample), clear, check_refused<WireOf<TestType>>);
  }
}

TEMPLATE_TEST_CASE("what is accepted is written back byte for byte, whatever bit was flipped", "",
                   SET_TEST_ALL_MAPPINGS) {
  using Wire = WireOf<TestType>;
  for (const auto& sample : test::samples<TestType>()) {
    const auto original = serialize(to_wire(sample));
    int lost = 0;
    for (std::size_t at = 0; at < original.size() * 8; ++at) {
      auto bytes = original;
      bytes[at / 8] ^= static_cast<std::uint8_t>(1U << (at % 8));
      const auto wire = parse_as<Wire>(bytes);
      if (!wire) continue;
      const auto value = from_wire(*wire);
      if (!value) continue;
      auto again = to_wire(*value);
      copy_sw_ident(*wire, again);
      // A header, an extension or another thing outside the struct may appear; it is no loss.
      auto inside = *wire;
      test::visit_fields(inside, [](Message& parent, const FieldDescriptor& field, int index) {
        if (test::is_outside_struct(field) && index <= 0) {
          parent.GetReflection()->ClearField(&parent, &field);
        }
      });
      if (serialize(again) != serialize(inside)) ++lost;
    }
    CHECK(lost == 0);
  }
}

}  // namespace
}  // namespace set
