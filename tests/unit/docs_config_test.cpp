// The configuration that documents show is one that the daemons take: whoever copies it gets what the text
// says.
#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <regex>
#include <set>

#include "common/key_file.hpp"
#include "tests/support/document.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/daemons.hpp"

namespace mailboat {
namespace {

namespace fs = std::filesystem;
using test::all_matches;
using test::Daemon;
using test::daemons;

/// What stands in /etc/mailboat beside the configuration.
class Secrets {
 public:
  Secrets() {
    const auto pair = make_key_pair();
    public_key_ = pair.public_key;
    for (const auto* name : {"producer.key", "consumer.key"})
      write_key_files((folder_.path() / name).string(), pair, Overwrite::No);
    std::ofstream(folder_.path() / "allow.toml")
        << "[[consumer]]\nkey = '" << public_key_ << "'\nsubscriptions = ['shop']\n";
  }

  /// A block of a document with these files and keys instead of its placeholders.
  [[nodiscard]] std::string in(const std::string& text) const {
    auto filled_in =
        std::regex_replace(text, std::regex("\"/etc/mailboat/"), '"' + folder_.path().string() + '/');
    const std::regex placeholder("THE PRODUCER[A-Z' ]+ KEY");
    std::smatch found;  // not regex_replace(): a key may have a $ in it
    while (std::regex_search(filled_in, found, placeholder))
      filled_in.replace(static_cast<std::size_t>(found.position()), static_cast<std::size_t>(found.length()),
                        public_key_);
    return filled_in;
  }

 private:
  const test::TempDir folder_;
  std::string public_key_;
};

std::vector<std::string> keys_in(const std::string& text) {
  return all_matches(text.substr(0, text.find("[[")), "^([a-z_]+) = ");
}

bool is_of(const Daemon& daemon, const std::string& text) {
  if (text.find("[[") != std::string::npos) return daemon.name == "consumer";
  const auto known = test::keys_of(daemon);
  const auto keys = keys_in(text);
  return std::all_of(keys.begin(), keys.end(), [&known](const auto& key) {
    return std::find(known.begin(), known.end(), key) != known.end();
  });
}

/// The daemon's required flags, but for those that the text has. A block shows a part of a file.
std::vector<std::string> what_is_missing(const Daemon& daemon, const std::string& text) {
  const auto keys = keys_in(text);
  std::vector<std::string> flags;
  for (std::size_t i = 0; i < daemon.required.size(); i += 2) {
    const auto key = daemon.required[i].substr(2);
    const bool is_of_sources = key != "database" && text.find("[[source]]") != std::string::npos;
    if (is_of_sources || std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    flags.insert(flags.end(), {daemon.required[i], daemon.required[i + 1]});
  }
  return flags;
}

std::string said_about(const std::string& text) {
  const auto all = daemons();
  const auto daemon =
      std::find_if(all.begin(), all.end(), [&text](const auto& one) { return is_of(one, text); });
  if (daemon == all.end()) return "no daemon has all of these settings";
  const test::TemporaryFile file(text);
  auto arguments = what_is_missing(*daemon, text);
  arguments.insert(arguments.end(), {"--config", file.path(), "--check-config"});
  test::Printed printed;
  const auto code = daemon->parse(arguments, printed.terminal(), test::environment_of({}));
  return code == ExitCode::Done ? "" : "mailboat-" + daemon->name + " says: " + printed.err.str();
}

std::vector<fs::path> documents() {
  const fs::path root = MAILBOAT_SOURCE_DIR;
  std::vector<fs::path> found{root / "README.md", root / "deploy" / "README.md"};
  for (const auto& entry : fs::directory_iterator(root / "docs")) {
    if (entry.path().extension() == ".md") found.push_back(entry.path());
  }
  return found;
}

TEST(DocsConfig, ThatIsShownIsTaken) {
  const Secrets secrets;
  int tried = 0;
  for (const auto& document : documents()) {
    for (const auto& section : test::sections_of(document)) {
      for (const auto& block : section.blocks) {
        if (block.language != "toml") continue;
        ++tried;
        EXPECT_EQ(said_about(secrets.in(block.text)), "")
            << document.filename() << ", " << section.title << ":\n"
            << block.text;
      }
    }
  }
  EXPECT_GE(tried, 15);
}

/// The keys of a [[table]], as the daemon tells them to somebody who has given one that there is not.
std::set<std::string> known_keys(const Daemon& daemon, std::vector<std::string> arguments) {
  arguments.emplace_back("--check-config");
  test::Printed printed;
  EXPECT_EQ(daemon.parse(arguments, printed.terminal(), test::environment_of({})), ExitCode::Usage);
  const auto said = printed.err.str();
  std::smatch list;
  EXPECT_TRUE(std::regex_search(said, list, std::regex(R"(zz: unknown key \(known: ([^)]+)\))"))) << said;
  std::set<std::string> keys;
  std::istringstream words(std::regex_replace(list[1].str(), std::regex(","), ""));
  for (std::string word; words >> word;) keys.insert(word);
  return keys;
}

/// The keys that a document has in a table.
std::set<std::string> keys_listed(const std::string& document) {
  std::ifstream stream(fs::path(MAILBOAT_SOURCE_DIR) / "docs" / document);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const auto keys = all_matches(text, "^\\| `([a-z_]+)` \\|");
  return {keys.begin(), keys.end()};
}

TEST(DocsConfig, HasEveryKeyOfASource) {
  const test::TemporaryFile file("[[source]]\nname = 'eu'\nzz = 1\n");
  EXPECT_EQ(keys_listed("sources.md"), known_keys(daemons().back(), {"--config", file.path()}));
}

TEST(DocsConfig, HasEveryKeyOfTheAllowList) {
  const Secrets secrets;
  const test::TemporaryFile list(secrets.in("[[consumer]]\nkey = \"THE PRODUCER'S PUBLIC KEY\"\nzz = 1\n"));
  const test::TemporaryFile file(
      secrets.in("key_file = \"/etc/mailboat/producer.key\"\nallow_list = '" + list.path() + "'\n"));
  EXPECT_EQ(keys_listed("security.md"), known_keys(daemons().front(), {"--config", file.path()}));
}

}  // namespace
}  // namespace mailboat
