// Opens a message with its receiver's keys and closes it again with its sender's: what only the
// rightful two can do, and so what a test must do to get a changed field past seal and signature.
#pragma once

#include "tests/flow/exchange.h"

namespace set::flow {

struct Inside {
  wire::MessageHeader header;
  wire::Body body;
  std::shared_ptr<const SecretBytes> account;  ///< null where there is none
};

/// A message to be delivered, with what opens the answer (a request's own; an answer's request's).
struct Forged {
  Bytes wire;
  std::shared_ptr<const PendingReply> pending;
  std::shared_ptr<const Party> sender = nullptr;  ///< where it is not the exchange's own
};

Inside open_request(const Exchange& exchange);
Inside open_request(ByteView wire, const TreatmentInfo& info, const Party& receiver);
Forged close_request(const Exchange& exchange, const Inside& inside);
Inside open_answer(const Exchange& exchange, ByteView answer);
Forged close_answer(const Exchange& exchange, const Inside& inside);

const std::string& content_of(const wire::Body& body);
/// Puts this content into the body, signed anew where the message is signed.
void put_content(wire::Body& body, const TreatmentInfo& info, Bytes content, const Party& signer);
/// Party of the answer's or request's signer with these certificates in the bag instead.
void put_chain(wire::Body& body, const Chain& chain);

/// Change of a request's content, a message of type Wire, signed by `signer`.
template <class Wire, class Change>
Forged change_request(const Exchange& exchange, const Change& change) {
  auto inside = open_request(exchange);
  auto content = must(parse_as<Wire>(view_of(content_of(inside.body))));
  change(content);
  put_content(inside.body, exchange.request, serialize(content), *exchange.sender);
  return close_request(exchange, inside);
}

/// The same for an answer, signed by the one who gave it.
template <class Wire, class Change>
Forged change_answer(const Exchange& exchange, ByteView answer, const Change& change) {
  auto inside = open_answer(exchange, answer);
  auto content = must(parse_as<Wire>(view_of(content_of(inside.body))));
  change(content);
  put_content(inside.body, exchange.answer, serialize(content), *exchange.receiver);
  return close_answer(exchange, inside);
}

}  // namespace set::flow
