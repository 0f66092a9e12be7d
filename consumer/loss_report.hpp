#pragma once

#include <map>
#include <string>

#include "consumer/relation.hpp"

namespace mailboat::consumer {

/// Tells the log once what of a table's values does not arrive, and again when a new description changes
/// that. One thread.
class LossReport {
 public:
  void tell(const Relation& relation);

 private:
  std::map<std::string, std::string> told_;  // by topic
};

}  // namespace mailboat::consumer
