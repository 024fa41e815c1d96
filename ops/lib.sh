# What the scripts in ops/ share. To be sourced: goes to the root of the repository, and gives the functions below.
# Needs bash; the caller sets -euo pipefail.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Makes the build folder $1, or reconfigures it, with the options that follow. Says something only when that fails.
configure() {
    local folder=$1 output
    shift
    if [ -f "$folder/meson-private/coredata.dat" ]; then
        meson setup --reconfigure "$folder" "$@" >/dev/null 2>&1 && return
        rm -rf "$folder"  # another meson, another compiler or an aborted run left it behind
    fi
    if ! output=$(meson setup "$folder" "$@" 2>&1); then
        echo "$output" >&2
        return 1
    fi
}

# Configures the build folder $1 with the meson options that follow, up to `--`; builds all of it and runs the tests,
# with what comes after `--` as arguments of the test program.
build_and_test() {
    local folder=$1 options=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    [ $# -gt 0 ] && shift
    configure "$folder" -Dtests=true "${options[@]}"  # a folder keeps the options that it was once given
    ninja -C "$folder"
    run_tests "$folder" "$@"
}

# Runs the tests of the build folder $1. The last line is `N passed, N failed`, also when the program dies.
run_tests() {
    local folder=$1 status=0
    shift
    "$folder/tests/daybook-tests" "$@" || status=$?
    if [ "$status" -gt 128 ]; then
        echo "The test program died with status $status; tests after that were not run."
        echo "0 passed, 1 failed"
    fi
    return "$status"
}
