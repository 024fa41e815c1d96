#include "journal/journal.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>

#include "journal/journal_lock.hpp"
#include "journal/layout.hpp"
#include "journal/name_cache.hpp"
#include "journal/writer.hpp"

namespace daybook {
namespace {

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
    if (*format != "1") {
        throw StorageError("the journal in " + environment.directory().string() + " has format " + std::string(*format) +
                           ", this daybook knows format 1: use the newer daybook that wrote it");
    }
    if (tables->redactions.number == 0 && !environment.read_only()) return std::nullopt;  // it is from before there was that table
    transaction.commit();                                                                 // keeps the tables open
    return tables;
}

JournalTables open_tables(lmdb::Environment& environment, const JournalOptions& options) {
    if (const auto tables = existing_tables(environment)) return *tables;
    if (environment.read_only()) throw StorageError("there is no journal in " + environment.directory().string());
    lmdb::Transaction transaction(environment, lmdb::Transaction::Kind::write);
    const JournalTables tables = *find_tables(transaction);
    if (!transaction.get(tables.meta, "format")) {  // another process may have been faster
        transaction.put(tables.meta, "format", "1");
        transaction.put(
            tables.meta, "origin",
            options.origin.empty() ? make_short_id("daybook.local/", options.clock(), *options.entropy) : options.origin);
    }
    for (TransactionalIndex* index : options.indexes) {
        index->begin(transaction);
        index->end();
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
        bool done = false;             // under mutex
        std::condition_variable turn;  // done, or nobody writes
    };

    Parts(const std::filesystem::path& directory, JournalOptions given)
        : options(std::move(given)),
          user(options.alone ? JournalLock() : JournalLock::shared(directory, !options.read_only)),
          environment(directory, environment_options(options)),
          tables(open_tables(environment, options)) {}

    JournalOptions options;
    JournalLock user;
    lmdb::Environment environment;
    JournalTables tables;
    mutable NameCache names;

    std::mutex mutex;
    std::condition_variable idle;  // nobody writes
    std::deque<Waiting*> queue;
    bool writing = false;
    std::string broken;  // why no more appends are taken in this process

    // Of the thread that is `writing`.
    WriterMemory memory;
    Sha256 sha256;

    static constexpr std::size_t group_requests_max = 16384;  // in one transaction

    void submit(Waiting& waiting);
    void write_group(const std::vector<Waiting*>& group);
    static Commit commit_of(const std::vector<Waiting*>& group, std::chrono::nanoseconds sync);
};

// Group commit: the first caller that finds nobody writing writes for all that wait, in the order in which they came. Who waits is
// woken when its turn has come, and not before: to wake all after each commit costs more than the commit.
void Journal::Parts::submit(Waiting& waiting) {
    std::unique_lock lock(mutex);
    queue.push_back(&waiting);
    while (!waiting.done) {
        waiting.turn.wait(lock, [&] { return waiting.done || !writing; });
        if (waiting.done) break;
        std::vector<Waiting*> group;
        std::size_t requests = 0;
        while (!queue.empty() && requests < group_requests_max) {
            requests += queue.front()->requests.size();
            group.push_back(queue.front());
            queue.pop_front();
        }
        writing = true;
        lock.unlock();
        write_group(group);
        lock.lock();
        writing = false;
        for (Waiting* one : group) {  // each lives on until it gets the lock
            one->done = true;
            one->turn.notify_one();
        }
        if (!queue.empty()) queue.front()->turn.notify_one();  // it writes the next group
        idle.notify_all();
    }
    if (waiting.failure) std::rethrow_exception(waiting.failure);
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

void Journal::Parts::write_group(const std::vector<Waiting*>& group) {
    try {
        if (!broken.empty()) throw StorageError(broken);
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
        try {
            writer.commit();
        } catch (const StorageError& error) {
            broken = std::string(error.what()) +
                     "; it is not known whether the last events are on disk: run the command again, what is "
                     "there already is not written twice";
            memory = {};
            throw StorageError(broken);
        }
        if (options.committed) options.committed(commit_of(group, std::chrono::steady_clock::now() - began));
    } catch (...) {
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
    std::unique_lock lock(parts.mutex);
    parts.idle.wait(lock, [&] { return !parts.writing; });
    WriterMemory memory;
    Writer writer(parts.environment, parts.tables, parts.options, parts.names, memory, parts.sha256);
    for (std::vector<AppendRequest> requests = more(); !requests.empty(); requests = more()) {
        for (std::size_t i = 0; i < requests.size(); ++i) answer(i, writer.append(requests[i]));
    }
}

Snapshot Journal::snapshot() const { return Snapshot(parts_->environment, parts_->tables, &parts_->names); }

lmdb::Environment& Journal::environment() const { return parts_->environment; }

Result<std::uint64_t> Journal::restore(std::span<const Restored> events, std::span<const Blob> blobs) {
    Parts& parts = *parts_;
    std::unique_lock lock(parts.mutex);
    parts.idle.wait(lock, [&] { return !parts.writing; });
    Writer writer(parts.environment, parts.tables, parts.options, parts.names, parts.memory, parts.sha256);
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

}  // namespace daybook
