#include "ops/service/server_log.hpp"

#include <string>

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "journal/json.hpp"
#include "ops/visible.hpp"

namespace daybook {
namespace {

spdlog::level::level_enum level_of(MessageKind kind) {
    switch (kind) {
        case MessageKind::error: return spdlog::level::err;
        case MessageKind::warning: return spdlog::level::warn;
        case MessageKind::notice: return spdlog::level::info;
        case MessageKind::detail: return spdlog::level::debug;
    }
    return spdlog::level::info;
}

bool only_watches(std::string_view route) { return route == "/healthz" || route == "/readyz" || route == "/metrics"; }

}  // namespace

ServerLog::ServerLog(Form form, MessageKind least, bool verbose) : form_(form), verbose_(verbose) {
    logger_ = std::make_shared<spdlog::logger>("daybook", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger_->set_level(level_of(least));
    const char* pattern =
        form == Form::text ? "%Y-%m-%dT%H:%M:%S.%eZ %l %v" : R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l",%v})";
    logger_->set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc, "\n"));
    logger_->flush_on(spdlog::level::warn);
    logger_->set_error_handler([](const std::string&) {});  // a log that cannot be written must not stop the work
}

ServerLog::~ServerLog() = default;

void ServerLog::request(const HttpExchange& exchange) {
    if (only_watches(exchange.route) && !verbose_ && exchange.status < 400) return;
    const auto level = exchange.status >= 500 ? spdlog::level::warn : spdlog::level::info;
    if (!logger_->should_log(level)) return;
    // The route, and where there is none the method, are daybook's words or tokens of HTTP: a path may be anything.
    const auto us = exchange.duration.count();
    if (form_ == Form::text) {
        logger_->log(level, "{} {} {} {} {} µs", exchange.id, visible(std::string(exchange.method), Breaks::escape), exchange.route,
                     exchange.status, us);
        return;
    }
    std::string method;
    append_json_string(method, exchange.method);
    logger_->log(level, R"("request_id":"{}","method":{},"route":"{}","status":{},"duration_us":{})", exchange.id, method,
                 exchange.route, exchange.status, us);
}

void ServerLog::say(MessageKind kind, std::string_view text) {
    const auto level = level_of(kind);
    if (!logger_->should_log(level)) return;
    if (form_ == Form::text) {
        logger_->log(level, visible(std::string(text), Breaks::escape));
        return;
    }
    std::string quoted;
    append_json_string(quoted, is_clean_utf8(text) ? text : visible(std::string(text), Breaks::escape));
    logger_->log(level, "\"message\":{}", quoted);
}

}  // namespace daybook
