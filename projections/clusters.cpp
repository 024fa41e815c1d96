#include "projections/clusters.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

namespace daybook {
namespace {

constexpr std::int64_t day_us = 86'400'000'000;
constexpr std::size_t listed_max = 10;
constexpr int title_points_max = 10;

}  // namespace

void ClusterFinder::sort() {
    const IncidentOrder order{journal_};
    std::sort(items_.begin(), items_.end(), [&](const Item& a, const Item& b) { return order.by_start(a.incident, b.incident); });
    members_.resize(items_.size());
    for (std::uint32_t place = 0; place < items_.size(); ++place) {
        items_[place].root = place;
        members_[place] = {place};
    }
}

// The smaller cluster takes the name of the other.
void ClusterFinder::join(std::uint32_t a, std::uint32_t b) {
    std::uint32_t into = items_[a].root;
    std::uint32_t from = items_[b].root;
    if (members_[into].size() < members_[from].size()) std::swap(into, from);
    for (const std::uint32_t place : members_[from]) items_[place].root = into;
    members_[into].insert(members_[into].end(), members_[from].begin(), members_[from].end());
    members_[from] = Places();
}

void ClusterFinder::join_if_related(std::uint32_t a, std::uint32_t b) {
    if (items_[a].root == items_[b].root) return;
    const IncidentTraits& one = items_[a].traits;
    const IncidentTraits& other = items_[b].traits;
    if (one.env != other.env) return;
    const CorrelationPolicy& policy = rules_.policy;
    if (rules_.without_title(one, other).points() + title_points_max < policy.related) return;
    const CorrelationScore score = rules_.score(one, other);
    if (score.points() >= policy.related && CorrelationRules::counts(score)) join(a, b);
}

void ClusterFinder::join_near(const Places& places, bool other_services) {
    Places live;  // those that had not ended a day before
    for (const std::uint32_t place : places) {
        const IncidentTraits& now = items_[place].traits;
        std::erase_if(live, [&](std::uint32_t earlier) { return items_[earlier].traits.ended_at < now.started_at - day_us; });
        for (const std::uint32_t earlier : live) {
            if (!other_services || items_[earlier].traits.service != now.service) join_if_related(earlier, place);
        }
        live.push_back(place);
    }
}

void ClusterFinder::join_all(const Places& places) {
    for (std::size_t i = 1; i < places.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) join_if_related(places[j], places[i]);
    }
}

// A pair is related with at least 40 points, so it shares a fingerprint, a signature, or a service, or has a place that the policy
// connects; or it has all that is left (time 20, title 10, severity 5, env 5), and so the same words in its title.
std::vector<IncidentCluster> ClusterFinder::clusters(lmdb::Transaction& views, const ReportWindow& window) {
    sort();
    std::map<SignatureKey, Places> by_signature;
    std::map<std::uint32_t, Places> by_fingerprint;
    std::map<std::pair<std::uint32_t, std::uint32_t>, Places> by_service;  // env, service
    std::map<std::vector<std::uint32_t>, Places> by_title;
    for (std::uint32_t place = 0; place < items_.size(); ++place) {
        const IncidentTraits& traits = items_[place].traits;
        if (traits.has_signature()) by_signature[traits.signature].push_back(place);
        for (const std::uint32_t fingerprint : traits.fingerprints) by_fingerprint[fingerprint].push_back(place);
        by_service[{traits.env, traits.service}].push_back(place);
        if (!traits.title.empty()) by_title[traits.title].push_back(place);
    }
    for (const auto& [service, places] : by_service) join_near(places, false);
    for (const auto& [signature, places] : by_signature) join_all(places);
    for (const auto& [fingerprint, places] : by_fingerprint) join_all(places);
    for (const auto& [service, places] : by_service) {
        for (const std::uint32_t other : rules_.services.around(service.second)) {
            const auto beside = by_service.find({service.first, other});
            if (other < service.second || beside == by_service.end()) continue;
            Places both(places.size() + beside->second.size());
            std::merge(places.begin(), places.end(), beside->second.begin(), beside->second.end(), both.begin());
            join_near(both, true);
        }
    }
    for (const auto& [title, places] : by_title) join_near(places, false);

    std::vector<Places> found;
    for (Places& members : members_) {
        if (members.size() < 2) continue;
        std::sort(members.begin(), members.end());  // places are in the order of starts
        found.push_back(std::move(members));
    }
    std::sort(found.begin(), found.end(),
              [](const Places& a, const Places& b) { return a.size() != b.size() ? a.size() > b.size() : a.front() < b.front(); });
    std::vector<IncidentCluster> clusters;
    for (const Places& members : found) clusters.push_back(cluster_of(members, views, window));
    return clusters;
}

IncidentCluster ClusterFinder::cluster_of(const Places& members, lmdb::Transaction& views, const ReportWindow& window) const {
    IncidentCluster cluster;
    cluster.total = members.size();
    const std::size_t shown = std::min(members.size(), listed_max);
    for (std::size_t i = 0; i < shown; ++i)
        cluster.incidents.push_back(listed(items_[members[i]].incident, window, views, journal_));
    for (std::size_t i = 0; i < shown; ++i) {
        for (std::size_t j = i + 1; j < shown; ++j) {
            const IncidentTraits& a = items_[members[i]].traits;
            const IncidentTraits& b = items_[members[j]].traits;
            if (a.env != b.env) continue;
            const CorrelationScore score = rules_.score(a, b);
            const auto kind = kind_of(score, rules_.policy);
            if (!kind || *kind == CorrelationKind::possible) continue;
            if (cluster.strongest && cluster.strongest->score >= score.points()) continue;
            cluster.strongest = {cluster.incidents[i].id, cluster.incidents[j].id, *kind, score.points(),
                                 reasons_of(score, a, b, rules_)};
        }
    }
    return cluster;
}

}  // namespace daybook
