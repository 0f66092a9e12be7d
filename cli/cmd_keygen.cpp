#include "cli/cmd_keygen.hpp"

#include "common/key_file.hpp"

namespace mailboat::cli {
namespace {

class Keygen : public Command {
 public:
  void declare(CommandLine& line) override {
    line.position({.name = "FILE",
                   .value = "",
                   .help = "Where the secret key goes; the public one goes to FILE.pub",
                   .required = true},
                  file_);
    line.argument({.name = "force", .value = "", .help = "Replace a key that is there"}, force_);
  }

  ExitCode run(const Context& context) override {
    const auto pair = make_key_pair();
    write_key_files(file_, pair, force_ ? Overwrite::Yes : Overwrite::No);
    context.terminal.out << "secret key: " << file_ << " (mode 0600; it stays on this machine)\n"
                         << "public key: " << file_ << ".pub\n"
                         << pair.public_key << '\n';
    return ExitCode::Done;
  }

 private:
  std::string file_;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> make_keygen() { return std::make_unique<Keygen>(); }

}  // namespace mailboat::cli
