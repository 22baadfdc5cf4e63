#include "wallet/local_service.h"

#include "common/message/reg_form.h"
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

using Values = std::vector<std::pair<std::string, std::string>>;

/// A field's name; beyond the fields the number is of an answer to none.
std::string name_of(const FailedItem& item, const RegFormData& form, const Values& values) {
  const std::size_t place = item.item_number - 1;
  if (place < form.fields.size()) return form.fields[place].field_name;
  const auto answers = answers_by_name(form, values);
  const auto answer = place - form.fields.size();
  return answer < answers.size() ? answers[answer].field_name : std::string();
}

wire::RegistrationForm form_of(const RegFormData& form, const std::vector<FailedItem>& failed,
                               const Values& last) {
  wire::RegistrationForm out;
  for (const auto& item : failed) {
    auto& to = *out.add_failed();
    to.set_name(name_of(item, form, last));
    to.set_reason(item.reason);
  }
  out.set_policy_text(form.policy_text);
  for (const auto& field : form.fields) {
    auto& to = *out.add_fields();
    to.set_name(field.field_name);
    to.set_description(field.field_desc);
    to.set_max_length(field.field_len);
    to.set_required(field.required);
    to.set_secret(field.invisible);
    to.set_type(std::string(to_string(field.type)));
    for (const auto& choice : field.choices) to.add_choices(choice);
  }
  return out;
}

/// The issuer's form goes to the terminal, the answers come back. `last` is what came before.
Result<std::vector<RegFormAnswer>> ask_user(AddCardStream& stream, const RegFormData& form,
                                            const std::vector<FailedItem>& failed, Values& last) {
  wire::AddCardResponse question;
  *question.mutable_form() = form_of(form, failed, last);
  wire::AddCardRequest request;
  CHECK_OR_FAIL(stream.Write(question) && stream.Read(&request) && request.has_answers(),
                ErrorCode::invalid_argument, "the registration was given up");
  last.clear();
  for (const auto& answer : request.answers().answers()) {
    last.emplace_back(answer.field_name(), answer.value());
  }
  return answers_by_name(form, last);
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
  const CardIssuer issuer{start.ca(), start.trust_pem(), start.root_fingerprint(),
                          start.language().empty() ? "en" : start.language(),
                          start.trust_url()};
  Values last;
  const FillForm fill_form = [&](const RegFormData& form, const std::vector<FailedItem>& failed) {
    return ask_user(stream, form, failed, last);
  };
  const OnPended on_pended = [&stream](Duration retry_after) {
    wire::AddCardResponse response;
    response.mutable_pended()->set_retry_after_ms(retry_after.count());
    stream.Write(response);
  };
  const OnRefused on_refused = [&stream](const std::string& message) {
    wire::AddCardResponse response;
    response.mutable_refused()->set_message(message);
    stream.Write(response);
  };
  return service_.add_card(std::move(card), issuer, fill_form, on_pended, on_refused);
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

grpc::Status LocalService::RenewCard(grpc::ServerContext*, const wire::RenewCardRequest* request,
                                     wire::RenewCardResponse* response) {
  return answer([&]() -> Result<void> {
    *response->mutable_card() = to_local(TRY(service_.renew_card(request->card(), request->ca())));
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
    *response->mutable_purchase() = to_local(state, TRY(service_.card_messages(state)));
    return {};
  });
}

grpc::Status LocalService::ListPurchases(grpc::ServerContext*,
                                         const wire::ListPurchasesRequest* request,
                                         wire::ListPurchasesResponse* response) {
  return answer([&]() -> Result<void> {
    for (const auto& state : TRY(service_.purchases())) {
      if (request->at_most() > 0 && response->purchases_size() >= request->at_most()) break;
      auto purchase = to_local(state);
      if (request->mandates_only() && !purchase.has_mandate()) continue;
      *response->add_purchases() = std::move(purchase);
    }
    return {};
  });
}

grpc::Status LocalService::Inquire(grpc::ServerContext*, const wire::InquireRequest* request,
                                   wire::InquireResponse* response) {
  return answer([&]() -> Result<void> {
    const auto xid = TRY(XID::parse(request->xid()));
    const auto state = TRY(service_.inquire(xid));
    *response->mutable_purchase() = to_local(state, TRY(service_.card_messages(state)));
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

grpc::Status LocalService::ExportReceipt(grpc::ServerContext*,
                                         const wire::ExportReceiptRequest* request,
                                         wire::ExportReceiptResponse* response) {
  return answer([&]() -> Result<void> {
    const auto xid = TRY(XID::parse(request->xid()));
    response->set_evidence(TRY(service_.export_receipt(xid)));
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
