#include "tests/bench/wire.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <vector>

namespace daybook::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int patience_ms = 30'000;

double percentile(std::vector<double>& values, double share) {
    if (values.empty()) return 0;
    const auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + place, values.end());
    return values[static_cast<std::size_t>(place)];
}

void wait_for(int socket, short what) {
    pollfd wanted{socket, what, 0};
    if (::poll(&wanted, 1, patience_ms) == 0) throw std::runtime_error("a server said nothing for 30 s");
}

}  // namespace

int connect_to_loopback(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        throw std::runtime_error("cannot connect to port " + std::to_string(port));
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

void WireClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            wait_for(socket(), POLLOUT);
        } else if (errno != EINTR) {
            throw std::runtime_error("a request could not be sent");
        }
    }
}

bool WireClient::is_whole() {
    if (!size_) size_ = answer_size_(std::string_view(said_).substr(taken_));
    return size_.has_value();
}

bool WireClient::receive(bool wait) {
    if (is_whole()) return true;
    if (wait) wait_for(socket(), POLLIN);
    said_.erase(0, taken_);
    taken_ = 0;
    std::array<char, 256 * 1024> buffer;
    const ssize_t size = ::recv(socket(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (size <= 0) throw std::runtime_error("a server closed a connection");
    said_.append(buffer.data(), static_cast<std::size_t>(size));
    return is_whole();
}

std::string_view WireClient::take() {
    const std::string_view answer = std::string_view(said_).substr(taken_, *size_);
    taken_ += *size_;
    size_.reset();
    return answer;
}

std::string_view WireClient::call(std::string_view request) {
    send(request);
    while (!receive(true)) {
    }
    return take();
}

Load load_clients(std::span<const std::unique_ptr<WireClient>> clients, double seconds, std::uint64_t count,
                  const Request& request) {
    const Descriptor events(::epoll_create1(EPOLL_CLOEXEC));
    for (std::size_t i = 0; i < clients.size(); ++i) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = i;
        ::epoll_ctl(events.get(), EPOLL_CTL_ADD, clients[i]->socket(), &event);
    }
    std::uint64_t asked = 0;
    std::vector<double> micros;
    std::vector<Clock::time_point> begun(clients.size());
    const auto begin = Clock::now();
    const auto end = begin + std::chrono::duration<double>(seconds);
    const auto ask = [&](std::size_t client) {
        const std::string bytes = request(client, asked++);
        begun[client] = Clock::now();
        clients[client]->send(bytes);
    };
    std::size_t waiting = static_cast<std::size_t>(std::min<std::uint64_t>(count, clients.size()));
    for (std::size_t i = 0; i < waiting; ++i) ask(i);
    while (waiting != 0) {
        std::array<epoll_event, 64> ready;
        const int found = ::epoll_wait(events.get(), ready.data(), static_cast<int>(ready.size()), patience_ms);
        if (found == 0) throw std::runtime_error("no answer for 30 s");
        for (int i = 0; i < found; ++i) {
            const auto client = static_cast<std::size_t>(ready[static_cast<std::size_t>(i)].data.u64);
            if (!clients[client]->receive(false)) continue;
            clients[client]->take();
            const auto now = Clock::now();
            micros.push_back(std::chrono::duration<double, std::micro>(now - begun[client]).count());
            if (now < end && asked < count) {
                ask(client);
            } else {
                --waiting;
            }
        }
    }
    Load load;
    load.rate = static_cast<double>(micros.size()) / std::chrono::duration<double>(Clock::now() - begin).count();
    load.p50_micros = percentile(micros, 0.5);
    load.p99_micros = percentile(micros, 0.99);
    return load;
}

}  // namespace daybook::bench
