// The program behind the binary. Nothing below it catches.
#pragma once

namespace daybook {

// Parses the command line, runs the command that was chosen, and turns what went wrong into a message on standard error and an exit
// status, which is returned. Sets signal handlers, and leaves standard streams unsynchronised with stdio: call it once in a process,
// from its one thread.
int run_program(int argc, char** argv);

}  // namespace daybook
