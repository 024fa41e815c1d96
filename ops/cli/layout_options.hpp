// The options of the commands that follow INCIDENT_BACKEND, and of those that speak with Postgres.
#pragma once

#include <string>

#include "ops/layout_exports.hpp"

namespace CLI {
class App;
}

namespace daybook {

// --database-url (DATABASE_URL) and --statement-timeout.
class DatabaseOptions {
public:
    // Adds them to `command`, which outlives it.
    explicit DatabaseOptions(CLI::App& command);
    // Throws CommandError (usage) where no database is named.
    postgres::Options options() const;

private:
    std::string url_;
    std::uint64_t statement_timeout_s_ = 60;
};

// Those, and --backend (INCIDENT_BACKEND), --jsonl and --retry-after; INCIDENT_ARTIFACTS_DIR too.
class LayoutOptions {
public:
    explicit LayoutOptions(CLI::App& command);
    // Throws CommandError (usage).
    LayoutSettings settings() const;

private:
    DatabaseOptions database_;
    std::string backend_ = "jsonl", directory_ = "ops/incidents", retry_after_ = "5m";
};

}  // namespace daybook
