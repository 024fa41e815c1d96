#include "tests/fault/disk_model.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>

namespace daybook::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* traced =
    "openat,openat2,creat,mkdir,mkdirat,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync_file_range,ftruncate,truncate,"
    "fallocate,rename,renameat,renameat2,unlink,unlinkat,rmdir,link,linkat,symlink,symlinkat,lseek,copy_file_range,sendfile,dup,"
    "dup2,"
    "dup3,read,pread64";

std::string unescape(std::string_view text) {  // of \x2f\x74
    std::string bytes;
    for (std::size_t at = 0; at + 3 < text.size(); at += 4) {
        unsigned value = 0;
        std::from_chars(text.data() + at + 2, text.data() + at + 4, value, 16);
        bytes += static_cast<char>(value);
    }
    return bytes;
}

// One line of strace's log, whole.
struct Call {
    std::string name;
    std::vector<std::string> arguments;
    long result = -1;
    std::string result_path;
};

// What stands at the top level between commas.
std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts(1);
    int depth = 0;
    bool quoted = false;
    for (const char c : text) {
        if (c == '"') quoted = !quoted;
        if (!quoted && (c == '[' || c == '{' || c == '(' || c == '<')) ++depth;
        if (!quoted && (c == ']' || c == '}' || c == ')' || c == '>')) --depth;
        if (c == ',' && depth == 0 && !quoted) {
            parts.emplace_back();
        } else if (c != ' ' || quoted) {
            parts.back() += c;
        }
    }
    return parts;
}

// Between the first `open` and the next `close`, as bytes.
std::string inside(std::string_view text, char open, char close) {
    const std::size_t from = text.find(open);
    if (from == std::string_view::npos) return "";
    const std::size_t to = text.find(close, from + 1);
    return unescape(text.substr(from + 1, to - from - 1));
}

// All strings of the argument of a writev, one after the other.
std::string all_strings(std::string_view text) {
    std::string bytes;
    std::size_t at = 0;
    while ((at = text.find('"', at)) != std::string_view::npos) {
        const std::size_t end = text.find('"', at + 1);
        bytes += unescape(text.substr(at + 1, end - at - 1));
        at = end + 1;
    }
    return bytes;
}

std::optional<Call> parse_call(const std::string& line) {
    const std::size_t open = line.find('(');
    const std::size_t equals = line.rfind(" = ");
    if (open == std::string::npos || equals == std::string::npos) return std::nullopt;
    const std::size_t close = line.rfind(')', equals);  // what stands between them are spaces
    Call call;
    call.name = line.substr(0, open);
    call.arguments = split(std::string_view(line).substr(open + 1, close - open - 1));
    const std::string result = line.substr(equals + 3);
    call.result = std::strtol(result.c_str(), nullptr, 10);
    call.result_path = inside(result, '<', '>');
    return call;
}

bool has(const std::string& flags, const char* flag) { return flags.find(flag) != std::string::npos; }

std::size_t number(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); }

}  // namespace

// Makes steps of calls: knows which names there are and how far each descriptor has got.
class DiskModel::Parser {
public:
    Parser(fs::path root, std::vector<Step>& steps) : root_(std::move(root)), steps_(steps) {}

    void take(const std::string& line) {  // THREAD name(arguments) = result
        const std::size_t space = line.find(' ');
        const std::string thread = line.substr(0, space);
        std::string rest = line.substr(line.find_first_not_of(' ', space));
        const std::string unfinished = " <unfinished ...>";
        if (rest.ends_with(unfinished)) {
            begun_[thread] = rest.substr(0, rest.size() - unfinished.size());
            return;
        }
        if (rest.starts_with("<... ")) {
            const std::size_t resumed = rest.find(" resumed>");
            rest = begun_[thread] + rest.substr(resumed + 9);
        }
        const auto call = parse_call(rest);
        if (call && call->result >= 0) take(*call);
    }

private:
    // The path below the root; nothing for one elsewhere.
    std::optional<std::string> below(const fs::path& path) const {
        const std::string text = path.lexically_normal().string();
        const std::string prefix = root_.string() + '/';
        if (text == root_.string()) return ".";
        if (!text.starts_with(prefix)) return std::nullopt;
        std::string name = text.substr(prefix.size());
        while (name.ends_with('/')) name.pop_back();
        return name;
    }
    // The path in an argument after a directory's descriptor.
    std::optional<std::string> path_of(const std::string& directory, const std::string& argument) const {
        return below(fs::path(inside(directory, '<', '>')) / inside(argument, '"', '"'));
    }
    std::optional<std::string> path_of(const std::string& argument) const { return below(root_ / inside(argument, '"', '"')); }
    std::optional<std::string> file_of(const std::string& argument) const { return below(inside(argument, '<', '>')); }

    void add(Step step) { steps_.push_back(std::move(step)); }

    void take(const Call& call) {
        const auto& a = call.arguments;
        const std::string& name = call.name;
        if (name == "write" && !file_of(a[0])) return acknowledge(inside(a[1], '"', '"'));
        if (name == "openat") return open(call);
        if (name == "mkdir") return make_directory(path_of(a[0]));
        if (name == "mkdirat") return make_directory(path_of(a[0], a[1]));
        if (name == "rename") return rename(path_of(a[0]), path_of(a[1]));
        if (name == "renameat" || name == "renameat2") return rename(path_of(a[0], a[1]), path_of(a[2], a[3]));
        if (name == "link") return link(path_of(a[0]), path_of(a[1]));
        if (name == "linkat") return link(path_of(a[0], a[1]), path_of(a[2], a[3]));
        if (name == "unlink" || name == "rmdir") return remove(path_of(a[0]));
        if (name == "unlinkat") return remove(path_of(a[0], a[1]));
        const auto file = a.empty() ? std::nullopt : file_of(a[0]);
        if (!file) return;
        if (file->ends_with("(deleted)")) return;
        const std::size_t descriptor = number(a[0]);
        const auto result = static_cast<std::size_t>(call.result);
        if (name == "write" || name == "writev") {
            std::size_t& at = at_[descriptor];
            if (appends_.contains(descriptor)) at = sizes_[*file];
            write(*file, at, all_strings(a[1]).substr(0, result), descriptor);
            at += result;
        } else if (name == "pwrite64") {
            write(*file, number(a[3]), inside(a[1], '"', '"').substr(0, result), descriptor);
        } else if (name == "pwritev") {
            write(*file, number(a[3]), all_strings(a[1]).substr(0, result), descriptor);
        } else if (name == "fsync" || name == "fdatasync") {
            add({Step::Kind::sync, *file, {}, 0, {}, false});
        } else if (name == "ftruncate") {
            resize(*file, number(a[1]));
        } else if (name == "fallocate") {
            const std::size_t end = number(a[2]) + number(a[3]);
            if (!has(a[1], "KEEP_SIZE") && end > sizes_[*file]) resize(*file, end);
        } else if (name == "lseek") {
            at_[descriptor] = result;
        } else if (name == "read") {
            at_[descriptor] += result;
        } else if (name != "pread64") {
            throw std::runtime_error("the model of the disk does not know " + name + " of " + *file);
        }
    }

    void acknowledge(std::string text) {
        if (!text.starts_with("ack ")) return;
        text.erase(text.find_last_not_of('\n') + 1);
        add({Step::Kind::acknowledge, {}, {}, 0, text.substr(4), false});
    }
    void open(const Call& call) {
        const auto descriptor = static_cast<std::size_t>(call.result);
        const std::string& flags = call.arguments[2];
        at_[descriptor] = 0;
        synced_.erase(descriptor);
        appends_.erase(descriptor);
        if (has(flags, "O_DSYNC") || has(flags, "O_SYNC")) synced_.insert(descriptor);
        if (has(flags, "O_APPEND")) appends_.insert(descriptor);
        const auto path = path_of(call.arguments[0], call.arguments[1]);
        if (!path || has(flags, "O_DIRECTORY")) return;
        if (has(flags, "O_CREAT") && !sizes_.contains(*path)) {
            sizes_[*path] = 0;
            add({Step::Kind::make, *path, {}, 0, {}, false});
        } else if (has(flags, "O_TRUNC")) {
            resize(*path, 0);
        }
    }
    void make_directory(const std::optional<std::string>& path) {
        if (path) add({Step::Kind::make_directory, *path, {}, 0, {}, false});
    }
    void rename(const std::optional<std::string>& from, const std::optional<std::string>& to) {
        if (!from || !to) return;
        std::map<std::string, std::size_t> sizes;
        for (const auto& [path, size] : sizes_) {  // of the file, or of all below the directory
            const bool moved = path == *from || path.starts_with(*from + '/');
            if (moved) sizes[*to + path.substr(from->size())] = size;
        }
        std::erase_if(sizes_, [&](const auto& one) { return one.first == *from || one.first.starts_with(*from + '/'); });
        for (const auto& [path, size] : sizes) sizes_[path] = size;
        add({Step::Kind::rename, *from, *to, 0, {}, false});
    }
    void link(const std::optional<std::string>& from, const std::optional<std::string>& to) {
        if (!from || !to) return;
        sizes_[*to] = sizes_[*from];
        add({Step::Kind::link, *from, *to, 0, {}, false});
    }
    void remove(const std::optional<std::string>& path) {
        if (!path) return;
        sizes_.erase(*path);
        add({Step::Kind::remove, *path, {}, 0, {}, false});
    }
    void write(const std::string& path, std::size_t at, std::string bytes, std::size_t descriptor) {
        sizes_[path] = std::max(sizes_[path], at + bytes.size());
        add({Step::Kind::write, path, {}, at, std::move(bytes), synced_.contains(descriptor)});
    }
    void resize(const std::string& path, std::size_t size) {
        sizes_[path] = size;
        add({Step::Kind::resize, path, {}, size, {}, false});
    }

    fs::path root_;
    std::vector<Step>& steps_;
    std::map<std::string, std::string> begun_;  // by thread: a call that has not returned
    std::map<std::string, std::size_t> sizes_;  // of the files that there are
    std::map<std::size_t, std::size_t> at_;     // by descriptor
    std::set<std::size_t> synced_, appends_;
};

// Names and files: as the programs saw them, and what of it is on disk for sure.
class DiskModel::Disk {
public:
    void take(const Step& step) {
        switch (step.kind) {
            case Step::Kind::write:
            case Step::Kind::resize: {
                File& file = file_at(step.path);
                file.changes.push_back({&step, step.durable});
                return;
            }
            case Step::Kind::sync: return sync(step.path);
            case Step::Kind::make:
                live_[step.path] = std::make_shared<File>();
                names_.push_back({&step, live_[step.path], false});
                return;
            case Step::Kind::make_directory:
            case Step::Kind::link:
            case Step::Kind::remove:
            case Step::Kind::rename: {
                const auto found = live_.find(step.path);
                const NameChange change{&step, found == live_.end() ? nullptr : found->second, false};
                change_names(live_, change);
                names_.push_back(change);
                return;
            }
            case Step::Kind::acknowledge: return;
        }
    }

    // `some`: each sector and each name that was not synced is there or not, by chance.
    void make_image(Lost lost, Choices& choices, const fs::path& place) const {
        std::size_t kept_names = lost == Lost::nothing ? names_.size() : 0;
        if (lost == Lost::some) kept_names = choices.below(names_.size() + 1);
        Names names;
        for (std::size_t i = 0; i < names_.size(); ++i) {
            if (names_[i].durable || i < kept_names) change_names(names, names_[i]);
        }
        for (const auto& [path, file] : names) {  // a directory comes before what is in it
            if (!fs::exists((place / path).parent_path())) continue;
            if (!file) {
                fs::create_directory(place / path);
                continue;
            }
            write_file(place / path, contents(*file, lost, choices));
            fs::permissions(place / path, fs::perms::owner_read | fs::perms::owner_write);
        }
    }

private:
    struct Change {
        const Step* step;
        bool durable;
    };
    struct File {
        std::vector<Change> changes;
    };
    using Names = std::map<std::string, std::shared_ptr<File>>;  // of a directory: null
    struct NameChange {
        const Step* step;
        std::shared_ptr<File> file;  // that the name is for; of a directory: null
        bool durable;
    };

    static void change_names(Names& names, const NameChange& change) {
        const Step& step = *change.step;
        if (step.kind == Step::Kind::make) names[step.path] = change.file;
        if (step.kind == Step::Kind::make_directory) names[step.path] = nullptr;
        if (step.kind == Step::Kind::remove) names.erase(step.path);
        if (step.kind == Step::Kind::link) names[step.to] = change.file;
        if (step.kind != Step::Kind::rename) return;
        if (change.file) {  // whatever is known of the old name
            names.erase(step.path);
            names[step.to] = change.file;
            return;
        }
        Names moved;
        for (const auto& [path, file] : names) {
            if (path == step.path || path.starts_with(step.path + '/')) moved[step.to + path.substr(step.path.size())] = file;
        }
        std::erase_if(names, [&](const auto& one) { return one.first == step.path || one.first.starts_with(step.path + '/'); });
        for (const auto& [path, file] : moved) names[path] = file;
    }

    File& file_at(const std::string& path) const {
        const auto found = live_.find(path);
        if (found == live_.end() || !found->second) throw std::runtime_error("the model of the disk has no file " + path);
        return *found->second;
    }

    static std::string directory_of(const std::string& path) {
        const std::string directory = fs::path(path).parent_path().string();
        return directory.empty() ? "." : directory;
    }

    void sync(const std::string& path) {
        const auto found = live_.find(path);
        if (found != live_.end() && found->second) {
            for (Change& change : found->second->changes) change.durable = true;
            return;
        }
        for (NameChange& name : names_) {
            const bool here =
                directory_of(name.step->path) == path || (!name.step->to.empty() && directory_of(name.step->to) == path);
            if (here) name.durable = true;
        }
    }

    static std::string contents(const File& file, Lost lost, Choices& choices) {
        constexpr std::size_t sector = 512;
        std::string bytes;
        for (const Change& change : file.changes) {
            const bool whole = change.durable || lost == Lost::nothing;
            if (!whole && lost == Lost::all_that_may) continue;
            const Step& step = *change.step;
            if (step.kind == Step::Kind::resize) {
                if (whole || choices.below(2) == 0) bytes.resize(step.at);
                continue;
            }
            for (std::size_t from = 0; from < step.bytes.size();) {
                const std::size_t to = std::min(step.bytes.size(), (step.at + from) / sector * sector + sector - step.at);
                if (whole || choices.below(2) == 0) {
                    if (bytes.size() < step.at + to) bytes.resize(step.at + to);
                    bytes.replace(step.at + from, to - from, step.bytes, from, to - from);
                }
                from = to;
            }
        }
        return bytes;
    }

    Names live_;
    std::vector<NameChange> names_;
};

DiskModel::DiskModel(const std::string& script, const std::filesystem::path& directory) {
    const TemporaryDirectory place;
    const std::string log = (place / "log").string();
    const Outcome outcome = run({"strace", "-f", "-y", "-xx", "-s", "100000000", "-o", log, "-e", std::string("trace=") + traced,
                                 "env", "LC_ALL=C", "sh", "-e", "-c", script},
                                {}, directory);
    if (outcome.status != 0) throw std::runtime_error("status " + std::to_string(outcome.status) + ": " + outcome.err);
    Parser parser(fs::canonical(directory), steps_);
    std::ifstream lines(log);
    for (std::string line; std::getline(lines, line);) parser.take(line);
}

std::vector<std::string> DiskModel::acknowledged(std::size_t end) const {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < end; ++i) {
        if (steps_[i].kind == Step::Kind::acknowledge) texts.push_back(steps_[i].bytes);
    }
    return texts;
}

void DiskModel::make_image(std::size_t end, Lost lost, Choices& choices, const std::filesystem::path& place) const {
    Disk disk;
    for (std::size_t i = 0; i < end; ++i) disk.take(steps_[i]);
    disk.make_image(lost, choices, place);
}

std::string DiskModel::describe(std::size_t step) const {
    if (step >= steps_.size()) return "the end";
    constexpr const char* names[] = {"write", "resize", "sync", "make", "mkdir", "link", "rename", "remove", "ack"};
    const Step& one = steps_[step];
    return std::string(names[static_cast<std::size_t>(one.kind)]) + ' ' + one.path + (one.to.empty() ? "" : " to " + one.to) +
           " at " + std::to_string(one.at) + ", " + std::to_string(one.bytes.size()) + " bytes";
}

}  // namespace daybook::test
