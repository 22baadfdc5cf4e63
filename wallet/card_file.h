// The private file that `set-wallet card add --card-file` reads, for scripts. TOML, of which only this
// is taken: [form], comments and key = "value" without escapes. Read by hand, since a TOML library
// would leave the card number on the heap. Pure.
//
//   number = "4111 1111 1111 1111"
//   expiry = "2030-12"
//   verification = "123"
//   name = "Ada Lovelace"          # the form's field cardholderName
//   [form]
//   email = "ada@example.org"      # any other field of the issuer's form, by its name
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "wallet/card_entry.h"

namespace set::wallet {

struct CardFile {
  EnteredCard card;
  std::vector<std::pair<std::string, std::string>> form;
};

/// invalid_argument with the number of the line that is wrong, never with its text.
Result<CardFile> parse_card_file(std::string_view text);

}  // namespace set::wallet
