#include "wallet/local_service.h"

#include "wallet/local_status.h"
#include "wallet/view.h"

namespace set::wallet {
namespace {

/// Runs `body`, which returns a Result<void>, as the whole of an RPC.
template <class Body>
grpc::Status answer(Body&& body) {
  const Result<void> done = body();
  return done ? grpc::Status::OK : local_status(done.error());
}

wire::RegistrationForm form_of(const RegFormData& form) {
  wire::RegistrationForm out;
  out.set_policy_text(form.policy_text);
  for (const auto& field : form.fields) {
    auto& to = *out.add_fields();
    to.set_name(field.field_name);
    to.set_description(field.field_desc);
    to.set_max_length(field.field_len);
    to.set_required(field.required);
    to.set_secret(field.invisible);
  }
  return out;
}

/// The issuer's form goes to the terminal, the answers come back.
Result<std::vector<RegFormAnswer>> ask_user(AddCardStream& stream, const RegFormData& form) {
  wire::AddCardResponse question;
  *question.mutable_form() = form_of(form);
  wire::AddCardRequest request;
  CHECK_OR_FAIL(stream.Write(question) && stream.Read(&request) && request.has_answers(),
                ErrorCode::invalid_argument, "the registration was given up");
  std::vector<std::pair<std::string, std::string>> values;
  for (const auto& answer : request.answers().answers()) {
    values.emplace_back(answer.field_name(), answer.value());
  }
  return answers_by_name(form, values);
}

}  // namespace

LocalService::LocalService(wallet::Service& service, Rng& rng)
    : service_(service), entry_key_(KemPrivateKey::generate(rng)) {}

grpc::Status LocalService::PublicKey(grpc::ServerContext*, const wire::PublicKeyRequest*,
                                     wire::PublicKeyResponse* response) {
  response->set_kem_public_key(string_of(entry_key_.public_key().raw()));
  return grpc::Status::OK;
}

Result<CardView> LocalService::add_card(AddCardStream& stream) {
  wire::AddCardRequest request;
  CHECK_OR_FAIL(stream.Read(&request) && request.has_start(), ErrorCode::invalid_argument,
                "the registration begins with a card");
  const auto& start = request.start();
  auto card = TRY(open_card(from_local(start.account()), entry_key_));
  const CardIssuer issuer{start.ca(), start.trust_pem(), start.root_fingerprint()};
  const FillForm fill_form = [&stream](const RegFormData& form) { return ask_user(stream, form); };
  return service_.add_card(std::move(card), issuer, fill_form);
}

grpc::Status LocalService::AddCard(grpc::ServerContext*, AddCardStream* stream) {
  return answer([&]() -> Result<void> {
    const auto card = TRY(add_card(*stream));
    wire::AddCardResponse response;
    *response.mutable_card() = to_local(card);
    stream->Write(response);
    return {};
  });
}

grpc::Status LocalService::ListCards(grpc::ServerContext*, const wire::ListCardsRequest*,
                                     wire::ListCardsResponse* response) {
  return answer([&]() -> Result<void> {
    for (const auto& card : TRY(service_.cards())) *response->add_cards() = to_local(card);
    return {};
  });
}

grpc::Status LocalService::Offer(grpc::ServerContext*, const wire::OfferRequest* request,
                                 wire::OfferResponse* response) {
  return answer([&]() -> Result<void> {
    const auto shown = TRY(service_.offer(request->link(), request->card()));
    *response = to_local(shown.offered, shown.card);
    return {};
  });
}

grpc::Status LocalService::Confirm(grpc::ServerContext*, const wire::ConfirmRequest* request,
                                   wire::ConfirmResponse* response) {
  return answer([&]() -> Result<void> {
    const auto lid_c = TRY(LIDC::parse(request->offer_id()));
    std::optional<CardVerificationValue> cvv;
    if (request->has_verification_value()) {
      cvv = TRY(open_cvv(from_local(request->verification_value()), entry_key_));
    }
    const auto state = TRY(service_.confirm(lid_c, std::move(cvv)));
    *response->mutable_purchase() = to_local(state);
    return {};
  });
}

grpc::Status LocalService::ListPurchases(grpc::ServerContext*, const wire::ListPurchasesRequest*,
                                         wire::ListPurchasesResponse* response) {
  return answer([&]() -> Result<void> {
    for (const auto& state : TRY(service_.purchases())) *response->add_purchases() = to_local(state);
    return {};
  });
}

grpc::Status LocalService::Inquire(grpc::ServerContext*, const wire::InquireRequest* request,
                                   wire::InquireResponse* response) {
  return answer([&]() -> Result<void> {
    const auto xid = TRY(XID::parse(request->xid()));
    *response->mutable_purchase() = to_local(TRY(service_.inquire(xid)));
    return {};
  });
}

grpc::Status LocalService::VerifyReceipt(grpc::ServerContext*,
                                         const wire::VerifyReceiptRequest* request,
                                         wire::VerifyReceiptResponse* response) {
  return answer([&]() -> Result<void> {
    const auto xid = TRY(XID::parse(request->xid()));
    const auto verified = TRY(service_.receipt(xid));
    const auto& offer = verified.purchase.order.offer;
    *response->mutable_purchase() = to_local(verified.purchase);
    for (const auto& proof : verified.receipt.proofs) response->add_proofs(proof);
    response->set_merchant_certificate(offer.merchant.signature.thumbprint().hex());
    response->set_card_certificate(verified.card_certificate.hex());
    response->set_gateway_certificate(offer.gateway.thumbprint().hex());
    return {};
  });
}

grpc::Status LocalService::Resume(grpc::ServerContext*, const wire::ResumeRequest*,
                                  wire::ResumeResponse* response) {
  return answer([&]() -> Result<void> {
    for (const auto& state : TRY(service_.resume())) *response->add_purchases() = to_local(state);
    return {};
  });
}

}  // namespace set::wallet
