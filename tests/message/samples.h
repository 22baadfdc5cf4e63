// Well-formed messages of every kind, as filled as they can be, for the tests of the mapping.
#pragma once

#include <string>
#include <vector>

#include "common/message/authorization.h"
#include "common/message/enrollment.h"
#include "common/message/gateway_certificate.h"
#include "common/message/purchase.h"

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

}  // namespace set::test

/// Every struct that has a to_wire() and a from_wire(), for TEMPLATE_TEST_CASE.
#define SET_TEST_ALL_MAPPINGS                                                                  \
  set::TransIDs, set::Thumbs, set::PInitReq, set::PInitRes, set::OIData, set::PIHead,          \
      set::PIOILink, set::PReq, set::PRes, set::InqReq, set::AuthReq, set::AuthRes,            \
      set::AuthResBaggage, set::PCertReq, set::PCertRes, set::CardCInitReq, set::CardCInitRes, \
      set::RegFormReq, set::RegFormRes, set::MeAqCInitReq, set::MeAqCInitRes, set::CertReq,    \
      set::CertRes, set::CertInqReq
