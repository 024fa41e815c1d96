// Correlation, recurrence and clusters against slow and obvious computations over all incidents, on histories that come in any
// order.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "projections/title_tokens.hpp"
#include "tests/report_history.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr std::int64_t minute = 60'000'000;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;

// An incident by the book.
struct Plain {
    unsigned number = 0;
    std::int64_t created_at = 0, started_at = 0;
    std::vector<std::pair<std::int64_t, bool>> changes;  // moment, and whether it is over from then on; in the order of time
    std::vector<std::pair<std::int64_t, std::string>> alerts;
    int severity = 2;
    std::string service, env, title, signature;
};

struct World {
    std::vector<Plain> incidents;
    std::int64_t now = 0;
    std::map<std::string, std::vector<std::string>, std::less<>> dependencies;
};

template <class Number>
rc::Gen<Number> any_of(Number from, Number to) {
    return rc::gen::resize(rc::kNominalSize, rc::gen::inRange(from, to));
}

template <class Word>
Word pick(const std::vector<Word>& words) {
    return words[static_cast<std::size_t>(*any_of<int>(0, static_cast<int>(words.size())))];
}

World a_world() {
    World world;
    const std::int64_t start = to_micros(at("2026-01-19T00:00:00Z"));
    const int count = *any_of(2, 25);
    for (int i = 0; i < count; ++i) {
        Plain plain;
        plain.number = static_cast<unsigned>(i + 1);
        // On the quarter of an hour, so that the borders of the gaps are met; most of them near each other.
        const std::int64_t spread = *any_of(0, 3) == 0 ? 34 * 96 : 200;
        plain.started_at = start + 30 * day + *any_of<std::int64_t>(-spread, 200) * 15 * minute;
        plain.created_at = plain.started_at + *any_of(0, 2) * hour;
        std::int64_t moment = plain.created_at;
        for (int changes = *any_of(0, 4); changes > 0; --changes) {
            moment += *any_of(1, 40) * 15 * minute;
            plain.changes.emplace_back(moment, plain.changes.size() % 2 == 0);
        }
        for (int alerts = *any_of(0, 3); alerts > 0; --alerts)
            plain.alerts.emplace_back(plain.created_at + *any_of(0, 100) * hour, pick<std::string>({"f1", "f2", "f3"}));
        plain.severity = *any_of(0, 5);
        plain.service = pick<std::string>({"gateway", "gateway", "api", "db"});
        plain.env = pick<std::string>({"prod", "prod", "dev"});
        plain.title = pick<std::string>({"", "disk full", "disk full on db-1", "5xx over 5 %", "slow disk"});
        plain.signature = pick<std::string>({"", "", "s1", "s2", "s3", "s4"});
        world.incidents.push_back(std::move(plain));
    }
    world.now = start + 30 * day + *any_of(100, 400) * 15 * minute;
    if (*any_of(0, 2) == 1) world.dependencies = {{"gateway", {"api"}}, {"api", {"db"}}};
    return world;
}

// Told in an order of its own: what occurred early may be recorded late.
ReportHistory history_of(const World& world) {
    struct Told {
        int rank = 0;
        std::function<void(ReportHistory&)> tell;
        std::size_t place = 0;
    };
    std::vector<Told> told;
    for (const Plain& plain : world.incidents) {
        const int rank = *any_of(0, 1000);
        told.push_back({rank, [&plain](ReportHistory& history) {
                            ReportHistory::Opening opening{static_cast<Severity>(plain.severity), plain.service, plain.env,
                                                           plain.title, from_micros(plain.started_at)};
                            if (!plain.signature.empty()) opening.signature = plain.signature;
                            history.opened(plain.number, format_time(from_micros(plain.created_at)), opening);
                        }});
        int later = rank;
        for (const auto& [moment, over] : plain.changes) {
            later += *any_of(1, 300);
            told.push_back({later, [&plain, at = moment, ended = over](ReportHistory& history) {
                                history.changed(plain.number, format_time(from_micros(at)),
                                                ended ? IncidentStatus::open : IncidentStatus::resolved,
                                                ended ? IncidentStatus::resolved : IncidentStatus::open);
                            }});
        }
        for (const auto& [moment, fingerprint] : plain.alerts) {
            told.push_back({rank + *any_of(1, 900), [&plain, at = moment, text = fingerprint](ReportHistory& history) {
                                history.alerted(plain.number, format_time(from_micros(at)), "kind", AlertState::firing, text);
                            }});
        }
    }
    for (std::size_t place = 0; place < told.size(); ++place) told[place].place = place;
    std::sort(told.begin(), told.end(),
              [](const Told& a, const Told& b) { return std::tie(a.rank, a.place) < std::tie(b.rank, b.place); });
    ReportHistory history;
    for (const Told& one : told) one.tell(history);
    return history;
}

std::int64_t end_of(const Plain& plain, std::int64_t now) {
    std::int64_t end = now;
    for (const auto& [moment, over] : plain.changes) {
        if (moment <= now) end = over ? moment : now;
    }
    return std::max(end, plain.started_at);
}

std::set<std::string> fingerprints(const Plain& plain, std::int64_t now) {
    std::set<std::string> found;
    for (const auto& [moment, fingerprint] : plain.alerts) {
        if (moment <= now) found.insert(fingerprint);
    }
    return found;
}

bool connected(const World& world, const std::string& a, const std::string& b) {
    const auto needs = [&](const std::string& from, const std::string& to) {
        const auto found = world.dependencies.find(from);
        return found != world.dependencies.end() &&
               std::find(found->second.begin(), found->second.end(), to) != found->second.end();
    };
    return needs(a, b) || needs(b, a);
}

// The points by the book; 0 for a pair that is dropped.
int points(const World& world, const Plain& a, const Plain& b) {
    const std::int64_t now = world.now;
    int identity = 0;
    for (const std::string& one : fingerprints(a, now)) {
        if (fingerprints(b, now).contains(one)) identity = 40;
    }
    if (identity == 0 && !a.signature.empty() && a.signature == b.signature) {
        std::uint64_t same = 0;
        std::uint64_t all = 0;
        for (const Plain& one : world.incidents) {
            if (one.created_at > now || one.started_at > now || one.started_at < now + 1 - 30 * day) continue;
            ++all;
            same += one.signature == a.signature ? 1U : 0U;
        }
        identity = same != 0 && 5 * same >= all ? 14 : 28;
    }
    int place = a.service == b.service ? 20 : connected(world, a.service, b.service) ? 15 : 0;
    if (place == 0) {
        for (const char* between : {"gateway", "api", "db"}) {
            if (connected(world, a.service, between) && connected(world, between, b.service)) place = 8;
        }
    }
    const std::int64_t gap = std::max<std::int64_t>({0, b.started_at - end_of(a, now), a.started_at - end_of(b, now)});
    const int time = gap == 0 ? 20 : gap <= 15 * minute ? 16 : gap <= hour ? 12 : gap <= 6 * hour ? 6 : gap <= day ? 3 : 0;
    const auto tokens = [](const Plain& plain) {
        const auto list = title_tokens(plain.title);
        return std::set<std::string>(list.begin(), list.end());
    };
    std::set<std::string> either = tokens(a);
    std::size_t both = 0;
    for (const std::string& token : tokens(b)) both += either.insert(token).second ? 0U : 1U;
    const int title = either.empty() ? 0 : static_cast<int>(10 * both / either.size());
    const int apart = std::abs(a.severity - b.severity);
    const int severity = apart == 0 ? 5 : apart == 1 ? 3 : 0;
    if (gap > day && !(identity == 40 || (identity != 0 && place == 20))) return 0;
    if (identity == 0 && place == 0 && title < 5) return 0;
    return identity + place + time + title + severity + (a.env == b.env ? 5 : 0);
}

}  // namespace

TEST_CASE("correlation over the index finds what a look at all pairs finds", "[correlate][property]") {
    rc::prop("scores of one incident with all others", [] {
        const World world = a_world();
        const ReportHistory history = history_of(world);
        const Plain& subject = world.incidents.front();
        RC_PRE(subject.created_at <= world.now);
        std::map<std::string, int> expected, found;
        for (const Plain& other : world.incidents) {
            if (other.number == subject.number || other.env != subject.env || other.created_at > world.now) continue;
            const int score = points(world, subject, other);
            if (score >= 30) expected[stream_name(other.number)] = score;
        }
        history.look([&](lmdb::Transaction& views, const JournalView& journal) {
            CorrelateRequest request;
            request.now = from_micros(world.now);
            request.size = journal.size();
            request.possible = true;
            request.policy.correlation.dependencies = world.dependencies;
            request.incident = journal.stream_number(stream_name(subject.number)).value();
            const auto correlations = correlate(views, journal, request);
            for (const Correlated& one : correlations.value().related) found[one.incident.id] = one.score;
        });
        RC_ASSERT(found == expected);
    });
}

TEST_CASE("clusters of a week are what a look at all its pairs gives", "[correlate][digest][property]") {
    rc::prop("the members of each cluster", [] {
        World world = a_world();
        const IsoWeek week{2026, 8};
        const std::int64_t from = to_micros(week.from());
        const std::int64_t end = to_micros(week.to());
        world.now = end;
        // The end of a week is exclusive.
        for (Plain& plain : world.incidents) {
            std::erase_if(plain.changes, [&](const auto& change) { return change.first >= end; });
            std::erase_if(plain.alerts, [&](const auto& alert) { return alert.first >= end; });
        }
        std::erase_if(world.incidents, [&](const Plain& plain) { return plain.created_at >= end; });
        RC_PRE(!world.incidents.empty());
        std::map<unsigned, unsigned> cluster;
        std::vector<const Plain*> opened;
        for (const Plain& plain : world.incidents) {
            if (plain.created_at < from) continue;
            opened.push_back(&plain);
            cluster[plain.number] = plain.number;
        }
        for (const Plain* a : opened) {
            for (const Plain* b : opened) {
                if (a->number == b->number || a->env != b->env || points(world, *a, *b) < 40) continue;
                const unsigned old = cluster[a->number];
                const unsigned into = cluster[b->number];
                for (auto& [number, of] : cluster) of = of == old ? into : of;
            }
        }
        std::map<unsigned, std::set<std::string>> members;
        for (const auto& [number, of] : cluster) members[of].insert(stream_name(number));
        std::set<std::set<std::string>> expected, found;
        for (const auto& [of, ids] : members) {
            if (ids.size() > 1 && ids.size() <= 10) expected.insert(ids);
        }
        IntelligencePolicy policy;
        policy.correlation.dependencies = world.dependencies;
        for (const IncidentCluster& one : history_of(world).digest("2026-08", {}, {}, policy).clusters) {
            std::set<std::string> ids;
            for (const ListedIncident& incident : one.incidents) ids.insert(incident.id);
            if (one.total <= 10) found.insert(ids);
            RC_ASSERT(one.total >= ids.size());
        }
        RC_ASSERT(found == expected);
    });
}

TEST_CASE("recurrence says what counting the starts of all incidents says", "[recurrence][property]") {
    rc::prop("the counts and the state of each group", [] {
        const World world = a_world();
        const int days = pick<int>({7, 14, 30});
        std::map<std::string, std::vector<std::int64_t>> starts;
        for (const Plain& plain : world.incidents) {
            if (!plain.signature.empty() && plain.created_at <= world.now && plain.started_at <= world.now)
                starts[plain.env + ' ' + plain.service + ' ' + plain.signature].push_back(plain.started_at);
        }
        std::map<std::string, std::string> expected, found;
        for (const auto& [group, moments] : starts) {
            const auto since = [&](int n) {
                return std::count_if(moments.begin(), moments.end(), [&](std::int64_t t) { return t > world.now - n * day; });
            };
            if (since(days) == 0) continue;
            const auto week = [](std::int64_t t) { return iso_week_of(from_micros(t)); };
            const IsoWeek newest = week(*std::max_element(moments.begin(), moments.end()));
            const auto in = [&](IsoWeek wanted) {
                return std::any_of(moments.begin(), moments.end(), [&](std::int64_t t) { return week(t) == wanted; });
            };
            const bool running = in(newest.previous()) && in(newest.previous().previous());
            const bool chronic = since(7) >= 3 || since(30) >= 5 || running;
            if (!chronic && since(7) < 2 && since(30) < 3) continue;
            expected[group] = std::string(chronic ? "chronic " : "recurring ") + std::to_string(since(7)) + ' ' +
                              std::to_string(since(30)) + ' ' + std::to_string(since(days));
        }
        RecurrenceRequest request;
        request.now = from_micros(world.now);
        request.window_days = days;
        for (const RecurringGroup& group : history_of(world).recurrence(request).groups) {
            found[group.env + ' ' + group.service + ' ' + group.signature] =
                std::string(to_text(group.state)) + ' ' + std::to_string(group.in_7_days) + ' ' + std::to_string(group.in_30_days) +
                ' ' + std::to_string(group.in_window);
        }
        RC_ASSERT(found == expected);
    });
}
