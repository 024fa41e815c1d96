#include "projections/correlate.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "journal/json.hpp"
#include "projections/durations.hpp"
#include "projections/history_reader.hpp"
#include "projections/markdown.hpp"
#include "projections/recurrence_json.hpp"
#include "projections/report_end.hpp"

namespace daybook {
namespace {

constexpr std::int64_t day_us = 86'400'000'000;
constexpr int title_points_max = 10;

IncidentAsOf incident_of(HistoryReader& history, StreamNumber stream, const ReportWindow& window) {
    return incident_as_of(stream, history.entries_of(stream), window, [](const HistoryEntry&) {});
}

// Finds and judges the candidates of one incident.
class Correlator {
public:
    Correlator(lmdb::Transaction& views, const JournalView& journal, const CorrelateRequest& request)
        : views_(views),
          journal_(journal),
          request_(request),
          history_(views),
          window_{INT64_MIN, report_end(journal, request.now, request.size), request.size},
          traits_(views, journal, window_, to_micros(request.now)),
          services_(request.policy.correlation, journal) {}

    std::optional<Correlations> run();

private:
    std::set<StreamNumber> candidates() const;
    void count_signatures();
    std::optional<Correlated> judge(StreamNumber candidate);

    lmdb::Transaction& views_;
    const JournalView& journal_;
    const CorrelateRequest& request_;
    HistoryReader history_;
    ReportWindow window_;
    TraitReader traits_;
    ServiceGraph services_;
    CommonSignatures signatures_;
    CorrelationRules rules_{request_.policy.correlation, services_, signatures_};
    IncidentTraits subject_;
};

std::optional<Correlations> Correlator::run() {
    const IncidentAsOf incident = incident_of(history_, request_.incident, window_);
    if (!incident.state.exists()) return std::nullopt;
    subject_ = traits_.without_title(incident);
    traits_.add_title(subject_, incident);
    if (subject_.has_signature()) count_signatures();

    Correlations correlations;
    correlations.incident = listed(incident, window_, views_, journal_);
    correlations.provenance = provenance_of(journal_, request_.size, request_.policy.bytes, request_.now);
    for (const StreamNumber candidate : candidates()) {
        if (auto found = judge(candidate)) correlations.related.push_back(std::move(*found));
    }
    std::sort(correlations.related.begin(), correlations.related.end(), [](const Correlated& a, const Correlated& b) {
        return std::tuple(-a.score, a.gap_seconds, a.incident.started_at, std::string_view(a.incident.id)) <
               std::tuple(-b.score, b.gap_seconds, b.incident.started_at, std::string_view(b.incident.id));
    });
    return correlations;
}

std::set<StreamNumber> Correlator::candidates() const {
    std::set<StreamNumber> found;
    const auto index = CorrelationIndex::open(views_);
    if (!index) return found;
    const auto take = [&](StreamNumber stream) { found.insert(stream); };
    index->each_between(subject_.started_at - day_us, subject_.ended_at + day_us, take);
    if (subject_.has_signature()) index->each_of_signature(subject_.signature, take);
    for (const std::string& fingerprint : index->fingerprints_of(request_.incident, window_.end, window_.size)) {
        index->each_with_fingerprint(fingerprint, take);
    }
    found.erase(request_.incident);
    return found;
}

// Of signatures, the incident's own alone: what others it is held against have counts only where it is the same.
void Correlator::count_signatures() {
    const auto index = CorrelationIndex::open(views_);
    std::set<StreamNumber> same;
    index->each_of_signature(subject_.signature, [&](StreamNumber stream) {
        if (index->signature_of(stream) == subject_.signature) same.insert(stream);
    });
    const std::int64_t end = to_micros(request_.now) + 1;
    each_started(views_, window_, end - CommonSignatures::days * day_us, end, [&](const IncidentAsOf& incident) {
        if (incident.state.archived()) return;
        signatures_.add(same.contains(incident.stream) ? subject_.signature : SignatureKey{});
    });
}

std::optional<Correlated> Correlator::judge(StreamNumber candidate) {
    const IncidentAsOf incident = incident_of(history_, candidate, window_);
    if (!incident.state.exists() || incident.state.archived()) return std::nullopt;
    if (!request_.other_envs && incident.state.env != subject_.env) return std::nullopt;
    const CorrelationPolicy& policy = request_.policy.correlation;
    IncidentTraits other = traits_.without_title(incident);
    if (rules_.without_title(subject_, other).points() + title_points_max < policy.possible) return std::nullopt;
    traits_.add_title(other, incident);
    const CorrelationScore score = rules_.score(subject_, other);
    const auto kind = kind_of(score, policy);
    if (!kind || (*kind == CorrelationKind::possible && !request_.possible)) return std::nullopt;
    return Correlated{listed(incident, window_, views_, journal_), *kind, score.points(), seconds_between(0, score.gap),
                      reasons_of(score, subject_, other, rules_)};
}

ReportJson correlated_json(const Correlated& one) {
    ReportJson json = {
        {"incident_id", one.incident.id}, {"kind", to_text(one.kind)}, {"score", one.score}, {"gap_seconds", one.gap_seconds}};
    json["reasons"] = list_json(one.reasons, reason_json);
    json["incident"] = incident_json(one.incident);
    return json;
}

}  // namespace

ReportJson reason_json(const CorrelationReason& reason) {
    return {{"signal", reason.signal}, {"points", reason.points}, {"text", reason.text}};
}

std::optional<Correlations> correlate(lmdb::Transaction& views, const JournalView& journal, const CorrelateRequest& request) {
    return Correlator(views, journal, request).run();
}

void each_started(lmdb::Transaction& views, const ReportWindow& window, std::int64_t from, std::int64_t end,
                  const std::function<void(const IncidentAsOf&)>& visit) {
    const auto index = CorrelationIndex::open(views);
    if (!index) return;
    std::vector<StreamNumber> streams;
    index->each_started(from, end, [&](StreamNumber stream) { streams.push_back(stream); });
    std::sort(streams.begin(), streams.end());
    streams.erase(std::unique(streams.begin(), streams.end()), streams.end());
    HistoryReader history(views);
    for (const StreamNumber stream : streams) {
        const IncidentAsOf incident = incident_of(history, stream, window);
        if (!incident.state.exists() || incident.state.started_at < from || incident.state.started_at >= end) continue;
        visit(incident);
    }
}

std::string correlations_json(const Correlations& correlations) {
    ReportJson json = {{"report", "incident_correlation"},
                       {"incident_id", correlations.incident.id},
                       {"provenance", provenance_json(correlations.provenance)},
                       {"incident", incident_json(correlations.incident)},
                       {"total", correlations.related.size()}};
    json["related"] = list_json(correlations.related, correlated_json);
    return report_text(json);
}

std::string correlations_markdown(const Correlations& correlations) {
    const ListedIncident& subject = correlations.incident;
    std::string out = "# What `" + subject.id + "` has to do with\n\n" + std::string(to_text(subject.severity)) + " " +
                      std::string(to_text(subject.status)) + ", " + markdown_name(subject.service) + " (" +
                      markdown_name(subject.env) + "): " + markdown_text(subject.title) + "\n\n";
    if (correlations.related.empty()) return out + "Nothing that it has to do with was found.\n";
    for (const Correlated& one : correlations.related) {
        out += "- **" + std::to_string(one.score) + " " + std::string(to_text(one.kind)) + "** `" + one.incident.id + "` " +
               std::string(to_text(one.incident.severity)) + " " + std::string(to_text(one.incident.status)) + ", " +
               markdown_name(one.incident.service) + ": " + markdown_text(one.incident.title) + "  \n  " +
               markdown_text(in_words(one.reasons)) + "\n";
    }
    return out;
}

std::optional<CorrelationNote> correlation_note(const Correlations& correlations) {
    if (correlations.related.empty()) return std::nullopt;
    constexpr std::size_t lines_max = 50;  // a note is for people
    CorrelationNote note;
    const std::size_t total = correlations.related.size();
    note.message = total == 1 ? "Correlation: 1 incident has to do with this one"
                              : "Correlation: " + std::to_string(total) + " incidents have to do with this one";
    note.meta = "{\"correlation\":[";
    std::vector<std::string> known_by;
    for (std::size_t i = 0; i < total; ++i) {
        const Correlated& one = correlations.related[i];
        const std::string kind(to_text(one.kind));
        known_by.push_back(one.incident.id + ' ' + kind + '\n');
        if (i >= lines_max) continue;
        note.message +=
            "\n- " + kind + " " + one.incident.id + " (" + std::to_string(one.score) + ": " + in_words(one.reasons) + ")";
        note.meta += std::string(i == 0 ? "" : ",") + R"({"incident_id":")" + one.incident.id + R"(","kind":")" + kind +
                     R"(","score":)" + std::to_string(one.score) + '}';
    }
    if (total > lines_max) note.message += "\n- … and " + std::to_string(total - lines_max) + " more";
    note.meta += "]}";
    std::sort(known_by.begin(), known_by.end());
    Sha256 sha256;
    sha256.start();
    for (const std::string& line : known_by) sha256.update(line);
    note.key = "correlate:" + correlations.incident.id + ':' + to_hex(sha256.finish());
    return note;
}

}  // namespace daybook
