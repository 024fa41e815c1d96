#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include "ingest/alert_report.hpp"
#include "tests/desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr std::int64_t none = RecordHeader::no_time;

// Events put straight into one incident's stream, and what the index then says.
struct IndexDesk : Desk {
    explicit IndexDesk(std::string signature = "sig") : signature_(std::move(signature)) { create(1, "10:00"); }

    void create(unsigned number, std::string_view time) {
        IncidentCreated created;
        created.service = "gateway";
        created.env = "prod";
        created.title = "t";
        created.started_at = when(time);
        created.signature = signature_;
        put(number, time, created);
    }
    void put(unsigned number, std::string_view time, const Payload& payload, std::string source = "alert_triage") {
        NewEvent event = event_of(stream_name(number), payload, when(time));
        event.source = std::move(source);
        AppendRequest request;
        request.decide = [&](const JournalView&, Time) -> Result<Batch> { return Batch{{event}, {}, {}}; };
        REQUIRE(journal()->append(request));
    }
    void alert(std::string_view time, AlertState state, const std::string& identity = "a", Severity severity = Severity::p2) {
        Alert alert;
        alert.fingerprint = alert.alert_ref = identity;
        alert.state = state;
        alert.severity = severity;
        alert.service = "gateway";
        alert.env = "prod";
        alert.kind = "k";
        alert.title = "t";
        alert.source = "s";
        alert.starts_at = when(time);
        put(1, time, alert);
    }
    void status(unsigned number, std::string_view time, IncidentStatus from, IncidentStatus to) {
        StatusChanged changed;
        changed.from = from;
        changed.to = to;
        put(number, time, changed);
    }
    DecisionIncident incident(unsigned number = 1) { return decided(stream_name(number)); }
    std::optional<AlertRow> row(const std::string& identity = "a") {
        std::optional<AlertRow> row;
        look([&](const JournalView& view, const DecisionIndex& index) {
            row = index.alert(*view.stream_number(stream_name(1)), identity);
        });
        return row;
    }
    SignatureSummary summary() {
        std::optional<SignatureSummary> summary;
        look([&](const JournalView&, const DecisionIndex& index) { summary = index.summary(signature_); });
        return summary.value();
    }
    // The numbers of the signature's incidents that started by then, the latest first: "3 1".
    std::string started_by(std::string_view time, std::size_t at_most = 100) {
        std::string text;
        look([&](const JournalView& view, const DecisionIndex& index) {
            index.incidents_of(signature_, to_micros(when(time)), [&](StreamNumber number, const DecisionIncident&) {
                text += (text.empty() ? "" : " ") + std::to_string(view.stream_id(number).back() - '0');
                return --at_most > 0;
            });
        });
        return text;
    }

private:
    std::string signature_;
};

}  // namespace

TEST_CASE("the index answers inside of a write transaction, and refuses to outside of one") {
    IndexDesk desk;
    const DecisionIndex* asked = nullptr;
    desk.look([&](const JournalView&, const DecisionIndex& index) {
        asked = &index;
        CHECK(index.summary("sig"));
    });
    CHECK_THROWS_AS(asked->summary("sig"), std::logic_error);
    CHECK_THROWS_AS(asked->incident({1}), std::logic_error);
}

TEST_CASE("an incident stands in the index with its state, its signature, and who opened it") {
    IndexDesk desk;
    const DecisionIncident incident = desk.incident();
    CHECK(incident.state.status == IncidentStatus::open);
    CHECK(incident.state.started_at == to_micros(when("10:00")));
    CHECK(incident.opened_by_alert == 1);
    CHECK(incident.worst_alert == 255);
    CHECK(incident.latest_alert == none);
    desk.look([](const JournalView& view, const DecisionIndex& index) {
        CHECK(index.signature_of(*view.stream_number(stream_name(1))) == "sig");
        CHECK(index.signature_of({99}).empty());
        CHECK_FALSE(index.incident({99}));
        CHECK_FALSE(index.summary("nobody's"));
        CHECK_FALSE(index.summary(""));
        CHECK_FALSE(index.followup(""));
        CHECK_FALSE(index.last_escalation({1}, 1));
    });
}

TEST_CASE("incidents that no source of alerts opened are people's") {
    for (const char* source : {"cli", "oncall_tool", "import", "job"}) {
        IndexDesk desk;
        IncidentCreated created;
        created.service = created.env = created.title = "t";
        desk.put(2, "10:00", created, source);
        CHECK(desk.incident(2).opened_by_alert == 0);
    }
    for (const char* source : {"alert_triage", "alertmanager", "grafana", "pagerduty", "cloudevents"}) {
        IndexDesk desk;
        IncidentCreated created;
        created.service = created.env = created.title = "t";
        desk.put(2, "10:00", created, source);
        CHECK(desk.incident(2).opened_by_alert == 1);
    }
}

TEST_CASE("firing alerts are counted by their newest state") {
    IndexDesk desk;
    desk.alert("10:00", AlertState::firing);
    desk.alert("10:01", AlertState::firing, "b", Severity::p1);
    CHECK(desk.incident().firing_alerts == 2);
    desk.alert("10:02", AlertState::firing);  // again
    CHECK(desk.incident().firing_alerts == 2);
    desk.alert("10:03", AlertState::resolved);
    CHECK(desk.incident().firing_alerts == 1);
    desk.alert("10:04", AlertState::resolved);
    CHECK(desk.incident().firing_alerts == 1);
    desk.alert("10:05", AlertState::resolved, "never fired");
    CHECK(desk.incident().firing_alerts == 1);
    CHECK(desk.incident().worst_alert == static_cast<std::uint8_t>(Severity::p1));
    CHECK(desk.incident().latest_alert == to_micros(when("10:05")));
    CHECK(desk.problems() == "");
}

TEST_CASE("an alert that is told late changes neither its state nor the count") {
    IndexDesk desk;
    desk.alert("10:00", AlertState::firing);
    desk.alert("10:10", AlertState::resolved);
    desk.alert("10:05", AlertState::firing);
    CHECK(desk.incident().firing_alerts == 0);
    CHECK(desk.row()->state == AlertState::resolved);
    CHECK(desk.row()->at == to_micros(when("10:10")));
    CHECK(desk.incident().latest_alert == to_micros(when("10:10")));

    desk.alert("10:20", AlertState::firing);
    desk.alert("10:15", AlertState::resolved);
    CHECK(desk.incident().firing_alerts == 1);
    CHECK(desk.row()->state == AlertState::firing);
    CHECK(desk.problems() == "");
}

TEST_CASE("at the same moment resolved wins, whichever is told first") {
    IndexDesk desk;
    SECTION("firing first") {
        desk.alert("10:00", AlertState::firing);
        desk.alert("10:00", AlertState::resolved);
    }
    SECTION("resolved first") {
        desk.alert("10:00", AlertState::resolved);
        desk.alert("10:00", AlertState::firing);
    }
    CHECK(desk.incident().firing_alerts == 0);
    CHECK(desk.row()->state == AlertState::resolved);
}

TEST_CASE("a signature's summary says how many are active and when the last of them ended") {
    IndexDesk desk;
    CHECK(desk.summary().active == 1);
    CHECK(desk.summary().latest_end == none);
    desk.create(2, "11:00");
    desk.create(3, "09:00");
    CHECK(desk.summary().active == 3);
    desk.status(1, "10:30", IncidentStatus::open, IncidentStatus::mitigated);
    CHECK(desk.summary().active == 3);
    desk.status(2, "11:30", IncidentStatus::open, IncidentStatus::closed);
    desk.status(1, "10:40", IncidentStatus::mitigated, IncidentStatus::resolved);
    CHECK(desk.summary().active == 1);
    CHECK(desk.summary().latest_end == to_micros(when("11:30")));
    desk.status(1, "10:45", IncidentStatus::resolved, IncidentStatus::open);
    CHECK(desk.summary().active == 2);
    CHECK(desk.summary().latest_end == to_micros(when("11:30")));  // an upper bound
    CHECK(desk.problems() == "");
}

TEST_CASE("the incidents of a signature are visited from the latest start that is asked for") {
    IndexDesk desk;
    desk.create(2, "11:00");
    desk.create(3, "09:00");
    CHECK(desk.started_by("12:00") == "2 1 3");
    CHECK(desk.started_by("11:00") == "2 1 3");
    CHECK(desk.started_by("10:59:59.999999") == "1 3");
    CHECK(desk.started_by("08:00") == "");
    CHECK(desk.started_by("12:00", 2) == "2 1");
    IncidentUpdated updated;
    updated.changes = JsonText{R"({"started_at":{"from":"2026-02-23T11:00:00Z","to":"2026-02-23T08:00:00Z"}})"};
    desk.put(2, "11:05", updated);
    CHECK(desk.started_by("12:00") == "1 3 2");
    CHECK(desk.started_by("08:00") == "2");
    CHECK(desk.problems() == "");
}

TEST_CASE("signatures that begin alike, or are longer than a key may be, are kept apart") {
    const std::string longest(511, 'x');
    for (const std::string& signature :
         {std::string("s"), std::string(256, 'x'), std::string(257, 'x'), longest, longest + "more"}) {
        IndexDesk desk(signature);
        IncidentCreated other;
        other.service = other.env = other.title = "t";
        for (const std::string& another :
             {signature + "0", signature.substr(0, signature.size() - 1) + "y", std::string(signature + signature)}) {
            other.signature = another;
            desk.put(7, "10:00", other);
        }
        CHECK(desk.started_by("12:00") == "1");
        CHECK(desk.summary().active == 1);
        const std::string identity = signature + signature;
        desk.alert("10:01", AlertState::firing, identity);
        CHECK(desk.row(identity));
        CHECK_FALSE(desk.row(identity + "0"));
        CHECK(desk.problems() == "");
    }
}

TEST_CASE("a duplicate is known with the incident that it stands for") {
    IndexDesk desk;
    desk.create(2, "11:00");
    IncidentLinked link;
    link.other = stream_name(2);
    link.relation = LinkRelation::related_to;
    desk.put(1, "11:10", link);
    CHECK(desk.incident().duplicate_of == 0);
    link.relation = LinkRelation::duplicate_of;
    desk.put(1, "11:10", link);
    CHECK(desk.incident().duplicate_of == 2);
    CHECK(desk.summary().duplicates == 1);
    desk.put(1, "11:11", link);
    CHECK(desk.summary().duplicates == 1);
    link.other = stream_name(9);  // which is not there
    desk.put(1, "11:12", link);
    CHECK(desk.incident().duplicate_of == 0);
    CHECK(desk.summary().duplicates == 0);
    CHECK(desk.problems() == "");
}

TEST_CASE("the last escalation of a level is the latest, not the one told last") {
    IndexDesk desk;
    Escalated escalated;
    escalated.policy = escalated.target = escalated.reason = "t";
    escalated.level = 2;
    desk.put(1, "10:30", escalated);
    desk.put(1, "10:10", escalated);
    desk.look([](const JournalView& view, const DecisionIndex& index) {
        const auto number = *view.stream_number(stream_name(1));
        CHECK(index.last_escalation(number, 2) == to_micros(when("10:30")));
        CHECK_FALSE(index.last_escalation(number, 1));
    });
    CHECK(desk.problems() == "");
}

TEST_CASE("a follow-up's id belongs to the incident that had it first") {
    IndexDesk desk;
    desk.create(2, "11:00");
    FollowupAdded added;
    added.followup_id = "fu_1";
    added.title = "t";
    added.priority = Severity::p1;
    desk.put(1, "10:10", added);
    added.priority = Severity::p4;
    desk.put(2, "10:10", added);
    FollowupStatusChanged changed;
    changed.followup_id = "fu_1";
    changed.to = FollowupStatus::done;
    desk.put(2, "10:20", changed);
    desk.look([](const JournalView& view, const DecisionIndex& index) {
        const auto row = index.followup("fu_1");
        REQUIRE(row);
        CHECK(row->stream == view.stream_number(stream_name(1))->value);
        CHECK(row->priority == Severity::p1);
        CHECK(row->status == FollowupStatus::open);
    });
    CHECK(desk.problems() == "");
}

TEST_CASE("ids that no key has room for are left out, and stop nothing") {
    IndexDesk desk;
    for (const std::string& id : {std::string(), std::string(600, 'f')}) {
        FollowupAdded added;
        added.followup_id = id;
        added.title = "t";
        desk.put(1, "10:10", added);
    }
    desk.alert("10:11", AlertState::firing, "");
    CHECK(desk.incident().firing_alerts == 1);
    CHECK(desk.incident().state.event_count == 4);
    ArtifactAttached attached;
    attached.name = "a.txt";
    desk.put(1, "10:12", attached);
    CHECK(desk.problems().find("table decision") == std::string::npos);
    lmdb::Transaction views = desk.views().read();
    CHECK(parked_events(views).size() == 3);
}

TEST_CASE("what the fold can't take changes nothing in the index") {
    IndexDesk desk;
    desk.put(2, "09:00", note("before its incident_created"));
    desk.create(1, "09:00");  // again
    CHECK(desk.incident().state.started_at == to_micros(when("10:00")));
    CHECK(desk.started_by("12:00") == "1");
    CHECK(desk.summary().active == 1);
    desk.status(1, "10:30", IncidentStatus::mitigated, IncidentStatus::closed);
    CHECK(desk.incident().state.active());
    CHECK(desk.summary().active == 1);
    CHECK(desk.problems() == "");
}

TEST_CASE("after a refusal, and in the next process, the index is what it was") {
    IndexDesk desk;
    desk.alert("10:00", AlertState::firing);
    CHECK(desk.tell(Report::firing("10:05").decision("update").text("incident_id", stream_name(8))) == "not_found /incident_id");
    desk.journal().reopen();
    CHECK(desk.journal().append_note(stream_name(1), "n"));
}

namespace {

template <class T>
T any_of(std::vector<T> choices) {
    return *rc::gen::elementOf(std::move(choices));
}
std::int64_t below(int end) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, end)); }

// Any event of any of five incidents, fitting or not.
void any_event(IndexDesk& desk) {
    const auto number = static_cast<unsigned>(1 + below(5));
    const std::string time = "1" + std::to_string(below(5)) + ":" + std::to_string(10 + below(50));
    const auto statuses =
        std::vector{IncidentStatus::open, IncidentStatus::mitigated, IncidentStatus::resolved, IncidentStatus::closed};
    switch (below(9)) {
        case 0: return desk.create(number, time);
        case 1: return desk.status(number, time, any_of(statuses), any_of(statuses));
        case 2:
        case 3: {
            Alert alert;
            alert.fingerprint = "a" + std::to_string(below(3));
            alert.state = any_of<AlertState>({AlertState::firing, AlertState::resolved});
            alert.severity = static_cast<Severity>(below(5));
            alert.starts_at = when(time);
            return desk.put(number, time, alert);
        }
        case 4: {
            SeverityChanged changed;
            changed.from = static_cast<Severity>(below(5));
            changed.to = static_cast<Severity>(below(5));
            return desk.put(number, time, changed);
        }
        case 5: {
            IncidentLinked link;
            link.relation = any_of<LinkRelation>({LinkRelation::duplicate_of, LinkRelation::related_to});
            link.other = stream_name(static_cast<unsigned>(1 + below(6)));
            return desk.put(number, time, link);
        }
        case 6: {
            FollowupAdded added;
            added.followup_id = "fu_" + std::to_string(below(4));
            return desk.put(number, time, added);
        }
        case 7: {
            Escalated escalated;
            escalated.level = below(3);
            return desk.put(number, time, escalated);
        }
        default: {
            IncidentUpdated updated;
            updated.changes = JsonText{R"({"started_at":{"from":null,"to":")" + moment(time) + R"("}})"};
            return desk.put(number, time, updated);
        }
    }
}

}  // namespace

TEST_CASE("after any history the index is what a rebuild from the events gives, table by table") {
    CHECK(rc::check([] {
        IndexDesk desk;
        for (std::int64_t i = below(80); i > 0; --i) any_event(desk);
        RC_ASSERT(desk.problems() == "");
    }));
}
