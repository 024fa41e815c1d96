#include "tests/integration/http_client.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace daybook::test {

HttpClient::HttpClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{30, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("cannot connect to port " + std::to_string(port) + ": " + std::strerror(errno));
}

HttpClient::~HttpClient() {
    if (socket_ >= 0) ::close(socket_);
}

HttpClient::HttpClient(HttpClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), buffer_(std::move(other.buffer_)), decoded_(std::move(other.decoded_)) {}

bool HttpClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool HttpClient::more() {
    char bytes[16 * 1024];
    const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw std::runtime_error("nothing came for half a minute");
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
}

std::string HttpClient::take_line() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
        if (!more()) throw std::runtime_error("the answer ended in a line");
    }
    const std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    return line;
}

HttpAnswer HttpClient::receive_header() {
    HttpAnswer answer;
    answer.status = std::stoi(take_line().substr(9, 3));
    for (std::string line = take_line(); !line.empty(); line = take_line()) {
        const std::size_t colon = line.find(": ");
        std::string name = line.substr(0, colon);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        answer.headers[name] = line.substr(colon + 2);
    }
    return answer;
}

std::optional<HttpAnswer> HttpClient::receive() {
    if (buffer_.empty() && !more()) return std::nullopt;
    HttpAnswer answer = receive_header();
    if (answer.status == 100) answer = receive_header();
    if (answer.headers.count("transfer-encoding") != 0) {
        for (std::size_t size = std::stoul(take_line(), nullptr, 16); size != 0; size = std::stoul(take_line(), nullptr, 16)) {
            while (buffer_.size() < size + 2) {
                if (!more()) throw std::runtime_error("the answer ended in a chunk");
            }
            answer.body += buffer_.substr(0, size);
            buffer_.erase(0, size + 2);
        }
        take_line();
        return answer;
    }
    const auto length = answer.headers.find("content-length");
    const std::size_t size = length == answer.headers.end() ? 0 : std::stoul(length->second);
    while (buffer_.size() < size) {
        if (!more()) throw std::runtime_error("the answer ended in its body");
    }
    answer.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return answer;
}

std::string HttpClient::receive_until(std::string_view text) {
    std::size_t at = 0;
    while ((at = decoded_.find(text)) == std::string::npos) {
        const std::size_t size = std::stoul(take_line(), nullptr, 16);
        if (size == 0) throw std::runtime_error("the body ended without \"" + std::string(text) + "\": " + decoded_);
        while (buffer_.size() < size + 2) {
            if (!more()) throw std::runtime_error("the body was cut: " + decoded_);
        }
        decoded_ += buffer_.substr(0, size);
        buffer_.erase(0, size + 2);
    }
    const std::string out = decoded_.substr(0, at + text.size());
    decoded_.erase(0, at + text.size());
    return out;
}

bool HttpClient::closed() {
    while (more()) buffer_.clear();
    return true;
}

HttpAnswer HttpClient::get(const std::string& target, const HttpHeaders& headers) {
    std::string text = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n";
    for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
    send(text + "\r\n");
    auto answer = receive();
    if (!answer) throw std::runtime_error("no answer to GET " + target);
    return std::move(*answer);
}

HttpAnswer HttpClient::post(const std::string& target, std::string_view body, const HttpHeaders& headers) {
    std::string text = "POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
                       std::to_string(body.size()) + "\r\n";
    for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
    text += "\r\n";
    send(text.append(body));
    auto answer = receive();
    if (!answer) throw std::runtime_error("no answer to POST " + target);
    return std::move(*answer);
}

}  // namespace daybook::test
