#include "ops/http/http_message.hpp"

#include <algorithm>

#include "journal/json.hpp"
#include "ops/error_text.hpp"

namespace daybook {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// RFC 3986 section 2.1; in a query `+` is a space, as forms write it.
std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    if (!is_clean_utf8(out)) return std::nullopt;
    return out;
}

bool has_dot_segment(std::string_view path) {
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view segment = path.substr(0, slash);
        if (segment == "." || segment == "..") return true;
        if (slash == std::string_view::npos) break;
        path.remove_prefix(slash + 1);
    }
    return false;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::optional<std::string_view> find(const Pairs& pairs, std::string_view name) {
    const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == name; });
    return found == pairs.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

}  // namespace

std::optional<std::string_view> HttpRequest::header(std::string_view name) const { return find(headers, name); }
std::optional<std::string_view> HttpRequest::parameter(std::string_view name) const { return find(query, name); }

std::optional<HttpTarget> parse_target(std::string_view target) {
    if (target.empty() || target.front() != '/') return std::nullopt;
    target = target.substr(0, target.find('#'));
    const std::size_t mark = target.find('?');
    const auto path = decode(target.substr(0, mark), false);
    if (!path || has_dot_segment(*path)) return std::nullopt;
    HttpTarget parsed{*path, {}};
    std::string_view query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        if (pair.empty()) continue;
        const std::size_t equals = pair.find('=');
        const auto name = decode(pair.substr(0, equals), true);
        const auto value = equals == std::string_view::npos ? std::string() : decode(pair.substr(equals + 1), true);
        if (!name || !value) return std::nullopt;
        parsed.query.emplace_back(*name, *value);
    }
    return parsed;
}

HttpResponse http_error(int status, std::string_view code, std::string_view message) {
    HttpResponse response;
    response.status = status;
    response.body = error_text(code, message);
    return response;
}

}  // namespace daybook
