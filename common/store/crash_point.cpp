#include "common/store/crash_point.h"

#include <unistd.h>

#include <cstdlib>

namespace set {

void crash_point(std::string_view name) {
  const char* wanted = std::getenv("SET_CRASH_AT");
  if (wanted != nullptr && name == wanted) ::_exit(137);
}

bool loses_race(int attempt) { return attempt == 1 && std::getenv("SET_LOSE_RACES") != nullptr; }

}  // namespace set
