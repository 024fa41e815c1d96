#include "ingest/ingest.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

#include "ingest/alert_intake.hpp"
#include "ingest/payload_file.hpp"
#include "ingest/refused_lines.hpp"
#include "journal/json.hpp"

namespace daybook {
namespace {

// Records of one transaction: enough to share a sync, few enough to hold.
constexpr std::size_t chunk_lines = 4096;
constexpr std::size_t chunk_bytes = 8 * 1024 * 1024;
constexpr std::size_t chunks_waiting_max = 3;

struct Record {
    std::uint64_t number = 0;
    std::uint64_t offset = 0;
    SourceRecord source;
};

struct Chunk {
    std::vector<Record> records;
    std::uint64_t bytes_done = 0;
    bool is_last = true;  // there was nothing to read any more
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

// Reads, checks and encodes: all that needs no look at the journal.
class RecordReader {
public:
    RecordReader(const IngestParts& parts, const std::filesystem::path& file, const IngestOptions& options)
        : payloads_(file, options.line_bytes_max, webhook_body_bytes_max),
          entropy_(parts.entropy),
          format_(options.format),
          context_{options.caller, options.received_at, parts.policy, sha256_} {
        payloads_.stop_at(options.stop);
    }

    // An empty chunk at the end.
    Chunk next() {
        Chunk chunk;
        chunk.records.reserve(chunk_lines);
        std::size_t bytes = 0;
        while (chunk.records.size() < chunk_lines && bytes < chunk_bytes) {
            const auto payload = payloads_.next();
            if (!payload) break;
            bytes += payload->text.size();
            read(*payload, chunk.records);
            chunk.bytes_done = payload->end;
            chunk.is_last = false;
        }
        return chunk;
    }

private:
    // Most lines are one record of alert_triage: its text is copied once, and its report made where it stays.
    void read(const PayloadText& payload, std::vector<Record>& records) {
        const std::size_t place = records.size();
        Record& record = records.emplace_back();
        record.number = payload.number;
        record.offset = payload.offset;
        record.source.text = payload.text;
        RecordContent& content = record.source.content;
        if (payload.too_long) {
            const std::string what = payload.bytes_max == webhook_body_bytes_max ? "the document" : "the line";
            content = Refusal{RefusalCode::too_large,
                              what + " is over " + std::to_string(payload.bytes_max) +
                                  " bytes, and no more of it is kept: keep the whole where it came from",
                              ""};
            return;
        }
        const auto value = json_.read(record.source.text);
        if (!value) {
            content = value.refusal();
        } else if (format_ == AlertFormat::triage || (format_ == AlertFormat::automatic && is_alert_triage(**value))) {
            read_triage(**value, content);
        } else if (auto read = read_payload(format_, **value, context_); !read) {
            content = read.refusal();
        } else {
            Record line = std::move(record);
            records.resize(place);
            for (SourceRecord& source : *read) {
                if (source.text.empty()) source.text = line.source.text;
                records.push_back({line.number, line.offset, std::move(source)});
            }
        }
    }

    void read_triage(const JsonValue& value, RecordContent& content) {
        auto report = read_alert_triage(value, context_.caller, sha256_);
        if (!report) {
            content = report.refusal();
        } else if (auto* run = std::get_if<TriageRunReport>(&*report)) {
            content = std::move(*run);
        } else {
            auto& alert = std::get<AlertReport>(*report);
            seal(alert.encoded_alert, entropy_, sha256_);
            content = std::move(alert);
        }
    }

    PayloadFile payloads_;
    Entropy& entropy_;
    AlertFormat format_;
    JsonReader json_;
    Sha256 sha256_;
    SourceContext context_;
};

// Decides on chunks, appends them and counts.
class ChunkWriter {
public:
    ChunkWriter(const IngestParts& parts, const IngestOptions& options)
        : journal_(parts.journal), options_(options), intake_(parts), refused_([this](const RefusedLine& line) {
              if (options_.refused) options_.refused(line);
          }) {}

    // False after a refusal that ends a strict run.
    bool write(Chunk& chunk) {
        begin(chunk);
        const auto answers = journal_.append_all(intake_.requests(), options_.strict);
        for (std::size_t i = 0; i < answers.size(); ++i) intake_.answer(i, answers[i]);
        finish(chunk);
        return !stopped_;
    }
    std::vector<AppendRequest> begin_rehearsal(Chunk& chunk) {
        begin(chunk);
        return intake_.requests();
    }
    // The outcome of the request at `place`.
    void answer(std::size_t place, const Result<Appended>& result) { intake_.answer(place, result); }
    // Counts and reports, in the order of lines.
    void finish(const Chunk& chunk) {
        for (std::size_t i = 0; i < chunk.records.size() && !stopped_; ++i) {
            const RecordOutcome& outcome = intake_.outcomes()[i];
            if (outcome.kind == RecordOutcome::Kind::untouched) break;
            ++counts_.read;
            switch (outcome.kind) {
                case RecordOutcome::Kind::taken: ++counts_.taken; break;
                case RecordOutcome::Kind::duplicate: ++counts_.duplicate; break;
                case RecordOutcome::Kind::ignored: ++counts_.ignored; break;
                case RecordOutcome::Kind::refused:
                    ++counts_.refused;
                    refused_.add(chunk.records[i].number, chunk.records[i].offset, chunk.records[i].source, *outcome.refusal);
                    stopped_ = options_.strict;
                    break;
                case RecordOutcome::Kind::untouched: break;
            }
        }
        refused_.finish();
        if (options_.progress) options_.progress(chunk.bytes_done);
    }
    bool stopped() const { return stopped_; }
    const IngestCounts& counts() const { return counts_; }

private:
    void begin(Chunk& chunk) {
        intake_.begin(chunk.records.size());
        for (Record& record : chunk.records) {
            intake_.add(record.source.content);
            // What comes after it is not looked at.
            if (options_.strict && std::holds_alternative<Refusal>(record.source.content)) return;
        }
    }

    Journal& journal_;
    const IngestOptions& options_;
    AlertIntake intake_;
    RefusedLines refused_;
    IngestCounts counts_;
    bool stopped_ = false;
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

IngestCounts ingest_file(const IngestParts& parts, const std::filesystem::path& file, const IngestOptions& options) {
    RecordReader reader(parts, file, options);
    ChunkQueue queue;
    std::thread reading([&] {
        std::exception_ptr failure;
        try {
            for (Chunk chunk = reader.next(); !chunk.is_last; chunk = reader.next()) {
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
