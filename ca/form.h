// The registration forms of this CA: which one a requester gets, by role, BIN, brand and language,
// and which BINs are referred elsewhere (set-1997 §3.1: "select form by BIN, brand, language").
// Pure; immutable, any thread.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/crypto/certificate.h"
#include "common/message/enrollment.h"

namespace set::ca {

/// The field that the issuer compares with the card; every cardholder's form has it.
inline constexpr std::string_view kCardholderName = "cardholderName";
/// Fields of a merchant's or gateway's form that fill its certificate where no token does.
inline constexpr std::string_view kPartyName = "name";
inline constexpr std::string_view kPartyCity = "city";
inline constexpr std::string_view kPartyCountry = "country";

/// Whom an entry of the form file is for. Empty lists: for all.
struct FormScope {
  Role role = Role::cardholder;
  std::vector<std::string> bins;  ///< prefixes, 1 to 6 digits
  std::vector<std::string> brands;
};
struct FormEntry {
  FormScope scope;
  std::string language;  ///< RFC 5646 tag
  RegFormData form;      ///< reg_form_id is derived from the rest
};
struct ReferralEntry {
  FormScope scope;
  ReferralData data;
};

/// Who asks for a form.
struct FormWish {
  Role role;
  std::string_view bin, brand, language;
  bool renewal = false;  ///< has no fields: the certificate being renewed answers for who asks
};
struct ChosenForm {
  const RegFormData* form;
  bool language_fits;  ///< false: there is none in this language; CertRes says invalidLanguage
};
/// None: no entry is for this requester.
using FormChoice = std::variant<std::monostate, ChosenForm, const ReferralData*>;

class FormBook {
 public:
  /// One form for cardholders and one without fields for merchants and gateways, in English.
  static FormBook standard();
  /// A form file (deploy/sandbox/forms.toml shows its keys). What it has no form for is taken from
  /// standard(). bad_config with the line of what is wrong.
  static Result<FormBook> parse(std::string_view toml);

  /// The entry with the longest fitting BIN prefix, then one that names the brand; among those the
  /// language as asked, or shortened from its end as RFC 4647 §3.4 does ("de-CH" takes "de").
  FormChoice choose(const FormWish& wish) const;

 private:
  std::vector<FormEntry> forms_;
  std::vector<ReferralEntry> referrals_;
};

/// An id that changes whenever the form does: "RegFormID is current" then means what it says.
std::uint32_t form_id_of(const RegFormData& form);

/// AcctDataField: merchants and gateways present their token. `required` false where an operator
/// decides.
RegField enrolment_token_field(bool required);
/// What stands for the token where none is given.
inline constexpr std::string_view kNoToken = "none";

}  // namespace set::ca
