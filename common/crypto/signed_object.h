// X.509's SIGNED{…}, the outer form of certificates and CRLs: what is signed, the algorithm, the
// signature. Whoever makes such an object gives its inner part; where the key lives is no matter.
// Pure; any thread.
#pragma once

#include <botan/asn1_obj.h>

#include <functional>

#include "common/crypto/signature.h"

namespace set::detail {

/// DER of the inner part, which names the algorithm that signs it.
using EncodeTbs = std::function<Bytes(const Botan::AlgorithmIdentifier&)>;

/// Errors: decoding_failure if the key is not of our algorithms, the signer's; Botan's exceptions
/// while encoding are the caller's.
Result<Bytes> signed_object(const EncodeTbs& encode_tbs, const Signer& key);

}  // namespace set::detail
