#include "journal/leaf.hpp"

#include <algorithm>
#include <charconv>

#include "journal/json.hpp"

namespace daybook {
namespace {

void append_number(std::string& out, std::uint64_t value) {
    char text[24];
    out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void append_digest(std::string& out, const Digest& digest) {
    out += '"';
    append_hex(out, bytes_of(digest));
    out += '"';
}

}  // namespace

void append_leaf_text(std::string& out, const LeafFields& f) {
    out += "{\"actor\":";
    append_json_string(out, f.actor);
    out += ",\"cause\":";
    if (f.cause) {
        append_number(out, f.cause.value);
    } else {
        out += "null";
    }
    out += ",\"event_id\":";
    append_json_string(out, f.event_id);
    out += ",\"key\":";
    if (f.key) {
        append_json_string(out, *f.key);
    } else {
        out += "null";
    }
    out += ",\"occurred_at\":\"";
    append_time(out, f.occurred_at);
    out += "\",\"payload_sha256\":";
    append_digest(out, f.payload_sha256);
    out += ",\"prev\":";
    if (f.previous) {
        append_digest(out, *f.previous);
    } else {
        out += "null";
    }
    out += ",\"recorded_at\":\"";
    append_time(out, f.recorded_at);
    out += "\",\"seq\":";
    append_number(out, f.sequence.value);
    out += ",\"source\":";
    append_json_string(out, f.source);
    out += ",\"stream\":";
    append_json_string(out, f.stream);
    out += ",\"type\":\"";
    out += to_text(f.type);
    out += "\",\"v\":";
    append_number(out, f.schema_version);
    out += ",\"version\":";
    append_number(out, f.version);
    out += '}';
}

Digest leaf_hash(Sha256& sha256, std::string_view leaf_text) { return sha256({std::string_view("\0", 1), leaf_text}); }

Digest node_hash(Sha256& sha256, const Digest& left, const Digest& right) {
    char bytes[65];
    bytes[0] = 1;
    std::copy(left.begin(), left.end(), bytes + 1);
    std::copy(right.begin(), right.end(), bytes + 33);
    return sha256({std::string_view(bytes, sizeof bytes)});
}

}  // namespace daybook
