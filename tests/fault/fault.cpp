#include "tests/fault/fault.hpp"

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <stdexcept>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/cli/program.hpp"

namespace daybook::test {
namespace {

int file_in_memory(const char* name, std::string_view bytes = {}) {
    const int file = ::memfd_create(name, MFD_CLOEXEC);
    if (file < 0 || ::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
        throw std::runtime_error("no file in memory could be made");
    }
    ::lseek(file, 0, SEEK_SET);
    return file;
}

std::string text_of(int file) {
    struct stat about{};
    ::fstat(file, &about);
    std::string text(static_cast<std::size_t>(about.st_size), '\0');
    const ssize_t got = ::pread(file, text.data(), text.size(), 0);
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
}

std::uint64_t seed_of_this_run() {
    const char* given = std::getenv("DAYBOOK_SEED");
    return given != nullptr ? std::stoull(given) : std::random_device{}();
}

}  // namespace

bool long_form() {
    const char* form = std::getenv("DAYBOOK_FAULT");
    return form != nullptr && std::string_view(form) == "long";
}

std::size_t rounds(std::size_t usual, std::size_t many) { return long_form() ? many : usual; }

Choices::Choices() : seed(seed_of_this_run()), random(seed) { report(said()); }

std::size_t times_in(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

void report(const std::string& text) {
    if (long_form()) std::cerr << text << std::endl;
}

Fork::Fork(const std::vector<std::string>& arguments, std::string_view input)
    : out_(file_in_memory("out")), err_(file_in_memory("err")) {
    const int in = file_in_memory("in", input);
    std::cout.flush();
    process_ = ::fork();
    if (process_ == 0) {
        ::dup2(in, STDIN_FILENO);
        ::dup2(out_, STDOUT_FILENO);
        ::dup2(err_, STDERR_FILENO);
        ::_exit(run_here(arguments));
    }
    ::close(in);
    if (process_ < 0) throw std::runtime_error("no process could be made");
}

Fork::~Fork() {
    kill();
    if (!ended_) ::waitpid(process_, nullptr, 0);
    ::close(out_);
    ::close(err_);
}

void Fork::kill() const {
    if (!ended_) ::kill(process_, SIGKILL);
}

void Fork::take(int status) {
    ended_ = true;
    status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool Fork::ended() {
    int status = 0;
    if (!ended_ && ::waitpid(process_, &status, WNOHANG) == process_) take(status);
    return ended_;
}

Outcome Fork::wait() {
    int status = 0;
    if (!ended_) {
        if (::waitpid(process_, &status, 0) != process_) throw std::runtime_error("the process cannot be waited for");
        take(status);
    }
    return {status_, text_of(out_), text_of(err_)};
}

std::string Fork::out() const { return text_of(out_); }

int run_here(const std::vector<std::string>& arguments) {
    std::vector<std::string> words{"daybook"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    const int status = run_program(static_cast<int>(pointers.size()), pointers.data());
    std::cout.flush();
    return status;
}

Outcome run_forked(const std::vector<std::string>& arguments, std::string_view input) { return Fork(arguments, input).wait(); }

}  // namespace daybook::test
