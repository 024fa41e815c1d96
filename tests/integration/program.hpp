// The real binary, as a person types it, in a directory of its own with a data directory of its own.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support.hpp"

namespace daybook::test {

class Program {
public:
    // `daybook <arguments>`, with --data before them.
    Outcome run(std::vector<std::string> arguments, std::string_view input = {}) const {
        arguments.insert(arguments.begin(), {daybook_program(), "--data", data().string()});
        return test::run(arguments, input, directory_.path());
    }
    // Its standard output, without the last newline. Fails where the command does.
    std::string out(std::vector<std::string> arguments, std::string_view input = {}) const {
        const Outcome outcome = run(std::move(arguments), input);
        if (outcome.status != 0) throw std::runtime_error("status " + std::to_string(outcome.status) + ": " + outcome.err);
        std::string text = outcome.out;
        if (!text.empty() && text.back() == '\n') text.pop_back();
        return text;
    }
    // A file of its directory, with the folders that lead to it.
    void write(std::string_view name, std::string_view bytes) const {
        std::filesystem::create_directories((directory_ / name).parent_path());
        write_file(directory_ / name, bytes);
    }
    std::filesystem::path data() const { return directory_ / "data"; }
    std::filesystem::path directory() const { return directory_.path(); }
    std::filesystem::path operator/(std::string_view name) const { return directory_ / name; }

private:
    TemporaryDirectory directory_;
};

// The lines of a text, without their ends.
inline std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::size_t start = 0;
    while (start < text.size()) {
        const std::size_t end = text.find('\n', start);
        lines.push_back(text.substr(start, end - start));
        if (end == std::string::npos) break;
        start = end + 1;
    }
    return lines;
}

}  // namespace daybook::test
