// Many clients of one HTTP server on loopback, each with a connection that it keeps: the next request goes out when the last one is
// answered. One thread for all of them, since the server needs the machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace daybook::bench {

struct HttpLoad {
    double rate = 0;        // answers a second
    double p50_micros = 0;  // from the first byte of a request to the last of its answer
    double p99_micros = 0;
};

// A request as it goes over the wire, with these as its body.
std::string http_post(const std::string& target, const std::string& body);
std::string http_get(const std::string& target);

// Sends what `request` gives, `request(0)`, `request(1)` …, for so many seconds. Throws std::runtime_error where anything but a 200
// comes back, or a connection ends.
HttpLoad load_http(std::uint16_t port, std::size_t clients, double seconds,
                   const std::function<std::string(std::uint64_t)>& request);

}  // namespace daybook::bench
