#include "tests/journal_samples.hpp"

#include "journal/redaction.hpp"
#include "journal/verify.hpp"

namespace daybook::test {
namespace {

// The payload of the event at `place`; the first of each of seven streams creates its incident.
Payload sample(unsigned place, Time now) {
    const std::string text = "sample " + std::to_string(place) + " with \"quotes\", a\nnewline and ünïcödé \xF0\x9F\x9A\x92";
    if (place < 7) {
        IncidentCreated created;
        created.service = "service-" + std::to_string(place % 3);
        created.env = "prod";
        created.severity = static_cast<Severity>(place % 5);
        created.title = text;
        created.started_at = now;
        if (place % 2 == 0) created.kind = "latency";
        created.signature = "sig-" + std::to_string(place);
        created.labels = JsonText{R"({"team":"core"})"};
        return created;
    }
    switch (place % 10) {
        case 0: {
            Alert alert;
            alert.alert_ref = "ref-" + std::to_string(place);
            alert.fingerprint = "fp-" + std::to_string(place);
            alert.title = text;
            alert.service = "service-1";
            alert.env = "staging";
            alert.kind = "errors";
            alert.source = "grafana";
            alert.starts_at = now;
            alert.metrics = JsonText{R"({"rate":0.25})"};
            return alert;
        }
        case 1: {
            SeverityChanged changed;
            changed.from = Severity::p3;
            changed.to = Severity::p1;
            return changed;
        }
        case 2: {
            IncidentUpdated updated;
            updated.changes = JsonText{R"({"service":{"from":"service-1","to":"service-9"}})"};
            return updated;
        }
        case 3: {
            FollowupAdded followup;
            followup.followup_id = "fu_" + std::to_string(place);
            followup.title = text;
            followup.due_at = now;
            return followup;
        }
        case 4: return Acknowledged{};
        case 5: {
            StatusChanged changed;
            changed.to = IncidentStatus::mitigated;
            return changed;
        }
        case 6: {
            Assigned assigned;
            assigned.to = Nullable{"grace"};
            return assigned;
        }
        default: return note(text);
    }
}

ArtifactAttached artifact(unsigned place, const std::string& bytes) {
    Sha256 sha256;
    ArtifactAttached attached;
    attached.artifact_id = "art_" + std::to_string(place);
    attached.kind = "runbook";
    attached.name = "log.txt";
    attached.sha256 = to_hex(sha256({bytes}));
    attached.size_bytes = static_cast<std::int64_t>(bytes.size());
    return attached;
}

AppendRequest sample_request(unsigned place, Time now) {
    AppendRequest request;
    Payload payload = sample(place, now);
    Batch batch;
    if (place >= 7 && place % 20 == 17) {
        const std::string bytes = "the bytes of artifact " + std::to_string(place % 60);  // some have the same bytes
        payload = artifact(place, bytes);
        Sha256 sha256;
        batch.blobs.push_back({sha256({bytes}), bytes});
    }
    if (place % 3 == 0) {
        request.input = keyed("key-" + std::to_string(place), "input " + std::to_string(place));
        common_fields(payload).input_sha256 = to_hex(*request.input->sha256);
    } else if (place % 3 == 1) {
        request.input = KeyedInput{"key-" + std::to_string(place), std::nullopt};
    }
    batch.events.push_back(event_of(place >= 7 && place % 19 == 0 ? "$triage" : stream_name(place % 7), payload, now));
    NewEvent& event = batch.events[0];
    if (place > 10 && place % 5 == 0) event.cause = {place - 3};
    if (place % 11 == 10) event.event_id = "ext-" + std::to_string(place);                                       // no UUID
    if (place % 11 == 9) event.event_id = "0190163d-8694-7000-8000-" + std::to_string(100'000'000'000 + place);  // of another time
    if (place % 4 == 3) {                                                                                        // two at once
        NewEvent second = event_of("$jobs", note("led to by " + std::to_string(place)), now);
        second.cause_in_batch = 0;
        batch.events.push_back(second);
    }
    request.decide = [batch](const JournalView&, Time) -> Result<Batch> { return batch; };
    return request;
}

}  // namespace

void fill_with_samples(TestJournal& journal, unsigned count) {
    unsigned place = 0;
    unsigned size = 0;
    while (size < count) {
        std::vector<AppendRequest> requests;
        for (int i = 0; i < 12 && size < count; ++i, ++place) {
            AppendRequest request = sample_request(place, journal.now());
            const bool two = place % 4 == 3 && size + 1 < count;
            if (place % 4 == 3 && !two) {  // there is room for one
                request.decide = [decide = request.decide](const JournalView& view, Time now) {
                    auto batch = decide(view, now);
                    batch->events.resize(1);
                    return batch;
                };
            }
            size += two ? 2 : 1;
            requests.push_back(std::move(request));
        }
        for (const auto& answer : journal->append_all(requests)) {
            if (!answer) throw std::runtime_error("a sample was refused: " + answer.refusal().message);
        }
        journal.advance(Microseconds(777'000));
    }
}

void redact_sample(TestJournal& journal, std::uint64_t sequence) {
    const auto answer = journal->append(redaction({{sequence}, "a password", "ada", "cli", journal.now()}));
    if (!answer) throw std::runtime_error("a redaction was refused: " + answer.refusal().message);
    finish_redaction(*journal);
}

std::string problems_of(const Journal& journal) {
    std::string problems;
    for (const Finding& finding : verify(journal, {}).findings)
        problems += std::string(to_text(finding.kind)) + ": " + finding.text + '\n';
    return problems;
}

}  // namespace daybook::test
