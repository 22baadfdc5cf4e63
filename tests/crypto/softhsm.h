// SoftHSM2 with a token of its own in a test's folder. SOFTHSM2_CONF names the folder to the module
// and to programs that are started with softhsm.environment().
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace set::test {

inline constexpr const char* kSoftHsm = SET_SOFTHSM_MODULE;
inline constexpr const char* kTokenLabel = "OpenSET test";
inline constexpr const char* kTokenPin = "4711";

/// The file that SOFTHSM2_CONF names, for a token store in `folder`/tokens.
inline std::filesystem::path softhsm_conf(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder / "tokens");
  const auto conf = folder / "softhsm2.conf";
  std::ofstream(conf) << "directories.tokendir = " << (folder / "tokens").string()
                      << "\nobjectstore.backend = file\nlog.level = ERROR\n";
  return conf;
}

/// The shell command that makes the token.
inline std::string softhsm_init(const std::filesystem::path& conf, const std::string& label,
                                const std::string& pin = kTokenPin) {
  return "SOFTHSM2_CONF='" + conf.string() + "' softhsm2-util --init-token --free --label '" +
         label + "' --pin " + pin + " --so-pin 12345678 > /dev/null";
}

}  // namespace set::test
