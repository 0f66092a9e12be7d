#include "common/mistakes.hpp"

namespace mailboat {
namespace {

std::string joined(const std::vector<std::string>& sentences) {
  std::string text;
  for (const auto& sentence : sentences) text += (text.empty() ? "" : "\n") + sentence;
  return text;
}

}  // namespace

ConfigurationErrors::ConfigurationErrors(std::vector<std::string> sentences)
    : ConfigurationError(joined(sentences)), sentences_(std::move(sentences)) {}

bool Mistakes::attempt(const std::function<void()>& work) {
  try {
    work();
    return true;
  } catch (const ConfigurationErrors& errors) {
    sentences_.insert(sentences_.end(), errors.sentences().begin(), errors.sentences().end());
  } catch (const ConfigurationError& error) {
    sentences_.emplace_back(error.what());
  } catch (const InvalidInput& error) {
    sentences_.emplace_back(error.what());
  }
  return false;
}

void Mistakes::raise() const {
  if (sentences_.size() == 1) throw ConfigurationError(sentences_.front());
  if (!sentences_.empty()) throw ConfigurationErrors(sentences_);
}

}  // namespace mailboat
