#include "common/hangup.hpp"

#include <csignal>

namespace mailboat {

HangupSignal::HangupSignal() : signals_{SIGHUP} {}

bool HangupSignal::came() const {
  bool any = false;
  while (signals_.next()) any = true;
  return any;
}

}  // namespace mailboat
