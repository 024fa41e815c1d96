#include "ingest/dead_letters.hpp"

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/atomic_file.hpp"
#include "journal/line_file.hpp"
#include "journal/written_json.hpp"

namespace daybook {
namespace {

// A letter holds a line, or a document of up to 8 MiB, which may have grown by escapes or as hex.
constexpr std::size_t letter_bytes_max = 8 * webhook_body_bytes_max;

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

DeadLetters::~DeadLetters() = default;

void DeadLetters::lock() {
    // The file may be replaced by a retry elsewhere between the opening and the lock.
    while (true) {
        fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd_ < 0) throw StorageError("cannot write the dead letters to " + file_.string() + ": " + std::strerror(errno));
        while (::flock(fd_, LOCK_EX) != 0) {
            if (errno == EINTR) continue;
            const int code = errno;
            ::close(std::exchange(fd_, -1));
            throw StorageError("cannot lock " + file_.string() + ": " + std::strerror(code));
        }
        std::error_code error;
        const bool same = std::filesystem::equivalent("/proc/self/fd/" + std::to_string(fd_), file_, error);
        if (same && !error) return;
        ::close(std::exchange(fd_, -1));
    }
}

void DeadLetters::unlock() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

DeadLetters::State DeadLetters::state() const {
    struct stat found{};
    if (::fstat(fd_, &found) != 0) return {};
    return {found.st_dev, found.st_ino, static_cast<std::uint64_t>(found.st_size)};
}

std::string DeadLetters::letter_of(const Origin& origin, const std::vector<Refusal>& refusals, std::string_view line, Time at) {
    const auto add_reason = [](std::string& out, const Refusal& refusal) {
        add_member(out, "code", json_string(to_text(refusal.code)));
        add_member(out, "field", json_string(refusal.field));
        add_member(out, "reason", json_string(refusal.message));
    };
    std::string out;
    add_member(out, "sha256", json_string(origin.sha256));
    add_member(out, "at", json_string(format_time(at)));
    add_member(out, "file", json_string(is_clean_utf8(origin.file) ? origin.file : to_hex(origin.file)));
    add_member(out, "line", std::to_string(origin.line));
    add_member(out, "offset", std::to_string(origin.offset));
    add_reason(out, refusals.at(0));
    if (refusals.size() > 1) {
        std::string reasons;
        for (const Refusal& refusal : refusals) {
            std::string reason;
            add_reason(reason, refusal);
            reasons += (reasons.empty() ? '[' : ',') + reason + '}';
        }
        add_member(out, "reasons", reasons + ']');
    }
    if (const auto value = reader_.read(line)) {
        add_member(out, "record", canonical(**value));
    } else if (is_clean_utf8(line)) {
        add_member(out, "text", json_string(line));
    } else {
        add_member(out, "hex", json_string(to_hex(line)));
    }
    return out + "}\n";
}

void DeadLetters::add(const RefusedLine& line, const std::string& source, Time at) {
    const Locked locked(*this);
    refresh_known();
    const Origin origin{to_hex(sha256_({line.text})), source, line.number, line.offset};
    if (known_->contains(origin.sha256)) return;
    write(letter_of(origin, line.refusals, line.text, at));
    known_->insert(origin.sha256);
    known_in_ = state();
}

// Reads what others added since, or all of it where the file is another one.
void DeadLetters::refresh_known() {
    const State now = state();
    const bool goes_on = known_ && now.device == known_in_.device && now.inode == known_in_.inode && now.size >= known_in_.size;
    if (!goes_on) known_.reset();
    if (!goes_on || now.size > known_in_.size) learn_known(goes_on ? known_in_.size : 0);
    known_in_ = now;
}

// Adds the lines of the letters from `offset` on. Where that fails, nothing is known.
void DeadLetters::learn_known(std::uint64_t offset) {
    std::set<std::string> known;
    if (known_) known = std::move(*known_);
    known_.reset();
    LineFile lines(file_, letter_bytes_max, offset);
    WrittenJsonReader reader;
    while (const auto text = lines.next()) {
        const auto letter = reader.read(*text);
        const JsonValue* digest = letter ? (*letter)->find("sha256") : nullptr;
        if (digest != nullptr && digest->is_string()) known.emplace(digest->text());
    }
    known_ = std::move(known);
}

void DeadLetters::write(const std::string& letter) {
    const off_t end = ::lseek(fd_, 0, SEEK_END);
    std::size_t written = 0;
    while (written < letter.size()) {
        const ssize_t count = ::write(fd_, letter.data() + written, letter.size() - written);
        if (count < 0 && errno != EINTR) {
            const int code = errno;
            (void)!::ftruncate(fd_, end);  // half a letter is none
            throw StorageError("cannot write the dead letters to " + file_.string() + ": " + std::strerror(code) +
                               " (make room, then run the command again: what was taken is not taken twice)");
        }
        if (count > 0) written += static_cast<std::size_t>(count);
    }
    unsynced_ = true;
}

void DeadLetters::sync() {
    if (!unsynced_) return;
    const Locked locked(*this);
    if (::fsync(fd_) != 0) throw StorageError("cannot sync " + file_.string() + ": " + std::strerror(errno));
    unsynced_ = false;
}

struct DeadLetters::Letter {
    std::string text;    // as it stands in the file
    std::string record;  // empty: it holds none
    Origin origin;
    std::uint64_t offset = 0;        // of its first byte in the file
    std::optional<Refusal> refusal;  // why there is no record
    // Of the retry: what was refused, and the part of the record that it was.
    std::vector<std::pair<std::vector<Refusal>, std::string>> left;
};

// Finds the record of a letter: as a person put it there, or as its text became one.
void DeadLetters::find_record(Letter& letter, const JsonValue& value) {
    if (const JsonValue* record = value.find("record")) {
        letter.record = canonical(*record);
        return;
    }
    const JsonValue* text = value.find("text");
    const bool is_text = text != nullptr && text->is_string();
    JsonReader reader;  // the letter's own is in use
    const auto mended = is_text ? reader.read(text->text()) : Refusal{RefusalCode::invalid, "there is no record", ""};
    if (mended) {
        letter.record = canonical(**mended);
    } else if (const JsonValue* code = value.find("code");
               is_text && code != nullptr && code->is_string() && code->text() == to_text(RefusalCode::too_large)) {
        letter.refusal =
            Refusal{RefusalCode::too_large,
                    "`text` may be no more than the start of what came: put the record, made shorter, into `record`", ""};
    } else {
        letter.refusal = mended.refusal();
        letter.refusal->message += is_text ? ": mend `text`, or put the record into `record`" : ": put one into `record`";
    }
}

// Reads all letters, and writes the records to a file, each in the line that its letter has.
std::vector<DeadLetters::Letter> DeadLetters::read_letters(const std::filesystem::path& records) {
    const auto text_of = [](const JsonValue* value) {
        return value != nullptr && value->is_string() ? std::string(value->text()) : std::string();
    };
    const auto number_of = [](const JsonValue* value) {
        const bool number = value != nullptr && value->kind == JsonValue::Kind::integer && value->integer >= 0;
        return number ? static_cast<std::uint64_t>(value->integer) : std::uint64_t{0};
    };
    std::vector<Letter> letters;
    AtomicFile out(records, AtomicFile::Readers::owner_only);
    LineFile lines(file_, letter_bytes_max);
    WrittenJsonReader reader;
    while (const auto text = lines.next()) {
        Letter& letter = letters.emplace_back();
        letter.text = *text;
        letter.offset = lines.offset();
        if (const auto value = reader.read(*text)) {
            letter.origin = {text_of((*value)->find("sha256")), text_of((*value)->find("file")), number_of((*value)->find("line")),
                             number_of((*value)->find("offset"))};
            find_record(letter, **value);
        } else {
            letter.refusal = value.refusal();
            letter.refusal->message = "the letter itself is broken: " + letter.refusal->message;
        }
        if (letter.origin.sha256.empty()) letter.origin.sha256 = to_hex(sha256_({letter.record}));
        out.write(letter.record + '\n');
    }
    out.commit();
    return letters;
}

IngestCounts DeadLetters::retry(Time at,
                                const std::function<IngestCounts(const std::filesystem::path& records, const Refused&)>& take,
                                const Refused& refused) {
    const Locked locked(*this);
    const std::filesystem::path records = file_.string() + ".retry";
    IngestCounts counts;
    std::vector<Letter> letters = read_letters(records);
    for (std::size_t i = 0; i < letters.size(); ++i) {
        if (!letters[i].record.empty()) continue;
        ++counts.read;
        ++counts.refused;
        refused({i + 1, letters[i].offset, letters[i].text, {*letters[i].refusal}});
    }
    try {
        counts += take(records, [&](const RefusedLine& line) {
            Letter& letter = letters.at(line.number - 1);
            const bool is_cut = letter.record.starts_with(line.text);  // or is all of it
            letter.left.emplace_back(line.refusals, is_cut ? letter.record : line.text);
            refused({line.number, letter.offset, line.text, line.refusals});
        });
    } catch (...) {
        std::filesystem::remove(records);
        throw;
    }
    std::filesystem::remove(records);
    AtomicFile kept(file_, AtomicFile::Readers::owner_only);
    for (const Letter& letter : letters) {
        if (letter.record.empty()) kept.write(letter.text + '\n');
        // Of a payload of many alerts those that were taken now must not come again with the others.
        for (const auto& [refusals, part] : letter.left) {
            Origin origin = letter.origin;
            if (part != letter.record) origin.sha256 = to_hex(sha256_({part}));
            kept.write(letter_of(origin, refusals, part, at));
        }
    }
    replace_by(kept);
    return counts;
}

std::size_t DeadLetters::prune(Time before, bool dry_run) {
    if (!std::filesystem::exists(file_)) return 0;
    const Locked locked(*this);
    std::size_t pruned = 0;
    std::string rest;
    LineFile lines(file_, letter_bytes_max);
    WrittenJsonReader reader;
    while (const auto text = lines.next()) {
        if (lines.too_long()) return 0;  // what can't be read whole can't be written back
        const auto letter = reader.read(*text);
        const JsonValue* at = letter && (*letter)->is_object() ? (*letter)->find("at") : nullptr;
        const auto time = at != nullptr && at->is_string() ? parse_time(at->text()) : std::nullopt;
        if (time && *time < before) {
            ++pruned;
        } else {
            rest.append(*text).push_back('\n');
        }
    }
    if (pruned == 0 || dry_run) return pruned;
    AtomicFile kept(file_, AtomicFile::Readers::owner_only);
    kept.write(rest);
    replace_by(kept);
    return pruned;
}

void DeadLetters::replace_by(AtomicFile& kept) {
    kept.commit();
    ::close(std::exchange(fd_, -1));  // it is of the file that was replaced
    known_.reset();
}

}  // namespace daybook
