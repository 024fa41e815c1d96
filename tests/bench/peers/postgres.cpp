// PostgreSQL with the settings that it comes with, and message-db in it.
#include <cstring>
#include <stdexcept>

#include <fcntl.h>
#include <libpq-fe.h>

#include "projections/postgres.hpp"
#include "tests/bench/peers/peer.hpp"
#include "tests/integration/postgres_server.hpp"
#include "tests/support.hpp"

namespace daybook::bench {
namespace {

struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};

// libpq makes a connection and prepares its statements. What is asked after that goes over its socket, in the protocol's own
// messages (version 3), as every other server here is asked.
void add_number(std::string& out, std::uint32_t number, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
}

std::uint32_t number_at(std::string_view text, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(text[at + i]);
    return number;
}

void add_message(std::string& out, char type, std::string_view body) {
    out += type;
    add_number(out, static_cast<std::uint32_t>(body.size() + 4), 4);
    out += body;
}

// Bind, Execute and Sync of a prepared statement with text parameters.
std::string execute(std::string_view statement, std::initializer_list<std::string_view> parameters) {
    std::string bind(1, '\0');
    bind += statement;
    bind += '\0';
    add_number(bind, 0, 2);
    add_number(bind, static_cast<std::uint32_t>(parameters.size()), 2);
    for (const std::string_view parameter : parameters) {
        add_number(bind, static_cast<std::uint32_t>(parameter.size()), 4);
        bind += parameter;
    }
    add_number(bind, 0, 2);
    std::string out;
    add_message(out, 'B', bind);
    add_message(out, 'E', std::string_view("\0\0\0\0\0", 5));
    add_message(out, 'S', "");
    return out;
}

// Up to ReadyForQuery. Throws where an error is among it.
std::optional<std::size_t> end_of_answer(std::string_view said) {
    for (std::size_t at = 0; at + 5 <= said.size();) {
        const std::size_t end = at + 1 + number_at(said, at + 1);
        if (end > said.size()) return std::nullopt;
        if (said[at] == 'E') throw std::runtime_error("PostgreSQL: " + std::string(said.substr(at + 5, end - at - 5)));
        if (said[at] == 'Z') return end;
        at = end;
    }
    return std::nullopt;
}

std::uint64_t rows_in(std::string_view answer) {
    std::uint64_t rows = 0;
    for (std::size_t at = 0; at + 5 <= answer.size(); at += 1 + number_at(answer, at + 1)) rows += answer[at] == 'D' ? 1U : 0U;
    return rows;
}

std::string copy_field(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char letter : text) {
        if (letter == '\\') out += '\\';
        out += letter;
    }
    return out;
}

// What PostgreSQL and message-db have in common.
class InPostgres : public SocketPeer {
public:
    std::uint64_t timeline(const std::string& stream) override {
        return rows_in(client(0).call(execute("timeline", {stream_name(stream), std::to_string(timeline_rows)})));
    }
    std::uint64_t read_all() override {
        postgres::Options options;
        options.url = url_;
        postgres::Connection connection(options);
        postgres::CopyOut out(connection, "COPY (" + all_ + ") TO STDOUT");
        std::uint64_t rows = 0;
        while (out.next()) ++rows;
        return rows;
    }

    void settle() override { test::PostgresServer::ask(url_, "ANALYZE"); }

protected:
    InPostgres() : server_(std::vector<std::string>{}) {}
    virtual std::string stream_name(const std::string& stream) const { return stream; }
    std::unique_ptr<WireClient> connect(std::size_t) override {
        connections_.emplace_back(PQconnectdb(url_.c_str()));
        PGconn* const connection = connections_.back().get();
        if (PQstatus(connection) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection));
        for (const std::string& statement : session_) PQclear(PQexec(connection, statement.c_str()));
        prepare(connection, "append", append_);
        prepare(connection, "timeline", timeline_);
        return std::make_unique<WireClient>(::fcntl(PQsocket(connection), F_DUPFD_CLOEXEC, 0), end_of_answer);
    }

    test::PostgresServer server_;
    std::string url_;
    std::string append_, timeline_, all_;
    std::vector<std::string> session_;  // statements that each connection begins with

private:
    static void prepare(PGconn* connection, const char* name, const std::string& statement) {
        PGresult* const result = PQprepare(connection, name, statement.c_str(), 0, nullptr);
        const bool prepared = PQresultStatus(result) == PGRES_COMMAND_OK;
        PQclear(result);
        if (!prepared) throw std::runtime_error(PQerrorMessage(connection));
    }
    std::vector<std::unique_ptr<PGconn, Close>> connections_;
};

class PostgresPeer final : public InPostgres {
public:
    PostgresPeer() {
        url_ = server_.new_database();
        test::PostgresServer::ask(
            url_,
            "CREATE TABLE event (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream text NOT NULL, "
            "key text NOT NULL UNIQUE, type int NOT NULL, occurred_at bigint NOT NULL, payload jsonb NOT NULL)");
        test::PostgresServer::ask(url_, "CREATE INDEX ON event (stream, seq)");
        append_ = "INSERT INTO event (stream, key, type, occurred_at, payload) VALUES ($1, $2, $3, $4, $5)";
        timeline_ = "SELECT seq, type, occurred_at, payload FROM event WHERE stream = $1 ORDER BY seq LIMIT $2::int";
        all_ = "SELECT * FROM event ORDER BY seq";
    }
    void load(std::vector<ReadyEvent>& events) override {
        postgres::Options options;
        options.url = url_;
        postgres::Connection connection(options);
        postgres::CopyIn copy(connection, "COPY event (stream, key, type, occurred_at, payload) FROM STDIN");
        std::string rows;
        for (const ReadyEvent& ready : events) {
            const NewEvent& event = ready.event;
            rows += event.stream + '\t' + ready.input.key + '\t' + std::to_string(static_cast<int>(event.payload.type)) + '\t' +
                    std::to_string(event.occurred_at.time_since_epoch().count()) + '\t' + copy_field(event.payload.text) + '\n';
        }
        copy.write(rows);
        copy.finish();
    }

protected:
    std::string append_request(std::size_t, const ReadyEvent& ready) override {
        const NewEvent& event = ready.event;
        return execute("append", {event.stream, ready.input.key, std::to_string(static_cast<int>(event.payload.type)),
                                  std::to_string(event.occurred_at.time_since_epoch().count()), event.payload.text});
    }
};

class MessageDb final : public InPostgres {
public:
    explicit MessageDb(const std::filesystem::path& packages) : random_(1) {
        const auto script = packages / "@eventide/message-db/database/install.sh";
        if (!std::filesystem::exists(script)) throw std::runtime_error("@eventide/message-db is not installed");
        const test::Outcome outcome = test::run({"env", "PGHOST=127.0.0.1", "PGPORT=" + std::to_string(server_.port()),
                                                 "PGUSER=daybook", "PGPASSWORD=correct-horse", "bash", script.string()});
        if (outcome.status != 0) throw std::runtime_error("message-db's install.sh: " + outcome.out + outcome.err);
        url_ = server_.url("message_store");
        session_ = {"SET search_path TO message_store, public"};
        append_ = "SELECT write_message($1, $2, $3, $4::jsonb, $5::jsonb)";
        timeline_ = "SELECT * FROM get_stream_messages($1, 0, $2::bigint)";
        all_ = "SELECT * FROM message_store.messages ORDER BY global_position";
    }
    void load(std::vector<ReadyEvent>& events) override {
        run("BEGIN");
        append_all(events, 1000);
        run("COMMIT");
    }

protected:
    std::string stream_name(const std::string& stream) const override { return "incident-" + stream; }
    // It takes UUIDs alone as keys.
    std::string append_request(std::size_t, const ReadyEvent& ready) override {
        const NewEvent& event = ready.event;
        const std::string metadata = "{\"key\":\"" + ready.input.key +
                                     "\",\"occurred_at\":" + std::to_string(event.occurred_at.time_since_epoch().count()) + '}';
        return execute("append", {uuid(), stream_name(event.stream), std::to_string(static_cast<int>(event.payload.type)),
                                  event.payload.text, metadata});
    }

private:
    void run(std::string_view statement) {
        std::string message, body(statement);
        body += '\0';
        add_message(message, 'Q', body);
        client(0).call(message);
    }
    std::string uuid() {
        std::string text;
        for (const int digits : {8, 4, 4, 4, 12}) {
            text += text.empty() ? "" : "-";
            for (int i = 0; i < digits; ++i) text += "0123456789abcdef"[random_.below(16)];
        }
        return text;
    }
    Random random_;
};

void demand_programs() {
    if (!test::PostgresServer::programs()) throw std::runtime_error("PostgreSQL is not installed");
}

}  // namespace

std::unique_ptr<Peer> make_postgres(const std::filesystem::path&) {
    demand_programs();
    return std::make_unique<PostgresPeer>();
}

std::unique_ptr<Peer> make_message_db(const std::filesystem::path&, const std::filesystem::path& packages) {
    demand_programs();
    return std::make_unique<MessageDb>(packages);
}

}  // namespace daybook::bench
