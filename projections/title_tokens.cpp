#include "projections/title_tokens.hpp"

#include <algorithm>

namespace daybook {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }
bool is_inner(char c) { return std::string_view("._-:/@").find(c) != std::string_view::npos; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool all_of(std::string_view text, bool (*test)(char)) { return std::all_of(text.begin(), text.end(), test); }
bool any_of(std::string_view text, bool (*test)(char)) { return std::any_of(text.begin(), text.end(), test); }

bool is_unit(std::string_view text) {
    constexpr std::string_view units[] = {"b",  "kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib", "ns",
                                          "us", "ms", "s",  "m",  "h",  "d",   "min", "sec", "k",   "rps"};
    return std::find(std::begin(units), std::end(units), text) != std::end(units);
}

// Digits with separators, and perhaps a unit.
bool is_number(std::string_view token) {
    if (!is_digit(token.front())) return false;
    const auto end = std::find_if(token.begin(), token.end(), is_letter);
    const auto digits = static_cast<std::size_t>(end - token.begin());
    const std::string_view unit = token.substr(digits);
    return unit.empty() || (is_digit(token[digits - 1]) && is_unit(unit));
}

std::vector<std::string_view> parts_of(std::string_view token, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = token.find(separator);
        parts.push_back(token.substr(0, end));
        if (end == std::string_view::npos) return parts;
        token.remove_prefix(end + 1);
    }
}

bool is_address(std::string_view token) {
    const auto parts = parts_of(token.substr(0, token.find_first_of(":/")), '.');
    return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
               return !part.empty() && part.size() <= 3 && all_of(part, is_digit);
           });
}

// Labels with dots between, the last of letters alone: db-3.eu.example.org, with a port perhaps.
bool is_domain(std::string_view token) {
    const auto parts = parts_of(token.substr(0, token.find_first_of(":/")), '.');
    return parts.size() >= 2 && std::none_of(parts.begin(), parts.end(), [](auto part) { return part.empty(); }) &&
           parts.back().size() >= 2 && all_of(parts.back(), is_letter) && any_of(parts.front(), is_letter);
}

// db-3, web01: two letters at least, or a dash before the number.
bool is_numbered_name(std::string_view token) {
    std::size_t end = token.size();
    while (end != 0 && is_digit(token[end - 1])) --end;
    if (end == token.size() || end == 0 || !is_letter(token.front())) return false;
    const std::string_view name = token.substr(0, end);
    if (any_of(name, is_digit) || name.find_first_of("./:@") != std::string_view::npos) return false;
    return name.back() == '-' || name.back() == '_' || name.size() >= 2;
}

bool is_id(std::string_view token) {
    if (token.starts_with("0x") && token.size() > 2) return true;
    return token.size() >= 8 && any_of(token, is_digit) && any_of(token, is_letter) && token.find_first_of("./:@") == token.npos;
}

std::string masked(std::string_view token) {
    if (is_address(token) || is_domain(token) || is_numbered_name(token)) return "<host>";
    if (is_number(token)) return "<number>";
    if (is_id(token)) return "<id>";
    return std::string(token);
}

}  // namespace

std::vector<std::string> title_tokens(std::string_view title) {
    std::vector<std::string> tokens;
    if (title == "[redacted]") return tokens;
    std::string token;
    const auto finish = [&] {
        while (!token.empty() && is_inner(token.back())) token.pop_back();
        if (!token.empty()) tokens.push_back(masked(token));
        token.clear();
    };
    for (const char raw : title) {
        const char c = lower(raw);
        if (is_letter(c) || is_digit(c) || (is_inner(c) && !token.empty())) {
            token += c;
        } else {
            finish();
        }
    }
    finish();
    return tokens;
}

}  // namespace daybook
