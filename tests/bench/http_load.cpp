#include "tests/bench/http_load.hpp"

#include <charconv>
#include <stdexcept>
#include <vector>

namespace daybook::bench {

std::string http_post(const std::string& target, const std::string& body) {
    return "POST " + target +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

std::string http_get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n"; }

std::optional<std::size_t> http_answer_size(std::string_view said) {
    const std::size_t end = said.find("\r\n\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    if (!said.starts_with("HTTP/1.1 200 ")) throw std::runtime_error("a request was answered with " + std::string(said));
    constexpr std::string_view name = "Content-Length: ";
    const std::size_t at = said.find(name);
    if (at > end) throw std::runtime_error("an answer does not tell its length");
    std::size_t length = 0;
    std::from_chars(said.data() + at + name.size(), said.data() + end, length);
    const std::size_t size = end + 4 + length;
    return said.size() < size ? std::nullopt : std::optional(size);
}

Load load_http(std::uint16_t port, std::size_t clients, double seconds, const std::function<std::string(std::uint64_t)>& request) {
    std::vector<std::unique_ptr<WireClient>> all;
    while (all.size() < clients) all.push_back(std::make_unique<WireClient>(connect_to_loopback(port), http_answer_size));
    return load_clients(all, seconds, UINT64_MAX, [&](std::size_t, std::uint64_t number) { return request(number); });
}

}  // namespace daybook::bench
