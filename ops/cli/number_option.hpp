// Options and arguments that are whole numbers.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "ops/whole_number.hpp"

namespace daybook {

// What is wrong with a text that should be one; empty when nothing is. CLI11 itself would take -1 for 2^64 - 1, and 010 for 8.
inline std::string fault_of_number(const std::string& text) {
    const bool is_number = whole_number(text) && (text.size() == 1 || text.front() != '0');
    return is_number ? "" : "must be a whole number such as 20, not " + text;
}

// `Number` is std::uint64_t, or an optional of one. `name` is "--limit" for an option, "seq" for an argument.
template <class Number>
CLI::Option* add_number(CLI::App& app, const std::string& name, Number& value, const std::string& help) {
    return app.add_option(name, value, help)->type_name("N")->check(fault_of_number);
}

}  // namespace daybook
