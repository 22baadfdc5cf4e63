// PCertReq and PCertRes: the gateway's current certificates (set-1997 §3.9). Pure.
#pragma once

#include "common/message/trans_ids.h"
#include "set/v1/gateway_certificate.pb.h"

namespace set {

enum class PCertCode { success = 0, unspecified_failure = 1, brand_not_supported = 2, unknown_bin = 3 };

struct BrandAndBIN {
  std::string brand;
  std::string bin;  ///< empty: any of the brand
};

/// PCertReq, merchant → gateway, signed.
struct PCertReq {
  std::vector<BrandAndBIN> brands_and_bins;  ///< 1 to 32
  Thumbs thumbs;
};

struct PCertResItem {
  PCertCode code;
  std::optional<Thumbprint> certificate;  ///< iff success
};

/// PCertRes, gateway → merchant, signed; items in the order asked.
struct PCertRes {
  std::vector<PCertResItem> items;
};

wire::BrandAndBIN to_wire(const BrandAndBIN& item);
wire::PCertReqData to_wire(const PCertReq& message);
Result<PCertReq> from_wire(const wire::PCertReqData& message);
wire::PCertResData to_wire(const PCertRes& message);
Result<PCertRes> from_wire(const wire::PCertResData& message);

}  // namespace set
