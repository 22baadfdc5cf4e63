// The door of the wallet's daemon: WalletService over the unix socket. Each RPC is one call of
// Service; a failure goes back as a gRPC status whose details hold our code, since the caller is the
// same person. Runs on gRPC's threads.
#pragma once

#include "common/crypto/kem.h"
#include "set/v1/local.grpc.pb.h"
#include "wallet/service.h"

namespace set::wallet {

using AddCardStream = grpc::ServerReaderWriter<wire::AddCardResponse, wire::AddCardRequest>;

class LocalService final : public wire::WalletService::Service {
 public:
  /// Makes the key to which card numbers are sealed; it lives as long as this object.
  LocalService(wallet::Service& service, Rng& rng);

  grpc::Status PublicKey(grpc::ServerContext* context, const wire::PublicKeyRequest* request,
                         wire::PublicKeyResponse* response) override;
  grpc::Status AddCard(grpc::ServerContext* context, AddCardStream* stream) override;
  grpc::Status ListCards(grpc::ServerContext* context, const wire::ListCardsRequest* request,
                         wire::ListCardsResponse* response) override;
  grpc::Status RenewCard(grpc::ServerContext* context, const wire::RenewCardRequest* request,
                         wire::RenewCardResponse* response) override;
  grpc::Status Offer(grpc::ServerContext* context, const wire::OfferRequest* request,
                     wire::OfferResponse* response) override;
  grpc::Status Confirm(grpc::ServerContext* context, const wire::ConfirmRequest* request,
                       wire::ConfirmResponse* response) override;
  grpc::Status ListPurchases(grpc::ServerContext* context,
                             const wire::ListPurchasesRequest* request,
                             wire::ListPurchasesResponse* response) override;
  grpc::Status Inquire(grpc::ServerContext* context, const wire::InquireRequest* request,
                       wire::InquireResponse* response) override;
  grpc::Status VerifyReceipt(grpc::ServerContext* context,
                             const wire::VerifyReceiptRequest* request,
                             wire::VerifyReceiptResponse* response) override;
  grpc::Status ExportReceipt(grpc::ServerContext* context,
                             const wire::ExportReceiptRequest* request,
                             wire::ExportReceiptResponse* response) override;
  grpc::Status Resume(grpc::ServerContext* context, const wire::ResumeRequest* request,
                      wire::ResumeResponse* response) override;

 private:
  Result<CardView> add_card(AddCardStream& stream);

  wallet::Service& service_;
  KemPrivateKey entry_key_;
};

}  // namespace set::wallet
