# Everything that is not ours, in one place: the version we ask for and why.
# deploy/deps installs all of it. Link the set_dep_* targets; they mean the same on Debian 12 and 13.
#
#   set_dep_botan       set_dep_grpc (with protobuf)   set_dep_protobuf   set_dep_openssl
#   set_dep_spdlog      set_dep_fmt                    set_dep_expected   set_dep_cli11
#   set_dep_toml        set_dep_json                   set_dep_httplib    set_dep_threads
#   set_dep_curl (OpenSSL flavour)
#   set_dep_sqlite      set_dep_postgresql             set_dep_catch2 (brings main; tests only)
#   set_dep_prometheus
#   set_dep_pkcs11 (headers; the module is loaded at run time)
#   SET_PROTOC, SET_GRPC_PLUGIN   the code generators, for proto/

function(set_dep name)
  add_library(set_dep_${name} INTERFACE)
  target_link_libraries(set_dep_${name} INTERFACE ${ARGN})
endfunction()

find_package(Threads REQUIRED)
set_dep(threads Threads::Threads)

# Botan 3.12: before it, ML-DSA and ML-KEM keys give wrong results when threads share one.
# deploy/deps knows where the one that it built is (none on Debian 13, whose package will do).
execute_process(COMMAND "${PROJECT_SOURCE_DIR}/deploy/deps" --botan-dir
  OUTPUT_VARIABLE botan_dir OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(botan_dir)
  # Set outright: a directory remembered from an earlier configuration may be out of date.
  file(GLOB Botan_DIR LIST_DIRECTORIES true "${botan_dir}/lib/cmake/Botan-*")
  set(Botan_DIR "${Botan_DIR}" CACHE PATH "Botan's CMake files" FORCE)
endif()
find_package(Botan 3.12 CONFIG COMPONENTS ml_dsa ml_kem x25519 ecdsa x509 gcm hkdf argon2 tss)
if(NOT Botan_FOUND)
  message(FATAL_ERROR "Botan 3.12 is not there: run deploy/deps")
endif()
if(TARGET Botan::Botan-static AND botan_dir)
  set_dep(botan Botan::Botan-static Threads::Threads)
else()
  set_dep(botan Botan::Botan)
endif()
message(STATUS "Botan ${Botan_VERSION}: ${Botan_DIR}")

# protobuf 3.21 and gRPC 1.51: what both Debians have. FindProtobuf, since Debian ships no config.
find_package(Protobuf 3.21 REQUIRED)
# gRPC would look for re2 by pkg-config, which takes half a minute on Debian 13.
if(NOT TARGET re2::re2)
  find_library(SET_RE2 re2 REQUIRED)
  add_library(re2::re2 INTERFACE IMPORTED)
  target_link_libraries(re2::re2 INTERFACE "${SET_RE2}")
  set(re2_FOUND TRUE)
endif()
find_package(gRPC 1.51 CONFIG REQUIRED)
find_program(SET_PROTOC protoc REQUIRED)
find_program(SET_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)
set_dep(protobuf protobuf::libprotobuf)
set_dep(grpc gRPC::grpc++ protobuf::libprotobuf)

# OpenSSL 3: gRPC's TLS; we only tell it which versions of TLS to refuse.
find_package(OpenSSL 3.0 REQUIRED)
set_dep(openssl OpenSSL::SSL OpenSSL::Crypto)

# spdlog with fmt outside it, so that there is one fmt in the program. fmt 9 for formatter traits.
find_package(fmt 9 REQUIRED)
find_package(spdlog 1.10 CONFIG REQUIRED)
set_dep(fmt fmt::fmt)
set_dep(spdlog spdlog::spdlog)

# tl::expected stands in for std::expected, which gcc 12 has in C++23 only.
find_package(tl-expected 1.0 CONFIG REQUIRED)
set_dep(expected tl::expected)

# Options and configuration files. tomlplusplus 3 reports where in the file an error is.
find_package(CLI11 2.1 CONFIG REQUIRED)
find_package(tomlplusplus 3 CONFIG REQUIRED)
set_dep(cli11 CLI11::CLI11)
set_dep(toml tomlplusplus::tomlplusplus)

# The wallet's and the shop's pages: JSON and a small HTTP server. Debian's httplib is a compiled
# library whose macros must be as it was built with: pkg-config knows them.
find_package(nlohmann_json 3.11 CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib>=0.11)
set_dep(json nlohmann_json::nlohmann_json)
set_dep(httplib PkgConfig::httplib Threads::Threads)

# Prometheus' figures and their text; its own HTTP server stays out.
pkg_check_modules(prometheus REQUIRED IMPORTED_TARGET prometheus-cpp-core>=1.0)
set_dep(prometheus PkgConfig::prometheus)

# What calls other people's servers: one deadline over a whole request, and a look at the address
# that is connected to, which httplib has not. 7.85 for CURLOPT_PROTOCOLS_STR.
find_package(CURL 7.85 REQUIRED)
set_dep(curl CURL::libcurl)

# The headers of PKCS#11 2.40. Modules are loaded by path when an operator names one.
pkg_check_modules(p11kit REQUIRED p11-kit-1>=0.24)
set_dep(pkcs11 ${CMAKE_DL_LIBS})
target_include_directories(set_dep_pkcs11 SYSTEM INTERFACE ${p11kit_INCLUDE_DIRS})

# SQLite 3.35 for RETURNING and STRICT's forerunners; libpq 14 for pipelines.
find_package(SQLite3 3.35 REQUIRED)
find_package(PostgreSQL 14 REQUIRED)
set_dep(sqlite SQLite::SQLite3)
set_dep(postgresql PostgreSQL::PostgreSQL)

# Catch2 3.7: earlier ones have no SKIP that CTest reports as skipped.
if(SET_BUILD_TESTS)
  find_package(Catch2 3.7 CONFIG REQUIRED)
  include(Catch) # catch_discover_tests
  set_dep(catch2 Catch2::Catch2WithMain)
  # A PKCS#11 token in software.
  find_file(SET_SOFTHSM_MODULE libsofthsm2.so PATHS /usr/lib/softhsm
    /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/softhsm NO_DEFAULT_PATH)
  if(NOT SET_SOFTHSM_MODULE)
    message(FATAL_ERROR "SoftHSM2 is not there: run deploy/deps")
  endif()
endif()
