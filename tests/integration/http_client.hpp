// A client over a bare socket, which can also say what no client should.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace daybook::test {

struct HttpAnswer {
    int status = 0;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// One connection to a port on loopback. Everything waits at most half a minute; then it throws std::runtime_error.
class HttpClient {
public:
    explicit HttpClient(std::uint16_t port);
    ~HttpClient();
    HttpClient(HttpClient&& other) noexcept;
    HttpClient& operator=(HttpClient&&) = delete;

    HttpAnswer get(const std::string& target, const HttpHeaders& headers = {});
    HttpAnswer post(const std::string& target, std::string_view body, const HttpHeaders& headers = {});

    // Bytes as they stand; false where the other end has closed.
    bool send(std::string_view bytes);
    // The next answer; nothing where the other end closes before one.
    std::optional<HttpAnswer> receive();
    // What comes up to `text` and including it, of a body in chunks whose header was received with `receive_header`.
    HttpAnswer receive_header();
    std::string receive_until(std::string_view text);
    // Whether the other end has closed; waits for it.
    bool closed();

private:
    bool more();
    std::string take_line();

    int socket_ = -1;
    std::string buffer_;
    std::string decoded_;  // of chunks
};

}  // namespace daybook::test
