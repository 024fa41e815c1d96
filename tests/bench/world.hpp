// A made-up world of incidents from a seed: the same seed, the same events and records, on every machine.
//
// About 200 incidents are alive at once while a year goes by; each takes about 20 events. The mix, in percent: incident_created 5,
// alert 55, note, action, decision and comms 22, status_changed 10, acknowledged 3, severity_changed 1, followup and
// followup_status_change 4. Every event fits the state before it.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "journal/event.hpp"
#include "journal/journal.hpp"
#include "journal/payload.hpp"

namespace daybook::bench {

// SplitMix64 (Steele, Lea, Flood 2014).
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    std::uint64_t below(std::uint64_t end) { return next() % end; }
    template <class Pool>
    const auto& pick(const Pool& pool) {
        return pool[below(std::size(pool))];
    }
    // `count` characters of [a-z0-9].
    std::string word(int count);

private:
    std::uint64_t state_;
};

struct Incident {
    std::string id;
    std::string_view service, env, kind;
    std::string signature;
    Severity severity = Severity::p2;
    IncidentStatus status = IncidentStatus::open;
    Time started_at{};
    bool acknowledged = false;
    std::vector<Time> alerts;  // when each began to fire
    struct Followup {
        std::string id;
        FollowupStatus status = FollowupStatus::open;
    };
    std::vector<Followup> followups;
};

// Something happens to an incident. Valid until the next one does.
struct Happening {
    const Incident* incident = nullptr;
    Payload payload;
    Time at{};
};

struct WorldSize {
    std::uint64_t events = 1'000'000;
    std::uint64_t incidents = 50'000;
    std::uint64_t seed = 1;
};

// Goes on without end; `size` is the pace at which incidents begin.
class World {
public:
    explicit World(const WorldSize& size) : size_(size), random_(size.seed) {}

    const Happening& next();
    Random& random() { return random_; }

    // The alert at `place` of an incident, firing.
    static Alert alert_of(const Incident& incident, std::size_t place);

private:
    void create();
    void alert(Incident& incident);
    void change_status(std::size_t place);
    void close();
    void write_entry(Incident& incident);
    void change_severity(Incident& incident);
    void add_followup(Incident& incident);
    bool change_followup(Incident& incident);
    std::size_t pick_alive() { return static_cast<std::size_t>(random_.below(alive_.size())); }
    void happens(const Incident& incident, Payload payload);

    WorldSize size_;
    Random random_;
    std::uint64_t made_ = 0;
    std::uint64_t created_ = 0;
    std::uint64_t followups_ = 0;
    Time now_ = Time(std::chrono::sys_days(std::chrono::year(2025) / 2 / 24));
    std::vector<Incident> alive_;
    std::unordered_set<std::string> signatures_;  // of those
    Incident ended_;                              // the one that ended last
    enum class Next { any, first_alert, closed } next_ = Next::any;
    Happening happening_;
};

// An idempotency key as triage makes them: tri_20260223_1000_k3f9m2xa
std::string triage_key(Time at, Random& random);

// The world as requests that are ready to be appended, one event each.
struct ReadyEvent {
    NewEvent event;
    KeyedInput input;
};
class EventMaker {
public:
    explicit EventMaker(const WorldSize& size) : world_(size), random_(size.seed + 1) {}
    ReadyEvent next();
    std::vector<ReadyEvent> next(std::size_t count);

private:
    World world_;
    Random random_;
};

// Requests over ready events, which they hand over when they are asked to decide: the events must outlive them, and serve once.
std::vector<AppendRequest> requests_of(std::vector<ReadyEvent>& events);

// The world as alert_triage/1 records, of 600 to 700 bytes.
class RecordMaker {
public:
    explicit RecordMaker(const WorldSize& size) : world_(size), random_(size.seed + 2) {}
    // The next lines, each with its end; often one, at times none or several.
    void append_lines(std::string& out, std::uint64_t& count);

private:
    World world_;
    Random random_;
};

// Writes `size.events` records, or up to three more; returns how many.
std::uint64_t write_records(std::ostream& out, const WorldSize& size);

}  // namespace daybook::bench
