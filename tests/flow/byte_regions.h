// Which octet of a MessageWrapper is what, and which codes its change may have by docs/protocol.md.
#pragma once

#include <string>
#include <vector>

#include "common/message/treatment.h"

namespace set::flow {

/// For each octet: the path of the field whose value it belongs to ("header.rrpid",
/// "sealed.encapsulated", "clear.bag.certificates"), or of the message whose framing it is part of
/// ("framing", "header.framing").
std::vector<std::string> regions_of(ByteView wrapper);

/// The words that a change there may be answered with.
const std::vector<std::string>& words_for(const std::string& region, const TreatmentInfo& info);

}  // namespace set::flow
