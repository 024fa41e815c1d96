// Clusters of related incidents: those of one env that a chain of related pairs joins (a score of the policy's `related` or more).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "projections/correlation.hpp"

namespace daybook {

struct IncidentCluster {
    std::uint64_t total = 0;                // incidents in it, two or more
    std::vector<ListedIncident> incidents;  // the first ten: oldest start, then id
    // The strongest pair of those listed; of equals the first. Nothing where only others join them.
    struct Pair {
        std::string first, second;  // ids
        CorrelationKind kind = CorrelationKind::related;
        int score = 0;
        std::vector<CorrelationReason> reasons;
    };
    std::optional<Pair> strongest;
};

// Gathers incidents and finds their clusters. Pairs that can't be related are not looked at, and no pair of one cluster is looked
// at twice, so that a week of 20,000 incidents takes no second.
class ClusterFinder {
public:
    // All outlive it.
    ClusterFinder(const CorrelationRules& rules, const JournalView& journal) : rules_(rules), journal_(journal) {}

    void add(const IncidentAsOf& incident, IncidentTraits traits) { items_.push_back({incident, std::move(traits)}); }

    // Biggest first, then oldest start, then id. Call it once.
    std::vector<IncidentCluster> clusters(lmdb::Transaction& views, const ReportWindow& window);

private:
    struct Item {
        IncidentAsOf incident;
        IncidentTraits traits;
        std::uint32_t root = 0;  // place of the item that names its cluster
    };
    using Places = std::vector<std::uint32_t>;

    void sort();
    // The pairs of a list, in the order of starts, that lie a day apart at most; with `other_services` of two services alone.
    void join_near(const Places& places, bool other_services);
    void join_all(const Places& places);
    void join_if_related(std::uint32_t a, std::uint32_t b);
    void join(std::uint32_t a, std::uint32_t b);
    IncidentCluster cluster_of(const Places& members, lmdb::Transaction& views, const ReportWindow& window) const;

    const CorrelationRules& rules_;
    const JournalView& journal_;
    std::vector<Item> items_;
    std::vector<Places> members_;  // by root
};

}  // namespace daybook
