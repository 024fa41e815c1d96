#include "ingest/dead_letters.hpp"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "journal/atomic_file.hpp"
#include "journal/line_file.hpp"

namespace daybook {
namespace {

// A letter holds a line of up to 1 MiB, which may have grown by escapes or as hex.
constexpr std::size_t letter_bytes_max = 8 * record_line_bytes_max;

void add_member(std::string& out, const char* name, std::string_view json) {
    out += out.empty() ? "{\"" : ",\"";
    out += name;
    out += "\":";
    out += json;
}

std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

}  // namespace

DeadLetters::DeadLetters(std::filesystem::path file) : file_(std::move(file)) {}

DeadLetters::~DeadLetters() {
    if (fd_ >= 0) ::close(fd_);
}

void DeadLetters::open() {
    if (fd_ >= 0) return;
    // The file may be replaced by a retry elsewhere between the opening and the lock.
    while (true) {
        fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd_ < 0) throw StorageError("cannot write the dead letters to " + file_.string() + ": " + std::strerror(errno));
        while (::flock(fd_, LOCK_EX) != 0) {
            if (errno != EINTR) throw StorageError("cannot lock " + file_.string() + ": " + std::strerror(errno));
        }
        std::error_code error;
        const bool same = std::filesystem::equivalent("/proc/self/fd/" + std::to_string(fd_), file_, error);
        if (same && !error) return;
        ::close(fd_);
    }
}

std::string DeadLetters::letter_of(const RefusedLine& line, const std::string& source, Time at) {
    std::string out;
    add_member(out, "sha256", json_string(to_hex(sha256_({line.text}))));
    add_member(out, "at", json_string(format_time(at)));
    add_member(out, "file", json_string(is_clean_utf8(source) ? source : to_hex(source)));
    add_member(out, "line", std::to_string(line.number));
    add_member(out, "offset", std::to_string(line.offset));
    add_member(out, "code", json_string(to_text(line.refusal.code)));
    add_member(out, "field", json_string(line.refusal.field));
    add_member(out, "reason", json_string(line.refusal.message));
    if (const auto value = reader_.read(line.text)) {
        add_member(out, "record", canonical(**value));
    } else if (is_clean_utf8(line.text)) {
        add_member(out, "text", json_string(line.text));
    } else {
        add_member(out, "hex", json_string(to_hex(line.text)));
    }
    return out + "}\n";
}

void DeadLetters::add(const RefusedLine& line, const std::string& source, Time at) {
    open();
    if (!known_) {
        known_.emplace();
        LineFile lines(file_, letter_bytes_max);
        while (const auto text = lines.next()) {
            const auto letter = reader_.read(*text);
            const JsonValue* digest = letter ? (*letter)->find("sha256") : nullptr;
            if (digest != nullptr && digest->is_string()) known_->emplace(digest->text());
        }
    }
    if (!known_->insert(to_hex(sha256_({line.text}))).second) return;
    const std::string letter = letter_of(line, source, at);
    std::size_t written = 0;
    while (written < letter.size()) {
        const ssize_t count = ::write(fd_, letter.data() + written, letter.size() - written);
        if (count < 0 && errno != EINTR) throw StorageError("cannot write the dead letters to " + file_.string() + ": " + std::strerror(errno));
        if (count > 0) written += static_cast<std::size_t>(count);
    }
}

void DeadLetters::sync() {
    if (fd_ >= 0 && ::fsync(fd_) != 0) throw StorageError("cannot sync " + file_.string() + ": " + std::strerror(errno));
}

IngestCounts DeadLetters::retry(
    Time at, const std::function<IngestCounts(const std::filesystem::path&, const std::function<void(const RefusedLine&)>&)>& take) {
    open();
    struct Letter {
        std::string text;
        std::string source;
        std::optional<RefusedLine> refused;
        bool has_record = false;
    };
    std::vector<Letter> letters;
    std::vector<std::size_t> of_line;  // which letter a line of the retried file is of
    const std::filesystem::path retried = file_.string() + ".retry";
    {
        AtomicFile out(retried);
        LineFile lines(file_, letter_bytes_max);
        while (const auto text = lines.next()) {
            Letter letter;
            letter.text = *text;
            const auto value = reader_.read(*text);
            const JsonValue* record = value ? (*value)->find("record") : nullptr;
            const JsonValue* source = value ? (*value)->find("file") : nullptr;
            if (source != nullptr && source->is_string()) letter.source = source->text();
            if (record != nullptr) {
                letter.has_record = true;
                out.write(canonical(*record) + '\n');
                of_line.push_back(letters.size());
            }
            letters.push_back(std::move(letter));
        }
        out.commit();
    }
    IngestCounts counts;
    try {
        counts = take(retried, [&](const RefusedLine& line) { letters[of_line.at(line.number - 1)].refused = line; });
    } catch (...) {
        std::filesystem::remove(retried);
        throw;
    }
    std::filesystem::remove(retried);
    AtomicFile kept(file_);
    for (const Letter& letter : letters) {
        if (!letter.has_record) {
            kept.write(letter.text + '\n');
            ++counts.read;
            ++counts.refused;
        } else if (letter.refused) {
            kept.write(letter_of(*letter.refused, letter.source, at));
        }
    }
    kept.commit();
    ::close(fd_);  // it is of the file that was replaced
    fd_ = -1;
    known_.reset();
    return counts;
}

}  // namespace daybook
