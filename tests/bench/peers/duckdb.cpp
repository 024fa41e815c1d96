#include "tests/bench/peers/duckdb.hpp"

#include <atomic>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <dlfcn.h>

#include "tests/bench/peers/peer.hpp"

namespace daybook::bench {
namespace {

// As duckdb.h has them.
struct DuckResult {
    std::uint64_t unused[3];
    void* columns;
    char* message;
    void* internal;
};
struct DuckText {
    std::uint32_t size;
    char head[4];     // of a text of more than 12 bytes
    const char* far;  // likewise; a shorter one lies in `head` and here
};
struct DuckTime {
    std::int64_t micros;
};
using Handle = void*;

}  // namespace

struct DuckdbLibrary {
    explicit DuckdbLibrary(const std::filesystem::path& file) : library_(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {
        if (library_ == nullptr) throw std::runtime_error(::dlerror());
        find(open, "duckdb_open");
        find(close, "duckdb_close");
        find(connect, "duckdb_connect");
        find(disconnect, "duckdb_disconnect");
        find(query, "duckdb_query");
        find(destroy_result, "duckdb_destroy_result");
        find(prepare, "duckdb_prepare");
        find(prepare_error, "duckdb_prepare_error");
        find(bind_text, "duckdb_bind_varchar_length");
        find(bind_int64, "duckdb_bind_int64");
        find(bind_time, "duckdb_bind_timestamp");
        find(execute, "duckdb_execute_prepared");
        find(destroy_prepare, "duckdb_destroy_prepare");
        find(appender_create, "duckdb_appender_create");
        find(appender_destroy, "duckdb_appender_destroy");
        find(append_int64, "duckdb_append_int64");
        find(append_text, "duckdb_append_varchar_length");
        find(append_time, "duckdb_append_timestamp");
        find(end_row, "duckdb_appender_end_row");
        find(fetch_chunk, "duckdb_fetch_chunk");
        find(chunk_size, "duckdb_data_chunk_get_size");
        find(chunk_vector, "duckdb_data_chunk_get_vector");
        find(vector_data, "duckdb_vector_get_data");
        find(destroy_chunk, "duckdb_destroy_data_chunk");
    }
    template <class Function>
    void find(Function*& function, const char* name) {
        void* const symbol = ::dlsym(library_, name);
        if (symbol == nullptr) throw std::runtime_error(std::string("libduckdb.so lacks ") + name);
        std::memcpy(&function, &symbol, sizeof symbol);
    }

    // 0 is success.
    int (*open)(const char*, Handle*);
    void (*close)(Handle*);
    int (*connect)(Handle, Handle*);
    void (*disconnect)(Handle*);
    int (*query)(Handle, const char*, DuckResult*);
    void (*destroy_result)(DuckResult*);
    int (*prepare)(Handle, const char*, Handle*);
    const char* (*prepare_error)(Handle);
    int (*bind_text)(Handle, std::uint64_t, const char*, std::uint64_t);
    int (*bind_int64)(Handle, std::uint64_t, std::int64_t);
    int (*bind_time)(Handle, std::uint64_t, DuckTime);
    int (*execute)(Handle, DuckResult*);
    void (*destroy_prepare)(Handle*);
    int (*appender_create)(Handle, const char*, const char*, Handle*);
    int (*appender_destroy)(Handle*);
    int (*append_int64)(Handle, std::int64_t);
    int (*append_text)(Handle, const char*, std::uint64_t);
    int (*append_time)(Handle, DuckTime);
    int (*end_row)(Handle);
    Handle (*fetch_chunk)(DuckResult);
    std::uint64_t (*chunk_size)(Handle);
    Handle (*chunk_vector)(Handle, std::uint64_t);
    void* (*vector_data)(Handle);
    void (*destroy_chunk)(Handle*);

private:
    void* library_;  // stays loaded: it has threads of its own
};

const DuckdbLibrary& duckdb_library(const std::filesystem::path& packages) {
    static const DuckdbLibrary library(packages / "@duckdb/node-bindings-linux-x64/libduckdb.so");
    return library;
}

namespace {

void must(int code, const char* what) {
    if (code != 0) throw std::runtime_error(std::string("DuckDB: ") + what);
}

class Result {
public:
    explicit Result(const DuckdbLibrary& library) : library_(library) {}
    ~Result() { library_.destroy_result(&result_); }
    Result(const Result&) = delete;
    Result& operator=(const Result&) = delete;
    DuckResult* operator*() { return &result_; }
    void must(int code) const { bench::must(code, result_.message == nullptr ? "?" : result_.message); }
    // Visits the texts of a column.
    template <class Visit>
    std::uint64_t each_text(std::uint64_t column, const Visit& visit) {
        std::uint64_t rows = 0;
        while (Handle chunk = library_.fetch_chunk(result_)) {
            const std::uint64_t size = library_.chunk_size(chunk);
            const auto* const texts = static_cast<const DuckText*>(library_.vector_data(library_.chunk_vector(chunk, column)));
            for (std::uint64_t row = 0; row < size; ++row) {
                const char* const begin = texts[row].size <= 12 ? texts[row].head : texts[row].far;
                visit(std::string_view(begin, texts[row].size));
            }
            rows += size;
            library_.destroy_chunk(&chunk);
            if (size == 0) break;
        }
        return rows;
    }

private:
    const DuckdbLibrary& library_;
    DuckResult result_{};
};

// A connection with what is asked over it, prepared.
class Session {
public:
    Session(const DuckdbLibrary& library, Handle database) : library_(library) {
        must(library_.connect(database, &connection_), "cannot connect");
        prepare(append_, "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)");
        prepare(timeline_, "SELECT payload FROM event WHERE stream = ? ORDER BY seq LIMIT " + std::to_string(timeline_rows));
    }
    ~Session() {
        library_.destroy_prepare(&append_);
        library_.destroy_prepare(&timeline_);
        library_.disconnect(&connection_);
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    Handle handle() const { return connection_; }

    void append(std::int64_t seq, const ReadyEvent& ready) {
        const NewEvent& event = ready.event;
        must(library_.bind_int64(append_, 1, seq), "bind");
        bind(append_, 2, event.stream);
        bind(append_, 3, ready.input.key);
        must(library_.bind_int64(append_, 4, static_cast<std::int64_t>(event.payload.type)), "bind");
        must(library_.bind_time(append_, 5, {event.occurred_at.time_since_epoch().count()}), "bind");
        bind(append_, 6, event.payload.text);
        Result result(library_);
        result.must(library_.execute(append_, *result));
    }
    std::uint64_t timeline(const std::string& stream, std::string& out) {
        bind(timeline_, 1, stream);
        Result result(library_);
        result.must(library_.execute(timeline_, *result));
        out.clear();
        return result.each_text(0, [&](std::string_view text) { out += text; });
    }

private:
    void prepare(Handle& statement, const std::string& text) {
        must(library_.prepare(connection_, text.c_str(), &statement), text.c_str());
    }
    void bind(Handle statement, std::uint64_t place, std::string_view text) {
        must(library_.bind_text(statement, place, text.data(), text.size()), "bind");
    }
    const DuckdbLibrary& library_;
    Handle connection_ = nullptr, append_ = nullptr, timeline_ = nullptr;
};

class DuckdbPeer final : public Peer {
public:
    DuckdbPeer(const std::filesystem::path& directory, const std::filesystem::path& packages, bool indexes)
        : library_(duckdb_library(packages)), database_(library_, directory / "events.duckdb") {
        database_.run(std::string("CREATE TABLE event (seq BIGINT NOT NULL, stream VARCHAR NOT NULL, key VARCHAR NOT NULL") +
                      (indexes ? " UNIQUE" : "") +
                      ", type BIGINT NOT NULL, occurred_at TIMESTAMP NOT NULL, payload VARCHAR NOT NULL)");
        if (indexes) database_.run("CREATE INDEX event_stream ON event (stream)");
    }
    void load(std::vector<ReadyEvent>& events) override {
        Session& to = session(0);
        query(to, "BEGIN");
        Handle appender = nullptr;
        must(library_.appender_create(to.handle(), nullptr, "event", &appender), "no appender");
        for (const ReadyEvent& ready : events) {
            const NewEvent& event = ready.event;
            library_.append_int64(appender, ++sequence_);
            library_.append_text(appender, event.stream.data(), event.stream.size());
            library_.append_text(appender, ready.input.key.data(), ready.input.key.size());
            library_.append_int64(appender, static_cast<std::int64_t>(event.payload.type));
            library_.append_time(appender, {event.occurred_at.time_since_epoch().count()});
            library_.append_text(appender, event.payload.text.data(), event.payload.text.size());
            must(library_.end_row(appender), "a row was refused");
        }
        must(library_.appender_destroy(&appender), "rows were refused");  // flushes
        query(to, "COMMIT");
    }
    double append_rate(unsigned writers, double seconds, std::vector<ReadyEvent>& events) override {
        session(writers - 1);
        return rate_of_threads(writers, seconds, events.size(),
                               [&](unsigned writer, std::size_t place) { sessions_[writer]->append(++sequence_, events[place]); });
    }
    std::uint64_t timeline(const std::string& stream) override { return session(0).timeline(stream, read_); }
    std::uint64_t read_all() override {
        Result result(library_);
        result.must(library_.query(session(0).handle(),
                                   "SELECT seq, stream, key, type, occurred_at, payload FROM event ORDER BY seq", *result));
        return result.each_text(5, [&](std::string_view text) { read_.assign(text); });
    }

private:
    Session& session(std::size_t number) {
        while (sessions_.size() <= number) sessions_.push_back(std::make_unique<Session>(library_, database_.handle()));
        return *sessions_[number];
    }
    void query(Session& session, const char* statement) {
        Result result(library_);
        result.must(library_.query(session.handle(), statement, *result));
    }
    const DuckdbLibrary& library_;
    Duckdb database_;
    std::vector<std::unique_ptr<Session>> sessions_;
    std::atomic<std::int64_t> sequence_ = 0;
    std::string read_;
};

}  // namespace

Duckdb::Duckdb(const DuckdbLibrary& library, const std::filesystem::path& file) : library_(library) {
    must(library_.open(file.empty() ? nullptr : file.c_str(), &database_), "cannot open a database");
    must(library_.connect(database_, &connection_), "cannot connect");
}

Duckdb::~Duckdb() {
    library_.disconnect(&connection_);
    library_.close(&database_);
}

void Duckdb::run(const std::string& statements) {
    Result result(library_);
    result.must(library_.query(connection_, statements.c_str(), *result));
}

std::string Duckdb::ask(const std::string& statements) {
    Result result(library_);
    result.must(library_.query(connection_, statements.c_str(), *result));
    std::string lines;
    result.each_text(0, [&](std::string_view text) { (lines += text) += '\n'; });
    return lines;
}

std::unique_ptr<Peer> make_duckdb(const std::filesystem::path& directory, const std::filesystem::path& packages, bool indexes) {
    return std::make_unique<DuckdbPeer>(directory, packages, indexes);
}

}  // namespace daybook::bench
