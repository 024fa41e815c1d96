#include "tests/payload_samples.hpp"

#include <type_traits>
#include <utility>

namespace daybook::test {
namespace {

template <std::size_t... I>
Payload payload_at(std::size_t index, std::index_sequence<I...>) {
    Payload payload;
    ((I == index ? void(payload.emplace<I>()) : void()), ...);
    return payload;
}

// Gives each field a value that its name and place decide.
class Filler {
public:
    template <class T>
    void operator()(std::string_view name, T& value) {
        ++place_;
        fill(name, value);
    }

private:
    template <class T>
    void fill(std::string_view name, std::optional<T>& value) {
        fill(name, value.emplace());
    }
    void fill(std::string_view name, std::string& value) { value = "the " + std::string(name) + ": \"\xE2\x82\xAC\"\n"; }
    void fill(std::string_view name, Nullable& value) { fill(name, value.value.emplace()); }
    void fill(std::string_view name, JsonText& value) { value.text = "{\"" + std::string(name) + "\":[1,null,\"x\"]}"; }
    void fill(std::string_view, Time& value) {
        value = from_micros(1'771'840'800'000'000 + 60'000'001 * place_);  // from 2026-02-23T10:00:00Z on
    }
    void fill(std::string_view, std::int64_t& value) { value = place_; }
    template <class T>
        requires std::is_enum_v<T>
    void fill(std::string_view, T& value) {
        value = static_cast<T>(1 + place_ % 2);  // every enum has these two
    }

    std::int64_t place_ = 0;
};

}  // namespace

Payload empty_payload(EventType type) {
    return payload_at(static_cast<std::size_t>(type) - 1, std::make_index_sequence<std::variant_size_v<Payload>>());
}

Payload sample_payload(EventType type) {
    Payload payload = empty_payload(type);
    std::visit([](auto& event) { std::decay_t<decltype(event)>::fields(event, Filler()); }, payload);
    return payload;
}

std::vector<EventType> all_event_types() {
    std::vector<EventType> types;
    for (int number = 1; number <= event_type_count; ++number) types.push_back(static_cast<EventType>(number));
    return types;
}

std::vector<std::string> field_names(EventType type) {
    std::vector<std::string> names;
    Payload payload = empty_payload(type);
    std::visit(
        [&](auto& event) {
            std::decay_t<decltype(event)>::fields(event, [&](std::string_view name, const auto&) { names.emplace_back(name); });
        },
        payload);
    return names;
}

}  // namespace daybook::test
