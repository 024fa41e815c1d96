#include "tests/desk.hpp"

#include "journal/verify.hpp"

namespace daybook::test {
namespace {

std::string json_text(std::string_view text) {
    std::string json;
    append_json_string(json, text);
    return json;
}

std::string object_text(const std::map<std::string, std::string>& fields) {
    std::string json = "{";
    for (const auto& [name, value] : fields) {
        if (value.empty()) continue;
        if (json.size() > 1) json += ',';
        json += json_text(name) + ':' + value;
    }
    return json + '}';
}

}  // namespace

std::string moment(std::string_view text) {
    if (text.find('T') != std::string_view::npos) return std::string(text);
    return "2026-02-23T" + std::string(text) + (text.size() == 5 ? ":00Z" : "Z");
}

Time when(std::string_view text) { return at(moment(text)); }

Report Report::firing(std::string_view time) {
    Report report;
    report.text("schema", "alert_triage/1").told(time);
    report.text("triaged_at", format_time(when(time) + std::chrono::seconds(1)));
    report.alert_text("service", "gateway").alert_text("kind", "http_5xx").alert_text("title", "Gateway 5xx");
    report.alert_text("started_at", moment(time)).ref("a");
    return report;
}

Report Report::resolved(std::string_view time) {
    Report report = firing(time);
    report.alert_text("state", "resolved").alert_text("ended_at", moment(time));
    return report.alert_text("started_at", "2026-02-23T00:00:00Z");
}

Report& Report::set(const std::string& name, std::string json) {
    record_[name] = std::move(json);
    return *this;
}

Report& Report::set_alert(const std::string& name, std::string json) {
    alert_[name] = std::move(json);
    return *this;
}

Report& Report::text(const std::string& name, std::string_view value) { return set(name, json_text(value)); }

Report& Report::alert_text(const std::string& name, std::string_view value) { return set_alert(name, json_text(value)); }

std::string Report::line() const {
    auto fields = record_;
    if (fields.count("alert") == 0) fields["alert"] = object_text(alert_);
    return object_text(fields);
}

Desk::Desk(TriagePolicy policy, std::uint64_t seed) : entropy_(seed), policy_(std::move(policy)) {
    journal_ = std::make_unique<TestJournal>(std::vector<TransactionalIndex*>{&index_}, seed + 1000);
    commands_ = std::make_unique<CommandHandler>(**journal_, index_, entropy_);
    views_ = std::make_unique<Views>(directory_ / "views", **journal_);
}

CommandContext Desk::by_ada(std::string_view time) {
    CommandContext context;
    context.actor = "ada";
    context.source = "cli";
    context.occurred_at = when(time);
    return context;
}

IngestCounts Desk::ingest(std::string_view lines, IngestOptions options) {
    const auto file = directory_ / "input.jsonl";
    write_file(file, lines);
    refused_.clear();
    if (options.caller.empty()) options.caller = "feed";
    if (options.received_at == Time{}) options.received_at = when("12:00");
    options.refused = [this](const RefusedLine& line) { refused_.push_back(line); };
    return ingest_file(parts(), file, options);
}

std::string Desk::tell(const Report& report) { return tell(report.line()); }

std::string Desk::tell(std::string_view line) {
    const IngestCounts counts = ingest(line);
    if (counts.read != 1) return "read " + std::to_string(counts.read);
    if (counts.refused == 1) return to_text(refused_.at(0).refusals[0].code) + (' ' + refused_[0].refusals[0].field);
    return counts.duplicate == 1 ? "duplicate" : counts.ignored == 1 ? "ignored" : "taken";
}

std::vector<SeenEvent> Desk::events(std::uint64_t after) {
    std::vector<SeenEvent> all;
    const Snapshot snapshot = (*journal_)->snapshot();
    snapshot->scan({after + 1}, UINT64_MAX, [&](const RecordView& record) {
        const RecordHeader& header = record.header();
        SeenEvent event;
        event.sequence = header.sequence;
        event.stream = snapshot->stream_id(record.stream());
        event.type = record.type();
        event.occurred_at = format_time(record.occurred_at());
        event.actor = snapshot->name({header.actor});
        event.source = snapshot->name({header.source});
        event.key = record.key().value_or("");
        event.cause = header.cause;
        event.payload = record.payload();
        all.push_back(std::move(event));
        return true;
    });
    return all;
}

std::string Desk::types(std::uint64_t after) {
    std::string all;
    for (const SeenEvent& event : events(after)) all += (all.empty() ? "" : " ") + std::string(to_text(event.type));
    return all;
}

void Desk::look(const std::function<void(const JournalView&, const DecisionIndex&)>& at) {
    AppendRequest request;
    request.decide = [&](const JournalView& view, Time) -> Result<Batch> {
        at(view, index_);
        return Batch{};
    };
    (void)(*journal_)->append(request);
}

DecisionIncident Desk::decided(const std::string& incident_id) {
    DecisionIncident incident;
    look([&](const JournalView& view, const DecisionIndex& index) {
        incident = index.incident(view.stream_number(incident_id).value()).value();
    });
    return incident;
}

std::vector<IncidentRow> Desk::incidents() {
    std::vector<IncidentRow> rows;
    views_->catch_up();
    lmdb::Transaction transaction = views_->read();
    const auto table = IncidentTable::open(transaction);
    if (table) table->each([&](StreamNumber, const IncidentRow& row) { rows.push_back(row); });
    return rows;
}

std::string Desk::overview() {
    std::string text;
    for (const IncidentRow& row : incidents()) {
        text +=
            (text.empty() ? "" : ", ") + std::string(to_text(row.state.severity)) + ' ' + std::string(to_text(row.state.status));
    }
    return text;
}

std::string Desk::problems() {
    const TemporaryDirectory scratch;
    VerifyOptions options;
    options.scratch = scratch / "scratch";
    options.index_tables = DecisionIndex::table_names();
    options.make_indexes = [] {
        std::vector<std::unique_ptr<TransactionalIndex>> indexes;
        indexes.push_back(std::make_unique<DecisionIndex>());
        return indexes;
    };
    std::string text;
    for (const Finding& finding : verify(**journal_, options).findings) text += finding.text + '\n';
    views_->catch_up();
    for (const auto& difference : views_->check().differences) {
        text += "view " + difference.table + ", " + difference.key + ": " + difference.what + '\n';
    }
    return text;
}

}  // namespace daybook::test
