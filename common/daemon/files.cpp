#include "common/daemon/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace set {
namespace {

namespace fs = std::filesystem;

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

// "cannot read /etc/set/trust.pem: Permission denied"
std::string cannot(std::string_view verb, const fs::path& path) {
  return "cannot " + std::string(verb) + " " + path.string() + ": " + std::strerror(errno);
}

fs::path directory_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

bool write_all(int fd, ByteView content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content = content.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

// systemd hands a service its credentials under an access list of their own, for its user alone: the
// group's bits of the mode are then that list's, and let nobody else in.
bool is_credential(const fs::path& path) {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  return directory != nullptr && *directory != 0 && path.parent_path() == fs::path(directory);
}

Result<void> check_private(const fs::path& path, mode_t type, const char* what, const char* fix) {
  struct stat status = {};
  CHECK_OR_FAIL(::stat(path.c_str(), &status) == 0, ErrorCode::bad_config, cannot("open", path));
  CHECK_OR_FAIL((status.st_mode & S_IFMT) == type, ErrorCode::bad_config,
                path.string() + " is not a " + what);
  const mode_t others = is_credential(path) ? 07 : 077;
  CHECK_OR_FAIL((status.st_mode & others) == 0, ErrorCode::bad_config,
                "others than its owner can use " + path.string() + ": " + fix);
  CHECK_OR_FAIL(status.st_uid == ::geteuid() || status.st_uid == 0, ErrorCode::bad_config,
                path.string() + " belongs to another user");
  return {};
}

}  // namespace

Result<Bytes> read_file(const fs::path& path, std::size_t max_bytes) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  CHECK_OR_FAIL(fd.is_open(), ErrorCode::bad_config, cannot("read", path));
  struct stat status = {};
  CHECK_OR_FAIL(::fstat(fd.get(), &status) == 0, ErrorCode::bad_config, cannot("read", path));
  CHECK_OR_FAIL(S_ISREG(status.st_mode), ErrorCode::bad_config,
                path.string() + " is not a regular file");
  const std::string too_large =
      path.string() + " is larger than " + std::to_string(max_bytes) + " bytes";
  CHECK_OR_FAIL(std::cmp_less_equal(status.st_size, max_bytes), ErrorCode::bad_config, too_large);
  Bytes content(static_cast<std::size_t>(status.st_size));
  std::size_t used = 0;
  while (used < content.size()) {
    const ssize_t got = ::read(fd.get(), content.data() + used, content.size() - used);
    if (got < 0 && errno == EINTR) continue;
    CHECK_OR_FAIL(got >= 0, ErrorCode::bad_config, cannot("read", path));
    if (got == 0) break;  // became shorter meanwhile
    used += static_cast<std::size_t>(got);
  }
  content.resize(used);
  return content;
}

Result<std::string> read_text_file(const fs::path& path, std::size_t max_bytes) {
  return string_of(TRY(read_file(path, max_bytes)));
}

Result<void> write_file_atomically(const fs::path& path, ByteView content, unsigned mode) {
  std::string temporary = path.string() + ".XXXXXX";
  const Descriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));
  CHECK_OR_FAIL(fd.is_open(), ErrorCode::storage_unavailable, cannot("write", path));
  const bool done = write_all(fd.get(), content) && ::fchmod(fd.get(), mode) == 0 &&
                    ::fsync(fd.get()) == 0 && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!done) {
    const std::string sentence = cannot("write", path);
    ::unlink(temporary.c_str());
    return failure(ErrorCode::storage_unavailable, sentence);
  }
  return sync_directory(directory_of(path));
}

Result<void> write_file_atomically(const fs::path& path, std::string_view content, unsigned mode) {
  return write_file_atomically(path, view_of(content), mode);
}

Result<void> sync_directory(const fs::path& directory) {
  const Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK_OR_FAIL(fd.is_open() && ::fsync(fd.get()) == 0, ErrorCode::storage_unavailable,
                cannot("write", directory));
  return {};
}

Result<void> check_private_file(const fs::path& path) {
  return check_private(path, S_IFREG, "regular file", "chmod 600");
}

Result<void> check_private_directory(const fs::path& path) {
  return check_private(path, S_IFDIR, "directory", "chmod 700");
}

Result<void> make_private_directory(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno == ENOENT && path.has_parent_path()) {
    std::error_code error;
    fs::create_directories(path.parent_path(), error);  // what is wrong shows at the next mkdir
    ::mkdir(path.c_str(), 0700);
  }
  struct stat status = {};
  CHECK_OR_FAIL(::stat(path.c_str(), &status) == 0, ErrorCode::bad_config,
                "cannot make the directory " + path.string());
  return check_private_directory(path);
}

}  // namespace set
