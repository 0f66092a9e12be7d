#include "common/zmq_authenticator.hpp"

#include <utility>
#include <vector>

#include "common/curve_key.hpp"
#include "common/error.hpp"

namespace mailboat {
namespace {

// The parts of a question, behind the envelope that a REP socket keeps to itself.
enum Part : std::size_t { Version, RequestId, Domain, Address, RoutingId, Mechanism, PublicKey, Count };

std::vector<std::string> receive(zmq::socket_t& socket) {
  std::vector<std::string> parts;
  for (bool more = true; more;) {
    zmq::message_t part;
    if (!socket.recv(part, zmq::recv_flags::dontwait)) return {};
    parts.push_back(part.to_string());
    more = part.more();
  }
  return parts;
}

void reply(zmq::socket_t& socket, const std::string& request_id, const char* status,
           const std::string& user) {
  const std::string no_text;
  const std::string no_metadata;
  for (const auto& part : {std::string("1.0"), request_id, std::string(status), no_text, user})
    socket.send(zmq::buffer(part), zmq::send_flags::sndmore);
  socket.send(zmq::buffer(no_metadata), zmq::send_flags::none);
}

}  // namespace

ZmqAuthenticator::ZmqAuthenticator(zmq::context_t& context, Admits admits)
    : admits_(std::move(admits)), socket_(context, zmq::socket_type::rep) {
  socket_.set(zmq::sockopt::linger, 0);
  socket_.bind("inproc://zeromq.zap.01");
}

void ZmqAuthenticator::answer() {
  for (auto parts = receive(socket_); !parts.empty(); parts = receive(socket_)) {
    const auto request = parts.size() > RequestId ? parts[RequestId] : std::string();
    std::string key;
    if (parts.size() == Count && parts[Mechanism] == "CURVE") key = key_text(parts[PublicKey]);
    const bool admitted = !key.empty() && admits_(key, parts[Address]);
    reply(socket_, request, admitted ? "200" : "400", admitted ? key : std::string());
  }
}

}  // namespace mailboat
