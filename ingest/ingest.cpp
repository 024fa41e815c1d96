#include "ingest/ingest.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

#include "ingest/alert_rules.hpp"
#include "ingest/alert_triage.hpp"
#include "journal/json.hpp"
#include "journal/line_file.hpp"

namespace daybook {
namespace {

// Records of one transaction: enough to share a sync, few enough to hold.
constexpr std::size_t chunk_lines = 4096;
constexpr std::size_t chunk_bytes = 8 * 1024 * 1024;
constexpr std::size_t chunks_waiting_max = 3;

struct Record {
    std::uint64_t number = 0;
    std::uint64_t offset = 0;
    std::string text;
    std::variant<Refusal, AlertReport, TriageRunReport> content;
};

struct Chunk {
    std::vector<Record> records;
    std::uint64_t bytes_done = 0;
};

// Hands chunks from the reading thread to the writing one.
class ChunkQueue {
public:
    // False where nobody wants more.
    bool push(Chunk chunk) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopped_ || chunks_.size() < chunks_waiting_max; });
        if (stopped_) return false;
        chunks_.push_back(std::move(chunk));
        changed_.notify_all();
        return true;
    }
    void finish(std::exception_ptr failure) {
        const std::lock_guard lock(mutex_);
        finished_ = true;
        failure_ = std::move(failure);
        changed_.notify_all();
    }
    // Nothing at the end. Throws what the reader threw.
    std::optional<Chunk> pop() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return finished_ || !chunks_.empty(); });
        if (chunks_.empty()) {
            if (failure_) std::rethrow_exception(failure_);
            return std::nullopt;
        }
        Chunk chunk = std::move(chunks_.front());
        chunks_.pop_front();
        changed_.notify_all();
        return chunk;
    }
    void stop() {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Chunk> chunks_;
    std::exception_ptr failure_;
    bool finished_ = false;
    bool stopped_ = false;
};

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

// Reads, checks and encodes: all that needs no look at the journal.
class RecordReader {
public:
    RecordReader(const std::filesystem::path& file, const IngestOptions& options, Entropy& entropy)
        : lines_(file, record_line_bytes_max), caller_(options.caller), entropy_(entropy) {
        lines_.stop_at(options.stop);
    }

    // An empty chunk at the end.
    Chunk next() {
        Chunk chunk;
        chunk.records.reserve(chunk_lines);
        std::size_t bytes = 0;
        while (chunk.records.size() < chunk_lines && bytes < chunk_bytes) {
            const auto line = lines_.next();
            if (!line) break;
            if (is_blank(*line)) continue;
            bytes += line->size();
            Record& record = chunk.records.emplace_back();
            record.number = lines_.number();
            record.offset = lines_.offset();
            record.text = *line;
            record.content = read(record.text);
            chunk.bytes_done = record.offset + line->size();
        }
        return chunk;
    }

private:
    std::variant<Refusal, AlertReport, TriageRunReport> read(const std::string& text) {
        if (lines_.too_long())
            return Refusal{RefusalCode::too_large, "the line is over " + std::to_string(record_line_bytes_max) + " bytes", ""};
        const auto value = json_.read(text);
        if (!value) return value.refusal();
        auto report = read_alert_triage(**value, caller_, sha256_);
        if (!report) return report.refusal();
        if (auto* run = std::get_if<TriageRunReport>(&*report)) return std::move(*run);
        auto& alert = std::get<AlertReport>(*report);
        seal(alert.encoded_alert, entropy_, sha256_);
        return std::move(alert);
    }

    LineFile lines_;
    std::string caller_;
    Entropy& entropy_;
    JsonReader json_;
    Sha256 sha256_;
};

Batch batch_of(const TriageRunReport& report) {
    NewEvent event;
    event.stream = "$triage";
    event.payload = encode(report.run);
    event.occurred_at = report.run.finished_at;
    event.actor = report.actor;
    event.source = "alert_triage";
    Batch batch;
    batch.events.push_back(std::move(event));
    return batch;
}

// Decides on chunks, appends them and counts.
class ChunkWriter {
public:
    ChunkWriter(const IngestParts& parts, const IngestOptions& options)
        : parts_(parts), options_(options), rules_(parts.index, parts.policy, parts.entropy) {}

    // False after a refusal that ends a strict run.
    bool write(Chunk& chunk) {
        begin(chunk);
        const auto answers = parts_.journal.append_all(requests_, options_.strict);
        for (std::size_t i = 0; i < answers.size(); ++i) answer(i, answers[i]);
        finish(chunk);
        return !stopped_;
    }
    std::vector<AppendRequest> begin_rehearsal(Chunk& chunk) {
        begin(chunk);
        return requests_;
    }
    // The outcome of the request at `place`.
    void answer(std::size_t place, const Result<Appended>& result) {
        const std::size_t record = of_request_[place];
        outcomes_[record] = !result             ? Outcome::refused
                            : result->duplicate ? Outcome::duplicate
                            : ignored_[record]  ? Outcome::ignored
                                                : Outcome::taken;
        if (!result) refusals_[record] = result.refusal();
    }
    // Counts and reports, in the order of lines.
    void finish(const Chunk& chunk) {
        for (std::size_t i = 0; i < outcomes_.size() && !stopped_; ++i) {
            if (outcomes_[i] == Outcome::untouched) break;
            ++counts_.read;
            switch (outcomes_[i]) {
                case Outcome::taken: ++counts_.taken; break;
                case Outcome::duplicate: ++counts_.duplicate; break;
                case Outcome::ignored: ++counts_.ignored; break;
                case Outcome::refused:
                    ++counts_.refused;
                    if (options_.refused)
                        options_.refused({chunk.records[i].number, chunk.records[i].offset, chunk.records[i].text, *refusals_[i]});
                    stopped_ = options_.strict;
                    break;
                case Outcome::untouched: break;
            }
        }
        if (options_.progress) options_.progress(chunk.bytes_done);
    }
    bool stopped() const { return stopped_; }
    const IngestCounts& counts() const { return counts_; }

private:
    enum class Outcome { untouched, taken, duplicate, ignored, refused };

    void begin(Chunk& chunk) {
        const std::size_t size = chunk.records.size();
        requests_.clear();
        of_request_.clear();
        outcomes_.assign(size, Outcome::untouched);
        ignored_.assign(size, 0);
        refusals_.assign(size, std::nullopt);
        for (std::size_t i = 0; i < size; ++i) {
            auto& content = chunk.records[i].content;
            if (const auto* refusal = std::get_if<Refusal>(&content)) {
                outcomes_[i] = Outcome::refused;
                refusals_[i] = *refusal;
                if (options_.strict) return;  // what comes after it is not looked at
                continue;
            }
            of_request_.push_back(i);
            requests_.push_back(request_of(content, i));
        }
    }
    AppendRequest request_of(std::variant<Refusal, AlertReport, TriageRunReport>& content, std::size_t place) {
        if (const auto* run = std::get_if<TriageRunReport>(&content)) {
            return {run->input, [run](const JournalView&, Time) -> Result<Batch> { return batch_of(*run); }};
        }
        auto& report = std::get<AlertReport>(content);
        return {report.input, [this, &report, place](const JournalView& journal, Time) {
                    auto batch = rules_.decide(report, journal);
                    ignored_[place] = batch && batch->events.front().payload.type == EventType::alert_ignored;
                    return batch;
                }};
    }

    const IngestParts& parts_;
    const IngestOptions& options_;
    AlertRules rules_;
    IngestCounts counts_;
    bool stopped_ = false;
    // Of the chunk at hand.
    std::vector<AppendRequest> requests_;
    std::vector<std::size_t> of_request_;  // which record a request is of
    std::vector<Outcome> outcomes_;
    std::vector<char> ignored_;
    std::vector<std::optional<Refusal>> refusals_;
};

// Tries everything out in one transaction that is given up at the end.
void rehearse(const IngestParts& parts, ChunkQueue& queue, ChunkWriter& writer) {
    std::optional<Chunk> chunk;
    const auto more = [&]() -> std::vector<AppendRequest> {
        while (true) {
            if (chunk) writer.finish(*chunk);
            chunk = writer.stopped() ? std::nullopt : queue.pop();
            if (!chunk) return {};
            auto requests = writer.begin_rehearsal(*chunk);
            if (!requests.empty()) return requests;
        }
    };
    parts.journal.rehearse(more, [&](std::size_t place, const Result<Appended>& result) { writer.answer(place, result); });
}

}  // namespace

IngestCounts& IngestCounts::operator+=(const IngestCounts& other) {
    read += other.read;
    taken += other.taken;
    duplicate += other.duplicate;
    ignored += other.ignored;
    refused += other.refused;
    return *this;
}

IngestCounts ingest_alert_triage(const IngestParts& parts, const std::filesystem::path& file, const IngestOptions& options) {
    RecordReader reader(file, options, parts.entropy);
    ChunkQueue queue;
    std::thread reading([&] {
        std::exception_ptr failure;
        try {
            for (Chunk chunk = reader.next(); !chunk.records.empty(); chunk = reader.next()) {
                if (!queue.push(std::move(chunk))) break;
            }
        } catch (...) {
            failure = std::current_exception();
        }
        queue.finish(failure);
    });
    ChunkWriter writer(parts, options);
    std::exception_ptr failure;
    try {
        if (options.dry_run) {
            rehearse(parts, queue, writer);
        } else {
            for (auto chunk = queue.pop(); chunk && writer.write(*chunk); chunk = queue.pop()) {
            }
        }
    } catch (...) {
        failure = std::current_exception();
    }
    queue.stop();
    reading.join();
    if (failure) std::rethrow_exception(failure);
    return writer.counts();
}

}  // namespace daybook
