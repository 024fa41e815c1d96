#include "journal/payload.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <type_traits>

namespace daybook {
namespace {

// --- encoding

void append_value(std::string& out, const std::string& value) { append_json_string(out, value); }
void append_value(std::string& out, const JsonText& value) { out += value.text; }
void append_value(std::string& out, const Nullable& value) {
    if (value.value) {
        append_json_string(out, *value.value);
    } else {
        out += "null";
    }
}
void append_value(std::string& out, Time value) {
    out += '"';
    append_time(out, value);
    out += '"';
}
void append_value(std::string& out, std::int64_t value) {
    char text[24];
    out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}
template <class T>
    requires std::is_enum_v<T>
void append_value(std::string& out, T value) {
    out += '"';
    out += to_text(value);
    out += '"';
}

class Encoder {
public:
    explicit Encoder(std::string& out) : out_(out) { out_ += '{'; }
    void finish() { out_ += '}'; }

    template <class T>
    void operator()(std::string_view name, const T& value) {
        assert(last_ < name);  // fields are listed in the order of RFC 8785
        last_ = name;
        if (out_.back() != '{') out_ += ',';
        out_ += '"';
        out_ += name;
        out_ += "\":";
        append_value(out_, value);
    }
    template <class T>
    void operator()(std::string_view name, const std::optional<T>& value) {
        if (value) (*this)(name, *value);
    }

private:
    std::string& out_;
    std::string_view last_;
};

// --- decoding

bool take(const JsonValue& value, std::string& to, std::string& problem) {
    if (!value.is_string()) {
        problem = "must be a string";
        return false;
    }
    to = value.text();
    return true;
}
bool take(const JsonValue& value, JsonText& to, std::string&) {
    to.text.clear();
    append_canonical(to.text, value);
    return true;
}
bool take(const JsonValue& value, Nullable& to, std::string& problem) {
    if (value.is_null()) {
        to.value.reset();
        return true;
    }
    return take(value, to.value.emplace(), problem);
}
bool take(const JsonValue& value, Time& to, std::string& problem) {
    const auto time = value.is_string() ? parse_time(value.text()) : std::nullopt;
    if (!time) {
        problem = "must be a time with an offset (RFC 3339)";
        return false;
    }
    to = *time;
    return true;
}
bool take(const JsonValue& value, std::int64_t& to, std::string& problem) {
    if (value.kind != JsonValue::Kind::integer) {
        problem = "must be an integer";
        return false;
    }
    to = value.integer;
    return true;
}
template <class T>
    requires std::is_enum_v<T>
bool take(const JsonValue& value, T& to, std::string& problem) {
    const auto word = value.is_string() ? from_text<T>(value.text()) : std::nullopt;
    if (!word) {
        problem = "must be one of " + choices<T>();
        return false;
    }
    to = *word;
    return true;
}

class Decoder {
public:
    Decoder(const JsonValue& object, JsonFields json_fields) : members_(object.members()), json_fields_(json_fields) {}

    template <class T>
    void operator()(std::string_view name, T& value) {
        const JsonValue* found = find(name);
        if (found == nullptr) {
            fail(name, "is missing");
        } else {
            read(name, *found, value);
        }
    }
    template <class T>
    void operator()(std::string_view name, std::optional<T>& value) {
        const JsonValue* found = find(name);
        if (found == nullptr || found->is_null()) {
            value.reset();
        } else {
            read(name, *found, value.emplace());
        }
    }
    const std::optional<Refusal>& refusal() const { return refusal_; }

private:
    // Fields are asked for, and members stand, in the order of RFC 8785: none is passed that is still wanted.
    const JsonValue* find(std::string_view name) {
        for (; next_ < members_.size(); ++next_) {
            const JsonMember& member = members_[next_];
            if (member.name == name) return &member.value;
            if (!json_name_less(member.name, name)) return nullptr;
        }
        return nullptr;
    }
    template <class T>
    void read(std::string_view name, const JsonValue& from, T& value) {
        if constexpr (std::is_same_v<T, JsonText>) {
            if (json_fields_ == JsonFields::left_out) return;
        }
        std::string problem;
        if (!take(from, value, problem)) fail(name, problem);
    }
    void fail(std::string_view name, const std::string& problem) {
        if (!refusal_) refusal_ = Refusal{RefusalCode::invalid, std::string(name) + " " + problem, pointer_token(name)};
    }
    std::span<const JsonMember> members_;
    JsonFields json_fields_;
    std::size_t next_ = 0;
    std::optional<Refusal> refusal_;
};

// Makes the empty payload of `type`.
template <std::size_t I = 0>
Payload empty_payload(std::size_t index) {
    if constexpr (I + 1 < std::variant_size_v<Payload>) {
        if (index != I) return empty_payload<I + 1>(index);
    }
    return Payload(std::in_place_index<I>);
}

Payload empty_payload_of(EventType type) { return empty_payload(static_cast<std::size_t>(type) - 1); }

// --- facts: one overload for each payload that has any

void add_facts(EventFacts& facts, const IncidentCreated& e) {
    facts.severity = e.severity;
    facts.moment = e.started_at;
    facts.service = e.service;
    facts.env = e.env;
    if (e.kind) facts.kind = *e.kind;
    if (e.signature) facts.subject = *e.signature;
}
void add_facts(EventFacts& facts, const IncidentUpdated& e) {
    JsonReader reader;
    const auto changes = reader.read(e.changes.text);
    if (!changes) return;
    const auto changed = [&](std::string_view field) -> std::string {
        const JsonValue* change = (*changes)->find(field);
        const JsonValue* to = change == nullptr ? nullptr : change->find("to");
        return to != nullptr && to->is_string() ? std::string(to->text()) : std::string();
    };
    facts.service = changed("service");
    facts.env = changed("env");
    facts.kind = changed("kind");
    facts.moment = parse_time(changed("started_at"));
}
void add_facts(EventFacts& facts, const SeverityChanged& e) {
    facts.severity = e.to;
    facts.from = static_cast<std::uint8_t>(e.from);
    facts.to = static_cast<std::uint8_t>(e.to);
}
void add_facts(EventFacts& facts, const StatusChanged& e) {
    facts.from = static_cast<std::uint8_t>(e.from);
    facts.to = static_cast<std::uint8_t>(e.to);
}
void add_facts(EventFacts& facts, const Alert& e) {
    facts.severity = e.severity;
    facts.to = static_cast<std::uint8_t>(e.state);
    facts.moment = e.starts_at;
    facts.service = e.service;
    facts.env = e.env;
    facts.kind = e.kind;
    facts.subject = e.fingerprint;
}
void add_facts(EventFacts& facts, const FollowupAdded& e) {
    facts.subject = e.followup_id;
    facts.severity = e.priority;
    facts.to = static_cast<std::uint8_t>(e.status);
    facts.moment = e.due_at;
}
void add_facts(EventFacts& facts, const FollowupUpdated& e) { facts.subject = e.followup_id; }
void add_facts(EventFacts& facts, const FollowupStatusChanged& e) {
    facts.subject = e.followup_id;
    facts.from = static_cast<std::uint8_t>(e.from);
    facts.to = static_cast<std::uint8_t>(e.to);
}
void add_facts(EventFacts& facts, const Escalated& e) {
    facts.to = static_cast<std::uint8_t>(std::clamp<std::int64_t>(e.level, 0, 254));
}
void add_facts(EventFacts& facts, const ArtifactAttached& e) { facts.kind = e.kind; }
void add_facts(EventFacts& facts, const IncidentLinked& e) {
    facts.to = static_cast<std::uint8_t>(e.relation);
    facts.subject = e.other;
}
void add_facts(EventFacts& facts, const Redacted& e) { facts.redacts = static_cast<std::uint64_t>(e.redacts); }
void add_facts(EventFacts&, const CommonFields&) {}

}  // namespace

EventFacts facts_of(const Payload& payload) {
    EventFacts facts;
    std::visit([&](const auto& event) { add_facts(facts, event); }, payload);
    return facts;
}

EncodedPayload encode(const Payload& payload) {
    EncodedPayload encoded;
    encoded.type = type_of(payload);
    encoded.schema_version = schema_version_of(encoded.type);
    encoded.text.reserve(512);
    std::visit(
        [&](const auto& event) {
            Encoder encoder(encoded.text);
            std::decay_t<decltype(event)>::fields(event, encoder);
            encoder.finish();
            encoded.input_sha256 = event.input_sha256;
        },
        payload);
    encoded.facts = facts_of(payload);
    return encoded;
}

void seal(EncodedPayload& payload, Entropy& entropy, Sha256& sha256) {
    EncodedPayload::Seal seal;
    entropy.fill(seal.salt.data(), seal.salt.size());
    seal.digest = sha256({std::string_view(reinterpret_cast<const char*>(seal.salt.data()), seal.salt.size()), payload.text});
    payload.seal = seal;
}

std::uint16_t schema_version_of(EventType) { return 1; }

Result<Payload> decode(EventType type, std::uint16_t schema_version, const JsonValue& value, JsonFields json_fields) {
    if (schema_version == 0 || schema_version > schema_version_of(type)) {
        return Refusal{RefusalCode::invalid,
                       "schema version " + std::to_string(schema_version) + " of " + std::string(to_text(type)) +
                           " is not known to this daybook; a newer one wrote it",
                       "/v"};
    }
    if (!value.is_object()) return Refusal{RefusalCode::invalid, "a payload must be an object", ""};
    Payload payload = empty_payload_of(type);
    Decoder decoder(value, json_fields);
    std::visit([&](auto& event) { std::decay_t<decltype(event)>::fields(event, decoder); }, payload);
    if (decoder.refusal()) return *decoder.refusal();
    return payload;
}

const CommonFields& common_fields(const Payload& payload) {
    return std::visit([](const auto& event) -> const CommonFields& { return event; }, payload);
}
CommonFields& common_fields(Payload& payload) {
    return std::visit([](auto& event) -> CommonFields& { return event; }, payload);
}

bool has_field(EventType type, std::string_view name) {
    using Names = std::vector<std::string_view>;
    static const std::vector<Names> fields = [] {
        std::vector<Names> all(event_type_count + 1);
        for (std::size_t number = 1; number < all.size(); ++number) {
            const Payload payload = empty_payload_of(static_cast<EventType>(number));
            const auto add = [&](std::string_view field, const auto&) { all[number].push_back(field); };
            std::visit([&](const auto& event) { std::decay_t<decltype(event)>::fields(event, add); }, payload);
        }
        return all;
    }();
    const Names& known = fields[static_cast<std::size_t>(type)];
    return std::find(known.begin(), known.end(), name) != known.end();
}

}  // namespace daybook
