#include "tests/flow/parts.h"

namespace set::flow {
namespace {

template <class Wire>
std::shared_ptr<const Message> share(const Wire& value) {
  return std::make_shared<const Wire>(value);
}

std::shared_ptr<const Message> parse_like(const Message& prototype, ByteView bytes) {
  std::shared_ptr<Message> out(prototype.New());
  must(parse_canonical(bytes, *out));
  return out;
}

template <class Wire>
const Wire& as(const Message& message) {
  return dynamic_cast<const Wire&>(message);
}

using Close = std::function<Forged(const Inside&)>;

// Header, body and content, which requests and answers have alike. What the requester says of its
// signer stays as it is where only header or body change.
std::vector<Part> common_parts(const Inside& inside, const TreatmentInfo& info,
                               const Message& prototype, std::shared_ptr<const Party> signer,
                               const Close& close) {
  std::vector<Part> parts;
  parts.push_back({"MessageHeader", share(inside.header), [=](const Message& header) {
                     auto changed = inside;
                     changed.header = as<wire::MessageHeader>(header);
                     return close(changed);
                   }});
  parts.push_back({"Body", share(inside.body), [=](const Message& body) {
                     auto changed = inside;
                     changed.body = as<wire::Body>(body);
                     return close(changed);
                   }});
  parts.push_back({"content", parse_like(prototype, view_of(content_of(inside.body))),
                   [=](const Message& content) {
                     auto changed = inside;
                     put_content(changed.body, info, serialize(content), *signer);
                     return close(changed);
                   }});
  return parts;
}

// Baggage that the signed content names by its digest.
template <class Content, class Baggage>
Part linked_baggage(const Inside& inside, const TreatmentInfo& info,
                    std::shared_ptr<const Party> signer, const Close& close) {
  return {"baggage", share(must(parse_as<Baggage>(view_of(inside.body.baggage())))),
          [=](const Message& baggage) {
            auto changed = inside;
            const auto bytes = serialize(baggage);
            auto content = must(parse_as<Content>(view_of(content_of(inside.body))));
            content.mutable_header()->set_baggage_digest(baggage_digest_of(bytes).str());
            changed.body.set_baggage(string_of(bytes));
            put_content(changed.body, info, serialize(content), *signer);
            return close(changed);
          }};
}

enum class Rebind { no, payment, all };

template <class Wire>
Part dual_part(std::string name, const Exchange& exchange, const Dual& dual, Wire Dual::*member,
               Rebind rebind) {
  return {std::move(name), share(dual.*member), [=](const Message& value) {
            auto changed = dual;
            changed.*member = as<Wire>(value);
            if (rebind != Rebind::no) bind(changed, rebind == Rebind::all);
            return with_dual(exchange, changed);
          }};
}

void add_preq_parts(const Exchange& exchange, const Inside& inside, std::vector<Part>& parts) {
  const auto dual = dual_of(exchange);
  // The PI is sealed under its PI-TBS, so the content is changed with it.
  parts.back() = dual_part("content", exchange, dual, &Dual::pi_tbs, Rebind::no);
  parts.push_back({"baggage",
                   share(must(parse_as<wire::PReqBaggage>(view_of(inside.body.baggage())))),
                   [=](const Message& baggage) {
                     auto changed = inside;
                     changed.body.set_baggage(string_of(serialize(baggage)));
                     return close_request(exchange, changed);
                   }});
  parts.push_back(dual_part("OIData", exchange, dual, &Dual::oi_data, Rebind::all));
}

void add_auth_req_parts(const Exchange& exchange, const Inside& inside, const Close& close,
                        std::vector<Part>& parts) {
  const auto dual = dual_of(exchange);
  parts.push_back(linked_baggage<wire::AuthReqData, wire::PI>(inside, exchange.request,
                                                              exchange.sender, close));
  parts.push_back(dual_part("PI-TBS", exchange, dual, &Dual::pi_tbs, Rebind::no));
  parts.push_back(dual_part("PIHead", exchange, dual, &Dual::pi_head, Rebind::payment));
  parts.push_back(dual_part("PI-OILink", exchange, dual, &Dual::link, Rebind::no));
}

// CapTokenSeq beside the items.
template <class Content>
void add_tokens_part(const Exchange& exchange, const Inside& inside, const Close& close,
                     std::vector<Part>& parts) {
  parts.push_back(
      linked_baggage<Content, wire::CapTokenSeq>(inside, exchange.request, exchange.sender, close));
}

}  // namespace

std::vector<Part> parts_of_request(const Exchange& exchange) {
  const auto inside = open_request(exchange);
  const Close close = [=](const Inside& changed) { return close_request(exchange, changed); };
  auto parts =
      common_parts(inside, exchange.request, *exchange.request_content, exchange.sender, close);
  if (exchange.request.type == wire::MESSAGE_TYPE_P_REQ) add_preq_parts(exchange, inside, parts);
  if (exchange.request.type == wire::MESSAGE_TYPE_AUTH_REQ) {
    add_auth_req_parts(exchange, inside, close, parts);
  }
  if (exchange.request.type == wire::MESSAGE_TYPE_AUTH_REV_REQ) {
    parts.push_back(linked_baggage<wire::AuthRevReqData, wire::AuthRevReqBaggage>(
        inside, exchange.request, exchange.sender, close));
  }
  if (exchange.request.type == wire::MESSAGE_TYPE_CAP_REQ)
    add_tokens_part<wire::CapReqData>(exchange, inside, close, parts);
  if (exchange.request.type == wire::MESSAGE_TYPE_CAP_REV_REQ ||
      exchange.request.type == wire::MESSAGE_TYPE_CRED_REQ ||
      exchange.request.type == wire::MESSAGE_TYPE_CRED_REV_REQ) {
    add_tokens_part<wire::CapRevOrCredReqData>(exchange, inside, close, parts);
  }
  return parts;
}

std::vector<Part> parts_of_answer(const Exchange& exchange, ByteView answer) {
  const auto inside = open_answer(exchange, answer);
  const Close close = [=](const Inside& changed) { return close_answer(exchange, changed); };
  auto parts =
      common_parts(inside, exchange.answer, *exchange.answer_content, exchange.receiver, close);
  if (exchange.answer.type == wire::MESSAGE_TYPE_AUTH_RES) {
    parts.push_back(linked_baggage<wire::AuthResData, wire::AuthResBaggage>(
        inside, exchange.answer, exchange.receiver, close));
  }
  if (exchange.answer.type == wire::MESSAGE_TYPE_AUTH_REV_RES) {
    parts.push_back(linked_baggage<wire::AuthRevResData, wire::AuthRevResBaggage>(
        inside, exchange.answer, exchange.receiver, close));
  }
  return parts;
}

Forged with_content(const Exchange& exchange, Bytes content) {
  auto inside = open_request(exchange);
  put_content(inside.body, exchange.request, std::move(content), *exchange.sender);
  return close_request(exchange, inside);
}

Forged with_answer_content(const Exchange& exchange, ByteView answer, Bytes content) {
  auto inside = open_answer(exchange, answer);
  put_content(inside.body, exchange.answer, std::move(content), *exchange.receiver);
  return close_answer(exchange, inside);
}

}  // namespace set::flow
