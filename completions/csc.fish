# SPDX-License-Identifier: Apache-2.0
# fish completion for csc

set -l commands check run approve explain verify-receipt validate hash canonicalize keygen doctor help

complete -c csc -n "not __fish_seen_subcommand_from $commands" -f -a check -d "Decide whether a policy allows a contract"
complete -c csc -n "not __fish_seen_subcommand_from $commands" -f -a run -d "Execute what a policy allows, and write a receipt"
complete -c csc -n "not __fish_seen_subcommand_from $commands" -f -a approve -d "Show a contract, and approve it"
complete -c csc -n "not __fish_seen_subcommand_from $commands" -f -a explain -d "Show why a policy decides as it does"
complete -c csc -n "not __fish_seen_subcommand_from $commands" -f -a verify-receipt -d "Check a receipt's form, signature, and place in a log"
complete -c csc -n "not __fish_seen_subcommand_from $commands" -f -a validate -d "Check that a file is what the protocol says"
complete -c csc -n "not __fish_seen_subcommand_from $commands" -f -a hash -d "Print the SHA-256 of a file's canonical form"
complete -c csc -n "not __fish_seen_subcommand_from $commands" -f -a canonicalize -d "Print the form that is hashed and signed"
complete -c csc -n "not __fish_seen_subcommand_from $commands" -f -a keygen -d "Make an Ed25519 key pair"
complete -c csc -n "not __fish_seen_subcommand_from $commands" -f -a doctor -d "Say what hardened mode can hold on this machine"
complete -c csc -n "not __fish_seen_subcommand_from $commands" -f -a help -d "Show help"
complete -c csc -l help -d "Show help"
complete -c csc -n "not __fish_seen_subcommand_from $commands" -l version -d "Show version, protocol identifiers and modes"

complete -c csc -n "__fish_seen_subcommand_from check" -l json -d "Print a JSON object"
complete -c csc -n "__fish_seen_subcommand_from explain" -l json -d "Print a JSON object"

complete -c csc -n "__fish_seen_subcommand_from run" -l mode -x -a "local hardened" -d "How commands are executed"
complete -c csc -n "__fish_seen_subcommand_from run" -l receipt-out -r -d "Where the receipt goes"
complete -c csc -n "__fish_seen_subcommand_from run" -l sign -d "Sign the receipt"
complete -c csc -n "__fish_seen_subcommand_from run" -l signing-key -r -d "Private key"
complete -c csc -n "__fish_seen_subcommand_from run" -l key-id -x -d "Name of the key"
complete -c csc -n "__fish_seen_subcommand_from run" -l config -r -d "Configuration to read"
complete -c csc -n "__fish_seen_subcommand_from run" -l backend -x -a "auto bwrap native" -d "What makes the sandbox"
complete -c csc -n "__fish_seen_subcommand_from run" -l sandbox-debug -d "Print the sandbox, run nothing"
complete -c csc -n "__fish_seen_subcommand_from run" -l quiet -d "No summary and no notices"
complete -c csc -n "__fish_seen_subcommand_from run" -l raw -d "Let escape sequences pass"
complete -c csc -n "__fish_seen_subcommand_from run" -l json -d "Print a JSON object"

complete -c csc -n "__fish_seen_subcommand_from approve" -l policy -r -d "Also show what this policy says"
complete -c csc -n "__fish_seen_subcommand_from approve" -l identity -x -d "Who approves"
complete -c csc -n "__fish_seen_subcommand_from approve" -l ssh-key -r -d "Key to sign with"
complete -c csc -n "__fish_seen_subcommand_from approve" -l agent -d "Sign by ssh-agent"
complete -c csc -n "__fish_seen_subcommand_from approve" -l expires -x -d "How long it holds"
complete -c csc -n "__fish_seen_subcommand_from approve" -l scope -x -a "single_execution time_window" -d "What it is good for"
complete -c csc -n "__fish_seen_subcommand_from approve" -l ticket -x -d "Ticket it belongs to"
complete -c csc -n "__fish_seen_subcommand_from approve" -l reason -x -d "Why it is approved"
complete -c csc -n "__fish_seen_subcommand_from approve" -l out -r -d "Where the approval goes"
complete -c csc -n "__fish_seen_subcommand_from approve" -l ssh-keygen -r -d "Path of ssh-keygen"
complete -c csc -n "__fish_seen_subcommand_from approve" -l yes -d "Do not ask"
complete -c csc -n "__fish_seen_subcommand_from approve" -l json -d "Print a JSON object"

complete -c csc -n "__fish_seen_subcommand_from verify-receipt" -l public-key -r -d "Key to trust"
complete -c csc -n "__fish_seen_subcommand_from verify-receipt" -l key-id -x -d "Name of the key"
complete -c csc -n "__fish_seen_subcommand_from verify-receipt" -l proof -r -d "Proof that a log has the receipt"
complete -c csc -n "__fish_seen_subcommand_from verify-receipt" -l checkpoint-key -r -d "Key of the log, or a file with it"
complete -c csc -n "__fish_seen_subcommand_from verify-receipt" -l json -d "Print a JSON object"

complete -c csc -n "__fish_seen_subcommand_from validate" -a "contract policy receipt decision approval config"
complete -c csc -n "__fish_seen_subcommand_from hash" -a "contract policy receipt"
complete -c csc -n "__fish_seen_subcommand_from help" -f -a "$commands"

complete -c csc -n "__fish_seen_subcommand_from keygen" -l out -r -d "Prefix of the two files"
complete -c csc -n "__fish_seen_subcommand_from keygen" -l raw -d "32 bytes each instead of PEM"

complete -c csc -n "__fish_seen_subcommand_from doctor" -l config -r -d "Configuration to read"
complete -c csc -n "__fish_seen_subcommand_from doctor" -l json -d "Print a JSON object"
