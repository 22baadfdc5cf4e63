// The gateway's current certificates (set-1997 §3.9): fetched in the clear, so that the PCertReq
// can be sealed, then confirmed by the gateway's signature. Pure but for the Rng; any thread.
#pragma once

#include <span>

#include "common/message/open.h"

namespace set::merchant {

/// One gateway, both certificates verified up to the root.
struct GatewayCertificates {
  Certificate signature;
  Chain key_exchange;
};

/// What every request to the gateway is made with.
struct Asking {
  const Party& merchant;
  const GatewayCertificates& gateway;
  Instant now;
  Rng& rng;
};

/// An answer's signer is the gateway that was asked, though its certificate may be a newer one.
/// invalid_certificate.
Result<void> check_same_gateway(const Certificate& signer, const GatewayCertificates& asked);

/// Finds the gateway's certificates among those that it sent: role gateway, our brand, path over
/// the PCA, and signature and key exchange of the same OU and CN. Of several key-exchange
/// certificates the one that lasts longest. Errors: missing_certificate, and Trust::verify's if the
/// only candidates do not verify.
Result<GatewayCertificates> find_gateway_certificates(std::span<const Certificate> certificates,
                                                      const Trust& trust, std::string_view brand,
                                                      Instant now);

/// Spec: set-1997 §3.9. Asks for our one brand and any BIN of it; sealed to the key-exchange
/// certificate that was fetched. No Thumbs: the answer then holds all that is needed to check it.
Result<Request> make_pcert_req(const Party& merchant, const GatewayCertificates& fetched,
                               Instant now, Rng& rng);

/// Spec:   set-1997 §3.9: "M checks each: type pgwy, brand, chain".
/// Errors: missing_certificate if the gateway serves our brand no more or does not enclose what it
///         names; invalid_certificate if that belongs to another gateway than the one that signed.
Result<GatewayCertificates> accept_pcert_res(const OpenedAnswer<PCertRes>& answer,
                                             const Party& merchant, Instant now);

}  // namespace set::merchant
