// The payload of AuthReq: what the merchant tells acquirer and issuer beside the amount. Internal
// to common/message.
#pragma once

#include "common/message/authorization.h"
#include "common/message/fields.h"

namespace set {

void write_auth_req_payload(const AuthReq& message, wire::AuthReqPayload& out);
void read_auth_req_payload(FieldReader& fields, const wire::AuthReqPayload& payload, AuthReq& out);

}  // namespace set
