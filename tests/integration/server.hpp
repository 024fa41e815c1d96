// `daybook serve`, the real binary, on a free port of loopback.
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "tests/integration/background.hpp"
#include "tests/integration/http_client.hpp"
#include "tests/integration/program.hpp"

namespace daybook::test {

// A file for its owner alone.
inline void write_secret(const std::filesystem::path& file, std::string_view bytes) {
    write_file(file, bytes);
    std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

class Server {
public:
    explicit Server(const Program& daybook, const std::vector<std::string>& options = {}, std::uint16_t port = 0)
        : process_(command(daybook, options, port), daybook.directory().string()) {
        const std::string line = process_.line_with("listening on http://");
        port_ = static_cast<std::uint16_t>(std::stoul(line.substr(line.find("127.0.0.1:") + 10)));
    }
    HttpClient client() const { return HttpClient(port_); }
    std::uint16_t port() const { return port_; }
    Background& process() { return process_; }
    // Its exit status.
    int stop() {
        process_.signal(SIGTERM);
        return process_.wait();
    }

private:
    static std::vector<std::string> command(const Program& daybook, const std::vector<std::string>& options, std::uint16_t port) {
        std::vector<std::string> words{daybook_program(), "--data",   daybook.data().string(),
                                       "serve",           "--listen", "127.0.0.1:" + std::to_string(port),
                                       "--log",           "json"};
        words.insert(words.end(), options.begin(), options.end());
        return words;
    }
    Background process_;
    std::uint16_t port_ = 0;
};

}  // namespace daybook::test
