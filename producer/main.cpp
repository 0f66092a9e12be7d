#include "common/channel_zmq.hpp"
#include "common/log.hpp"
#include "producer/feed_server.hpp"
#include "producer/options.hpp"
