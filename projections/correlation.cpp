#include "projections/correlation.hpp"

#include <algorithm>

#include "projections/durations.hpp"
#include "projections/markdown.hpp"
#include "projections/title_tokens.hpp"

namespace daybook {
namespace {

constexpr std::int64_t minute_us = 60'000'000;
constexpr std::int64_t hour_us = 60 * minute_us;
constexpr std::int64_t day_us = 24 * hour_us;
constexpr int title_that_counts = 5;

bool share_one(const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b) {
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        if (a[i] == b[j]) return true;
        a[i] < b[j] ? ++i : ++j;
    }
    return false;
}

template <class Number>
void sort_unique(std::vector<Number>& numbers) {
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

std::string text_of(const CorrelationScore& score, const IncidentTraits& a, const CorrelationRules& rules) {
    switch (score.identity) {
        case Identity::none: break;
        case Identity::fingerprint: return "same fingerprint";
        case Identity::signature: return "same signature";
        case Identity::common_signature: {
            const auto share = rules.signatures.share_of(a.signature);
            return "same signature, a common one (" + std::to_string(share.of_signature) + " of " + std::to_string(share.all) +
                   " incidents in 30 days)";
        }
    }
    return {};
}

std::string place_text(Place place, const IncidentTraits& a, const IncidentTraits& b, const ServiceGraph& services) {
    const auto name = [&](std::uint32_t service) { return std::string(services.name(service)); };
    switch (place) {
        case Place::none: break;
        case Place::same_service: return "same service";
        case Place::dependency:
            return services.needs(a.service, b.service) ? name(a.service) + " needs " + name(b.service)
                                                        : name(b.service) + " needs " + name(a.service);
        case Place::shared_neighbour: return "both beside " + name(services.shared_neighbour(a.service, b.service).value_or(0));
    }
    return {};
}

}  // namespace

std::int64_t gap_between(const IncidentTraits& a, const IncidentTraits& b) {
    if (b.started_at > a.ended_at) return b.started_at - a.ended_at;
    if (a.started_at > b.ended_at) return a.started_at - b.ended_at;
    return 0;
}

IncidentTraits TraitReader::without_title(const IncidentAsOf& incident) {
    const IncidentState& state = incident.state;
    IncidentTraits traits;
    traits.stream = incident.stream;
    traits.started_at = state.started_at;
    traits.ended_at = std::max(state.started_at, state.active() ? as_of_ : state.ended_at());
    traits.severity = state.severity;
    traits.service = state.service;
    traits.env = state.env;
    if (index_) {
        traits.signature = index_->signature_of(incident.stream);
        traits.fingerprints = numbers(index_->fingerprints_of(incident.stream, window_.end, window_.size));
    }
    return traits;
}

void TraitReader::add_title(IncidentTraits& traits, const IncidentAsOf& incident) {
    traits.title = numbers(title_tokens(title_of(incident, window_, views_, journal_)));
}

// Which number a text gets is of no consequence: sets are compared.
std::vector<std::uint32_t> TraitReader::numbers(std::vector<std::string> texts) {
    std::vector<std::uint32_t> numbers;
    for (std::string& text : texts) {
        const auto next = static_cast<std::uint32_t>(numbers_.size());
        numbers.push_back(numbers_.emplace(std::move(text), next).first->second);
    }
    sort_unique(numbers);
    return numbers;
}

ServiceGraph::ServiceGraph(const CorrelationPolicy& policy, const JournalView& journal) {
    std::map<std::string, std::set<std::string>> by_name;
    for (const auto& [service, needed] : policy.dependencies) {
        for (const std::string& other : needed) {
            if (other == service) continue;
            by_name[service].insert(other);
            by_name[other].insert(service);
        }
    }
    // A service that the journal has never met gets a number of its own beyond all names, so that it can stand between two that
    // it has.
    std::map<std::string, std::uint32_t> numbers;
    std::uint32_t unknown = UINT32_MAX;
    for (const auto& [service, others] : by_name) {
        const auto known = journal.find_name(service);
        numbers[service] = known ? known->value : unknown--;
        names_[numbers[service]] = service;
    }
    for (const auto& [service, needed] : policy.dependencies) {
        for (const std::string& other : needed) {
            if (other != service) needs_.emplace(numbers.at(service), numbers.at(other));
        }
    }
    for (const auto& [service, others] : by_name) {
        for (const std::string& other : others) neighbours_[numbers.at(service)].push_back(numbers.at(other));
    }
    for (const auto& [service, near] : neighbours_) {
        std::vector<std::uint32_t>& around = around_[service];
        for (const std::uint32_t other : near) {
            around.push_back(other);
            for (const std::uint32_t further : neighbours(other)) {
                if (further != service) around.push_back(further);
            }
        }
        sort_unique(around);
    }
}

const std::vector<std::uint32_t>& ServiceGraph::neighbours(std::uint32_t service) const {
    static const std::vector<std::uint32_t> none;
    const auto found = neighbours_.find(service);
    return found == neighbours_.end() ? none : found->second;
}

std::string_view ServiceGraph::name(std::uint32_t service) const {
    const auto found = names_.find(service);
    return found == names_.end() ? std::string_view() : std::string_view(found->second);
}

bool ServiceGraph::needs(std::uint32_t service, std::uint32_t other) const { return needs_.contains({service, other}); }

std::optional<std::uint32_t> ServiceGraph::shared_neighbour(std::uint32_t a, std::uint32_t b) const {
    const auto& of_b = neighbours(b);
    for (const std::uint32_t one : neighbours(a)) {
        if (std::find(of_b.begin(), of_b.end(), one) != of_b.end()) return one;
    }
    return std::nullopt;
}

const std::vector<std::uint32_t>& ServiceGraph::around(std::uint32_t service) const {
    static const std::vector<std::uint32_t> none;
    const auto found = around_.find(service);
    return found == around_.end() ? none : found->second;
}

void CommonSignatures::add(const SignatureKey& signature) {
    ++all_;
    if (signature != SignatureKey{}) ++counts_[signature];
}

CommonSignatures::Share CommonSignatures::share_of(const SignatureKey& signature) const {
    const auto found = counts_.find(signature);
    return {found == counts_.end() ? 0 : found->second, all_};
}

bool CommonSignatures::common(const SignatureKey& signature, int percent) const {
    const Share share = share_of(signature);
    return share.of_signature != 0 && 100 * share.of_signature >= static_cast<std::uint64_t>(percent) * share.all;
}

int points_of(Identity identity) {
    switch (identity) {
        case Identity::none: return 0;
        case Identity::common_signature: return 14;
        case Identity::signature: return 28;
        case Identity::fingerprint: return 40;
    }
    return 0;
}

int points_of(Place place) {
    switch (place) {
        case Place::none: return 0;
        case Place::shared_neighbour: return 8;
        case Place::dependency: return 15;
        case Place::same_service: return 20;
    }
    return 0;
}

int points_of_gap(std::int64_t gap) {
    if (gap == 0) return 20;
    if (gap <= 15 * minute_us) return 16;
    if (gap <= hour_us) return 12;
    if (gap <= 6 * hour_us) return 6;
    return gap <= day_us ? 3 : 0;
}

int CorrelationScore::points() const {
    return points_of(identity) + points_of(place) + points_of_gap(gap) + title + severity + env;
}

CorrelationScore CorrelationRules::without_title(const IncidentTraits& a, const IncidentTraits& b) const {
    CorrelationScore score;
    if (share_one(a.fingerprints, b.fingerprints)) {
        score.identity = Identity::fingerprint;
    } else if (a.has_signature() && a.signature == b.signature) {
        score.identity =
            signatures.common(a.signature, policy.common_signature_percent) ? Identity::common_signature : Identity::signature;
    }
    if (a.service == b.service) {
        score.place = Place::same_service;
    } else if (services.needs(a.service, b.service) || services.needs(b.service, a.service)) {
        score.place = Place::dependency;
    } else if (services.shared_neighbour(a.service, b.service)) {
        score.place = Place::shared_neighbour;
    }
    const int apart = static_cast<int>(a.severity) - static_cast<int>(b.severity);
    score.severity = apart == 0 ? 5 : apart == 1 || apart == -1 ? 3 : 0;
    score.env = a.env == b.env ? 5 : 0;
    score.gap = gap_between(a, b);
    return score;
}

CorrelationScore CorrelationRules::score(const IncidentTraits& a, const IncidentTraits& b) const {
    CorrelationScore score = without_title(a, b);
    score.title = jaccard_tenths(a.title, b.title);
    return score;
}

bool CorrelationRules::counts(const CorrelationScore& score) {
    const bool identical = score.identity != Identity::none;
    if (score.gap > day_us) {
        return identical && (score.place == Place::same_service || score.identity == Identity::fingerprint);
    }
    return identical || score.place != Place::none || score.title >= title_that_counts;
}

std::string_view to_text(CorrelationKind kind) {
    switch (kind) {
        case CorrelationKind::duplicate: return "duplicate";
        case CorrelationKind::recurrence: return "recurrence";
        case CorrelationKind::related: return "related";
        case CorrelationKind::possible: return "possible";
    }
    return "?";
}

std::optional<CorrelationKind> kind_of(const CorrelationScore& score, const CorrelationPolicy& policy) {
    const int points = score.points();
    if (points < policy.possible || !CorrelationRules::counts(score)) return std::nullopt;
    if (points >= policy.strong) return score.gap <= hour_us ? CorrelationKind::duplicate : CorrelationKind::recurrence;
    if (points < policy.related) return CorrelationKind::possible;
    return score.gap > day_us ? CorrelationKind::recurrence : CorrelationKind::related;
}

std::vector<CorrelationReason> reasons_of(const CorrelationScore& score, const IncidentTraits& a, const IncidentTraits& b,
                                          const CorrelationRules& rules) {
    std::vector<CorrelationReason> reasons;
    const auto add = [&](const char* signal, int points, std::string text) {
        if (points != 0) reasons.push_back({signal, points, std::move(text)});
    };
    add("identity", points_of(score.identity), text_of(score, a, rules));
    add("place", points_of(score.place), place_text(score.place, a, b, rules.services));
    add("time", points_of_gap(score.gap),
        score.gap == 0 ? "at the same time" : duration_words(seconds_between(0, score.gap)) + " apart");
    add("title", score.title, score.title == 10 ? "same words in the title" : "similar title");
    add("severity", score.severity, a.severity == b.severity ? "same severity" : "adjacent severity");
    add("env", score.env, "same env");
    return reasons;
}

std::string in_words(const std::vector<CorrelationReason>& reasons) {
    std::string words;
    for (const CorrelationReason& reason : reasons) {
        words += (words.empty() ? "" : ", ") + reason.text + ' ' + std::to_string(reason.points);
    }
    return words;
}

}  // namespace daybook
