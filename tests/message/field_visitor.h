// Reaches every field of a protobuf message, however deep, to change one at a time.
#pragma once

#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

namespace set::test {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

/// Parts that the structs have no member for: the header is open.cpp's, the others are only passed
/// over (extensions).
inline bool is_outside_struct(const FieldDescriptor& field) {
  return field.name() == "header" || field.name() == "extensions";
}

/// Calls visit(parent, field, index) for each field that is set; index is -1 unless repeated.
template <class Visit>
void visit_fields(Message& message, Visit&& visit) {
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const auto* field : fields) {
    const bool nested = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (!field->is_repeated()) {
      if (nested) visit_fields(*reflection.MutableMessage(&message, field), visit);
      visit(message, *field, -1);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      if (nested) visit_fields(*reflection.MutableRepeatedMessage(&message, field, i), visit);
      visit(message, *field, i);
    }
  }
}

/// Calls visit(changed copy, name of the field) for each field that change(parent, field, index)
/// says it has changed.
template <class Wire, class Change, class Visit>
void change_each_field(const Wire& original, Change&& change, Visit&& visit) {
  int count = 0;
  auto counted = original;
  visit_fields(counted, [&](Message&, const FieldDescriptor&, int) { ++count; });
  for (int target = 0; target < count; ++target) {
    auto copy = original;
    int at = 0;
    std::string name;
    bool changed = false;
    visit_fields(copy, [&](Message& parent, const FieldDescriptor& field, int index) {
      if (at++ != target || changed) return;
      changed = change(parent, field, index);
      name = field.full_name();
    });
    if (changed) visit(copy, name);
  }
}

}  // namespace set::test
