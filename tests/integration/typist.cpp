#include "tests/integration/typist.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "tests/support/process.hpp"

namespace mailboat::test {
namespace {

namespace fs = std::filesystem;

/// What the shell knows besides: it ends at the first command that fails, and takes along what it has
/// started.
constexpr auto preamble = R"(set -euo pipefail
exec 9>&2
BASH_XTRACEFD=9
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
exits_with() { local expected=$1 code=0; shift; "$@" || code=$?; [ $code -eq $expected ]; }
eventually() { for i in $(seq 600); do if eval "$1" 2>/dev/null; then return; fi; sleep 0.1; done; echo "never: $1"; return 1; }
ask() { psql "$MAILBOAT_POSTGRES" --no-psqlrc --quiet --tuples-only --no-align --command "$1"; }
tell() { psql "$MAILBOAT_POSTGRES" --no-psqlrc --quiet --set ON_ERROR_STOP=1 --output /dev/null; }
start_producer() { mailboat-producer >>producer.log 2>&1 & producer=$!; }
start_consumer() { mailboat-consumer --subscription "$1" --database "$1.db" "${@:2}" >>consumer.log 2>&1 & consumer=$!; }
stop() { kill "$1"; wait "$1" || true; }
)";

std::string with_all(std::string text, const std::string& words, const std::string& meaning, bool& found) {
  for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + meaning.size())) {
    text.replace(at, words.size(), meaning);
    found = true;
  }
  return text;
}

/// What cannot be the same twice is written alike: times, lengths of time, transaction ids, how many retries
/// there were by now, and the widths of columns.
std::string comparable(std::string text) {
  static const std::vector<std::pair<std::regex, std::string>> alike = {
      {std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)"), "TIME"},
      {std::regex(R"((less than )?\d+(\.\d+)? (ms|s|min|h|d)\b)"), "DURATION"},
      {std::regex(R"(\d+(\.\d+)? [KMG]iB)"), "SIZE"},
      {std::regex(R"((transaction\s+)\d+)"), "$1N"},
      {std::regex(R"(\d+ of (\d+))"), "N of $1"},
      {std::regex(R"([ \t]+)"), " "},
      {std::regex(R"(verification \d+: [^\n]*\n)"), ""},  // how far it is, where nobody sees a bar
  };
  for (const auto& [pattern, word] : alike) text = std::regex_replace(text, pattern, word);
  return text;
}

std::string content_of(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

Typist::Typist(const std::string& document, const std::string& conninfo, const fs::path& programs)
    : document_(document), sections_(sections_of(fs::path(MAILBOAT_SOURCE_DIR) / document)) {
  const auto feed = "ipc://" + (folder_->path() / "feed").string();
  const auto ours = fs::path(program("mailboat")).parent_path().string();
  environment_ = {"MAILBOAT_POSTGRES=" + conninfo, "MAILBOAT_LISTEN=" + feed, "MAILBOAT_PRODUCER=" + feed,
                  "HOME=" + folder_->path().string(),
                  "PATH=" + ours + ":" + programs.string() + ":" + std::getenv("PATH")};
  std::ofstream(folder_->path() / ".sqliterc") << ".timeout 10000\n";  // the consumer writes at the same time
  // The documents' port may be taken on this machine.
  meanings_.emplace_back("--producer tcp://127.0.0.1:5657", "--producer " + feed);
  used_.push_back(true);
}

void Typist::let(const std::string& words, const std::string& meaning) {
  meanings_.emplace_back(words, meaning);
  used_.push_back(false);
}

std::string Typist::translated(std::string text) {
  for (auto i = meanings_.size(); i-- > 0;) {  // what was said last counts first
    bool found = used_[i];
    text = with_all(std::move(text), meanings_[i].first, meanings_[i].second, found);
    used_[i] = found;
  }
  return text;
}

void Typist::type(const std::string& title) {
  const auto section = std::find_if(sections_.begin(), sections_.end(),
                                    [&title](const auto& one) { return one.title == title; });
  if (section == sections_.end()) throw std::runtime_error(document_ + " has no section '" + title + "'");
  const auto length = script_.size();
  for (const auto& block : section->blocks) {
    if (block.language == "sh") script_ += translated(block.text);
    if (block.language == "sql") script_ += "tell <<'END'\n" + translated(block.text) + "END\n";
    if (block.language == "toml") std::ofstream(folder_->path() / "shop.toml") << block.text;
    if (block.language == "console") type_console(translated(block.text));
  }
  if (script_.size() == length) throw std::runtime_error(document_ + ", '" + title + "' has no commands");
}

void Typist::type_console(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("$ ")) {
      const auto file = (folder_->path() / ("output." + std::to_string(shown_.size()))).string();
      script_ += "{ " + line.substr(2) + "; } >" + file + " 2>&1 || true\n";
      shown_.push_back({line.substr(2), ""});
    } else {
      shown_.back().output += line + '\n';
    }
  }
}

void Typist::meanwhile(const std::string& commands) { script_ += commands + '\n'; }

std::string Typist::difference() const {
  std::string text;
  for (std::size_t i = 0; i < shown_.size(); ++i) {
    const auto said = content_of(folder_->path() / ("output." + std::to_string(i)));
    if (comparable(said) == comparable(shown_[i].output)) continue;
    text += document_ + " shows of `" + shown_[i].command + "`:\n" + shown_[i].output + "but it printed:\n" +
            said;
  }
  return text;
}

std::string Typist::finish() {
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (!used_[i]) throw std::runtime_error(document_ + " has no '" + meanings_[i].first + "' any more");
  }
  Process::Options options;
  options.environment = environment_;
  const auto folder = folder_->path().string();
  const auto typed = preamble + ("cd " + folder + "\n") + "set -x\n" + script_;
  const auto said = run({"bash", "-c", typed}, options, std::chrono::minutes(4));
  if (said.exit_code == 0) return difference();
  return document_ + ": exit code " + std::to_string(said.exit_code) + '\n' + said.output + said.errors +
         content_of(folder_->path() / "producer.log") + content_of(folder_->path() / "consumer.log");
}

}  // namespace mailboat::test
