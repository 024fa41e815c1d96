#include "ops/layout_exports.hpp"

#include <algorithm>

#include "journal/json.hpp"
#include "journal/line_file.hpp"
#include "journal/small_file.hpp"
#include "ops/postgres_ddl.hpp"
#include "projections/jsonl_layout.hpp"

namespace daybook {
namespace {

constexpr std::size_t line_bytes_max = std::size_t{4} << 20;
constexpr std::size_t export_file_bytes_max = std::size_t{256} << 20;
// Without files to fall back to, a server that is down is tried again sooner.
constexpr std::chrono::seconds retry_without_files{10};

// Which journal wrote the files: nothing where no export came to its end there.
std::optional<std::string> origin_of_files(const std::filesystem::path& directory) {
    const auto text = read_if_exists(directory / "export.json", export_file_bytes_max);
    if (!text) return std::nullopt;
    JsonReader reader;
    const auto value = reader.read(*text);
    const JsonValue* origin = value ? (*value)->find("origin") : nullptr;
    if (origin == nullptr || !origin->is_string()) return std::nullopt;
    return std::string(origin->text());
}

// Rows of incidents that the journal does not know would be lost: it can't write them again.
std::optional<Refusal> refuse_unknown_incidents(const std::filesystem::path& file, const char* member, const JournalView& journal) {
    if (!std::filesystem::exists(file)) return std::nullopt;
    LineFile lines(file, line_bytes_max);
    JsonReader reader;
    std::string known;  // rows of one incident often stand together
    while (const auto line = lines.next()) {
        if (line->find_first_not_of(" \t\r") == std::string_view::npos) continue;
        const auto row = reader.read(*line);
        const JsonValue* id = row ? (*row)->find(member) : nullptr;
        const bool is_text = id != nullptr && id->is_string();
        if (is_text && (id->text() == known || journal.stream(id->text()))) {
            known = id->text();
            continue;
        }
        return Refusal{RefusalCode::conflict,
                       file.string() + " holds " +
                           (is_text ? "the incident " + std::string(id->text()) + ", which this journal does not know"
                                    : "a line that this journal does not know, " + std::to_string(lines.number())) +
                           ", and would be written over: run `daybook import jsonl " + file.parent_path().string() +
                           "` first, and move away what it refuses; or name another directory",
                       ""};
    }
    return std::nullopt;
}

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

std::optional<Refusal> refuse_other_files(const std::filesystem::path& directory, std::initializer_list<ExportedFile> files) {
    for (const auto& [name, member] : files) {
        const std::filesystem::path file = directory / name;
        if (!std::filesystem::exists(file)) continue;
        LineFile lines(file, line_bytes_max);
        const auto first = lines.next();
        JsonReader reader;
        const auto value = reader.read(first.value_or("{}"));
        if (!first || (value && (*value)->is_object() && (*value)->find(member) != nullptr)) continue;
        return Refusal{RefusalCode::conflict,
                       file.string() + " is not from an export, and would be written over: name another directory, or move it away",
                       ""};
    }
    return std::nullopt;
}

std::optional<Refusal> refuse_other_jsonl_files(const std::filesystem::path& directory, const Journal& journal) {
    const std::initializer_list<ExportedFile> rows{
        {"incidents.jsonl", "id"}, {"events.jsonl", "incident_id"}, {"artifacts.jsonl", "incident_id"}};
    if (auto refusal = refuse_other_files(directory, rows)) return refusal;
    if (auto refusal = refuse_other_files(directory, {{"export.json", "root"}})) return refusal;
    const auto snapshot = journal.snapshot();
    if (const auto origin = origin_of_files(directory)) {
        if (*origin == snapshot->origin()) return std::nullopt;
        return Refusal{RefusalCode::conflict,
                       directory.string() + " holds the files of another journal, " + *origin + " (this one is " +
                           snapshot->origin() + "): name another directory, or move them away",
                       ""};
    }
    for (const auto& [name, member] : rows) {
        if (auto refusal = refuse_unknown_incidents(directory / name, member, *snapshot)) return refusal;
    }
    return std::nullopt;
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
            outcome = write_tables();
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
        parts_.remember({KnownExport::Kind::postgres, outcome.place, {}});
        PostgresExportOptions options = postgres_export_options();
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
        if (const auto refusal = refuse_other_jsonl_files(settings_.directory, parts_.journal)) {
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
    has_files_ = origin_of_files(settings_.directory) == parts_.journal.snapshot()->origin();
    return has_files_;
}

}  // namespace daybook
