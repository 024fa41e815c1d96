#include "tests/layout_fixture.hpp"

#include <memory>
#include <sstream>

#include "journal/verify.hpp"
#include "projections/incidents.hpp"
#include "replay/replayer.hpp"

namespace daybook::test {

Appended LayoutFixture::append(std::string_view stream, const Payload& payload) {
    journal_.advance(std::chrono::seconds(1));
    return *journal_.append(stream, payload);
}

std::uint64_t LayoutFixture::append_later(std::string_view stream, const Payload& payload) {
    journal_.advance(std::chrono::seconds(1));
    waiting_.push_back(journal_.request(stream, payload));
    return journal_.size() + waiting_.size();
}

void LayoutFixture::append_waiting() {
    for (const auto& answer : journal_->append_all(waiting_)) (void)*answer;
    waiting_.clear();
}

std::string LayoutFixture::payload_at(std::uint64_t sequence) {
    const auto snapshot = journal_->snapshot();
    return std::string(snapshot->record({sequence})->payload());
}

EventType LayoutFixture::type_at(std::uint64_t sequence) { return journal_->snapshot()->record({sequence})->type(); }

std::vector<std::string> LayoutFixture::types() {
    std::vector<std::string> types;
    for (std::uint64_t sequence = 1; sequence <= journal_.size(); ++sequence) types.emplace_back(to_text(type_at(sequence)));
    return types;
}

JsonlExported LayoutFixture::export_to(const std::filesystem::path& directory, std::uint64_t size) {
    const TemporaryDirectory views;
    lmdb::Options options;
    options.durable = false;
    options.tables_max = 64;
    lmdb::Environment environment(views / "views", options);
    size = std::min(size, journal_.size());
    Replayer(*journal_, environment).run({size, {}});
    lmdb::Transaction transaction(environment, lmdb::Transaction::Kind::read);
    return export_jsonl(*journal_, transaction, size, {directory, {}, {}});
}

std::string LayoutFixture::row_of(std::string_view incident) {
    const TemporaryDirectory directory;
    export_to(directory.path());
    for (const std::string& line : lines_of(directory / "incidents.jsonl")) {
        if (member(line, "id") == '"' + std::string(incident) + '"') return line;
    }
    return "";
}

ImportCounts LayoutFixture::import_from(const std::filesystem::path& directory, ImportOptions options) {
    refusals_.clear();
    journal_.advance(std::chrono::hours(24));  // what its rows say was recorded before
    options.directory = directory;
    options.refused = [&](std::string_view file, const RefusedLine& line) {
        refusals_.push_back(std::string(file) + ':' + std::to_string(line.number) + ' ' + line.refusals[0].field + ": " +
                            line.refusals[0].message);
    };
    return *import_jsonl(*journal_, index_, options);
}

std::string LayoutFixture::problems() {
    const TemporaryDirectory scratch;
    VerifyOptions options;
    options.threads = 1;
    options.make_indexes = [] {
        std::vector<std::unique_ptr<TransactionalIndex>> indexes;
        indexes.push_back(std::make_unique<DecisionIndex>());
        return indexes;
    };
    options.index_tables = DecisionIndex::table_names();
    options.scratch = scratch.path();
    std::string texts;
    for (const Finding& finding : verify(*journal_, options).findings) texts += finding.text + '\n';
    return texts;
}

void write_layout(const std::filesystem::path& directory, std::string_view incidents, std::string_view events,
                  std::string_view artifacts) {
    write_file(directory / "incidents.jsonl", incidents);
    write_file(directory / "events.jsonl", events);
    if (!artifacts.empty()) write_file(directory / "artifacts.jsonl", artifacts);
}

std::string member(std::string_view line, std::string_view path) {
    JsonReader reader;
    const auto value = reader.read(line);
    const JsonValue* at = value ? *value : nullptr;
    std::istringstream names{std::string(path)};
    for (std::string name; at != nullptr && std::getline(names, name, '.');) at = at->find(name);
    return at == nullptr ? std::string() : canonical(*at);
}

std::vector<std::string> lines_of(const std::filesystem::path& file) {
    std::vector<std::string> lines;
    std::istringstream text(read_file(file));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
}

}  // namespace daybook::test
