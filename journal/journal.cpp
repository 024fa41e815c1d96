#include "journal/journal.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>

#include "journal/index_feed.hpp"
#include "journal/journal_lock.hpp"
#include "journal/layout.hpp"
#include "journal/name_cache.hpp"
#include "journal/writer.hpp"

namespace daybook {
namespace {

// Earlier formats are read, and become this one when they are opened to be written to: see journal/FORMAT.md.
constexpr std::string_view older_formats[] = {"1", "2"};
constexpr std::chrono::seconds others_end_within(2);

bool is_older(std::string_view format) {
    return std::find(std::begin(older_formats), std::end(older_formats), format) != std::end(older_formats);
}

// Nothing where a table is missing.
std::optional<JournalTables> find_tables(lmdb::Transaction& transaction) {
    JournalTables t;
    const std::pair<lmdb::Table*, const char*> all[] = {{&t.events, "events"},
                                                        {&t.streams, "streams"},
                                                        {&t.stream_ids, "stream_ids"},
                                                        {&t.stream_index, "stream_index"},
                                                        {&t.names, "names"},
                                                        {&t.name_ids, "name_ids"},
                                                        {&t.keys, "keys"},
                                                        {&t.event_ids, "event_ids"},
                                                        {&t.blobs, "blobs"},
                                                        {&t.meta, "meta"}};
    for (const auto& [table, name] : all) {
        const auto found = transaction.open(name);
        if (!found) return std::nullopt;
        *table = *found;
    }
    if (const auto redactions = transaction.open("redactions")) t.redactions = *redactions;
    return t;
}

// Of a journal that is there. Takes no write lock: another process may be writing for a while.
std::optional<JournalTables> existing_tables(lmdb::Environment& environment) {
    lmdb::Transaction transaction(environment, lmdb::Transaction::Kind::read);
    const auto tables = find_tables(transaction);
    const auto format = tables ? transaction.get(tables->meta, "format") : std::nullopt;
    if (!format) return std::nullopt;
    if (!is_older(*format) && *format != layout::current_format) {
        throw StorageError("the journal in " + environment.directory().string() + " has format " + std::string(*format) +
                           ", this daybook knows formats 1 to 3: use the newer daybook that wrote it");
    }
    if (tables->redactions.number == 0 && !environment.read_only()) return std::nullopt;  // it is from before there was that table
    transaction.commit();                                                                 // keeps the tables open
    return tables;
}

bool has_older_format(lmdb::Environment& environment) {
    lmdb::Transaction transaction(environment, lmdb::Transaction::Kind::read);
    const auto meta = transaction.open("meta");
    const auto format = meta ? transaction.get(*meta, "format") : std::nullopt;
    return format && is_older(*format);
}

// An older daybook that has the journal open already looks at its format no more, and would not understand the rows of this one:
// the format changes while nobody else has the journal open. Others like this one may want the same at this moment.
void leave_older_format(lmdb::Environment& environment, JournalLock& user) {
    const auto end = std::chrono::steady_clock::now() + others_end_within;
    while (has_older_format(environment)) {
        if (user.try_exclusive(environment.directory())) {
            lmdb::Transaction transaction(environment, lmdb::Transaction::Kind::write);
            const JournalTables tables = *find_tables(transaction);
            say_indexed(transaction, tables, indexed_events(JournalView(transaction, tables, nullptr)));
            transaction.put(tables.meta, "format", layout::current_format);
            transaction.commit();
            break;
        }
        if (std::chrono::steady_clock::now() > end) {
            throw StorageError(
                "the journal in " + environment.directory().string() +
                " was written by an earlier daybook, and another process has it open, which may be that one: nothing " +
                "was written; end that process (a server, mostly), then run the command again");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    user.make_shared(environment.directory());
}

JournalTables open_tables(lmdb::Environment& environment, const JournalOptions& options, JournalLock& user) {
    if (!environment.read_only()) leave_older_format(environment, user);
    if (const auto tables = existing_tables(environment)) return *tables;
    if (environment.read_only()) throw StorageError("there is no journal in " + environment.directory().string());
    lmdb::Transaction transaction(environment, lmdb::Transaction::Kind::write);
    const JournalTables tables = *find_tables(transaction);
    if (!transaction.get(tables.meta, "format")) {  // another process may have been faster
        transaction.put(tables.meta, "format", layout::current_format);
        say_indexed(transaction, tables, 0);
        transaction.put(
            tables.meta, "origin",
            options.origin.empty() ? make_short_id("daybook.local/", options.clock(), *options.entropy) : options.origin);
    }
    transaction.commit();
    return tables;
}

lmdb::Options environment_options(const JournalOptions& options) {
    lmdb::Options out;
    out.tables_max = 32;
    out.read_only = options.read_only;
    return out;
}

}  // namespace

struct Journal::Parts {
    // Requests that one caller waits for.
    struct Waiting {
        std::span<const AppendRequest> requests;
        bool stop_at_refusal = false;
        std::vector<Result<Appended>> answers;
        std::exception_ptr failure;
    };
    // Callers whose requests are written in one transaction. The first of them writes it; the others wait for `done`.
    struct Group {
        std::vector<Waiting*> waiting;
        std::size_t requests = 0;
        std::atomic<int> done = 0;
    };

    Parts(const std::filesystem::path& directory, JournalOptions given)
        : options(std::move(given)),
          user(options.alone ? JournalLock() : JournalLock::shared(directory, !options.read_only)),
          environment(directory, environment_options(options)),
          tables(open_tables(environment, options, user)) {
        for (TransactionalIndex* index : options.indexes) index->forget();
    }

    JournalOptions options;
    JournalLock user;
    lmdb::Environment environment;
    JournalTables tables;
    mutable NameCache names;

    std::mutex joining;           // short: of `open`
    std::shared_ptr<Group> open;  // that who comes now joins; empty: a new one
    std::mutex writing;           // held by who has the write transaction

    std::atomic<bool> must_be_opened_anew = false;

    // Under `writing`.
    std::size_t expected = 0;  // in the next group: who was in the last one, and who came while that was written
    std::chrono::steady_clock::duration last_took{};
    WriterMemory memory;
    Sha256 sha256;

    static constexpr std::size_t group_requests_max = 16384;  // in one transaction

    void submit(Waiting& waiting);
    std::pair<std::shared_ptr<Group>, bool> join(Waiting& waiting);  // and whether it is the first of it
    void close(const std::shared_ptr<Group>& group);
    std::size_t waiting_now();
    void write_group(const std::vector<Waiting*>& group);
    void commit(Writer& writer);
    bool can_be_read();
    static Commit commit_of(const std::vector<Waiting*>& group, std::chrono::nanoseconds sync);
};

// Group commit: who comes while a transaction is written joins the next one. All of a group are woken by one call to the kernel,
// and need no lock after that.
void Journal::Parts::submit(Waiting& waiting) {
    const auto [group, first] = join(waiting);
    if (!first) {
        group->done.wait(0);
    } else {
        std::unique_lock turn(writing);
        close(group);
        const auto began = std::chrono::steady_clock::now();
        write_group(group->waiting);
        last_took = std::chrono::steady_clock::now() - began;
        expected = group->waiting.size() + waiting_now();
        turn.unlock();
        group->done = 1;
        group->done.notify_all();
    }
    if (waiting.failure) std::rethrow_exception(waiting.failure);
}

std::pair<std::shared_ptr<Journal::Parts::Group>, bool> Journal::Parts::join(Waiting& waiting) {
    const std::lock_guard lock(joining);
    const bool first = !open || open->requests >= group_requests_max;
    if (first) open = std::make_shared<Group>();
    open->waiting.push_back(&waiting);
    open->requests += waiting.requests.size();
    return {open, first};
}

// Those whose answers are just on their way often have something more to write: a moment, short beside a commit, makes one commit
// for all where there would be two, each with half of them. Then the group is closed.
void Journal::Parts::close(const std::shared_ptr<Group>& group) {
    const auto end = std::chrono::steady_clock::now() + last_took / 8;
    while (true) {
        {
            const std::lock_guard lock(joining);
            if (open != group) return;  // it is full
            if (group->waiting.size() >= expected || std::chrono::steady_clock::now() >= end) {
                open.reset();
                return;
            }
        }
        std::this_thread::yield();
    }
}

std::size_t Journal::Parts::waiting_now() {
    const std::lock_guard lock(joining);
    return open ? open->waiting.size() : 0;
}

Commit Journal::Parts::commit_of(const std::vector<Waiting*>& group, std::chrono::nanoseconds sync) {
    Commit commit;
    commit.sync = sync;
    for (const Waiting* waiting : group) {
        commit.requests += waiting->answers.size();
        for (const auto& answer : waiting->answers) commit.events += answer ? answer->count : 0;
    }
    return commit;
}

// LMDB writes a commit's pages, syncs them, and then writes the page that makes them count, synced too. Where one of the first two
// fails nothing has changed, and the pages are free as before; where the last one fails LMDB gives the environment up.
void Journal::Parts::commit(Writer& writer) {
    try {
        writer.commit();
    } catch (const StorageError& error) {
        if (can_be_read()) throw StorageError(std::string(error.what()) + "; nothing of it was written");
        must_be_opened_anew = true;
        throw StorageError(std::string(error.what()) + "; it is not known whether the last events are on disk: run the command " +
                           "again, what is there already is not written twice");
    }
}

bool Journal::Parts::can_be_read() {
    try {
        return Snapshot(environment, tables, nullptr)->size() < UINT64_MAX;
    } catch (const StorageError&) {
        return false;
    }
}

void Journal::Parts::write_group(const std::vector<Waiting*>& group) {
    try {
        Writer writer(environment, tables, options, names, memory, sha256);
        for (Waiting* waiting : group) {
            waiting->answers.clear();
            for (const AppendRequest& request : waiting->requests) {
                waiting->answers.push_back(writer.append(request));
                if (waiting->stop_at_refusal && !waiting->answers.back()) break;
            }
        }
        if (!writer.changed()) return;
        const auto began = std::chrono::steady_clock::now();
        commit(writer);
        if (options.committed) options.committed(commit_of(group, std::chrono::steady_clock::now() - began));
    } catch (...) {
        memory = {};
        for (Waiting* waiting : group) waiting->failure = std::current_exception();
    }
}

Journal::Journal(const std::filesystem::path& directory, JournalOptions options)
    : parts_(std::make_unique<Parts>(directory, std::move(options))) {}

Journal::~Journal() = default;

std::vector<Result<Appended>> Journal::append_all(std::span<const AppendRequest> requests, bool stop_at_refusal) {
    Parts::Waiting waiting;
    waiting.requests = requests;
    waiting.stop_at_refusal = stop_at_refusal;
    if (!requests.empty()) parts_->submit(waiting);
    return std::move(waiting.answers);
}

Result<Appended> Journal::append(const AppendRequest& request) { return append_all({&request, 1}).front(); }

void Journal::rehearse(const std::function<std::vector<AppendRequest>()>& more,
                       const std::function<void(std::size_t, const Result<Appended>&)>& answer) {
    Parts& parts = *parts_;
    const std::lock_guard turn(parts.writing);
    WriterMemory memory;
    Writer writer(parts.environment, parts.tables, parts.options, parts.names, memory, parts.sha256);
    for (std::vector<AppendRequest> requests = more(); !requests.empty(); requests = more()) {
        for (std::size_t i = 0; i < requests.size(); ++i) answer(i, writer.append(requests[i]));
    }
}

Snapshot Journal::snapshot() const { return Snapshot(parts_->environment, parts_->tables, &parts_->names); }

bool Journal::must_be_opened_anew() const { return parts_->must_be_opened_anew; }

lmdb::Environment& Journal::environment() const { return parts_->environment; }

Result<std::uint64_t> Journal::restore(std::span<const Restored> events, std::span<const Blob> blobs) {
    Parts& parts = *parts_;
    const std::lock_guard turn(parts.writing);
    JournalOptions options = parts.options;
    options.indexes.clear();
    Writer writer(parts.environment, parts.tables, options, parts.names, parts.memory, parts.sha256);
    for (const Blob& blob : blobs) writer.put_blob(blob);
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (auto refusal = writer.restore(events[i])) {
            refusal->field = "/" + std::to_string(i);
            return *refusal;
        }
    }
    if (writer.changed()) writer.commit();
    return static_cast<std::uint64_t>(events.size());
}

void Journal::index_all() {
    Parts& parts = *parts_;
    const std::lock_guard turn(parts.writing);
    if (parts.options.indexes.empty()) return;
    Writer writer(parts.environment, parts.tables, parts.options, parts.names, parts.memory, parts.sha256);
    writer.index_all();
    parts.commit(writer);
}

}  // namespace daybook
