#include "common/crypto/set_extensions.h"

#include <botan/ber_dec.h>
#include <botan/der_enc.h>

#include <algorithm>

namespace set::detail {
namespace {

const Botan::OID& aes_256_gcm_oid() {
  static const Botan::OID oid{2, 16, 840, 1, 101, 3, 4, 1, 46};
  return oid;
}

Botan::BER_Decoder decoder(ByteView der) {
  return Botan::BER_Decoder(der, Botan::BER_Decoder::Limits::DER());
}

/// Bytes that Botan carries into a certificate as they are.
class PrivateExtension final : public Botan::Certificate_Extension {
 public:
  PrivateExtension(Botan::OID oid, Bytes der) : oid_(std::move(oid)), der_(std::move(der)) {}

  Botan::OID oid_of() const override { return oid_; }
  std::unique_ptr<Botan::Certificate_Extension> copy() const override {
    return std::make_unique<PrivateExtension>(oid_, der_);
  }

 private:
  std::string oid_name() const override { return "SET private extension"; }
  std::vector<std::uint8_t> encode_inner() const override { return der_; }
  void decode_inner(const std::vector<std::uint8_t>& der) override { der_ = der; }

  Botan::OID oid_;
  Bytes der_;
};

void encode_text(Botan::DER_Encoder& to, std::string_view text, Botan::ASN1_Type type) {
  Botan::ASN1_String(text, type).encode_into(to);
}

std::string decode_text(Botan::BER_Decoder& from, Botan::ASN1_Type type) {
  Botan::ASN1_String text;
  from.decode(text);
  if (text.tagging() != type) throw Botan::Decoding_Error("a string of another type");
  return text.value();
}

bool all_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

const Botan::OID& hashed_root_key_oid() {
  static const Botan::OID oid{2, 23, 42, 7, 0};
  return oid;
}
const Botan::OID& certificate_type_oid() {
  static const Botan::OID oid{2, 23, 42, 7, 1};
  return oid;
}
const Botan::OID& merchant_data_oid() {
  static const Botan::OID oid{2, 23, 42, 7, 2};
  return oid;
}
const Botan::OID& card_cert_required_oid() {
  static const Botan::OID oid{2, 23, 42, 7, 3};
  return oid;
}
const Botan::OID& tunneling_oid() {
  static const Botan::OID oid{2, 23, 42, 7, 4};
  return oid;
}

std::unique_ptr<Botan::Certificate_Extension> private_extension(const Botan::OID& oid, Bytes der) {
  return std::make_unique<PrivateExtension>(oid, std::move(der));
}

// --- hashedRootKey ---

Bytes encode_hashed_root_key(ByteView digest) {
  Bytes der;
  Botan::DER_Encoder(der).encode(digest.data(), digest.size(), Botan::ASN1_Type::OctetString);
  return der;
}

Bytes decode_hashed_root_key(ByteView der) {
  Bytes digest;
  decoder(der).decode(digest, Botan::ASN1_Type::OctetString).verify_end();
  if (digest.size() != Digest::kSize) throw Botan::Decoding_Error("not a SHA-384 digest");
  return digest;
}

// --- certificateType ---

Bytes encode_certificate_type(const std::vector<Role>& roles) {
  std::array<std::uint8_t, 2> bits{};
  std::size_t last = 0;
  for (const Role role : roles) {
    const auto bit = static_cast<std::size_t>(role);
    bits[bit / 8] = static_cast<std::uint8_t>(bits[bit / 8] | (0x80u >> (bit % 8)));
    last = std::max(last, bit);
  }
  const std::size_t octets = last / 8 + 1;
  Bytes content{static_cast<std::uint8_t>(8 * octets - 1 - last)};  // unused bits
  content.insert(content.end(), bits.begin(), bits.begin() + static_cast<std::ptrdiff_t>(octets));
  Bytes der{0x03, static_cast<std::uint8_t>(content.size())};
  der.insert(der.end(), content.begin(), content.end());
  return der;
}

std::vector<Role> decode_certificate_type(ByteView der) {
  std::vector<Role> roles;
  for (std::uint8_t number = 0; number <= static_cast<std::uint8_t>(Role::rca); ++number) {
    const std::size_t at = 3u + number / 8u;
    if (at < der.size() && (der[at] & (0x80u >> (number % 8u))) != 0) {
      roles.push_back(static_cast<Role>(number));
    }
  }
  // One encoding per set of roles: what does not come out the same is refused, as are bits
  // without a Role (SET's acquirer, bit 9, is not used in SET/2).
  if (roles.empty() || !equal(encode_certificate_type(roles), der)) {
    throw Botan::Decoding_Error("not a certificateType");
  }
  return roles;
}

// --- merchantData ---

Result<void> check_merchant_data(const MerchantData& data) {
  const auto fits = [](std::string_view text, std::size_t most) {
    return !text.empty() && text.size() <= most;
  };
  CHECK_OR_FAIL(fits(data.merchant_id, 30), ErrorCode::invalid_certificate,
                "merchantData: merID has not 1 to 30 octets");
  CHECK_OR_FAIL(data.acquirer_bin.size() == 6 && all_digits(data.acquirer_bin),
                ErrorCode::invalid_certificate, "merchantData: merAcquirerBIN is not 6 digits");
  CHECK_OR_FAIL(fits(data.name, 64) && fits(data.city, 64), ErrorCode::invalid_certificate,
                "merchantData: name or city has not 1 to 64 octets");
  CHECK_OR_FAIL(data.country >= 1 && data.country <= 999, ErrorCode::invalid_certificate,
                "merchantData: merCountry is no ISO 3166 number");
  CHECK_OR_FAIL(!data.auth_flag, ErrorCode::invalid_certificate,
                "merchantData: merAuthFlag is set, but in SET/2 no merchant gets a PAN");
  return {};
}

Bytes encode_merchant_data(const MerchantData& data) {
  Bytes der;
  Botan::DER_Encoder to(der);
  to.start_sequence();
  encode_text(to, data.merchant_id, Botan::ASN1_Type::Utf8String);
  encode_text(to, data.acquirer_bin, Botan::ASN1_Type::NumericString);
  to.start_sequence().start_sequence();
  encode_text(to, data.name, Botan::ASN1_Type::Utf8String);
  encode_text(to, data.city, Botan::ASN1_Type::Utf8String);
  to.end_cons().end_cons();
  to.encode(std::size_t{data.country});
  if (!data.auth_flag) to.encode(false);  // DER leaves a default value, here TRUE, out
  to.end_cons();
  return der;
}

MerchantData decode_merchant_data(ByteView der) {
  MerchantData data;
  auto outer = decoder(der);
  auto fields = outer.start_sequence();
  data.merchant_id = decode_text(fields, Botan::ASN1_Type::Utf8String);
  data.acquirer_bin = decode_text(fields, Botan::ASN1_Type::NumericString);
  auto names = fields.start_sequence();
  auto name = names.start_sequence();
  data.name = decode_text(name, Botan::ASN1_Type::Utf8String);
  data.city = decode_text(name, Botan::ASN1_Type::Utf8String);
  name.end_cons();
  names.end_cons();
  std::uint16_t country = 0;
  fields.decode_integer_type(country);
  data.country = country;
  fields.decode_optional(data.auth_flag, Botan::ASN1_Type::Boolean, Botan::ASN1_Class::Universal,
                         true);
  fields.end_cons();
  outer.verify_end();
  if (!equal(encode_merchant_data(data), der)) throw Botan::Decoding_Error("not in DER");
  return data;
}

// --- cardCertRequired, tunneling ---

Bytes encode_card_cert_required(bool required) {
  Bytes der;
  Botan::DER_Encoder(der).encode(required);
  return der;
}

bool decode_card_cert_required(ByteView der) {
  bool required = false;
  decoder(der).decode(required).verify_end();
  return required;
}

Bytes encode_tunneling(bool tunneling) {
  Bytes der;
  Botan::DER_Encoder to(der);
  to.start_sequence().encode(tunneling).start_sequence();
  if (tunneling) to.encode(aes_256_gcm_oid());
  to.end_cons().end_cons();
  return der;
}

bool decode_tunneling(ByteView der) {
  bool tunneling = false;
  std::vector<Botan::OID> algorithms;
  decoder(der).start_sequence().decode(tunneling).decode_list(algorithms).end_cons().verify_end();
  // An acquirer that speaks another cipher only cannot be answered: no tunneling for us.
  return tunneling && std::ranges::find(algorithms, aes_256_gcm_oid()) != algorithms.end();
}

}  // namespace set::detail
