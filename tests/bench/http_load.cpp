#include "tests/bench/http_load.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "journal/descriptor.hpp"

namespace daybook::bench {
namespace {

using Clock = std::chrono::steady_clock;

int connect_to(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("cannot connect to port " + std::to_string(port));
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

// One connection.
class Client {
public:
    explicit Client(std::uint16_t port) : socket_(connect_to(port)) {}
    int socket() const { return socket_.get(); }

    // Requests are small: they go out in one piece.
    void ask(const std::string& request) {
        begun_ = Clock::now();
        answer_.clear();
        if (::send(socket(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
            throw std::runtime_error("a request could not be sent");
    }
    // Whether the answer is whole now.
    bool read() {
        std::array<char, 64 * 1024> buffer;
        const ssize_t size = ::recv(socket(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) return false;
        if (size <= 0) throw std::runtime_error("the server closed a connection");
        answer_.append(buffer.data(), static_cast<std::size_t>(size));
        const std::size_t end = answer_.find("\r\n\r\n");
        if (end == std::string::npos) return false;
        if (!answer_.starts_with("HTTP/1.1 200 ")) throw std::runtime_error("a request was answered with " + answer_);
        constexpr std::string_view name = "Content-Length: ";
        const std::size_t at = answer_.find(name);
        std::size_t length = 0;
        if (at > end) throw std::runtime_error("an answer does not tell its length");
        std::from_chars(answer_.data() + at + name.size(), answer_.data() + end, length);
        return answer_.size() >= end + 4 + length;
    }
    double micros() const { return std::chrono::duration<double, std::micro>(Clock::now() - begun_).count(); }

private:
    Descriptor socket_;
    std::string answer_;
    Clock::time_point begun_;
};

double percentile(std::vector<double>& values, double share) {
    if (values.empty()) return 0;
    const auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + place, values.end());
    return values[static_cast<std::size_t>(place)];
}

}  // namespace

std::string http_post(const std::string& target, const std::string& body) {
    return "POST " + target +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

std::string http_get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n"; }

HttpLoad load_http(std::uint16_t port, std::size_t clients, double seconds,
                   const std::function<std::string(std::uint64_t)>& request) {
    const Descriptor events(::epoll_create1(EPOLL_CLOEXEC));
    std::vector<std::unique_ptr<Client>> all;
    for (std::size_t i = 0; i < clients; ++i) {
        all.push_back(std::make_unique<Client>(port));
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = i;
        ::epoll_ctl(events.get(), EPOLL_CTL_ADD, all.back()->socket(), &event);
    }
    std::uint64_t asked = 0;
    std::vector<double> micros;
    const auto begin = Clock::now();
    const auto end = begin + std::chrono::duration<double>(seconds);
    for (const auto& client : all) client->ask(request(asked++));
    std::size_t waiting = clients;
    while (waiting != 0) {
        std::array<epoll_event, 64> ready;
        const int count = ::epoll_wait(events.get(), ready.data(), static_cast<int>(ready.size()), 30'000);
        if (count == 0) throw std::runtime_error("no answer for 30 s");
        for (int i = 0; i < count; ++i) {
            Client& client = *all[ready[static_cast<std::size_t>(i)].data.u64];
            if (!client.read()) continue;
            micros.push_back(client.micros());
            if (Clock::now() < end) {
                client.ask(request(asked++));
            } else {
                --waiting;
            }
        }
    }
    HttpLoad load;
    load.rate = static_cast<double>(micros.size()) / std::chrono::duration<double>(Clock::now() - begin).count();
    load.p50_micros = percentile(micros, 0.5);
    load.p99_micros = percentile(micros, 0.99);
    return load;
}

}  // namespace daybook::bench
