#include "ops/jobs/runs.hpp"

#include <algorithm>
#include <stdexcept>

#include "journal/own_keys.hpp"
#include "ops/own_events.hpp"
#include "projections/object_text.hpp"
#include "projections/projection.hpp"

namespace daybook {
namespace {

std::string start_key(std::string_view run_id) { return "run:" + std::string(run_id); }
std::string finish_key(std::string_view run_id) { return start_key(run_id) + ":finished"; }

}  // namespace

void RunLog::append(const Payload& payload, const std::string& key, Time now) {
    const auto appended = journal_.append(append_request({"$jobs", now, actor_, source_}, {payload}, own_input(key)));
    if (!appended) throw std::runtime_error("a run could not be written down: " + appended.refusal().message);
}

std::string RunLog::start(const std::string& task_id, const std::string& inputs, Time now) {
    JobStarted started;
    started.run_id = make_short_id("run_", now, entropy_);
    started.task_id = task_id;
    started.inputs.text = inputs;
    append(started, start_key(started.run_id), now);
    return started.run_id;
}

void RunLog::finish(const std::string& run_id, const std::string& task_id, const std::string& outputs,
                    const std::optional<std::string>& error, Time now) {
    JobFinished finished;
    finished.run_id = run_id;
    finished.task_id = task_id;
    finished.outcome = error ? "failed" : "succeeded";
    finished.outputs.text = outputs;
    finished.error = error;
    append(finished, finish_key(run_id), now);
}

std::optional<JobRun> find_run(const JournalView& journal, std::string_view run_id) {
    if (run_id.size() > name_bytes_max) return std::nullopt;
    const auto key = journal.key(start_key(run_id));
    const auto record = key ? journal.record(key->sequence) : std::nullopt;
    if (!record || record->type() != EventType::job_started) return std::nullopt;
    PayloadDecoder payloads;
    JobRun run;
    run.run_id = run_id;
    run.status = "started";
    run.started_at = record->occurred_at();
    if (const auto payload = payloads.decode(*record, journal)) {
        const auto& started = std::get<JobStarted>(**payload);
        run.task_id = started.task_id;
        run.inputs = started.inputs.text;
    }
    const auto end = journal.key(finish_key(run_id));
    const auto last = end ? journal.record(end->sequence) : std::nullopt;
    if (!last || last->type() != EventType::job_finished) return run;
    run.finished_at = last->occurred_at();
    if (const auto payload = payloads.decode(*last, journal)) {
        const auto& finished = std::get<JobFinished>(**payload);
        run.status = finished.outcome;
        run.outputs = finished.outputs.text;
        run.error = finished.error;
    }
    return run;
}

std::vector<JobRun> list_runs(const JournalView& journal, std::string_view task_id, std::size_t limit) {
    std::vector<JobRun> runs;
    const auto jobs = journal.stream("$jobs");
    if (!jobs) return runs;
    PayloadDecoder payloads;
    auto sequences = journal.stream_sequences(jobs->number);
    std::reverse(sequences.begin(), sequences.end());
    for (const Sequence sequence : sequences) {
        if (runs.size() == limit) break;
        const auto record = journal.record(sequence);
        if (record->type() != EventType::job_started) continue;
        const auto payload = payloads.decode(*record, journal);
        if (!payload) continue;
        const auto& started = std::get<JobStarted>(**payload);
        if (!task_id.empty() && started.task_id != task_id) continue;
        if (auto run = find_run(journal, std::string(started.run_id))) runs.push_back(std::move(*run));
    }
    return runs;
}

std::string run_json(const JobRun& run) {
    std::string text;
    ObjectText object(text);
    object.text("run_id", run.run_id);
    object.text("task_id", run.task_id);
    object.text("status", run.status);
    object.raw("inputs", run.inputs);
    object.raw("outputs", run.outputs);
    object.text_or_null("error", run.error);
    object.time("started_at", to_micros(run.started_at));
    object.time("finished_at", run.finished_at ? to_micros(*run.finished_at) : RecordHeader::no_time);
    object.finish();
    return text;
}

}  // namespace daybook
