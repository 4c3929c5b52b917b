# SPDX-License-Identifier: Apache-2.0
# bash completion for csc; made by scripts/make-completions, don't edit it.
# shellcheck shell=bash

# Is this a command, or one with its subcommand?
_csc_is() {
    case $1 in
    "check" | "run" | "approve" | "explain" | "from-shell" | "hook" | "init" | "ledger" | "ledger list" | \
        "ledger show" | "ledger verify" | "ledger prove" | "ledger checkpoint" | "ledger export" | "ledger stats" | \
        "mcp" | "policy" | "policy lint" | "policy test" | "policy diff" | "policy replay" | "verify-receipt" | \
        "verify-evidence" | "validate" | "hash" | "canonicalize" | "keygen" | "doctor" | "help" | "help ledger" | \
        "help policy") ;;
    *) return 1 ;;
    esac
}

# What is offered for a value or an argument, into the caller's words and files.
_csc_offer() {
    case $1 in
    " 0" | "help 0")
        words="check run approve explain from-shell hook init ledger mcp policy verify-receipt verify-evidence validate hash canonicalize keygen doctor help"
        ;;
    "check 0" | "check 1" | "run --receipt-out" | "run --signing-key" | "run --approval" | "run --allowed-signers" | \
        "run --evidence-out" | "run --config" | "run 0" | "run 1" | "approve --policy" | "approve --ssh-key" | \
        "approve --out" | "approve --ssh-keygen" | "approve 0" | "explain 0" | "explain 1" | "from-shell --policy" | \
        "from-shell --read" | "from-shell --write" | "hook --policy" | "hook --signing-key" | \
        "hook --allowed-signers" | "hook --config" | "init --policy" | "init --signing-key" | \
        "init --allowed-signers" | "init --config" | "ledger list --ledger" | "ledger show --ledger" | \
        "ledger verify --ledger" | "ledger verify --checkpoint" | "ledger verify --public-key" | \
        "ledger prove --ledger" | "ledger prove --checkpoint" | "ledger prove --out" | "ledger checkpoint --ledger" | \
        "ledger checkpoint --signing-key" | "ledger checkpoint --public-key" | "ledger checkpoint --out" | \
        "ledger export --ledger" | "ledger stats --ledger" | "mcp --policy" | "mcp --signing-key" | \
        "mcp --allowed-signers" | "mcp --config" | "mcp --public-key" | "policy lint "* | "policy diff 0" | \
        "policy diff 1" | "policy replay --ledger" | "policy replay 0" | "verify-receipt --public-key" | \
        "verify-receipt --proof" | "verify-receipt --checkpoint-key" | "verify-receipt 0" | \
        "verify-evidence --public-key" | "verify-evidence --receipt" | "verify-evidence 0" | "validate 1" | \
        "hash 1" | "canonicalize 0" | "keygen --out" | "doctor --config") files=files ;;
    "run --mode" | "hook --mode" | "init --mode" | "mcp --mode") words="local hardened" ;;
    "run --ledger" | "hook --ledger" | "init --ledger" | "mcp --ledger") words="none"; files=files ;;
    "run --backend" | "hook --backend" | "init --backend" | "mcp --backend") words="auto bwrap native" ;;
    "approve --scope") words="single_execution time_window" ;;
    "from-shell --cwd" | "init --project" | "mcp --cwd" | "policy test 0" | "policy replay --contracts")
        files=folders
        ;;
    "from-shell --network") words="deny allowlisted full" ;;
    "from-shell --risk") words="low medium high critical" ;;
    "hook 0" | "init 0") words="claude codex gemini cursor" ;;
    "ledger 0" | "help ledger 0") words="list show verify prove checkpoint export stats" ;;
    "ledger list --status" | "ledger export --status" | "policy replay --status")
        words="success failed blocked expired"
        ;;
    "policy 0" | "help policy 0") words="lint test diff replay" ;;
    "policy test --format") words="tap junit" ;;
    "validate 0") words="contract policy receipt decision approval config" ;;
    "hash 0") words="contract policy receipt" ;;
    esac
}

# The options of a command, into the caller's options; those that take a value into valued.
_csc_options() {
    options="--help"
    valued=""
    case $1 in
    "") options="--help --version" ;;
    "check" | "explain" | "policy lint" | "policy diff") options="--json --help" ;;
    "run")
        options="--mode --receipt-out --sign --signing-key --key-id --approval --allowed-signers --ledger --evidence-out --config --backend --sandbox-debug --quiet --raw --json --stdout-fd --stderr-fd --help"
        valued="--mode --receipt-out --signing-key --key-id --approval --allowed-signers --ledger --evidence-out --config --backend --stdout-fd --stderr-fd"
        ;;
    "approve")
        options="--policy --identity --ssh-key --agent --expires --scope --ticket --reason --out --ssh-keygen --yes --json --help"
        valued="--policy --identity --ssh-key --expires --scope --ticket --reason --out --ssh-keygen"
        ;;
    "from-shell")
        options="--cwd --policy --read --write --env --network --timeout --risk --intent --agent-id --session-id --user --quiet --json --help"
        valued="--cwd --policy --read --write --env --network --timeout --risk --intent --agent-id --session-id --user"
        ;;
    "hook")
        options="--policy --rewrite --mode --sign --signing-key --key-id --allowed-signers --ledger --config --backend --help"
        valued="--policy --mode --signing-key --key-id --allowed-signers --ledger --config --backend"
        ;;
    "init")
        options="--write --force --policy --project --json --rewrite --mode --sign --signing-key --key-id --allowed-signers --ledger --config --backend --help"
        valued="--policy --project --mode --signing-key --key-id --allowed-signers --ledger --config --backend"
        ;;
    "ledger" | "policy" | "validate" | "hash" | "canonicalize") options="--help" ;;
    "ledger list")
        options="--ledger --status --since --until --agent --user --contract --policy --limit --no-pager --json --help"
        valued="--ledger --status --since --until --agent --user --contract --policy --limit"
        ;;
    "ledger show") options="--ledger --receipt --evidence --json --help"; valued="--ledger" ;;
    "ledger verify")
        options="--ledger --checkpoint --public-key --key-id --require-complete --json --help"
        valued="--ledger --checkpoint --public-key --key-id"
        ;;
    "ledger prove") options="--ledger --checkpoint --out --json --help"; valued="--ledger --checkpoint --out" ;;
    "ledger checkpoint")
        options="--ledger --sign --signing-key --key-id --vkey --public-key --out --json --help"
        valued="--ledger --signing-key --key-id --public-key --out"
        ;;
    "ledger export")
        options="--ledger --status --since --until --agent --user --contract --policy --limit --help"
        valued="--ledger --status --since --until --agent --user --contract --policy --limit"
        ;;
    "ledger stats") options="--ledger --json --help"; valued="--ledger" ;;
    "mcp")
        options="--policy --mode --sign --signing-key --key-id --allowed-signers --ledger --config --backend --public-key --cwd --user --help"
        valued="--policy --mode --signing-key --key-id --allowed-signers --ledger --config --backend --public-key --cwd --user"
        ;;
    "policy test") options="--format --json --help"; valued="--format" ;;
    "policy replay")
        options="--ledger --status --since --until --agent --user --contract --policy --limit --contracts --json --help"
        valued="--ledger --status --since --until --agent --user --contract --policy --limit --contracts"
        ;;
    "verify-receipt")
        options="--public-key --key-id --proof --checkpoint-key --json --help"
        valued="--public-key --key-id --proof --checkpoint-key"
        ;;
    "verify-evidence") options="--public-key --receipt --json --help"; valued="--public-key --receipt" ;;
    "keygen") options="--out --raw --help"; valued="--out" ;;
    "doctor") options="--config --json --help"; valued="--config" ;;
    esac
}

_csc() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command="" word words="" files="" options valued i arguments=0

    # --mode=local is three words to bash.
    if [[ $current == "=" ]]; then
        current=""
    elif [[ $previous == "=" ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    _csc_options ""
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == "=" || " $valued " == *" $word "* && ${COMP_WORDS[i + 1]} != "=" ]]; then
            ((i++))
        elif [[ $word != -?* ]] && ((arguments == 0)) && _csc_is "$command${command:+ }$word"; then
            command+="${command:+ }$word"
            _csc_options "$command"
        elif [[ $word != -?* ]]; then
            ((arguments++))
        fi
    done

    if [[ " $valued " == *" $previous "* ]]; then
        _csc_offer "$command $previous"
    elif [[ $current == -* ]]; then
        words=$options
    else
        _csc_offer "$command $arguments"
        [[ -n $command ]] || words+=" $options"
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    # Without words, readline's own file names are it, which know of quotes.
    if [[ $files == files && -n $words ]]; then
        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames
    elif [[ $files == folders ]]; then
        compopt +o default -o dirnames
    elif [[ $files != files ]]; then
        compopt +o default
    fi
}

complete -o default -F _csc csc
