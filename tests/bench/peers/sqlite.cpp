// SQLite with a write-ahead log, synced at each commit.
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>

#ifdef DAYBOOK_SQLITE
#include <sqlite3.h>
#endif

#include "tests/bench/peers/peer.hpp"

namespace daybook::bench {

#ifdef DAYBOOK_SQLITE
namespace {

// The time of an event as µs since 1970.
std::int64_t micros_of(const NewEvent& event) { return event.occurred_at.time_since_epoch().count(); }

class Sqlite final : public Peer {
public:
    explicit Sqlite(const std::filesystem::path& directory) {
        must(sqlite3_open((directory / "events.db").c_str(), &database_));
        run("PRAGMA journal_mode=WAL");
        run("PRAGMA synchronous=FULL");
        run("CREATE TABLE event (seq INTEGER PRIMARY KEY, stream TEXT NOT NULL, key TEXT NOT NULL UNIQUE, type INTEGER NOT NULL, "
            "occurred_at INTEGER NOT NULL, payload TEXT NOT NULL)");
        run("CREATE INDEX event_stream ON event (stream)");  // SQLite puts seq, the row's id, behind it
        prepare(append_, "INSERT INTO event (stream, key, type, occurred_at, payload) VALUES (?, ?, ?, ?, ?)");
        prepare(timeline_, "SELECT seq, type, occurred_at, payload FROM event WHERE stream = ? ORDER BY seq LIMIT " +
                               std::to_string(timeline_rows));
        prepare(all_, "SELECT seq, stream, key, type, occurred_at, payload FROM event ORDER BY seq");
    }
    ~Sqlite() override {
        for (sqlite3_stmt* statement : {append_, timeline_, all_}) sqlite3_finalize(statement);
        sqlite3_close(database_);
    }
    Sqlite(const Sqlite&) = delete;
    Sqlite& operator=(const Sqlite&) = delete;

    void load(std::vector<ReadyEvent>& events) override {
        run("BEGIN");
        for (const ReadyEvent& ready : events) append(ready);
        run("COMMIT");
    }
    double append_rate(unsigned writers, double seconds, std::vector<ReadyEvent>& events) override {
        std::mutex turn;
        return rate_of_threads(writers, seconds, events.size(), [&](unsigned, std::size_t place) {
            const std::lock_guard lock(turn);
            append(events[place]);
        });
    }
    std::uint64_t timeline(const std::string& stream) override {
        bind(timeline_, 1, stream);
        return read(timeline_, 3);
    }
    std::uint64_t read_all() override { return read(all_, 5); }

private:
    void must(int code) {
        if (code != SQLITE_OK) throw std::runtime_error(std::string("SQLite: ") + sqlite3_errmsg(database_));
    }
    void run(const char* statement) { must(sqlite3_exec(database_, statement, nullptr, nullptr, nullptr)); }
    void prepare(sqlite3_stmt*& statement, const std::string& text) {
        must(sqlite3_prepare_v3(database_, text.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    }
    // Not copied: the text outlives the statement's run.
    void bind(sqlite3_stmt* statement, int place, std::string_view text) {
        must(sqlite3_bind_text(statement, place, text.data(), static_cast<int>(text.size()), nullptr));
    }
    void append(const ReadyEvent& ready) {
        const NewEvent& event = ready.event;
        bind(append_, 1, event.stream);
        bind(append_, 2, ready.input.key);
        must(sqlite3_bind_int(append_, 3, static_cast<int>(event.payload.type)));
        must(sqlite3_bind_int64(append_, 4, micros_of(event)));
        bind(append_, 5, event.payload.text);
        if (sqlite3_step(append_) != SQLITE_DONE) must(sqlite3_errcode(database_));
        must(sqlite3_reset(append_));
    }
    std::uint64_t read(sqlite3_stmt* statement, int payload) {
        std::uint64_t rows = 0;
        while (sqlite3_step(statement) == SQLITE_ROW) {
            const void* const text = sqlite3_column_blob(statement, payload);
            read_.assign(static_cast<const char*>(text), static_cast<std::size_t>(sqlite3_column_bytes(statement, payload)));
            ++rows;
        }
        must(sqlite3_reset(statement));
        return rows;
    }

    sqlite3* database_ = nullptr;
    sqlite3_stmt *append_ = nullptr, *timeline_ = nullptr, *all_ = nullptr;
    std::string read_;
};

}  // namespace

std::unique_ptr<Peer> make_sqlite(const std::filesystem::path& directory) { return std::make_unique<Sqlite>(directory); }
#else
std::unique_ptr<Peer> make_sqlite(const std::filesystem::path&) { throw std::runtime_error("libsqlite3-dev is not installed"); }
#endif

}  // namespace daybook::bench
