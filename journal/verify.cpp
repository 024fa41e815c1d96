#include "journal/verify.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

#include "journal/verify_parts.hpp"

namespace daybook {

const char* to_text(Finding::Kind kind) {
    switch (kind) {
        case Finding::Kind::record: return "record";
        case Finding::Kind::order: return "order";
        case Finding::Kind::header: return "header";
        case Finding::Kind::payload: return "payload";
        case Finding::Kind::leaf: return "leaf";
        case Finding::Kind::tree: return "tree";
        case Finding::Kind::stream: return "stream";
        case Finding::Kind::key: return "key";
        case Finding::Kind::event_id: return "event_id";
        case Finding::Kind::name: return "name";
        case Finding::Kind::blob: return "blob";
        case Finding::Kind::redaction: return "redaction";
        case Finding::Kind::index: return "index";
        case Finding::Kind::page: return "page";
    }
    return "?";
}

namespace verification {

void Findings::add(Finding::Kind kind, Sequence sequence, std::string text) {
    const std::lock_guard lock(mutex_);
    ++findings_count_;
    if (!sequence) {
        if (of_tables_.size() < Verification::kept_max) of_tables_.push_back({kind, sequence, std::move(text)});
        return;
    }
    const auto before = [](const Finding& a, const Finding& b) { return a.sequence < b.sequence; };
    Finding finding{kind, sequence, "event " + std::to_string(sequence.value) + ": " + text};
    of_events_.insert(std::upper_bound(of_events_.begin(), of_events_.end(), finding, before), std::move(finding));
    if (of_events_.size() > Verification::kept_max) of_events_.pop_back();
}

void Findings::notice(std::string text) {
    const std::lock_guard lock(mutex_);
    ++notices_count_;
    if (notices_.size() < Verification::kept_max) notices_.push_back(std::move(text));
}

void Findings::give(Verification& to) {
    const std::lock_guard lock(mutex_);
    to.findings = std::move(of_events_);
    to.findings.insert(to.findings.end(), of_tables_.begin(), of_tables_.end());
    to.findings_count = findings_count_;
    to.notices = std::move(notices_);
    to.notices_count = notices_count_;
}

void Tally::add(const Tally& other) {
    key_rows += other.key_rows;
    event_id_rows += other.event_id_rows;
    index_entries += other.index_entries;
    redaction_rows += other.redaction_rows;
    future_versions += other.future_versions;
    redacted.insert(redacted.end(), other.redacted.begin(), other.redacted.end());
    redactions.insert(redactions.end(), other.redactions.begin(), other.redactions.end());
    blobs.insert(blobs.end(), other.blobs.begin(), other.blobs.end());
}

namespace {

// Shares the work out: first what has no parts, then the events, batch by batch.
class Crew {
public:
    // `indexes` may be null.
    Crew(const Scope& scope, const VerifyOptions& options, IndexCheck* indexes, std::vector<std::function<void()>> jobs)
        : scope_(scope), options_(options), indexes_(indexes), jobs_(std::move(jobs)) {}

    // Throws what a job threw.
    Tally run() {
        const unsigned wanted = options_.threads != 0 ? options_.threads : std::thread::hardware_concurrency();
        std::vector<std::thread> threads;
        for (unsigned i = 1; i < wanted; ++i) threads.emplace_back([this] { work(); });
        work();
        for (std::thread& thread : threads) thread.join();
        if (failure_) std::rethrow_exception(failure_);
        return std::move(tally_);
    }

private:
    void work() {
        try {
            for (std::size_t job = next_job_++; job < jobs_.size(); job = next_job_++) jobs_[job]();
            EventCheck check(scope_);
            while (const std::uint64_t from = claim()) {
                const std::uint64_t next = check.check(from, std::min(from + batch_events, scope_.size + 1));
                if (indexes_ != nullptr) indexes_->add(from, next, check.take_batch());
                done(from, next);
            }
            const std::lock_guard lock(mutex_);
            tally_.add(check.tally());
        } catch (...) {
            const std::lock_guard lock(mutex_);
            if (!failure_) failure_ = std::current_exception();
        }
    }

    // The first event of the next batch, or 0 when there are no more.
    std::uint64_t claim() {
        const std::lock_guard lock(mutex_);
        if (failure_ || next_event_ > scope_.size) return 0;
        const std::uint64_t from = next_event_;
        next_event_ += batch_events;
        return from;
    }

    // The batch of `from` is done; there is nothing before `next`.
    void done(std::uint64_t from, std::uint64_t next) {
        const std::lock_guard lock(mutex_);
        next_event_ = std::max(next_event_, (next - 1) / batch_events * batch_events + 1);
        done_ += std::min(batch_events, scope_.size + 1 - from);
        if (options_.progress) options_.progress(done_, scope_.size);
    }

    const Scope& scope_;
    const VerifyOptions& options_;
    IndexCheck* indexes_;
    std::vector<std::function<void()>> jobs_;
    std::atomic<std::size_t> next_job_ = 0;
    std::mutex mutex_;
    std::uint64_t next_event_ = 1;
    std::uint64_t done_ = 0;
    Tally tally_;
    std::exception_ptr failure_;
};

}  // namespace
}  // namespace verification

Verification verify(const Journal& journal, const VerifyOptions& options) {
    namespace parts = verification;
    parts::Findings findings;
    Verification verification;
    parts::Scope scope = parts::look(journal, findings);

    std::optional<parts::IndexCheck> indexes;
    if (options.make_indexes) indexes.emplace(scope, options);
    std::vector<std::function<void()>> jobs;
    jobs.emplace_back([&] { parts::check_blobs(scope); });
    jobs.emplace_back([&] { parts::check_streams(scope); });
    parts::Tally tally = parts::Crew(scope, options, indexes ? &*indexes : nullptr, std::move(jobs)).run();
    if (indexes) indexes->finish();

    parts::check_rows(scope, tally);
    parts::check_redactions(scope, tally);
    parts::check_blob_names(scope, tally);
    parts::check_redaction_is_finished(journal, findings);
    if (tally.future_versions != 0) {
        findings.notice(std::to_string(tally.future_versions) +
                        " events have a schema version that this daybook does not know: their headers "
                        "were not compared with their payloads");
    }
    verification.size = scope.size;
    try {
        Sha256 sha256;
        const Snapshot snapshot = journal.snapshot();
        verification.root = snapshot->root(sha256, scope.size);
    } catch (const StorageError&) {  // the event in question was reported above
    }
    findings.give(verification);
    return verification;
}

}  // namespace daybook
