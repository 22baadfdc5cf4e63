#include "common/crypto/signed_object.h"

#include <botan/der_enc.h>

#include "common/crypto/signature_impl.h"

namespace set::detail {

Result<Bytes> signed_object(const EncodeTbs& encode_tbs, const Signer& key) {
  const auto parsed = TRY(parse_ml_dsa_key(key.public_key()));
  const auto algorithm = parsed.key->algorithm_identifier();
  const auto tbs = encode_tbs(algorithm);
  const auto signature = TRY(key.sign(tbs));
  Bytes out;
  Botan::DER_Encoder(out)
      .start_sequence()
      .raw_bytes(tbs)
      .encode(algorithm)
      .encode(signature, Botan::ASN1_Type::BitString)
      .end_cons();
  return out;
}

}  // namespace set::detail
