#include "tests/fault/system_calls.hpp"

#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

namespace daybook::test {
namespace {

constexpr const char* traced =
    "openat,mkdir,write,writev,pwrite64,pwritev,fsync,fdatasync,msync,ftruncate,fallocate,rename,renameat,renameat2,unlink,link,"
    "copy_file_range,sendfile";

}  // namespace

bool can_trace() {
    static const bool can = [] {
        try {
            return run({"strace", "-o", "/dev/null", "true"}).status == 0;
        } catch (const std::exception&) {
            return false;
        }
    }();
    return can;
}

std::vector<SystemCall> calls_of(const std::vector<std::string>& command, const std::filesystem::path& directory) {
    const TemporaryDirectory place;
    const std::string log = (place / "log").string();
    std::vector<std::string> words{"strace", "-f", "-y", "-s", "0", "-o", log, "-e", std::string("trace=") + traced};
    words.insert(words.end(), command.begin(), command.end());
    const Outcome outcome = run(words, {}, directory);
    if (outcome.status != 0) throw std::runtime_error("status " + std::to_string(outcome.status) + ": " + outcome.err);
    std::map<std::pair<std::string, std::string>, std::size_t> counts;  // of thread and name
    std::set<SystemCall> calls;
    std::istringstream lines(read_file(log));
    for (std::string line; std::getline(lines, line);) {  // THREAD name(arguments) = result
        const std::size_t name_at = line.find_first_not_of(' ', line.find(' '));
        const std::size_t open = line.find('(');
        if (open == std::string::npos || line[name_at] == '<' || line[name_at] == '+' || line[name_at] == '-') continue;
        const std::string name = line.substr(name_at, open - name_at);
        const std::size_t number = ++counts[{line.substr(0, line.find(' ')), name}];
        if (line.find(directory.string(), open) != std::string::npos) calls.insert({name, number});
    }
    return {calls.begin(), calls.end()};
}

Outcome run_with_failure(const std::vector<std::string>& command, const SystemCall& call, const std::string& error,
                         const std::filesystem::path& directory) {
    const std::string injected = "inject=" + call.name + ":error=" + error + ":when=" + std::to_string(call.number);
    std::vector<std::string> words{
        "timeout", "120", "strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=" + call.name, "-e", injected};
    words.insert(words.end(), command.begin(), command.end());
    return run(words, {}, directory);
}

}  // namespace daybook::test
