#include <catch2/catch_test_macros.hpp>
#include "common/crypto/certificate.h"
TEST_CASE("smoke") {}
