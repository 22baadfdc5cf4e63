// The form file: TOML as in deploy/sandbox/forms.toml.
#include <algorithm>

#include "ca/form.h"
#include "common/message/reg_form.h"
#include "common/message/wire.h"

// Without exceptions the parser returns its error as a value; the system's shared library was built
// with them, hence the header alone.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace set::ca {
namespace {

constexpr std::size_t kMaxFields = 32;
constexpr std::int64_t kMaxFieldLength = 1024;
constexpr std::string_view kRegFieldArc = "2.23.42.2.";

tl::unexpected<Error> malformed(const toml::node& where, const std::string& what) {
  return failure(ErrorCode::bad_config,
                 "line " + std::to_string(where.source().begin.line) + ": " + what);
}

Result<void> check_keys(const toml::table& table, std::initializer_list<std::string_view> known) {
  for (const auto& [key, node] : table) {
    if (std::ranges::find(known, key.str()) == known.end()) {
      return malformed(node, "unknown key \"" + std::string(key.str()) + "\"");
    }
  }
  return {};
}

Result<std::string> text_of(const toml::table& table, std::string_view key, std::size_t most,
                            bool required = false) {
  const auto* node = table.get(key);
  if (node == nullptr) {
    if (required) return malformed(table, "\"" + std::string(key) + "\" is missing");
    return std::string();
  }
  const auto text = node->value_exact<std::string>();
  if (!text) return malformed(*node, "\"" + std::string(key) + "\" must be a text in quotes");
  if (!text_from_wire(*text, most, "text"))
    return malformed(*node, "\"" + std::string(key) + "\" is longer than " + std::to_string(most) +
                                " octets or no text");
  return *text;
}

Result<bool> flag_of(const toml::table& table, std::string_view key) {
  const auto* node = table.get(key);
  if (node == nullptr) return false;
  const auto flag = node->value_exact<bool>();
  if (!flag) return malformed(*node, "\"" + std::string(key) + "\" must be true or false");
  return *flag;
}

Result<std::vector<std::string>> texts_of(const toml::table& table, std::string_view key,
                                          std::size_t most) {
  std::vector<std::string> out;
  const auto* node = table.get(key);
  if (node == nullptr) return out;
  const auto rule = "\"" + std::string(key) + "\" must be a list of texts in quotes";
  if (node->as_array() == nullptr) return malformed(*node, rule);
  for (const auto& item : *node->as_array()) {
    const auto text = item.value_exact<std::string>();
    if (!text || text->empty() || text->size() > most) return malformed(item, rule);
    out.push_back(*text);
  }
  return out;
}

Result<FormScope> scope_of(const toml::table& table) {
  FormScope scope;
  const auto role = TRY(text_of(table, "role", 16, true));
  if (role == "merchant") {
    scope.role = Role::merchant;
  } else if (role == "gateway") {
    scope.role = Role::gateway;
  } else if (role != "cardholder") {
    return malformed(table, "role is cardholder, merchant or gateway");
  }
  scope.bins = TRY(texts_of(table, "bins", 6));
  for (const auto& bin : scope.bins) {
    if (!std::ranges::all_of(bin, [](char c) { return c >= '0' && c <= '9'; }))
      return malformed(*table.get("bins"), "a BIN is given by its first one to six digits");
  }
  scope.brands = TRY(texts_of(table, "brands", 40));
  return scope;
}

Result<RegFieldType> type_of(const toml::table& table) {
  const auto word = TRY(text_of(table, "type", 16));
  if (word.empty()) return RegFieldType::text;
  for (int i = 0; i <= static_cast<int>(RegFieldType::choice); ++i) {
    const auto type = static_cast<RegFieldType>(i);
    if (to_string(type) == word) return type;
  }
  return malformed(*table.get("type"),
                   "type is one of text, digits, date, e-mail, telephone, choice");
}

Result<RegField> field_of(const toml::node& node) {
  if (node.as_table() == nullptr) return malformed(node, "a field is a table");
  const auto& table = *node.as_table();
  TRY(check_keys(table, {"name", "id", "description", "length", "required", "hidden", "type",
                         "choices"}));
  RegField field;
  field.field_name = TRY(text_of(table, "name", 64, true));
  if (field.field_name.empty()) return malformed(table, "a field's name is empty");
  field.field_id = TRY(text_of(table, "id", 64));
  if (!field.field_id.empty() && !field.field_id.starts_with(kRegFieldArc))
    return malformed(*table.get("id"), "a field's id is an OID under 2.23.42.2");
  field.field_desc = TRY(text_of(table, "description", 256));
  const auto length = table["length"].value_or(std::int64_t{0});
  if (length < 1 || length > kMaxFieldLength)
    return malformed(table, "\"length\" must be 1 to 1024 characters");
  field.field_len = static_cast<unsigned>(length);
  field.required = TRY(flag_of(table, "required"));
  field.invisible = TRY(flag_of(table, "hidden"));
  field.type = TRY(type_of(table));
  field.choices = TRY(texts_of(table, "choices", 64));
  if ((field.type == RegFieldType::choice) == field.choices.empty())
    return malformed(table, "choices belong to a field of type \"choice\"");
  return field;
}

Result<FormEntry> form_of(const toml::node& node) {
  if (node.as_table() == nullptr) return malformed(node, "a form is a table");
  const auto& table = *node.as_table();
  TRY(check_keys(table, {"role", "bins", "brands", "language", "policy", "field"}));
  FormEntry entry;
  entry.scope = TRY(scope_of(table));
  entry.language = TRY(text_of(table, "language", 35, true));
  if (!is_language(entry.language))
    return malformed(*table.get("language"), "language is a tag such as \"en\" or \"de-CH\"");
  entry.form.policy_text = TRY(text_of(table, "policy", 16 * 1024, true));
  if (const auto* fields = table.get("field")) {
    if (fields->as_array() == nullptr) return malformed(*fields, "fields are written [[form.field]]");
    for (const auto& item : *fields->as_array()) {
      auto field = TRY(field_of(item));
      const auto& all = entry.form.fields;
      if (std::ranges::find(all, field.field_name, &RegField::field_name) != all.end())
        return malformed(item, "this field is there twice");
      entry.form.fields.push_back(std::move(field));
    }
  }
  if (entry.form.fields.size() > kMaxFields) return malformed(table, "a form has at most 32 fields");
  const auto& fields = entry.form.fields;
  const auto name = std::ranges::find(fields, kCardholderName, &RegField::field_name);
  if (entry.scope.role == Role::cardholder && (name == fields.end() || !name->required))
    return malformed(table, "a cardholder's form asks for \"cardholderName\", required: the issuer "
                            "compares it with the card");
  entry.form.reg_form_id = form_id_of(entry.form);
  return entry;
}

Result<ReferralEntry> referral_of(const toml::node& node) {
  if (node.as_table() == nullptr) return malformed(node, "a referral is a table");
  const auto& table = *node.as_table();
  TRY(check_keys(table, {"role", "bins", "brands", "reason", "urls"}));
  auto scope = TRY(scope_of(table));
  auto reason = TRY(text_of(table, "reason", 1024, true));
  auto urls = TRY(texts_of(table, "urls", 256));
  const auto visible = [](char c) { return c > ' ' && c <= '~'; };
  const bool plain =
      std::ranges::all_of(urls, [&](const auto& url) { return std::ranges::all_of(url, visible); });
  if (urls.size() > 8 || !plain) return malformed(table, "at most 8 URLs, printable, no spaces");
  return ReferralEntry{std::move(scope), {std::move(reason), std::move(urls)}};
}

template <class Entry>
Result<void> read_entries(const toml::table& table, std::string_view key,
                          Result<Entry> (*read)(const toml::node&), std::vector<Entry>& out) {
  const auto* node = table.get(key);
  if (node == nullptr) return {};
  if (node->as_array() == nullptr)
    return malformed(*node, "entries are written [[" + std::string(key) + "]]");
  for (const auto& item : *node->as_array()) out.push_back(TRY(read(item)));
  return {};
}

}  // namespace

Result<FormBook> FormBook::parse(std::string_view toml) {
  auto result = toml::parse(toml);
  if (!result) {
    return failure(ErrorCode::bad_config, "line " +
                                              std::to_string(result.error().source().begin.line) +
                                              ": " + std::string(result.error().description()));
  }
  const auto& table = result.table();
  TRY(check_keys(table, {"form", "referral"}));
  FormBook book;
  TRY(read_entries(table, "form", form_of, book.forms_));
  TRY(read_entries(table, "referral", referral_of, book.referrals_));
  for (auto& entry : standard().forms_) {
    const auto same_role = [&](const FormEntry& other) {
      return other.scope.role == entry.scope.role;
    };
    if (std::ranges::none_of(book.forms_, same_role)) book.forms_.push_back(std::move(entry));
  }
  return book;
}

}  // namespace set::ca
