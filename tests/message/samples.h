// Well-formed messages of every kind, as filled as they can be, for the tests of the mapping.
#pragma once

#include <string>
#include <vector>

#include "common/message/authorization.h"
#include "common/message/authorization_reversal.h"
#include "common/message/capture.h"
#include "common/message/credit.h"
#include "common/message/enrollment.h"
#include "common/message/gateway_certificate.h"
#include "common/message/purchase.h"
#include "common/message/revocation.h"

namespace set::test {

/// An id whose octets are all this one.
template <class T>
T id_of(std::uint8_t octet) {
  T out;
  out.value.fill(octet);
  return out;
}

inline Amount amount(std::string_view text) { return Amount::parse(text).value(); }
inline Instant instant(std::string_view text) { return parse_instant(text).value(); }

/// One sample of each of a message's shapes; all shapes together have every field.
template <class T>
std::vector<T> samples();

template <>
std::vector<TransIDs> samples();
template <>
std::vector<Thumbs> samples();
template <>
std::vector<PInitReq> samples();
template <>
std::vector<PInitRes> samples();
template <>
std::vector<OIData> samples();
template <>
std::vector<PIHead> samples();
template <>
std::vector<PIOILink> samples();
template <>
std::vector<PReq> samples();
template <>
std::vector<PRes> samples();
template <>
std::vector<InqReq> samples();
template <>
std::vector<AuthReq> samples();
template <>
std::vector<AuthRes> samples();
template <>
std::vector<AuthResBaggage> samples();
template <>
std::vector<CurrConv> samples();
template <>
std::vector<InstallRecurData> samples();
template <>
std::vector<SaleDetail> samples();
template <>
std::vector<CapResPayload> samples();
template <>
std::vector<BatchStatus> samples();
template <>
std::vector<AuthRevReq> samples();
template <>
std::vector<AuthRevReqBaggage> samples();
template <>
std::vector<AuthRevRes> samples();
template <>
std::vector<AuthRevResBaggage> samples();
template <>
std::vector<CapReq> samples();
template <>
std::vector<CapRes> samples();
template <>
std::vector<CapTokenSeq> samples();
template <>
std::vector<CapRevOrCredReq> samples();
template <>
std::vector<CapRevOrCredRes> samples();
template <>
std::vector<BatchAdminReq> samples();
template <>
std::vector<BatchAdminRes> samples();
template <>
std::vector<PCertReq> samples();
template <>
std::vector<PCertRes> samples();
template <>
std::vector<CardCInitReq> samples();
template <>
std::vector<CardCInitRes> samples();
template <>
std::vector<RegFormReq> samples();
template <>
std::vector<RegFormRes> samples();
template <>
std::vector<MeAqCInitReq> samples();
template <>
std::vector<MeAqCInitRes> samples();
template <>
std::vector<CertReq> samples();
template <>
std::vector<CertRes> samples();
template <>
std::vector<CertInqReq> samples();
template <>
std::vector<BrandCRLIdentifier> samples();

}  // namespace set::test

/// Every struct that has a to_wire() and a from_wire(), for TEMPLATE_TEST_CASE.
// clang-format off
#define SET_TEST_ALL_MAPPINGS                                                                    \
  set::TransIDs, set::Thumbs, set::PInitReq, set::PInitRes, set::OIData, set::PIHead,            \
      set::PIOILink, set::PReq, set::PRes, set::InqReq, set::AuthReq, set::AuthRes,              \
      set::AuthResBaggage, set::CurrConv, set::InstallRecurData, set::SaleDetail,                \
      set::CapResPayload, set::BatchStatus, set::AuthRevReq, set::AuthRevReqBaggage,             \
      set::AuthRevRes, set::AuthRevResBaggage, set::CapReq, set::CapRes, set::CapTokenSeq,       \
      set::CapRevOrCredReq, set::CapRevOrCredRes, set::BatchAdminReq, set::BatchAdminRes,        \
      set::PCertReq, set::PCertRes, set::CardCInitReq, set::CardCInitRes, set::RegFormReq,       \
      set::RegFormRes, set::MeAqCInitReq, set::MeAqCInitRes, set::CertReq, set::CertRes,         \
      set::CertInqReq, set::BrandCRLIdentifier
// clang-format on
