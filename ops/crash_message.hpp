// The last words of a process that a damaged file kills. LMDB maps its files and trusts what stands in them: a page number
// that is none leads out of the map (SIGSEGV), a disk that cannot read a page ends in SIGBUS.
#pragma once

namespace daybook {

// From now on those two signals write what has happened and what to do to standard error, and end the process with status 1. Not
// under a sanitizer, which has more to say.
void install_crash_message();

}  // namespace daybook
