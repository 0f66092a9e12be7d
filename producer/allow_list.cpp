#include "producer/allow_list.hpp"

#include <vector>

#include "common/config_entry.hpp"
#include "common/curve_key.hpp"
#include "common/error.hpp"

namespace mailboat::producer {
namespace {

constexpr auto entry_name = "consumer";
constexpr auto all_subscriptions = "*";
const std::vector<std::string> known_keys{"key", "name", "subscriptions"};

/// Reads one [[consumer]].
class EntryReader {
 public:
  EntryReader(const std::string& file, std::size_t number, const ConfigTable& table)
      : entry_(file, entry_name, number, table) {}

  [[noreturn]] void fail(const std::string& key, const std::string& sentence) const {
    entry_.fail(key, sentence);
  }

  [[nodiscard]] std::string key() const {
    const auto text = entry_.text("key", "Give its public key, as mailboat keygen wrote it to FILE.pub");
    try {
      require_key(text);
    } catch (const InvalidInput& error) {
      fail("key", error.what());
    }
    return text;
  }

  [[nodiscard]] AllowList::Consumer consumer() const {
    entry_.refuse_unknown_keys(known_keys, "");
    AllowList::Consumer consumer;
    if (entry_.find("name") != nullptr)
      consumer.name = entry_.text("name", "Give a word for the log, or leave it out");
    for (const auto& subscription : subscriptions()) {
      if (subscription == all_subscriptions) consumer.takes_all = true;
      consumer.subscriptions.insert(subscription);
    }
    return consumer;
  }

 private:
  [[nodiscard]] std::vector<std::string> subscriptions() const {
    const std::string remedy =
        "Give what the consumer may take: subscriptions = [\"shop\"], or [\"*\"] for all";
    const auto* value = entry_.find("subscriptions");
    if (value == nullptr) fail("subscriptions", "is missing. " + remedy);
    const auto* list = std::get_if<std::vector<std::string>>(value);
    if (list == nullptr || list->empty()) fail("subscriptions", "expected a list of names. " + remedy);
    for (const auto& name : *list) {
      if (name.empty()) fail("subscriptions", "a name is empty. " + remedy);
    }
    return *list;
  }

  const ConfigEntry entry_;
};

void refuse_other_entries(const std::string& path, const ConfigFile& file) {
  for (const auto& [key, texts] : file.entries) {
    if (key != entry_name)
      throw ConfigurationError(path + ": unknown key '" + key + "' (an allow list holds [[consumer]] only)");
    if (!file.tables.contains(key) && !(texts && texts->empty()))
      throw ConfigurationError(path + ": consumer: begin each with [[consumer]], in double brackets");
  }
}

}  // namespace

bool AllowList::may_take(const std::string& key, const std::string& subscription) const {
  const auto found = consumers_.find(key);
  return found != consumers_.end() &&
         (found->second.takes_all || found->second.subscriptions.contains(subscription));
}

std::string AllowList::name_of(const std::string& key) const {
  const auto found = consumers_.find(key);
  return found == consumers_.end() || found->second.name.empty() ? key : found->second.name;
}

AllowList parse_allow_list(const std::string& path, const ConfigFile& file) {
  refuse_other_entries(path, file);
  AllowList list;
  const auto entries = file.tables.find(entry_name);
  if (entries == file.tables.end()) return list;
  std::size_t number = 0;
  for (const auto& table : entries->second) {
    const EntryReader reader(path, ++number, table);
    const auto key = reader.key();
    if (!list.add(key, reader.consumer()))
      reader.fail("key", "another entry has it already. Put the subscriptions of both into one");
  }
  return list;
}

AllowList read_allow_list(const std::string& path) { return parse_allow_list(path, read_config_file(path)); }

}  // namespace mailboat::producer
