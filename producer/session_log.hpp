#pragma once

#include "common/repeated.hpp"

namespace mailboat::producer {

/// What sessions say of themselves. It outlives them: consumers that are refused, or whose sessions end soon,
/// come back every few seconds. Any thread.
struct SessionLog {
  log::Repeated refusals{};
  log::Repeated troubles{};
  log::Repeated course{5};  ///< how they begin and end

  void say_what_is_over() {
    refusals.say_what_is_over();
    troubles.say_what_is_over();
    course.say_what_is_over();
  }
};

}  // namespace mailboat::producer
