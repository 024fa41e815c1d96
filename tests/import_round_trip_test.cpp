// Export, import into an empty journal, export again: the same rows. And an import that was stopped gives what a whole one gives.
#include <memory>

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "tests/layout_fixture.hpp"
#include "tests/payload_samples.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr const char* files[] = {"incidents.jsonl", "events.jsonl", "artifacts.jsonl"};

// Histories as rules would allow them, and some that only an import brings.
class RandomHistory {
public:
    explicit RandomHistory(LayoutFixture& fixture) : fixture_(fixture) {}

    void make(int events, bool other_streams) {
        for (int i = 0; i < events; ++i) {
            if (other_streams && *rc::gen::inRange(0, 4) == 0) {
                fixture_.append_later("$jobs", sample_payload(EventType::job_started));
            } else {
                step(*rc::gen::inRange<unsigned>(1, 4));
            }
            if (i % 16 == 0) fixture_.append_waiting();
        }
        fixture_.append_waiting();
    }

private:
    struct Incident {
        IncidentStatus status = IncidentStatus::open;
        Severity severity = Severity::p2;
        std::vector<std::pair<std::string, FollowupStatus>> followups;
        std::vector<std::uint64_t> entries;
        bool there = false;
    };

    void add(unsigned number, Payload payload) {
        if (*rc::gen::inRange(0, 3) == 0)
            common_fields(payload).message = *rc::gen::element<std::string>("said", "", "Acknowledged", "caf\xC3\xA9\n\"x\"");
        if (*rc::gen::inRange(0, 4) == 0)
            common_fields(payload).meta =
                JsonText{*rc::gen::element<std::string>("{}", R"({"a":[1,null,"x"],"due_date":"2026-01-01"})")};
        if (*rc::gen::inRange(0, 4) == 0) common_fields(payload).input_sha256 = std::string(64, 'b');
        const std::uint64_t sequence = fixture_.append_later(stream_name(number), payload);
        if (type_of(payload) == EventType::note) incidents_[number].entries.push_back(sequence);
    }

    void step(unsigned number) {
        Incident& incident = incidents_[number];
        if (!incident.there) return create(number, incident);
        switch (*rc::gen::inRange(0, 14)) {
            case 0: {
                StatusChanged changed;
                changed.from = incident.status;
                changed.to = incident.status = static_cast<IncidentStatus>(*rc::gen::inRange(0, 4));
                return add(number, changed);
            }
            case 1: {
                SeverityChanged changed;
                changed.from = incident.severity;
                changed.to = incident.severity = static_cast<Severity>(*rc::gen::inRange(0, 5));
                return add(number, changed);
            }
            case 2: return add(number, Acknowledged{});
            case 3: {
                Assigned assigned;
                if (*rc::gen::arbitrary<bool>()) assigned.to.value = "ada";
                return add(number, assigned);
            }
            case 4: return add(number, sample_payload(EventType::alert));
            case 5: {
                IncidentUpdated updated;
                updated.changes.text = *rc::gen::element<std::string>(
                    R"({"title":{"from":"x","to":"New title"}})", R"({"kind":{"from":null,"to":"cpu"}})",
                    R"({"labels":{"from":null,"to":{"k":"v"}},"summary":{"from":null,"to":"s"}})",
                    R"({"summary":{"from":"s","to":null}})", R"({"env":{"from":"x","to":"dev"}})");
                return add(number, updated);
            }
            case 6: {
                FollowupAdded added;
                added.followup_id = "fu_" + std::to_string(number) + '_' + std::to_string(incident.followups.size());
                added.title = "do it";
                if (*rc::gen::arbitrary<bool>()) added.due_at = at("2026-03-01T00:00:00Z");
                incident.followups.emplace_back(added.followup_id, added.status);
                return add(number, added);
            }
            case 7: {
                if (incident.followups.empty()) return;
                auto& [id, status] = incident.followups.back();
                FollowupStatusChanged changed;
                changed.followup_id = id;
                changed.from = status;
                changed.to = status = static_cast<FollowupStatus>(*rc::gen::inRange(0, 5));
                return add(number, changed);
            }
            case 8: {
                if (incident.followups.empty()) return;
                FollowupUpdated updated;
                updated.followup_id = incident.followups.front().first;
                updated.changes.text =
                    R"({"due_at":{"from":null,"to":"2026-03-09T00:00:00Z"},"title":{"from":"do it","to":"do that"}})";
                return add(number, updated);
            }
            case 9: {
                Escalated escalated;
                escalated.policy = "p";
                escalated.target = "ada";
                return add(number, escalated);
            }
            case 10: {
                IncidentLinked linked;
                linked.relation = static_cast<LinkRelation>(*rc::gen::inRange(0, 3));
                linked.other = stream_name(9);
                return add(number, linked);
            }
            case 11: return add(number, IncidentArchived{});
            case 12: {
                if (incident.entries.empty()) return;
                EntryCorrected corrected;
                corrected.corrects = static_cast<std::int64_t>(incident.entries.back());
                corrected.message = "now it is right";
                fixture_.append_later(stream_name(number), corrected);
                return;
            }
            default: return add(number, note("a note"));
        }
    }

    void create(unsigned number, Incident& incident) {
        IncidentCreated created;
        created.service = "gateway";
        created.env = "prod";
        created.severity = incident.severity;
        created.title = "Incident " + std::to_string(number);
        created.started_at = at("2020-01-01T00:00:00Z");
        if (*rc::gen::arbitrary<bool>()) created.labels = JsonText{R"({"a":"b"})"};
        if (*rc::gen::arbitrary<bool>()) created.kind = "http_5xx";
        if (*rc::gen::arbitrary<bool>()) created.signature = "sig";
        incident.there = true;
        add(number, created);
    }

    LayoutFixture& fixture_;
    Incident incidents_[4];
};

// A line of events.jsonl without what another journal may number otherwise.
std::string without_seq(std::string line) {
    line.erase(0, line.find(",\"event_id\""));
    if (const auto corrects = line.find("\"corrects\":"); corrects != std::string::npos)
        line.erase(corrects, line.find_first_of(",}", corrects) - corrects);
    return line;
}

}  // namespace

TEST_CASE("a journal of incidents alone comes back byte for byte", "[import_round_trip]") {
    rc::prop("for any history", [] {
        LayoutFixture first;
        RandomHistory(first).make(*rc::gen::inRange(0, 60), false);
        const TemporaryDirectory out;
        const TemporaryDirectory out_again;
        first.export_to(out.path());
        LayoutFixture second(2);
        const ImportCounts counts = second.import_from(out.path());
        RC_ASSERT(second.refusals().empty());
        RC_ASSERT(counts.synthesised == 0u);
        second.export_to(out_again.path());
        for (const char* name : files) RC_ASSERT(read_file(out / name) == read_file(out_again / name));
        for (std::uint64_t sequence = 1; sequence <= first.journal().size(); ++sequence) {
            RC_ASSERT(first.payload_at(sequence).size() >=
                      second.payload_at(sequence).size());  // a message that would be made is not stored
        }
        RC_ASSERT(second.import_from(out.path()).events == 0u);
        RC_ASSERT(second.problems() == "");
    });
}

TEST_CASE("a journal with other streams comes back but for seq", "[import_round_trip]") {
    rc::prop("for any history", [] {
        LayoutFixture first;
        RandomHistory(first).make(*rc::gen::inRange(0, 60), true);
        const TemporaryDirectory out;
        const TemporaryDirectory out_again;
        first.export_to(out.path());
        LayoutFixture second(2);
        second.import_from(out.path());
        RC_ASSERT(second.refusals().empty());
        second.export_to(out_again.path());
        RC_ASSERT(read_file(out / "incidents.jsonl") == read_file(out_again / "incidents.jsonl"));
        const auto before = lines_of(out / "events.jsonl");
        const auto after = lines_of(out_again / "events.jsonl");
        RC_ASSERT(before.size() == after.size());
        for (std::size_t i = 0; i < before.size(); ++i) RC_ASSERT(without_seq(before[i]) == without_seq(after[i]));
    });
}

TEST_CASE("an import that was stopped anywhere and run again gives what a whole one gives", "[import_round_trip]") {
    rc::prop("for any history", [] {
        LayoutFixture source;
        RandomHistory(source).make(*rc::gen::inRange(1, 40), false);
        const TemporaryDirectory out;
        source.export_to(out.path());
        // Without ids: lines are known by their digests; and without some creations, which are then made.
        std::string events;
        const bool with_ids = *rc::gen::arbitrary<bool>();
        for (std::string line : lines_of(out / "events.jsonl")) {
            if (!with_ids) line.erase(line.find("\"event_id\""), line.find("\"incident_id\"") - line.find("\"event_id\""));
            events += line + '\n';
        }
        write_file(out / "events.jsonl", events);
        LayoutFixture whole(2);
        whole.import_from(out.path());
        const TemporaryDirectory whole_out;
        whole.export_to(whole_out.path());

        // Stopped: only the first lines were there.
        LayoutFixture stopped(2);
        const TemporaryDirectory part;
        std::filesystem::copy(out.path(), part.path(), std::filesystem::copy_options::recursive);
        const auto lines = lines_of(out / "events.jsonl");
        std::string some;
        const auto cut = static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(lines.size()) + 1));
        for (std::size_t i = 0; i < cut; ++i) some += lines[i] + '\n';
        write_file(part / "events.jsonl", some);
        std::filesystem::remove(part / "incidents.jsonl");
        std::filesystem::remove(part / "export.json");
        stopped.import_from(part.path());
        stopped.import_from(out.path());
        const TemporaryDirectory stopped_out;
        stopped.export_to(stopped_out.path());
        RC_ASSERT(read_file(whole_out / "incidents.jsonl") == read_file(stopped_out / "incidents.jsonl"));
        const auto a = lines_of(whole_out / "events.jsonl");
        const auto b = lines_of(stopped_out / "events.jsonl");
        RC_ASSERT(a.size() == b.size());
        for (std::size_t i = 0; i < a.size(); ++i) {
            for (const char* column : {"ts", "recorded_at", "type", "message", "meta", "actor", "source"})
                RC_ASSERT(member(a[i], column) == member(b[i], column));
        }
    });
}
