#include "ingest/import_jsonl.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "ingest/import_layout.hpp"
#include "ingest/jsonl_file.hpp"
#include "ingest/whole_layout.hpp"
#include "journal/written_json.hpp"

namespace daybook {
namespace {

namespace fs = std::filesystem;

// Lines of one transaction: enough to share a sync, few enough to hold.
constexpr std::size_t chunk_lines = 5'000;
constexpr std::size_t chunk_bytes = 32 * 1024 * 1024;

// One of the three files; empty where it is not there.
struct Source {
    Source(const fs::path& directory, const char* file_name) : name(file_name) {
        std::error_code error;
        if (fs::exists(directory / file_name, error)) file.emplace(directory / file_name);
    }
    const char* name;
    std::optional<JsonlFile> file;
};

Result<const JsonValue*> parse(WrittenJsonReader& reader, JsonlFile& file, const LinePlace& place) {
    if (place.length > JsonlFile::line_bytes_max) {
        return Refusal{RefusalCode::too_large, "the line is over " + std::to_string(JsonlFile::line_bytes_max) + " bytes", ""};
    }
    return reader.read(file.at(place));
}

// The lines of events.jsonl in the order in which they are taken: those with a seq by it, then the others by ts; an incident's
// incident_created before its others, wherever it stands, since nothing can happen to an incident that is not there.
class EventOrder {
public:
    // `row` is null where the line is no JSON text: it stays beside the line before it.
    void add(const LinePlace& place, const JsonValue* row) {
        Line line{key_of(row), std::uint64_t{place.number} * 2 + 1, place};
        last_key_ = line.key;
        const JsonValue* id = row == nullptr ? nullptr : row->find("incident_id");
        const JsonValue* type = row == nullptr ? nullptr : row->find("type");
        if (id != nullptr && id->is_string()) {
            First& first = incidents_[std::string(id->text())];
            if (line.before(first)) {
                first.key = line.key;
                first.rank = line.rank;
            }
            const bool creates = type != nullptr && type->is_string() && type->text() == to_text(EventType::incident_created);
            if (creates && first.creation == none) first.creation = lines_.size();
        }
        lines_.push_back(line);
    }

    std::vector<LinePlace> finish() {
        for (const auto& [id, first] : incidents_) {
            if (first.creation == none) continue;
            Line& creation = lines_[first.creation];
            if (creation.rank == first.rank) continue;
            creation.key = first.key;
            creation.rank = first.rank - 1;
        }
        incidents_.clear();
        std::sort(lines_.begin(), lines_.end(), [](const Line& a, const Line& b) { return a.before(b); });
        std::vector<LinePlace> places;
        places.reserve(lines_.size());
        for (const Line& line : lines_) places.push_back(line.place);
        return places;
    }

private:
    static constexpr std::size_t none = SIZE_MAX;
    struct First {
        std::int64_t key = INT64_MAX;
        std::uint64_t rank = UINT64_MAX;
        std::size_t creation = none;
    };
    struct Line {
        std::int64_t key;
        std::uint64_t rank;
        LinePlace place;
        template <class Other>
        bool before(const Other& other) const {
            return key != other.key ? key < other.key : rank < other.rank;
        }
    };

    std::int64_t key_of(const JsonValue* row) const {
        if (row == nullptr) return last_key_;
        // A seq is at most 2^53, a ts at least -2^56: all seqs sort before all times.
        if (const JsonValue* seq = row->find("seq"); seq != nullptr && seq->kind == JsonValue::Kind::integer) {
            return INT64_MIN + std::max<std::int64_t>(seq->integer, 0);
        }
        const JsonValue* ts = row->find("ts");
        const auto time = ts != nullptr && ts->is_string() ? parse_time(ts->text()) : std::nullopt;
        return time ? to_micros(*time) : last_key_;
    }

    std::vector<Line> lines_;
    std::unordered_map<std::string, First> incidents_;
    std::int64_t last_key_ = INT64_MIN;
};

class Importer {
public:
    Importer(Journal& journal, const DecisionIndex& index, const ImportOptions& options)
        : journal_(journal),
          options_(options),
          incidents_(options.directory, "incidents.jsonl"),
          artifacts_(options.directory, "artifacts.jsonl"),
          events_(options.directory, "events.jsonl"),
          layout_(index, options.artifacts.empty() ? options.directory : options.artifacts) {}

    Result<ImportCounts> run();

private:
    using Kind = LayoutRequest::Kind;
    using Outcome = LayoutImport::Outcome;
    // A line that is being dealt with: its requests are answered, then it is counted.
    struct Entry {
        Source* source;
        LinePlace place;
        std::optional<LayoutRequest> request;  // nothing where the line was refused before
        std::optional<Refusal> refusal;
        std::uint64_t written = 0;
        bool answered = false;
    };

    void read_rows(Source& source, std::vector<LinePlace>& places, std::optional<Refusal> (LayoutImport::*add)(const JsonValue&));
    void read_event_order();
    bool next_chunk();
    void add_event(const LinePlace& place);
    void add_entries(std::vector<LayoutRequest> requests, Source& source, const LinePlace& place);
    std::vector<AppendRequest> requests() const;
    void answer(std::size_t place, const Result<Appended>& result);
    void finish_chunk();
    void count(const Entry& entry);
    void count_line(bool taken);
    void count_attached_artifacts();
    void refuse(Source& source, const LinePlace& place, const Refusal& refusal);
    void append();
    void rehearse();

    Journal& journal_;
    const ImportOptions& options_;
    Source incidents_, artifacts_, events_;
    LayoutImport layout_;
    WrittenJsonReader reader_;
    std::vector<LinePlace> incident_places_, artifact_places_, event_places_;
    std::size_t next_event_ = 0, next_artifact_ = 0, next_incident_ = 0;
    std::vector<Entry> chunk_;
    std::vector<std::size_t> entry_of_;  // for each request of the chunk
    std::size_t held_bytes_ = 0;
    bool stopped_ = false;
    ImportCounts counts_;
};

Result<ImportCounts> Importer::run() {
    if (auto refusal = refuse_layout(options_.directory)) return *refusal;
    read_rows(incidents_, incident_places_, &LayoutImport::add_incident);
    read_rows(artifacts_, artifact_places_, &LayoutImport::add_artifact);
    read_event_order();
    if (options_.dry_run) {
        rehearse();
    } else {
        append();
    }
    count_attached_artifacts();
    return counts_;
}

// --- reading

void Importer::read_rows(Source& source, std::vector<LinePlace>& places,
                         std::optional<Refusal> (LayoutImport::*add)(const JsonValue&)) {
    if (!source.file) return;
    while (!stopped_) {
        const auto place = source.file->next();
        if (!place) return;
        const auto row = parse(reader_, *source.file, *place);
        const auto refusal = row ? (layout_.*add)(**row) : std::optional(row.refusal());
        if (refusal) {
            refuse(source, *place, *refusal);
        } else {
            places.push_back(*place);
        }
    }
}

void Importer::read_event_order() {
    if (!events_.file || stopped_) return;
    EventOrder order;
    while (const auto place = events_.file->next()) {
        const auto row = parse(reader_, *events_.file, *place);
        if (row) layout_.announce(**row);
        order.add(*place, row ? *row : nullptr);
    }
    event_places_ = order.finish();
}

// --- chunks: first of events, then of artifacts, then of conclusions. What comes later relies on the answers to what came before.

bool Importer::next_chunk() {
    chunk_.clear();
    entry_of_.clear();
    held_bytes_ = 0;
    const auto full = [&] { return stopped_ || chunk_.size() >= chunk_lines || held_bytes_ >= chunk_bytes; };
    const auto strict_end = [&] { return options_.strict && !chunk_.empty() && chunk_.back().refusal; };
    while (next_event_ < event_places_.size() && !full() && !strict_end()) add_event(event_places_[next_event_++]);
    if (!chunk_.empty()) return true;
    while (next_artifact_ < artifact_places_.size() && !full()) {
        const std::size_t place = next_artifact_++;
        add_entries(layout_.artifact(place), artifacts_, artifact_places_[place]);
    }
    if (!chunk_.empty()) return true;
    while (next_incident_ < incident_places_.size() && !full()) {
        const std::size_t place = next_incident_++;
        add_entries(layout_.conclude(place), incidents_, incident_places_[place]);
    }
    return !chunk_.empty();
}

void Importer::add_event(const LinePlace& place) {
    const auto row = parse(reader_, *events_.file, place);
    auto requests = row ? layout_.event(**row) : Result<std::vector<LayoutRequest>>(row.refusal());
    if (!requests) {
        chunk_.push_back({&events_, place, std::nullopt, requests.refusal()});
        return;
    }
    held_bytes_ += place.length;
    add_entries(std::move(*requests), events_, place);
}

// What a line leads to; that its incident is made from a row is an entry of that row.
void Importer::add_entries(std::vector<LayoutRequest> requests, Source& source, const LinePlace& place) {
    for (LayoutRequest& request : requests) {
        const bool creation = request.kind == Kind::creation;
        const LinePlace& of = creation ? incident_places_[request.incident] : place;
        held_bytes_ += request.held_bytes;
        entry_of_.push_back(chunk_.size());
        chunk_.push_back({creation ? &incidents_ : &source, of, std::move(request), std::nullopt});
    }
}

std::vector<AppendRequest> Importer::requests() const {
    std::vector<AppendRequest> requests;
    requests.reserve(entry_of_.size());
    for (const std::size_t entry : entry_of_) requests.push_back(chunk_[entry].request->request);
    return requests;
}

void Importer::answer(std::size_t place, const Result<Appended>& result) {
    Entry& entry = chunk_[entry_of_[place]];
    entry.answered = true;
    if (result) {
        entry.written = result->count;
    } else {
        entry.refusal = result.refusal();
    }
    layout_.answered(*entry.request, result);
}

void Importer::append() {
    while (!stopped_ && next_chunk()) {
        const auto chunk = requests();
        const auto answers = journal_.append_all(chunk, options_.strict);
        for (std::size_t i = 0; i < answers.size(); ++i) answer(i, answers[i]);
        finish_chunk();
    }
}

void Importer::rehearse() {
    bool begun = false;
    const auto more = [&]() -> std::vector<AppendRequest> {
        while (true) {
            if (begun) finish_chunk();
            if (stopped_ || !next_chunk()) return {};
            begun = true;
            if (!entry_of_.empty()) return requests();
        }
    };
    journal_.rehearse(more, [&](std::size_t place, const Result<Appended>& result) { answer(place, result); });
}

// --- counting, in the order of the chunk

void Importer::finish_chunk() {
    for (const Entry& entry : chunk_) {
        if (stopped_) break;
        if (entry.request && !entry.answered) break;  // a strict run that ended before
        count(entry);
    }
    if (options_.progress) {
        options_.progress(counts_.lines.read, incident_places_.size() + artifact_places_.size() + event_places_.size());
    }
}

void Importer::count(const Entry& entry) {
    counts_.events += entry.written;
    if (entry.source == &incidents_) counts_.synthesised += entry.written;
    if (entry.refusal) return refuse(*entry.source, entry.place, *entry.refusal);
    switch (entry.request->kind) {
        case Kind::event:
        case Kind::artifact: return count_line(entry.written != 0);
        case Kind::creation: return;  // its incident is counted when it is concluded
        case Kind::conclusion: {
            const Outcome outcome = layout_.incident_outcome(entry.request->incident);
            if (outcome != Outcome::refused) count_line(outcome == Outcome::taken);
        }
    }
}

// The lines of artifacts.jsonl that say once more what an event's line says.
void Importer::count_attached_artifacts() {
    for (std::size_t place = 0; place < artifact_places_.size() && !stopped_; ++place) {
        if (!layout_.is_attached(place)) continue;
        switch (layout_.artifact_outcome(place)) {
            case Outcome::taken: count_line(true); break;
            case Outcome::duplicate: count_line(false); break;
            case Outcome::untouched:
            case Outcome::refused:
                refuse(artifacts_, artifact_places_[place],
                       {RefusalCode::invalid, "the event that attaches it was refused", "/artifact_id"});
        }
    }
}

void Importer::count_line(bool taken) {
    ++counts_.lines.read;
    ++(taken ? counts_.lines.taken : counts_.lines.duplicate);
}

void Importer::refuse(Source& source, const LinePlace& place, const Refusal& refusal) {
    ++counts_.lines.read;
    ++counts_.lines.refused;
    stopped_ = stopped_ || options_.strict;
    if (!options_.refused) return;
    options_.refused(source.name, {place.number, place.offset, std::string(source.file->at(place)), {refusal}});
}

}  // namespace

Result<ImportCounts> import_jsonl(Journal& journal, const DecisionIndex& index, const ImportOptions& options) {
    return Importer(journal, index, options).run();
}

}  // namespace daybook
