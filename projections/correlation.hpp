// How much two incidents have to do with each other (section 5, "Correlation and recurrence"): an integer score of at most 100, and
// the reason for each of its points.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "projections/correlation_index.hpp"
#include "projections/incident_as_of.hpp"
#include "projections/intelligence_policy.hpp"

namespace daybook {

// What of an incident is compared; as of some moment. Texts are numbers of one TraitReader.
struct IncidentTraits {
    StreamNumber stream;
    std::int64_t started_at = 0;  // µs
    std::int64_t ended_at = 0;    // of an active one the moment itself; not before its start
    Severity severity = Severity::p2;
    std::uint32_t service = 0, env = 0;
    SignatureKey signature{};                 // zeroes: none
    std::vector<std::uint32_t> fingerprints;  // ascending, each once, as all below
    std::vector<std::uint32_t> title;

    bool has_signature() const { return signature != SignatureKey{}; }
};

// 0 where they overlap or touch; µs.
std::int64_t gap_between(const IncidentTraits& a, const IncidentTraits& b);

// Reads traits in the transactions that it was made with, as of the window's end.
class TraitReader {
public:
    // `as_of` is the moment that the report is made for.
    TraitReader(lmdb::Transaction& views, const JournalView& journal, const ReportWindow& window, std::int64_t as_of)
        : views_(views), journal_(journal), window_(window), as_of_(as_of), index_(CorrelationIndex::open(views)) {}

    // All but the title, which costs most.
    IncidentTraits without_title(const IncidentAsOf& incident);
    void add_title(IncidentTraits& traits, const IncidentAsOf& incident);

private:
    std::vector<std::uint32_t> numbers(std::vector<std::string> texts);

    lmdb::Transaction& views_;
    const JournalView& journal_;
    ReportWindow window_;
    std::int64_t as_of_;
    std::optional<CorrelationIndex> index_;
    std::unordered_map<std::string, std::uint32_t> numbers_;
};

// Which services need which, from the policy, by the journal's numbers.
class ServiceGraph {
public:
    ServiceGraph(const CorrelationPolicy& policy, const JournalView& journal);

    bool needs(std::uint32_t service, std::uint32_t other) const;
    std::string_view name(std::uint32_t service) const;  // of one that the policy names
    // A service that both need, or that needs both, or stands between; the first by name.
    std::optional<std::uint32_t> shared_neighbour(std::uint32_t a, std::uint32_t b) const;
    // Those that `service` needs, that need it, and the same of these: all that place can connect it to. Without itself.
    const std::vector<std::uint32_t>& around(std::uint32_t service) const;

private:
    const std::vector<std::uint32_t>& neighbours(std::uint32_t service) const;

    std::set<std::pair<std::uint32_t, std::uint32_t>> needs_;
    std::map<std::uint32_t, std::string> names_;
    std::map<std::uint32_t, std::vector<std::uint32_t>> neighbours_, around_;  // neighbours in the order of their names
};

// Which signatures make up a good part of the incidents of the last 30 days. Counts incidents that are not archived, of all envs.
class CommonSignatures {
public:
    static constexpr int days = 30;

    void add(const SignatureKey& signature);
    struct Share {
        std::uint64_t of_signature = 0, all = 0;
    };
    Share share_of(const SignatureKey& signature) const;
    bool common(const SignatureKey& signature, int percent) const;

private:
    std::map<SignatureKey, std::uint64_t> counts_;
    std::uint64_t all_ = 0;
};

enum class Identity : std::uint8_t { none, common_signature, signature, fingerprint };
enum class Place : std::uint8_t { none, shared_neighbour, dependency, same_service };

struct CorrelationScore {
    Identity identity = Identity::none;
    Place place = Place::none;
    int title = 0;         // points
    int severity = 0;      // points
    int env = 0;           // points
    std::int64_t gap = 0;  // µs

    int points() const;
};

int points_of(Identity identity);
int points_of(Place place);
int points_of_gap(std::int64_t gap);

// What holds for all pairs of a report.
struct CorrelationRules {
    const CorrelationPolicy& policy;
    const ServiceGraph& services;
    const CommonSignatures& signatures;

    // The points of all but the title.
    CorrelationScore without_title(const IncidentTraits& a, const IncidentTraits& b) const;
    // The whole score.
    CorrelationScore score(const IncidentTraits& a, const IncidentTraits& b) const;
    // Whether a pair has anything that allows a look at its points: place, identity or a title, and beyond a day of gap more.
    static bool counts(const CorrelationScore& score);
};

enum class CorrelationKind : std::uint8_t { duplicate, recurrence, related, possible };
std::string_view to_text(CorrelationKind kind);
// Nothing where the score is too low, or does not count.
std::optional<CorrelationKind> kind_of(const CorrelationScore& score, const CorrelationPolicy& policy);

struct CorrelationReason {
    std::string signal;  // identity, place, time, title, severity, env
    int points = 0;
    std::string text;  // for people
};
// Those with points, in the order above.
std::vector<CorrelationReason> reasons_of(const CorrelationScore& score, const IncidentTraits& a, const IncidentTraits& b,
                                          const CorrelationRules& rules);
// "same signature 28, same service 20, …".
std::string in_words(const std::vector<CorrelationReason>& reasons);

}  // namespace daybook
