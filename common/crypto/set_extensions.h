// SET's private extensions under 2.23.42.7 (set-1997 §1.5) as DER, both ways. All non-critical, so
// that stock tools verify a chain. Only certificate*.cpp and tests include this.
#pragma once

#include <botan/asn1_obj.h>
#include <botan/pkix_types.h>

#include <memory>
#include <optional>
#include <vector>

#include "common/crypto/certificate.h"

namespace set::detail {

const Botan::OID& hashed_root_key_oid();     ///< 2.23.42.7.0
const Botan::OID& certificate_type_oid();    ///< 2.23.42.7.1
const Botan::OID& merchant_data_oid();       ///< 2.23.42.7.2
const Botan::OID& card_cert_required_oid();  ///< 2.23.42.7.3
const Botan::OID& tunneling_oid();           ///< 2.23.42.7.4

/// One private extension for Botan's Extensions: an OID and its value in DER.
std::unique_ptr<Botan::Certificate_Extension> private_extension(const Botan::OID& oid, Bytes der);

// The decoders throw Botan's exceptions on anything that is not the DER of such a value: their
// caller is inside guarded().

/// OCTET STRING: SHA-384 of the next root's SubjectPublicKeyInfo.
Bytes encode_hashed_root_key(ByteView digest);
Bytes decode_hashed_root_key(ByteView der);

/// BIT STRING with named bits: bit n is Role n, no trailing zero bits.
Bytes encode_certificate_type(const std::vector<Role>& roles);
std::vector<Role> decode_certificate_type(ByteView der);

/// SEQUENCE { merID UTF8String, merAcquirerBIN NumericString,
///            merNameSeq SEQUENCE OF SEQUENCE { name UTF8String, city UTF8String },
///            merCountry INTEGER, merAuthFlag BOOLEAN DEFAULT TRUE }; one name.
Bytes encode_merchant_data(const MerchantData& data);
MerchantData decode_merchant_data(ByteView der);
/// The bounds of MerchantData's fields; said about what we issue and what we read.
Result<void> check_merchant_data(const MerchantData& data);

/// BOOLEAN.
Bytes encode_card_cert_required(bool required);
bool decode_card_cert_required(ByteView der);

/// SEQUENCE { tunneling BOOLEAN, algorithms SEQUENCE OF OBJECT IDENTIFIER }: AES-256-GCM, if any.
Bytes encode_tunneling(bool tunneling);
bool decode_tunneling(ByteView der);

}  // namespace set::detail
