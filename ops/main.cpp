#include "ops/cli/program.hpp"

int main(int argc, char** argv) { return daybook::run_program(argc, argv); }
