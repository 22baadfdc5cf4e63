#include "common/daemon/program_commands.h"

namespace set {
namespace {

CLI::App& add_described(CLI::App& under, const std::string& name, const std::string& description,
                        const std::string& example) {
  auto& command = *under.add_subcommand(name, description);
  command.footer("Examples:\n  " + example);
  return command;
}

}  // namespace

std::string settings_file_name(const CLI::App& app) {
  const auto& name = app.get_name();
  return "/etc/set/" + name.substr(name.find('-') + 1) + ".toml";
}

void add_program_commands(CLI::App& app, std::string& shell) {
  auto* config =
      app.add_subcommand("config", "What the program is told by file, environment and flags");
  config->require_subcommand(1);
  const auto& name = app.get_name();
  const auto file = settings_file_name(app);
  add_described(
      *config, "check",
      "Examine file, environment and the flags of serve, and the files they name; nothing "
      "is started",
      name + " config check --config " + file);
  add_described(*config, "show", "Every setting as it holds, and where it comes from",
                name + " config show --config " + file + " --json");
  add_described(*config, "example", "A file with every key, to begin with",
                name + " config example > " + file);
  auto& completion =
      add_described(app, "completion", "Completion of commands and options for a shell",
                    "source <(" + name + " completion bash)");
  completion.add_option("SHELL", shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion.add_subcommand("words", "Asked by the scripts")->group("");
  add_described(app, "man", "Print the manual page", name + " man | man -l -");
}

ProgramCommand program_command(const CommandWords& words) {
  const auto path = words.path();
  if (path == "config check") return ProgramCommand::config_check;
  if (path == "config show") return ProgramCommand::config_show;
  if (path == "config example") return ProgramCommand::config_example;
  if (path == "completion words") return ProgramCommand::completion_words;
  if (path == "completion") return ProgramCommand::completion;
  return path == "man" ? ProgramCommand::manual : ProgramCommand::none;
}

}  // namespace set
