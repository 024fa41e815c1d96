// Many clients of one HTTP server on loopback.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tests/bench/wire.hpp"

namespace daybook::bench {

// A request as it goes over the wire, with these as its body.
std::string http_post(const std::string& target, const std::string& body);
std::string http_get(const std::string& target);
// Of an answer with a length. Throws std::runtime_error where it is anything but a 200.
std::optional<std::size_t> http_answer_size(std::string_view said);

// Sends what `request` gives, `request(0)`, `request(1)` …, for so many seconds. Throws std::runtime_error where anything but a 200
// comes back, or a connection ends.
Load load_http(std::uint16_t port, std::size_t clients, double seconds, const std::function<std::string(std::uint64_t)>& request);

}  // namespace daybook::bench
