// The CA's tables. Used by store.cpp.
#pragma once

#include <array>

#include "common/audit/log.h"
#include "common/store/database.h"
#include "common/store/replies.h"

namespace set::ca {

inline constexpr std::string_view kSchema1 = R"sql(
  -- One registration; the state says which of the nullable columns are there (enrollment_state.h).
  CREATE TABLE sessions (
    lid_ca BLOB PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('card_initiated', 'card_form_sent', 'party_initiated', 'certified')),
    lid_ee BLOB NOT NULL,
    opened_by BLOB NOT NULL UNIQUE CHECK (length(opened_by) = 48),
    expires_at INTEGER NOT NULL,
    form_request BLOB,
    request_type INTEGER,
    language TEXT,
    bin TEXT,
    party_id TEXT,
    chall_ca BLOB,
    nonce_cca BLOB,
    encryption_key BLOB,
    kem_answer BLOB,
    cert_request BLOB,
    signature_key BLOB,
    refused_status INTEGER
  ) STRICT;
  CREATE INDEX sessions_by_expiry ON sessions (expires_at);

  -- Every certificate that this CA ever signed. `session` and `place` give a CertRes again.
  CREATE TABLE certificates (
    thumbprint BLOB PRIMARY KEY CHECK (length(thumbprint) = 32),
    kind TEXT NOT NULL CHECK (kind IN ('set', 'tls')),
    role TEXT NOT NULL,
    party_id TEXT NOT NULL,
    serial TEXT NOT NULL,
    subject TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    key_digest BLOB NOT NULL CHECK (length(key_digest) = 48),
    der BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('valid', 'revoked')),
    issued_at INTEGER NOT NULL,
    session BLOB,
    place INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX certificates_by_session ON certificates (session);
  CREATE INDEX certificates_by_party ON certificates (role, party_id);

  -- "A CA certifies a key once": across all authorities and uses.
  CREATE TABLE certified_keys (
    key_digest BLOB PRIMARY KEY CHECK (length(key_digest) = 48),
    certified_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE tokens (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 48),
    role TEXT NOT NULL CHECK (role IN ('merchant', 'gateway')),
    name TEXT NOT NULL,
    bin TEXT NOT NULL,
    party_id TEXT NOT NULL,
    city TEXT NOT NULL,
    country INTEGER NOT NULL,
    hosts TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL CHECK (expires_at > created_at),
    used_at INTEGER,
    used_by BLOB
  ) STRICT;

  -- Wrong card data, by a keyed digest of the card number: a limit on guessing.
  CREATE TABLE card_attempts (
    card BLOB NOT NULL CHECK (length(card) = 48),
    request BLOB NOT NULL CHECK (length(request) = 48),
    tried_at INTEGER NOT NULL,
    PRIMARY KEY (card, request)
  ) STRICT;
  CREATE INDEX card_attempts_by_age ON card_attempts (tried_at);
)sql";

inline constexpr std::string_view kSchema2 = R"sql(
  ALTER TABLE sessions ADD COLUMN opened_from TEXT NOT NULL DEFAULT '';
  CREATE INDEX sessions_by_origin ON sessions (opened_from, expires_at);

  -- Requests that wait for an operator, or waited. What a certificate will say is kept without the
  -- card number: the pseudonym.
  CREATE TABLE pended_requests (
    id TEXT PRIMARY KEY CHECK (length(id) = 10),
    session BLOB NOT NULL UNIQUE,
    request_type INTEGER NOT NULL,
    bin TEXT NOT NULL,
    party_id TEXT NOT NULL,
    language TEXT NOT NULL,
    answers TEXT NOT NULL,
    cert_request BLOB NOT NULL CHECK (length(cert_request) = 48),
    signature_key BLOB NOT NULL,
    -- cardholders
    nonce_cca BLOB,
    pseudonym TEXT,
    card_end INTEGER,
    card BLOB,
    -- merchants and gateways
    encryption_key BLOB,
    tls_key BLOB,
    hosts TEXT NOT NULL,
    name TEXT NOT NULL,
    city TEXT NOT NULL,
    country INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('none', 'approved', 'rejected', 'issued')),
    decided_at INTEGER,
    status INTEGER,
    reason TEXT NOT NULL,
    CHECK ((decision = 'none') = (decided_at IS NULL)),
    CHECK ((decision = 'rejected') = (status IS NOT NULL)),
    CHECK ((pseudonym IS NULL) = (nonce_cca IS NULL)),
    CHECK ((pseudonym IS NULL) = (tls_key IS NOT NULL))
  ) STRICT;
  CREATE INDEX pended_requests_by_age ON pended_requests (asked_at);

  -- Every request and every decision, chained (common/audit). Nothing is ever changed or deleted here.
  CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    entry TEXT NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 48)
  ) STRICT;

  CREATE INDEX certificates_by_end ON certificates (not_after, thumbprint);
  CREATE INDEX certificates_by_role_and_end ON certificates (role, not_after, thumbprint);
  CREATE INDEX certificates_by_state_and_end ON certificates (state, not_after, thumbprint);
  CREATE INDEX certificates_by_party_and_end ON certificates (party_id, not_after, thumbprint);
  CREATE INDEX certificates_by_serial ON certificates (serial);
)sql";

// For renewals: of which card a cardholder's certificate is, by the keyed digest of its number.
inline constexpr std::string_view kCertificateCardSchema = R"sql(
  ALTER TABLE certificates ADD COLUMN card BLOB CHECK (length(card) = 48);
)sql";

inline constexpr std::string_view kRevocationSchema = R"sql(
  ALTER TABLE certificates ADD COLUMN revoked_at INTEGER;
  ALTER TABLE certificates ADD COLUMN revocation_reason INTEGER;
  CREATE INDEX certificates_revoked ON certificates (role, not_after) WHERE state = 'revoked';

  -- The newest list of each CA. `wanted` moves with each revocation; `published` is what it was
  -- when the list was made.
  CREATE TABLE crls (
    issuer TEXT PRIMARY KEY,
    number INTEGER NOT NULL CHECK (number >= 0),
    wanted INTEGER NOT NULL,
    published INTEGER NOT NULL CHECK (published <= wanted),
    next_update INTEGER NOT NULL,
    der BLOB NOT NULL
  ) STRICT;

  -- The newest BrandCRLIdentifier.
  CREATE TABLE bci (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    sequence_num INTEGER NOT NULL CHECK (sequence_num >= 0),
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    bci BLOB NOT NULL
  ) STRICT;
)sql";

inline constexpr std::array<Migration, 6> kMigrations{{
    {1, replies::kSchema},
    {2, kSchema1},
    {3, kSchema2},
    {4, kCertificateCardSchema},
    {5, kRevocationSchema},
    {6, audit::kInboxSchema},
}};

}  // namespace set::ca
