// Runs of jobs, as events on `$jobs`: job_started, then job_finished. What has started and not finished is running while its lock
// is held, else it was cut short.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/identifiers.hpp"
#include "journal/journal.hpp"

namespace daybook {

struct JobRun {
    std::string run_id, task_id, status;  // started, succeeded, failed
    std::string inputs = "{}", outputs = "{}";
    std::optional<std::string> error;
    Time started_at{};
    std::optional<Time> finished_at;
};

// Writes runs down; both methods throw StorageError as Journal::append does.
class RunLog {
public:
    RunLog(Journal& journal, Entropy& entropy, std::string actor, std::string source)
        : journal_(journal), entropy_(entropy), actor_(std::move(actor)), source_(std::move(source)) {}

    // `inputs` is an object as RFC 8785 text. Returns the run's id.
    std::string start(const std::string& task_id, const std::string& inputs, Time now);
    void finish(const std::string& run_id, const std::string& task_id, const std::string& outputs,
                const std::optional<std::string>& error, Time now);

private:
    void append(const Payload& payload, const std::string& key, Time now);

    Journal& journal_;
    Entropy& entropy_;
    std::string actor_, source_;
};

// A look at one key each, however many runs there are.
std::optional<JobRun> find_run(const JournalView& journal, std::string_view run_id);
// The newest first, of one task or (empty) of all, at most `limit`.
std::vector<JobRun> list_runs(const JournalView& journal, std::string_view task_id, std::size_t limit);
// As answers show it.
std::string run_json(const JobRun& run);

}  // namespace daybook
