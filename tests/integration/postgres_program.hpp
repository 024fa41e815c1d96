// The real binary with DATABASE_URL set.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/integration/postgres_server.hpp"
#include "tests/integration/program.hpp"

namespace daybook::test {

// Marks the test as skipped where there is no PostgreSQL; return then.
inline bool no_postgres() {
    if (PostgresServer::programs()) return false;
    skip("PostgreSQL is not installed");
    return true;
}

class PostgresProgram : public Program {
public:
    explicit PostgresProgram(std::string url) : url_(std::move(url)) {}
    const std::string& url() const { return url_; }
    std::vector<std::string> command(const std::vector<std::string>& arguments, const std::string& url) const {
        std::vector<std::string> words{"env", "DATABASE_URL=" + url, daybook_program(), "--data", data().string()};
        words.insert(words.end(), arguments.begin(), arguments.end());
        return words;
    }
    Outcome run(const std::vector<std::string>& arguments, std::string_view input = {}) const {
        return test::run(command(arguments, url_), input, directory());
    }
    Outcome run_at(const std::string& url, const std::vector<std::string>& arguments) const {
        return test::run(command(arguments, url), {}, directory());
    }
    std::string ask(const std::string& statement) const { return PostgresServer::ask(url_, statement); }
    // Whether `export postgres --check` finds nothing.
    bool holds_the_journal() const {
        const Outcome outcome = run({"export", "postgres", "--check"});
        if (outcome.status != 0) UNSCOPED_INFO(outcome.out << outcome.err);
        return outcome.status == 0;
    }

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
