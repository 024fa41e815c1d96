// Under `serve`: a thread that keeps the layouts up to date with the journal, as INCIDENT_BACKEND says.
//
// Tables follow within a moment. The files are written whole each time, so they take a tenth of the time at most: after a round
// that took a second, the next one comes ten seconds later.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "journal/descriptor.hpp"
#include "ops/layout_exports.hpp"
#include "ops/service/metrics.hpp"
#include "ops/service/server_log.hpp"
#include "ops/tools/shared_views.hpp"

namespace daybook {

// Thread-safe.
class LayoutFollower {
public:
    // All outlive it. `data` is the data directory, which notes where exports go.
    LayoutFollower(const Journal& journal, SharedViews& views, ServerLog& log, std::filesystem::path data, LayoutSettings settings);
    // Ends what is under way: tables stay as they were before it.
    ~LayoutFollower();
    LayoutFollower(const LayoutFollower&) = delete;
    LayoutFollower& operator=(const LayoutFollower&) = delete;

    // How each layout stands.
    std::vector<Gauges::Export> states() const;

private:
    using SteadyTime = LayoutExports::SteadyTime;

    void run(const std::stop_token& stop);
    void follow(LayoutExports& exports, const std::stop_token& stop);
    void take(const std::vector<LayoutOutcome>& outcomes);

    const Journal& journal_;
    SharedViews& views_;
    ServerLog& log_;
    std::filesystem::path data_;
    LayoutSettings settings_;
    Descriptor stopping_;  // can be read once it stops

    bool files_wait_ = false;                  // they are behind
    std::map<std::string, std::string> told_;  // by layout, why it is late
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<Gauges::Export> states_;
    std::jthread running_;  // the last member: it stops first
};

}  // namespace daybook
