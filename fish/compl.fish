# SPDX-License-Identifier: ISC
#
# compl.fish - completes the command line of compl in fish
#
# `make` writes build/compl.fish: fish/options.awk appends a line for each command and option that `compl help`
# prints.  `make install` puts the result where fish finds it.  To use it without that: `source build/compl.fish`.

# Reads the words before the cursor.  Sets command, operands, the options that say where the names are, whether the
# operands are namespaces, and the words of CMD; the variables are those of the caller.
function __compl_read -S
    set -l words (commandline -opc)
    set -l takes ''
    set command ''
    set operands
    set where
    set patterns
    set begun
    set cmd
    set -e words[1]
    for word in $words
        if test -n "$begun"
            set -a cmd $word
        else if test -n "$takes"
            test $takes = other; or set -a where $takes $word
            set takes ''
        else if test "$word" = --
            set begun 1
        else
            switch $word
                case -n --namespace
                    set takes -n
                case -u --user
                    set takes -u
                case --idle --namespaces '--idle=*'
                    set patterns 1
                    test $word = --idle; and set takes other
                case '--namespace=*' '--user=*' --system '-n?*' '-u?*'
                    set -a where $word
                case '--*=*'
                case '-*'
                    contains -- $word $__compl_taking; and set takes other
                case '*'
                    if test -z "$command"
                        set command $word
                    else
                        set -a operands $word
                    end
            end
        end
    end
end

# Whether the command is one of these, and CMD has not begun.
function __compl_is
    __compl_read
    test -z "$begun"; and contains -- "$command" $argv
end

function __compl_is_cmd
    __compl_read
    test -n "$begun"
end

function __compl_has_no_command
    __compl_read
    test -z "$begun" -a -z "$command"
end

# The first operand of these commands is the only one.
function __compl_wants_name
    __compl_read
    test -z "$begun"; and contains -- "$command" $argv; and test (count $operands) -eq 0
end

# No name may be there twice.  With some options the operands are patterns of namespaces.
function __compl_names
    __compl_read
    set -l list --names
    test -n "$patterns"; and set list --namespaces
    for name in (command compl ls $list $where </dev/null 2>/dev/null)
        contains -- $name $operands; or echo $name
    end
end

function __compl_spaces
    __compl_read
    command compl ls --namespaces $where </dev/null 2>/dev/null
end

# The names of signals, with SIG if the word begins so.
function __compl_signals
    set -l sig
    string match -qr '^(--status=)?SIG' -- (commandline -ct); and set sig SIG
    printf "$sig%s\n" HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP \
        TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX
end

function __compl_cmd
    __compl_read
    complete -C (string join ' ' -- (string escape -- $cmd) (commandline -ct))
end

complete -c compl -f
complete -c compl -n __compl_is_cmd -f -a '(__compl_cmd)'
