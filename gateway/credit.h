// Capture reversal, credit and credit reversal at the gateway: CapRevReq, CredReq and CredRevReq
// in, their answers out (set-1997 §3.8; protocol §9). Called as capture.h. Pure; any thread.
#pragma once

#include "common/message/credit.h"
#include "gateway/capture.h"

namespace set::gateway {

/// Errors of all three: invalid_certificate (not our merchant), decoding_failure (CapTokenSeq).
Result<AskedRequest> accept_cap_rev_req(const Verified<CapRevReq>& request, ByteView baggage,
                                        const Party& self, const GatewayTerms& gateway,
                                        Instant now);
Result<AskedRequest> accept_cred_req(const Verified<CredReq>& request, ByteView baggage,
                                     const Party& self, const GatewayTerms& gateway, Instant now);
Result<AskedRequest> accept_cred_rev_req(const Verified<CredRevReq>& request, ByteView baggage,
                                         const Party& self, const GatewayTerms& gateway,
                                         Instant now);

/// State:   Live → Live, the capture's amount being undone. Money that went back already cannot be
///          taken off once more: credits are reversed first.
ItemDecision accept_cap_rev_item(const AskedItem& asked, const ItemFacts& facts,
                                 const RRPID& request, ByteView token_key);
/// State:   Live → Live, with more credited; also after the batch was closed and the hold ended.
ItemDecision accept_cred_item(const AskedItem& asked, const ItemFacts& facts, const RRPID& request,
                              ByteView token_key);
/// State:   Live → Live, the credit's amount being undone.
ItemDecision accept_cred_rev_item(const AskedItem& asked, const ItemFacts& facts,
                                  const RRPID& request, ByteView token_key);

/// What a purge takes out of its batch, a capture or a credit: as a reversal, but the merchant
/// names the batch and not each item, so that it needs no token.
ItemDecision accept_purged_item(const AskedItem& asked, const ItemFacts& facts,
                                const RRPID& request);

/// The answers to requests of which no item is pending.
CapRevRes make_cap_rev_res(const PaymentRequest& request, std::vector<BatchStatus> batches,
                           const Thumbprint& pe_thumb);
CredRes make_cred_res(const PaymentRequest& request, std::vector<BatchStatus> batches,
                      const Thumbprint& pe_thumb);
CredRevRes make_cred_rev_res(const PaymentRequest& request, std::vector<BatchStatus> batches,
                             const Thumbprint& pe_thumb);

}  // namespace set::gateway
