# SPDX-License-Identifier: Apache-2.0
# bash completion for csc

_csc() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    local commands="check run approve explain verify-receipt validate hash canonicalize keygen doctor help"
    local words=""

    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        words="$commands --help --version"
    elif [[ $previous == --mode ]]; then
        words="local hardened"
    elif [[ $previous == --backend ]]; then
        words="auto bwrap native"
    elif [[ $previous == --scope ]]; then
        words="single_execution time_window"
    elif [[ $previous == --key-id || $previous == --identity ]]; then
        return
    elif [[ $current == -* ]]; then
        case $command in
        check | explain) words="--json --help" ;;
        run) words="--mode --receipt-out --sign --signing-key --key-id --config --backend --sandbox-debug --quiet --raw --json --help" ;;
        approve) words="--policy --identity --ssh-key --agent --expires --scope --ticket --reason --out --ssh-keygen --yes --json --help" ;;
        verify-receipt) words="--public-key --key-id --proof --checkpoint-key --json --help" ;;
        keygen) words="--out --raw --help" ;;
        doctor) words="--config --json --help" ;;
        validate | hash | canonicalize) words="--help" ;;
        esac
    elif ((COMP_CWORD == 2)); then
        case $command in
        validate) words="contract policy receipt decision approval config" ;;
        hash) words="contract policy receipt" ;;
        help) words=$commands ;;
        esac
    fi
    # Without an answer here, readline's file names are it: -o default.
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -o default -F _csc csc
