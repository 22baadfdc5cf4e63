// Batch administration at the gateway: BatchAdminReq in, BatchAdminRes out (set-1997 §3.10;
// protocol §9). Called by service_batches.cpp and the commands. Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>

#include "common/message/open.h"
#include "gateway/authorization.h"
#include "gateway/batch_state.h"

namespace set::gateway {

/// Spec:    set-1997.md §3.10, P's processing 4: "brands and BINs supported"
/// Returns: what is wrong with the request whatever the batch is; success if nothing.
/// Errors:  invalid_certificate (not our merchant).
Result<BAStatus> accept_batch_admin_req(const Verified<BatchAdminReq>& request, const Party& self,
                                        const GatewayTerms& gateway);

/// The gateway's own view of a batch.
BatchStatus batch_status_of(const Batch& batch);

/// "Compare M's BatchStatus with own → totalsOutOfBalance", and each of its TransDetails.
BAStatus reconcile_with(const BatchAdminReq& request, const Batch& batch);

/// The answer about a batch; `status` is what became of the operation. Without a batch, the answer
/// to a request that names none that there is.
BatchAdminRes make_batch_admin_res(const BatchAdminReq& request, BAStatus status,
                                   const std::optional<Batch>& batch, const std::string& brand,
                                   const Thumbprint& pe_thumb);

/// BatchID of a day's automatic batch: "YYYYMMDD", UTC; "YYYYMMDD-2" … if that one is closed.
std::string batch_id_of(Instant now, unsigned number = 1);
/// When the day that it belongs to is over.
Instant end_of_day(Instant opened);

/// How a batch is shown to the gateway's operator: names that stay.
nlohmann::json batch_json(const Batch& batch);
nlohmann::json batch_with_items_json(const Batch& batch);
std::string batch_item_line(const BatchItem& item);
std::string batch_line(const Batch& batch);

}  // namespace set::gateway
