// A message as the parts that have fields: the wrapper's header, the body under the seal, the
// signed content, and what baggage holds. Each can be changed and the whole closed again by its
// sender.
#pragma once

#include "tests/flow/dual.h"

namespace set::flow {

struct Part {
  std::string name;  ///< "MessageHeader", "Body", "content", "baggage", "OIData", "PIHead" …
  std::shared_ptr<const Message> value;
  /// The whole message with this in place of `value`.
  std::function<Forged(const Message&)> forge;
};

std::vector<Part> parts_of_request(const Exchange& exchange);
std::vector<Part> parts_of_answer(const Exchange& exchange, ByteView answer);

/// The message with these bytes as its content, signed by its sender.
Forged with_content(const Exchange& exchange, Bytes content);
Forged with_answer_content(const Exchange& exchange, ByteView answer, Bytes content);

}  // namespace set::flow
