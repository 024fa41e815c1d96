// Many clients of one server on loopback, each with a connection that it keeps: the next request goes out when the last one is
// answered. One thread for all of them, since the server needs the machine; and the same one for every server, whatever its
// protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "journal/descriptor.hpp"

namespace daybook::bench {

// How many bytes of what a server said are its first answer; nothing where that is not whole yet. Throws std::runtime_error where
// it is not what a request that went well is answered with.
using AnswerSize = std::function<std::optional<std::size_t>(std::string_view said)>;

// Throws std::runtime_error where nobody listens.
int connect_to_loopback(std::uint16_t port);

// One connection. Every function throws std::runtime_error where the server closes it.
class WireClient {
public:
    // Takes over the socket.
    WireClient(int socket, AnswerSize answer_size) : socket_(socket), answer_size_(std::move(answer_size)) {}
    int socket() const { return socket_.get(); }

    void send(std::string_view bytes);
    // Takes what has come, and waits for something if `wait`. Whether an answer is whole.
    bool receive(bool wait);
    // The answer that is whole; it is forgotten with the next one.
    std::string_view take();
    // The answer to a request.
    std::string_view call(std::string_view request);

private:
    bool is_whole();
    Descriptor socket_;
    AnswerSize answer_size_;
    std::string said_;
    std::size_t taken_ = 0;            // bytes of `said_` that were handed out
    std::optional<std::size_t> size_;  // of the whole answer behind them
};

struct Load {
    double rate = 0;        // answers a second
    double p50_micros = 0;  // from the first byte of a request to the last of its answer
    double p99_micros = 0;
};

using Request = std::function<std::string(std::size_t client, std::uint64_t number)>;

// Sends what `request` gives, numbers 0, 1, 2 …, for so many seconds or until `count` are answered.
Load load_clients(std::span<const std::unique_ptr<WireClient>> clients, double seconds, std::uint64_t count,
                  const Request& request);

}  // namespace daybook::bench
