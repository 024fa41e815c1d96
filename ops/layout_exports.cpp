#include "ops/layout_exports.hpp"

#include <algorithm>

#include "journal/file_lock.hpp"
#include "ops/export_owner.hpp"
#include "ops/postgres_ddl.hpp"
#include "projections/jsonl_layout.hpp"

namespace daybook {
namespace {

// Without files to fall back to, a server that is down is tried again sooner.
constexpr std::chrono::seconds retry_without_files{10};

}  // namespace

std::optional<ExportBackend> export_backend_from_text(std::string_view text) {
    if (text == "jsonl") return ExportBackend::jsonl;
    if (text == "postgres") return ExportBackend::postgres;
    if (text == "auto") return ExportBackend::automatic;
    if (text == "none") return ExportBackend::none;
    return std::nullopt;
}

PostgresExportOptions postgres_export_options() {
    PostgresExportOptions options;
    options.before_load = postgres_load;
    options.after_load = postgres_keys;
    return options;
}

std::vector<LayoutOutcome> LayoutExports::run(SteadyTime now, bool files_are_due) {
    std::vector<LayoutOutcome> outcomes;
    bool tables_done = false;
    if (settings_.backend == ExportBackend::postgres || settings_.backend == ExportBackend::automatic) {
        LayoutOutcome outcome;
        if (next_try_ && now < *next_try_) {
            outcome.layout = KnownExport::Kind::postgres;
            outcome.state = LayoutOutcome::State::waiting;
        } else {
            const bool is_old = connection_ != nullptr;
            outcome = write_tables();
            // A connection that was idle may have been closed long ago, by a server that is there.
            if (is_old && outcome.state == LayoutOutcome::State::unreachable) outcome = write_tables();
            tables_done = outcome.state == LayoutOutcome::State::done;
            const bool has_fallback = settings_.backend == ExportBackend::automatic;
            const auto pause = has_fallback ? settings_.retry_after : std::min(settings_.retry_after, retry_without_files);
            next_try_ = tables_done ? std::nullopt : std::optional(now + pause);
        }
        if (tables_done) tables_size_ = outcome.size;
        outcome.size = tables_size_;
        outcomes.push_back(std::move(outcome));
    }
    const bool wants_files = settings_.backend == ExportBackend::jsonl ||
                             (settings_.backend == ExportBackend::automatic && (!tables_done || has_files_of_this_journal()));
    if (wants_files && files_are_due) {
        outcomes.push_back(write_files());
    } else if (wants_files) {
        outcomes.emplace_back().state = LayoutOutcome::State::waiting;
    }
    return outcomes;
}

LayoutOutcome LayoutExports::write_tables() {
    using State = LayoutOutcome::State;
    LayoutOutcome outcome;
    outcome.layout = KnownExport::Kind::postgres;
    try {
        outcome.place = postgres::without_password(settings_.database.url);
        if (!connection_) connection_ = std::make_unique<postgres::Connection>(settings_.database);
        PostgresExportOptions options = postgres_export_options();
        options.before_rows = [&] { parts_.remember({KnownExport::Kind::postgres, outcome.place, {}}); };
        options.progress = parts_.progress;
        parts_.read_views([&](lmdb::Transaction& views, std::uint64_t size) {
            connection_->allow(settings_.database.statement_timeout);
            const auto exported = export_postgres(*connection_, parts_.journal, views, size, options);
            if (!exported) {
                outcome.state = State::refused;
                outcome.message = exported.refusal().message;
                return;
            }
            outcome.size = exported->size;
            outcome.root = exported->root;
            outcome.incidents = exported->incidents;
            outcome.events = exported->events;
            outcome.artifacts = exported->artifacts;
        });
    } catch (const postgres::Error& error) {
        connection_.reset();
        if (error.kind() == postgres::Error::Kind::stopped) throw;
        outcome.state = error.kind() == postgres::Error::Kind::unreachable ? State::unreachable : State::failed;
        outcome.message = error.what();
    } catch (const StorageError& error) {
        connection_.reset();
        outcome.state = State::failed;
        outcome.message = error.what();
    } catch (...) {
        connection_.reset();
        throw;
    }
    return outcome;
}

LayoutOutcome LayoutExports::write_files() {
    using State = LayoutOutcome::State;
    LayoutOutcome outcome;
    outcome.place = settings_.directory.string();
    try {
        const auto alone = FileLock::on_directory(settings_.directory);  // before the views are read: the newest comes last
        if (const auto refusal = refuse_other_layout(settings_.directory, parts_.journal)) {
            outcome.state = State::refused;
            outcome.message = refusal->message;
            return outcome;
        }
        parts_.remember({KnownExport::Kind::jsonl, settings_.directory, settings_.artifacts});
        parts_.read_views([&](lmdb::Transaction& views, std::uint64_t size) {
            const JsonlExported exported = export_jsonl(parts_.journal, views, size,
                                                        {settings_.directory, settings_.artifacts, parts_.progress,
                                                         artifact_directories(parts_.data, settings_.directory)});
            outcome.size = exported.size;
            outcome.root = exported.root;
            outcome.incidents = exported.incidents;
            outcome.events = exported.events;
            outcome.artifacts = exported.artifacts;
        });
    } catch (const StorageError& error) {
        outcome.state = State::failed;
        outcome.message = error.what();
    } catch (const std::filesystem::filesystem_error& error) {
        outcome.state = State::failed;
        outcome.message = error.what();
    }
    return outcome;
}

bool LayoutExports::has_files_of_this_journal() {
    if (has_files_) return true;
    has_files_ = origin_of_layout(settings_.directory) == parts_.journal.snapshot()->origin();
    return has_files_;
}

}  // namespace daybook
