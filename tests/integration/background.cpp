#include "tests/integration/background.hpp"

#include <csignal>
#include <stdexcept>
#include <system_error>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace daybook::test {
namespace {

constexpr auto patience = std::chrono::seconds(30);

std::runtime_error too_long(const std::string& what, const std::string& said) {
    return std::runtime_error("half a minute passed without " + what + "; it said: " + said);
}

}  // namespace

std::uint16_t free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(socket);
    if (!bound) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

Background::Background(const std::vector<std::string>& command, const std::string& directory) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    process_ = ::fork();
    if (process_ == 0) {
        ::dup2(ends[1], STDOUT_FILENO);
        ::dup2(ends[1], STDERR_FILENO);
        if (!directory.empty() && ::chdir(directory.c_str()) != 0) ::_exit(126);
        ::execvp(arguments[0], arguments.data());
        ::_exit(127);
    }
    ::close(ends[1]);
    if (process_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    reading_ = std::thread([this, descriptor = ends[0]] { read(descriptor); });
}

Background::~Background() {
    if (!ended_) {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    reading_.join();
}

void Background::read(int descriptor) {
    char bytes[4096];
    ssize_t got = 0;
    while ((got = ::read(descriptor, bytes, sizeof bytes)) > 0) {
        const std::lock_guard lock(mutex_);
        text_.append(bytes, static_cast<std::size_t>(got));
        changed_.notify_all();
    }
    ::close(descriptor);
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
}

std::string Background::line_with(std::string_view wanted) {
    std::unique_lock lock(mutex_);
    std::string line;
    const auto found = [&] {
        const std::size_t at = text_.find(wanted);
        const std::size_t end = at == std::string::npos ? at : text_.find('\n', at);
        if (end == std::string::npos) return false;
        const std::size_t before = text_.rfind('\n', at);
        const std::size_t start = before == std::string::npos ? 0 : before + 1;
        line = text_.substr(start, end - start);
        return true;
    };
    if (!changed_.wait_for(lock, patience, [&] { return found() || closed_; }))
        throw too_long("\"" + std::string(wanted) + '"', text_);
    if (line.empty()) throw std::runtime_error("it ended without \"" + std::string(wanted) + "\"; it said: " + text_);
    return line;
}

std::string Background::said() {
    const std::lock_guard lock(mutex_);
    return text_;
}

void Background::signal(int number) const { ::kill(process_, number); }

int Background::wait() {
    std::unique_lock lock(mutex_);
    // It has closed its output when it has ended.
    if (!changed_.wait_for(lock, patience, [&] { return closed_; })) throw too_long("its end", text_);
    if (!ended_) {
        int status = 0;
        ::waitpid(process_, &status, 0);
        ended_ = true;
        status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return status_;
}

}  // namespace daybook::test
