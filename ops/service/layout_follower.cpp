#include "ops/service/layout_follower.hpp"

#include <algorithm>

#include <sys/eventfd.h>
#include <unistd.h>

namespace daybook {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds look_every{100};
constexpr std::chrono::seconds files_pause_least{1};
constexpr int files_pause_factor = 10;

struct Stopped {};

const char* word_of(KnownExport::Kind layout) { return layout == KnownExport::Kind::postgres ? "postgres" : "jsonl"; }

}  // namespace

LayoutFollower::LayoutFollower(const Journal& journal, SharedViews& views, ServerLog& log, std::filesystem::path data,
                               LayoutSettings settings)
    : journal_(journal),
      views_(views),
      log_(log),
      data_(std::move(data)),
      settings_(std::move(settings)),
      stopping_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    settings_.database.stop = stopping_.get();
    if (settings_.backend == ExportBackend::none) return;
    states_.push_back({settings_.backend == ExportBackend::jsonl ? "jsonl" : "postgres", 0, false, 0});
    running_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

LayoutFollower::~LayoutFollower() {
    running_.request_stop();
    const std::uint64_t one = 1;
    (void)!::write(stopping_.get(), &one, sizeof one);
}

std::vector<Gauges::Export> LayoutFollower::states() const {
    const std::lock_guard lock(mutex_);
    return states_;
}

void LayoutFollower::run(const std::stop_token& stop) {
    LayoutExports exports(
        {journal_, data_,
         [this](const auto& use) { views_.read([&](const SharedViews::Seen& seen) { use(seen.views, seen.size); }); },
         [this](const KnownExport& place) {
             if (const auto warning = remember_export(data_, place)) log_.say(MessageKind::warning, *warning);
         },
         [&stop](std::uint64_t) {
             if (stop.stop_requested()) throw Stopped();
         }},
        settings_);
    while (!stop.stop_requested()) {
        try {
            follow(exports, stop);
        } catch (const Stopped&) {
            return;
        } catch (const std::exception& error) {
            if (stop.stop_requested()) return;
            log_.say(MessageKind::error, std::string("exports: ") + error.what());
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, stop, settings_.retry_after, [&] { return stop.stop_requested(); });
        }
    }
}

void LayoutFollower::follow(LayoutExports& exports, const std::stop_token& stop) {
    std::optional<std::uint64_t> seen;
    SteadyTime files_due{};
    while (!stop.stop_requested()) {
        const std::uint64_t size = journal_.snapshot()->size();
        const SteadyTime now = SteadyClock::now();
        const bool retry = exports.next_try() && now >= *exports.next_try();
        if (seen != size || retry || (files_wait_ && now >= files_due)) {
            const auto outcomes = exports.run(now, now >= files_due);
            take(outcomes);
            seen = size;
            const bool wrote_files = !outcomes.empty() && outcomes.back().layout == KnownExport::Kind::jsonl &&
                                     outcomes.back().state != LayoutOutcome::State::waiting;
            const SteadyTime end = SteadyClock::now();
            if (wrote_files) files_due = end + std::max<SteadyClock::duration>(files_pause_least, files_pause_factor * (end - now));
        }
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stop, look_every, [&] { return stop.stop_requested(); });
    }
}

void LayoutFollower::take(const std::vector<LayoutOutcome>& outcomes) {
    files_wait_ = false;
    std::vector<Gauges::Export> states;
    std::vector<std::pair<MessageKind, std::string>> news;  // told once the states say so too
    const std::vector<Gauges::Export> before = this->states();
    for (const LayoutOutcome& outcome : outcomes) {
        const bool is_tables = outcome.layout == KnownExport::Kind::postgres;
        const bool done = outcome.state == LayoutOutcome::State::done;
        const bool waits = outcome.state == LayoutOutcome::State::waiting;
        if (!is_tables && !done) files_wait_ = true;
        Gauges::Export state{word_of(outcome.layout), outcome.size, !done && (is_tables || !waits), 0};
        const auto old = std::find_if(before.begin(), before.end(), [&](const auto& one) { return one.layout == state.layout; });
        const bool was_late = old != before.end() && old->late;
        if (!done && old != before.end()) state.size = std::max(state.size, old->size);
        if (!is_tables && waits) state.late = was_late;
        std::string& told = told_[state.layout];
        if (done) told.clear();
        if (state.late && !outcome.message.empty() && told != outcome.message) {
            told = outcome.message;
            news.emplace_back(MessageKind::warning, "the export is late: " + told);
        }
        if (done && was_late) {
            news.emplace_back(MessageKind::notice, "the export is up to date again: " + outcome.place + " holds " +
                                                       std::to_string(outcome.size) + " events of the journal");
        }
        states.push_back(std::move(state));
    }
    {
        const std::lock_guard lock(mutex_);
        states_ = std::move(states);
    }
    for (const auto& [kind, text] : news) log_.say(kind, text);
}

}  // namespace daybook
