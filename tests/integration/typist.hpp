#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/document.hpp"
#include "tests/support/temp_dir.hpp"

namespace mailboat::test {

/// Somebody who sits in front of one shell, types what a document says, and compares what comes out with what
/// it shows. The shell is bash in an empty folder, with a database of its own and our programs on the path.
///
/// Nothing is typed before finish(): until then, commands are put down in order.
class Typist {
 public:
  /// `document`: relative to the source tree. `programs`: where psql is.
  Typist(const std::string& document, const std::string& conninfo, const std::filesystem::path& programs);

  /// From now on the document's `words` stand for `meaning`: a placeholder for a value of today. Throws
  /// std::runtime_error in finish() when nothing that is typed has them.
  void let(const std::string& words, const std::string& meaning);
  /// Types all commands of a section. Its blocks are
  /// - `sh`: commands,
  /// - `sql`: statements for psql,
  /// - `toml`: the file shop.toml,
  /// - `console`: commands behind `$ `, and what they print. Times and the like may differ.
  /// Throws std::runtime_error when there is no such section, or nothing to be typed in it.
  void type(const std::string& section);
  /// Types commands that the document leaves to the world: somebody breaks something, time passes. The shell
  /// has functions for that: see the beginning of typist.cpp.
  void meanwhile(const std::string& commands);

  /// Types it all. Empty, or what went wrong, with everything that was typed and said.
  std::string finish();

 private:
  struct Shown {
    std::string command;
    std::string output;
  };
  [[nodiscard]] std::string translated(std::string text);
  void type_console(const std::string& text);
  [[nodiscard]] std::string difference() const;

  std::string document_;
  std::vector<Section> sections_;
  std::vector<std::string> environment_;
  std::unique_ptr<const TempDir> folder_ = std::make_unique<TempDir>("typist");
  std::string script_;
  std::vector<std::pair<std::string, std::string>> meanings_;
  std::vector<bool> used_;
  std::vector<Shown> shown_;
};

}  // namespace mailboat::test
