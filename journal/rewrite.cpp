#include "journal/rewrite.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <unistd.h>

#include "journal/lmdb.hpp"
#include "journal/redaction.hpp"
#include "journal/scrub.hpp"
#include "journal/sync_directory.hpp"

namespace daybook {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t batch_bytes = std::size_t{32} << 20;  // of one transaction

// Where its bytes lie: data.mdb may be a symbolic link to another disk. The file that it leads to is the one to be replaced.
fs::path data_file(const fs::path& directory) {
    std::error_code error;
    const fs::path file = fs::canonical(directory / "data.mdb", error);
    return error ? directory / "data.mdb" : file;
}

fs::path replaced_file(const fs::path& file) { return file.string() + ".replaced"; }
fs::path rewritten(const fs::path& file) { return file.string() + ".rewritten"; }

void copy_table(lmdb::Transaction& from, lmdb::Environment& to, const std::string& name) {
    lmdb::Cursor source(from, *from.open(name.c_str()));
    bool there = source.first();
    do {
        lmdb::Transaction transaction(to, lmdb::Transaction::Kind::write);
        {
            lmdb::Cursor target(transaction, *transaction.open(name.c_str()));
            for (std::size_t bytes = 0; there && bytes < batch_bytes; there = source.next()) {
                const bool is_mark = name == "meta" && source.key() == redaction_mark;
                target.append(source.key(), is_mark ? mark_of_derived : source.value());
                bytes += source.key().size() + source.value().size();
            }
        }
        transaction.commit();
    } while (there);
}

void copy_rows(const fs::path& directory, const fs::path& file) {
    lmdb::Options options;
    options.tables_max = 32;
    lmdb::Environment from(directory, options);
    options.durable = false;
    lmdb::Environment to(rewritten(file), options);
    lmdb::Transaction rows(from, lmdb::Transaction::Kind::read);
    for (const std::string& name : rows.table_names()) copy_table(rows, to, name);
    to.sync();
}

// What was left behind by a call that was cut short.
void clean_up(const fs::path& file) {
    scrub_directory(rewritten(file));
    const fs::path old = replaced_file(file);
    std::error_code error;
    if (!fs::exists(old, error)) return;
    if (fs::equivalent(old, file, error) && !error) {
        fs::remove(old);  // the new file had not taken its place: this is the journal
    } else {
        scrub_file(old);
    }
}

}  // namespace

void rewrite_journal(const fs::path& directory) {
    const fs::path file = data_file(directory);
    clean_up(file);
    copy_rows(directory, file);
    const fs::path old = replaced_file(file);
    if (::link(file.c_str(), old.c_str()) != 0 || ::rename((rewritten(file) / "data.mdb").c_str(), file.c_str()) != 0) {
        throw StorageError("cannot replace " + file.string() + ": " + std::strerror(errno));
    }
    sync_directory(file.parent_path());
    clean_up(file);
    sync_directory(file.parent_path());
}

bool has_replaced_file(const fs::path& directory) {
    std::error_code error;
    return fs::exists(replaced_file(data_file(directory)), error);
}

std::optional<fs::path> rest_of_rewrite(const fs::path& directory) {
    const fs::path file = data_file(directory);
    std::error_code error;
    for (const fs::path& path : {replaced_file(file), rewritten(file)}) {
        if (fs::exists(path, error)) return path;
    }
    return std::nullopt;
}

}  // namespace daybook
