#include "ops/cli/layout_options.hpp"

#include <cstdlib>

#include <CLI/CLI.hpp>

#include "ops/cli/number_option.hpp"
#include "ops/cli/session.hpp"

namespace daybook {

namespace {

// `5m`, `90s`, `1h`; a bare number is of seconds. At most a day.
std::chrono::seconds duration_option(const std::string& option, const std::string& text) {
    std::uint64_t unit_s = 1;
    std::string number = text;
    if (!text.empty() && std::string_view("smh").find(text.back()) != std::string_view::npos) {
        unit_s = text.back() == 'h' ? 3600 : text.back() == 'm' ? 60 : 1;
        number.pop_back();
    }
    const auto count = whole_number(number);
    if (!count || *count > 86'400 / unit_s) {
        throw CommandError(ExitStatus::usage, option + " must be a time of a day at most, such as 90s, 5m or 1h, not " + text);
    }
    return std::chrono::seconds(*count * unit_s);
}

}  // namespace

DatabaseOptions::DatabaseOptions(CLI::App& command) {
    command
        .add_option(
            "--database-url", url_,
            "Where the tables are; give it as DATABASE_URL, so that others do not see its password in the list of processes")
        ->envname("DATABASE_URL")
        ->type_name("URL");
    add_number(command, "--statement-timeout", statement_timeout_s_,
               "Seconds that a statement may take; loads and checks may take an hour")
        ->capture_default_str();
}

postgres::Options DatabaseOptions::options() const {
    if (url_.empty()) {
        throw CommandError(ExitStatus::usage,
                           "say which database: DATABASE_URL (or --database-url) is to be such as "
                           "postgresql://daybook@db.example:5432/incidents");
    }
    if (statement_timeout_s_ == 0 || statement_timeout_s_ > 86'400)
        throw CommandError(ExitStatus::usage, "--statement-timeout is 1 to 86400 seconds");
    postgres::Options options;
    options.url = url_;
    options.statement_timeout = std::chrono::seconds(statement_timeout_s_);
    return options;
}

LayoutOptions::LayoutOptions(CLI::App& command) : database_(command) {
    command.add_option("--backend", backend_, "Which layouts: jsonl, postgres, auto or none")
        ->envname("INCIDENT_BACKEND")
        ->type_name("BACKEND")
        ->capture_default_str();
    command.add_option("--jsonl", directory_, "Where the JSONL layout goes")->type_name("DIR")->capture_default_str();
    command.add_option("--retry-after", retry_after_, "How long until a database that was away is tried again: 90s, 5m, 1h")
        ->type_name("TIME")
        ->capture_default_str();
}

LayoutSettings LayoutOptions::settings() const {
    const auto backend = export_backend_from_text(backend_);
    if (!backend) {
        throw CommandError(ExitStatus::usage, std::string("INCIDENT_BACKEND (--backend) must be one of ") + export_backend_choices +
                                                  ", not " + backend_);
    }
    LayoutSettings settings;
    settings.backend = *backend;
    settings.directory = directory_;
    if (const char* artifacts = std::getenv("INCIDENT_ARTIFACTS_DIR"); artifacts != nullptr) settings.artifacts = artifacts;
    if (*backend == ExportBackend::postgres || *backend == ExportBackend::automatic) settings.database = database_.options();
    settings.retry_after = duration_option("--retry-after", retry_after_);
    return settings;
}

}  // namespace daybook
