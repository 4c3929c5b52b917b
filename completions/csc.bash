# SPDX-License-Identifier: Apache-2.0
# bash completion for csc

_csc() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    local commands="check run approve explain from-shell hook init verify-receipt verify-evidence validate hash canonicalize keygen doctor ledger mcp help"
    local ledger="list show verify prove checkpoint export stats"
    local filters="--ledger --status --since --until --agent --user --contract --policy --limit"
    local handed="--rewrite --mode --sign --signing-key --key-id --allowed-signers --ledger --config --backend"
    local words=""

    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        words="$commands --help --version"
    elif [[ $previous == --mode ]]; then
        words="local hardened"
    elif [[ $previous == --backend ]]; then
        words="auto bwrap native"
    elif [[ $previous == --status ]]; then
        words="success failed blocked expired"
    elif [[ $previous == --scope ]]; then
        words="single_execution time_window"
    elif [[ $previous == --network ]]; then
        words="deny allowlisted full"
    elif [[ $previous == --risk ]]; then
        words="low medium high critical"
    elif [[ $previous =~ ^--(key-id|identity|since|until|agent|user|limit|env|timeout|intent|agent-id|session-id)$ ]]; then
        return
    elif [[ $current == -* ]]; then
        case $command in
        check | explain) words="--json --help" ;;
        run) words="--mode --receipt-out --sign --signing-key --key-id --approval --allowed-signers --ledger --evidence-out --config --backend --sandbox-debug --quiet --raw --json --stdout-fd --stderr-fd --help" ;;
        approve) words="--policy --identity --ssh-key --agent --expires --scope --ticket --reason --out --ssh-keygen --yes --json --help" ;;
        from-shell) words="--cwd --policy --read --write --env --network --timeout --risk --intent --agent-id --session-id --user --quiet --json --help" ;;
        hook) words="--policy $handed --help" ;;
        init) words="--write --force --policy --project $handed --json --help" ;;
        verify-receipt) words="--public-key --key-id --proof --checkpoint-key --json --help" ;;
        verify-evidence) words="--public-key --receipt --json --help" ;;
        keygen) words="--out --raw --help" ;;
        doctor) words="--config --json --help" ;;
        mcp) words="--policy --mode --sign --signing-key --key-id --allowed-signers --ledger --config --backend --public-key --cwd --user --help" ;;
        ledger)
            words="--help"
            case ${COMP_WORDS[2]} in
            list) words="$filters --no-pager --json --help" ;;
            show) words="--ledger --receipt --evidence --json --help" ;;
            verify) words="--ledger --checkpoint --public-key --key-id --require-complete --json --help" ;;
            prove) words="--ledger --checkpoint --out --json --help" ;;
            checkpoint) words="--ledger --sign --signing-key --key-id --vkey --public-key --out --json --help" ;;
            export) words="$filters --help" ;;
            stats) words="--ledger --json --help" ;;
            esac
            ;;
        validate | hash | canonicalize) words="--help" ;;
        esac
    elif ((COMP_CWORD == 2)); then
        case $command in
        validate) words="contract policy receipt decision approval config" ;;
        hash) words="contract policy receipt" ;;
        hook | init) words="claude codex gemini cursor" ;;
        ledger) words=$ledger ;;
        help) words=$commands ;;
        esac
    elif ((COMP_CWORD == 3)) && [[ $command == help && ${COMP_WORDS[2]} == ledger ]]; then
        words=$ledger
    fi
    # Without an answer here, readline's file names are it: -o default.
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -o default -F _csc csc
