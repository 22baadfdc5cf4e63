#include "common/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace set {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "bug: %s is false at %s:%d; stopping\n", condition, file, line);
  std::abort();
}

}  // namespace set
