#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include <array>
#include <map>
#include <set>
#include <vector>

#include "projections/incident_state.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr std::int64_t none = RecordHeader::no_time;
constexpr std::array statuses{IncidentStatus::open, IncidentStatus::mitigated, IncidentStatus::resolved, IncidentStatus::closed};

RecordHeader header(EventType type, std::int64_t at) {
    RecordHeader event;
    event.type = type;
    event.occurred_at = at;
    return event;
}
RecordHeader created(std::int64_t at, std::int64_t started_at, Severity severity = Severity::p2) {
    RecordHeader event = header(EventType::incident_created, at);
    event.moment = started_at;
    event.severity = static_cast<std::uint8_t>(severity);
    event.service = 1;
    event.env = 2;
    event.kind = 3;
    event.actor = 4;
    return event;
}
RecordHeader status(std::int64_t at, IncidentStatus from, IncidentStatus to) {
    RecordHeader event = header(EventType::status_changed, at);
    event.from = static_cast<std::uint8_t>(from);
    event.to = static_cast<std::uint8_t>(to);
    return event;
}
RecordHeader severity(std::int64_t at, Severity from, Severity to) {
    RecordHeader event = header(EventType::severity_changed, at);
    event.from = static_cast<std::uint8_t>(from);
    event.to = static_cast<std::uint8_t>(to);
    return event;
}

struct Incident {
    IncidentState state;

    Incident() { take(created(100, 90)); }
    void take(const RecordHeader& event) { CHECK_FALSE(apply(state, event)); }
    void become(std::int64_t at, IncidentStatus to) { take(status(at, state.status, to)); }
    std::array<std::int64_t, 3> moments() const { return {state.mitigated_at, state.resolved_at, state.closed_at}; }
};
using Moments = std::array<std::int64_t, 3>;

}  // namespace

TEST_CASE("the transitions of section 1 are allowed, and no others") {
    using S = IncidentStatus;
    const std::set<std::pair<S, S>> allowed{{S::open, S::mitigated},
                                            {S::open, S::resolved},
                                            {S::open, S::closed},
                                            {S::mitigated, S::open},
                                            {S::mitigated, S::resolved},
                                            {S::mitigated, S::closed},
                                            {S::resolved, S::open},
                                            {S::resolved, S::closed},
                                            {S::closed, S::open},
                                            // to the status that it has
                                            {S::open, S::open},
                                            {S::mitigated, S::mitigated},
                                            {S::resolved, S::resolved},
                                            {S::closed, S::closed}};
    for (const S from : statuses) {
        for (const S to : statuses) {
            INFO(to_text(from) << " -> " << to_text(to));
            CHECK(may_follow(from, to) == (allowed.count({from, to}) != 0));
        }
    }
}

TEST_CASE("a reopening is a change to open from resolved or closed") {
    for (const IncidentStatus from : statuses) {
        for (const IncidentStatus to : statuses) {
            const bool ended = from == IncidentStatus::resolved || from == IncidentStatus::closed;
            CHECK(is_reopening(from, to) == (ended && to == IncidentStatus::open));
        }
    }
}

TEST_CASE("a new incident is open, as it was created") {
    const Incident incident;
    const IncidentState& state = incident.state;
    CHECK(state.exists());
    CHECK(state.active());
    CHECK(state.status == IncidentStatus::open);
    CHECK(state.severity == Severity::p2);
    CHECK(state.service == 1);
    CHECK(state.env == 2);
    CHECK(state.kind == 3);
    CHECK(state.created_by == 4);
    CHECK(state.started_at == 90);
    CHECK(state.created_at == 100);
    CHECK(state.updated_at == 100);
    CHECK(state.last_change == 90);
    CHECK(state.event_count == 1);
    CHECK(incident.moments() == Moments{none, none, none});
    CHECK_FALSE(state.acknowledged());
    CHECK_FALSE(state.archived());
    CHECK(state.ended_at() == none);
}

TEST_CASE("a moment is when its status was last entered") {
    Incident incident;
    incident.become(110, IncidentStatus::mitigated);
    CHECK(incident.moments() == Moments{110, none, none});
    incident.become(120, IncidentStatus::resolved);
    CHECK(incident.moments() == Moments{110, 120, none});
    CHECK(incident.state.ended_at() == 120);
    incident.become(130, IncidentStatus::closed);
    CHECK(incident.moments() == Moments{110, 120, 130});
    CHECK(incident.state.ended_at() == 120);
    CHECK_FALSE(incident.state.active());
}

TEST_CASE("an incident that was closed without being resolved ended when it was closed") {
    Incident incident;
    incident.become(130, IncidentStatus::closed);
    CHECK(incident.moments() == Moments{none, none, 130});
    CHECK(incident.state.ended_at() == 130);
}

TEST_CASE("entering an earlier status clears the moments of the later ones") {
    Incident incident;
    incident.become(110, IncidentStatus::mitigated);
    incident.become(120, IncidentStatus::resolved);
    incident.become(130, IncidentStatus::closed);
    SECTION("open") {
        incident.become(140, IncidentStatus::open);
        CHECK(incident.moments() == Moments{none, none, none});
    }
    // Only an import brings these two.
    SECTION("mitigated") {
        incident.become(140, IncidentStatus::mitigated);
        CHECK(incident.moments() == Moments{140, none, none});
    }
    SECTION("resolved") {
        incident.become(140, IncidentStatus::resolved);
        CHECK(incident.moments() == Moments{110, 140, none});
    }
}

TEST_CASE("acknowledged_at is the first acknowledgement since the opening or the last reopening") {
    Incident incident;
    incident.take(header(EventType::acknowledged, 105));
    incident.take(header(EventType::acknowledged, 106));
    CHECK(incident.state.acknowledged_at == 105);
    incident.become(110, IncidentStatus::mitigated);
    incident.become(111, IncidentStatus::open);  // no reopening
    CHECK(incident.state.acknowledged_at == 105);
    incident.become(120, IncidentStatus::resolved);
    incident.become(130, IncidentStatus::open);
    CHECK_FALSE(incident.state.acknowledged());
    incident.take(header(EventType::acknowledged, 135));
    CHECK(incident.state.acknowledged_at == 135);
    incident.become(140, IncidentStatus::closed);
    incident.become(150, IncidentStatus::open);
    CHECK_FALSE(incident.state.acknowledged());
}

TEST_CASE("updated_at is the greatest occurred_at, whatever the order") {
    Incident incident;
    incident.take(header(EventType::note, 500));
    incident.take(header(EventType::note, 300));
    CHECK(incident.state.updated_at == 500);
    CHECK(incident.state.event_count == 3);
}

TEST_CASE("last_change is the latest change of status or severity, and of nothing else") {
    Incident incident;
    incident.take(header(EventType::note, 500));
    incident.take(header(EventType::acknowledged, 510));
    incident.take(header(EventType::assigned, 520));
    CHECK(incident.state.last_change == 90);
    incident.take(severity(200, Severity::p2, Severity::p0));
    CHECK(incident.state.last_change == 200);
    incident.become(300, IncidentStatus::mitigated);
    CHECK(incident.state.last_change == 300);
    incident.take(severity(250, Severity::p0, Severity::p1));
    CHECK(incident.state.last_change == 300);
    CHECK(incident.state.severity == Severity::p1);
}

TEST_CASE("a correction of service, env, kind and start changes those, and only those that it names") {
    Incident incident;
    RecordHeader updated = header(EventType::incident_updated, 110);
    incident.take(updated);
    CHECK(incident.state.service == 1);
    updated.service = 11;
    updated.moment = 80;
    incident.take(updated);
    CHECK(incident.state.service == 11);
    CHECK(incident.state.env == 2);
    CHECK(incident.state.kind == 3);
    CHECK(incident.state.started_at == 80);
}

TEST_CASE("the first archiving counts") {
    Incident incident;
    incident.take(header(EventType::incident_archived, 110));
    incident.take(header(EventType::incident_archived, 120));
    CHECK(incident.state.archived_at == 110);
}

TEST_CASE("what the fold can't take is refused with a reason and changes nothing") {
    IncidentState state;
    const auto refuses = [&](const RecordHeader& event) {
        const IncidentState before = state;
        const auto reason = apply(state, event);
        REQUIRE(reason);
        CHECK(state.event_count == before.event_count);
        CHECK(state.updated_at == before.updated_at);
        CHECK(state.status == before.status);
        CHECK(state.severity == before.severity);
        CHECK(state.last_change == before.last_change);
        return *reason;
    };
    CHECK(refuses(header(EventType::note, 1)) == "its incident has not been created");
    CHECK(refuses(status(1, IncidentStatus::open, IncidentStatus::closed)) == "its incident has not been created");
    RecordHeader no_severity = created(100, 90);
    no_severity.severity = 255;
    CHECK(refuses(no_severity) == "no severity");

    REQUIRE_FALSE(apply(state, created(100, 90)));
    CHECK(refuses(created(200, 190)) == "the incident was created already");
    CHECK(refuses(status(110, IncidentStatus::mitigated, IncidentStatus::resolved)) ==
          "it changes the status from one that the incident does not have, which is open");
    CHECK(refuses(severity(110, Severity::p1, Severity::p0)) ==
          "it changes the severity from one that the incident does not have, which is P2");
    RecordHeader nowhere = status(110, IncidentStatus::open, IncidentStatus::closed);
    nowhere.to = 9;
    CHECK(refuses(nowhere) == "no status to change to");
    RecordHeader nothing = severity(110, Severity::p2, Severity::p0);
    nothing.to = 9;
    CHECK(refuses(nothing) == "no severity to change to");
    CHECK(refuses(header(EventType::triage_run, 110)) == "a triage_run is no event of an incident");
}

namespace {

// The slow, obvious fold: keeps every event that counts and works everything out by looking back.
struct Model {
    std::vector<RecordHeader> taken;

    IncidentStatus status() const {
        IncidentStatus now = IncidentStatus::open;
        for (const auto& event : taken) {
            if (event.type == EventType::status_changed) now = static_cast<IncidentStatus>(event.to);
        }
        return now;
    }
    Severity severity() const {
        auto now = static_cast<Severity>(taken.front().severity);
        for (const auto& event : taken) {
            if (event.type == EventType::severity_changed) now = static_cast<Severity>(event.to);
        }
        return now;
    }
    bool takes(const RecordHeader& event) const {
        if (taken.empty() || event.type == EventType::incident_created)
            return taken.empty() && event.type == EventType::incident_created;
        if (event.type == EventType::status_changed) return event.from == static_cast<std::uint8_t>(status());
        if (event.type == EventType::severity_changed) return event.from == static_cast<std::uint8_t>(severity());
        return true;
    }
    // When a status was last entered, unless an earlier one was entered after that.
    std::int64_t moment(IncidentStatus wanted) const {
        for (auto event = taken.rbegin(); event != taken.rend(); ++event) {
            if (event->type != EventType::status_changed) continue;
            if (event->to < static_cast<std::uint8_t>(wanted)) return none;
            if (event->to == static_cast<std::uint8_t>(wanted)) return event->occurred_at;
        }
        return none;
    }
    std::int64_t acknowledged_at() const {
        std::int64_t at = none;
        IncidentStatus before = IncidentStatus::open;
        for (const auto& event : taken) {
            if (event.type == EventType::acknowledged && at == none) at = event.occurred_at;
            if (event.type != EventType::status_changed) continue;
            const auto to = static_cast<IncidentStatus>(event.to);
            if (to == IncidentStatus::open && (before == IncidentStatus::resolved || before == IncidentStatus::closed)) at = none;
            before = to;
        }
        return at;
    }
    std::int64_t greatest(const std::set<EventType>& types) const {
        std::int64_t at = none;
        for (const auto& event : taken) {
            if (types.empty() || types.count(event.type) != 0) at = std::max(at, event.occurred_at);
        }
        return at;
    }
};

RecordHeader any_event() {
    const auto at = *rc::gen::inRange<std::int64_t>(0, 50);
    switch (*rc::gen::inRange(0, 8)) {
        case 0: return created(at, *rc::gen::inRange<std::int64_t>(0, 50), static_cast<Severity>(*rc::gen::inRange(0, 5)));
        case 1: return header(EventType::note, at);
        case 2: return header(EventType::acknowledged, at);
        case 3: return severity(at, static_cast<Severity>(*rc::gen::inRange(0, 5)), static_cast<Severity>(*rc::gen::inRange(0, 5)));
        default:
            return status(at, statuses[static_cast<std::size_t>(*rc::gen::inRange(0, 4))],
                          statuses[static_cast<std::size_t>(*rc::gen::inRange(0, 4))]);
    }
}

}  // namespace

TEST_CASE("after any events the state is what looking back at all of them says") {
    CHECK(rc::check([] {
        IncidentState state;
        Model model;
        const auto first = created(20, 10);
        for (int i = *rc::gen::inRange(0, 60); i >= 0; --i) {
            const RecordHeader event = model.taken.empty() && i % 3 != 0 ? first : any_event();
            const bool taken = !apply(state, event);
            RC_ASSERT(taken == model.takes(event));
            if (taken) model.taken.push_back(event);
        }
        if (model.taken.empty()) {
            RC_ASSERT(!state.exists());
            return;
        }
        RC_ASSERT(state.event_count == model.taken.size());
        RC_ASSERT(state.status == model.status());
        RC_ASSERT(state.severity == model.severity());
        RC_ASSERT(state.mitigated_at == model.moment(IncidentStatus::mitigated));
        RC_ASSERT(state.resolved_at == model.moment(IncidentStatus::resolved));
        RC_ASSERT(state.closed_at == model.moment(IncidentStatus::closed));
        RC_ASSERT(state.acknowledged_at == model.acknowledged_at());
        RC_ASSERT(state.updated_at == model.greatest({}));
        const auto& creation = model.taken.front();
        RC_ASSERT(state.last_change == std::max(std::min(creation.moment, creation.occurred_at),
                                                model.greatest({EventType::status_changed, EventType::severity_changed})));
    }));
}
