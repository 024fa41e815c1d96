// The steps that everything is made of: where cereal serves, where a flat layout must be, what parsing and hashing cost.
#include <fstream>

#include <nlohmann/json.hpp>

#include "journal/json.hpp"
#include "projections/history.hpp"
#include "projections/incidents.hpp"
#include "projections/row_codec.hpp"
#include "tests/bench/bench.hpp"

namespace daybook::bench {
namespace {

// How often a second `work` can be done, for `count` times.
double rate_of(std::size_t count, const std::function<void(std::size_t)>& work) {
    return static_cast<double>(count) / seconds_of([&] {
               for (std::size_t i = 0; i < count; ++i) work(i);
           });
}

IncidentRow sample_row() {
    IncidentRow row;
    row.state.event_count = 20;
    row.id = "inc_20260223_1000_k3f9m2xa7q";
    row.service = "gateway";
    row.env = "prod";
    row.title = "http_5xx on gateway";
    row.created_by = "monitor";
    row.kind = "http_5xx";
    row.signature = "8095f18e00000000";
    row.labels = R"({"cluster":"node1","team":"core"})";
    return row;
}

void bench_rows(const Setup& setup, Table& table) {
    constexpr std::size_t count = 200'000;
    const IncidentRow row = sample_row();
    const std::string encoded = encode_row(row);
    HistoryEntry entry;
    std::string flat(sizeof entry, '\0');
    std::vector<double> encodes, decodes, flat_encodes, flat_decodes;
    std::uint64_t sum = 0;
    for (int run = 0; run < setup.runs; ++run) {
        encodes.push_back(rate_of(count, [&](std::size_t) { sum += encode_row(row).size(); }));
        decodes.push_back(rate_of(count, [&](std::size_t) { sum += decode_row<IncidentRow>(encoded).title.size(); }));
        flat_encodes.push_back(rate_of(20 * count, [&](std::size_t i) {
            entry.sequence = i;
            std::memcpy(flat.data(), &entry, sizeof entry);
            sum += static_cast<unsigned char>(flat[8]);
        }));
        flat_decodes.push_back(rate_of(20 * count, [&](std::size_t i) {
            flat[8] = static_cast<char>(i);
            std::memcpy(&entry, flat.data(), sizeof entry);
            sum += entry.sequence;
        }));
    }
    if (sum == 0) throw std::logic_error("nothing was encoded");
    table.rate("cereal, encode an incident's row", "rows/s", encodes, "flat history entry", flat_encodes);
    table.rate("cereal, decode an incident's row", "rows/s", decodes, "flat history entry", flat_decodes);
}

void bench_headers(const Setup& setup, Fixture& fixture, Table& table) {
    const Snapshot snapshot = fixture.journal()->snapshot();
    std::vector<double> headers, payloads;
    std::uint64_t sum = 0;
    for (int run = 0; run < setup.runs; ++run) {
        headers.push_back(static_cast<double>(setup.size.events) / seconds_of([&] {
                              snapshot->scan({1}, UINT64_MAX, [&](const RecordView& record) {
                                  sum += record.header().version;
                                  return true;
                              });
                          }));
        PayloadDecoder decoder;
        const std::uint64_t some = std::min<std::uint64_t>(setup.size.events, 200'000);
        payloads.push_back(static_cast<double>(some) / seconds_of([&] {
                               snapshot->scan({1}, some, [&](const RecordView& record) {
                                   sum += (*decoder.decode(record, *snapshot))->index();
                                   return true;
                               });
                           }));
    }
    if (sum == 0) throw std::logic_error("nothing was read");
    table.rate("scan with record headers where they lie", "events/s", headers);
    table.rate("scan with payloads decoded", "events/s", payloads, "headers alone", headers);
}

void bench_json(const Setup& setup, Fixture& fixture, Table& table) {
    std::vector<std::string> lines;
    std::ifstream file(fixture.records(setup.size.events));
    for (std::string line; lines.size() < 20'000 && std::getline(file, line);) lines.push_back(line);
    std::vector<double> ours, nlohmann, canonical_texts;
    JsonReader reader;
    std::string text;
    std::size_t sum = 0;
    for (int run = 0; run < setup.runs; ++run) {
        nlohmann.push_back(rate_of(lines.size(), [&](std::size_t i) { sum += nlohmann::json::parse(lines[i]).size(); }));
        ours.push_back(rate_of(lines.size(), [&](std::size_t i) { sum += (*reader.read(lines[i]))->size; }));
        canonical_texts.push_back(rate_of(lines.size(), [&](std::size_t i) {
            text.clear();
            append_canonical(text, **reader.read(lines[i]));
            sum += text.size();
        }));
    }
    if (sum == 0) throw std::logic_error("nothing was parsed");
    table.rate("JSON reader, a record", "records/s", ours, "nlohmann", nlohmann);
    table.rate("the same and its RFC 8785 text", "records/s", canonical_texts, "nlohmann", nlohmann);
}

void bench_hashes(const Setup& setup, Table& table) {
    constexpr std::size_t count = 500'000;
    const std::string event(385, 'x');
    std::vector<double> whole, nodes;
    Sha256 sha256;
    unsigned sum = 0;
    for (int run = 0; run < setup.runs; ++run) {
        whole.push_back(rate_of(count, [&](std::size_t) { sum += sha256({event})[0]; }));
        nodes.push_back(rate_of(count, [&](std::size_t) { sum += sha256({std::string_view(event).substr(0, 65)})[0]; }));
    }
    if (sum == 0) throw std::logic_error("nothing was hashed");
    table.rate("SHA-256 of 385 bytes", "digests/s", whole);
    table.rate("SHA-256 of 65 bytes, a node of the tree", "digests/s", nodes);
}

}  // namespace

void bench_codecs(const Setup& setup, Fixture& fixture, Table& table) {
    bench_rows(setup, table);
    bench_headers(setup, fixture, table);
    bench_json(setup, fixture, table);
    bench_hashes(setup, table);
}

}  // namespace daybook::bench
