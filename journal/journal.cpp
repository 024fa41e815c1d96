#include "journal/journal.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>

#include "journal/layout.hpp"
#include "journal/name_cache.hpp"
#include "journal/writer.hpp"

namespace daybook {
namespace {

JournalTables open_tables(lmdb::Environment& environment, const JournalOptions& options) {
    const auto kind = environment.read_only() ? lmdb::Transaction::Kind::read : lmdb::Transaction::Kind::write;
    lmdb::Transaction transaction(environment, kind);
    const auto open = [&](const char* name) {
        const auto table = transaction.open(name);
        if (!table) {
            throw StorageError("there is no journal in " + environment.directory().string() +
                               ": `daybook ingest FILE` or `daybook incident create` makes one; --data says where");
        }
        return *table;
    };
    JournalTables tables{open("events"), open("streams"),   open("stream_ids"), open("stream_index"), open("names"), open("name_ids"),
                         open("keys"),   open("event_ids"), open("blobs"),      open("meta")};
    const auto format = transaction.get(tables.meta, "format");
    if (format && *format != "1") {
        throw StorageError("the journal in " + environment.directory().string() + " has format " + std::string(*format) +
                           ", this daybook knows format 1: use the newer daybook that wrote it");
    }
    if (!environment.read_only()) {
        if (!format) {
            transaction.put(tables.meta, "format", "1");
            transaction.put(tables.meta, "origin",
                            options.origin.empty() ? make_short_id("daybook.local/", options.clock(), *options.entropy) : options.origin);
        }
        for (TransactionalIndex* index : options.indexes) {
            index->begin(transaction);
            index->end();
        }
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
        std::vector<Result<Appended>> answers;
        std::exception_ptr failure;
        bool done = false;
    };

    Parts(const std::filesystem::path& directory, JournalOptions given)
        : options(std::move(given)), environment(directory, environment_options(options)), tables(open_tables(environment, options)) {}

    JournalOptions options;
    lmdb::Environment environment;
    JournalTables tables;
    mutable NameCache names;

    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Waiting*> queue;
    bool writing = false;
    std::string broken;  // why no more appends are taken in this process

    // Of the thread that is `writing`.
    WriterMemory memory;
    Sha256 sha256;

    static constexpr std::size_t group_requests_max = 16384;  // in one transaction

    void submit(Waiting& waiting);
    void write_group(const std::vector<Waiting*>& group);
};

// Group commit: the first caller that finds nobody writing writes for all that wait, in the order in which they came.
void Journal::Parts::submit(Waiting& waiting) {
    std::unique_lock lock(mutex);
    queue.push_back(&waiting);
    while (!waiting.done) {
        changed.wait(lock, [&] { return waiting.done || !writing; });
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
        for (Waiting* one : group) one->done = true;
        changed.notify_all();
    }
    if (waiting.failure) std::rethrow_exception(waiting.failure);
}

void Journal::Parts::write_group(const std::vector<Waiting*>& group) {
    try {
        if (!broken.empty()) throw StorageError(broken);
        Writer writer(environment, tables, options, names, memory, sha256);
        for (Waiting* waiting : group) {
            waiting->answers.clear();
            for (const AppendRequest& request : waiting->requests) waiting->answers.push_back(writer.append(request));
        }
        if (!writer.changed()) return;
        try {
            writer.commit();
        } catch (const StorageError& error) {
            broken = std::string(error.what()) + "; it is not known whether the last events are on disk: run the command again, what is "
                                                 "there already is not written twice";
            memory = {};
            throw StorageError(broken);
        }
    } catch (...) {
        for (Waiting* waiting : group) waiting->failure = std::current_exception();
    }
}

Journal::Journal(const std::filesystem::path& directory, JournalOptions options)
    : parts_(std::make_unique<Parts>(directory, std::move(options))) {}

Journal::~Journal() = default;

std::vector<Result<Appended>> Journal::append_all(std::span<const AppendRequest> requests) {
    Parts::Waiting waiting;
    waiting.requests = requests;
    if (!requests.empty()) parts_->submit(waiting);
    return std::move(waiting.answers);
}

Result<Appended> Journal::append(const AppendRequest& request) { return append_all({&request, 1}).front(); }

Snapshot Journal::snapshot() const { return Snapshot(parts_->environment, parts_->tables, &parts_->names); }

lmdb::Environment& Journal::environment() const { return parts_->environment; }

Result<std::uint64_t> Journal::restore(std::span<const Restored> events, std::span<const Blob> blobs) {
    Parts& parts = *parts_;
    std::unique_lock lock(parts.mutex);
    parts.changed.wait(lock, [&] { return !parts.writing; });
    Writer writer(parts.environment, parts.tables, parts.options, parts.names, parts.memory, parts.sha256);
    for (const Blob& blob : blobs) writer.put_blob(blob);
    for (const Restored& event : events) {
        if (auto refusal = writer.restore(event)) return *refusal;
    }
    if (writer.changed()) writer.commit();
    return static_cast<std::uint64_t>(events.size());
}

}  // namespace daybook
