// Where the vectors of these tests come from: our own text files beside this one, and the JSON
// files of others under SET_SHARED_VECTORS, which need not be there.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "pki.h"

namespace set::test {

using Json = nlohmann::json;

/// One of others' files; skips the test if it is not there.
inline Json shared_vectors(const std::string& name) {
  const auto path = std::filesystem::path(SET_SHARED_VECTORS) / name;
  if (!std::filesystem::exists(path)) SKIP("no shared vectors: " << path.string());
  std::ifstream file(path);
  return Json::parse(file);
}

inline Bytes hex_of(const Json& object, const char* field) {
  return must(from_hex(object.at(field).get<std::string>()));
}

/// One case of our own files: "name: value" lines up to an empty line; '#' begins a comment.
using VectorCase = std::map<std::string, std::string>;

inline std::vector<VectorCase> own_vectors(const std::string& name) {
  std::ifstream file(std::filesystem::path(SET_OWN_VECTORS) / name);
  REQUIRE(file);
  std::vector<VectorCase> cases(1);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    if (line.empty()) {
      if (!cases.back().empty()) cases.emplace_back();
      continue;
    }
    const auto colon = line.find(": ");
    REQUIRE((colon != line.npos || line.ends_with(':')));
    const auto value = colon == line.npos ? "" : line.substr(colon + 2);
    cases.back()[line.substr(0, line.find(':'))] = value;
  }
  if (cases.back().empty()) cases.pop_back();
  REQUIRE_FALSE(cases.empty());
  return cases;
}

inline Bytes field_of(const VectorCase& vector, const std::string& field) {
  return must(from_hex(vector.at(field)));
}

/// A SubjectPublicKeyInfo around a raw ML-DSA key of any length (RFC 9881).
Bytes ml_dsa_spki(ByteView raw_key, SignatureAlgorithm algorithm);

}  // namespace set::test
