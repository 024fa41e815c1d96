// Options and arguments that are whole numbers.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

namespace daybook {

// What is wrong with a text that should be one; empty when nothing is. CLI11 itself would take -1 for 2^64 - 1, and 010 for 8.
inline std::string fault_of_number(const std::string& text) {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    const bool is_number = read.ec == std::errc() && read.ptr == end && (text.size() == 1 || text.front() != '0');
    return is_number ? "" : "must be a whole number such as 20, not " + text;
}

// `Number` is std::uint64_t, or an optional of one. `name` is "--limit" for an option, "seq" for an argument.
template <class Number>
CLI::Option* add_number(CLI::App& app, const std::string& name, Number& value, const std::string& help) {
    return app.add_option(name, value, help)->type_name("N")->check(fault_of_number);
}

}  // namespace daybook
