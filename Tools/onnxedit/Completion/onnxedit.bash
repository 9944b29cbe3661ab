# Completion of onnxedit for bash. Put this line into ~/.bashrc:
#   source <(onnxedit completion bash)
_onnxedit_complete() {
    local IFS=$'\n' current="${COMP_WORDS[COMP_CWORD]}" line="${COMP_LINE:0:COMP_POINT}" rest=""
    [[ $line == *" "* ]] && rest="${line#* }"
    local words
    words="$("${COMP_WORDS[0]/#\~/$HOME}" "[suggest:${#rest}]" "$rest" 2>/dev/null | grep -v -e '^/' -e '^-?$')"
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    # Behind the command's name every word that is no option may be a file.
    if [[ $COMP_CWORD -gt 1 && $current != -* ]]; then
        COMPREPLY+=($(compgen -f -- "$current"))
    fi
}
complete -o filenames -F _onnxedit_complete onnxedit
