// Postgres in five small classes: a connection, the rows of an answer, a transaction that rolls back unless committed, a pipeline,
// and COPY in each direction.
//
// libpq-fe.h stays in postgres.cpp. Every fault is thrown as Error; its text says what happened, where, and what to do, and holds
// no password. No wait is longer than the time that a statement may take: a server that is frozen, or a network that swallows
// everything, ends in an Error too.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/lmdb.hpp"

struct pg_conn;
struct pg_result;

namespace daybook::postgres {

class Error : public StorageError {
public:
    enum class Kind {
        unreachable,  // no connection, or it was lost: the same may work later
        stopped,      // the caller wanted it so (Options::stop)
        failed,       // anything else: somebody has to do something
    };
    Error(Kind kind, std::string state, const std::string& what) : StorageError(what), kind_(kind), state_(std::move(state)) {}
    Kind kind() const { return kind_; }
    const std::string& state() const { return state_; }  // SQLSTATE, where the server gave one
    bool may_pass() const;  // the same may go well later: unreachable, or another transaction was in the way

private:
    Kind kind_;
    std::string state_;
};

struct Options {
    std::string url;  // postgresql://…, or `host=… dbname=…`; what it leaves out libpq takes from the PG… variables and its files
    std::chrono::seconds connect_timeout{5};     // of each address, unless the URL says connect_timeout
    std::chrono::seconds statement_timeout{60};  // of a statement, and of a wait for a lock
    int stop = -1;                               // a descriptor: once it can be read, every wait ends with Error::Kind::stopped
};

// The URL without its passwords, for people and for files. Throws Error where libpq can't read it.
std::string without_password(const std::string& url);
// Whether two URLs name one database, whoever connects and how. Throws as without_password.
bool same_database(const std::string& one, const std::string& other);
// What connects to the database of `place` as `url` says, where both are of one server; `place` where they are not.
std::string reached_as(const std::string& place, const std::string& url);

// The state of an Error where the server has no database of that name: SQLSTATE's own.
inline constexpr const char* no_such_database = "3D000";

// The rows of one answer.
class Rows {
public:
    explicit Rows(pg_result* result) : result_(result) {}
    ~Rows();
    Rows(Rows&& other) noexcept : result_(std::exchange(other.result_, nullptr)) {}
    Rows& operator=(Rows&&) = delete;

    int size() const;
    int columns() const;
    bool is_null(int row, int column) const;
    std::string_view text(int row, int column) const;  // valid as long as the Rows are
    std::int64_t number(int row, int column) const;
    bool truth(int row, int column) const { return text(row, column) == "t"; }
    std::uint64_t affected() const;  // rows that the statement wrote

private:
    pg_result* result_;
};

using Parameters = std::initializer_list<std::string>;

// Used by one thread. After an Error it is good for being closed alone, unless a function says otherwise.
class Connection {
public:
    explicit Connection(const Options& options);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // One or several statements without parameters. After an Error of the kind `failed` the connection can go on; a transaction
    // that was open is aborted then, back to its last savepoint.
    void execute(const std::string& statements);
    Rows query(const std::string& statement, Parameters parameters = {});

    // What the server warned of since the last call.
    std::vector<std::string> take_warnings() { return std::exchange(warnings_, {}); }

    // How long a statement may take from now on.
    void allow(std::chrono::seconds statement);

    // `bob@db.example:5432/incidents`
    const std::string& place() const { return place_; }

private:
    friend class Transaction;
    friend class Pipeline;
    friend class CopyIn;
    friend class CopyOut;
    pg_result* next_result();  // nullptr: there is no more of this statement
    void send(const std::string& statement, const std::vector<std::string>& parameters);
    void flush();
    bool roll_back();
    void wait(short events);
    void drain();
    [[noreturn]] void fail(const pg_result* result);
    [[noreturn]] void fail_connection();

    pg_conn* handle_ = nullptr;
    std::string place_;
    std::vector<std::string> secrets_;  // to be left out of what libpq says
    std::vector<std::string> warnings_;
    std::chrono::seconds statement_timeout_;
    int stop_;
};

// Rolls back unless committed.
class Transaction {
public:
    explicit Transaction(Connection& connection, const std::string& begin = "BEGIN");
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    // Throws Error: whether it was committed is then not known.
    void commit();

private:
    Connection& connection_;
    bool open_ = true;
};

// Statements that are sent before those before them are answered, so that a distant server costs one round trip and not one each.
class Pipeline {
public:
    explicit Pipeline(Connection& connection);
    // Sends a statement; waits for the answers so far when many are outstanding. Throws Error, of any of them.
    void send(const std::string& statement, const std::vector<std::string>& parameters);
    // Waits for all answers. Not calling it, after an Error, leaves a connection that can only be closed.
    void finish();

private:
    void take_answers();
    Connection& connection_;
    std::size_t outstanding_ = 0, outstanding_bytes_ = 0;
};

// COPY … FROM STDIN. Aborted unless finished.
class CopyIn {
public:
    CopyIn(Connection& connection, const std::string& statement);
    ~CopyIn();
    CopyIn(const CopyIn&) = delete;
    CopyIn& operator=(const CopyIn&) = delete;
    void write(std::string_view bytes);
    // Returns how many rows were taken.
    std::uint64_t finish();

private:
    Connection& connection_;
    bool open_ = true;
};

// COPY … TO STDOUT. To be read to its end, or the connection closed.
class CopyOut {
public:
    CopyOut(Connection& connection, const std::string& statement);
    ~CopyOut();
    CopyOut(const CopyOut&) = delete;
    CopyOut& operator=(const CopyOut&) = delete;
    // The next message, in the binary format a row; nothing at the end. Valid until the next call.
    std::optional<std::string_view> next();

private:
    Connection& connection_;
    char* message_ = nullptr;
};

}  // namespace daybook::postgres
