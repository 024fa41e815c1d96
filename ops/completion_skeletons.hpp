// The fixed parts of the completion scripts, for completion.cpp alone. What stands between two @ is filled in: the program's
// name, and the lines that completion.cpp makes from the tree of commands.
//
// The words typed are never evaluated: whoever presses TAB runs nothing but the program itself.
#pragma once

#include <string_view>

namespace daybook {

constexpr std::string_view bash_skeleton = R"sh(# Completion of @name@ for bash: source <(@name@ completion bash)

_@name@_files() {
    local name
    compopt -o filenames 2>/dev/null
    while IFS= read -r name; do
        COMPREPLY+=("$name")
    done < <(compgen "${1:--f}" -- "$current")
}

_@name@_incidents() {
    words=$("${COMP_WORDS[0]}" ${data:+--data "$data"} incident list --ids 2>/dev/null)
}

_@name@() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local path=@name@ words='' flags='' value='' skip='' data='' word index
    COMPREPLY=()
    # bash splits --option=value into three words.
    if [[ $current == '=' ]]; then
        current=''
    elif [[ $previous == '=' && $COMP_CWORD -gt 1 ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((index = 1; index < COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        [[ $word == '=' ]] && continue
        if [[ -n $skip ]]; then
            [[ $skip == --data ]] && data=$word
            skip=''
            continue
        fi
        case "$path $word" in
@steps@        esac
    done
    case "$path $previous" in
@values@    esac
    if [[ -z $value ]]; then
        case "$path" in
@places@        esac
        [[ $current == -* ]] && words="$flags @global@"
    fi
    while IFS= read -r word; do
        [[ -n $word && $word == "$current"* ]] && COMPREPLY+=("$word")
    done <<<"${words// /$'\n'}"
    return 0
}

complete -F _@name@ @name@
)sh";

constexpr std::string_view zsh_skeleton = R"sh(#compdef @name@
# Completion of @name@ for zsh: source <(@name@ completion zsh), or as _@name@ in a folder of $fpath

_@name@_files() {
    if [[ $1 == -d ]]; then _files -/; else _files; fi
}

_@name@_incidents() {
    local -a ids
    ids=(${(f)"$($words[1] ${data:+--data} ${data:+$data} incident list --ids 2>/dev/null)"})
    compadd -a ids
}

_@name@() {
    local current=$words[CURRENT] previous=$words[CURRENT-1]
    local place=@name@ value='' skip='' data='' word
    local -a flags subcommands
    if [[ $current == --*=* ]]; then
        previous=${current%%=*}
        compset -P '*='
    fi
    for word in ${words[2,CURRENT-1]}; do
        if [[ -n $skip ]]; then
            [[ $skip == --data ]] && data=$word
            skip=''
            continue
        fi
        [[ $word == --data=* ]] && data=${word#*=}
        case "$place $word" in
@steps@        esac
    done
    case "$place $previous" in
@values@    esac
    [[ -n $value ]] && return
    case "$place" in
@places@    esac
    if [[ $current == -* ]]; then
        flags+=(@global@)
        _describe option flags
    elif (( $#subcommands )); then
        _describe command subcommands
    fi
}

if [[ $funcstack[1] == _@name@ ]]; then
    _@name@ "$@"
else
    compdef _@name@ @name@
fi
)sh";

// A `complete` line for each thing that can be offered, with the condition under which it is.
constexpr std::string_view fish_skeleton = R"sh(# Completion of @name@ for fish: @name@ completion fish | source

# The command that the words before the cursor lead to.
function __@name@_place
    set -l place @name@
    set -l skip ''
    for word in (commandline -opc)[2..-1]
        if test -n "$skip"
            set skip ''
            continue
        end
        switch "$place $word"
@steps@        end
    end
    echo $place
end

function __@name@_at
    test (__@name@_place) = "$argv"
end

function __@name@_incidents
    set -l words (commandline -opc)
    set -l data
    for index in (seq 2 (count $words))
        switch $words[$index]
            case --data
                set data --data $words[(math $index + 1)]
            case '--data=*'
                set data --data (string replace -- --data= '' $words[$index])
        end
    end
    $words[1] $data incident list --ids 2>/dev/null
end

complete -c @name@ -f
@places@)sh";

}  // namespace daybook
