// The write side as a test works with it: a journal with its decision index, commands, the rules for alerts, ingestion, views.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/commands.hpp"
#include "ingest/ingest.hpp"
#include "projections/incidents.hpp"
#include "replay/views.hpp"
#include "tests/support.hpp"

namespace daybook::test {

// "10:00" and "10:00:00.000001" are of Monday, 23 February 2026; anything longer is a time as it stands.
std::string moment(std::string_view text);
Time when(std::string_view text);

// One alert_triage record, built field by field.
class Report {
public:
    // Fires or is resolved at `time`, is told a second later, and is an alert of its own kind of the gateway in prod.
    static Report firing(std::string_view time);
    static Report resolved(std::string_view time);

    // A field of the record, or of its alert, as JSON text; an empty text takes the field away.
    Report& set(const std::string& name, std::string json);
    Report& set_alert(const std::string& name, std::string json);
    // The same for a string.
    Report& text(const std::string& name, std::string_view value);
    Report& alert_text(const std::string& name, std::string_view value);

    Report& ref(std::string_view value) { return alert_text("alert_ref", value); }
    Report& severity(std::string_view value) { return alert_text("severity", value); }
    Report& kind(std::string_view value) { return alert_text("kind", value); }
    Report& decision(std::string_view value) { return text("decision", value); }
    Report& id(std::string_view value) { return text("triage_id", value); }
    Report& told(std::string_view time) { return text("triaged_at", moment(time)); }

    std::string line() const;  // without its end

private:
    std::map<std::string, std::string> record_, alert_;
};

struct SeenEvent {
    std::uint64_t sequence = 0;
    std::string stream;
    EventType type = EventType::note;
    std::string occurred_at;
    std::string actor;
    std::string source;
    std::string key;  // empty: none
    std::uint64_t cause = 0;
    std::string payload;
};

class Desk {
public:
    explicit Desk(TriagePolicy policy = {}, std::uint64_t seed = 1);

    TestJournal& journal() { return *journal_; }
    CommandHandler& commands() { return *commands_; }
    TriagePolicy& policy() { return policy_; }
    Entropy& entropy() { return entropy_; }
    IngestParts parts() { return {**journal_, index_, policy_, entropy_}; }
    const std::filesystem::path& directory() const { return directory_.path(); }
    // "ada" by "cli" at `time`.
    static CommandContext by_ada(std::string_view time);

    // Takes a text of JSON Lines, as `daybook ingest` does, at 12:00; what was refused is in refused().
    IngestCounts ingest(std::string_view lines, IngestOptions options = {});
    const std::vector<RefusedLine>& refused() const { return refused_; }
    // Takes one record: "taken", "duplicate", "ignored", or the refusal's code and field ("invalid /alert/kind").
    std::string tell(const Report& report);
    std::string tell(std::string_view line);

    // The events behind `after`.
    std::vector<SeenEvent> events(std::uint64_t after = 0);
    // Their types, with a space between.
    std::string types(std::uint64_t after = 0);
    std::uint64_t size() { return journal_->size(); }

    // Looks into the decision index, as a decision does.
    void look(const std::function<void(const JournalView&, const DecisionIndex&)>& at);
    DecisionIncident decided(const std::string& incident_id);
    // The incidents of the views, in the order in which they were created; caught up.
    std::vector<IncidentRow> incidents();
    // As above: "P1 open" each, separated by ", ".
    std::string overview();
    Views& views() { return *views_; }
    // What verification finds, with the decision index, and where the views differ from a rebuild; empty where all is well.
    std::string problems();

private:
    TemporaryDirectory directory_;
    DecisionIndex index_;
    SeededEntropy entropy_;
    TriagePolicy policy_;
    std::unique_ptr<TestJournal> journal_;
    std::unique_ptr<CommandHandler> commands_;
    std::unique_ptr<Views> views_;
    std::vector<RefusedLine> refused_;
};

}  // namespace daybook::test
