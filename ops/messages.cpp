#include "ops/messages.hpp"

#include <string>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ostream_sink.h>

#include "ops/visible.hpp"

namespace daybook {
namespace {

constexpr std::string_view wipe_line = "\r\x1b[K";  // to the line's start, and clear it
constexpr std::string_view end_of_colour = "\x1b[0m";

struct Look {
    spdlog::level::level_enum level;
    std::string_view word;
    std::string_view colour;
};

Look look_of(MessageKind kind) {
    switch (kind) {
        case MessageKind::error: return {spdlog::level::err, "error: ", "\x1b[31m"};
        case MessageKind::warning: return {spdlog::level::warn, "warning: ", "\x1b[33m"};
        case MessageKind::notice: return {spdlog::level::info, "", ""};
        case MessageKind::detail: return {spdlog::level::debug, "", "\x1b[2m"};
    }
    return {spdlog::level::info, "", ""};
}

// `text` made visible, its further lines indented, without a line break at its end.
std::string safe_lines(std::string_view text) {
    std::string out = visible(text, Breaks::keep);
    while (out.ends_with('\n')) out.pop_back();
    for (std::size_t at = 0; (at = out.find('\n', at)) != std::string::npos; at += 3) out.replace(at, 1, "\n  ");
    return out;
}

}  // namespace

Messages::Messages(std::ostream& out, Options options) : options_(options) {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(out, true);
    logger_ = std::make_shared<spdlog::logger>("daybook", std::move(sink));
    logger_->set_level(look_of(options.least).level);
    std::string pattern = options.timed ? "%Y-%m-%dT%H:%M:%S.%eZ %l %v" : "%n: %v";
    if (options.terminal) pattern.insert(0, wipe_line);
    logger_->set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc, "\n"));
    // A message that cannot be written must not stop the work, nor begin to talk about itself.
    logger_->set_error_handler([](const std::string&) {});
}

Messages::~Messages() = default;

void Messages::say(MessageKind kind, std::string_view text) {
    const Look look = look_of(kind);
    if (!logger_->should_log(look.level)) return;
    const bool coloured = options_.colour && !look.colour.empty();
    const std::string_view word = options_.timed ? "" : look.word;
    // Only the word is coloured where there is one: the text stays easy to read.
    std::string line;
    if (coloured) line += look.colour;
    line += word;
    if (coloured && !word.empty()) line += end_of_colour;
    line += safe_lines(text);
    if (coloured && word.empty()) line += end_of_colour;
    logger_->log(look.level, std::string_view(line));
}

}  // namespace daybook
