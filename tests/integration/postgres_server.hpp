// PostgreSQL, the real one, on a free port of loopback with a directory of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/background.hpp"

namespace daybook::test {

class PostgresServer {
public:
    // Where its programs are; nothing where it is not installed: skip then.
    static std::optional<std::filesystem::path> programs();
    // The one that most tests share: each makes its own database in it. A test that stops it starts it again.
    static PostgresServer& shared();

    // `settings` as in postgresql.conf: what is given up for the tests' speed, unless something else is wanted.
    explicit PostgresServer(const std::vector<std::string>& settings = {"fsync=off"});
    ~PostgresServer();
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    // Makes an empty database and returns its URL, with the password of the role `daybook` (a superuser).
    std::string new_database(const std::string& tablespace = "");
    std::string url(const std::string& database, const std::string& role = "daybook",
                    const std::string& password = "correct-horse") const;
    std::uint16_t port() const { return port_; }

    // Runs statements; the rows of the last one, a line each, columns parted by `|`, null as nothing. Throws postgres::Error.
    static std::string ask(const std::string& url, const std::string& statement);

    void start(const std::vector<std::string>& more_settings = {});
    void stop(bool at_once = false);  // at once: as a crash, to be recovered from
    // kill -9 of the server's process that serves a connection to this database; false where there is none. Waits until
    // the server has recovered.
    bool kill_backend(const std::string& url);
    void signal(int number) const { process_->signal(number); }
    // Waits until it takes connections.
    void wait_until_ready() const;
    // To run a program as the user that the server runs as.
    std::vector<std::string> as_its_user() const;
    void give(const std::filesystem::path& path) const;  // makes it that user's

private:
    std::filesystem::path directory_;
    std::uint16_t port_;
    std::vector<std::string> settings_;
    std::unique_ptr<Background> process_;
    int databases_ = 0;
};

}  // namespace daybook::test
