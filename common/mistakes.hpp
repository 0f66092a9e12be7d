#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/error.hpp"

namespace mailboat {

/// Several mistakes in a configuration, each a sentence of its own.
class ConfigurationErrors : public ConfigurationError {
 public:
  explicit ConfigurationErrors(std::vector<std::string> sentences);
  [[nodiscard]] const std::vector<std::string>& sentences() const { return sentences_; }

 private:
  std::vector<std::string> sentences_;
};

/// Collects what is wrong with a configuration, so that an operator sees all of it at once.
class Mistakes {
 public:
  void add(std::string sentence) { sentences_.push_back(std::move(sentence)); }
  /// Runs `work`, and takes the ConfigurationErrors and InvalidInputs that it throws. True when there is
  /// none.
  bool attempt(const std::function<void()>& work);

  [[nodiscard]] bool none() const { return sentences_.empty(); }
  [[nodiscard]] const std::vector<std::string>& sentences() const { return sentences_; }
  /// Throws ConfigurationError, or ConfigurationErrors for several, unless there is none.
  void raise() const;

 private:
  std::vector<std::string> sentences_;
};

}  // namespace mailboat
