#include "tests/integration/postgres_server.hpp"

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include <pwd.h>
#include <unistd.h>

#include "projections/postgres.hpp"
#include "tests/support.hpp"

namespace daybook::test {
namespace {

namespace fs = std::filesystem;

// It refuses to run as root.
const passwd* user_for_it() {
    if (::geteuid() != 0) return nullptr;
    const passwd* user = ::getpwnam("postgres");
    return user != nullptr ? user : ::getpwnam("nobody");
}

void must(const Outcome& outcome, const std::string& what) {
    if (outcome.status != 0) throw std::runtime_error(what + ": " + outcome.out + outcome.err);
}

}  // namespace

std::optional<fs::path> PostgresServer::programs() {
    for (const char* place : {"/usr/lib/postgresql/15/bin", "/usr/pgsql-15/bin", "/usr/bin", "/usr/local/bin"}) {
        if (fs::exists(fs::path(place) / "initdb")) return place;
    }
    return std::nullopt;
}

PostgresServer& PostgresServer::shared() {
    static PostgresServer server;
    return server;
}

PostgresServer::PostgresServer(const std::vector<std::string>& settings) : port_(free_port()), settings_(settings) {
    std::string name = (fs::temp_directory_path() / "daybook-postgres-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), name);
    directory_ = name;
    give(directory_);
    write_file(directory_ / "password", "correct-horse\n");
    give(directory_ / "password");
    auto words = as_its_user();
    const auto programs = *PostgresServer::programs();
    words.insert(words.end(), {(programs / "initdb").string(), "-D", (directory_ / "data").string(), "-U", "daybook", "--pwfile",
                               (directory_ / "password").string(), "--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8",
                               "--locale=C", "--no-sync"});
    must(test::run(words), "initdb");
    start();
}

PostgresServer::~PostgresServer() {
    if (process_) stop(true);
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

std::vector<std::string> PostgresServer::as_its_user() const {
    const passwd* user = user_for_it();
    if (user == nullptr) return {};
    return {"setpriv", "--reuid=" + std::to_string(user->pw_uid), "--regid=" + std::to_string(user->pw_gid), "--clear-groups"};
}

void PostgresServer::give(const fs::path& path) const {
    const passwd* user = user_for_it();
    if (user != nullptr && ::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0)
        throw std::system_error(errno, std::generic_category(), path.string());
}

void PostgresServer::start(const std::vector<std::string>& more_settings) {
    auto words = as_its_user();
    words.insert(words.end(), {(*programs() / "postgres").string(), "-D", (directory_ / "data").string(), "-k", directory_.string(),
                               "-p", std::to_string(port_), "-c", "listen_addresses=127.0.0.1"});
    for (const auto& settings : {settings_, more_settings}) {
        for (const std::string& setting : settings) words.insert(words.end(), {"-c", setting});
    }
    process_ = std::make_unique<Background>(words);
    process_->line_with("ready to accept connections");
}

void PostgresServer::stop(bool at_once) {
    process_->signal(at_once ? SIGQUIT : SIGINT);
    process_->wait();
    process_.reset();
}

std::string PostgresServer::url(const std::string& database, const std::string& role, const std::string& password) const {
    return "postgresql://" + role + ':' + password + "@127.0.0.1:" + std::to_string(port_) + '/' + database;
}

std::string PostgresServer::new_database(const std::string& tablespace) {
    const std::string name = "test" + std::to_string(++databases_);
    ask(url("postgres"), "CREATE DATABASE " + name + (tablespace.empty() ? "" : " TABLESPACE " + tablespace));
    return url(name);
}

std::string PostgresServer::ask(const std::string& url, const std::string& statement) {
    postgres::Options options;
    options.url = url;
    postgres::Connection connection(options);
    const postgres::Rows rows = connection.query(statement);
    std::string text;
    for (int row = 0; row < rows.size(); ++row) {
        text += row == 0 ? "" : "\n";
        for (int column = 0; column < rows.columns(); ++column) {
            text += column == 0 ? "" : "|";
            text += rows.text(row, column);
        }
    }
    return text;
}

bool PostgresServer::kill_backend(const std::string& url) {
    const std::string process =
        ask(url, "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() LIMIT 1");
    if (process.empty()) return false;
    ::kill(std::stoi(process), SIGKILL);
    if (!becomes_true([&] { return ::kill(std::stoi(process), 0) != 0; })) throw std::runtime_error("a killed process lives on");
    wait_until_ready();
    return true;
}

void PostgresServer::wait_until_ready() const {
    const bool ready = becomes_true([&] {
        try {
            return ask(url("postgres"), "SELECT 1") == "1";
        } catch (const postgres::Error&) {
            return false;
        }
    });
    if (!ready) throw std::runtime_error("PostgreSQL does not take connections");
}

}  // namespace daybook::test
