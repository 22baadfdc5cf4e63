// The CA's tables. Used by store.cpp.
#pragma once

#include <array>

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

inline constexpr std::array<Migration, 2> kMigrations{{
    {1, replies::kSchema},
    {2, kSchema1},
}};

}  // namespace set::ca
