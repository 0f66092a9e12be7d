#include <filesystem>
#include <iostream>
#include <unistd.h>

#include "common/error.hpp"
#include "common/shutdown.hpp"
#include "demo/demo.hpp"

using namespace mailboat;

namespace {

namespace fs = std::filesystem;

/// In the build folder: it stays there to be looked at, and the next demo replaces it.
fs::path replica_file() {
  return fs::path(test::program("mailboat")).parent_path().parent_path() / "mailboat-demo.db";
}

void remove_replica(const fs::path& file) {
  for (const auto* suffix : {"", "-wal", "-shm", "-lock"}) fs::remove(file.string() + suffix);
}

void say_what_next(const fs::path& file) {
  std::cout << "\nThe SQLite file is yours: " << file.string() << "\nThree things to try:\n"
            << "  1. Ask it something:\n     sqlite3 " << file.string()
            << " 'SELECT artist, count(*) FROM music_scrobble_records GROUP BY 1 ORDER BY 2 DESC LIMIT 5'\n"
            << "  2. Change rows yourself and watch them arrive:\n     ./dev demo --keep\n"
            << "  3. Carry a table of your own database:\n     " << test::program("mailboat")
            << " --help, and the README's first page\n";
}

ExitCode run(int argc, char** argv) {
  const auto options = demo::parse_options(argc, argv, {std::cout, std::cerr});
  if (const auto* code = std::get_if<ExitCode>(&options)) return *code;
  const ShutdownSignal shutdown;
  const auto file = replica_file();
  remove_replica(file);
  demo::Display display(std::cout, ::isatty(STDOUT_FILENO) == 1);
  try {
    demo::Demo demo(std::get<demo::DemoOptions>(options), file, display, shutdown.token());
    const bool equal = demo.run();
    if (!equal) return ExitCode::Failed;
  } catch (const demo::Interrupted&) {
    remove_replica(file);
    display.line("Stopped; everything is cleaned up.");
    return ExitCode::Failed;
  }
  say_what_next(file);
  return ExitCode::Done;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return static_cast<int>(run(argc, argv));
  } catch (const ConfigurationError& error) {
    std::cerr << "mailboat-demo: " << error.what() << '\n';
    return static_cast<int>(ExitCode::Usage);
  } catch (const std::exception& error) {
    std::cerr << "mailboat-demo: " << error.what() << '\n';
    return static_cast<int>(ExitCode::Failed);
  }
}
