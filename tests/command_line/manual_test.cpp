// The manual pages: complete, and without a warning of those who set them.
#include "tests/command_line/programs.h"

using namespace set::test;

namespace {

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the manual has every command, every setting and its variable") {
  for (const auto& program : kPrograms) {
    const auto page = ok(run({program, "man"}));
    for (const auto& path : commands_of(program)) {
      std::string title = ".SS ";
      for (const auto& word : path) title += (title == ".SS " ? "" : " ") + word;
      for (auto at = title.find('-'); at != std::string::npos; at = title.find('-', at + 2)) {
        title.insert(at, "\\");
      }
      INFO(program << ": " << title);
      CHECK(says(page, title + "\n"));
    }
    auto prefix = program;
    for (auto& c : prefix) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
    CHECK(says(page, prefix + "__LOG_LEVEL"));
    for (const auto* section : {"NAME", "SYNOPSIS", "OPTIONS", "COMMANDS", "CONFIGURATION",
                                "ENVIRONMENT", "EXIT STATUS", "EXAMPLES"}) {
      INFO(program << ": " << section);
      CHECK(says(page, std::string(".SH ") + section + "\n"));
    }
  }
}

TEST_CASE("groff sets the manual without a warning") {
  if (!has_tool("groff")) SKIP("there is no groff here");
  Folder folder;
  for (const auto& program : kPrograms) {
    const auto page = folder.file("page.1", ok(run({program, "man"})) + "\n");
    const auto set = run({"/bin/sh", "-c", "groff -t -k -ww -man -Tutf8 " + page});
    INFO(program << ": " << set.err);
    CHECK(set.exit_code == 0);
    CHECK(set.err.empty());
    CHECK(says(set.out, program.substr(4)));
  }
}

TEST_CASE("mandoc finds nothing wrong in the manual") {
  if (!has_tool("mandoc")) SKIP("there is no mandoc here");
  Folder folder;
  for (const auto& program : kPrograms) {
    const auto page = folder.file("page.1", ok(run({program, "man"})) + "\n");
    const auto lint = run({"/bin/sh", "-c", "mandoc -T lint -W warning " + page});
    INFO(program << ": " << lint.out);
    CHECK(lint.exit_code == 0);
  }
}
