// PEM texts with certificates, taken apart. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "common/base/bytes.h"

namespace set {

/// The DER of every block, in order. bad_config if there is none, one is not a certificate, or one
/// is malformed; `name` (a file's) is for the sentence.
Result<std::vector<Bytes>> certificates_of_pem(std::string_view pem, std::string_view name);

}  // namespace set
