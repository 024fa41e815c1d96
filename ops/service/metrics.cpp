#include "ops/service/metrics.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace daybook {
namespace {

void describe(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void write_gauge(std::string& out, std::string_view name, std::string_view help, double value) {
    describe(out, name, "gauge", help);
    out += fmt::format("{} {}\n", name, value);
}

void write_outboxes(std::string& out, const std::vector<OutboxState>& outboxes) {
    const auto each = [&](std::string_view name, std::string_view type, std::string_view help, const auto& write) {
        describe(out, name, type, help);
        for (const OutboxState& outbox : outboxes) write(name, outbox);
    };
    each("daybook_notifications_total", "counter", "Attempts to tell a receiver, by what became of them; given_up: never told.",
         [&](std::string_view name, const OutboxState& outbox) {
             const auto line = [&](std::string_view outcome, std::uint64_t value) {
                 out += fmt::format("{}{{receiver=\"{}\",outcome=\"{}\"}} {}\n", name, outbox.receiver, outcome, value);
             };
             line("delivered", outbox.delivered);
             line("failed", outbox.failed);
             line("given_up", outbox.given_up);
         });
    const auto gauges = [&](std::string_view name, std::string_view help, std::uint64_t OutboxState::* value) {
        each(name, "gauge", help, [&](std::string_view series, const OutboxState& outbox) {
            out += fmt::format("{}{{receiver=\"{}\"}} {}\n", series, outbox.receiver, outbox.*value);
        });
    };
    gauges("daybook_notification_lag_events", "Events that a receiver has not been told of yet.", &OutboxState::lag_events);
    gauges("daybook_notification_held_incidents", "Incidents of which a receiver refused an event.", &OutboxState::held_incidents);
}

}  // namespace

void Histogram::add(double seconds) {
    const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin();
    ++counts_[static_cast<std::size_t>(bucket)];
    ++count_;
    sum_ += seconds;
}

void Histogram::write(std::string& out, std::string_view name, std::string_view labels) const {
    const std::string_view comma = labels.empty() ? "" : ",";
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        so_far += counts_[i];
        out += fmt::format("{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, comma, bounds[i], so_far);
    }
    out += fmt::format("{}_bucket{{{}{}le=\"+Inf\"}} {}\n", name, labels, comma, count_);
    const std::string braced = labels.empty() ? std::string() : fmt::format("{{{}}}", labels);
    out += fmt::format("{}_sum{} {}\n{}_count{} {}\n", name, braced, sum_, name, braced, count_);
}

void Metrics::committed(const Commit& commit) {
    const std::lock_guard lock(mutex_);
    ++commits_;
    appended_ += commit.events;
    sync_.add(std::chrono::duration<double>(commit.sync).count());
}

void Metrics::answered(std::string_view method, std::string_view route, int status, std::chrono::microseconds duration) {
    const std::string labels = fmt::format("method=\"{}\",route=\"{}\"", method, route);
    const std::lock_guard lock(mutex_);
    ++requests_[fmt::format("{},status=\"{}\"", labels, status)];
    durations_[labels].add(std::chrono::duration<double>(duration).count());
}

void Metrics::refused(std::string_view code) {
    const std::lock_guard lock(mutex_);
    ++refusals_[fmt::format("code=\"{}\"", code)];
}

void Metrics::ingested(std::string_view format, std::string_view outcome, std::uint64_t count) {
    if (count == 0) return;
    const std::lock_guard lock(mutex_);
    ingested_[fmt::format("format=\"{}\",outcome=\"{}\"", format, outcome)] += count;
}

std::string Metrics::text(const Gauges& gauges) const {
    std::string out;
    const std::lock_guard lock(mutex_);
    const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
        describe(out, name, "counter", help);
        out += fmt::format("{} {}\n", name, value);
    };
    const auto counters = [&](std::string_view name, std::string_view help, const Labels& values) {
        describe(out, name, "counter", help);
        for (const auto& [labels, value] : values) out += fmt::format("{}{{{}}} {}\n", name, labels, value);
    };
    counter("daybook_appended_events_total", "Events that this process appended.", appended_);
    counter("daybook_commits_total", "Transactions of this process, each with its sync.", commits_);
    describe(out, "daybook_sync_seconds", "histogram", "What a commit took: writing its pages, and the sync.");
    sync_.write(out, "daybook_sync_seconds", "");
    counters("daybook_http_requests_total", "Requests answered.", requests_);
    describe(out, "daybook_http_request_seconds", "histogram", "From a whole request to its answer being ready.");
    for (const auto& [labels, histogram] : durations_) histogram.write(out, "daybook_http_request_seconds", labels);
    counters("daybook_refusals_total", "Requests refused, by reason.", refusals_);
    counters("daybook_ingested_records_total", "Records of alert sources, by what became of them.", ingested_);
    const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
    write_gauge(out, "daybook_journal_events", "Events in the journal.", number(gauges.journal_events));
    write_gauge(out, "daybook_journal_bytes", "Bytes of the journal's file in use.", number(gauges.journal_bytes));
    write_gauge(out, "daybook_map_bytes", "Bytes that the journal's file can grow to.", number(gauges.map_bytes));
    write_gauge(out, "daybook_root_age_seconds", "Since the newest event was recorded.", gauges.root_age_seconds);
    write_gauge(out, "daybook_projection_lag_events", "Events that the views have not seen yet.", number(gauges.projection_lag));
    write_gauge(out, "daybook_parked_events", "Events that a projection could not take.", number(gauges.parked));
    write_gauge(out, "daybook_http_connections", "Connections that are open.", number(gauges.connections));
    write_gauge(out, "daybook_http_queue", "Requests that run or wait for a worker.", number(gauges.requests));
    write_gauge(out, "daybook_http_streams", "Streams that are open.", number(gauges.streams));
    write_outboxes(out, gauges.outboxes);
    const auto of_exports = [&](std::string_view name, std::string_view help, const auto& value) {
        if (gauges.exports.empty()) return;
        describe(out, name, "gauge", help);
        for (const auto& one : gauges.exports) out += fmt::format("{}{{layout=\"{}\"}} {}\n", name, one.layout, value(one));
    };
    of_exports("daybook_export_lag_events", "Events that the layout does not hold yet.",
               [&](const auto& one) { return gauges.journal_events - std::min(one.size, gauges.journal_events); });
    of_exports("daybook_export_behind_seconds", "Since the first event that the layout lacks was recorded.",
               [](const auto& one) { return one.behind_seconds; });
    of_exports("daybook_export_late", "1 where the last try to write the layout failed.",
               [](const auto& one) { return one.late ? 1 : 0; });
    return out;
}

}  // namespace daybook
