#include "tests/bench/world.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "journal/sha256.hpp"

namespace daybook::bench {
namespace {

using namespace std::string_view_literals;

constexpr std::array services{"gateway"sv,  "checkout"sv, "payments"sv, "search"sv,    "catalog"sv,   "accounts"sv, "sessions"sv,
                              "mailer"sv,   "billing"sv,  "reports"sv,  "scheduler"sv, "exporter"sv,  "images"sv,   "feeds"sv,
                              "webhooks"sv, "ledger"sv,   "quotes"sv,   "router"sv,    "inventory"sv, "profile"sv,  "tokens"sv,
                              "audit"sv,    "backups"sv,  "metrics"sv,  "archive"sv,   "events"sv,    "graph"sv,    "orders"sv,
                              "pricing"sv,  "queue"sv,    "returns"sv,  "shipping"sv,  "storage"sv,   "sync"sv,     "tickets"sv,
                              "tracing"sv,  "uploads"sv,  "vault"sv,    "warehouse"sv, "worker"sv};
constexpr std::array envs{"prod"sv, "prod"sv, "prod"sv, "staging"sv};
constexpr std::array kinds{"http_5xx"sv,      "latency_p99"sv,        "disk_full"sv,      "memory_pressure"sv,
                           "queue_backlog"sv, "certificate_expiry"sv, "replica_lag"sv,    "error_budget"sv,
                           "crash_loop"sv,    "dns_failure"sv,        "cpu_saturation"sv, "job_failed"sv,
                           "login_errors"sv,  "cache_misses"sv,       "packet_loss"sv,    "deadlocks"sv};
constexpr std::array people{"sofiia"sv, "monitor"sv, "helion"sv, "marta"sv,
                            "jonas"sv,  "claude"sv,  "priya"sv,  "oncall@example.org"sv};
constexpr std::array sources{"cli"sv, "mcp"sv, "api"sv};
constexpr std::array sentences{
    "Rolled the deployment back to the version of yesterday; the error rate falls since then and the queue drains again."sv,
    "The replica is two minutes behind since the backup began, so reads went to the primary, which is at its limit of connections."sv,
    "Asked the network team whether the maintenance of the second uplink was brought forward; they look into it and report here."sv,
    "Scaled the workers from 12 to 20; the backlog is stable now, though not yet shrinking, and memory stays below the limit."sv,
    "Customers in two regions see time-outs at the last step of the order; the status page was updated and says so since 10:12."sv,
    "The certificate was renewed by hand and the proxies were reloaded one after the other; the probe is green in all zones."sv,
    "Decided to keep the feature switched off until the fix is through review, since a second outage would cost more than the delay."sv,
    "Found slow queries on the table of sessions: the new index was not used, because the statistics were older than the import."sv};
constexpr std::array followup_titles{"Add a canary to deployments"sv, "Alert on replica lag before it hurts"sv,
                                     "Write down how to renew the certificate"sv, "Limit the number of retries"sv,
                                     "Test the restore of the backup each month"sv};

constexpr std::uint64_t alive_usual = 200;

std::string number_text(std::uint64_t number, int base, std::size_t width) {
    char text[24];
    const auto end = std::to_chars(text, text + sizeof text, number, base).ptr;
    std::string out(text, end);
    if (out.size() < width) out.insert(0, width - out.size(), '0');
    return out;
}

}  // namespace

std::uint64_t Random::next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

std::string Random::word(int count) {
    std::string out;
    std::uint64_t bits = next();
    for (int i = 0; i < count; ++i, bits /= 36) out += "abcdefghijklmnopqrstuvwxyz0123456789"[bits % 36];
    return out;
}

void World::happens(const Incident& incident, Payload payload) {
    happening_.incident = &incident;
    happening_.payload = std::move(payload);
    happening_.at = now_;
}

const Happening& World::next() {
    ++made_;
    if (next_ == Next::first_alert) {
        next_ = Next::any;
        alert(alive_.back());
        return happening_;
    }
    if (next_ == Next::closed) {
        next_ = Next::any;
        close();
        return happening_;
    }
    now_ += Microseconds(random_.below(62'000'000));
    if (alive_.empty() || created_ * size_.events < made_ * size_.incidents) {
        create();
        return happening_;
    }
    // Of 900, since a creation and its first alert are 100 of 1,000. Incidents end the faster the more there are.
    const std::uint64_t of_status = 100 * alive_.size() / alive_usual;
    const std::uint64_t draw = random_.below(900);
    const std::size_t place = pick_alive();
    Incident& incident = alive_[place];
    if (draw < of_status) {
        change_status(place);
    } else if (draw < of_status + 220) {
        write_entry(incident);
    } else if (draw < of_status + 250 && !incident.acknowledged) {
        incident.acknowledged = true;
        happens(incident, Acknowledged{});
    } else if (draw < of_status + 260) {
        change_severity(incident);
    } else if (draw < of_status + 280) {
        add_followup(incident);
    } else if (draw >= of_status + 300 || !change_followup(incident)) {
        alert(incident);
    }
    return happening_;
}

void World::create() {
    constexpr std::size_t signatures_max = services.size() * 2 * kinds.size();  // of two envs
    if (signatures_.size() == signatures_max) throw std::invalid_argument("so many incidents of so few events: fewer --incidents");
    Incident incident;
    do {
        incident.service = random_.pick(services);
        incident.env = random_.pick(envs);
        incident.kind = random_.pick(kinds);
        thread_local Sha256 sha256;
        incident.signature = to_hex(sha256({incident.env, "\n", incident.service, "\n", incident.kind})).substr(0, 16);
    } while (!signatures_.insert(incident.signature).second);
    incident.severity = static_cast<Severity>(1 + random_.below(3));
    incident.started_at = now_;
    const std::string time = format_time(now_);
    incident.id = "inc_" + time.substr(0, 4) + time.substr(5, 2) + time.substr(8, 2) + '_' + time.substr(11, 2) +
                  time.substr(14, 2) + '_' + random_.word(10);
    ++created_;

    IncidentCreated created;
    created.service = incident.service;
    created.env = incident.env;
    created.severity = incident.severity;
    created.title = std::string(incident.kind) + " on " + std::string(incident.service);
    created.started_at = now_;
    created.signature = incident.signature;
    created.kind = incident.kind;
    created.labels = JsonText{R"({"cluster":"node1","team":"core"})"};
    alive_.push_back(std::move(incident));
    next_ = Next::first_alert;
    happens(alive_.back(), std::move(created));
}

Alert World::alert_of(const Incident& incident, std::size_t place) {
    Alert alert;
    alert.fingerprint = incident.signature.substr(0, 8) + number_text(place, 16, 8);
    alert.alert_ref = "alrt_" + alert.fingerprint;
    alert.title = std::string(incident.kind) + " on " + std::string(incident.service);
    alert.service = incident.service;
    alert.env = incident.env;
    alert.kind = incident.kind;
    alert.severity = incident.severity;
    alert.source = "alertmanager";
    alert.starts_at = incident.alerts[place];
    alert.labels.text = R"({"cluster":"node)" + std::to_string(place + 1) + R"("})";
    alert.annotations.text = R"({"runbook_url":"https://example.org/runbooks/)" + alert.kind + R"("})";
    return alert;
}

void World::alert(Incident& incident) {
    if (incident.alerts.size() < 4) {
        incident.alerts.push_back(now_);
    } else {
        incident.alerts[random_.below(incident.alerts.size())] = now_;
    }
    const auto newest = std::max_element(incident.alerts.begin(), incident.alerts.end());
    happens(incident, alert_of(incident, static_cast<std::size_t>(newest - incident.alerts.begin())));
}

// Most are mitigated, then resolved; some are resolved and closed in one go.
void World::change_status(std::size_t place) {
    Incident& incident = alive_[place];
    StatusChanged change;
    change.from = incident.status;
    const bool at_once = incident.status == IncidentStatus::open && random_.below(8) == 0;
    change.to = incident.status == IncidentStatus::open && !at_once ? IncidentStatus::mitigated : IncidentStatus::resolved;
    change.reason = change.to == IncidentStatus::mitigated ? "the rollback is through, the error rate falls"
                                                           : "no alert fires any more, the graphs are quiet";
    incident.status = change.to;
    if (change.to == IncidentStatus::resolved) {
        signatures_.erase(incident.signature);
        ended_ = std::move(incident);
        if (place + 1 != alive_.size()) alive_[place] = std::move(alive_.back());
        alive_.pop_back();
        if (at_once) next_ = Next::closed;
        return happens(ended_, std::move(change));
    }
    happens(incident, std::move(change));
}

void World::close() {
    StatusChanged change;
    change.from = ended_.status;
    change.to = IncidentStatus::closed;
    change.reason = "nothing to learn from it";
    ended_.status = change.to;
    happens(ended_, std::move(change));
}

void World::write_entry(Incident& incident) {
    CommonFields fields;
    fields.message = random_.pick(sentences);
    if (random_.below(3) == 0) *fields.message += "\n" + std::string(random_.pick(sentences));
    fields.meta = JsonText{R"({"channel":"#incidents"})"};
    const auto entry = [&](auto kind) {
        static_cast<CommonFields&>(kind) = fields;
        return Payload(std::move(kind));
    };
    const std::uint64_t draw = random_.below(10);
    happens(incident, draw < 5 ? entry(Note{}) : draw < 8 ? entry(Action{}) : draw < 9 ? entry(Decision{}) : entry(Comms{}));
}

void World::change_severity(Incident& incident) {
    SeverityChanged change;
    change.from = incident.severity;
    change.to = static_cast<Severity>((static_cast<std::uint64_t>(incident.severity) + 1 + random_.below(3)) % 4);
    change.reason = "what customers see is other than we thought at first";
    incident.severity = change.to;
    happens(incident, std::move(change));
}

void World::add_followup(Incident& incident) {
    FollowupAdded added;
    added.followup_id = "fu_" + number_text(++followups_, 32, 16);
    added.title = random_.pick(followup_titles);
    added.owner = random_.pick(people);
    added.priority = incident.severity;
    added.due_at = now_ + std::chrono::days(7);
    incident.followups.push_back({added.followup_id, FollowupStatus::open});
    happens(incident, std::move(added));
}

bool World::change_followup(Incident&) {
    for (int attempt = 0; attempt < 16; ++attempt) {
        Incident& incident = alive_[pick_alive()];
        for (Incident::Followup& followup : incident.followups) {
            if (is_finished(followup.status)) continue;
            FollowupStatusChanged change;
            change.followup_id = followup.id;
            change.from = followup.status;
            change.to = followup.status == FollowupStatus::open ? FollowupStatus::in_progress : FollowupStatus::done;
            followup.status = change.to;
            happens(incident, std::move(change));
            return true;
        }
    }
    return false;
}

std::string triage_key(Time at, Random& random) {
    const std::string time = format_time(at);
    return "tri_" + time.substr(0, 4) + time.substr(5, 2) + time.substr(8, 2) + '_' + time.substr(11, 2) + time.substr(14, 2) +
           '_' + random.word(8);
}

ReadyEvent EventMaker::next() {
    const Happening& happening = world_.next();
    Payload payload = happening.payload;
    ReadyEvent ready;
    ready.input.key = triage_key(happening.at, random_);
    Digest digest;
    for (std::uint8_t& byte : digest) byte = static_cast<std::uint8_t>(random_.next());
    ready.input.sha256 = digest;
    common_fields(payload).input_sha256 = to_hex(digest);

    NewEvent& event = ready.event;
    event.stream = happening.incident->id;
    event.payload = encode(payload);
    event.occurred_at = happening.at;
    const bool by_alert = event.payload.type == EventType::alert || event.payload.type == EventType::incident_created;
    event.actor = by_alert ? "monitor"sv : random_.pick(people);
    event.source = by_alert ? "alert_triage"sv : random_.pick(sources);
    return ready;
}

std::vector<ReadyEvent> EventMaker::next(std::size_t count) {
    std::vector<ReadyEvent> events;
    events.reserve(count);
    while (events.size() < count) events.push_back(next());
    return events;
}

std::vector<AppendRequest> requests_of(std::vector<ReadyEvent>& events) {
    std::vector<AppendRequest> requests;
    requests.reserve(events.size());
    for (ReadyEvent& ready : events) {
        requests.push_back({ready.input, [&ready](const JournalView&, Time) -> Result<Batch> {
                                Batch batch;
                                batch.events.push_back(std::move(ready.event));
                                return batch;
                            }});
    }
    return requests;
}

}  // namespace daybook::bench
