#pragma once

#include <string>
#include <string_view>

namespace mailboat {

/// The keys of one party, as text: 40 characters of ZeroMQ's alphabet Z85 for 32 bytes of Curve25519.
/// Sources: https://rfc.zeromq.org/spec/26/ (CurveZMQ), https://rfc.zeromq.org/spec/32/ (Z85).
struct KeyPair {
  std::string public_key;
  std::string secret_key;
};

/// A new pair from the system's random numbers. Throws Fatal when this ZeroMQ was built without CURVE.
KeyPair make_key_pair();

/// The pair that a secret key belongs to. Throws InvalidInput, which does not show it, when it is none.
KeyPair pair_of(const std::string& secret_key);

/// Throws InvalidInput, saying what a key looks like, when the text is none. Whether it is a public or a
/// secret one cannot be seen.
void require_key(std::string_view text);

/// The text of a key of 32 bytes.
std::string key_text(std::string_view bytes);

}  // namespace mailboat
