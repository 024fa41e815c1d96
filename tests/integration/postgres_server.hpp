// PostgreSQL, the real one, on a free port of loopback with a directory of its own; and `daybook` beside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/background.hpp"
#include "tests/integration/program.hpp"

namespace daybook::test {

class PostgresServer {
public:
    // Where its programs are; nothing where it is not installed: skip then.
    static std::optional<std::filesystem::path> programs();
    // The one that most tests share: each makes its own database in it. A test that stops it starts it again.
    static PostgresServer& shared();

    PostgresServer();
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

    void start();
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
    std::unique_ptr<Background> process_;
    int databases_ = 0;
};

// The real binary with DATABASE_URL set.
class PostgresProgram : public Program {
public:
    explicit PostgresProgram(std::string url) : url_(std::move(url)) {}
    const std::string& url() const { return url_; }
    std::vector<std::string> command(const std::vector<std::string>& arguments, const std::string& url) const;
    Outcome run(const std::vector<std::string>& arguments, std::string_view input = {}) const {
        return test::run(command(arguments, url_), input, directory());
    }
    Outcome run_at(const std::string& url, const std::vector<std::string>& arguments) const {
        return test::run(command(arguments, url), {}, directory());
    }
    std::string ask(const std::string& statement) const { return PostgresServer::ask(url_, statement); }
    // Whether `export postgres --check` finds nothing.
    bool holds_the_journal() const;

private:
    std::string url_;
};

// With a database of its own in the shared server, that has the tables.
class MigratedProgram : public PostgresProgram {
public:
    MigratedProgram() : PostgresProgram(PostgresServer::shared().new_database()) {
        const Outcome outcome = run({"migrate", "postgres"});
        if (outcome.status != 0) throw std::runtime_error("migrate postgres: " + outcome.err);
    }
};

}  // namespace daybook::test
