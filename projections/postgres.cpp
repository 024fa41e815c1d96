#include "projections/postgres.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <system_error>

#include <libpq-fe.h>
#include <poll.h>

#include "projections/postgres_advice.hpp"

namespace daybook::postgres {
namespace {

// How much longer than the server may take for a statement we wait for it to say so.
constexpr std::chrono::seconds grace{5};

constexpr const char* url_form =
    "it must look like postgresql://user@host:5432/database; in a password, @ : / ? # and % are written %40 %3A %2F %3F %23 %25";

struct ConninfoDeleter {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Conninfo = std::unique_ptr<PQconninfoOption, ConninfoDeleter>;

bool is_secret(std::string_view keyword) { return keyword == "password" || keyword == "sslpassword"; }

// What libpq says of a URL that it can't read holds parts of it, and a password that was not encoded may be in any of them: so none
// of that is repeated.
Conninfo parse_url(const std::string& url) {
    char* message = nullptr;
    Conninfo options(PQconninfoParse(url.c_str(), &message));
    PQfreemem(message);
    bool good = options != nullptr;
    for (const PQconninfoOption* option = options.get(); good && option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        const std::string_view keyword = option->keyword, value = option->val;
        if (keyword == "port") good = value.find_first_not_of("0123456789,") == std::string_view::npos;
        if (keyword == "dbname" || keyword == "host") good = value.find('@') == std::string_view::npos;
    }
    if (!good) throw Error(Error::Kind::failed, "", std::string("the database's URL can't be read: ") + url_form);
    return options;
}

std::string percent_encoded(std::string_view text) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           std::string_view("-._~").find(c) != std::string_view::npos;
        if (plain) {
            out += c;
        } else {
            out += {'%', digits[byte >> 4], digits[byte & 15]};
        }
    }
    return out;
}

std::string field(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text == nullptr ? "" : text;
}

}  // namespace

bool Error::may_pass() const { return kind_ == Kind::unreachable || was_in_the_way(state_); }

std::string without_password(const std::string& url) {
    const Conninfo options = parse_url(url);
    std::string user, host, port, database;
    std::string more;  // what has no place before the question mark
    const auto add = [&](const std::string& keyword, const std::string& value) {
        if (!value.empty()) more += (more.empty() ? '?' : '&') + keyword + '=' + percent_encoded(value);
    };
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr || is_secret(option->keyword)) continue;
        const std::string_view keyword = option->keyword;
        if (keyword == "user") {
            user = percent_encoded(option->val) + '@';
        } else if (keyword == "dbname") {
            database = '/' + percent_encoded(option->val);
        } else if (keyword == "host") {
            host = option->val;
        } else if (keyword == "port") {
            port = option->val;
        } else {
            add(option->keyword, option->val);
        }
    }
    const bool one_host = host.find_first_of("/,:") == std::string::npos && port.find(',') == std::string::npos;
    if (one_host) return "postgresql://" + user + percent_encoded(host) + (port.empty() ? "" : ':' + port) + database + more;
    add("host", host);
    add("port", port);
    return "postgresql://" + user + database + more;
}

namespace {

struct DatabaseName {
    std::string host, port = "5432", name;
    bool operator==(const DatabaseName&) const = default;
};

DatabaseName name_of(const Conninfo& options) {
    DatabaseName found;
    std::string user;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        const std::string_view keyword = option->keyword;
        if (keyword == "host" || keyword == "hostaddr" || keyword == "service") found.host += option->val + std::string(1, ' ');
        if (keyword == "port") found.port = option->val;
        if (keyword == "dbname") found.name = option->val;
        if (keyword == "user") user = option->val;
    }
    if (found.name.empty()) found.name = user;
    return found;
}

}  // namespace

bool same_database(const std::string& one, const std::string& other) {
    return name_of(parse_url(one)) == name_of(parse_url(other));
}

std::string reached_as(const std::string& place, const std::string& url) {
    const Conninfo options = parse_url(url);
    const DatabaseName wanted = name_of(parse_url(place)), known = name_of(options);
    if (wanted.host != known.host || wanted.port != known.port) return place;
    std::string text;
    const auto add = [&](const std::string& keyword, const std::string& value) {
        text += keyword + "='";
        for (const char c : value) text += (c == '\'' || c == '\\' ? "\\" : "") + std::string(1, c);
        text += "' ";
    };
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr && std::string_view(option->keyword) != "dbname") add(option->keyword, option->val);
    }
    add("dbname", wanted.name);
    return text;
}

// --- Rows

Rows::~Rows() { PQclear(result_); }
int Rows::size() const { return PQntuples(result_); }
int Rows::columns() const { return PQnfields(result_); }
bool Rows::is_null(int row, int column) const { return PQgetisnull(result_, row, column) == 1; }
std::string_view Rows::text(int row, int column) const {
    return {PQgetvalue(result_, row, column), static_cast<std::size_t>(PQgetlength(result_, row, column))};
}
std::int64_t Rows::number(int row, int column) const {
    std::int64_t number = 0;
    const std::string_view digits = text(row, column);
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}
std::uint64_t Rows::affected() const { return std::strtoull(PQcmdTuples(result_), nullptr, 10); }

// --- Connection

Connection::Connection(const Options& options) : statement_timeout_(options.statement_timeout), stop_(options.stop) {
    const Conninfo url = parse_url(options.url);
    // Those of the URL count more: of a keyword that comes twice the later one holds.
    std::vector<const char*> keywords, values;
    const std::string timeout = std::to_string(options.connect_timeout.count());
    const auto add = [&](const char* keyword, const char* value) {
        keywords.push_back(keyword);
        values.push_back(value);
    };
    add("connect_timeout", timeout.c_str());
    add("fallback_application_name", "daybook");
    add("keepalives_idle", "30");
    add("keepalives_interval", "10");
    add("keepalives_count", "3");
    add("tcp_user_timeout", "30000");
    const auto keep_secret = [&](const char* text) {
        if (text != nullptr && std::string_view(text).size() > 3) secrets_.emplace_back(text);
    };
    for (const PQconninfoOption* option = url.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        add(option->keyword, option->val);
        if (is_secret(option->keyword)) keep_secret(option->val);
    }
    keep_secret(std::getenv("PGPASSWORD"));
    add("client_encoding", "UTF8");
    add(nullptr, nullptr);
    handle_ = PQconnectdbParams(keywords.data(), values.data(), 0);
    const auto text = [](const char* part) { return std::string(part == nullptr ? "" : part); };
    place_ = text(PQuser(handle_)) + '@' + text(PQhost(handle_)) + ':' + text(PQport(handle_)) + '/' + text(PQdb(handle_));
    if (PQstatus(handle_) != CONNECTION_OK) {
        const std::string said = without(one_line(PQerrorMessage(handle_)), secrets_);
        PQfinish(std::exchange(handle_, nullptr));
        throw Error(is_passing(said) ? Error::Kind::unreachable : Error::Kind::failed, lacks_database(said) ? no_such_database : "",
                    "Postgres can't be reached: " + said + ": " + advice_on_connecting(said));
    }
    PQsetNoticeReceiver(
        handle_,
        [](void* warnings, const PGresult* notice) {
            if (field(notice, PG_DIAG_SEVERITY_NONLOCALIZED) == "WARNING")
                static_cast<std::vector<std::string>*>(warnings)->push_back(one_line(field(notice, PG_DIAG_MESSAGE_PRIMARY)));
        },
        &warnings_);
    PQsetnonblocking(handle_, 1);
    try {
        // A wait for a lock ends a little before the statement would, so that it is told as what it was.
        execute("SET TIME ZONE 'UTC'; SET lock_timeout = " + std::to_string(statement_timeout_.count() * 900));
        allow(statement_timeout_);
    } catch (...) {
        PQfinish(handle_);
        throw;
    }
}

Connection::~Connection() { PQfinish(handle_); }

void Connection::allow(std::chrono::seconds statement) {
    execute("SET statement_timeout = " + std::to_string(statement.count() * 1000));
    statement_timeout_ = statement;
}

void Connection::execute(const std::string& statements) {
    if (PQsendQuery(handle_, statements.c_str()) == 0) fail_connection();
    while (pg_result* const result = next_result()) {
        const Rows rows(result);
        const ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) continue;
        fail(result);
    }
}

Rows Connection::query(const std::string& statement, Parameters parameters) {
    send(statement, parameters);
    Rows rows(next_result());
    pg_result* const rest = next_result();
    assert(rest == nullptr);
    return rows;
}

void Connection::send(const std::string& statement, const std::vector<std::string>& parameters) {
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
    const int sent =
        PQsendQueryParams(handle_, statement.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr, 0);
    if (sent == 0) fail_connection();
    flush();
}

// Sends what is buffered; takes in what comes meanwhile, so that neither side waits for the other.
void Connection::flush() {
    int left = 0;
    while ((left = PQflush(handle_)) == 1) {
        wait(POLLIN | POLLOUT);
        if (PQconsumeInput(handle_) == 0) fail_connection();
    }
    if (left < 0) fail_connection();
}

// A result with an error is thrown.
pg_result* Connection::next_result() {
    flush();
    while (PQisBusy(handle_) == 1) {
        wait(POLLIN);
        if (PQconsumeInput(handle_) == 0) fail_connection();
    }
    PGresult* const result = PQgetResult(handle_);
    const ExecStatusType status = result == nullptr ? PGRES_COMMAND_OK : PQresultStatus(result);
    if (status != PGRES_FATAL_ERROR && status != PGRES_BAD_RESPONSE) return result;
    const Rows owner(result);
    fail(result);
}

// False where the connection is lost or in the middle of something: to close it rolls back then.
bool Connection::roll_back() {
    try {
        execute("ROLLBACK");
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

void Connection::wait(short events) {
    std::array<pollfd, 2> waited{{{PQsocket(handle_), events, 0}, {stop_, POLLIN, 0}}};
    const auto end = std::chrono::steady_clock::now() + statement_timeout_ + grace;
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        const int ready = ::poll(waited.data(), waited.size(), static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000)));
        if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
        if (ready > 0 && waited[1].revents != 0) throw Error(Error::Kind::stopped, "", "stopped while waiting for Postgres");
        if (ready > 0) return;
        if (left.count() <= 0) {
            throw Error(Error::Kind::unreachable, "", "Postgres at " + place_ + " does not answer any more");
        }
    }
}

void Connection::drain() {
    while (true) {
        while (PQisBusy(handle_) == 1) {
            wait(POLLIN);
            if (PQconsumeInput(handle_) == 0) fail_connection();
        }
        PGresult* const rest = PQgetResult(handle_);
        if (rest == nullptr) return;
        PQclear(rest);
    }
}

void Connection::fail(const pg_result* result) {
    ServerError error{field(result, PG_DIAG_SQLSTATE), one_line(field(result, PG_DIAG_MESSAGE_PRIMARY)),
                      field(result, PG_DIAG_MESSAGE_DETAIL), field(result, PG_DIAG_CONTEXT), field(result, PG_DIAG_TABLE_NAME)};
    if (error.message.empty()) error.message = one_line(PQresultErrorMessage(result));
    if (PQstatus(handle_) != CONNECTION_OK) fail_connection();
    if (PQpipelineStatus(handle_) == PQ_PIPELINE_OFF) drain();
    const std::string advice = advice_on(error);
    throw Error(is_lost(error.state) ? Error::Kind::unreachable : Error::Kind::failed, error.state,
                "Postgres at " + place_ + ": " + without(text_of(error), secrets_) + (advice.empty() ? "" : ": " + advice));
}

void Connection::fail_connection() {
    throw Error(Error::Kind::unreachable, "",
                "the connection to Postgres at " + place_ + " was lost: " + without(one_line(PQerrorMessage(handle_)), secrets_));
}

// --- Transaction

Transaction::Transaction(Connection& connection, const std::string& begin) : connection_(connection) { connection_.execute(begin); }

Transaction::~Transaction() {
    if (open_) connection_.roll_back();
}

void Transaction::commit() {
    open_ = false;
    connection_.execute("COMMIT");
}

// --- Pipeline

namespace {
constexpr std::size_t outstanding_max = 64;
constexpr std::size_t outstanding_bytes_max = std::size_t{8} << 20;
}  // namespace

Pipeline::Pipeline(Connection& connection) : connection_(connection) {
    if (PQenterPipelineMode(connection_.handle_) == 0) connection_.fail_connection();
}

void Pipeline::send(const std::string& statement, const std::vector<std::string>& parameters) {
    connection_.send(statement, parameters);
    ++outstanding_;
    for (const std::string& parameter : parameters) outstanding_bytes_ += parameter.size();
    if (outstanding_ >= outstanding_max || outstanding_bytes_ >= outstanding_bytes_max) take_answers();
}

void Pipeline::finish() {
    take_answers();
    if (PQexitPipelineMode(connection_.handle_) == 0) connection_.fail_connection();
}

void Pipeline::take_answers() {
    if (outstanding_ == 0) return;
    if (PQpipelineSync(connection_.handle_) == 0) connection_.fail_connection();
    for (; outstanding_ != 0; --outstanding_) {
        const Rows rows(connection_.next_result());
        pg_result* const end_of_statement = connection_.next_result();
        assert(end_of_statement == nullptr);
    }
    const Rows sync(connection_.next_result());
    outstanding_bytes_ = 0;
}

// --- COPY

CopyIn::CopyIn(Connection& connection, const std::string& statement) : connection_(connection) {
    if (PQsendQuery(connection_.handle_, statement.c_str()) == 0) connection_.fail_connection();
    const Rows begun(connection_.next_result());
}

CopyIn::~CopyIn() {
    if (!open_) return;
    PQputCopyEnd(connection_.handle_, "the export was stopped");
    PQflush(connection_.handle_);  // if that does not get it all out, closing the connection ends it as well
}

void CopyIn::write(std::string_view bytes) {
    int taken = 0;
    while ((taken = PQputCopyData(connection_.handle_, bytes.data(), static_cast<int>(bytes.size()))) == 0) connection_.flush();
    if (taken < 0) connection_.fail_connection();
    connection_.flush();
    if (PQconsumeInput(connection_.handle_) == 0) connection_.fail_connection();
}

std::uint64_t CopyIn::finish() {
    open_ = false;
    int taken = 0;
    while ((taken = PQputCopyEnd(connection_.handle_, nullptr)) == 0) connection_.flush();
    if (taken < 0) connection_.fail_connection();
    const Rows done(connection_.next_result());
    pg_result* const rest = connection_.next_result();
    assert(rest == nullptr);
    return done.affected();
}

CopyOut::CopyOut(Connection& connection, const std::string& statement) : connection_(connection) {
    if (PQsendQuery(connection_.handle_, statement.c_str()) == 0) connection_.fail_connection();
    const Rows begun(connection_.next_result());
}

CopyOut::~CopyOut() { PQfreemem(message_); }

std::optional<std::string_view> CopyOut::next() {
    PQfreemem(std::exchange(message_, nullptr));
    int size = 0;
    while ((size = PQgetCopyData(connection_.handle_, &message_, 1)) == 0) {
        connection_.wait(POLLIN);
        if (PQconsumeInput(connection_.handle_) == 0) connection_.fail_connection();
    }
    if (size > 0) return std::string_view(message_, static_cast<std::size_t>(size));
    const Rows done(connection_.next_result());  // or what went wrong
    pg_result* const rest = connection_.next_result();
    assert(rest == nullptr);
    return std::nullopt;
}

}  // namespace daybook::postgres
